"""A part of what a run gave, by an expression."""

import pytest
from pydantic import JsonValue

from batonmcp.core.errors import BatonError
from batonmcp.stages.select import select

VALUES: dict[str, JsonValue] = {
    "trends": {"anomalies": [{"day": 1, "z": 3.5}, {"day": 4, "z": 2.0}]},
    "config": None,
    "rows": list(range(1_000)),
}
INPUTS: dict[str, JsonValue] = {"least": 3}


def selected(source: str) -> JsonValue:
    """Return a part of a run whose step `going` is not over, and of whose step `cut` only the beginning is kept."""
    values: dict[str, JsonValue] = {**VALUES, "going": None, "cut": {"preview": "[1, 2", "characters": 9_000}}
    return select(source, values, inputs=INPUTS, going=["going"], left_out=["cut"])


def refused(source: str) -> tuple[str, str]:
    """Return the kind and the sentence with which a selection is refused."""
    with pytest.raises(BatonError) as raised:
        selected(source)
    return raised.value.info.kind, str(raised.value)


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("trends", VALUES["trends"]),
        ("trends.anomalies[0].z", 3.5),
        ("[a.day for a in trends.anomalies if a.z > inputs.least]", [1]),
        ("rows[-3:]", [997, 998, 999]),
        ("{'n': len(rows), 'config': config}", {"n": 1_000, "config": None}),
        ("config", None),
        ("config.level", None),
        ("len(config)", 0),
        ("inputs", INPUTS),
        ("1 + 1", 2),
    ],
)
def test_parts(source: str, part: JsonValue) -> None:
    """Steps go by their ids, and what was passed in by `inputs`; a step that gave nothing is null."""
    assert selected(source) == part


def test_a_step_that_there_is_not() -> None:
    """A wrong name is told with the right ones."""
    assert refused("trend.anomalies") == (
        "unknown_step",
        "`trend` is no step of this run. Its steps are: trends, config, rows, going, cut.",
    )
    assert refused("item")[0] == "unknown_step"
    with pytest.raises(BatonError, match=r"Its steps are: none yet\."):
        select("trends", {}, inputs={})


def test_a_step_that_is_not_over() -> None:
    """What is not there yet is not null: it is said to wait for it."""
    assert refused("[going, trends]") == (
        "still_running",
        "Step `going` is not over yet. Call again with the run_id alone, which waits for it.",
    )


def test_a_step_of_which_the_whole_is_not_kept() -> None:
    """A preview is not mistaken for the value."""
    assert refused("cut.preview") == (
        "not_kept",
        (
            "Of what step `cut` gave only the beginning is kept now. "
            'Run it again; "store": {"results": "full"} in servers.json keeps all of it.'
        ),
    )


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        ("trends..x", "expression_invalid", "in `trends..x`: it cannot be read at column 8"),
        ("", "expression_invalid", "it is empty"),
        ("__import__('os')", "expression_invalid", "__import__"),
        ("rows.x.y", "expression_failed", "in `rows.x.y`"),
        ("1 / 0", "expression_failed", "in `1 / 0`"),
    ],
)
def test_an_expression_that_is_none(source: str, kind: str, said: str) -> None:
    """What cannot be read, or does not work over the values, is told with the place."""
    found, sentence = refused(source)
    assert found == kind
    assert said in sentence


def test_it_is_bounded() -> None:
    """A selection costs no more than an expression of a plan may."""
    kind, sentence = refused("[[[i * j * k for k in rows] for j in rows] for i in rows]")
    assert kind == "expression_failed"
    assert "steps" in sentence
