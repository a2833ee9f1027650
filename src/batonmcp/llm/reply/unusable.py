"""A reply that is none."""

from batonmcp.core.errors import LlmError

__all__ = ["ADDRESS", "Unusable", "unusable"]

ADDRESS = "Check that base_url names an OpenAI-compatible API (it usually ends in /v1), not a web page or a proxy."


class Unusable(LlmError):
    """An endpoint answered, but with nothing to go by. `again`: whether the same question may be answered better."""

    def __init__(self, *, message: str, cure: str, again: bool) -> None:
        super().__init__(kind="llm_bad_response", message=message, cure=cure)
        self.again = again


def unusable(endpoint: str, what: str, *, cure: str = ADDRESS, again: bool = True) -> Unusable:
    """Return the error for a reply.

    Args:
        endpoint: The host that answered.
        what: What its answer was, to go on from "answered with".
        cure: What to do about it.
        again: Whether asking again may help.
    """
    return Unusable(message=f"The LLM endpoint {endpoint} answered with {what}.", cure=cure, again=again)
