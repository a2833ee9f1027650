"""An HTTP client that reads no more than it needs."""

import gzip

import httpx2
import pytest

from batonmcp.llm.bounded import TooLarge, bounded
from doubles.fake_llm import FakeLLM, Json, Raw

pytestmark = pytest.mark.anyio


async def post(reply: Raw | Json, *, most: int = 100) -> httpx2.Response:
    """Send a request that is answered so."""
    with FakeLLM([reply]) as llm:
        async with bounded(httpx2.AsyncClient, most=most) as client:
            return await client.post(f"{llm.base_url}/chat/completions", json={"a": 1})


@pytest.mark.parametrize("status", [200, 400])
async def test_answer_that_fits_is_whole(status: int) -> None:
    """Status, headers and body are those of the answer, failed or not."""
    response = await post(Json(status, {"a": 1}, headers={"Retry-After": "2"}))
    assert response.status_code == status
    assert response.headers["retry-after"] == "2"
    assert response.json() == {"a": 1}


async def test_packed_answer_is_unpacked_once() -> None:
    """A body that came packed is plain, and not said to be packed any more."""
    packed = Raw(200, {"Content-Encoding": "gzip", "Content-Type": "application/json"}, gzip.compress(b'{"a": 1}'))
    response = await post(packed)
    assert response.json() == {"a": 1}
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("packed", [False, True])
async def test_answer_that_is_too_large_is_given_up(status: int, packed: bool) -> None:  # noqa: FBT001 - both
    """It counts what is unpacked, of failures as well."""
    body = b"x" * 1_000
    headers = {"Content-Encoding": "gzip"} if packed else {}
    with pytest.raises(TooLarge, match="larger than 100 bytes"):
        await post(Raw(status, headers, gzip.compress(body) if packed else body))


async def test_limit_itself_fits() -> None:
    """As many bytes as are allowed are not too many."""
    assert len((await post(Raw(200, {}, b"x" * 100))).content) == 100
