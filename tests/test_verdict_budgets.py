"""budgets.toml: what ships is sound, and every mistake is told in one line."""

import dataclasses
from pathlib import Path

import pytest

from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.verdict.accepted_states import is_weaker, unknown_states, weaker_words
from bench.verdict.budgets import lint_budgets, load_budgets
from bench.verdict.emergency import lint_emergency
from bench.verdict.hazard_reasons import unreasoned_words

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
        ("[SG-X]", "[SG-X", "no valid TOML"),
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
        assert bool(one.of) is bool(one.probe), name
        assert (one.severity is None) is (bool(one.of) or name == "SG-CRASH"), name


def test_every_class_of_a_hazard_that_ships_is_argued_forward() -> None:
    goals = {name: one for name, one in load_budgets(SHIPPED).items() if not one.of}
    assert unreasoned_words(goals) == []
    # Controllable by the warning whose lateness is the hazard, rare because a second fault is: both were so once.
    assert (goals["SG-TR"].controllability, goals["SG-BAL"].controllability) == ("C3", "C3")
    assert goals["SG-ISO"].exposure == "E4"
    # Its ASIL is only stated: the classes that were there had been read back from it.
    assert "E1" in goals["SG-CRASH"].hazard_source and goals["SG-CRASH"].severity is None
    assert not any(one.hazard_given for one in goals.values()), "none comes from a hazard analysis"


CLASSES = 'severity = "S3"\nexposure = "E3"\ncontrollability = "C3"\n'
WHYS = 'severity_why = "fire"\nexposure_why = "monthly"\ncontrollability_why = "nobody sees it"\n'


@pytest.mark.parametrize(
    ("keys", "lacks"),
    [
        (CLASSES + WHYS, False),
        (CLASSES + WHYS.replace("controllability_why", "# "), True),
        (CLASSES + 'hazard_source = "S3: fire. E3: monthly. C3: nobody sees it"', True),
        (CLASSES + 'inherits = ["SG-X"]', False),
        (CLASSES + 'hazard_given = true\nhazard_source = "HARA 7, line 12"', False),
    ],
)
def test_a_class_that_nothing_argues_is_told(tmp_path: Path, keys: str, lacks: bool) -> None:
    file = tmp_path / "budgets.toml"
    file.write_text(GOAL + CLASSES + WHYS + GOAL.replace("SG-X", "SG-Z") + keys + "\n")
    told = [line for line in lint_budgets(load_budgets(file)) if "do not argue each class" in line]
    assert bool(told) is lacks and all(line.endswith("SG-Z") for line in told)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (WHYS, "severity, exposure and controllability beside"),
        ('inherits = ["SG-X"]', "severity, exposure and controllability beside"),
        (CLASSES + 'inherits = ["SG-Y"]', "a goal with classes"),
        (CLASSES + 'inherits = "SG-X"', "a list of names"),
        (CLASSES.replace("E3", "E4").replace("C3", "C2") + 'inherits = ["SG-X"]', "but SG-X has S3/E3/C3"),
    ],
)
def test_classes_that_are_said_to_be_inherited_are_those_of_the_other_goal(
    tmp_path: Path, keys: str, words: str
) -> None:
    file = tmp_path / "budgets.toml"
    file.write_text(GOAL + CLASSES + WHYS + GOAL.replace("SG-X", "SG-Z") + keys + "\n")
    with pytest.raises(ConfigError) as caught:
        load_budgets(file)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('eotti = "1 s"\nemergency_states = ["derate"]', ""),
        ('eotti = "1 s"', "no emergency_states"),
        ('emergency_states = ["derate"]', "no eotti"),
        ('eotti = "1 s"\nemergency_states = "derate"', "a list of names"),
        ('eotti = "0 s"\nemergency_states = ["derate"]', "a duration above 0"),
    ],
)
def test_emergency_operation_has_a_time_and_an_end(tmp_path: Path, keys: str, words: str) -> None:
    file = tmp_path / "budgets.toml"
    file.write_text(GOAL.replace('"open"', '"derate_then_open"') + keys + "\n")
    if words:
        with pytest.raises(ConfigError, match=words):
            load_budgets(file)
        return
    assert load_budgets(file)["SG-X"].eotti_ns == 1_000_000_000
    file.write_text(GOAL.replace('"open"', '"derate_then_open"'))
    assert any("state no eotti: SG-X" in line for line in lint_budgets(load_budgets(file)))


def test_every_goal_that_ships_and_degrades_first_states_its_eotti() -> None:
    goals = {name: one for name, one in load_budgets(SHIPPED).items() if not one.of}
    assert lint_emergency(goals) == []
    profile = load_profile(SHIPPED.parents[1] / "dbc" / "reference_bms.toml")
    for name, one in goals.items():
        assert set(one.emergency_states) <= profile.safe_states.keys(), name
    assert unknown_states(goals.values(), profile.safe_states) == ()
    odd = dataclasses.replace(goals["SG-OCC"], accepts=("hv_opem",))
    (told,) = unknown_states([odd], profile.safe_states)
    assert told.startswith("SG-OCC.accepts: found 'hv_opem', no safe state of") and "hv_open" in told


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('accepts = ["off"]\naccepts_why = "nothing is live"', ""),
        ('accepts = ["off"]', "no accepts_why; expected accepts and accepts_why"),
        ('accepts_why = "nothing is live"', "no accepts; expected"),
        ('accepts = "off"\naccepts_why = "nothing is live"', "a list of names"),
        ('accepts = ["open"]\naccepts_why = "x"', "accepts.*'open', its own safe state"),
        (
            'accepts = ["derate"]\naccepts_why = "x"\neotti = "1 s"\nemergency_states = ["derate"]',
            "accepts.*'derate', a state of emergency operation",
        ),
    ],
)
def test_a_goal_says_why_another_state_is_as_safe_as_its_own(tmp_path: Path, keys: str, words: str) -> None:
    file = tmp_path / "budgets.toml"
    file.write_text(GOAL + keys + "\n")
    if words:
        with pytest.raises(ConfigError, match=words):
            load_budgets(file)
        return
    goal = load_budgets(file)["SG-X"]
    assert (goal.accepts, goal.accepts_why) == (("off",), "nothing is live")
    states = {"off": False, "open": False, "warned": True, "": False}
    assert {state: is_weaker(state, goal) for state in states} == states
    measured = [(f"of-{state}", "SG-X", state) for state in states]
    (told,) = weaker_words({"SG-X": goal}, measured)
    assert told == (
        "SG-X: NOT SHOWN by scenarios measured up to another state than open: of-warned (warned) "
        "(accepts, accepts_why)"
    )
    many = [(f"s{number}", "SG-X", "warned") for number in range(9)]
    (told,) = weaker_words({"SG-X": goal}, many)
    assert "s0 (warned), s1 (warned), s2 (warned) and 6 more (accepts" in told
