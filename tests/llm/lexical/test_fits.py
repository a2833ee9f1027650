"""Tests of `batonmcp.llm.lexical.fits`."""

from batonmcp.core.registry import Registry
from batonmcp.llm.lexical.bm25 import Index
from batonmcp.llm.lexical.fits import Fit, completed, fits_of, knows, refit
from batonmcp.llm.lexical.tokens import tokens_of
from builders import registry, tool

_CITY = {"properties": {"city": {"type": "string"}}, "required": ["city"]}
_GARDEN = registry(
    tool("garden__get_roses", description="Lists the roses that grow."),
    tool("garden__prune_roses", effect="destructive", description="Cuts roses."),
    tool("sky__get_weather", description="Tells the weather.", input_schema=_CITY),
)


def _fits(query: str, tools: Registry = _GARDEN) -> list[Fit]:
    return fits_of(tokens_of(query), Index(tools))


def _names(query: str, tools: Registry = _GARDEN) -> list[str]:
    return [fit.profile.tool.qualified for fit in _fits(query, tools)]


def test_the_tool_that_knows_the_words_fits() -> None:
    """Words of the definition make a fit, others none."""
    assert _names("show the roses") == ["garden__get_roses"]
    assert _names("What is the meaning of life?") == []
    assert _names("hello") == []


def test_too_little_known_is_no_fit() -> None:
    """A tool must know a good share of what is said, values aside."""
    assert _names("roses for the submarine captain's birthday party") == []
    assert _names("weather in Rome") == ["sky__get_weather"]


def test_one_word_of_a_description_is_too_little_beside_a_guessed_value() -> None:
    """A phrase is a value only where something else speaks for the tool."""
    tools = registry(tool("a__next", description="The meaning is clear.", input_schema=_CITY))
    assert _names("meaning of life", tools) == []


def test_unused_words_are_told() -> None:
    """What a tool makes nothing of is not lost."""
    (fit,) = _fits("roses of Persia /srv")
    assert [token.text for token in fit.unused] == ["Persia", "/srv"]


def test_a_change_needs_its_verb_and_is_not_replaced_by_reading() -> None:
    """The tool that makes the change is the only one that fits where it is asked for."""
    assert _names("prune the roses") == ["garden__prune_roses"]
    assert _names("show me the roses") == ["garden__get_roses"]
    assert [fit.profile.tool.name for fit in fits_of(tokens_of("cut roses"), Index(_GARDEN), guarded=False)] != []


def test_a_name_wins() -> None:
    """Who names a tool wants that tool."""
    assert _names("garden__get_roses with weather") == ["garden__get_roses"]
    assert _names("get_weather and roses") == ["sky__get_weather"]
    assert _names("use prune_roses on the weather") == ["garden__prune_roses"]


def test_a_name_in_passing_does_not_call_a_tool_that_changes_something() -> None:
    """Neither a question about it nor a quoted text asks for it."""
    assert "garden__prune_roses" not in _names("what does prune_roses do?")
    assert "garden__prune_roses" not in _names("weather of 'prune_roses'")


def test_not_is_heard() -> None:
    """`not x` is `unx` where a tool has that."""
    tools = registry(tool("a__list_unread"), tool("a__list_read"))
    assert _names("list what is not read", tools)[0] == "a__list_unread"


def test_completed_takes_only_sure_values_from_elsewhere() -> None:
    """What the clause lacks may stand in another, but no phrase is taken from there."""
    path = {"properties": {"path": {"type": "string"}}, "required": ["path"]}
    index = Index(registry(tool("a__get_roses", input_schema=path)))
    (fit,) = fits_of(tokens_of("roses"), index)
    assert completed(fit, tokens_of("roses and x in /srv"), index).filled.arguments == {"path": "/srv"}
    assert completed(fit, tokens_of("roses and x in Rome"), index).filled.missing == ("path",)
    (fit,) = fits_of(tokens_of("roses /a"), index)
    assert completed(fit, tokens_of("/b"), index) is fit


def test_refit_keeps_the_tool() -> None:
    """Other words, the same tool."""
    index = Index(_GARDEN)
    (fit,) = fits_of(tokens_of("weather in Rome"), index)
    assert refit(fit, tokens_of("weather in Oslo"), index).filled.arguments == {"city": "Oslo"}


def test_knows() -> None:
    """A tool knows its words, and what abbreviates them."""
    index = Index(_GARDEN)
    profile = index.profiles["sky__get_weather"]
    assert knows(profile, tokens_of("weath")[0], index)
    assert not knows(profile, tokens_of("roses")[0], index)
