"""A JSON file that a person wrote."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.json_file import json_object, read_json, written_object
from batonmcp.core.errors import ConfigError


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that each example of a property test writes anew."""
    return tmp_path_factory.mktemp("document") / "servers.json"


def test_reads_an_object_with_or_without_a_mark(tmp_path: Path) -> None:
    """A byte order mark, as Windows editors write it, does no harm."""
    path = tmp_path / "servers.json"
    written = '{"mcpServers": {"å": {}}}'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"):
        mark = {"utf-16-be": "\ufeff", "utf-16-le": "\ufeff"}.get(encoding, "")
        path.write_bytes((mark + written).encode(encoding))
        assert read_json(path) == {"mcpServers": {"å": {}}}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b'{"a": 1,\n "b": [1, 2,,]}', r"servers\.json:2:\d+: is not JSON here: .+ missing or surplus comma"),
        (b'{\n // a\n "b": /* c\n */ oops}', r"servers\.json:4:5: is not JSON here"),
        (b"", r"servers\.json:1:1: is not JSON here"),
        (b"[]", r"is not a JSON object\. Write \{\"mcpServers\""),
        (b"null", "is not a JSON object"),
        (b'{"a": {"b": 1, "b": 2}}', "has the key 'b' twice in one object. Remove one"),
        ('{"a": 1}'.encode("utf-16-le"), "is not UTF-8 text. Save it as UTF-8"),
        ('{"a": 1}'.encode("utf-32"), "is not UTF-8 text. Save it as UTF-8"),
        (b"\xff\xfe{", "is not UTF-8 text. Save it as UTF-8"),
        (b" " * 10_000_001, "is larger than 10 MB"),
        (b'{"a": "\xff"}', "is not UTF-8 text. Save it as UTF-8"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is nested too deeply"),
        (b'{"a": ' + b"1" * 5_000 + b"}", "cannot be read"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_unreadable_file_says_where_and_what_to_do(tmp_path: Path, written: bytes, said: str) -> None:
    """Each way in which a file can be no configuration has its sentence, which begins with the path."""
    path = tmp_path / "servers.json"
    path.write_bytes(written)
    with pytest.raises(ConfigError, match=said) as caught:
        read_json(path)
    assert str(caught.value).startswith(str(path))
    assert caught.value.place.startswith(str(path))


def test_missing_file_and_folder_say_why(tmp_path: Path) -> None:
    """What the system says about a path is in the sentence."""
    with pytest.raises(ConfigError, match=r"cannot be read \(No such file or directory\)"):
        read_json(tmp_path / "servers.json")
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        read_json(tmp_path)


@given(st.binary(max_size=40) | st.text(alphabet='{}[]":,1e-naluftrsINy\\ ', max_size=40).map(str.encode))
def test_any_bytes_give_an_object_or_a_sentence(scratch: Path, written: bytes) -> None:
    """No content of the file can raise anything but a `ConfigError`."""
    scratch.write_bytes(written)
    with suppress(ConfigError):
        assert isinstance(read_json(scratch), dict)


def test_comments_and_trailing_commas_are_read(tmp_path: Path) -> None:
    """A file as VS Code lets people write it is read as it is."""
    path = tmp_path / "mcp.json"
    path.write_text('// mine\n{"servers": {"a": {"url": "http://h/mcp",},}, /* none */ "inputs": [],}')
    assert read_json(path) == {"servers": {"a": {"url": "http://h/mcp"}}, "inputs": []}


def test_no_text_of_the_file_is_quoted(tmp_path: Path) -> None:
    """What stands at the place of an error may be a secret."""
    path = tmp_path / "servers.json"
    for written in ('{"TOKEN": s3cret}', '{"TOKEN": "s3cret" "A": 1}', '{"TOKEN": "s3cret'):
        path.write_text(written)
        with pytest.raises(ConfigError) as caught:
            read_json(path)
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\ufeff", " \r\n", "// nothing\n"])
def test_nothing_written_is_an_empty_object(text: str) -> None:
    """Where a file of somebody else holds nothing yet, that is no error."""
    assert written_object(text, place="x.json") == {}


def test_text_of_a_file_that_was_read_elsewhere() -> None:
    """It is read in the same way; its place is the one that was told."""
    text = '{"a": 1, // one\n}'
    assert written_object(f"\ufeff{text}", place="x.json") == json_object(text, place="x.json") == {"a": 1}
    with pytest.raises(ConfigError, match=r"^x\.json:1:6: is not JSON here"):
        written_object('{"a" 1}', place="x.json")
