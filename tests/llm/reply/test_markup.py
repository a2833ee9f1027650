"""Calls written with tags and markers."""

import time
from contextlib import suppress
from typing import Any

import pytest

from batonmcp.llm.reply.markup import calls_in_markup, has_markup

NOTATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ('<function=a__x>{"n": 1}</function>', {"n": 1}),
    "llama without its end": ('<function=a__x>{"n": 1}', {"n": 1}),
    "qwen coder": (
        "<tool_call>\n<function=a__x>\n<parameter=n>\n1\n</parameter>\n</function>\n</tool_call>",
        {"n": "1"},
    ),
    "minimax": ('<invoke name="a__x"><parameter name="n">1</parameter></invoke>', {"n": "1"}),
    "a list in a parameter": ('<invoke name="a__x"><parameter name="n">[1, 2]</parameter></invoke>', {"n": [1, 2]}),
    "a text like a list": ('<invoke name="a__x"><parameter name="n">[1] is</parameter></invoke>', {"n": "[1] is"}),
    "half a list": ('<invoke name="a__x"><parameter name="n">[1</parameter></invoke>', {"n": "[1"}),
    "glm": ("<tool_call>a__x\n<arg_key>n</arg_key>\n<arg_value>1</arg_value>\n</tool_call>", {"n": "1"}),
    "glm without arguments": ("<tool_call>a__x</tool_call>", {}),
    "mistral": ('[TOOL_CALLS]a__x[ARGS]{"n": 1}', {"n": 1}),
    "mistral with an id": ('[TOOL_CALLS]a__x[CALL_ID]abc123[ARGS]{"n": 1}', {"n": 1}),
    "kimi": (
        '<|tool_call_begin|>functions.a__x:0<|tool_call_argument_begin|>{"n": 1}<|tool_call_end|>',
        {"n": 1},
    ),
    "deepseek": (
        '<\uff5ctool\u2581call\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>a__x\n```json\n{"n": 1}\n```',
        {"n": 1},
    ),
    "harmony": ('<|channel|>commentary to=functions.a__x <|constrain|>json<|message|>{"n": 1}<|call|>', {"n": 1}),
    "react": ('Thought: so\nAction: a__x\nAction Input: {"n": 1}\nObservation: none', {"n": 1}),
    "python": ('[a__x(n=1, m="x", o={"p": [True]})]', {"n": 1, "m": "x", "o": {"p": [True]}}),
    "python call": ('a__x(n=1, m="x")', {"n": 1, "m": "x"}),
    "python in a fence": ("```tool_code\nprint(default_api.a__x(n=1))\n```", {"n": 1}),
    "python of an object": ("<|python_tag|>a__x.call(n=1)", {"n": 1}),
    "python with an object": ('a__x({"n": 1})', {"n": 1}),
    "function without an end": ('<function=a__x{"n": 1}</function>', {"n": 1}),
    "harmony on lines": ('<|channel|>commentary to=functions.a__x\n<|constrain|>json\n<|message|>{"n": 1}', {"n": 1}),
    "harmony without marks": ('analysisSo.assistantcommentary to=functions.a__x json{"n": 1}', {"n": 1}),
    "deepseek 3.2": (
        '<function_calls>\n<invoke name="a__x">\n<parameter name="n" string="true">1</parameter>\n</invoke>'.replace(
            "<", "<\uff5cDSML\uff5c"
        ).replace("\uff5cDSML\uff5c/", "/\uff5cDSML\uff5c"),
        {"n": "1"},
    ),
    "python without values": ("[a__x(n=other)]", {"n": "other"}),
}


@pytest.mark.parametrize(("text", "arguments"), NOTATIONS.values(), ids=NOTATIONS)
def test_notation_of_each_family(text: str, arguments: dict[str, Any]) -> None:
    """Each family's own way to write a call is read, with the text of a parameter left to the tool's schema."""
    assert list(calls_in_markup(text)) == [("a__x", arguments)]


def test_several_calls_keep_their_order() -> None:
    """Calls in one notation come in the order in which they were written."""
    text = '<function=a>{"n": 1}</function> then <function=b>{}</function>'
    assert [name for name, _ in calls_in_markup(text)] == ["a", "b"]
    assert [name for name, _ in calls_in_markup("[a(), b(n=1)]")] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "It rains.", "[1, 2]", "[a(1)]", "[a b()]", "a(n=1) is it.", "a(1)"])
def test_other_text_holds_no_call(text: str) -> None:
    """Ordinary text, positional arguments and methods are no calls."""
    assert not list(calls_in_markup(text))


def test_half_a_call_is_an_error() -> None:
    """Arguments that break off are not read as none."""
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says which
        list(calls_in_markup('<function=a__x>{"n": '))


@pytest.mark.parametrize("piece", ["<function=a>", "<tool_call>a<arg_key>", "<parameter=a>", "to=a", "[TOOL_CALLS]a{}"])
def test_hostile_text_is_left_soon(piece: str) -> None:
    """A text of nothing but openings takes no time that grows with its square."""
    started = time.process_time()
    with suppress(ValueError):
        assert len(list(calls_in_markup(piece * (400_000 // len(piece))))) < 10**5
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<function=a__x>", True),
        ("Action: a__x\nAction Input:", True),
        ("[a__x(n=1)]", True),
        ('<tool_call>{"name": "a__x"}</tool_call>', False),
        ("It rains.", False),
    ],
)
def test_notation_is_known_by_its_beginning(text: str, expected: bool) -> None:  # noqa: FBT001 - expected
    """Whatever comes of it; JSON in tags is none."""
    assert has_markup(text) is expected
