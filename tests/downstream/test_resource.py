"""Resources as servers send them."""

from mcp_types import (
    Annotations,
    AudioContent,
    BlobResourceContents,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.downstream.resource import attachment_of, attachments, contents_of


def found(*content: ContentBlock, in_value: bool = False) -> tuple[Attachment, ...]:
    """Return what blocks bring along."""
    return attachments(map(attachment_of, content), in_value=in_value)


def link(uri: str, name: str = "n", **more: str) -> ResourceLink:
    """Return a link."""
    return ResourceLink(uri=uri, name=name, **more)  # pyright: ignore[reportArgumentType] - texts only


def test_links_and_embedded_resources_are_kept() -> None:
    """Each becomes a record without a protocol's types."""
    text = TextResourceContents(uri="repo://o/README.md", mime_type="text/markdown", text="# Hi")
    blob = BlobResourceContents(uri="repo://o/logo.png", blob="QUJD")
    assert found(
        TextContent(text="see"),
        link("repo://o/a", title="A\x1b", description="the first"),
        EmbeddedResource(resource=text),
        EmbeddedResource(resource=blob),
        in_value=True,
    ) == (
        Attachment(uri="repo://o/a", name="A", description="the first"),
        Attachment(
            uri="repo://o/README.md",
            name="README.md",
            mime="text/markdown",
            contents=Contents(uri="repo://o/README.md", mime="text/markdown", text="# Hi"),
            in_value=True,
        ),
        Attachment(uri="repo://o/logo.png", name="logo.png", contents=Contents(uri="repo://o/logo.png", blob="QUJD")),
    )


def test_images_and_sound_are_kept() -> None:
    """Each for itself, the same twice included; what has no usable data is none."""
    image = ImageContent(data="QUJD", mime_type="image/png")
    broken = ImageContent(data="no base64!", mime_type="image/png")
    sound = AudioContent(data="QUJD", mime_type="audio/wav")
    kinds = [attachment.kind for attachment in found(image, broken, sound, image, in_value=True)]
    assert kinds == ["image", "audio", "image"]


def test_annotations_are_kept() -> None:
    """For whom it is, how much it matters and of when it is; nothing else of them."""
    noted = Annotations(audience=["user"], priority=0.5, last_modified="2026-01-01T00:00:00Z\x1b")
    blocks: list[ContentBlock] = [
        ImageContent(data="QUJD", mime_type="image/png", annotations=noted),
        ResourceLink(uri="a://b", name="b", annotations=noted),
        EmbeddedResource(resource=TextResourceContents(uri="a://c", text="x"), annotations=noted),
    ]
    for attachment in found(*blocks):
        assert attachment.annotations == {
            "audience": ["user"],
            "priority": 0.5,
            "lastModified": "2026-01-01T00:00:00Z",
        }
    (bare,) = found(ResourceLink(uri="a://b", name="b", annotations=Annotations()))
    assert bare.annotations is None


def test_each_address_once_and_not_without_end() -> None:
    """The same address twice is one resource; past a hundred, and of absurd length, they are left out."""
    many: list[ContentBlock] = [link(f"a://{number // 2}") for number in range(400)]
    assert len(found(link("a://" + "x" * 5_000), *many)) == 100


def test_text_in_structured_results_is_not_in_the_value() -> None:
    """Where the value is structured content, an embedded text has not been seen yet."""
    (kept,) = found(EmbeddedResource(resource=TextResourceContents(uri="a://b/", text="x")))
    assert (kept.in_value, kept.name) == (False, "b")


def test_contents() -> None:
    """What a server reads becomes a record, too."""
    assert contents_of(BlobResourceContents(uri="a://b", blob="QUJD")) == Contents(uri="a://b", blob="QUJD")
