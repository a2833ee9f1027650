"""The vectors in what an endpoint answered, read with tolerance for its form and none for what they are."""

import json
import sys
from array import array
from base64 import b64decode
from collections.abc import Iterable
from math import isfinite
from typing import Final

from batonmcp.llm.embedder import Embedded, Vector
from batonmcp.llm.reply import Unusable, tokens_in, unusable
from batonmcp.llm.reply.shapes import as_list, as_object

__all__ = ["read_vectors", "vector_of"]

_LARGEST: Final = 127
_CURE: Final = 'Check that the model of "embeddings" under "llm" makes embeddings.'


def read_vectors(body: bytes, *, texts: int, endpoint: str) -> Embedded:
    """Read the body of a successful HTTP response.

    Args:
        body: The response's body.
        texts: How many were sent.
        endpoint: The host that answered, for the error sentence.

    Raises:
        LlmError: There is not one good vector for each text in it.
    """
    try:
        document = as_object(json.loads(body))
    except (ValueError, RecursionError):
        raise _unusable(endpoint, "something that is not JSON") from None
    entries = [as_object(entry) for entry in as_list(document.get("data"))]
    if len(entries) != texts:
        raise _unusable(endpoint, f"{len(entries)} vectors for {texts} texts")
    vectors: dict[int, Vector] = {}
    for place, entry in enumerate(entries):
        index = entry.get("index", place)
        vector = _vector(entry.get("embedding"))
        if type(index) is not int or not 0 <= index < texts or index in vectors:
            raise _unusable(endpoint, "vectors that are not numbered as the texts were")
        if vector is None:
            raise _unusable(endpoint, "something that is no vector, or one that is not finite or points nowhere")
        vectors[index] = vector
    if len({len(vector) for vector in vectors.values()}) != 1:
        raise _unusable(endpoint, "vectors of different dimensions")
    return Embedded(vectors=tuple(vectors[place] for place in range(texts)), tokens=tokens_in(body).prompt)


def vector_of(values: Iterable[float]) -> Vector | None:
    """Return the vector that points where these values do; None if they point nowhere."""
    try:
        numbers = array("d", values)
    except (TypeError, OverflowError):
        return None
    largest = max(map(abs, numbers), default=0.0)
    if not largest or not all(map(isfinite, numbers)) or not isfinite(_LARGEST / largest):
        return None
    return array("b", map(round, map((_LARGEST / largest).__mul__, numbers))).tobytes()


def _vector(written: object) -> Vector | None:
    """Read a list of numbers, or single precision in base64, as some send it unasked."""
    if isinstance(written, str):
        return _packed(written)
    return vector_of(as_list(written))


def _packed(text: str) -> Vector | None:
    numbers = array("f")
    try:
        numbers.frombytes(b64decode(text, validate=True))
    except ValueError:
        return None
    if sys.byteorder == "big":
        numbers.byteswap()
    return vector_of(numbers)


def _unusable(endpoint: str, what: str) -> Unusable:
    return unusable(endpoint, what, cure=_CURE, again=False)
