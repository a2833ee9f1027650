"""Azure's addresses of a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.azure import Address, address_of, is_azure

RESOURCE = "https://r.openai.azure.com"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (RESOURCE, Address(base_url=RESOURCE)),
        (f"{RESOURCE}/openai/v1", Address(base_url=f"{RESOURCE}/openai/v1")),
        ("http://127.0.0.1:8000/v1/", Address(base_url="http://127.0.0.1:8000/v1/")),
        ("http://127.0.0.1:8000/v1/chat/completions", Address(base_url="http://127.0.0.1:8000/v1")),
        ("http://127.0.0.1:8000/v1/embeddings", Address(base_url="http://127.0.0.1:8000/v1")),
        ("http://h/v1?team=a", Address(base_url="http://h/v1?team=a")),
        (
            f"{RESOURCE}/openai/deployments/d-1/chat/completions?api-version=2024-10-21",
            Address(base_url=RESOURCE, deployment="d-1", api_version="2024-10-21"),
        ),
        (f"{RESOURCE}/?api-version=2024-10-21", Address(base_url=RESOURCE, api_version="2024-10-21")),
        ("http://[::1", Address(base_url="http://[::1")),
    ],
)
def test_address_is_taken_apart(url: str, address: Address) -> None:
    """An address may also be the one of a call, pasted whole; whatever is nothing special stays as it is."""
    assert address_of(url) == address


def test_deployment_has_its_own_base() -> None:
    """A deployment's base_url ends in it, whatever the address was pasted with."""
    expected = f"{RESOURCE}/openai/deployments/d"
    assert Address(base_url=RESOURCE).of_deployment("d") == expected
    assert Address(base_url=f"{RESOURCE}/openai/").of_deployment("d") == expected
    assert Address(base_url=RESOURCE, deployment="other").of_deployment("d") == expected
    assert Address(base_url=RESOURCE).of_deployment("a/b c") == f"{RESOURCE}/openai/deployments/a%2Fb%20c"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (RESOURCE, True),
        ("https://r.cognitiveservices.azure.com/openai", True),
        (f"{RESOURCE}/openai/v1/", False),
        ("https://api.openai.com/v1", False),
        ("https://openai.azure.com.evil.test", False),
        ("http://[::1", False),
    ],
)
def test_azure_is_known_by_its_hosts(url: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Its own interface is at its hosts, except where an address ends in /v1, as everybody's does."""
    assert is_azure(url) is expected


@given(st.text(max_size=40))
def test_any_text_is_some_address(text: str) -> None:
    """No text can raise anything: whether it is an address is judged elsewhere."""
    assert isinstance(address_of(text), Address)
    assert is_azure(text) in {True, False}
