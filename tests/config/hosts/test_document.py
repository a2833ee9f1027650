"""The file of a host."""

from pathlib import Path
from typing import Any

import pytest

from batonmcp.config.hosts.document import read_host_file, tokens_in
from batonmcp.config.hosts.known import HOSTS
from batonmcp.core.errors import ConfigError

DESKTOP, VSCODE, CURSOR = HOSTS["claude-desktop"], HOSTS["vscode"], HOSTS["cursor"]


@pytest.mark.parametrize("data", [None, b"", b"\xef\xbb\xbf", b" \r\n", b"// nothing yet\n"])
def test_nothing_written_yet(data: bytes | None, tmp_path: Path) -> None:
    """A file that is missing or empty has no servers."""
    path = tmp_path / "host.json"
    if data is not None:
        path.write_bytes(data)
    found = read_host_file(DESKTOP, path)
    assert (found.data, found.servers, found.document) == (data, {}, {})
    assert found.text.encode() == (data or b"")


def test_servers_stand_under_the_host_s_key(tmp_path: Path) -> None:
    """VS Code has its own; what stands under another key is not the host's."""
    path = tmp_path / "mcp.json"
    path.write_text('{"servers": {"a": {"command": "x"}}, "mcpServers": {"b": {}}}')
    assert list(read_host_file(VSCODE, path).servers) == ["a"]
    assert list(read_host_file(CURSOR, path).servers) == ["b"]


def test_what_an_edit_would_make_of_it(tmp_path: Path) -> None:
    """The same file with another text, which is not written."""
    path = tmp_path / "host.json"
    path.write_text("{}")
    found = read_host_file(DESKTOP, path)
    assert list(found.edited('{"mcpServers": {"a": {}}}').servers) == ["a"]
    assert found.edited("").path == path
    assert path.read_text() == "{}"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"mcpServers": {]', r"host\.json:1:17: is not JSON here.*surplus comma, quote or bracket"),
        (b"[]", r'host\.json: is not a JSON object\. Write {"mcpServers": {\.\.\.}}'),
        (b'{"mcpServers": []}', r"host\.json: mcpServers: is not an object\. Write"),
        (b'{"mcpServers": {}, "mcpServers": {}}', "has the key 'mcpServers' twice"),
        (b'{"a": "\xff"}', r"is not UTF-8 text\. Save it as UTF-8"),
    ],
)
def test_a_broken_file_is_refused(data: bytes, says: str, tmp_path: Path) -> None:
    """The place is told, and what to do; nothing is guessed."""
    path = tmp_path / "host.json"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=says):
        read_host_file(DESKTOP, path)
    assert path.read_bytes() == data


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """What the system says is in the sentence."""
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)\. Check the path"):
        read_host_file(DESKTOP, tmp_path)


def test_tokens_anywhere_are_found() -> None:
    """What looks like a secret is known wherever it stands; plain words are none."""
    token = "ghp_0123456789abcdefgh"  # noqa: S105 - made up
    document: dict[str, Any] = {
        "mcpServers": {
            "a": {"env": {"API_KEY": "k3y-of-twelve-or-more1"}, "args": ["--token", token, f"--key={token}x"]},
            "b": {"headers": {"Authorization": f"Bearer {token}y"}, "url": "https://u:passw0rd1@example.com/mcp"},
        },
        "account": [{"accessToken": token + "z"}],
        "theme": "dark",
        "count": 3,
    }
    found = set(tokens_in(document))
    assert {"k3y-of-twelve-or-more1", token, f"{token}x", f"{token}y", f"{token}z", "passw0rd1"} <= found
    assert not any(word in found for word in ("dark", "--token", "https://u:passw0rd1@example.com/mcp"))
