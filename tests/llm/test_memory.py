"""What has been learned about endpoints."""

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.config.settings import LlmEndpoint
from batonmcp.llm.dialect import Dialect
from batonmcp.llm.memory import Dialects

pytestmark = pytest.mark.anyio

HERE = LlmEndpoint(base_url="http://llm.test/v1", api_key=None, model="m")
OTHER_MODEL = LlmEndpoint(base_url="http://llm.test/v1", api_key=None, model="n")
PLAIN, JSON = Dialect(), Dialect(form="json_schema")


class Shelf:
    """Keeps dialects, and what was asked of it."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], JsonValue] = {}
        self.gets = 0
        self.puts = 0

    async def get(self, base_url: str, model: str) -> JsonValue:
        """Return what is kept."""
        self.gets += 1
        await anyio.lowlevel.checkpoint()
        return self.kept.get((base_url, model))

    async def put(self, base_url: str, model: str, document: JsonValue) -> None:
        """Keep it."""
        self.puts += 1
        self.kept[base_url, model] = document


async def test_each_endpoint_and_model_has_its_own() -> None:
    """The standard, until another has brought a reply; what one model takes says nothing of another."""
    dialects = Dialects()
    assert await dialects.of(HERE) == PLAIN
    await dialects.learn(HERE, JSON, stumbled=False)
    assert await dialects.of(HERE) == JSON
    assert await dialects.of(OTHER_MODEL) == PLAIN


async def test_outlives_the_process_where_it_is_kept() -> None:
    """What is kept is read once in a process, and written when it changes."""
    shelf = Shelf()
    before = Dialects(shelf)
    assert await before.of(HERE) == PLAIN
    await before.learn(HERE, PLAIN, stumbled=False)
    await before.learn(HERE, JSON, stumbled=False)
    await before.learn(HERE, JSON, stumbled=False)
    after = Dialects(shelf)
    assert [await after.of(HERE) for _ in range(3)] == [JSON] * 3
    assert (shelf.gets, shelf.puts) == (2, 1)


async def test_what_two_learn_at_once_is_joined() -> None:
    """Two requests at a time that learn different things have both learned for all."""
    dialects = Dialects()
    await dialects.learn(HERE, PLAIN.without("temperature"), stumbled=False)
    await dialects.learn(HERE, JSON, stumbled=False)
    assert await dialects.of(HERE) == JSON.without("temperature")


async def test_answers_say_nothing_about_forms() -> None:
    """A request without functions between two that stumbled changes nothing about them."""
    dialects = Dialects()
    await dialects.learn(HERE, JSON, stumbled=True)
    await dialects.learn(HERE, PLAIN, stumbled=None)
    await dialects.learn(HERE, JSON, stumbled=True)
    assert await dialects.of(HERE) == JSON


async def test_one_stumble_is_chance() -> None:
    """A reply of no use makes a simpler form the rule the second time in a row only."""
    dialects = Dialects()
    await dialects.learn(HERE, JSON, stumbled=True)
    await dialects.learn(HERE, PLAIN, stumbled=False)
    await dialects.learn(HERE, JSON, stumbled=True)
    assert await dialects.of(HERE) == PLAIN
    await dialects.learn(HERE, JSON, stumbled=True)
    assert await dialects.of(HERE) == JSON


async def test_stumble_that_changed_nothing_teaches_nothing() -> None:
    """What was asked again in the same dialect says nothing about it."""
    dialects = Dialects()
    await dialects.learn(HERE, PLAIN, stumbled=True)
    await dialects.learn(HERE, JSON, stumbled=True)
    assert await dialects.of(HERE) == PLAIN
