"""Where an entry of servers.json stands."""

from pathlib import Path

from batonmcp.config.surroundings import Surroundings
from batonmcp.config.variables import Variables


def test_shows_no_secret() -> None:
    """The variables around an entry are not shown in a representation."""
    variables = Variables(values={"A": "s3cret-value"})
    around = Surroundings(path=Path("servers.json"), section="servers", variables=variables)
    assert "s3cret" not in repr(around)
    assert not around.exposed
