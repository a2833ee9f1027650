"""The rules of servers.json that no tool falls under."""

import pytest

from batonmcp.cli.unmatched import Offered, unmatched
from batonmcp.config.settings import Rule
from batonmcp.core.names import qualified_name

OFFERED: Offered = {
    "time": ["get_current_time", "convert_time"],
    "github": ["create_issue", "list_issues", "get_me"],
    "odd__one": ["get"],
}
ALIAS = qualified_name("odd__one", "get")


def told(*rules: Rule, offered: Offered = OFFERED) -> list[str]:
    """Return what is said of rules."""
    return [str(found) for found in unmatched(rules, offered)]


def ours(glob: str, place: str = "batonmcp.effects", *, also_plain: bool = False) -> Rule:
    """Return a rule about qualified names."""
    return Rule(place=place, glob=glob, also_plain=also_plain)


def of(server: str, glob: str, key: str = "deny") -> Rule:
    """Return a rule of a server's entry."""
    return Rule(place=f"mcpServers.{server}.{key}", glob=glob, server=server)


@pytest.mark.parametrize(
    "rule",
    [
        ours("time__*"),
        ours("*__get_*"),
        ours("github__get_me"),
        ours("*"),
        ours(ALIAS),
        ours("odd__one__get", also_plain=True),
        of("time", "get_*"),
        of("github", "?reate_issue", "allow"),
    ],
    ids=lambda rule: rule.glob,
)
def test_a_rule_that_matches_is_not_told(rule: Rule) -> None:
    """Whichever name it is matched against: a tool falls under it."""
    assert told(rule) == []


@pytest.mark.parametrize(
    ("rule", "near"),
    [
        (ours("tim__*"), "time__convert_time, time__get_current_time"),
        (ours("time__get_curent_time"), "time__get_current_time"),
        (ours("Github__Get_Me"), "github__get_me"),
        (ours("get_me"), "github__get_me"),
        (ours("*nt_tyme"), "time__get_current_time"),
        (ours("odd__one__get"), ALIAS),
        (of("github", "github__get_me"), "get_me"),
        (of("github", "list_isue*"), "list_issues"),
    ],
    ids=lambda value: getattr(value, "glob", None),
)
def test_the_nearest_names_are_told(rule: Rule, near: str) -> None:
    """They are told as the rule has to write them, whatever other name of a tool stands there."""
    who = f" of {rule.server}" if rule.server else ""
    assert told(rule) == [f'{rule.place}: "{rule.glob}" matches no tool{who}. Nearest: {near}.']


def test_a_rule_that_is_like_nothing() -> None:
    """Nothing is guessed then."""
    assert told(ours("xylophone__*")) == ['batonmcp.effects: "xylophone__*" matches no tool.']
    assert told(of("time", "xylophone"), offered={"time": []}) == [
        'mcpServers.time.deny: "xylophone" matches no tool of time.'
    ]


DOWN: Offered = {"time": ["now"], "docs": None, "mail": None}


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        (ours("docs__*"), "docs"),
        (ours("docs__get"), "docs"),
        (ours("*__delete_*"), "docs or mail"),
        (ours("d*"), "docs"),
        (of("mail", "send"), "mail"),
    ],
    ids=lambda value: getattr(value, "glob", None),
)
def test_a_server_that_is_down_may_have_the_tool(rule: Rule, who: str) -> None:
    """A rule about tools that nobody has listed is not called wrong."""
    assert told(rule, offered=DOWN) == [
        f'{rule.place}: "{rule.glob}" matches no tool that is known now; it may once {who} is connected.'
    ]


@pytest.mark.parametrize("rule", [ours("tme__now"), ours("docs"), of("time", "nwo")], ids=lambda rule: rule.glob)
def test_a_rule_about_another_server_is_wrong_all_the_same(rule: Rule) -> None:
    """What cannot be about a server that is down is judged by those that are up."""
    (said,) = told(rule, offered=DOWN)
    assert "may once" not in said


def test_a_server_whose_tools_have_aliases_may_have_any() -> None:
    """How its tools will be called cannot be told from its name."""
    assert "it may once odd__one is connected" in told(ours("x_1"), offered={"odd__one": None})[0]


def test_a_rule_as_data() -> None:
    """Programs get the parts."""
    (found,) = unmatched([ours("tim__now")], {"time": ["now"]})
    assert found.as_json() == {
        "place": "batonmcp.effects",
        "glob": "tim__now",
        "nearest": ["time__now"],
        "not_connected": [],
    }


def test_nothing_steers_the_terminal() -> None:
    """Names are strangers' words."""
    (said,) = told(ours("n\x1b[2Jow"), offered={"time": ["n\x1b[2Jo"]})
    assert "\x1b" not in said
