"""Validation: every problem at once, and what a valid plan waits for."""

import json
from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.check import check
from batonmcp.core.errors import PlanInvalid, Problem
from batonmcp.core.limits import Limits
from batonmcp.core.plan import Plan
from builders import plan_of, registry, tool

FORECAST_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "maximum": 10},
        "places": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
                "required": ["lat"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["city"],
    "additionalProperties": False,
}
FORECAST = "weather__forecast"
TOOLS = registry(
    tool("a__x"),
    tool("a__y"),
    tool("a__write", effect="write"),
    tool("a__post", effect="write"),
    tool("a__drop", effect="destructive"),
    tool("b__x"),
    tool("b__write", effect="write"),
    tool(FORECAST, input_schema=FORECAST_SCHEMA),
)

StepJson = dict[str, Any]


def plan(*steps: StepJson, by_model: bool = False) -> Plan:
    """Return the plan of these steps."""
    return plan_of({"steps": list(steps)}, TOOLS, by_model=by_model)


def problems(*steps: StepJson, by_model: bool = False) -> list[Problem]:
    """Return what is wrong with a plan of these steps."""
    with pytest.raises(PlanInvalid) as caught:
        plan(*steps, by_model=by_model)
    return list(caught.value.problems)


def problem(*steps: StepJson) -> Problem:
    """Return the one thing that is wrong with a plan of these steps."""
    (found,) = problems(*steps)
    return found


def waits(*steps: StepJson, by_model: bool = False) -> list[tuple[str, str]]:
    """Return what the last of these steps waits for, and why."""
    return [(wait.step, wait.why) for wait in plan(*steps, by_model=by_model).steps[-1].waits]


def step(name: str, tool_name: str = "a__x", **rest: JsonValue) -> StepJson:
    """Return a step as written."""
    return {"id": name, "tool": tool_name, **rest}


def taking(source: str) -> dict[str, JsonValue]:
    """Return arguments that take a value."""
    return {"value": {"$from": source}}


# A valid plan


def test_a_valid_plan_keeps_everything_that_was_written() -> None:
    """Tools are found, expressions parsed, defaults filled in; nothing is changed, so nothing is noted."""
    made = plan(
        step("one", FORECAST, arguments={"city": "Oslo"}),
        step(
            "two",
            "b__write",
            arguments=taking("item.a"),
            when="one.ok",
            for_each="one.list",
            after=["one"],
            on_error="continue",
        ),
    )
    one, two = made.steps
    assert (one.id, one.tool, one.arguments.as_json()) == ("one", TOOLS[FORECAST], {"city": "Oslo"})
    assert (one.when, one.for_each, one.after, one.on_error, one.independent) == (None, None, (), "stop", False)
    assert two.when is not None
    assert two.for_each is not None
    assert (two.when.source, two.for_each.source) == ("one.ok", "one.list")
    assert (two.after, two.on_error) == (("one",), "continue")
    assert made.notes == ()


def test_steps_without_ids_get_ids() -> None:
    """The position names a step that nobody refers to; ids that are taken are passed by, and nothing is noted."""
    made = plan({"tool": "a__x"}, step("s1"), {"tool": "a__x"}, {"tool": "a__x", "id": ""})
    assert [item.id for item in made.steps] == ["s1_2", "s1", "s3", "s4"]
    assert made.notes == ()


# Problems


def test_every_problem_is_told_at_once_with_path_and_cure() -> None:
    """One look at the error is enough to write a plan that is right."""
    found = problems(
        step("one", "weather__forcast"),
        step("one", FORECAST, arguments={"days": 11, "places": [{"lat": "north", "lon": {"$from": "one.x"}}]}),
        step("three", when="three and later.a", note="?"),
        step("four", when="four +", for_each="lambda: 1", arguments={"a": {"$from": "nobody.x"}}, after=["nowhere"]),
        step("later", arguments={"a": [{"b": {"$from": "item"}}]}),
        step("drop", "a__drop", independent=True),
    )
    assert {item.path for item in found} == {
        "steps[0].tool",
        "steps[1].id",
        "steps[1].arguments",
        "steps[1].arguments.days",
        "steps[1].arguments.places[0].lat",
        "steps[2].note",
        "steps[3].when",
        "steps[3].for_each",
        "steps[3].arguments.a",
        "steps[3].after",
        "steps[4].arguments.a[0].b",
        "steps[5].independent",
    }
    assert len(found) == 12
    assert all(item.message and item.cure for item in found)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("weather__forcast", f"Nearest: {FORECAST}."),
        ("forecasts", f"Nearest: {FORECAST}."),
        ("x", "Nearest: a__x, b__x."),
        ("read_my_mind", "Use a tool's full name as listed."),
    ],
)
def test_an_unknown_tool_gets_the_nearest_names(name: str, cure: str) -> None:
    """A near miss is told what was meant, each name once."""
    found = problem(step("one", name))
    assert (found.path, found.message, found.cure) == ("steps[0].tool", f"there is no tool {name!r}.", cure)


