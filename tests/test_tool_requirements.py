"""The register of the tool: what each row names exists, and nothing that has to have a row lacks one."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from bench.confidence.qualified import NEGATIVE
from bench.confidence.tool_facts import (
    ASILS,
    METHODS,
    load_usage,
    malfunctions,
    recommended,
    requirements,
    strangers,
    why_no_use,
)
from bench.errors import ConfigError
from bench.measure.finding.base import Blame
from bench.measure.finding.closed_set import FINDINGS
from bench.wiring.mutants import mutant_classes

ROOT = Path(__file__).parents[1]
USAGE = load_usage(ROOT / "scenarios" / "tool_usage.toml")
MUTANTS = {name for table in mutant_classes().values() for name in table}
JUDGES = {
    one["what"] for one in tomllib.loads((ROOT / "tests" / "judge_mutants.toml").read_text("utf-8"))["mutant"]
}


@cache
def names_in(file: str) -> set[str]:
    """The tests of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {
        one.name
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_")
    }


@pytest.mark.parametrize("row", requirements(), ids=lambda row: row["id"])
def test_what_a_requirement_is_traced_to_exists(row: dict) -> None:
    assert row["tests"] and (row["mutant"] or row["judge"] or row["negative"])
    for test in row["tests"]:
        file, _, name = test.partition("::")
        assert name in names_in(file) if name else names_in(file), test
    assert set(row["mutant"]) <= MUTANTS
    assert set(row["judge"]) <= JUDGES
    assert set(row["negative"]) <= set(NEGATIVE)


def test_every_negative_test_and_every_measure_of_the_bench_has_its_requirement() -> None:
    rows = requirements()
    known = {row["id"] for row in rows}
    assert len(known) == len(rows) > 20
    assert {name for row in rows for name in row["negative"]} == set(NEGATIVE)
    for one in USAGE["process_measure"]:
        assert set(one["requirements"]) <= known and bool(one["requirements"]) is (one["by"] == "bench")


def test_every_figure_that_was_wrong_is_a_known_malfunction_with_consequence_and_date() -> None:
    """A new fragment `changelog.d/*.wrong.md` needs a row in bench/confidence/tool/malfunctions.toml."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = text.split("### Figures of ours that were wrong")[1:]  # one a release
    released = "".join(re.split(r"\n##+ ", one)[0] for one in sections)
    bullets = re.findall(r"^- (.*)$", released, re.MULTILINE)
    bullets += [one.read_text(encoding="utf-8") for one in (ROOT / "changelog.d").glob("*.wrong.md")]
    starts = [row["changelog"] for row in malfunctions() if row["changelog"]]
    assert len(bullets) > 10
    for bullet in bullets:
        assert [one for one in starts if bullet.startswith(one)], f"no row for: {bullet[:70]}"
    for start in starts:
        assert [one for one in bullets if one.startswith(start)], f"nothing in the changelog for: {start}"


def test_malfunctions_have_consequences_dates_and_what_the_bench_finds_of_itself() -> None:
    rows = malfunctions()
    assert len({row["id"] for row in rows}) == len(rows)
    own = {code for code, kind in FINDINGS.items() if kind.blame is Blame.BENCH}
    assert {row["id"] for row in rows if row["found"] is None} == own and len(own) > 30
    for row in rows:
        assert row["consequence"] and set(row["codes"]) <= set(FINDINGS)
        assert row["found"] is None or row["mended"] or row["workaround"], (
            "an open one says how to live with it"
        )
        assert row["found"] is None or not row["mended"] or row["found"] <= row["mended"]


def test_strangers_counts_have_their_denominators() -> None:
    first, *others = strangers()
    assert (first["caught"], first["planted"]) == (24, 81)
    assert others and all(0 <= one["caught"] < one["planted"] and one["source"] for one in (first, *others))


def test_exploring_in_simulated_time_gates_merges_and_is_ti2() -> None:
    (use,) = [one for one in USAGE["use_case"] if "simulated" in one["title"]]
    assert (use["impact"], use["tcl"]) == ("TI2", "TCL2")


def test_no_use_is_detected_by_validation() -> None:
    measures = {one["id"]: one for one in USAGE["process_measure"]}
    validation = {one["id"] for one in USAGE["validation"]}
    for use in USAGE["use_case"]:
        assert why_no_use(use, measures) is None
        assert use["measures"] and not validation & set(use["measures"])
        assert "no measure in the process" in str(why_no_use({**use, "measures": []}, measures))
        assert why_no_use({**use, "measures": [], "detection": "TD3", "tcl": "TCL3"}, measures) is None
        assert "no measure in the process" in str(why_no_use({**use, "measures": ["VA-1"]}, measures))


def test_the_method_is_the_one_that_the_tables_recommend_most_at_the_highest_asil() -> None:
    levels = {one["tcl"] for one in USAGE["use_case"]} - {"TCL1"}
    assert USAGE["highest_asil"] == "D" and levels == {"TCL2"}
    best = [one for one in METHODS if recommended("TCL2", one, "D") == "++"]
    assert USAGE["method"] in best and "table 5" in USAGE["method_reason"]
    assert [recommended("TCL2", "1c", asil) for asil in ASILS] == ["+", "+", "+", "++"]
    assert [recommended("TCL3", "1c", asil) for asil in ASILS] == ["+", "+", "++", "++"]
    assert (
        recommended("TCL1", "1c", "D")
        == recommended("TCL2", "1e", "D")
        == recommended("TCL2", "1c", "QM")
        == ""
    )


def test_a_file_of_uses_of_an_older_release_is_read_and_falls_short(tmp_path: Path) -> None:
    old = tmp_path / "uses.toml"
    old.write_text(
        'highest_asil = "D"\nreviewed_by = "Jane"\n[[use_case]]\nid = "U"\ntitle = "t"\nimpact = "TI2"\n'
        'detection = "TD2"\nargument = "ruler"\n[[known_malfunction]]\nid = "K"\ntitle = "t"\nworkaround = "w"\n'
    )
    usage = load_usage(old)
    assert usage["use_case"][0]["tcl"] == "TCL2"
    assert "gives no reason" in str(why_no_use(usage["use_case"][0], {}))
    old.write_text(old.read_text().replace('"TI2"', '"TI3"'))
    with pytest.raises(ConfigError, match="TI3"):
        load_usage(old)
