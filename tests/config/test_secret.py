"""What in a configuration is a secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.secret import credentials, looks_like_a_token, secret_parts
from batonmcp.core.redaction import SHORTEST


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer 8f14e45fceea167a5a36"),
        ("Authorization", "Basic dXNlcjpwYXNzd29yZDEyMw=="),
        ("X", "sk-proj-abcdefghij0123"),
        ("X", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
        ("X", "github_pat_11ABCDEFG0abcdefghij"),
        ("X", "xoxb-123456789012-abcdefghij"),
        ("X", "AKIAIOSFODNN7EXAMPLE"),
        ("X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"),
        ("X", "8f14e45fceea167a5a36dedd4bea2543"),
        ("DB_PASSWORD", "Tr0ub4dor&3!"),
        ("API_KEY", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
    ],
)
def test_tokens_look_like_it(name: str, value: str) -> None:
    """Keys are known by their make, and by the name under which they stand."""
    assert looks_like_a_token(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("A", ""),
        ("NODE_ENV", "production"),
        ("LOG_LEVEL", "debug"),
        ("Accept", "application/json, text/event-stream"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/ada/keys/service-account-8f14e45fceea167a5a36.json"),
        ("KEY_FILE", "~/keys/id_ed25519"),
        ("KEY_FILE", "C:\\Users\\Ada\\key1.pem"),
        ("TOKEN_URL", "https://login.example.com/8f14e45fceea167a5a36/oauth2"),
        ("MAX_TOKENS", "100000"),
        ("AUTH_METHOD", "service-account"),
        ("API_KEY", "your-api-key-here"),
        ("API_KEY", "<paste your key here>"),
        ("CLUSTER", "eu-central-1-production-cluster-2024"),
        ("PROJECT_ID", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        ("NOTE", "a sentence with 8f14e45fceea167a5a36 in it"),
    ],
)
def test_no_false_alarm(name: str, value: str) -> None:
    """Short words, paths, addresses, placeholders and plain identifiers are no tokens."""
    assert not looks_like_a_token(name, value)


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("Authorization", "Bearer abc-123", {"Bearer abc-123", "abc-123"}),
        ("TOKEN", "abcdef", {"abcdef"}),
        ("TOKEN", "abc", set[str]()),
        ("A", "s3cret-value", {"s3cret-value"}),
        ("A", "two words", {"two words"}),
        ("DATABASE", "postgres://ada:pass-w0rd@host/db", {"pass-w0rd"}),
        ("", "https://example.com/mcp?api_key=0123456789&page=second", {"0123456789"}),
        ("", "https://[broken/mcp", set[str]()),
        ("NODE_ENV", "production", set[str]()),
        ("PORT", "8080808080", set[str]()),
        ("Accept", "application/json, text/event-stream", set[str]()),
        ("DATA", "/home/ada/data", set[str]()),
        ("DATA", "C:\\Users\\Ada", set[str]()),
        ("VERBOSE", "TRUE", set[str]()),
    ],
)
def test_what_is_not_to_be_shown(name: str, value: str, parts: set[str]) -> None:
    """Whatever is not plainly harmless counts; of a header the token alone too, of an address only what is secret."""
    assert set(secret_parts(name, value)) == parts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TZ", "Europe/Oslo"),
        ("AWS_REGION", "us-east-1"),
        ("ORGANIZATION", "AcmeCorp"),
        ("LANG", "en_US.UTF-8"),
        ("USER_EMAIL", "ada@example.com"),
        ("MODEL", "gpt-4o-mini"),
        ("X-Api-Version", "2026-07-28"),
    ],
)
def test_what_answers_are_about_is_no_secret(name: str, value: str) -> None:
    """Words and small numbers under a name that tells of no secret stay: they are in queries and answers."""
    assert not set(secret_parts(name, value))


def test_credentials_of_an_address() -> None:
    """A password is secret as it is meant and as it is sent, too."""
    assert set(credentials("https://ada:p%40ss-w0rd@h/mcp")) == {"p@ss-w0rd", "YWRhOnBAc3MtdzByZA=="}
    assert not set(credentials("https://h/mcp"))


def test_keys_in_paths() -> None:
    """Some services have their key in the path of an address."""
    assert set(secret_parts("", "https://h/s/8f14e45fceea167a5a36dedd4bea2543/mcp")) == {
        "8f14e45fceea167a5a36dedd4bea2543"
    }


def test_known_secret_counts_whatever_it_looks_like() -> None:
    """A value of secrets.env is a secret even if it is a word, unless it is too short to be blotted out."""
    assert set(secret_parts("A", "production", surely=True)) == {"production"}
    assert set(secret_parts("A", "abc", surely=True)) == set()


@given(st.text(), st.text(), st.booleans())
def test_any_value_is_judged(name: str, value: str, surely: bool) -> None:  # noqa: FBT001 - drawn
    """No text raises, and no part is too short."""
    looks_like_a_token(name, value)
    assert all(len(part) >= SHORTEST and part in value for part in secret_parts(name, value, surely=surely))