def test_an_unknown_tool_where_there_are_none_is_told_so() -> None:
    """No name would help."""
    with pytest.raises(PlanInvalid, match="No tools are known"):
        check({"steps": [{"tool": "a__x"}]}, registry(), limits=Limits(), by_model=True)


@pytest.mark.parametrize(
    ("arguments", "path", "words"),
    [
        ({}, "steps[1].arguments", "city"),
        ({"city": [5]}, "steps[1].arguments.city", "string"),
        ({"city": "Oslo", "days": "five"}, "steps[1].arguments.days", "integer"),
        ({"city": "Oslo", "town": "Bergen"}, "steps[1].arguments", "town"),
        ({"city": "Oslo", "places": [{"lat": 1}, {"lat": "north"}]}, "steps[1].arguments.places[1].lat", "number"),
        ({"city": "Oslo", "places": [{"lon": 1}]}, "steps[1].arguments.places[0]", "lat"),
        ({"city": {"$raw": 5}}, "steps[1].arguments.city", "string"),
        # next to expressions
        ({"city": {"$from": "one"}, "days": 11}, "steps[1].arguments.days", "10"),
        ({"days": {"$from": "one"}}, "steps[1].arguments", "city"),
        ({"city": {"$from": "one"}, "town": {"$from": "one"}}, "steps[1].arguments", "town"),
        (
            {"city": "Oslo", "places": [{"$from": "one"}, {"lat": "x"}]},
            "steps[1].arguments.places[1].lat",
            "number",
        ),
        ({"city": "Oslo", "places": [{"lon": {"$from": "one"}}]}, "steps[1].arguments.places[0]", "lat"),
        ({"city": ["Oslo", {"$from": "one"}]}, "steps[1].arguments.city", "string"),
    ],
    ids=str,
)
def test_literal_arguments_are_held_against_the_tools_schema(
    arguments: dict[str, JsonValue], path: str, words: str
) -> None:
    """What is wrong before anything runs is told before anything runs, wherever it stands."""
    found = problem(step("one"), step("two", FORECAST, arguments=arguments))
    assert found.path == path
    assert words in found.message
    assert found.cure == f"See the input schema of {FORECAST}."


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        (FORECAST_SCHEMA, {"city": {"$from": "one"}}),
        (FORECAST_SCHEMA, {"city": "Oslo", "days": {"$from": "one"}, "places": {"$from": "one"}}),
        (FORECAST_SCHEMA, {"city": "Oslo", "places": [{"lat": {"$from": "one"}}, {"$from": "one"}]}),
        (FORECAST_SCHEMA, {"$from": "one"}),
        ({"enum": [{"a": 1}]}, {"a": {"$from": "one"}}),
        ({"properties": {"a": {"uniqueItems": True}}}, {"a": [{"$from": "one"}, {"$from": "one.b"}]}),
        ({"anyOf": [{"properties": {"a": {"type": "string"}}}]}, {"a": {"$from": "one"}}),
        ({"oneOf": [{"required": ["a"]}, {"properties": {"a": {"type": "null"}}}]}, {"a": {"$from": "one"}}),
        (
            {"anyOf": [{"properties": {"a": {"type": "string"}}}], "unevaluatedProperties": False},
            {"a": {"$from": "one"}},
        ),
        (
            {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
            {"a": {"$from": "one"}, "b": 1},
        ),
        (
            {"if": {"properties": {"a": {"const": None}}}, "then": {"properties": {"b": {"type": "integer"}}}},
            {"a": {"$from": "one"}, "b": "text"},
        ),
    ],
    ids=str,
)
def test_what_may_yet_fit_is_no_problem(schema: dict[str, Any], arguments: dict[str, JsonValue]) -> None:
    """A value that is not known yet is judged when it is: a plan that can work is not refused."""
    tools = registry(tool("a__x"), tool("b__y", input_schema=schema))
    made = plan_of({"steps": [step("one"), step("two", "b__y", arguments=arguments)]}, tools)
    assert made.steps[1].arguments.as_json() == arguments


