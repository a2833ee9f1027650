"""A change that a person is asked about before it is made."""

from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from batonmcp.cli.echo import Echo
from batonmcp.cli.proposal import accepted, make_all, remember, show
from batonmcp.config.change import Change, Made
from batonmcp.config.journal import Journal, Record
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import ConfigError

SECRET = "ghp_0123456789abcdefgh"  # noqa: S105 - made up


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """A change of a file with a secret in it."""
    path = tmp_path / "host.json"
    path.write_text(f"{SECRET}\n")
    return Change(path=path, data=path.read_bytes(), before=path.read_text(), after=f"{SECRET}\nnew\n")


def test_it_is_shown_without_secrets(change: Change, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines around a change may hold what must not be shown."""
    show([change], Echo(Discretion({SECRET})))
    shown = capsys.readouterr().out
    assert "+new" in shown
    assert " ***" in shown
    assert SECRET not in shown


@pytest.mark.anyio
@pytest.mark.parametrize(("yes", "decision"), [(True, True), (False, None)])
async def test_without_a_terminal_there_is_nobody(yes: bool, decision: bool | None) -> None:  # noqa: FBT001 - parameters of the test
    """What was said before counts, and else there is no decision."""
    assert await accepted("Sure?", yes=yes) is decision


def test_what_was_made_is_known_when_the_next_fails(change: Change, capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be taken back."""
    made: list[Made] = []
    stale = replace(change, data=b"other")
    with pytest.raises(ConfigError, match="was changed by somebody else meanwhile"):
        make_all([change, stale], made, Echo(Discretion()))
    assert [done.path for done in made] == [change.path]
    assert f"{change.path} is written; what it was is in {made[0].copy}." in capsys.readouterr().out


def test_what_cannot_be_remembered_is_said(change: Change, capsys: pytest.CaptureFixture[str]) -> None:
    """A journal that cannot be written is no reason to fail: the copy is there."""
    record = Record(what="install", file=change.path, made=())
    remember(record, Echo(Discretion()))
    assert Journal().last("install", change.path) == record
    assert capsys.readouterr().err == ""
    path = platformdirs.user_data_path("batonmcp") / "changes.json"
    path.chmod(0o400)
    remember(record, Echo(Discretion()))
    assert "--undo will not know of this, but the copies are there" in capsys.readouterr().err
