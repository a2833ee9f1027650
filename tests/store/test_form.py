"""The form of documents: JSON back and forth, and no secret in it."""

import json
import string
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.discretion import Discretion
from batonmcp.core.redaction import REDACTED
from batonmcp.store.form import Form, Unwritable

SECRETS = st.text(min_size=6, max_size=12).filter(lambda text: bool(text.strip(string.whitespace + '[]{},:"')))
TEXTS = st.text(max_size=8)


def texts_of(value: object) -> Iterator[str]:
    """Yield every text of a JSON value, keys included, and the numbers as texts."""
    match value:
        case dict():
            for key, member in cast("dict[str, object]", value).items():
                yield key
                yield from texts_of(member)
        case list():
            for member in cast("list[object]", value):
                yield from texts_of(member)
        case _:
            yield json.dumps(value) if not isinstance(value, str) else value


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[str], JsonValue]:
    """Draw secrets, and a document that holds them in all kinds of places."""
    secrets = draw(st.lists(SECRETS, min_size=1, max_size=4))
    pieces = st.one_of(TEXTS, st.sampled_from(secrets), st.sampled_from(secrets).map(json.dumps))
    texts = st.lists(pieces, max_size=4).map("".join)
    leaves = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False))
    value = draw(st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8))
    return secrets, value


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_no_secret_survives(drawn: tuple[list[str], JsonValue]) -> None:
    """No text of a kept document holds a secret, and it is JSON still."""
    secrets, value = drawn
    kept = json.loads(Form(Discretion(secrets)).write(value))
    for text in texts_of(kept):
        assert not [secret for secret in secrets if len(secret.strip()) >= 6 and secret in text]


@pytest.mark.slow
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_what_holds_no_secret_stays(drawn: tuple[list[str], JsonValue]) -> None:
    """A document without any secret is kept as it is."""
    secrets, value = drawn
    form = Form(Discretion(["never-there-" + secrets[0]]))
    assert form.read(form.write(value)) == value


@pytest.mark.parametrize(
    ("secret", "document", "kept"),
    [
        ("s3cret-1", "a s3cret-1 b", "a *** b"),
        ("s3cret-1", {"s3cret-1": 1}, {"***": 1}),
        ('say "hi"', 'they say "hi" twice', "they *** twice"),
        ('say "hi"', json.dumps({"a": 'say "hi"'}), '{"a": "***"}'),
        ("pässwörd", json.dumps(["pässwörd"]), '["***"]'),
        ("pässwörd", json.dumps(["pässwörd"], ensure_ascii=False), '["***"]'),
        ("a b/c+d e", f"https://x/?k={quote('a b/c+d e', safe='')}", "https://x/?k=***"),
        ("  padded-1\n", "it is padded-1", "it is ***"),
        ("123456", {"pin": 123456, "n": 12}, {"pin": "***", "n": 12}),
        ("12345678", [0.12345678, -12345678e3], ["***", "***"]),
        ("nabcdef", "\nabcdef", "\nabcdef"),
        ("x\nabcdef", "x\\nabcdef", "***"),
        ("abcdef", "abc" + "abcdef" + "def", "abc***def"),
        ("abcde", "abcde", "abcde"),
        ("null,null", [None, None], [None, None]),
    ],
)
def test_spellings(secret: str, document: JsonValue, kept: JsonValue) -> None:
    """A secret is found as it may be written; too short ones, and what only looks like one, stay."""
    form = Form(Discretion([secret]))
    assert form.read(form.write(document)) == kept


def test_the_longest_goes_first() -> None:
    """Where a secret begins another, nothing of the longer one is left."""
    form = Form(Discretion(["secret", "secret-and-more"]))
    assert form.read(form.write("a secret-and-more")) == f"a {REDACTED}"


def test_joined_parts_are_no_secret() -> None:
    """What is left on both sides of a secret may not make another."""
    form = Form(Discretion(["abc***def", "inner-secret"]))
    assert form.read(form.write("abcinner-secretdef")) == REDACTED


def test_keys() -> None:
    """The key of a document is redacted, and can always be kept."""
    assert Form(Discretion(["s3cret-1"])).key("of s3cret-1") == "of ***"
    assert Form().key("a\ud800é") == "a\\ud800é"


def test_values_without_a_form() -> None:
    """What is no JSON, or nested too deeply, is refused."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, {"a": object()}):
        with pytest.raises(Unwritable):
            Form().write(cast("JsonValue", value))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000], ids=["none", "half", "bytes", "deep"])
def test_what_cannot_be_read(data: bytes) -> None:
    """What this Python cannot read is null."""
    assert Form().read(data) is None


def test_a_big_document_is_looked_through_quickly() -> None:
    """Twenty secrets in five megabytes: the time is that of writing the JSON, a few times over."""
    form = Form(Discretion([f"secret-number-{number:04}" for number in range(20)]))
    document: JsonValue = [{"name": f"entry {number}", "text": "secret-number " * 20} for number in range(15_000)]
    assert form.read(form.write([document, "secret-number-0007"])) == [document, REDACTED]
