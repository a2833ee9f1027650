"""The redaction of secrets, in texts, in JSON and in values."""

import json
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.redaction import REDACTED, SHORTEST, Redaction

SECRET = "s3cret-canary"  # noqa: S105 - the secret of these tests


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        (SECRET, f"it said {SECRET}, twice {SECRET}", "it said ***, twice ***"),
        ('a"b"c-d', 'plain a"b"c-d, written a\\"b\\"c-d', "plain ***, written ***"),
        ("a b&c=d", "?key=a%20b%26c%3Dd", "?key=***"),
        ("päss-wort", "p\\u00e4ss-wort", "***"),
        ("abcdef", "abcabcdefdef", "abc***def"),
        ("abcdef-ghijkl", "cut: abcdef-gh…, abcdef-g", "cut: ***…, ***"),
        ("abcdef-ghijkl", "abcdef-gho, abcde…, abcdef-gh.", "abcdef-gho, abcde…, abcdef-gh."),
        ("short", "it is short", "it is short"),
        ("nothing-of-it", "a text", "a text"),
    ],
)
def test_texts(secret: str, text: str, shown: str) -> None:
    """A secret goes however it is written; the rest stays."""
    assert Redaction.of([secret]).text(text) == shown


@pytest.mark.parametrize(
    ("secret", "value", "redacted"),
    [
        ("123456", {"pin": 123456}, {"pin": "***"}),
        ("nabcdef", ["\nabcdef", "nabcdef"], ["\nabcdef", "***"]),
        ('x"y"z-1', {'x"y"z-1': 'x"y"z-1'}, {"***": "***"}),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_stays_json(
    secret: str, value: JsonValue, redacted: JsonValue, indent: int | None, *, ascii_only: bool
) -> None:
    """A text of JSON, even within another, is JSON without the secret."""
    redaction = Redaction.of([secret])
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert json.loads(redaction.text(text)) == redacted
    within = redaction.text(json.dumps({"ü": text}, ensure_ascii=ascii_only))
    assert json.loads(json.loads(within)["ü"]) == redacted


def test_what_only_begins_like_json() -> None:
    """A text that is no JSON loses its secrets all the same."""
    text = f'[note] "{SECRET}" {SECRET} "\\x {SECRET}" C:\\{SECRET}'
    assert SECRET not in Redaction.of([SECRET]).text(text)


def test_a_secret_that_is_json() -> None:
    """Credentials may be JSON themselves."""
    credentials = '{"type": "service_account", "id": [1, 2]}'
    redaction = Redaction.of([credentials])
    assert redaction.text(credentials) == REDACTED
    assert redaction.text(f'{{"a": {credentials}}}') == '{"a": ***}'
    assert redaction.text(json.dumps({"a": credentials})) == '{"a": "***"}'


def test_values() -> None:
    """Texts, keys and numbers of a value are redacted; what holds no secret is the same."""
    redaction = Redaction.of([SECRET, "123456"])
    value: JsonValue = {f"a {SECRET}": [SECRET, 123456, 0.123456, 7, True, None, {"b": "c"}]}
    assert redaction.value(value) == {"a ***": ["***", "***", "***", 7, True, None, {"b": "c"}]}


def test_no_secrets_no_work() -> None:
    """Without secrets everything is the very object that it was."""
    value: JsonValue = {"a": [1, "text"]}
    assert Redaction().value(value) is value
    assert Redaction.of(["", "short"]) == Redaction()


def test_shows_no_secret() -> None:
    """A redaction does not show what it knows."""
    assert SECRET not in repr(Redaction.of([SECRET]))


def test_shorter_ones_on_demand() -> None:
    """Where little is said, shorter texts can be taken out too."""
    assert Redaction.of(["t0ken"], shortest=4).text("bad t0ken") == "bad ***"


@given(st.lists(st.text(min_size=SHORTEST, max_size=9), min_size=1, max_size=3), st.lists(st.text(max_size=4)))
def test_none_is_left(secrets: list[str], around: list[str]) -> None:
    """Whatever stands around it, no secret is left, and a second look changes nothing."""
    redaction = Redaction.of(secrets)
    shown = redaction.text("".join(f"{piece}{secret}" for piece in around for secret in secrets))
    assert not [secret for secret in secrets if len(secret.strip()) >= SHORTEST and secret in shown]
    assert redaction.text(shown) == shown


def test_large_texts_are_quick() -> None:
    """Eight megabytes and ten secrets: a look, and hundreds of thousands of hits, take no second."""
    redaction = Redaction.of([f"secret-number-{number:04}" for number in range(10)])
    clean, full = "secret-number " * 600_000, "secret-number-0007 " * 450_000
    since = perf_counter()
    assert redaction.text(clean) is clean
    assert redaction.text(full) == f"{REDACTED} " * 450_000
    assert perf_counter() - since < 5
