"""Every pointer to a source resolves inside the repository: R-numbers, pages, and the standards that scenarios name."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REGISTER = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
FOREIGN = re.compile(
    r"https?://|github\.com|SOFTWARE\.md"
)  # lines that point into somebody else's repository


def table(heading: str) -> list[list[str]]:
    lines = REGISTER.split(heading, 1)[1].split("\n## ")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][
        1:
    ]


SOURCES = {name: row for row in table("## References") for name in re.findall(r"R\d+", row[0])}
DOCUMENTS = {row[0]: row for row in table("## Standards that scenarios name") if "--" not in row[0]}


def texts(*suffixes: str) -> Iterator[tuple[Path, str]]:
    for folder in ("scenarios", "bench", "docs", "dbc", "firmware_stubs"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in suffixes and "__pycache__" not in file.parts:
                yield file, file.read_text(encoding="utf-8")


def scenarios() -> Iterator[tuple[str, dict[str, object]]]:
    for file in sorted((ROOT / "scenarios").glob("*/*.toml")):
        yield file.stem, tomllib.loads(file.read_text(encoding="utf-8"))


def test_the_register_says_document_date_content_and_quality_of_each() -> None:
    assert len(SOURCES) > 15 and len(DOCUMENTS) > 10
    qualities = ("standard", "regulation", "paper", "data sheet", "code", "page", "unlocated", "no source")
    for name, row in SOURCES.items():
        assert len(row) == 6 and all(row), name
        assert row[5] in ("unlocated", "no source, C") or row[3] != "–", f"{name} has no date"
        assert row[5].startswith(qualities), name
    assert all(len(row) == 4 and all(row) for row in DOCUMENTS.values())


def test_every_r_number_is_in_the_register() -> None:
    pointed: set[str] = set()
    for file, text in texts(".toml", ".md", ".py"):
        if file.name == "sources.md":
            continue
        for line in text.splitlines():
            if "docs/sources.md" in line or re.search(r"provenance|_source\b", line):
                pointed |= set(re.findall(r"(?<!UN )\bR\d\d\b", line))
    assert "R20" in pointed and pointed <= SOURCES.keys(), pointed - SOURCES.keys()
    resting = set(re.findall(r"\bR\d\d\b", (ROOT / "scenarios" / "budgets.toml").read_text(encoding="utf-8")))
    assert not {one for one in resting if SOURCES[one][5] == "unlocated"}, "cannot be looked up"


def test_every_page_that_is_pointed_to_is_there() -> None:
    lost: list[str] = []
    for file, text in texts(".toml", ".md", ".py", ".j2"):
        for line in text.splitlines():
            for name in re.findall(r"(?<![\w/.<*])((?:[\w.-]+/)*[\w-]+\.md)\b(?!5)", line):
                places = (ROOT / name, ROOT / "docs" / name, file.parent / name)
                made = name in {"qualification.md", "results.md", "summary.md"}  # what a command writes
                if not made and not FOREIGN.search(line) and not any(one.is_file() for one in places):
                    lost.append(f"{file.relative_to(ROOT)}: {name}")
    assert not lost


def test_nothing_calls_a_source_public_that_is_none() -> None:
    for file, text in texts(".toml", ".md", ".py"):
        if file.name == "sources.md":
            continue
        for line in text.splitlines():
            if "public source" in line:
                pytest.fail(f"{file}: {line}; name it (docs/sources.md)")


@pytest.mark.parametrize("name", ["nmc", "lfp", "na_ion", "zn_chitosan"])
def test_every_figure_of_a_chemistry_names_one_of_its_sources(name: str) -> None:
    facts = tomllib.loads(
        (ROOT / "bench" / "plant" / "chemistries" / f"{name}.toml").read_text(encoding="utf-8")
    )
    known = facts["sources"].keys()
    named = set(re.findall(r"\bs = \"([^\"]+)\"", str(facts).replace("'s': '", 's = "').replace("'", '"')))
    assert named and {part for one in named for part in one.split("+")} <= known


def test_every_clause_that_a_scenario_names_is_of_a_document_in_the_register_and_has_a_place_in_it() -> None:
    for name, found in scenarios():
        assert "standards" not in found, f"{name}: the old key does not say whether it performs or touches"
        for clause in (*found.get("performs", []), *found.get("touches", [])):  # type: ignore[misc]
            assert clause.startswith((*DOCUMENTS, "project: ")), f"{name}: {clause}"
            document = max((one for one in (*DOCUMENTS, "project:") if clause.startswith(one)), key=len)
            assert re.search(r"[\dA-Z]|goal: |accuracy", clause.removeprefix(document)), f"{name}: {clause}"
