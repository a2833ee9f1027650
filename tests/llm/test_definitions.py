"""The definitions of tools as vectors."""

from collections.abc import Mapping
from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest

from batonmcp.core.errors import LlmError
from batonmcp.core.registry import Registry
from batonmcp.llm.definitions import AT_ONCE, Definitions
from batonmcp.llm.embedder import Vector
from builders import registry, tool
from doubles.embedding import InProcessEmbedder

pytestmark = pytest.mark.anyio

TIME_S = 20.0
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = registry(
    tool("weather__forecast", description="Rain and sun of the coming days.", input_schema=CITY),
    tool("trains__find", description="Trains between two places."),
    tool("mail__send", description="A message to somebody."),
)


class Shelf:
    """Vectors that outlive the definitions that put them there."""

    def __init__(self) -> None:
        self.spaces: dict[str, dict[str, Vector]] = {}
        self.reads = 0

    async def get(self, space: str) -> Mapping[str, Vector]:
        """Return all of a space."""
        self.reads += 1
        await anyio.lowlevel.checkpoint()
        return dict(self.spaces.get(space, {}))

    async def add(self, space: str, vectors: Mapping[str, Vector]) -> None:
        """Keep these beside the others."""
        await anyio.lowlevel.checkpoint()
        self.spaces.setdefault(space, {}).update(vectors)


async def complete(definitions: Definitions, known: Registry, embedder: InProcessEmbedder) -> Vector:
    """Have everything embedded that is missing; return the vector of a query."""
    query = (await embedder.embed(["Rain and sun?"])).vectors[0]
    for batch in await definitions.missing(known, len(query)):
        await definitions.embed(embedder, known, batch)
    assert await definitions.missing(known, len(query)) == []
    return query


async def test_the_nearest_come_first() -> None:
    """Tools are named by their full names, no more than are wanted."""
    embedder, definitions = InProcessEmbedder(), Definitions("s")
    query = await complete(definitions, TOOLS, embedder)
    assert (await definitions.nearest(TOOLS, query, 10))[0] == "weather__forecast"
    assert await definitions.nearest(TOOLS, query, 1) == ["weather__forecast"]
    assert set(await definitions.nearest(TOOLS, query, 10)) == set(TOOLS.tools)


async def test_what_is_embedded_is_the_definition() -> None:
    """Name, server, description and parameters, each cut to what tells something; never a schema or a result."""
    long = replace(TOOLS["mail__send"], description="x" * 5_000, learned={"type": "object", "title": "secret"})
    embedder = InProcessEmbedder()
    await complete(Definitions("s"), registry(*TOOLS, replace(long, qualified="mail__long")), embedder)
    _, *texts = embedder.texts
    assert "forecast (Weather)\nRain and sun of the coming days.\nParameters: city" in texts
    assert max(map(len, texts)) < 700
    assert not any("secret" in text or "{" in text for text in texts)


async def test_a_text_is_embedded_once() -> None:
    """What was embedded is not again, in another registry either; a definition that changed is, and only that one."""
    embedder, definitions = InProcessEmbedder(), Definitions("s")
    await complete(definitions, TOOLS, embedder)
    await complete(definitions, TOOLS.only(["mail"]), embedder)
    assert [len(texts) for texts in embedder.asked] == [1, 3, 1]
    changed = replace(TOOLS["mail__send"], description="A letter to somebody.")
    query = await complete(definitions, registry(TOOLS["trains__find"], changed), embedder)
    assert embedder.asked[-1] == ["send (Mail)\nA letter to somebody."]
    assert set(await definitions.nearest(registry(changed), query, 5)) == {"mail__send"}


async def test_what_others_have_embedded_is_kept() -> None:
    """A process after this one embeds nothing but the query; one of another space embeds all."""
    shelf, embedder = Shelf(), InProcessEmbedder()
    await complete(Definitions("s", shelf), TOOLS, embedder)
    after, other = InProcessEmbedder(), InProcessEmbedder()
    again = Definitions("s", shelf)
    await complete(again, TOOLS, after)
    await complete(again, TOOLS, after)
    assert shelf.reads == 2
    assert after.texts == ["Rain and sun?"] * 2
    await complete(Definitions("t", shelf), TOOLS, other)
    assert len(other.texts) == 4


async def test_requests_are_bounded_and_each_is_kept_at_once() -> None:
    """Many tools take several requests; what came before one fails is there for the next process."""
    many = registry(*(tool(f"s__t{number}") for number in range(2 * AT_ONCE + 5)))
    shelf = Shelf()
    embedder = InProcessEmbedder(fails={3: LlmError(kind="llm_overloaded", message="It broke.")})
    with pytest.raises(LlmError):
        await complete(Definitions("s", shelf), many, embedder)
    after = InProcessEmbedder()
    await complete(Definitions("s", shelf), many, after)
    assert [len(texts) for texts in embedder.asked] == [1, AT_ONCE, AT_ONCE]
    assert [len(texts) for texts in after.asked] == [1, AT_ONCE, 5]


async def test_vectors_of_other_dimensions_are_made_anew() -> None:
    """An endpoint that has another model under the same name gives other vectors, which cannot be compared."""
    shelf = Shelf()
    shelf.spaces["s"] = {}
    await complete(Definitions("s", shelf), TOOLS, InProcessEmbedder())
    shelf.spaces["s"] = {digest: vector[:3] for digest, vector in shelf.spaces["s"].items()}
    embedder = InProcessEmbedder()
    await complete(Definitions("s", shelf), TOOLS, embedder)
    assert len(embedder.texts) == 4


async def test_tools_with_one_text_share_its_vector() -> None:
    """Servers of one kind under several names cost their definitions once."""
    twins = registry(*(replace(tool(f"{name}__find"), agent="Twin") for name in ("a", "b")))
    embedder, definitions = InProcessEmbedder(), Definitions("s")
    query = await complete(definitions, twins, embedder)
    assert len(embedder.texts) == 2
    assert list(await definitions.nearest(twins, query, 5)) == ["a__find", "b__find"]
