"""Resources that come along with a result."""

from batonmcp.core.attachment import Attachment, Contents


def test_a_record_tells_of_it_without_what_it_holds() -> None:
    """The bytes are not written twice."""
    held = Attachment(uri="a://b", name="b", mime="text/plain", contents=Contents(uri="a://b", text="canary"))
    assert held.as_json() == {"kind": "embedded", "uri": "a://b", "name": "b", "mime": "text/plain", "size": None}
    assert Attachment(uri="a://b", name="b").kind == "link"


def test_size() -> None:
    """Text or base64, it is what is sent."""
    assert (Contents(uri="a", text="abc").size, Contents(uri="a", blob="QUJD").size) == (3, 4)
