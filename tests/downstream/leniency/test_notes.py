"""Notes of what a server sends."""

from batonmcp.downstream.leniency.notes import Notes


def test_a_sentence_is_told_once_with_how_often() -> None:
    """In the order in which things were first seen."""
    notes = Notes()
    for sentence in ("b", "a", "b"):
        notes.repair(sentence)
    notes.drop("c")
    assert notes.repaired == ["b (2 times)", "a"]
    assert notes.dropped == ["c"]


def test_notes_are_bounded_and_plain() -> None:
    """A hostile server cannot fill the memory, nor write to a terminal."""
    notes = Notes()
    for number in range(1_000):
        notes.drop(f"{number} \x1b[2J\n{'x' * 1_000}")
    assert len(notes.dropped) == len(notes.times) == 100
    assert all(len(sentence) == 300 and sentence.isprintable() for sentence in notes.dropped)
