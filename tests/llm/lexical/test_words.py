"""Tests of `batonmcp.llm.lexical.words`."""

import pytest

from batonmcp.llm.lexical.words import STOP_WORDS, split_name, stem, stems, weight


@pytest.mark.parametrize(
    "forms",
    [
        ["query", "queries", "queried"],
        ["configure", "configured", "configuring", "configuration"],
        ["analysis", "analyses", "analytics", "analyse", "analyze"],
        ["stage", "staged", "staging"],
        ["size", "sizes"],
        ["status", "statuses"],
        ["branch", "branches"],
    ],
)
def test_forms_of_a_word_share_a_stem(forms: list[str]) -> None:
    """Plural, past and the like do not tell words apart."""
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(("one", "other"), [("news", "new"), ("timezone", "time"), ("weather", "whether")])
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    """A stem does not bring together what is not the same word."""
    assert stem(one) != stem(other)


@pytest.mark.parametrize("name", ["userId", "user_id", "user-id", "UserID", "user id"])
def test_split_name_knows_the_usual_styles(name: str) -> None:
    """An identifier is split where its style joins words."""
    assert split_name(name) == ("user", "id")


def test_stems_leave_stop_words_out() -> None:
    """Only words that can tell tools apart are left."""
    assert stems("the list of all files") == ["list", "fil"]


def test_weight_grows_with_what_a_word_says() -> None:
    """A stop word says nothing, the verb of any request little, a noun all."""
    assert weight("the") == 0 < weight("Show") < weight("orchard") == 1
    assert "the" in STOP_WORDS