def test_a_literal_that_an_if_refuses_is_a_problem() -> None:
    """Without any expression everything is known, conditions included."""
    schema = {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}}
    tools = registry(tool("b__y", input_schema=schema))
    with pytest.raises(PlanInvalid, match="b"):
        plan_of({"steps": [step("one", "b__y", arguments={"a": 1})]}, tools)


def test_a_broken_schema_refuses_nothing() -> None:
    """A server's mistake does not make its tool unusable."""
    tools = registry(tool("a__x", input_schema={"type": "nonsense"}))
    assert plan_of({"steps": [step("one", arguments={"a": 1})]}, tools)


@pytest.mark.parametrize(
    ("name", "message", "cure"),
    [
        ("ordres", "'ordres' is no earlier step.", "Did you mean 'orders'?"),
        ("nobody", "'nobody' is no earlier step.", "Known here: orders, inputs."),
        ("third", "'third' is a later step.", "Move it before step 'second'."),
        ("item", "`item` exists in the arguments of a for_each step only.", "Give the step a `for_each`"),
        ("index", "`index` exists in the arguments of a for_each step only.", "Give the step a `for_each`"),
    ],
)
@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"arguments": {"a": [{"after": {"$from": "NAME.b"}}]}}, "arguments.a[0].after"),
        ({"when": "NAME.b"}, "when"),
        ({"for_each": "NAME.b"}, "for_each"),
        ({"after": ["orders", "NAME"]}, "after"),
    ],
    ids=["arguments", "when", "for_each", "after"],
)
def test_a_name_that_is_no_earlier_step_is_told_what_is(
    part: dict[str, Any], place: str, name: str, message: str, cure: str
) -> None:
    """In every place that names a step, with what was meant or what there is."""
    written = json.loads(json.dumps(part).replace("NAME", name))
    found = problem(step("orders"), step("second", **written), step("third"))
    assert (found.path, found.message) == (f"steps[1].{place}", message)
    assert found.cure.startswith(cure)


@pytest.mark.parametrize("name", ["item", "index"])
def test_item_and_index_exist_in_the_arguments_of_a_for_each_step(name: str) -> None:
    """There and nowhere else: not in its own `for_each`, not in its `when`."""
    assert plan(step("one", for_each="inputs.list", arguments=taking(name)))
    found = problems(step("one", for_each=f"[{name}]", when=name, arguments=taking(name)))
    assert [item.path for item in found] == ["steps[0].for_each", "steps[0].when"]


def test_inputs_can_be_used_in_every_expression_and_not_in_after() -> None:
    """What the host passed along is there from the start, so that there is nothing to wait for."""
    made = plan(step("one", when="inputs.a", for_each="inputs.b", arguments={"after": {"$from": "inputs.c"}}))
    assert made.steps[0].waits == ()
    assert problem(step("one", after=["inputs"])).path == "steps[0].after"


@pytest.mark.parametrize(
    ("steps", "circles"),
    [
        ([step("one", when="one.a")], ["one -> one"]),
        ([step("one", after=["one"])], ["one -> one"]),
        ([step("one", arguments=taking("two")), step("two", when="one")], ["one -> two -> one"]),
        (
            [step("one", after=["two"]), step("two", for_each="three"), step("three", after=["one"])],
            ["one -> two -> three -> one"],
        ),
        (
            [step("one", after=["two"]), step("two", after=["one"]), step("three", after=["three"])],
            ["one -> two -> one", "three -> three"],
        ),
    ],
)
def test_a_circle_is_told_as_a_circle(steps: list[StepJson], circles: list[str]) -> None:
    """Each circle is one problem with all its steps, read as "waits for", and its steps get no further one."""
    found = problems(*steps)
    assert {item.path for item in found} == {"steps"}
    told = [item.message.removeprefix("wait for each other in a circle: ").removesuffix(".") for item in found]
    assert sorted(map(_turned, told)) == sorted(map(_turned, circles))


