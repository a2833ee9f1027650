"""Where the store is."""

import json
from collections.abc import Mapping
from pathlib import Path

import platformdirs
import pytest

from batonmcp.config.load import load
from batonmcp.config.settings import Settings, StoreSettings
from batonmcp.core.errors import ConfigError


def loaded(path: Path, store: object, environment: Mapping[str, str] | None = None) -> Settings:
    """Read a configuration with this store."""
    path.write_text(json.dumps({"mcpServers": {"a": {"command": "a"}}, "batonmcp": {"store": store}}))
    return load(path, environment or {})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test writes its configuration."""
    return tmp_path / "servers.json"


def test_it_is_a_file_in_the_users_folder(path: Path) -> None:
    """Unless something else is written, the store is one file in the user's data folder."""
    file = platformdirs.user_data_path("batonmcp") / "store.sqlite3"
    path.write_text('{"mcpServers": {}}')
    for settings in (load(path, {}), loaded(path, "sqlite"), loaded(path, {}), loaded(path, {"kind": "sqlite"})):
        assert settings.store == StoreSettings(path=file, results="preview", days=7)


def test_settings_made_by_hand_have_none() -> None:
    """Who builds settings without a file gets no file."""
    assert Settings(source=Path("servers.json"), servers=()).store.path is None


@pytest.mark.parametrize("store", ["memory", {"kind": "memory"}, {"kind": "memory", "path": "x"}])
def test_memory(path: Path, store: object) -> None:
    """The store can be in memory only."""
    assert loaded(path, store).store.path is None


def test_everything_can_be_set(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path begins at the configuration's folder, unless it is absolute or in the home; variables are filled in."""
    monkeypatch.setenv("HOME", "/home/me")
    store = loaded(path, {"path": "x.db", "results": "none", "days": 0.5}).store
    assert store == StoreSettings(path=path.parent / "x.db", results="none", days=0.5)
    assert loaded(path, {"path": "/a/x.db"}).store.path == Path("/a/x.db")
    assert loaded(path, {"path": "~/x.db"}).store.path == Path("/home/me/x.db")
    assert loaded(path, {"path": "${WHERE}/x.db"}, {"WHERE": "/b"}).store.path == Path("/b/x.db")


def test_a_folder_stands_for_the_file_in_it(path: Path) -> None:
    """Who names a folder gets the file in it."""
    assert loaded(path, {"path": "."}).store.path == path.parent / "store.sqlite3"
    assert loaded(path, "memory", {"BATONMCP_STORE": str(path.parent)}).store.path == path.parent / "store.sqlite3"


def test_the_environment_stands_above_the_file(path: Path) -> None:
    """`BATONMCP_STORE` is a path or "memory" and decides; an empty one says nothing, and the rest stays."""
    written = {"path": "x.db", "results": "full", "days": 1}
    assert loaded(path, written, {"BATONMCP_STORE": "memory"}).store == StoreSettings(results="full", days=1)
    assert loaded(path, "memory", {"BATONMCP_STORE": "/a/y.db"}).store.path == Path("/a/y.db")
    assert loaded(path, "memory", {"BATONMCP_STORE": "y.db"}).store.path == Path("y.db").absolute()
    assert loaded(path, "memory", {"BATONMCP_STORE": " "}).store.path is None


def test_a_variable_that_is_not_set(path: Path) -> None:
    """It is named, with its place."""
    with pytest.raises(ConfigError, match=r"servers.json: batonmcp.store.path: the variable WHERE is not set. Set it"):
        loaded(path, {"path": "${WHERE}/x.db"})


def test_unknown_keys_are_named(path: Path) -> None:
    """A key of the store that means nothing is named with the nearest that does."""
    (warning,) = loaded(path, {"result": "none"}).warnings
    assert "batonmcp.store.result is not known and was passed over. Did you mean 'results'?" in warning


def test_a_wrong_kind(path: Path) -> None:
    """A kind that there is not is refused with its place."""
    with pytest.raises(ConfigError, match=r"batonmcp.store.kind: input should be 'sqlite' or 'memory'"):
        loaded(path, "papyrus")
