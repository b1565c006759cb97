"""A mistake in TOML's syntax: its line, what stands there, and the mend; never the words of a library."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.config.toml_file import read_toml
from bench.config.user_file import NotToml, toml_of
from bench.errors import ConfigError

CASES = [
    ("a = 4,25\n", 1, "a decimal comma, 4,25", "a point: a = 4.25"),
    ("b = 1\na = -4,2 A # c\n", 2, "a decimal comma, -4,2 A", 'a point: a = "-4.2 A"'),
    ("a = [4,25 V]\n", 1, "a decimal comma, 4,25 V", 'a point, and quotes around a quantity: "4.25 V"'),
    ("a = 250 ms\n", 1, "a quantity without quotes, 250 ms", 'a = "250 ms"'),
    ("a = 10%\n", 1, "a quantity without quotes, 10%", 'a = "10 %"'),
    ("a = drive\n", 1, "text without quotes, drive", 'a = "drive"'),
    ("a = ov_trip + 20 mV\n", 1, "text without quotes, ov_trip + 20 mV", 'a = "ov_trip + 20 mV"'),
    ('a = "drive\nb = 1\n', 1, 'text without its closing ", "drive', 'a = "drive"'),
    ("a = “drive”\n", 1, "typographic quotes, “drive”", 'straight ones: a = "drive"'),
    (
        'a = "C:\\path"\n',
        1,
        'a backslash in "C:\\path"',
        "single quotes, in which it is itself: a = 'C:\\path'",
    ),
    ('a = "x" b = 2\n', 1, "'b = 2' behind the text \"x\"", "one key a line, and a # before a comment"),
    (
        "[step]\nx=1\n[step]\nx=2\n",
        3,
        "the table [step] a second time, first in line 1",
        "each table once; of several write [[step]] above each",
    ),
    ("[[step]]\nx=1\n[step]\nx=2\n", 3, "[step] where line 1 has [[step]]", "[[step]] here too"),
    ("a = 1\n[a]\n", 2, "the table [a] beside the value of 'a' in line 1", "one of the two"),
    ("a = 1\na = 2\n", 2, "the key 'a' a second time, first in line 1", "each key once in a table"),
    (
        "[t]\na = 1\n[u]\na = 3\nb = 2\na = 2\n",
        6,
        "the key 'a' of [u] a second time, first in line 4",
        "each key once in a table",
    ),
    (
        "[[step]]\na = 1\n[[step]]\na = 3\na = 2\n",
        5,
        "the key 'a' of [step] a second time, first in line 4",
        "each key once in a table",
    ),
    ("a : 1\n", 1, "':' behind the key 'a'", "an equals sign: a = 1"),
    ("a == 1\n", 1, "'a == 1'", "one = between key and value"),
    ("a = \n", 1, "no value behind 'a ='", 'a value, such as 5, true, "text" or [1, 2]'),
    ("= 5\n", 1, "a value without a key", "a key before the ="),
    ("é = 1\n", 1, "the key 'é'", "letters A to Z, digits, _ and -, or the key in double quotes"),
    ("a = True\n", 1, "True", "small letters: a = true"),
    ("a = 05\n", 1, "05, a number that begins with 0", "a = 5"),
    ("a = .5\n", 1, ".5, a number without a digit on both sides of its point", "a = 0.5"),
    ("a = 0X1A\n", 1, "0X1A", "a small letter: a = 0x1A"),
    ("a = 1;\n", 1, "';' at the end of 'a'", "nothing behind the value: a = 1"),
    ("a = [1,,2]\n", 1, "an empty place in [1,,2]", "one comma between two values"),
    ("a = [1, 2\n", 1, "a list or table at 'a' without its ]", "] at its end"),
    (
        "a = [\n 1,\n 2\nb = 3\n",
        4,
        "a list or table that began in line 1 and has no end before the next key",
        "its ] or }",
    ),
    ('a = """x\n', 1, 'text at \'a\' without its closing """', '""" at its end'),
    (
        "a = {x = 1\n}\n",
        1,
        "a table in braces over several lines at 'a'",
        "it in one line, or a table [a] of its own",
    ),
    ("[bench\nb=1\n", 1, "'[bench', a table's name without its ]", "[bench]"),
    ("[[step]\nx=1\n", 1, "'[[step]', a table's name without its ]]", "[[step]]"),
    ("[a] b = 1\n", 1, "more in the line behind [a]", "the table's keys in the lines below it"),
    ("// c\n", 1, "'// c'", "a # before a comment"),
    ("drive\n", 1, "'drive', a line without '='", "key = value, a [table], or # before a comment"),
    ("a = 2026-13-45\n", 1, "2026-13-45, no date or time that there is", "a date such as a = 2027-01-31"),
]


@pytest.mark.parametrize(("text", "line", "found", "expected"), CASES)
def test_a_mistake_in_the_syntax_is_told_with_its_line_and_its_mend(
    tmp_path: Path, text: str, line: int, found: str, expected: str
) -> None:
    file = tmp_path / "bench.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        read_toml(file)
    assert str(told.value) == f"{file}:{line}: found no valid TOML ({found}); expected {expected}"


MENDS = [(text, line, mend.rpartition(": ")[2]) for text, line, _, mend in CASES if "a = " in mend]


@pytest.mark.parametrize(("text", "line", "mend"), [one for one in MENDS if "such as" not in one[2]])
def test_the_mend_is_toml_itself(text: str, line: int, mend: str) -> None:
    lines = text.splitlines()
    lines[line - 1] = mend
    assert "a" in tomllib.loads("\n".join(lines))


_PIECES = st.sampled_from(
    ["a", "b.c", "=", " = ", "==", "[", "]", "[[", "]]", "{", "}", '"', "'", '"""', ",", ".", "#", "\n", "\r\n", "\\",
     "4,25", "1.5", "05", "V", "true", "drive", "é", ";", ":", "x = 1", "\n[t]\n", "\n[[t]]\n", "2026-01-01", "0x"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_whatever_is_written_has_a_line_of_the_text_and_no_words_of_the_library(text: str) -> None:
    try:
        content = toml_of(text)
    except NotToml as wrong:
        assert 1 <= wrong.line <= max(1, len(text.splitlines()))
        assert str(wrong)
        assert wrong.expected
        for words in ("at line", "column", "end of document", "Invalid", "Illegal", "key/value pair"):
            assert words not in f"{wrong}{wrong.expected}"
    else:
        assert content == tomllib.loads(text.replace("\r\n", "\n"))