def test_a_circle_hides_nothing_else() -> None:
    """What else is wrong with its steps is told too."""
    found = problems(
        step("one", when="three.a", arguments=taking("nobody")),
        step("two", after=["one", "four"]),
        step("three", "a__x", after=["two"]),
        step("four"),
    )
    assert [item.path for item in found] == ["steps", "steps[0].arguments.value", "steps[1].after"]


def _turned(circle: str) -> tuple[str, ...]:
    """Let a circle begin at its least step."""
    *names, _ = circle.split(" -> ")
    least = names.index(min(names))
    return tuple(names[least:] + names[:least])


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"when": "one =="}, "when"),
        ({"for_each": "import os"}, "for_each"),
        ({"arguments": {"a": [{"b": {"$from": "one.__class__("}}]}}, "arguments.a[0].b"),
        ({"arguments": {"$from": "open('/etc/passwd')"}}, "arguments"),
        (
            {
                "tool": FORECAST,
                "arguments": {
                    "city": {
                        "$from": "one[",
                    }
                },
            },
            "arguments.city",
        ),
    ],
)
def test_a_bad_expression_is_told_where_it_stands(part: dict[str, Any], place: str) -> None:
    """The problem quotes the expression and says what to write; nothing is said of the value it does not give."""
    found = problem(step("one"), {"tool": "a__x", **part})
    assert found.path == f"steps[1].{place}"
    assert found.message.startswith("in `")
    assert found.cure


def test_each_repeated_id_is_told() -> None:
    """Every further step of the same id is named, with the first that has it."""
    found = problems(step("one"), step("two"), step("one"), step("one"), step("two"))
    assert [(item.path, item.message) for item in found] == [
        ("steps[2].id", "'one' is the id of steps[0] too."),
        ("steps[3].id", "'one' is the id of steps[0] too."),
        ("steps[4].id", "'two' is the id of steps[1] too."),
    ]


def test_too_many_steps_are_refused() -> None:
    """The limit of the configuration holds, and is named."""
    document: JsonValue = {"steps": [step("one"), step("two"), step("three")]}
    with pytest.raises(PlanInvalid, match="At most 2"):
        plan_of(document, TOOLS, limits=Limits(steps=2))
    assert plan_of(document, TOOLS, limits=Limits(steps=3))


def test_unknown_keys_are_refused() -> None:
    """A key that would silently do nothing is a problem, in the plan and in a step."""
    with pytest.raises(PlanInvalid) as caught:
        plan_of({"steps": [step("one", timeout=5)], "title": "mine"}, TOOLS)
    assert [item.path for item in caught.value.problems] == ["title", "steps[0].timeout"]


def test_an_unreadable_step_does_not_make_others_wrong() -> None:
    """A later step may name it: one mistake is one problem."""
    assert problem(step("one", timeout=5), step("two", arguments=taking("one.a"))).path == "steps[0].timeout"


# Repair


def test_what_was_plainly_meant_is_taken_and_noted() -> None:
    """A near-miss name and a scalar in another type cost no second call; the notes say what was changed."""
    made = plan(
        step("one", "Weather.Forecast", arguments={"city": 5, "days": "3", "places": [{"lat": "1.5"}]}),
        step("two", "forecast", arguments={"city": {"$from": "one.x"}, "days": "4"}),
    )
    assert [item.tool.qualified for item in made.steps] == [FORECAST, FORECAST]
    assert made.steps[0].arguments.as_json() == {"city": "5", "days": 3, "places": [{"lat": 1.5}]}
    assert made.steps[1].arguments.as_json() == {"city": {"$from": "one.x"}, "days": 4}
    assert len(made.notes) == 6
    assert all(note.startswith(("steps[0].", "steps[1].")) for note in made.notes)


def test_a_repair_does_not_hide_what_it_cannot_mend() -> None:
    """The rest is told as ever."""
    assert problem(step("one", "forecast", arguments={"city": 5, "days": "30"})).path == "steps[0].arguments.days"


# The result


