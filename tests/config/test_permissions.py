"""Who may read or change a file."""

from pathlib import Path

import pytest

from batonmcp.config.permissions import everybody_may_write, others_may_read


@pytest.mark.parametrize(
    ("mode", "readable", "writable"),
    [
        (0o600, False, False),
        (0o400, False, False),
        (0o640, True, False),
        (0o604, True, False),
        (0o620, True, False),
        (0o644, True, False),
        (0o664, True, False),
        (0o666, True, True),
        (0o602, True, True),
    ],
)
def test_mode_tells(tmp_path: Path, mode: int, *, readable: bool, writable: bool) -> None:
    """A group may change a file, as many systems have it; everybody may not, and nobody else may read a secret."""
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    assert (others_may_read(path), everybody_may_write(path)) == (readable, writable)


def test_file_that_has_gone_is_open_to_nobody(tmp_path: Path) -> None:
    """A file that an editor is just replacing is no error."""
    assert not others_may_read(tmp_path / "gone")
    assert not everybody_may_write(tmp_path / "gone")
