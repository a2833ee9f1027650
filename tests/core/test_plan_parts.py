"""What is written in a plan."""

from pydantic import JsonValue

from batonmcp.core.plan_parts import inputs_in, leaves_of, literals_in, texts_in

PLAN: JsonValue = {
    "steps": [
        {"id": "a7", "tool": "x__y7", "arguments": {"n": 5, "to": {"$raw": {"b": ["raw"]}}, "on": True, "no": None}},
        {
            "id": "b",
            "tool": "x__z",
            "when": "len(a7.items) > 0 and a7.kind == 'big'",
            "for_each": "a7.items[:20]",
            "arguments": {"who": {"$from": "inputs['the name']"}, "deep": [{"$from": "f'{item.x}, {inputs.y}!'"}]},
        },
    ],
    "result": "b[0].total * 2.5",
}


def test_texts() -> None:
    """Arguments, and expressions whole; ids and names of tools are none."""
    assert list(texts_in(PLAN)) == [
        *("5", "raw", "true"),
        *("len(a7.items) > 0 and a7.kind == 'big'", "a7.items[:20]", "inputs['the name']", "f'{item.x}, {inputs.y}!'"),
        "b[0].total * 2.5",
    ]


def test_literals() -> None:
    """Of expressions their constants, but for places in lists, signs, and the names of inputs."""
    assert sorted(literals_in(PLAN)) == ["2.5", "20", "5", "big", "raw", "true"]


def test_inputs() -> None:
    """By attribute and by key; `inputs` itself is all of them."""
    assert inputs_in(PLAN, {"z": 1}) == {"the name", "y"}
    whole: JsonValue = {"steps": [{"id": "a", "tool": "x", "arguments": {"all": {"$from": "inputs"}}}]}
    assert inputs_in(whole, {"z": 1, "v": 2}) == {"z", "v"}


def test_leaves() -> None:
    """Texts, numbers and flags, wherever they are."""
    assert list(leaves_of({"a": [1, {"b": "x"}], "c": None, "d": False, "e": {"$from": "x.y"}})) == ["1", "x", "false"]


def test_what_is_no_plan_has_leaves_only() -> None:
    """There are no expressions in it."""
    assert list(texts_in(["x"])) == list(literals_in(["x"])) == ["x"]
    assert inputs_in(["x"], {"y": 1}) == frozenset()
