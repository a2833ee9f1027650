"""The writing of a file that is somebody else's."""

import resource
import stat
import threading
from pathlib import Path

import pytest

from batonmcp.config.rewrite import decoded, restore, rewrite
from batonmcp.core.errors import ConfigError


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_old_file_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    """The copy has the old bytes, the time in its name, and is its owner's alone; each time there is another."""
    path = tmp_path / "host.json"
    path.write_bytes(b"{}\r\n")
    path.chmod(0o644)
    first = rewrite(path, "1", keep=True)
    second = rewrite(path, "2", keep=True)
    assert first
    assert second
    assert first != second
    assert (first.read_bytes(), second.read_bytes(), path.read_bytes()) == (b"{}\r\n", b"1", b"2")
    assert first.name.startswith("host.json.2")
    assert first.name.endswith(".bak")
    assert (mode(first), mode(second), mode(path)) == (0o600, 0o600, 0o644)
    assert sorted(tmp_path.iterdir()) == sorted([first, second, path])


def test_a_new_file(tmp_path: Path) -> None:
    """Its folders are made; there is nothing to keep, and it is its owner's alone unless said otherwise."""
    path = tmp_path / "a" / "b" / "host.json"
    assert rewrite(path, "é", keep=True) is None
    assert path.read_bytes() == "é".encode()
    assert mode(path) == 0o600
    other = tmp_path / "other.json"
    rewrite(other, "", keep=True, mode=0o644)
    assert mode(other) == 0o644


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that a link names is written, wherever it is; the copy stands beside the link."""
    real = tmp_path / "dotfiles" / "host.json"
    real.parent.mkdir()
    real.write_text("old")
    link = tmp_path / "host.json"
    link.symlink_to(Path("dotfiles") / "host.json")
    copy = rewrite(link, "new", keep=True)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert copy
    assert copy.parent == tmp_path


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"], ids=["none", "8", "16-le", "16-be"])
def test_the_encoding_stays(mark: bytes, tmp_path: Path) -> None:
    """What is read with its byte order mark is written with it."""
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, "utf-8")
    path = tmp_path / "host.json"
    path.write_bytes(mark + '{"é": "1"}\r\n'.encode(encoding))
    text = decoded(path.read_bytes(), path)
    rewrite(path, text.replace("1", "2"), keep=False)
    assert path.read_bytes() == mark + '{"é": "2"}\r\n'.encode(encoding)


def test_what_is_no_text(tmp_path: Path) -> None:
    """It is not guessed at."""
    with pytest.raises(ConfigError, match=r"host\.json: is not UTF-8 text\. Save it as UTF-8\."):
        decoded(b"{\xff}", tmp_path / "host.json")


@pytest.mark.parametrize(("before", "now"), [(b"{}", b"{ }"), (b"", b"{}"), (b"{}", None)])
def test_an_edit_that_came_between(before: bytes, now: bytes | None, tmp_path: Path) -> None:
    """A file that is no longer what the new text was made of is left alone."""
    path = tmp_path / "host.json"
    if now is not None:
        path.write_bytes(now)
    with pytest.raises(ConfigError, match=r"host\.json: was changed by somebody else meanwhile; nothing was written"):
        rewrite(path, "new", keep=True, was=before)
    assert (path.read_bytes() if path.exists() else None) == now
    assert len(list(tmp_path.iterdir())) == (now is not None)


@pytest.mark.parametrize(("before", "now"), [(b"{}", b"{}"), (b"", None), (b"", b"")])
def test_no_edit_came_between(before: bytes, now: bytes | None, tmp_path: Path) -> None:
    """A file that is missing is as good as an empty one."""
    path = tmp_path / "host.json"
    if now is not None:
        path.write_bytes(now)
    rewrite(path, "new", keep=False, was=before)
    assert path.read_text() == "new"


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """Whoever reads while the file is written anew and anew sees one of the texts as a whole."""
    path = tmp_path / "host.json"
    texts = {str(digit) * 300_000 for digit in range(3)}
    rewrite(path, max(texts), keep=False)
    over = threading.Event()
    wrong: list[str] = []

    def watch() -> None:
        while not over.is_set():
            wrong.extend({path.read_text()} - texts)

    reader = threading.Thread(target=watch)
    reader.start()
    for text in [*texts] * 20:
        rewrite(path, text, keep=False)
    over.set()
    reader.join()
    assert not wrong


def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    """It is respected although its folder would let it be replaced; there is no copy, and nothing half done."""
    path = tmp_path / "host.json"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(ConfigError, match=r"cannot be written \(Permission denied\); it is as it was\. Check the perm"):
        rewrite(path, "new", keep=True)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    """A folder in the place of the file, or a file in the place of its folder."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "host.json"):
        with pytest.raises(ConfigError, match=r"cannot be (read|written) \("):
            rewrite(path, "new", keep=True)


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    """The file stays as it was, and nothing half written stays beside it."""
    path = tmp_path / "host.json"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(ConfigError, match=r"cannot be written \(File too large\); it is as it was"):
            rewrite(path, "x" * 2_000_000, keep=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_as_long_as_they_come(tmp_path: Path) -> None:
    """What is written beside the file for a moment has a name of its own."""
    path = tmp_path / ("x" * 255)
    path.write_text("old")
    rewrite(path, "new", keep=False)
    assert path.read_text() == "new"


def test_what_cannot_take_its_old_bytes(tmp_path: Path) -> None:
    """The reason is told, and what to do."""
    copy = tmp_path / "host.bak"
    copy.write_text("old")
    (tmp_path / "host.json").mkdir()
    with pytest.raises(ConfigError, match=r"host\.json: cannot be written \(Is a directory\)"):
        restore(tmp_path / "host.json", copy)


def test_a_file_gets_its_old_bytes_back(tmp_path: Path) -> None:
    """To the byte, with the permissions that it has."""
    path = tmp_path / "host.json"
    path.write_bytes(b"\xef\xbb\xbf{}\r\n")
    path.chmod(0o640)
    copy = rewrite(path, "new", keep=True)
    assert copy
    restore(path, copy)
    assert path.read_bytes() == b"\xef\xbb\xbf{}\r\n"
    assert mode(path) == 0o640


def test_a_copy_that_has_gone(tmp_path: Path) -> None:
    """Nothing is restored without it."""
    path = tmp_path / "host.json"
    path.write_text("new")
    with pytest.raises(ConfigError, match=r"host\.bak: the copy cannot be read"):
        restore(path, tmp_path / "host.bak")
    assert path.read_text() == "new"
