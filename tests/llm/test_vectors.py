"""The vectors in answers."""

import json
from array import array
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.errors import LlmError
from batonmcp.llm.vectors import read_vectors, vector_of

PACKED = b64encode(array("f", [1.0, -0.5]).tobytes()).decode()


def answer(*embeddings: Any, **more: Any) -> bytes:  # noqa: ANN401 - whatever an endpoint sends
    """Return the body of an answer with these embeddings."""
    return json.dumps({"data": [{"embedding": embedding} for embedding in embeddings], **more}).encode()


def read(body: bytes, texts: int = 1) -> tuple[bytes, ...]:
    """Return the vectors of an answer."""
    return read_vectors(body, texts=texts, endpoint="h").vectors


def test_both_forms_are_read() -> None:
    """A list of numbers and single precision in base64 are the same vector; its length does not count."""
    assert read(answer([1, -0.5])) == read(answer([10.0, -5.0])) == read(answer(PACKED)) == (bytes([127, 192]),)


def test_the_index_counts() -> None:
    """The order is that of the texts, in whatever order they came."""
    first, second = {"index": 1, "embedding": [1, 0]}, {"index": 0, "embedding": [0, 1]}
    assert read(json.dumps({"data": [first, second]}).encode(), 2) == (bytes([0, 127]), bytes([127, 0]))


def test_tokens_are_read() -> None:
    """What the endpoint counted is passed on; where it does not say, it is zero."""
    assert read_vectors(answer([1], usage={"prompt_tokens": 7}), texts=1, endpoint="h").tokens == 7
    assert read_vectors(answer([1]), texts=1, endpoint="h").tokens == 0


@pytest.mark.parametrize(
    ("body", "texts", "said"),
    [
        (b"<html>", 1, "something that is not JSON"),
        (b"[" * 100_000, 1, "something that is not JSON"),
        (b"[]", 1, "0 vectors for 1 texts"),
        (b"{}", 1, "0 vectors for 1 texts"),
        (answer([1]), 2, "1 vectors for 2 texts"),
        (answer([1], [1], [1]), 2, "3 vectors for 2 texts"),
        (answer([1, 2], [1]), 2, "vectors of different dimensions"),
        (answer([1.0, float("nan")]), 1, "no vector, or one that is not finite"),
        (answer([1.0, float("inf")]), 1, "not finite"),
        (answer([10**400]), 1, "no vector"),
        (answer([0.0, 0.0]), 1, "points nowhere"),
        (answer([5e-324]), 1, "points nowhere"),
        (answer([]), 1, "no vector"),
        (answer(["1"]), 1, "no vector"),
        (answer([[1]]), 1, "no vector"),
        (answer(None), 1, "no vector"),
        (answer(7), 1, "no vector"),
        (answer("AAAA"), 1, "no vector"),
        (answer("not base64"), 1, "no vector"),
        (answer(b64encode(array("f", [float("nan")]).tobytes()).decode()), 1, "not finite"),
        (b'{"data": [{"index": 1, "embedding": [1]}]}', 1, "not numbered as the texts"),
        (b'{"data": [{"index": "0", "embedding": [1]}]}', 1, "not numbered as the texts"),
        (b'{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}', 2, "not numbered"),
    ],
)
def test_what_is_no_vector_for_each_text_is_refused(body: bytes, texts: int, said: str) -> None:
    """The error names the endpoint, what came, and what to check."""
    with pytest.raises(LlmError, match=f"endpoint h answered with .*{said}.*Check that the model of") as caught:
        read(body, texts)
    assert caught.value.info.kind == "llm_bad_response"


@given(st.lists(st.floats()))
def test_any_numbers(numbers: list[float]) -> None:
    """Whatever they are, there is a vector whose largest part is 127, or none."""
    vector = vector_of(numbers)
    if vector is not None:
        assert len(vector) == len(numbers)
        assert max(map(abs, memoryview(vector).cast("b"))) == 127


@given(st.binary(max_size=60))
def test_any_body(body: bytes) -> None:
    """No bytes raise anything but an error of ours."""
    try:
        read(body)
    except LlmError:
        return
    raise AssertionError(body)
