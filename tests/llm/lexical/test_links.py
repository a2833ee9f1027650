"""Tests of `batonmcp.llm.lexical.links`."""

from typing import Any

from batonmcp.core.effect import EffectKind
from batonmcp.llm.lexical.bm25 import Index
from batonmcp.llm.lexical.clauses import Tie
from batonmcp.llm.lexical.fits import Fit, fits_of
from batonmcp.llm.lexical.links import link_of
from batonmcp.llm.lexical.shapes import shape_of
from batonmcp.llm.lexical.tokens import tokens_of
from batonmcp.llm.lexical.wiring import Source
from builders import registry, tool

_TEXT = {"type": "string"}
_PAIRS = {
    "type": "array",
    "items": {"type": "object", "properties": {"tree": _TEXT, "bed": _TEXT}, "required": ["tree", "bed"]},
}


def _fit(*required: str, effect: EffectKind = "read", optional: tuple[str, ...] = ()) -> Fit:
    schema = {"properties": dict.fromkeys((*required, *optional), _TEXT), "required": list(required)}
    (fit,) = fits_of(tokens_of("prune it"), Index(registry(tool("a__prune", effect=effect, input_schema=schema))))
    return fit


def _source(**properties: dict[str, Any]) -> Source:
    document = {"type": "object", "properties": properties, "required": list(properties)}
    return Source(step="s1", result=shape_of(document, document), many=False, words=frozenset())


def test_missing_parameters_are_wired() -> None:
    """What the query does not give comes from the earlier step."""
    link = link_of(_fit("tree"), Tie(order=True), [_source(tree=_TEXT)])
    assert (link.values, link.for_each, link.steps) == ({"tree": "s1.tree"}, None, {"s1"})
    assert link.covers(["tree"])
    assert not link.covers(["bed"])


def test_parameters_from_one_list_stay_together() -> None:
    """Two values of one item belong to one call."""
    link = link_of(_fit("tree", "bed"), Tie(back=True), [_source(pairs=_PAIRS)])
    assert link.for_each == "[a for a in s1.pairs]"
    assert link.values == {"tree": "item.tree", "bed": "item.bed"}


def test_one_optional_text_is_wired_if_none_is_required() -> None:
    """A tool that can do without is still told what is meant."""
    link = link_of(_fit(optional=("tree", "bed")), Tie(order=True), [_source(tree=_TEXT, bed=_TEXT)])
    assert link.values == {"tree": "s1.tree"}


def test_a_condition_is_about_the_source() -> None:
    """`if any` looks at the list that the data comes from; `if none` takes no data."""
    link = link_of(_fit("tree"), Tie(back=True, condition="some"), [_source(pairs=_PAIRS)])
    assert link.when == "len(s1.pairs) > 0"
    link = link_of(_fit(), Tie(back=True, condition="none"), [_source(pairs=_PAIRS)])
    assert (link.when, link.values) == ("s1 != null and not (len(s1.pairs) > 0)", {})


def test_a_change_is_made_for_all_items_only_where_all_are_meant() -> None:
    """`list x, then delete x` does not delete every x."""
    source = _source(pairs=_PAIRS)
    assert not link_of(_fit("tree", effect="write"), Tie(order=True), [source]).values
    assert not link_of(_fit("tree", effect="write"), Tie(back=True, condition="some"), [source]).values
    assert link_of(_fit("tree", effect="write"), Tie(each=True), [source]).for_each
    assert link_of(_fit("tree", effect="write"), Tie(order=True, back=True), [source]).for_each


def test_without_sources_there_is_no_link() -> None:
    """Nothing comes from nowhere."""
    assert not link_of(_fit("tree"), Tie(), []).steps
