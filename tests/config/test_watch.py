"""Changes of the configuration while we run."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from batonmcp.config.load import load
from batonmcp.config.settings import Settings, StdioServer
from batonmcp.config.watch import INTERVAL_S, changes

pytestmark = pytest.mark.anyio

TIME_S = 30.0
Edit = Callable[[], object]


class Over(Exception):
    """The edits of a test have come to their end."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration with one server."""
    path = tmp_path / "servers.json"
    path.write_text(written("a"))
    return path


def written(*names: str, **entry: Any) -> str:  # noqa: ANN401 - JSON
    """Return the text of a configuration with servers of these names."""
    return json.dumps({"mcpServers": {name: {"command": "x", **entry} for name in names}})


def nothing() -> None:
    """Make no edit: only time goes by."""


async def told(path: Path, edits: Sequence[Edit]) -> list[Settings | str]:
    """Make one edit before each look at the files, and return what the watcher told, errors as their sentences."""
    left = iter(edits)
    found: list[Settings | str] = []

    async def sleep(seconds: float) -> None:
        assert seconds == INTERVAL_S
        edit = next(left, None)
        if edit is None:
            raise Over
        edit()
        await anyio.lowlevel.checkpoint()

    with anyio.fail_after(TIME_S), suppress(Over):
        async for news in changes(load(path, {}), {}, sleep=sleep):
            found.append(news if isinstance(news, Settings) else str(news))  # noqa: PERF401 - all that came before `Over`
    assert next(left, None) is None
    return found


def names(news: Settings | str) -> list[str]:
    """Return the servers of settings."""
    assert isinstance(news, Settings)
    return [server.name for server in news.servers]


async def test_nothing_is_told_while_nothing_changes(path: Path) -> None:
    """Files that stay, or are only touched, are no news."""
    assert await told(path, [nothing] * 5 + [path.touch] + [nothing] * 3) == []


async def test_change_is_told_once(path: Path) -> None:
    """New settings come once, after one more look at the file."""
    (news,) = await told(path, [nothing, nothing, lambda: path.write_text(written("a", "b")), *[nothing] * 4])
    assert names(news) == ["a", "b"]


async def test_edit_before_the_first_look_is_seen(path: Path) -> None:
    """What changed between the start and the first look is not taken for what was read."""
    (news,) = await told(path, [lambda: path.write_text(written("b")), nothing])
    assert names(news) == ["b"]


async def test_other_words_for_the_same_are_no_news(path: Path) -> None:
    """Comments and order of keys change nothing."""
    edit = f"// mine\n{written('a')}"
    assert await told(path, [nothing, nothing, lambda: path.write_text(edit), nothing, nothing]) == []


async def test_half_written_file_is_not_read(path: Path) -> None:
    """While the file grows from look to look, nobody hears of an error."""
    text = written("a", "b", "c")
    growing = [lambda end=end: path.write_text(text[:end]) for end in (10, 20, 30, len(text))]
    (news,) = await told(path, [nothing, nothing, *growing, nothing, nothing])
    assert names(news) == ["a", "b", "c"]


async def test_replaced_file_is_seen(path: Path) -> None:
    """An editor that writes a new file and puts it in the place of the old one is followed, age and size alike."""

    def replace() -> None:
        status, fresh = path.stat(), path.with_name("new")
        fresh.write_text(written("b"))
        os.utime(fresh, ns=(status.st_atime_ns, status.st_mtime_ns))
        fresh.replace(path)

    (news,) = await told(path, [nothing, nothing, replace, nothing, nothing])
    assert names(news) == ["b"]


async def test_broken_edit_is_told_once_and_mended(path: Path) -> None:
    """An error comes with its place; the same again is no news; the way back to what was is."""
    edits = [lambda: path.write_text("{\n oops"), nothing, nothing, path.touch, nothing, nothing]
    edits += [lambda: path.write_text('{"batonmcp": 7}'), nothing, lambda: path.write_text(written("a")), nothing]
    broken, other, mended = await told(path, [nothing, nothing, *edits])
    assert isinstance(broken, str)
    assert broken.startswith(f"{path}:2:2: is not JSON here")
    assert other == f"{path}: batonmcp: it should be an object. See the README for its form."
    assert mended == load(path, {})


async def test_removed_file_is_told_and_watched_for(path: Path) -> None:
    """A file that has gone is an error, unless it is only being replaced; that it is back is news."""
    gone, back = await told(
        path, [nothing, path.unlink, nothing, nothing, lambda: path.write_text(written("a")), nothing]
    )
    assert isinstance(gone, str)
    assert "cannot be read (No such file or directory)" in gone
    assert names(back) == ["a"]

    def soon_back() -> None:
        path.write_text(written("a"))

    assert await told(path, [nothing, nothing, path.unlink, soon_back, nothing, nothing]) == []


async def test_files_that_it_names_are_watched(path: Path) -> None:
    """A file of variables counts from the moment it is named, and before it exists."""
    env_file = path.with_name("a.env")
    edits: list[Edit] = [
        lambda: path.write_text(written("a", envFile="a.env")),
        nothing,
        lambda: env_file.write_text("A=1"),
        nothing,
        lambda: env_file.write_text("A=2"),
        nothing,
    ]
    named, there, other = await told(path, [nothing, nothing, *edits])
    assert isinstance(named, Settings)
    assert "which does not exist" in (named.servers[0].trouble or "")
    for news, value in ((there, "1"), (other, "2")):
        assert isinstance(news, Settings)
        assert news.servers[0].transport == StdioServer(command="x", env={"A": value})


async def test_secrets_are_watched_with_their_mode(path: Path) -> None:
    """A secrets.env that appears, and one that is made private as the warning asks, are taken up without a restart."""
    named = written("a", args=["${A_KEY}"])
    secrets = path.with_name("secrets.env")

    def write() -> None:
        secrets.write_text("A_KEY=k")
        secrets.chmod(0o644)

    edits = [lambda: path.write_text(named), nothing, write, nothing, lambda: secrets.chmod(0o600), nothing]
    unset, open_to_all, private = await told(path, [nothing, nothing, *edits])
    assert isinstance(unset, Settings)
    assert "the variable A_KEY that mcpServers.a names is not set" in (unset.servers[0].trouble or "")
    assert isinstance(open_to_all, Settings)
    assert f"chmod 600 {secrets}" in open_to_all.warnings[-1]
    assert isinstance(private, Settings)
    assert private.servers[0].transport == StdioServer(command="x", args=("k",))
