"""The rating tables are complete, and the linter for safety goals uses them."""

import itertools
from pathlib import Path

import pytest

from bench.errors import ConfigError
from bench.report.safety_tables import hara_rows
from bench.verdict.budgets import lint_budgets, load_budgets
from bench.verdict.tables import action_priority, asil_of, decompositions, msr_action_priority, rows

GOAL = """[SG-X]
title = "x"
asil = "{asil}"
ftti = "1 s"
fdti = "600 ms"
frti = "100 ms"
safe_state = "open"
provenance = "here"
{more}
"""


def test_asil_is_the_sum_rule_in_every_cell() -> None:
    for s, e, c in itertools.product(range(4), range(5), range(4)):
        due = "QM" if 0 in (s, e, c) else {7: "A", 8: "B", 9: "C", 10: "D"}.get(s + e + c, "QM")
        assert asil_of(f"S{s}", f"E{e}", f"C{c}") == due
    with pytest.raises(ValueError, match="expected S0 to S3"):
        asil_of("S4", "E1", "C1")
    assert ("B(D)", "B(D)") in decompositions("D") and decompositions("QM") == ()


def test_both_priority_tables_answer_every_cell_exactly_once() -> None:
    for name, keys in (("fmea_ap", "sod"), ("fmea_msr_ap", "sfm")):
        for cell in itertools.product(range(1, 11), repeat=3):
            found = [
                row["ap"]
                for row in rows(name)
                if all(int(row[f"{k}_min"]) <= v <= int(row[f"{k}_max"]) for k, v in zip(keys, cell))
            ]
            assert len(found) == 1 and found[0] in "HML", (name, cell)
    assert action_priority(10, 8, 1) == "H" and action_priority(9, 5, 1) == "M"
    assert msr_action_priority(10, 3, 6) == "H" and msr_action_priority(6, 3, 6) == "L"
    with pytest.raises(ValueError, match="1 to 10"):
        action_priority(11, 1, 1)


def goals(tmp_path: Path, asil: str, more: str) -> Path:
    path = tmp_path / "budgets.toml"
    path.write_text(GOAL.format(asil=asil, more=more), encoding="utf-8")
    return path


HAZARD = 'severity = "S3"\nexposure = "E3"\ncontrollability = "C3"'


@pytest.mark.parametrize(
    ("asil", "more", "told"),
    [
        ("B", HAZARD, "asil B, but S3/E3/C3 make C"),
        ("C", 'severity = "S3"', "only severity"),
        ("C", HAZARD.replace("S3", "S9"), "S0 to S3"),
        ("C", 'fhti = "650 ms"', "FDTI + FRTI <= FHTI"),
        ("C", 'fhti = "1 s"', "not below ftti"),
        ("C", 'coverage = "100 %"', "below 100 %"),
        ("C", "coverage = 0.95", 'such as "95 %"'),
    ],
)
def test_a_goal_that_contradicts_itself_is_refused(tmp_path: Path, asil: str, more: str, told: str) -> None:
    with pytest.raises(ConfigError, match="SG-X") as refused:
        load_budgets(goals(tmp_path, asil, more))
    assert told in str(refused.value)


def test_the_linter_tells_what_will_not_convince(tmp_path: Path) -> None:
    good = load_budgets(
        goals(
            tmp_path,
            "C",
            HAZARD + '\nhazard_source = "HARA 7"\nhazard_given = true\nfhti = "750 ms"\ncoverage = "99 %"',
        )
    )
    assert lint_budgets(good) == () and good["SG-X"].coverage == 0.99
    assumed = load_budgets(goals(tmp_path, "C", HAZARD + '\nhazard_source = "fire, in our own view"'))
    assert (
        "1 of 1 goals whose severity" in lint_budgets(assumed)[0]
        and "are assumed" in lint_budgets(assumed)[0]
    )
    assert lint_budgets(assumed, lent={"SG-X"}) == () and assumed["SG-X"].classes_assumed
    assert hara_rows(assumed)[0][2:6] == ("S3?", "E3?", "C3?", "C")
    path = goals(tmp_path, "C", "")
    path.write_text(path.read_text().replace("100 ms", "300 ms").replace("here", "TBD"), encoding="utf-8")
    told = " ".join(lint_budgets(load_budgets(path)))
    for part in ("only stated", "use 90 % of the FTTI", "name the source"):
        assert part in told
