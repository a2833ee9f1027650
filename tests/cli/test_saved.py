"""What it means to a host that servers stand behind batonmcp."""

import json

from batonmcp.cli.saved import tokens_of_ours, tokens_of_tools, what_is_saved
from batonmcp.downstream.beside_tools import BesideTools
from builders import registry, tool


def test_tools_by_what_they_may_do() -> None:
    """Each kind that there is has a line, with its tools by their servers; long lists are cut."""
    many = [tool(f"z__t{number}") for number in range(11)]
    lines = list(what_is_saved(registry(*many, tool("a__get"), tool("a__drop", effect="destructive")), {}, "Host"))
    assert lines[1:3] == [
        "  read (12): a: get; z: t0, t1, t10, t2, t3, t4, t5, t6 and 3 more",
        "  destructive (1): a: drop",
    ]
    assert not any("write" in line for line in lines[1:])


def test_tokens_are_estimated_from_what_a_model_reads() -> None:
    """Name, description and schema of each tool, four characters a token."""
    big = registry(*(tool(f"a__t{number}", description="x" * 4_000) for number in range(10)))
    definition = {"name": "t0", "description": "x" * 4_000, "inputSchema": {"type": "object"}}
    assert tokens_of_tools(big) == 10 * (len(json.dumps(definition)) // 4)
    (line,) = [line for line in what_is_saved(big, {}, "Host") if "tokens" in line]
    before, after = tokens_of_tools(big), tokens_of_ours(["a"])
    assert f"about {before:,} tokens for these 10, about {after:,} for the one of batonmcp" in line
    assert f": about {before - after:,} saved (estimated as 4 characters of JSON a token)." in line


def test_no_saving_is_said_to_be_none() -> None:
    """One small tool is smaller than ours."""
    assert any("which is no saving" in line for line in what_is_saved(registry(tool("a__get")), {}, "Host"))


def test_what_is_no_longer_seen() -> None:
    """Prompts and resources are counted and named, without what could disturb a terminal; nothing is said of none."""
    beside = {
        "a": BesideTools(prompts=("one\x1b[31m",), resources=("x", "y")),
        "b": BesideTools(),
        "c": BesideTools(prompts=("p", "q"), resources=("r",)),
        "d": BesideTools(resources=("r",)),
    }
    assert list(what_is_saved(registry(tool("a__get")), beside, "Host"))[3:] == [
        "Host will no longer see of a: 1 prompt (one[31m) and 2 resources (x, y). batonmcp passes on tools only.",
        "Host will no longer see of c: 2 prompts (p, q) and 1 resource (r). batonmcp passes on tools only.",
        "Host will no longer see of d: 1 resource (r). batonmcp passes on tools only.",
    ]
