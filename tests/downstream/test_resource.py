"""Resources as servers send them."""

from mcp_types import (
    BlobResourceContents,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.downstream.resource import attachments, contents_of


def link(uri: str, name: str = "n", **more: str) -> ResourceLink:
    """Return a link."""
    return ResourceLink(uri=uri, name=name, **more)  # pyright: ignore[reportArgumentType] - texts only


def test_links_and_embedded_resources_are_kept() -> None:
    """Each becomes a record without a protocol's types; other blocks are no resources."""
    text = TextResourceContents(uri="repo://o/README.md", mime_type="text/markdown", text="# Hi")
    blob = BlobResourceContents(uri="repo://o/logo.png", blob="QUJD")
    found = attachments(
        [
            TextContent(text="see"),
            ImageContent(data="QUJD", mime_type="image/png"),
            link("repo://o/a", title="A\x1b", description="the first"),
            EmbeddedResource(resource=text),
            EmbeddedResource(resource=blob),
        ],
        in_value=True,
    )
    assert found == (
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


def test_each_address_once_and_not_without_end() -> None:
    """The same address twice is one resource; past a hundred, and of absurd length, they are left out."""
    many: list[ContentBlock] = [link(f"a://{number // 2}") for number in range(400)]
    assert len(attachments([link("a://" + "x" * 5_000), *many], in_value=False)) == 100


def test_text_in_structured_results_is_not_in_the_value() -> None:
    """Where the value is structured content, an embedded text has not been seen yet."""
    block = EmbeddedResource(resource=TextResourceContents(uri="a://b/", text="x"))
    (found,) = attachments([block], in_value=False)
    assert (found.in_value, found.name) == (False, "b")


def test_contents() -> None:
    """What a server reads becomes a record, too."""
    assert contents_of(BlobResourceContents(uri="a://b", blob="QUJD")) == Contents(uri="a://b", blob="QUJD")
