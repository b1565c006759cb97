"""Every pointer to a source resolves inside the repository: R-numbers, pages, and the standards that scenarios name."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_bench import hil_here
from written import written

from bench.verdict.tables import AP_CAVEAT

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
DOCUMENTS = {
    row[0]: row for row in table("## Standards that scenarios, code and docs name") if "--" not in row[0]
}

GOALS = {row[0]: row for row in table("## Times and ASIL per goal") if "--" not in row[0]}
NUMBERED = re.compile(
    r"(?<![\w-])(?:(?:ISO(?:/[A-Z]+)?|IEC(?:/[A-Z]+)?|IEEE|JCGM|FMVSS|SAE|ASAM(?: [A-Z]+)?|DIN|EN|UL|JIS|ASTM|ETSI|RFC|"
    r"ILAC|CISPR|NIST|VDI|LV|QC/T|AIAG(?:-VDA)?|VDA|CFR(?: Part)?|MIL(?:-[A-Z]+)?|UN R|ECE R|UN Regulation No\.|"
    r"(?:UN )?GTR(?: No\.)?)[ -]?[A-Z]{0,4}\d[\w./:-]*|GB(?:/[TZ])? ?\d{4}[\w.-]*|(?:AUTOSAR|AIAG|GUM)\b)"
)


def unregistered(text: str) -> list[str]:
    """Names of standards that no row of the register has, by number, part and, where one is named, edition."""
    names = [one.rstrip(".:-/,").removesuffix("'s") for one in NUMBERED.findall(text)]
    known = [*DOCUMENTS, *(row[1] for row in SOURCES.values())]
    return [
        one for one in names if not any(re.search(rf"(?<!\w){re.escape(one)}(?!\d)", doc) for doc in known)
    ]


def texts(*suffixes: str) -> Iterator[tuple[Path, str]]:
    for folder in ("scenarios", "bench", "docs", "dbc", "firmware_stubs"):
        for file in written(ROOT / folder):
            if file.suffix in suffixes:
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


def test_nothing_but_the_priority_table_rests_on_what_cannot_be_looked_up() -> None:
    """ "No figure may rest on it", and the table of action priorities did, in silence."""
    unlocated = {one for one, row in SOURCES.items() if row[5] == "unlocated"}
    assert {"R53", "R56"} <= unlocated
    resting = {
        (file.name, one)
        for file, text in texts(".toml", ".md", ".py", ".csv", ".j2")
        if file.name != "sources.md"
        for one in re.findall(r"(?<!UN )\bR\d\d\b", text)
        if one in unlocated
    }
    assert resting == {(name, one) for name in ("tables.py", "evidence.md") for one in ("R53", "R56")}
    assert "unlocated" in AP_CAVEAT and all(one in AP_CAVEAT for one in ("R53", "R56"))


@pytest.mark.slow
def test_the_priority_is_shown_with_what_its_table_rests_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["safety", "-k", "FM-CELL-OV", "--chemistry", "nmc", "--config", str(ROOT / "hil_config.toml"), "--fmea",
             str(ROOT / "scenarios/fmea.toml"), "--runs", str(tmp_path)]  # fmt: skip
    page = tmp_path / "safety.html"
    assert hil_here(*words, "--out", str(page)) == 0
    for told in (capsys.readouterr().out, page.read_text(encoding="utf-8")):
        assert AP_CAVEAT in told and "AP†" in told
    assert hil_here(*words, "--json") == 0 and AP_CAVEAT in capsys.readouterr().out


def test_the_presets_name_the_same_sources_ranges_and_confidence_as_the_register() -> None:
    """SG-TR was "seen in the source named": in a page that quotes it, and its third source was left out."""
    budgets = tomllib.loads((ROOT / "scenarios" / "budgets.toml").read_text(encoding="utf-8"))
    letters = set(re.findall(r"(?:provenance: |· )([A-Z]) ", REGISTER.replace("\n", " ")))
    assert letters == set("VSDCU")
    for goal, table_of_goal in budgets.items():
        said = table_of_goal["provenance"]
        (letter,) = re.findall(r"confidence (\w)\b", said)
        qualities = [SOURCES[one][5] for one in re.findall(r"\bR\d\d\b", said)]
        assert letter in letters and "unlocated" not in qualities, goal
        if letter == "V":
            assert qualities and not any(re.search("page|second-hand|memory", one) for one in qualities), goal
        if letter == "S":
            assert qualities, f"{goal}: seen where?"
        if goal in GOALS:
            _, times, asil, after = GOALS[goal]
            named = after.partition(" (also")[0]
            assert named in said, f"{goal}: {named}"
            assert asil == "–" or f"published ASIL {asil};" in said, goal
            assert _within(times, table_of_goal["ftti"]), f"{goal}: {table_of_goal['ftti']} in {times}"
    assert {goal for goal, row in budgets.items() if "docs/sources.md" in row["provenance"]} == GOALS.keys()
    assert "No provenance of the presets has a V" in REGISTER.replace("\n", " ")
    assert not [goal for goal, row in budgets.items() if "confidence V" in row["provenance"]]


def _within(times: str, ftti: str) -> bool:
    """Whether a preset lies in the range that the register has of its goal, where it has one."""
    if not re.match(r"\d", times):
        return True
    low, high = (_seconds(one) for one in times.split(" to "))
    return low <= _seconds(ftti) <= high


def _seconds(text: str) -> float:
    number, unit = text.split()
    return float(number) * {"ms": 0.001, "s": 1, "min": 60}[unit]


def test_every_standard_that_is_named_is_in_the_register() -> None:
    """FMVSS 305, ISO/IEC 17025, JCGM 100 and others were used, and nobody could tell from where they were known."""
    assert not unregistered(
        "ISO 26262-4:2018, UN R100.03; GB/T 39086-2020. ISO 8601. AUTOSAR's P01; a file of 8 GB"
    )
    strange = [
        "ISO 26262-4:2011",
        "IEC 61508",
        "JCGM 200:2012",
        "MIL-STD-810",
        "GB 18384",
        "UN R10",
        "SAE J19",
        "ISO 262",
    ]
    assert unregistered("; ".join(strange)) == strange
    lost = [
        f"{file.relative_to(ROOT)}: {name}"
        for file, text in texts(".toml", ".md", ".py", ".csv", ".j2", ".dbc", ".c", ".h")
        for name in unregistered(text)
    ]
    for name in ("README.md", "CONTRIBUTING.md", "hil_config.toml"):
        lost += [f"{name}: {one}" for one in unregistered((ROOT / name).read_text(encoding="utf-8"))]
    assert not lost


def test_every_page_that_is_pointed_to_is_there() -> None:
    lost: list[str] = []
    for file, text in texts(".toml", ".md", ".py", ".j2"):
        for line in text.splitlines():
            for name in re.findall(r"(?<![\w/.<*])((?:[\w.-]+/)*[\w-]+\.md)\b(?!5)", line):
                places = (ROOT / name, ROOT / "docs" / name, file.parent / name)
                made = name in {"qualification.md", "results.md", "summary.md"}  # what a command writes
                # Pages that the build of the docs makes, whose links it holds itself; and the pattern of a name.
                made |= "_generated/" in name or "NNNN" in name or file.parent.name == "reference_pages"
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


@pytest.mark.parametrize("name", ["nmc", "lfp", "na_ion", "na_nfm", "zn_chitosan"])
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


def test_what_a_build_of_the_site_left_behind_is_not_what_somebody_wrote(tmp_path: Path) -> None:
    for name in ("page.md", "_build/page.md", "how-to/_generated/page.md", "how-to/page.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# A page\n", encoding="utf-8")
    assert [str(one.relative_to(tmp_path)) for one in written(tmp_path, "*.md")] == [
        "how-to/page.md",
        "page.md",
    ]
