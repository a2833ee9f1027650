"""What a model thought aloud."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.reply.thinking import without_thinking


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rains.", "It rains."),
        ("<think>Let me see.</think>It rains.", "It rains."),
        ("\n<think>\nLet me see.\n</think>\n\nIt rains.", "It rains."),
        ("<thinking>a</thinking> <think>b</think> c", "c"),
        ("Let me see.</think>It rains.", "It rains."),
        ("<think>It never ends", ""),
        ("[THINK]a[/THINK]b", "b"),
        ("<think></think>", ""),
        ("The tags are <think> and </think>.", "The tags are <think> and </think>."),
        ("Thoughts end with `</think>`, mostly.", "Thoughts end with `</think>`, mostly."),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>", "b"),
        ("<|channel|>analysis<|message|>only this", ""),
        ("analysisWe need to answer.assistantfinalIt rains.", "It rains."),
        ("analysis of the data: it rains", "analysis of the data: it rains"),
        ("", ""),
    ],
)
def test_thoughts_are_left_out(text: str, expected: str) -> None:
    """Thoughts at the beginning go, in the notation of any family of models; a text about them stays whole."""
    assert without_thinking(text) == expected


def test_endless_thoughts_take_no_time() -> None:
    """A text of a million thoughts is read in a moment."""
    started = time.process_time()
    assert without_thinking("<think></think>" * 250_000).endswith("</think>")
    assert time.process_time() - started < 5


@given(st.text(alphabet="ab<>/[]| \n", max_size=40), st.text(alphabet="ab. ", max_size=20))
def test_answer_after_thoughts_is_kept(thoughts: str, answer: str) -> None:
    """Whatever is thought, the answer after it is whole."""
    assert without_thinking(f"<think>{thoughts}</think>{answer}") == answer.strip()
