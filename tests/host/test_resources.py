"""Resources that results have named."""

import pytest
from mcp_types import BlobResourceContents, TextResourceContents

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.host.resources import SeenResources, Shelf, address, readable


def link(uri: str) -> Attachment:
    """Return a link."""
    return Attachment(uri=uri, name=uri)


@pytest.mark.parametrize(
    ("server", "uri", "ours"),
    [
        ("github", "repo://o/r?a=b#c", "batonmcp://github/repo%3A%2F%2Fo%2Fr%3Fa%3Db%23c"),
        ("my server", "file:///é", "batonmcp://my%20server/file%3A%2F%2F%2F%C3%A9"),
        ("a/b", "x", "batonmcp://a%2Fb/x"),
        ("a", "b/x", "batonmcp://a/b%2Fx"),
        ("a", "\ud800", "batonmcp://a/%3F"),
    ],
)
def test_addresses(server: str, uri: str, ours: str) -> None:
    """An address of ours holds the server and the original address, and nothing in them can mean anything else."""
    assert address(server, uri) == ours


def test_what_was_noted_is_found() -> None:
    """A resource is found under our address, and under no other."""
    seen = SeenResources()
    ours = seen.note("github", link("repo://o/r"))
    found = seen.find(ours)
    assert found is not None
    assert (found.server, found.attachment.uri) == ("github", "repo://o/r")
    assert seen.find("repo://o/r") is None
    assert seen.find(address("gitlab", "repo://o/r")) is None


def test_the_oldest_are_forgotten() -> None:
    """A thousand are known; what is noted again is new again."""
    seen = SeenResources()
    first, second = (seen.note("s", link(f"a://{number}")) for number in range(2))
    for number in range(2, 1_000):
        seen.note("s", link(f"a://{number}"))
    seen.note("s", link("a://0"))
    seen.note("s", link("a://1000"))
    assert seen.find(first) is not None
    assert seen.find(second) is None


def test_contents_are_kept_while_there_is_room() -> None:
    """Past 16 MB the oldest contents go; the resource is still known, and its server can be asked."""
    seen = SeenResources()
    text = "x" * 6_000_000
    ours = [
        seen.note("s", Attachment(uri=f"a://{n}", name="n", contents=Contents(uri=f"a://{n}", text=text)))
        for n in range(3)
    ]
    found = [seen.find(uri) for uri in ours]
    assert [each is not None and each.contents is not None for each in found] == [False, True, True]
    seen.note("s", link("a://2"))
    seen.note("s", Attachment(uri="a://3", name="n", contents=Contents(uri="a://3", text=text)))
    found = [seen.find(uri) for uri in ours]
    assert [each is not None and each.contents is not None for each in found] == [False, True, False]


def test_pages() -> None:
    """They are listed newest first, so many at a time."""
    seen = SeenResources()
    for number in range(5):
        seen.note("s", Attachment(uri=f"a://{number}", name=str(number), description="d", mime="text/plain", size=1))
    page = seen.page(None, 2)
    assert page is not None
    assert [resource.name for resource in page] == ["4", "3"]
    assert (page[0].description, page[0].mime_type, page[0].size) == ("d", "text/plain", 1)
    rest = seen.page(page[-1].uri, 9)
    assert rest is not None
    assert [resource.name for resource in rest] == ["2", "1", "0"]
    assert seen.page("nonsense", 2) is None


def test_contents_as_the_protocol_has_them() -> None:
    """Text is text, without halves of characters; everything else is base64."""
    assert readable(Contents(uri="a", mime="m", text="x\ud800"), "b") == TextResourceContents(
        uri="b", mime_type="m", text="x?"
    )
    assert readable(Contents(uri="a", blob="QUJD"), "b") == BlobResourceContents(uri="b", blob="QUJD")


def test_a_room_of_its_own() -> None:
    """What is noted in a room is found under its address alone, and leaves what others have noted as it is."""
    seen = SeenResources()
    plain, hidden = seen.note("s", link("a://1")), Shelf(seen, "room").note("s", link("a://1"))
    assert (plain, hidden) == ("batonmcp://s/a%3A%2F%2F1", "batonmcp://room/s/a%3A%2F%2F1")
    found = seen.find(hidden)
    assert found is not None
    assert (found.server, found.attachment.uri, found.room) == ("s", "a://1", "room")
    assert seen.find(address("s", "a://1", room="other")) is None
    assert Shelf(seen).note("s", link("a://1")) == plain
