"""The steps in a text, before it is whole."""

import json
from collections.abc import Iterable
from itertools import chain, pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batonmcp.core.errors import LlmError
from batonmcp.llm.reply.read import read_reply
from batonmcp.llm.reply.shapes import as_list
from batonmcp.llm.reply.written import Offered
from batonmcp.llm.reply.written_steps import WrittenSteps, step_of
from doubles import worded

OFFERED = Offered(names=frozenset({"a__x", "b__y", "plan"}), plan="plan")
ONE: dict[str, Any] = {"id": "s1", "tool": "a__x", "arguments": {"n": [{"k": "}]"}]}}
TWO: dict[str, Any] = {"id": "s2", "tool": "b__y", "arguments": {}, "when": "s1.ok"}
STEPS = f"[{json.dumps(ONE)}, {json.dumps(TWO)}]"
PRETTY = json.dumps({"steps": [ONE, TWO]}, indent=2)
CALLS = '{"name": "a__x", "arguments": {"n": 1}}\n{"tool": "b__y", "args": {}}'
THOUGHT = 'One could call\n{"name": "b__y", "arguments": {}}\n[ or not, "so'


def read(text: str, *, size: int = 1) -> list[list[dict[str, Any]]]:
    """Return the steps that each part of a text makes whole, parts without any left out."""
    steps = WrittenSteps(OFFERED)
    return [new for place in range(0, len(text), size) if (new := steps.add(text[place : place + size]))]


