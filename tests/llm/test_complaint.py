"""What an endpoint says instead of a reply."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.complaint import Complaint, complaint_in, read_complaint

FORMS: list[tuple[Any, Complaint]] = [
    (
        {
            "error": {
                "message": "No.",
                "type": "invalid_request_error",
                "param": "temperature",
                "code": "unsupported_value",
            }
        },
        Complaint(status=400, message="No.", param="temperature", code="unsupported_value"),
    ),
    (
        {"error": {"message": "No.", "type": "api_error", "code": None}},
        Complaint(status=400, message="No.", code="api_error"),
    ),
    ({"error": {"message": "No.", "code": 400, "type": "x"}}, Complaint(status=400, message="No.", code="x")),
    ({"error": "No\nway."}, Complaint(status=400, message="No way.")),
    (
        {"object": "error", "message": "No.", "type": "BadRequestError", "code": 400},
        Complaint(status=400, message="No.", code="BadRequestError"),
    ),
    ({"detail": "No."}, Complaint(status=400, message="No.")),
    (
        {"detail": [{"loc": ["body", "seed"], "msg": "Not permitted", "type": "extra_forbidden"}]},
        Complaint(status=400, message="Not permitted", param="seed", code="extra_forbidden"),
    ),
    ([{"error": {"message": "No.", "status": "INVALID"}}], Complaint(status=400, message="No.")),
    (
        {"error": {"message": "Provider returned error", "metadata": {"raw": "No."}}},
        Complaint(status=400, message="Provider returned error No."),
    ),
    ({"error": {"message": "No.", "param": "body.seed"}}, Complaint(status=400, message="No.", param="seed")),
    ([], Complaint(status=400)),
    (7, Complaint(status=400)),
    ({"error": {"message": 7, "param": [], "code": {}}}, Complaint(status=400)),
]


@pytest.mark.parametrize(("document", "complaint"), FORMS)
def test_complaint_in_the_form_of_each_maker(document: object, complaint: Complaint) -> None:
    """The sentence, the parameter and the code are found wherever a maker puts them."""
    assert read_complaint(400, json.dumps(document).encode()) == complaint


@pytest.mark.parametrize(
    ("body", "message"), [(b"Too\nbusy", "Too busy"), (b"<html>Bad gateway</html>", ""), (b"", ""), (b"\xff", "\ufffd")]
)
def test_complaint_that_is_no_json(body: bytes, message: str) -> None:
    """A plain sentence is one; a page is none."""
    assert read_complaint(502, body) == Complaint(status=502, message=message)


def test_complaint_within_a_success() -> None:
    """Gateways send what went wrong behind them with 200: its own status counts."""
    whole = {"error": {"code": 429, "message": "Slow down."}}
    in_choice = {"choices": [{"error": {"code": 502, "message": "Gone."}, "message": {"content": ""}}]}
    assert complaint_in(json.dumps(whole).encode()) == Complaint(status=429, message="Slow down.")
    assert complaint_in(json.dumps(in_choice).encode()) == Complaint(status=502, message="Gone.")


@pytest.mark.parametrize(
    "body",
    [b'{"choices": []}', b'{"error": null}', b'{"error": {"code": 200}}', b'{"error": "x"}', b'"error"', b'{"error": '],
)
def test_no_complaint_within_a_success(body: bytes) -> None:
    """Without a status there is nothing to go by: the reader of replies says what it is."""
    assert complaint_in(body) is None


@given(st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_any_body_is_some_complaint(body: bytes) -> None:
    """No body can raise anything, and no complaint is long."""
    assert len(read_complaint(400, body).message) <= 4_000
    complaint_in(body)


def test_words_are_in_lower_case() -> None:
    """All words of a complaint can be searched at once."""
    assert Complaint(status=400, message="No Tools", param="Tools", code="X").text == "tools x no tools"
