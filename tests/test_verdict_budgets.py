"""budgets.toml: what ships is sound, and every mistake is told in one line."""

from pathlib import Path

import pytest

from bench.errors import ConfigError
from bench.verdict.budgets import load_budgets

SHIPPED = Path(__file__).parents[1] / "scenarios" / "budgets.toml"
GOAL = """[SG-X]
title = "x"
asil = "C"
ftti = "4 s"
fdti = "2700 ms"
frti = "500 ms"
safe_state = "open"
latched = true
provenance = "test"
"""


def test_the_shipped_goals_are_all_there() -> None:
    budgets = load_budgets(SHIPPED)
    assert len(budgets) == 40
    overcharge = budgets["SG-OV"]
    assert (overcharge.asil, overcharge.ftti_ns, overcharge.fhti_ns) == ("C", 4_000_000_000, 3_200_000_000)
    assert overcharge.latched
    assert all("confidence" in budget.provenance for budget in budgets.values())
    assert all(budget.fhti_ns < budget.ftti_ns for budget in budgets.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('fdti = "2700 ms"', 'fdti = "3500 ms"', "not below ftti"),
        ('fdti = "2700 ms"', "fdti = 2700", "without a unit"),
        ('fdti = "2700 ms"', 'fdti = "2700"', "has no unit"),
        ('fdti = "2700 ms"', "", "no fdti"),
        ("safe_state", "safestate", "did you mean 'safe_state'"),
        ('provenance = "test"', "", "no provenance"),
        ('provenance = "test"', 'provenance = " "', "not empty"),
        ('asil = "C"', 'asil = "E"', "one of QM, A, B, C, D"),
        ("latched = true", 'latched = "yes"', "true or false"),
        ("[SG-X]", "[SG-X", "no TOML"),
        ("[SG-X]", "SG-Y = 3\n[SG-X]", "a table such as"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOAL
    file = tmp_path / "budgets.toml"
    file.write_text(GOAL.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_budgets(file)
    text = str(caught.value)
    assert words in text
    assert text.startswith(str(file))
    assert "\n" not in text


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_budgets(tmp_path / "nope.toml")