def flat(parts: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return all steps of all parts."""
    return list(chain.from_iterable(parts))


def whole(text: str) -> list[dict[str, Any]]:
    """Return the steps of a text that is a whole reply; none where it is of no use."""
    body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
    try:
        reply = read_reply(body, content_type="application/json", endpoint="llm.test", offered=OFFERED)
    except LlmError:
        return []
    plans = [call for call in reply.calls if call.name == "plan"]
    if plans:
        return as_list(plans[0].arguments.get("steps"))
    return [step_of(number, call.name, call.arguments) for number, call in enumerate(reply.calls, 1)]


@pytest.mark.parametrize(
    "text",
    [
        f'{{"steps": {STEPS}}}',
        f'{{"reason": "[{{", "steps": {STEPS}, "result": "s1"}}',
        PRETTY,
        STEPS,
        f'{{"plan": {{"steps": {STEPS}}}}}',
        f'{{"name": "plan", "arguments": {{"steps": {STEPS}}}}}',
        f"```json\n{PRETTY}\n```\nThat is the plan.",
        f'<tool_call>\n{{"name": "plan", "arguments": {PRETTY}}}\n</tool_call>',
        f"<think>{THOUGHT}</think>{PRETTY}",
        f"{THOUGHT}</think>\n\n{PRETTY}",
        f"[THINK]{THOUGHT}[/THINK]\nSure:\n```json\n{PRETTY}\n```",
        f"<think></think>\n<think>{THOUGHT}</think>\n{STEPS}",
        f'<|python_tag|>{{"steps": {STEPS}}}<|eom_id|>',
        f'\n\n  {{"st\\u0065ps": {STEPS}}}',
    ],
)
def test_steps_of_a_plan_come_as_they_close(text: str) -> None:
    """In every form that models write them, the second only after the first, and not only at the end of all."""
    assert whole(text) == [ONE, TWO]
    assert read(text) == [[ONE], [TWO]]
    assert read(text[: text.rindex("}", 0, text.rindex("]"))]) == [[ONE]]
    assert flat(read(text, size=7)) == flat(read(text, size=len(text))) == [ONE, TWO]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (CALLS, 2),
        (f"<think>{THOUGHT}</think>Now:\n{CALLS}", 2),
        ('<tool_call>{"name": "a__x", "arguments": {}}</tool_call>\n<tool_call>{"name": "b__y"}</tool_call>', 2),
        ('[TOOL_CALLS][{"name": "a__x", "arguments": {}}, {"name": "b__y", "arguments": {}}]', 1),
        ('{"tool_calls": [{"function": {"name": "a__x", "arguments": "{}"}}, {"name": "b__y"}]}', 1),
        ('[{"tool": "a__x", "arguments": {}}]', 1),
        ('{"a__x": {}}\n{"b__y": {}}', 2),
    ],
)
def test_calls_come_as_they_close(text: str, parts: int) -> None:
    """Each by itself; those in a list only with the list, which may turn out to be a plan."""
    found = read(text)
    assert len(found) == parts
    assert flat(found) == whole(text)


@pytest.mark.parametrize("text", [*worded.CALLS, *worded.PLANS])
def test_every_form_seen_gives_its_steps_or_none(text: str) -> None:
    """Wherever it is cut; those that are not read early are with words before them, or in notations of their own."""
    steps = WrittenSteps(OFFERED)
    for sign in text:
        steps.add(sign)
        assert steps.given == whole(text)[: len(steps.given)]
    assert bool(steps.given) is not text.startswith(("Sure", "<function"))


@pytest.mark.parametrize(
    "text",
    [
        f"Sure:\n```json\n{PRETTY}\n```",
        f"{THOUGHT}\n{PRETTY}",
        f"<think>{PRETTY}",
        f"<scratchpad>{PRETTY}",
        'One could call {"name": "a__x", "arguments": {}} for that.',
        '<function=a__x>{"n": 1}</function>',
        '<tool_call>a__x\n<arg_key>n</arg_key>\n<arg_value>{"name": "b__y", "arguments": {}}</arg_value></tool_call>',
        "[a__x(n=1)]",
        'Action: a__x\nAction Input: {"n": 1}',
        f"<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>{PRETTY}",
        '{"name": "a__x", "arguments": "{\\"n\\": "}',
        '{"steps": [5, {"id": "b", "tool": "b__y"}]}',
        '{"steps": []}',
        '{"steps": {"a": {"tool": "a__x", "arguments": {}}}}',
        '{"name": "a__x", "arguments": [{"n": 1}, {"n": 2}]}',
        "]",
        "It rains.",
    ],
)
def test_what_may_still_be_something_else_is_left_to_the_end(text: str) -> None:
    """Words that may be thoughts, notations of their own, what is no JSON, and what is no plan."""
    assert read(text) == []


@pytest.mark.parametrize(
    "text",
    [
        f'{CALLS}\n{{"steps": {STEPS}}}',
        f'{{"steps": {STEPS}, "steps": []}}',
        f"{CALLS}<function=b__y>{{}}</function>[]{CALLS}",
        f'{{"steps": [{json.dumps(ONE)}, "x", {json.dumps(TWO)}]}}',
    ],
)
def test_what_is_taken_back_ends_it(text: str) -> None:
    """What was given stays given, and nothing more comes."""
    steps = WrittenSteps(OFFERED)
    given_before = flat(steps.add(sign) for sign in text)
    assert given_before == steps.given
    assert steps.off
    assert steps.add(f"\n{CALLS}") == []


def test_long_text_is_left_to_the_end() -> None:
    """Past its bounds nothing is looked at any more; what was whole before stays so."""
    steps = WrittenSteps(OFFERED)
    assert steps.add(f'{{"steps": [{json.dumps(ONE)}, {{"id": "') == [ONE]
    assert not [new for _ in range(70) for new in steps.add("x" * 1_000)]
    assert steps.off
    many = json.dumps({"steps": [{**ONE, "id": f"n{number}"} for number in range(200)]})
    assert len(flat(read(many))) == 64


TEXTS = st.text(st.characters(codec=None), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
FIELDS: dict[str, Any] = {"id": TEXTS, "tool": TEXTS, "arguments": st.dictionaries(TEXTS, JSON, max_size=3)}
MORE: dict[str, Any] = {"when": TEXTS, "for_each": TEXTS, "x": JSON}
PLANS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(st.fixed_dictionaries(FIELDS, optional=MORE), max_size=4)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw a plan or calls in any form that models write, with or without thoughts and frames around it."""
    ascii_only, indent = draw(st.booleans()), draw(st.sampled_from([None, 1]))

    def written(value: object) -> str:
        return json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    steps = draw(PLANS)
    calls = [{"name": "a__x", "arguments": step["arguments"]} for step in steps]
    body = draw(
        st.sampled_from(
            [
                written({"steps": steps}),
                written({"reason": "x", "steps": steps, "result": "s1"}),
                written({"plan": {"steps": steps}}),
                written({"name": "plan", "arguments": {"steps": steps}}),
                written(steps),
                written(calls),
                written({"tool_calls": calls}),
                "\n".join(map(written, calls)),
                "\n".join(f"<tool_call>\n{written(call)}\n</tool_call>" for call in calls),
            ]
        )
    )
    before, after = draw(
        st.sampled_from(
            [("", ""), ("\n ", "\n"), ("```json\n", "\n```"), ("```\n", "\n```\nDone."), ("Sure:\n```json\n", "\n```")]
        )
    )
    thoughts = draw(
        st.sampled_from(["", "<think>{}</think>", "<think>{}</think>\n\n", "[THINK]{}[/THINK]", "{}</think>"])
    )
    return thoughts.replace("{}", draw(st.sampled_from(["", "Hm.", THOUGHT]))) + before + body + after


@given(texts(), st.data())
@settings(max_examples=300, deadline=None)
def test_any_cut_gives_a_beginning_of_the_whole(text: str, data: st.DataObject) -> None:
    """However it is cut and wherever it stops, the steps so far are those with which the whole begins."""
    places = sorted({0, len(text), *data.draw(st.lists(st.integers(0, len(text)), max_size=20))})
    steps, said = WrittenSteps(OFFERED), whole(text)
    for begin, end in pairwise(places):
        steps.add(text[begin:end])
        assert steps.given == said[: len(steps.given)]
    assert steps.given == flat(read(text)), "what is read hangs on the text, not on its parts"


FRAGMENTS = st.sampled_from(
    [
        f'{{"steps": {STEPS}}}',
        f'{{"steps": [{json.dumps(ONE)}',
        json.dumps(TWO),
        '{"name": "a__x", "arguments": {"n": 1}}',
        '{"name": "plan", "arguments": ',
        "```json\n",
        "<think>",
        "</think>",
        "<tool_call>",
        "<function=a__x>",
        "<|channel|>final<|message|>",
        "[TOOL_CALLS]",
        "[a__x(n=1)]",
        *'{}[]",:\n\\',
        ", ",
        "Sure",
    ]
)


@given(st.lists(FRAGMENTS | st.text(max_size=3), max_size=10).map("".join))
@example(f"[{json.dumps({'tool': 'a__x', 'arguments': {}})}, {json.dumps(ONE)}]")
@settings(max_examples=300, deadline=None)
def test_any_text_gives_what_it_would_hold_if_it_ended_there(text: str) -> None:
    """Whatever it is put together of: what is given is what the reply would say if it were closed at that place."""
    steps = WrittenSteps(OFFERED)
    for place, sign in enumerate(text, 1):
        if steps.add(sign):
            assert any(whole(text[:place] + ending) == steps.given for ending in ("", "]", "]}", "]}}"))
