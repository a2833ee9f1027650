"""The page docs/benchmarks.md: what a benchmark says about itself there, and how it puts it there."""

import argparse
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["PAGE", "assumptions", "machine", "met", "parser", "publish", "replaced", "table"]

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def parser(description: str, *, quick: bool = True) -> argparse.ArgumentParser:
    """Return a parser of what every benchmark understands."""
    made = argparse.ArgumentParser(description=description)
    if quick:
        made.add_argument("--quick", action="store_true", help="a smoke run: few and small")
    made.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return made


def assumptions(*scripts: str | Path) -> str:
    """Return the assumptions of these scripts, word for word, as a block of code."""
    sources = [Path(script).read_text(encoding="utf-8") for script in scripts]
    parts = [source[source.index("# Assumptions") : source.index("# End of the ass")] for source in sources]
    text = "\n".join(parts)
    return f"```python\n{text}```"


def machine() -> str:
    """Say what was measured with."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


def met(*, met: bool) -> str:
    """Say whether a goal is met."""
    return "yes" if met else "**no**"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table: words on the left, numbers on the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(script: str, text: str, *, write: bool) -> None:
    """Print what a script has measured; if asked to, put it between the script's two marks on the page as well."""
    print(text)
    if write:
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), script, text), encoding="utf-8")


def replaced(page: str, script: str, text: str) -> str:
    """Return a page with this text between the two marks of a script.

    Raises:
        ValueError: The marks are not there, once each and in this order.
    """
    begin, end = f"<!-- written by {script} -->", f"<!-- end of {script} -->"
    before, began, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (began and ended) or page.count(begin) + page.count(end) != 2:  # noqa: PLR2004 - two marks
        message = f"Put the line {begin!r} into {PAGE}, once, and below it {end!r}: what {script} writes goes between."
        raise ValueError(message)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"
