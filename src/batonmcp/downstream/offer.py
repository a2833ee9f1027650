"""The offer of a server: its catalogue, now or when it was last connected, kept from one process to the next."""

from collections.abc import Mapping

from mcp import Client

from batonmcp.config.settings import ServerSettings
from batonmcp.core.effect import EffectKind
from batonmcp.core.tool import Tool
from batonmcp.downstream.catalogue import Catalogue, catalogue_of
from batonmcp.downstream.give_way import give_way
from batonmcp.downstream.listing import Listing, list_tools, read_listing
from batonmcp.downstream.memory import Memory

__all__ = ["Offer"]

_SHELF = "catalogue"


class Offer:
    """Knows what a server offers, as far as anybody has told.

    Attributes:
        settings: The server's entry in servers.json.
        catalogue: Its tools; None while nothing is known.
    """

    def __init__(self, settings: ServerSettings, effects: Mapping[str, EffectKind], memory: Memory) -> None:
        self.settings = settings
        self.catalogue: Catalogue | None = None
        self._effects = effects
        self._memory = memory
        self._listing: Listing | None = None

    @property
    def title(self) -> str:
        """The server's display name; its key in servers.json until it is known."""
        return self.catalogue.title if self.catalogue else self.settings.name

    def tool(self, name: str) -> Tool | None:
        """Return a tool by its name on the server."""
        return self.catalogue.tools.get(name) if self.catalogue else None

    def adopt(self, settings: ServerSettings, effects: Mapping[str, EffectKind]) -> None:
        """See the same list in the light of what servers.json now says."""
        self.settings, self._effects = settings, effects
        if self._listing:
            self._take(self._listing)

    async def recall(self) -> None:
        """Take up what an earlier process has kept, unless more is known already."""
        listing = read_listing(await self._memory.get(_SHELF, self.settings.definition))
        if listing and self._listing is None:
            self._take(listing)

    async def read(self, client: Client, left_out: list[str]) -> bool:
        """Have the server list its tools; return whether the list differs from the one before.

        Args:
            client: Connected to the server.
            left_out: Gets the names of tools that are taken out on the way.

        Raises:
            MCPError: The server refuses.
            ValidationError: It answers something that is no list of tools.
        """
        left_out.clear()
        listing = await list_tools(client, self.settings.name, left_out)
        if self._listing and await listing.equals(self._listing):
            return False
        await give_way()
        self._take(listing)
        return True

    async def keep(self) -> None:
        """Keep the list for the next process."""
        if self._listing:
            await give_way()
            await self._memory.put(_SHELF, self.settings.definition, dict(self._listing.as_json()))

    def _take(self, listing: Listing) -> None:
        self._listing = listing
        self.catalogue = catalogue_of(listing, self.settings, self._effects)