def test_a_result_may_use_every_step_and_the_inputs() -> None:
    """It is read when all is over, with the ids that the steps got."""
    document: JsonValue = {"steps": [step("Orders"), step("two")], "result": {"$from": "[Orders.x, two, inputs.y]"}}
    made = plan_of(document, TOOLS)
    assert made.result is not None
    assert made.result.source == "[orders.x, two, inputs.y]"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("ordres.x", "Did you mean 'orders'?"),
        ("item", "'item' is no step"),
        ("orders.", "in `orders.`"),
        (["orders"], "is not an expression"),
    ],
)
def test_a_result_that_cannot_be_read_is_a_problem(result: JsonValue, words: str) -> None:
    """It is found before anything runs."""
    with pytest.raises(PlanInvalid) as caught:
        plan_of({"steps": [step("orders")], "result": result}, TOOLS)
    (found,) = caught.value.problems
    assert found.path == "result"
    assert words in str(found)


def test_a_result_is_not_blamed_for_steps_that_are_missing() -> None:
    """Too many steps are one problem."""
    with pytest.raises(PlanInvalid) as caught:
        plan_of({"steps": [step("one"), step("two")], "result": "one.x"}, TOOLS, limits=Limits(steps=1))
    assert [item.path for item in caught.value.problems] == ["steps"]


# Ids


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("Orders", "orders"),
        ("get-orders", "get_orders"),
        ("from", "from_2"),
        ("len", "len_2"),
        ("2nd", "s_2nd"),
        ("inputs", "inputs_2"),
        ("x" * 40, "x" * 28),
    ],
)
def test_an_id_that_expressions_cannot_hold_is_renamed_with_its_references(written: str, used: str) -> None:
    """Everything that named the step still does, and a note says so."""
    made = plan(
        step(written),
        step(
            "two",
            when=f"{written}.ok",
            for_each=f"[x for x in {written}.list if x]",
            arguments={"a": [{"$from": f"{written}.a + item"}], "b": written, "c": {"$raw": {"$from": written}}},
            after=[written],
        ),
    )
    first, second = made.steps
    assert first.id == used
    assert second.when is not None
    assert second.for_each is not None
    assert (second.when.source, second.for_each.source) == (f"{used}.ok", f"[x for x in {used}.list if x]")
    assert second.arguments.as_json() == {
        "a": [{"$from": f"{used}.a + item"}],
        "b": written,
        "c": {"$raw": {"$from": written}},
    }
    assert second.after == (used,)
    assert [(wait.step, wait.why) for wait in second.waits] == [(used, "data")]
    assert made.notes == (f"The step id {written!r} became {used!r}, so that expressions can name it.",)


def test_a_new_id_does_not_take_one_that_was_written() -> None:
    """Two ids that look alike stay two steps, each with its own references."""
    made = plan(step("Orders"), step("orders"), step("three", arguments=taking("[Orders.a, orders.a]")))
    assert [item.id for item in made.steps] == ["orders_2", "orders", "three"]
    assert made.steps[2].arguments.as_json() == taking("[orders_2.a, orders.a]")


def test_numbers_as_ids_change_no_number() -> None:
    """A model that numbers its steps does not have its conditions rewritten."""
    made = plan(step("1"), step("2", when="inputs.a > 1", arguments=taking("inputs.list[1]")))
    assert [item.id for item in made.steps] == ["s_1", "s_2"]
    assert made.steps[1].when is not None
    assert made.steps[1].when.source == "inputs.a > 1"
    assert made.steps[1].waits == ()


def test_item_stays_the_item_although_a_step_was_called_so() -> None:
    """In the arguments of a for_each step `item` is its item; everywhere else it is the step of that name."""
    made = plan(step("item"), step("two", when="item.ok", for_each="item.list", arguments=taking("item.id")))
    *_, second = made.steps
    assert second.as_json() == {
        "id": "two",
        "tool": "a__x",
        "when": "item_2.ok",
        "for_each": "item_2.list",
        "arguments": taking("item.id"),
    }


def test_a_new_id_that_would_mean_a_loop_variable_is_a_problem() -> None:
    """Better a sentence than an expression that reads something else."""
    assert problem(step("Orders"), step("two", when="[orders for orders in Orders]")).path == "steps[1].when"


# What a step waits for


