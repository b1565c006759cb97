"""budgets.toml: what ships is sound, and every mistake is told in one line."""

from pathlib import Path

import pytest

from bench.errors import ConfigError
from bench.verdict.budgets import lint_budgets, load_budgets

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


LENDS = """
[SG-X-SLOW]
title = "x, as far as a bus shows it"
asil = "C"
ftti = "8 s"
fdti = "2700 ms"
frti = "500 ms"
safe_state = "open"
latched = true
provenance = "test"
of = "SG-X"
probe = "a voltage tap"
"""


def test_a_section_that_lends_longer_times_says_to_which_goal_and_what_would_show_its_own(
    tmp_path: Path,
) -> None:
    file = tmp_path / "budgets.toml"
    file.write_text(GOAL + LENDS)
    found = load_budgets(file)
    assert (found["SG-X-SLOW"].of, found["SG-X-SLOW"].probe) == ("SG-X", "a voltage tap")
    (told,) = lint_budgets(found, {"SG-X-SLOW"})[1:]
    assert "without a derivation that these are safe" in told and told.endswith("SG-X-SLOW")
    file.write_text(GOAL + LENDS + 'derivation = "the pack stands still"\n')
    assert len(lint_budgets(load_budgets(file), {"SG-X-SLOW"})) == 1  # only that SG-X has no classes
    file.write_text(GOAL + LENDS.replace('of = "SG-X"\nprobe = "a voltage tap"\n', ""))
    assert "do not say why they may" in lint_budgets(load_budgets(file), {"SG-X-SLOW"})[1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('of = "SG-X"', 'of = "SG-Y"', "did you mean 'SG-X'"),
        ('of = "SG-X"', 'of = "SG-X-SLOW"', "which only lends times"),
        ('of = "SG-X"\n', "", "probe without of"),
        ('probe = "a voltage tap"\n', "", "what would show the times of SG-X"),
        ('probe = "a voltage tap"', 'probe = "none"', "what would show the times of SG-X"),
        ('asil = "C"', 'asil = "A"', "C, as SG-X has"),
        (
            'of = "SG-X"',
            'of = "SG-X"\nseverity = "S3"\nexposure = "E3"\ncontrollability = "C3"',
            "a goal of its own",
        ),
    ],
)
def test_what_lends_times_without_a_reason_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in LENDS
    file = tmp_path / "budgets.toml"
    file.write_text(GOAL + LENDS.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_budgets(file)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_every_longer_time_that_ships_is_a_goal_of_its_own_or_names_the_probe() -> None:
    budgets = load_budgets(SHIPPED)
    for name, one in budgets.items():
        assert bool(one.of) is (one.severity is None) is bool(one.probe), name
