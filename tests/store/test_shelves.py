"""The shelves."""

from batonmcp.store.shelves import OTHER, SHELVES, shelves


def test_every_shelf_has_an_end() -> None:
    """Nothing is kept for ever, or without bounds."""
    kept = {"approval", "catalogue", "decision", "dialect", "era", "route", "run", "shape", "trust", "vector"}
    assert set(SHELVES) == kept
    for name, shelf in {**SHELVES, "": OTHER}.items():
        assert 0 < shelf.days <= (365 if name == "trust" else 90)
        assert 0 < shelf.count <= 20_000
        assert 0 < shelf.size <= 64_000_000


def test_approvals_reach_the_disk() -> None:
    """What a person decided, and that it was used, must outlive a failure of the power; nothing else must."""
    assert [name for name, shelf in SHELVES.items() if shelf.durable] == ["approval", "decision", "trust"]


def test_runs_are_kept_as_long_as_configured() -> None:
    """The days of runs are a setting; the rest stays."""
    assert shelves(run_days=2.5)["run"].days == 2.5
    assert {name: shelf for name, shelf in shelves(run_days=2.5).items() if name != "run"} == {
        name: shelf for name, shelf in SHELVES.items() if name != "run"
    }


def test_the_horizon() -> None:
    """What is older than so many days has expired."""
    assert SHELVES["approval"].horizon(100_000.0) == 13_600.0
