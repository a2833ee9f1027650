"""What came along with results, as blocks of a reply."""

from collections.abc import Sequence
from typing import Any, Literal

from mcp_types import (
    Annotations,
    AudioContent,
    BlobResourceContents,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic import JsonValue

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


def media(kind: Literal["image", "audio"] = "image", blob: str | None = "QUJD", **more: Any) -> Attachment:  # noqa: ANN401 - fields
    """Return an image or a sound."""
    mime = {"image": "image/png", "audio": "audio/wav"}[kind]
    contents = None if blob is None else Contents(uri="", mime=mime, blob=blob)
    size = 9_000_000 if blob is None else len(blob) * 3 // 4
    return Attachment(name=kind, media=kind, mime=mime, size=size, contents=contents, **more)


META = {"batonmcp/step": "s0", "batonmcp/tool": "git__t0"}


def test_each_names_its_step() -> None:
    """In its metadata, a link also in words; addresses are ours."""
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
            _meta=META,
        ),
        EmbeddedResource(
            resource=BlobResourceContents(uri=address("git", "a://2"), blob="QUJD"),
            _meta={"batonmcp/step": "s1", "batonmcp/tool": "git__t1"},
        ),
    ]
    assert all(seen.find(address("git", f"a://{number}")) for number in (1, 2))


def test_images_and_sound() -> None:
    """They come as they are, each named on a line, and nobody can list them."""
    seen = SeenResources()
    blocks = attached(record([media(), media("audio")]), Shelf(seen))
    assert blocks == [
        TextContent(text="Attached: image image/png, 3 bytes, from step `s0`, git__t0."),
        TextContent(text="Attached: audio audio/wav, 3 bytes, from step `s0`, git__t0."),
        ImageContent(data="QUJD", mime_type="image/png", _meta=META),
        AudioContent(data="QUJD", mime_type="audio/wav", _meta=META),
    ]
    assert seen.page(None, 10) == []


def test_annotations_are_passed_on() -> None:
    """For whom a block is, its tool has said."""
    told: dict[str, JsonValue] = {"audience": ["user"], "priority": 1.0}
    link = Attachment(uri="a://1", name="one", annotations=told)
    kept = Attachment(uri="a://2", name="two", contents=Contents(uri="a://2", blob="QUJD"), annotations=told)
    _, *blocks = attached(record([media(annotations=told), link, kept]), Shelf(SeenResources()))
    for block in blocks:
        assert block.annotations == Annotations(audience=["user"], priority=1.0)


def test_what_is_too_large_is_named() -> None:
    """With its size and its step, whether it was too large to keep or only has no room beside the others."""
    half = media(blob="QUJD" * 80_000)
    blocks = attached(record([media(blob=None), half, half, media()]), Shelf(SeenResources()))
    lines = [block.text for block in blocks if isinstance(block, TextContent)]
    assert lines == [
        "Not attached, as it is too large: image image/png, 9.0 MB, from step `s0`, git__t0.",
        "Attached: image image/png, 240 kB, from step `s0`, git__t0.",
        "Not attached, as it is too large: image image/png, 240 kB, from step `s0`, git__t0.",
        "Attached: image image/png, 3 bytes, from step `s0`, git__t0.",
    ]
    assert sum(isinstance(block, ImageContent) for block in blocks) == 2


def test_nothing_is_sent_twice() -> None:
    """Text that the answer was made from is linked to; text beside a structured value comes along."""
    blocks = attached(record([held("a://1", text="x", in_value=True), held("a://2", text="y")]), Shelf(SeenResources()))
    assert isinstance(blocks[0], ResourceLink)
    assert isinstance(blocks[1], EmbeddedResource)
    assert isinstance(blocks[1].resource, TextResourceContents)


def test_bounds() -> None:
    """What is large, and what is large together, is linked to; past fifty blocks the rest are counted and listed."""
    seen = SeenResources()
    large = [held("a://large", text="x" * 100_001)]
    together = [held(f"a://{number}", text="x" * 99_000) for number in range(7)]
    many = [Attachment(uri=f"b://{number}", name="n") for number in range(100)]
    line, *blocks = attached(record(large, together, many), Shelf(seen))
    embedded = [isinstance(block, EmbeddedResource) for block in blocks]
    assert (len(blocks), embedded[:8]) == (50, [False, True, True, True, True, True, False, False])
    assert isinstance(line, TextContent)
    assert line.text.startswith("58 more attachments are not sent along")
    assert seen.find(address("git", "b://99")) is not None


def test_what_is_sent_is_counted_in_bytes() -> None:
    """Few characters can be many bytes."""
    emoji = [held(f"a://{number}", text="😀" * 90_000) for number in range(3)]
    blocks = attached(record(emoji), Shelf(SeenResources()))
    assert [type(block) for block in blocks] == [EmbeddedResource, ResourceLink, ResourceLink]


def test_many_images_are_counted() -> None:
    """The lines do not become the answer."""
    blocks = attached(record([media()] * 40), Shelf(SeenResources()))
    lines = [block.text for block in blocks if isinstance(block, TextContent)]
    assert (len(lines), lines[-1]) == (13, "And 28 more images or sounds.")
    assert len(blocks) == 53


def test_a_run_without_any() -> None:
    """Most replies are one block of text."""
    assert attached(record([]), Shelf(SeenResources())) == []
