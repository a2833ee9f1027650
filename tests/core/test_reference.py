"""References within a schema."""

import pytest

from batonmcp.core.reference import referenced

ROOT = {"$defs": {"a/b": {"x": 1}, "~": 2, "é %": 3}, "allOf": [{"y": 4}]}


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("#", ROOT),
        ("#/$defs/a~1b/x", 1),
        ("#/$defs/~0", 2),
        ("#/%24defs/%C3%A9%20%25", 3),
        ("#/allOf/0/y", 4),
        ("#/allOf/1", None),
        ("#/allOf/-1", None),
        ("#/nowhere/at/all", None),
    ],
)
def test_a_pointer_leads_to_its_place(reference: str, target: object) -> None:
    """Keys, indexes and both kinds of escapes are understood; what is not there is None."""
    assert referenced(ROOT, reference) == target
