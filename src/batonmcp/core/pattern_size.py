"""The size of a regular expression once its repetitions are written out: what compiling and matching it costs."""

import re

__all__ = ["pattern_size"]

_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|\((?:\?(?:[:=!>]|<[=!]|P?<\w*>))?|\)|\{(?P<least>\d+)(?P<range>,(?P<most>\d*))?\}|.",
    re.DOTALL,
)
_ENOUGH = 10_000_000


def pattern_size(pattern: str) -> int:
    """Return how many characters, classes and signs `pattern` has when each `{n,m}` is written out m times.

    Nested repetitions multiply; ten million stands for everything above.
    """
    sizes = [0]
    last = 0
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text.startswith("("):
            sizes.append(1)
            last = 0
        elif text == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        elif token["least"]:
            times = _times(token["most"] or token["least"])
            sizes[-1] = min(_ENOUGH, sizes[-1] + last * max(times - 1, 0))
            last = min(_ENOUGH, last * times)
        else:
            last = 1
            sizes[-1] += 1
    return min(_ENOUGH, sum(sizes))


def _times(digits: str) -> int:
    return min(_ENOUGH, int(digits[:9]))
