"""Files of variables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.dotenv import DotenvError, DotenvMissing, assignment, open_dotenv, read_dotenv

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("export A=1", "1"),
        ("  A = two words  ", "two words"),
        ("A=1 # one", "1"),
        ("A=# one", "# one"),
        ("A= # nothing", ""),
        ("A=", ""),
        ("A=a#b", "a#b"),
        ("A=a=b", "a=b"),
        ("A='a # $b \\n'", "a # $b \\n"),
        ('A="a # b" # c', "a # b"),
        (r'A="one\ntwo\t\"three\" \\ \$x"', 'one\ntwo\t"three" \\ $x'),
        ('A="one\ntwo"', "one\ntwo"),
        ("A='one\ntwo'", "one\ntwo"),
        ("A=${B}", "${B}"),
        ("A=C:\\new", "C:\\new"),
        ("A=1\r", "1"),
    ],
)
def test_assignment(line: str, value: str) -> None:
    """Each usual way to write a value is read, with lines of either system around it."""
    for text in (line, f"# before\n\n{line}\nB=after\n", f"\ufeff{line}\r\nB=after"):
        found = read_dotenv(text)
        assert found.values["A"] == value
        assert found.wrong == ()


def test_wrong_lines_are_counted_and_cost_themselves_only() -> None:
    """A line that assigns nothing is known by its number, after values of several lines too."""
    found = read_dotenv('A="one\ntwo"\nno assignment\nB=1\n1C=2\nD="open\nE=3\n"F"=4\nG="a"b\n')
    assert found.values == {"A": "one\ntwo", "B": "1", "E": "3"}
    assert found.wrong == (3, 5, 6, 8, 9)


def test_last_one_wins() -> None:
    """A variable that is set twice has its last value, as in a shell."""
    assert read_dotenv("A=1\nA=2").values == {"A": "2"}


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_characters="'\r", codec="utf-8"))))
def test_any_value_can_be_written(values: dict[str, str]) -> None:
    """In single quotes every text but a single quote arrives as it is."""
    found = read_dotenv("\n".join(f"{name}='{value}'" for name, value in values.items()))
    assert (found.values, found.wrong) == (values, ())


@given(st.text(alphabet="A='\"\\ #\n\r\ufeffb"))
def test_any_text_is_read(text: str) -> None:
    """No text raises, and each line that counts as wrong exists."""
    found = read_dotenv(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in found.wrong)


@pytest.mark.parametrize("text", ["A=" + " " * 300_000 + "x", " " * 300_000 + "x", 'A="' * 100_000, "A='\n" * 100_000])
def test_any_text_takes_linear_time(text: str) -> None:
    """Nothing makes the search start again and again: this would take minutes otherwise."""
    assert len(read_dotenv(text).values) <= 1


def test_shows_no_value() -> None:
    """What was read is not shown in a representation."""
    assert "s3cret" not in repr(read_dotenv("A=s3cret"))


def test_file_is_read_or_refused(tmp_path: Path) -> None:
    """A file that is missing is told from one that cannot be read, and from one that is no text."""
    path = tmp_path / ".env"
    for missing in (path, path / "below", tmp_path / "a" / "b"):
        with pytest.raises(DotenvMissing, match="does not exist"):
            open_dotenv(missing)
    path.write_text("A=å", encoding="utf-8")
    assert open_dotenv(path).values == {"A": "å"}
    path.write_bytes(b"A=\xff")
    with pytest.raises(DotenvError, match="is not UTF-8 text"):
        open_dotenv(path)
    with pytest.raises(DotenvError, match=r"cannot be read \(Is a directory\)"):
        open_dotenv(tmp_path)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("ghp_1/+=", "A=ghp_1/+="),
        ("", "A=''"),
        ("two words # here", "A='two words # here'"),
        ("it's", 'A="it\'s"'),
        ("a\r\nb\\", 'A="a\\r\nb\\\\"'),
        ("'\"", 'A="\'\\""'),
    ],
)
def test_the_line_of_a_value(value: str, line: str) -> None:
    """It has quotes where it needs them."""
    assert assignment("A", value) == line


@given(st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"))))
def test_any_value_comes_back(values: dict[str, str]) -> None:
    """What is written for a value is read as that value."""
    found = read_dotenv("\n".join(assignment(name, value) for name, value in values.items()))
    assert (found.values, found.wrong) == (values, ())