@pytest.mark.parametrize(
    "part",
    [
        {"arguments": {"a": [{"b": {"$from": "one.c"}}]}},
        {"arguments": {"after": {"$from": "one.c"}}},
        {"arguments": {"$from": "one"}},
        {"when": "one"},
        {"for_each": "one"},
    ],
)
def test_a_step_waits_for_each_step_it_takes_data_from(part: dict[str, Any]) -> None:
    """Whatever the place of the expression and the name of the argument."""
    assert waits(step("one"), step("two", "b__x", **part)) == [("one", "data")]


def test_a_step_waits_for_what_after_names() -> None:
    """An order without data, written as a list or as one name."""
    assert waits(step("one"), step("two"), step("three", "b__x", after=["two"])) == [("two", "after")]
    assert waits(step("one"), step("two", "b__x", after="one")) == [("one", "after")]


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("a__x", "a__y", []),
        ("a__x", "a__write", [("one", "write order")]),
        ("a__write", "a__x", [("one", "write order")]),
        ("a__write", "a__post", [("one", "write order")]),
        ("a__drop", "a__x", [("one", "write order")]),
        ("a__x", "a__drop", [("one", "write order")]),
        ("a__write", "b__write", []),
        ("a__drop", "b__x", []),
    ],
)
def test_a_step_that_may_write_is_a_barrier_on_its_server(
    earlier: str, later: str, expected: list[tuple[str, str]]
) -> None:
    """Reads of a server overlap, servers do not wait for each other, and everything else keeps the plan's order."""
    assert waits(step("one", earlier), step("two", later)) == expected


def test_a_write_waits_for_the_steps_of_its_server_since_the_last() -> None:
    """One entry for each step, in plan order; what the last write waited for is not named again."""
    steps = [
        step("one"),
        step("other", "b__x"),
        step("two", "a__y"),
        step("three", "a__write"),
        step("four", "a__post"),
    ]
    assert waits(*steps[:4]) == [("one", "write order"), ("two", "write order")]
    assert waits(*steps) == [("three", "write order")]
    assert waits(*steps[:4], step("more"), steps[4]) == [("three", "write order"), ("more", "write order")]


def test_data_counts_over_after_and_after_over_write_order() -> None:
    """A step that is waited for several times over is told once, with the strongest reason."""
    one = step("one", "a__write")
    assert waits(one, step("two", "a__post", after=["one"], when="one")) == [("one", "data")]
    assert waits(one, step("two", "a__post", after=["one"])) == [("one", "after")]
    assert waits(one, step("two", "a__post")) == [("one", "write order")]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (step("one", "a__write", independent=True), step("two", "a__post")),
        (step("one", "a__write"), step("two", "a__post", independent=True)),
        (step("one", "a__write"), step("two", "a__x", independent=True)),
    ],
)
def test_an_independent_step_keeps_no_write_order(one: StepJson, two: StepJson) -> None:
    """A host or a person may lift it, on either side."""
    assert waits(one, two) == []


def test_independent_lifts_neither_data_nor_after() -> None:
    """Only the order among the calls of a server is in question."""
    one = step("one", "a__write")
    assert waits(one, step("two", "a__post", independent=True, when="one")) == [("one", "data")]
    assert waits(one, step("two", "a__post", independent=True, after="one")) == [("one", "after")]


def test_independent_is_not_taken_from_the_model() -> None:
    """The router's plan keeps the write order, and a note says that the wish was passed over."""
    made = plan(step("one", "a__write"), step("two", "a__post", independent=True), by_model=True)
    assert [(wait.step, wait.why) for wait in made.steps[1].waits] == [("one", "write order")]
    assert not made.steps[1].independent
    (note,) = made.notes
    assert "'two'" in note
    assert "only a host or a person" in note


def test_a_destructive_step_is_never_independent() -> None:
    """A host is told to leave it out; from a model it is passed over like any other."""
    found = problem(step("one", "a__drop", independent=True))
    assert (found.path, found.cure) == ("steps[0].independent", "Leave `independent` out.")
    assert "a__drop is destructive" in found.message
    made = plan(step("one", "a__write"), step("two", "a__drop", independent=True), by_model=True)
    assert [wait.why for wait in made.steps[1].waits] == ["write order"]


# Types, depth and sizes.

TYPED = registry(
    tool(
        "list__users",
        output_schema={
            "type": "object",
            "properties": {
                "users": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
                        "additionalProperties": False,
                    },
                }
            },
            "additionalProperties": False,
        },
    ),
    tool("user__get", input_schema={"type": "object", "properties": {"id": {"type": "integer"}}}),
)


