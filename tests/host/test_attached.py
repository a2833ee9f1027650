"""Resources that came along, as blocks of a reply."""

from collections.abc import Sequence

from mcp_types import BlobResourceContents, EmbeddedResource, ResourceLink, TextResourceContents

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.host.attached import attached
from batonmcp.host.resources import SeenResources, Shelf, address


def record(*attachments: Sequence[Attachment]) -> RunRecord:
    """Return a run with a step for each of these."""
    steps = [
        StepRecord(id=f"s{number}", tool=f"git__t{number}", server="git", effect="read", attachments=list(each))
        for number, each in enumerate(attachments)
    ]
    return RunRecord(run_id="r", query="q", planner="llm", steps=steps)


def held(uri: str, *, text: str | None = None, blob: str | None = None, in_value: bool = False) -> Attachment:
    """Return a resource that a result held."""
    return Attachment(uri=uri, name=uri, contents=Contents(uri=uri, text=text, blob=blob), in_value=in_value)


def test_each_names_its_step() -> None:
    """A link says in words where it comes from, what is embedded in its metadata; both have addresses of ours."""
    seen = SeenResources()
    link = Attachment(uri="a://1", name="one", description="First.", mime="text/plain", size=3)
    blocks = attached(record([link], [held("a://2", blob="QUJD")]), Shelf(seen))
    assert blocks == [
        ResourceLink(
            uri=address("git", "a://1"),
            name="one",
            description="From step s0, git__t0. First.",
            mime_type="text/plain",
            size=3,
        ),
        EmbeddedResource(
            resource=BlobResourceContents(uri=address("git", "a://2"), blob="QUJD"),
            _meta={"batonmcp/step": "s1", "batonmcp/tool": "git__t1"},
        ),
    ]
    assert all(seen.find(address("git", f"a://{number}")) for number in (1, 2))


def test_nothing_is_sent_twice() -> None:
    """Text that the answer was made from is linked to; text beside a structured value comes along."""
    blocks = attached(record([held("a://1", text="x", in_value=True), held("a://2", text="y")]), Shelf(SeenResources()))
    assert isinstance(blocks[0], ResourceLink)
    assert isinstance(blocks[1], EmbeddedResource)
    assert isinstance(blocks[1].resource, TextResourceContents)


def test_bounds() -> None:
    """What is large, and what is large together, is linked to; past fifty blocks the rest can only be listed."""
    seen = SeenResources()
    large = [held("a://large", text="x" * 100_001)]
    together = [held(f"a://{number}", text="x" * 90_000) for number in range(6)]
    many = [Attachment(uri=f"b://{number}", name="n") for number in range(100)]
    blocks = attached(record(large, together, many), Shelf(seen))
    embedded = [isinstance(block, EmbeddedResource) for block in blocks]
    assert (len(blocks), embedded[:7]) == (50, [False, True, True, True, True, False, False])
    assert seen.find(address("git", "b://99")) is not None


def test_a_run_without_any() -> None:
    """Most replies are one block of text."""
    assert attached(record([]), Shelf(SeenResources())) == []
