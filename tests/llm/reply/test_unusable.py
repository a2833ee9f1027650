"""A reply that is none."""

from batonmcp.llm.reply.unusable import unusable


def test_says_who_answered_with_what_and_what_to_do() -> None:
    """The sentence names the endpoint, the kind is for programs, and it says whether asking again may help."""
    error = unusable("llm.test", "a poem")
    assert error.info.kind == "llm_bad_response"
    assert str(error).startswith("The LLM endpoint llm.test answered with a poem. Check that base_url names")
    assert error.again
    other = unusable("llm.test", "a poem", cure="Ask for prose.", again=False)
    assert (other.info.cure, other.again, other.retry_after) == ("Ask for prose.", False, None)
