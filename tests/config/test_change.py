"""A change of a file, and how it is taken back."""

import json
from pathlib import Path

import pytest

from batonmcp.config.change import Change, make, take_back
from batonmcp.config.json_edit import remove_value, set_value
from batonmcp.core.errors import ConfigError

HOST = '\ufeff{\r\n  // mine\r\n  "s": {"a": 1, "b": {"c": 2}},\r\n  "theme": "dark",\r\n}\r\n'


def change(path: Path) -> Change:
    """Return a change of a host's file: one value goes, one comes, one becomes another."""
    data = path.read_bytes() if path.exists() else None
    before = after = (data or b"").decode()
    after = remove_value(after, ["s", "a"])
    after = set_value(after, ["s", "new"], {"x": 1})
    after = set_value(after, ["s", "b"], 3)
    return Change(path=path, data=data, before=before, after=after, places=(("s", "a"), ("s", "new"), ("s", "b")))


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host's file."""
    path = tmp_path / "host.json"
    path.write_bytes(HOST.encode())
    path.chmod(0o640)
    return path


def test_the_difference_is_told_as_people_read_it(host: Path) -> None:
    """It has the lines that change and two around them."""
    shown = change(host).diff().splitlines()
    assert shown[:2] == [f"--- {host}", f"+++ {host}"]
    assert '-  "s": {"a": 1, "b": {"c": 2}},' in shown
    assert '+  "s": {"b": 3, "new": {"x": 1}},' in shown
    assert "   // mine" in shown
    fresh = change(host.with_name("none.json"))
    assert fresh.diff().startswith("--- (no file yet)\n")
    assert bool(fresh)
    assert not Change(path=host, data=b"", before="x", after="x")


def test_secrets_are_not_in_its_words(host: Path) -> None:
    """What is logged by accident tells nothing."""
    assert "dark" not in repr(change(host))


def test_a_change_is_taken_back_to_the_byte(host: Path) -> None:
    """A file that is as we left it becomes what it was; the copy has done its duty."""
    made = make(change(host))
    assert made.copy
    assert made.copy.read_bytes() == HOST.encode()
    assert host.read_bytes() != HOST.encode()
    assert list(take_back(made)) == [f"{host} is what it was, to the byte."]
    assert host.read_bytes() == HOST.encode()
    assert host.stat().st_mode & 0o777 == 0o640
    assert list(host.parent.iterdir()) == [host]


def test_a_file_that_was_new_goes_again(tmp_path: Path) -> None:
    """What was not there before is removed; where it is a link, the file behind it."""
    path = tmp_path / "new.json"
    assert list(take_back(make(change(path)))) == [f"{path} was removed: it was not there before."]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "link.json").symlink_to(path)
    made = make(change(tmp_path / "link.json"))
    assert path.exists()
    list(take_back(made))
    assert [found.name for found in tmp_path.iterdir()] == ["link.json"]


def test_what_others_edited_since_stays(host: Path) -> None:
    """Only what we changed is changed back; the rest of the file is as its editor left it."""
    made = make(change(host))
    edited = set_value(set_value(host.read_bytes().decode(), ["theme"], "light"), ["s", "other"], {})
    host.write_bytes(edited.encode())
    (said,) = take_back(made)
    assert said == f"{host} was changed since; taken back there: s.a, s.new, s.b."
    assert host.read_bytes().decode() == (
        '\ufeff{\r\n  // mine\r\n  "s": {"b": {"c": 2}, "other": {}, "a": 1},\r\n  "theme": "light",\r\n}\r\n'
    )
    assert made.copy
    assert made.copy.exists()


def test_what_others_made_of_ours_stays(host: Path) -> None:
    """A value that is no longer what we left there is left alone, and that is said."""
    made = make(change(host))
    edited = set_value(set_value(host.read_bytes().decode(), ["s", "new", "x"], 2), ["s", "a"], "again")
    host.write_bytes(edited.encode())
    said = list(take_back(made))
    assert said == [
        f"{host}: s.a was changed since, so it was left as it is.",
        f"{host}: s.new was changed since, so it was left as it is.",
        f"{host} was changed since; taken back there: s.b.",
    ]
    assert json.loads(host.read_bytes().decode("utf-8-sig").replace("// mine", "").replace('"dark",', '"dark"')) == {
        "s": {"b": {"c": 2}, "new": {"x": 2}, "a": "again"},
        "theme": "dark",
    }


def test_a_new_file_that_others_edited(tmp_path: Path) -> None:
    """It stays, without what we put there."""
    path = tmp_path / "new.json"
    made = make(change(path))
    path.write_text(set_value(path.read_text(), ["mine"], 1))
    (said,) = take_back(made)
    assert said == f"{path} was changed since; taken back there: s.a, s.new, s.b."
    assert json.loads(path.read_text()) == {"s": {}, "mine": 1}


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    """One that was edited since is left alone."""
    path = tmp_path / "secrets.env"
    path.write_text("A=1\n")
    made = make(Change(path=path, data=b"A=1\n", before="A=1\n", after="A=1\nB=2\n"))
    path.write_text("A=1\nB=2\nC=3\n")
    assert list(take_back(made)) == [f"{path} was changed since, so it was left as it is."]
    assert path.read_text() == "A=1\nB=2\nC=3\n"


def test_a_file_that_has_gone(host: Path) -> None:
    """There is nothing to take back."""
    made = make(change(host))
    host.unlink()
    assert list(take_back(made)) == [f"{host} has gone, so nothing was taken back there."]
    assert not host.exists()


def test_what_cannot_be_taken_back(host: Path) -> None:
    """A file that is broken by now, or a copy that has gone, is an error, and the file stays."""
    made = make(change(host))
    edited = set_value(host.read_bytes().decode(), ["theme"], "light").encode()
    host.write_bytes(edited[:-4])
    with pytest.raises(ConfigError, match=r"host\.json:\d+:\d+: is not JSON here"):
        list(take_back(made))
    host.write_bytes(edited)
    assert made.copy
    made.copy.unlink()
    with pytest.raises(ConfigError, match=r"the copy of what the file was has gone"):
        list(take_back(made))
    assert host.read_bytes() == edited
