"""Reads that began before their plan was whole, in words."""

from batonmcp.core.reads import reads_in_words


def test_reads_in_words() -> None:
    """Each with what became of it, in the order in which they began; those that are alike are counted."""
    assert reads_in_words([]) == ""
    assert reads_in_words([("a__x", "answered")]) == "a__x answered"
    reads = [("a__x", "answered"), ("b__y", "stopped"), ("a__x", "answered"), ("a__x", "failed")]
    assert reads_in_words(reads) == "a__x answered 2 times, b__y stopped, a__x failed"
