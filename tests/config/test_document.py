"""The document servers.json, as it is written."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from batonmcp.config.document import BatonPart, Document, LimitsPart, LlmPart, ServerEntry, StorePart, read_json
from batonmcp.core.errors import ConfigError


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that each example of a property test writes anew."""
    return tmp_path_factory.mktemp("document") / "servers.json"


def test_reads_an_object_with_or_without_a_mark(tmp_path: Path) -> None:
    """A byte order mark, as Windows editors write it, does no harm."""
    path = tmp_path / "servers.json"
    for start in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(start + b'{"mcpServers": {}}')
        assert read_json(path) == {"mcpServers": {}}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b'{"a": 1,\n "b": [1, 2,]}', r"servers\.json:2:\d+: is not JSON here: .+ missing or surplus comma"),
        (b"", r"servers\.json:1:1: is not JSON here"),
        (b"[]", r"is not a JSON object\. Write \{\"mcpServers\""),
        (b"null", "is not a JSON object"),
        (b'{"a": {"b": 1, "b": 2}}', "has the key 'b' twice in one object. Remove one"),
        (b'{"a": "\xff"}', "is not UTF-8 text. Save it as UTF-8"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is nested too deeply"),
        (b'{"a": ' + b"1" * 5_000 + b"}", "cannot be read"),
    ],
    ids=["comma", "empty", "list", "null", "twice", "bytes", "deep", "digits"],
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


@pytest.mark.parametrize("key", ["mcpServers", "servers"])
def test_takes_the_servers_of_every_host(key: str) -> None:
    """Claude's and VS Code's name for the map of servers mean the same; a wrong entry is left for later."""
    document = Document.model_validate({key: {"a": {"command": "x"}, "b": 7}, "inputs": []})
    assert document.servers == {"a": {"command": "x"}, "b": 7}


def test_takes_both_names_of_an_address() -> None:
    """Some hosts write `serverUrl` for `url`."""
    assert ServerEntry.model_validate({"serverUrl": "http://a"}).url == "http://a"
    assert ServerEntry.model_validate({"url": "http://a"}).url == "http://a"


def test_keeps_unknown_keys() -> None:
    """Keys that mean nothing to us are kept, so that they can be named."""
    assert ServerEntry.model_validate({"command": "x", "autoApprove": ["*"]}).model_extra == {"autoApprove": ["*"]}


@pytest.mark.parametrize(
    ("part", "given"),
    [
        (ServerEntry, {"timeout": 0}),
        (ServerEntry, {"timeout": -1}),
        (ServerEntry, {"timeout": float("inf")}),
        (ServerEntry, {"timeout": float("nan")}),
        (ServerEntry, {"type": "carrier-pigeon"}),
        (ServerEntry, {"args": "--one-string"}),
        (ServerEntry, {"env": {"A": 1}}),
        (ServerEntry, {"protocol": "newest"}),
        (LlmPart, {"retries": -1}),
        (LlmPart, {"retries": 11}),
        (LlmPart, {"timeout": 0}),
        (LimitsPart, {"steps": 0}),
        (LimitsPart, {"run_timeout": 100_000}),
        (BatonPart, {"planner": "guess"}),
        (BatonPart, {"effects": {"a__*": "harmless"}}),
        (BatonPart, {"store": "papyrus"}),
        (BatonPart, {"store": None}),
        (StorePart, {"kind": "papyrus"}),
        (StorePart, {"results": "some"}),
        (StorePart, {"days": 0}),
        (StorePart, {"days": float("nan")}),
        (StorePart, {"path": 1}),
    ],
)
def test_refuses_what_cannot_be_meant(part: type[ServerEntry], given: dict[str, Any]) -> None:
    """A value outside its bounds is refused where it stands, not found out during a run."""
    with pytest.raises(ValidationError) as caught:
        part.model_validate(given)
    assert caught.value.errors()[0]["loc"][0] == next(iter(given))
