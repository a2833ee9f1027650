"""Images and sound as servers write them."""

import pytest

from batonmcp.core.attachment import LARGEST_MEDIA, Attachment, Contents
from batonmcp.downstream.media import media_of


def read(data: str) -> Attachment | None:
    """Return an image."""
    return media_of("image", data, mime="image/png", annotations={"priority": 1})


def test_an_image() -> None:
    """It is kept with what was said of it."""
    assert read("QUJD") == Attachment(
        name="image",
        media="image",
        mime="image/png",
        size=3,
        contents=Contents(uri="", mime="image/png", blob="QUJD"),
        annotations={"priority": 1},
    )


@pytest.mark.parametrize(
    ("data", "blob"),
    [
        ("QUJDRA==", "QUJDRA=="),
        ("QUJDRA", "QUJDRA=="),
        ("QUJD\r\nRA==\n", "QUJDRA=="),
        ("data:image/png;base64,QUJD", "QUJD"),
        ("-_-_", "+/+/"),
    ],
)
def test_what_hosts_would_not_read_is_mended(data: str, blob: str) -> None:
    """Servers write base64 in several ways; one is sent on."""
    image = read(data)
    assert image is not None
    assert image.contents is not None
    assert image.contents.blob == blob


@pytest.mark.parametrize("data", ["", "====", "A", "not base64!", "QUJD,", "Ã©", "data:image/png,QUJD", "\ud800"])
def test_what_is_no_base64(data: str) -> None:
    """It is nothing: an empty or malformed image makes a host's model refuse the whole conversation."""
    assert read(data) is None


def test_what_no_host_takes_is_not_kept() -> None:
    """Only its size is known."""
    image = read("A" * (LARGEST_MEDIA + 4))
    assert image is not None
    assert (image.contents, image.size, image.label) == (None, 675_003, "image image/png, 675 kB")
    largest = read("A" * LARGEST_MEDIA)
    assert largest is not None
    assert largest.contents is not None
