"""How tests read an answer: what it says, and the facts that code has put under it."""

__all__ = ["answer_in"]

_SEPARATOR = "\n\n---\n"


def answer_in(text: str) -> str:
    """Return an answer without the facts under it, which tell times and ids."""
    answer, separator, facts = text.rpartition(_SEPARATOR)
    assert not separator or facts.splitlines()[-1].startswith("Run "), facts
    return answer if separator else text
