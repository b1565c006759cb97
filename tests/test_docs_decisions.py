"""Each decision is a file that says when, why, what, and what measures or holds it."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "decisions"
FILES = sorted(FOLDER.glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "Consequence", "Measurement"]
DATED = re.compile(r"^\*Date:\* .*\b20\d\d\b.*\. \*Status:\* \S.*\.$", re.M)


@pytest.mark.parametrize("file", FILES, ids=[file.stem[:4] for file in FILES])
def test_a_decision_is_dated_and_has_the_headings_of_the_others(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(file.stem[:4])}. "), "number of the file, as its title says it"
    assert re.findall(r"^## (.*)$", text, re.M) == HEADINGS
    assert DATED.search(text)
    parts = re.split(r"^## .*$", text, flags=re.M)[1:]
    assert all(part.strip() for part in parts)


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(file.stem[:4]) for file in FILES]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 88
