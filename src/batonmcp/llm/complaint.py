"""What an endpoint says instead of a reply, in the forms of several makers."""

import json
from dataclasses import dataclass
from typing import Any

from batonmcp.llm.reply.shapes import as_list, as_object, as_text, is_list

__all__ = ["Complaint", "complaint_in", "read_complaint"]

_LONGEST = 4_000
_FAILURES = range(400, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """An endpoint's complaint.

    Attributes:
        status: Of HTTP; the one that it names where it came with another.
        message: Its sentence, on one line; empty if it has none.
        param: The parameter that it minds.
        code: Its own word for what is wrong.
    """

    status: int
    message: str = ""
    param: str = ""
    code: str = ""

    @property
    def text(self) -> str:
        """All its words, in lower case."""
        return f"{self.param} {self.code} {self.message}".lower()


def read_complaint(status: int, body: bytes) -> Complaint:
    """Read a response that is no success."""
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        return Complaint(status=status, message=_plain(body))
    return _read(status, document)


def complaint_in(body: bytes) -> Complaint | None:
    """Return the complaint that came with a success: gateways send those of what is behind them so."""
    if b'"error"' not in body:
        return None
    try:
        document = as_object(json.loads(body))
    except (ValueError, RecursionError):
        return None
    first = as_object(next(iter(as_list(document.get("choices"))), None))
    whole = document if document.get("object") == "error" else None
    for error in (document.get("error"), first.get("error"), whole):
        status = as_object(error).get("code", as_object(error).get("status"))
        if type(status) is int and status in _FAILURES:
            return _read(status, {"error": error})
    return None


def _read(status: int, document: object) -> Complaint:
    if is_list(document):  # Google's endpoint puts the object into a list
        document = next(iter(as_list(document)), None)
    whole = as_object(document)
    error: Any = whole.get("error") or whole
    if isinstance(error, str):
        return Complaint(status=status, message=_line(error))
    details = as_object(error)
    if "detail" in details:
        return _of_fields(status, details["detail"])
    nested = as_text(as_object(details.get("metadata")).get("raw"))
    message = " ".join(filter(None, (as_text(details.get("message")), nested)))
    code = details.get("code") or details.get("type")
    return Complaint(
        status=status,
        message=_line(message),
        param=_name(as_text(details.get("param"))),
        code=code if isinstance(code, str) else as_text(details.get("type")),
    )


def _of_fields(status: int, detail: object) -> Complaint:
    """Read the complaint of a FastAPI application: a text, or what is wrong with each field."""
    if isinstance(detail, str):
        return Complaint(status=status, message=_line(detail))
    first = as_object(next(iter(as_list(detail)), None))
    place = [str(part) for part in as_list(first.get("loc")) if part != "body"]
    return Complaint(
        status=status, message=_line(as_text(first.get("msg"))), param=".".join(place), code=as_text(first.get("type"))
    )


def _name(param: str) -> str:
    return param.removeprefix("body.").removeprefix("body/")


def _line(text: str) -> str:
    return " ".join(text[:_LONGEST].split())


def _plain(body: bytes) -> str:
    """Return a body that is no JSON as a sentence, unless it is a page."""
    text = body[:_LONGEST].decode("utf-8", "replace")
    return "" if "<" in text else _line(text)