@pytest.mark.parametrize(
    ("part", "path", "message"),
    [
        ({"arguments": {"id": {"$from": "u.user[0].id"}}}, "steps[1].arguments.id", "`u` has no 'user'."),
        ({"arguments": {"id": {"$from": "u.users[0].name"}}}, "steps[1].arguments.id", "is of type string"),
        ({"when": "len(u.usrs) > 0"}, "steps[1].when", "`u` has no 'usrs'."),
        ({"for_each": "u.users.id"}, "steps[1].for_each", "`u.users` is a list"),
        (
            {"for_each": "u.users", "arguments": {"id": {"$from": "item.name"}}},
            "steps[1].arguments.id",
            "`item.name` is of type string, but integer is wanted here.",
        ),
    ],
)
def test_expressions_are_held_against_output_schemas(part: dict[str, JsonValue], path: str, message: str) -> None:
    """What an earlier step cannot give, or this one cannot take, is told before anything runs."""
    steps: list[JsonValue] = [{"id": "u", "tool": "list__users"}, {"id": "g", "tool": "user__get", **part}]
    with pytest.raises(PlanInvalid) as raised:
        plan_of({"steps": steps}, TYPED)
    (found,) = raised.value.problems
    assert found.path == path
    assert message in found.message
    assert found.cure


def test_results_of_a_loop_are_a_list() -> None:
    """The value of a for_each step is a list of its tool's results, and so are the types."""
    loop: dict[str, JsonValue] = {"id": "u", "tool": "list__users", "for_each": "[1, 2]"}
    good: dict[str, JsonValue] = {"id": "g", "tool": "user__get", "arguments": {"id": {"$from": "u[0].users[0].id"}}}
    assert plan_of({"steps": [loop, good]}, TYPED)
    bad: dict[str, JsonValue] = {"id": "g", "tool": "user__get", "arguments": {"id": {"$from": "u.users[0].id"}}}
    with pytest.raises(PlanInvalid, match="`u` is a list"):
        plan_of({"steps": [loop, bad]}, TYPED)


def test_a_chain_that_is_too_long_is_refused() -> None:
    """The limit of depth counts steps that wait for each other, not steps that stand side by side."""
    chain: list[JsonValue] = [
        {"id": f"s{number}", "tool": "user__get", "after": [f"s{number - 1}"] if number else []} for number in range(4)
    ]
    assert plan_of({"steps": chain}, TYPED, limits=Limits(depth=4))
    with pytest.raises(PlanInvalid, match="a chain of 4 steps, 3 are allowed"):
        plan_of({"steps": chain}, TYPED, limits=Limits(depth=3))
    side_by_side: list[JsonValue] = [{"id": f"s{number}", "tool": "user__get"} for number in range(4)]
    assert plan_of({"steps": side_by_side}, TYPED, limits=Limits(depth=1))


def test_arguments_that_are_too_large_are_refused() -> None:
    """The limit counts bytes of the arguments of one step."""
    steps: JsonValue = {"steps": [{"tool": "user__get", "arguments": {"note": "é" * 50}}]}
    assert plan_of(steps, TYPED, limits=Limits(argument_bytes=111))
    with pytest.raises(PlanInvalid, match="more than 110 bytes"):
        plan_of(steps, TYPED, limits=Limits(argument_bytes=110))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("g.x + nobody", "'nobody' is no step."),
        ("g.", "cannot be read"),
        ("u.usrs", "`u` has no 'usrs'."),
        (["g"], "is not an expression."),
    ],
)
def test_a_result_is_checked_as_every_expression(result: JsonValue, message: str) -> None:
    """The plan's `result` may name all steps and the inputs, and nothing else."""
    steps: list[JsonValue] = [{"id": "u", "tool": "list__users"}, {"id": "g", "tool": "user__get"}]
    plan = plan_of({"steps": steps, "result": "[g, inputs.a, len(u.users)]"}, TYPED)
    assert plan.as_json()["result"] == "[g, inputs.a, len(u.users)]"
    with pytest.raises(PlanInvalid) as raised:
        plan_of({"steps": steps, "result": result}, TYPED)
    (found,) = raised.value.problems
    assert found.path == "result"
    assert message in found.message
