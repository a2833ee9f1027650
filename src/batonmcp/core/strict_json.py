"""JSON texts, read strictly."""

import json
import math

from pydantic import JsonValue

__all__ = ["read_json_text"]


def read_json_text(text: str) -> JsonValue:
    """Read a JSON text that somebody else wrote.

    Raises:
        ValueError: It is not JSON, or nested too deeply to be read. NaN and the infinities, which Python takes for
            JSON, are not; `1e999` is one of them.
    """
    try:
        value: JsonValue = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError(text[:100]) from error
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
