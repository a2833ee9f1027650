"""Resources, images and sound that come along with a result."""

import pytest

from batonmcp.core.attachment import Attachment, Contents, readable_size


def test_a_record_tells_of_it_without_what_it_holds() -> None:
    """The bytes are not written twice."""
    held = Attachment(uri="a://b", name="b", mime="text/plain", contents=Contents(uri="a://b", text="canary"))
    assert held.as_json() == {"kind": "embedded", "uri": "a://b", "name": "b", "mime": "text/plain", "size": None}
    assert Attachment(uri="a://b", name="b").kind == "link"


def test_size() -> None:
    """Text or base64, it is what is sent."""
    assert (Contents(uri="a", text="abc").size, Contents(uri="a", blob="QUJD").size) == (3, 4)


def test_an_image_has_no_address() -> None:
    """A record tells its kind, its type and its size, and never its bytes."""
    image = Attachment(name="image", media="image", mime="image/png", size=9, contents=Contents(uri="", blob="canary"))
    assert image.as_json() == {"kind": "image", "uri": None, "name": "image", "mime": "image/png", "size": 9}


@pytest.mark.parametrize(
    ("attachment", "label"),
    [
        (Attachment(name="image", media="image", mime="image/png", size=34_100), "image image/png, 34 kB"),
        (Attachment(name="audio", media="audio", size=7), "audio, 7 bytes"),
        (Attachment(uri="a://b", name="b.txt"), "resource b.txt"),
        (
            Attachment(uri="a://b", name="b", mime="x/y", contents=Contents(uri="a://b", blob="QUJDREVG")),
            "resource b x/y, 6 bytes",
        ),
        (Attachment(uri="a://b", name="b", contents=Contents(uri="a://b", text="é")), "resource b, 2 bytes"),
    ],
)
def test_label(attachment: Attachment, label: str) -> None:
    """It is said in a few words what it is, with its size where that is known."""
    assert attachment.label == label


def test_sizes() -> None:
    """As people say them."""
    assert [readable_size(size) for size in (0, 999, 1_000, 999_400, 2_500_000)] == [
        "0 bytes",
        "999 bytes",
        "1 kB",
        "999 kB",
        "2.5 MB",
    ]
