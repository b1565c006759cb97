"""Docstrings that a reader of another first language can read: there, short sentences, no turns of phrase, units told.

Only what a machine can hold is held here: a sentence can be short and still be unclear.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST_WORDS = 30
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

# Each of these was read twice by somebody. What to write instead stands behind it.
TURNS = {
    r"\b(?:that|what|which|who|it|and) (?:is|are) none\b": "that is not a …",
    r"\b(?:that|those) (?:did|does|do|had)[.,;:)]": "repeat the verb",
    r"\bunless said\b": "say what the default is",
    r"\bby and by\b": "gradually",
    r"\bfor ever\b": "without end",
    r"\bfor good\b": "permanently",
    r"\bto be had\b": "available",
    r"\b(?:by )?whose word\b": "source",
    r"\bbut for\b": "except",
    r"\ball the same\b": "in spite of that, too",
    r"\bwhat else\b": "name it",
    r"\bhangs? on\b": "depends on",
    r"\bcame of\b": "happened",
    r"\bnothing of\b": "say what it does not show",
    r"\bso (?:much|many|long|often)\b(?! as| that)": "this long, this number, `name`",
    r"\bfor want of\b|\bto the letter\b|\bverdict's business\b": "say it plainly",
    r"\banew\b": "again",
    r"\bof one that\b|\bthe one of\b": "name the thing",
    r"\bbe it\b|\bwere it\b|\bought\b": "also where …",
    r"\bwhere(?:ver|by|in|of)\b|\bthere(?:in|of)\b|\bhence\b": "at any place, by which …",
    r"\bin hand\b|\bat hand\b": "running, known",
    r"^Of (?!course)": "begin with what it is",
}
ANY_TURN = re.compile("|".join(TURNS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    place: str
    text: str


def _public(name: str) -> bool:
    return not name.startswith("_")


def _walk(node: Documented, name: str, file: str) -> Iterator[tuple[str, Documented]]:
    yield f"{file} {name or '<module>'}", node
    for child in _top(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _walk(child, f"{name}.{child.name}".lstrip("."), file)


def _top(node: Documented) -> list[ast.stmt]:
    """Its own statements, also those below an `if` or a `try`."""
    found: list[ast.stmt] = []
    waiting = list(node.body)
    while waiting:
        one = waiting.pop()
        found.append(one)
        if isinstance(one, ast.If | ast.Try):
            waiting += one.body + one.orelse
    return found


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    files = sorted((ROOT / "bench").rglob("*.py"))
    return tuple((str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))) for file in files)


@cache
def docs() -> tuple[Doc, ...]:
    return tuple(
        Doc(place=place, text=text)
        for file, tree in trees()
        for place, node in _walk(tree, "", file)
        if (text := ast.get_docstring(node)) is not None
    )


def sentences(text: str) -> Iterator[str]:
    """A field ("name: …") and an item of a list begin one. Tables and formulas, which are set apart, are none."""
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d\.) )|\n(?=[\w`\[\], ]+: )|:\n", text):
        if re.search(r"\S {3,}\S", paragraph):
            continue
        for one in re.split(
            r"(?<=[.!?])\s+(?=[A-Z\"`(\[0-9])|(?<=\.)\s+(?=[a-z_, ]+: )", " ".join(paragraph.split())
        ):
            if one:
                yield one


def words(sentence: str) -> int:
    return sum(re.search("[A-Za-z]{2}", word) is not None for word in sentence.split())


def _is_table(node: ast.ClassDef) -> bool:
    """The keys of a TOML table: what they mean stands in docs/ and in `hil schema`."""
    bases = [ast.unparse(base) for base in node.bases]
    return node.name.endswith(("Shape", "Table", "Text", "Keys")) or any("Shape" in base for base in bases)


def test_every_public_class_and_function_says_what_it_is() -> None:
    missing = []
    for file, tree in trees():
        for node in tree.body:
            told = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if not told or not _public(node.name) or (isinstance(node, ast.ClassDef) and _is_table(node)):
                continue
            if ast.get_docstring(node) is None:
                missing.append(f"{file} {node.name}")
    assert missing == []


def test_every_module_says_what_it_is() -> None:
    empty = [file for file, tree in trees() if ast.get_docstring(tree) is None and tree.body]
    assert empty == []


def test_no_sentence_is_longer_than_a_reader_holds() -> None:
    long = [
        f"{one.place}: {words(sentence)} words: {sentence}"
        for one in docs()
        for sentence in sentences(one.text)
        if words(sentence) > MOST_WORDS
    ]
    assert long == []


def test_no_docstring_turns_a_phrase() -> None:
    found = [
        f"{one.place}: {sentence} (write: {better})"
        for one in docs()
        for sentence in sentences(one.text)
        if ANY_TURN.search(sentence)
        for turn, better in TURNS.items()
        if re.search(turn, sentence)
    ]
    assert found == []


UNIT = re.compile(
    r"_(?:ns|us|ms|s|h|days|per_day|v|mv|v_s|a|ma|w|wh|j|j_k|k|c|k_s|k_w|ohm|ohm_per_volt|f|hz|ah|as|kg|m|mm|m2|m3|pa|bar"
    r"|mol|l|pct|ppm|ppb|percent|fit|si|u|siemens|c_rate|mah_g|mah_cm2|m_s2|per_10pct)$"
    r"|^(?:seconds|ohm|share|soc\w*|soh|gain|factor|p|p_\w+|spread_p|confidence|alpha|coverage_factor)$"
    r"|^(?:v|r|i)_|_(?:soc|share|fraction|efficiency|factor)$"
)
"""Names that tell their unit, and names of what has none: shares of 1, factors, probabilities."""


def _floats(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Names of its own fields, or of its arguments, that are one number."""
    if isinstance(node, ast.ClassDef):
        pairs = [
            (one.target.id, one.annotation)
            for one in node.body
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        ]
    else:
        named = [*node.args.args, *node.args.kwonlyargs]
        pairs = [(one.arg, one.annotation) for one in named if one.annotation is not None]
    for name, kind in pairs:
        if _public(name) and ast.unparse(kind) in ("float", "float | None"):
            yield name


def test_a_number_tells_its_unit_in_its_name_or_in_the_docstring() -> None:
    untold = []
    for file, tree in trees():
        if file.startswith("bench/plant/"):  # its figures have the names and units of the chemistries' files
            continue
        for node in tree.body:
            told = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if told and _public(node.name) and not (isinstance(node, ast.ClassDef) and _is_table(node)):
                text = ast.get_docstring(node) or ""
                names = [one for one in _floats(node) if not UNIT.search(one)]
                untold += [
                    f"{file} {node.name}: {one}" for one in names if not re.search(rf"\b{one}\b", text)
                ]
    assert untold == []


@pytest.mark.parametrize(
    "sentence",
    [
        "None for a frame that is none.",
        "The scenarios of one timebase (the run's own unless said) and why those failed that did.",
        "What was odd and no verdict's business: broken protection.",
        "Scenarios of these modes that have not yet earned anything from so many attempts",
        "Of the frames that carry what is asked.",
    ],
)
def test_the_turns_find_the_sentences_they_were_made_for(sentence: str) -> None:
    assert any(re.search(turn, sentence) for turn in TURNS)


def test_a_long_sentence_is_found_behind_a_short_one() -> None:
    text = "Short. " + "Word " * 31 + "end."
    assert [words(one) for one in sentences(text)] == [1, 32]
    assert list(sentences("Layout:\nname.json   what it is, and so on, and so on")) == ["Layout"]
