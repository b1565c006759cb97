"""What is wrong in a file of safety goals is told to the letter: where, what was found, and what is expected there."""

# ruff: noqa: E501 - what is told stands there whole

from pathlib import Path

import pytest

from bench.errors import ConfigError
from bench.units import NS_PER_MS
from bench.verdict.budgets import lint_budgets, load_budgets
from bench.verdict.result import Budget

ROWS = {
    "title": '"t"', "asil": '"C"', "ftti": '"900 ms"', "fdti": '"500 ms"', "frti": '"100 ms"', "safe_state": '"open"',
    "latched": "true", "provenance": '"p"',
}  # fmt: skip
H = {"severity": '"S3"', "exposure": '"E4"', "controllability": '"C2"'}


def goal(name: str, without: tuple[str, ...] = (), **other: str) -> str:
    rows = {key: value for key, value in {**ROWS, **other}.items() if key not in without}
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in rows.items())])


def chem(body: str) -> str:
    return f"{goal('SG-A', **H)}\n[SG-A.chemistry.lfp]\n{body}"


def loaded(folder: Path, text: str, chemistry: str | None = None) -> dict[str, Budget]:
    (folder / "goals.toml").write_text(text, encoding="utf-8")
    return load_budgets(folder / "goals.toml", chemistry)


WRONG = [
    ("SG-A = 3", ["[SG-A]: 3; expected a table such as [SG-OV]"]),
    (
        "SG-A = = 3",
        [":1: found no valid TOML ('SG-A =='); expected one equals sign: SG-A = 3"],
    ),
    (
        goal("SG-A", latchet="true"),
        [
            "[SG-A]: unknown key 'latchet'; expected one of latched, title, safe_state, provenance, asil, ftti, fdti, frti, fhti, severity and 18 more; did you mean 'latched'?"
        ],
    ),
    (goal("SG-A", without=("title",)), ["[SG-A.title]: no title; expected text that is not empty"]),
    (goal("SG-A", provenance='" "'), ["[SG-A.provenance]: ' '; expected text that is not empty"]),
    (goal("SG-A", safe_state="4"), ["[SG-A.safe_state]: 4; expected text that is not empty"]),
    (goal("SG-A", asil='"E"'), ["[SG-A.asil]: 'E'; expected one of QM, A, B, C, D"]),
    (goal("SG-A", without=("ftti",)), ['[SG-A.ftti]: no ftti; expected a duration such as "250 ms"']),
    (goal("SG-A", ftti="900"), ['[SG-A.ftti]: 900 without a unit; expected a duration such as "250 ms"']),
    (
        goal("SG-A", ftti='"900"'),
        ["[SG-A.ftti]: found '900' has no unit; expected one of ns, us, µs, ms, s, min, h, d"],
    ),
    (goal("SG-A", frti='"0 ms"'), ["[SG-A.frti]: found '0 ms'; expected a duration above 0"]),
    (goal("SG-A", latched="1"), ["[SG-A.latched]: 1; expected true or false"]),
    (
        goal("SG-A", eotti='"5 s"'),
        ["[SG-A]: no emergency_states; expected eotti and emergency_states, or none of them"],
    ),
    (
        goal("SG-A", emergency_states='["limit"]'),
        ["[SG-A]: no eotti; expected eotti and emergency_states, or none of them"],
    ),
    (
        goal("SG-A", emergency_states='"limit"', eotti='"5 s"'),
        ["[SG-A.emergency_states]: 'limit'; expected a list of names such as [\"SG-OV\"]"],
    ),
    (goal("SG-A", accepts="[3]"), ['[SG-A.accepts]: [3]; expected a list of names such as ["SG-OV"]']),
    (
        goal("SG-A", severity='"S3"', exposure='"E4"'),
        ["[SG-A]: only severity, exposure; expected severity, exposure and controllability, or none of them"],
    ),
    (
        goal("SG-A", **{**H, "controllability": '"C9"'}),
        [
            "[SG-A]: S3/E4/C9: expected S0 to S3, E0 to E4, C0 to C3; expected classes of ISO 26262-3:2018, table 4"
        ],
    ),
    (goal("SG-A", **{**H, "exposure": "3"}), ["[SG-A.exposure]: 3; expected text that is not empty"]),
    (
        goal("SG-A", **H).replace('asil = "C"', 'asil = "B"'),
        ["[SG-A.asil]: asil B, but S3/E4/C2 make C; expected C (ISO 26262-3:2018, table 4)"],
    ),
    (goal("SG-A", fhti='"0 s"'), ["[SG-A.fhti]: found '0 s'; expected a duration above 0"]),
    (
        goal("SG-A", fhti='"599 ms"'),
        ["[SG-A.fhti]: 599.0 ms is below fdti + frti = 600.0 ms; expected FDTI + FRTI <= FHTI < FTTI"],
    ),
    (
        goal("SG-A", fhti='"900 ms"'),
        ["[SG-A.fhti]: 900.0 ms is not below ftti = 900.0 ms; expected FDTI + FRTI <= FHTI < FTTI"],
    ),
    (
        goal("SG-A", frti='"400 ms"'),
        [
            "[SG-A]: fdti + frti = 900.0 ms is not below ftti = 900.0 ms; expected FDTI + FRTI < FTTI, strictly"
        ],
    ),
    (
        goal("SG-A", coverage='"100 %"'),
        ["[SG-A.coverage]: '100 %'; expected a share such as \"95 %\", below 100 %"],
    ),
    (
        goal("SG-A", confidence="0.95"),
        ['[SG-A.confidence]: 0.95; expected a share such as "95 %", below 100 %'],
    ),
    (
        goal("SG-A", confidence='"95"'),
        ["[SG-A.confidence]: '95'; expected a share such as \"95 %\", below 100 %"],
    ),
    (
        goal("SG-A", coverage='"49.9 %"'),
        ["[SG-A.coverage]: '49.9 %'; expected a share such as \"95 %\", below 100 %"],
    ),
    (goal("SG-A", owner='""'), ["[SG-A.owner]: ''; expected text that is not empty"]),
    (goal("SG-A", probe="3"), ["[SG-A.probe]: 3; expected text that is not empty"]),
    (goal("SG-A", hazard_given='"yes"'), ["[SG-A.hazard_given]: 'yes'; expected true or false"]),
    (
        goal("SG-A", inherits='"SG-B"'),
        ["[SG-A.inherits]: 'SG-B'; expected a list of names such as [\"SG-OV\"]"],
    ),
    (
        goal("SG-A", severity_why='"w"'),
        ["[SG-A]: severity_why; expected severity, exposure and controllability beside"],
    ),
    (
        goal("SG-A", inherits='["SG-B"]'),
        ["[SG-A]: inherits; expected severity, exposure and controllability beside"],
    ),
    (
        goal("SG-A", **H, hazard_given="true"),
        [
            "[SG-A.hazard_source]: no text beside hazard_given = true; expected the analysis that gives the classes, or no hazard_given"
        ],
    ),
    (
        goal("SG-A", **H, hazard_given="true", hazard_source='"assumed: x"', exposure_why='"assumed"'),
        [
            "[SG-A.hazard_source]: 'assumed: x' beside hazard_given = true; expected the analysis that gives the classes, or no hazard_given",
            "[SG-A.exposure_why]: 'assumed' beside hazard_given = true; expected the analysis that gives the classes, or no hazard_given",
        ],
    ),
    (
        goal("SG-A", **H, inherits='["SG-C"]'),
        ["[SG-A.inherits]: 'SG-C'; expected a goal with classes; did you mean 'SG-A'?"],
    ),
    (
        goal("SG-A", **H, inherits='["SG-B"]')
        + "\n"
        + goal("SG-B", **{**H, "exposure": '"E3"'}).replace('asil = "C"', 'asil = "B"'),
        [
            "[SG-A.inherits]: S3/E4/C2, but SG-B has S3/E3/C2; expected the same classes, or an argument for its own"
        ],
    ),
    (
        goal("SG-A", **H, inherits='["SG-B"]', hazard_given="true", hazard_source='"HARA 4"')
        + "\n"
        + goal("SG-B", **H),
        [
            "[SG-A.inherits]: hazard_given = true, but the classes of SG-B are assumed; expected the analysis that gives the classes, or no hazard_given"
        ],
    ),
    (
        goal("SG-A", probe='"x"'),
        [
            "[SG-A.probe]: probe without of; expected of = the goal whose times this section lengthens, or no probe"
        ],
    ),
    (
        goal("SG-A", derivation='"x"'),
        [
            "[SG-A.derivation]: derivation without of; expected of = the goal whose times this section lengthens, or no derivation"
        ],
    ),
    (goal("SG-A", of='"SG-B"'), ["[SG-A.of]: 'SG-B'; expected a safety goal of this file"]),
    (
        goal("SG-A", of='"SG-C"', probe='"x"') + "\n" + goal("SG-B"),
        ["[SG-A.of]: 'SG-C'; expected a safety goal of this file; did you mean 'SG-B'?"],
    ),
    (
        goal("SG-A", of='"SG-B"', probe='"x"') + "\n" + goal("SG-B", of='"SG-A"', probe='"x"'),
        [
            "[SG-A.of]: 'SG-B', which only lends times; expected a safety goal of this file",
            "[SG-B.of]: 'SG-A', which only lends times; expected a safety goal of this file",
        ],
    ),
    (
        goal("SG-A", of='"SG-B"', probe='"TBD:"', asil='"D"', **H) + "\n" + goal("SG-B"),
        ["[SG-A.asil]: asil D, but S3/E4/C2 make C; expected C (ISO 26262-3:2018, table 4)"],
    ),
    (
        goal("SG-A", of='"SG-B"', asil='"D"') + "\n" + goal("SG-B"),
        [
            "[SG-A.asil]: D; expected C, as SG-B has: a longer time makes no other hazard",
            '[SG-A.probe]: no probe; expected what would show the times of SG-B, or "none: " and why nothing would',
        ],
    ),
    (goal("SG-A", chemistry="3"), ["[SG-A.chemistry]: found 3; expected a table [SG-A.chemistry.ID]"]),
    (goal("SG-A") + "\n[SG-A.chemistry]\nlfp = 3", ["[SG-A.chemistry.lfp]: found 3; expected a table"]),
    (
        chem('ftti = "800 ms"'),
        ["[SG-A.chemistry.lfp.source]: found no text; expected where these figures come from"],
    ),
    (
        chem('ftti = "800 ms"\nsource = " "'),
        ["[SG-A.chemistry.lfp.source]: found no text; expected where these figures come from"],
    ),
    (
        chem('ftti = "800 ms"\nsource = "x"\ngiven = 1'),
        ["[SG-A.chemistry.lfp.given]: found 1; expected true or false"],
    ),
    (
        chem('ftti = "800 ms"\nsource = "assumed: x"\ngiven = true'),
        [
            "[SG-A.chemistry.lfp.source]: 'assumed: x' beside given = true; expected what gives these figures, or no given"
        ],
    ),
    (
        chem('source = "x"'),
        [
            "[SG-A.chemistry.lfp]: found nothing that differs; expected one of severity, exposure, controllability, asil, ftti, fdti, frti, fhti"
        ],
    ),
    (
        chem('fttj = "800 ms"\nsource = "x"'),
        [
            "[SG-A.chemistry.lfp]: found unknown key 'fttj'; expected one of severity, exposure, controllability, asil, ftti, fdti, frti, fhti, source, given; did you mean 'ftti'?"
        ],
    ),
    (
        chem('exposure = "E9"\nsource = "x"'),
        ["[SG-A.chemistry.lfp]: S3/E9/C2; expected S0 to S3, E0 to E4, C0 to C3"],
    ),
    (
        chem('ftti = "500 ms"\nsource = "x"'),
        [
            "[SG-A.chemistry.lfp]: fdti + frti = 600.0 ms is not below ftti = 500.0 ms; expected FDTI + FRTI < FTTI, strictly"
        ],
    ),
    (
        goal("SG-A", of='"SG-B"', probe='"x"')
        + '\n[SG-A.chemistry.lfp]\nftti = "800 ms"\nsource = "x"\n'
        + goal("SG-B"),
        [
            "[SG-A.chemistry.lfp]: a chemistry of a section that lends its times to SG-B; expected what differs on a chemistry at the goal, [SG-B.chemistry.lfp]"
        ],
    ),
]


@pytest.mark.parametrize(("text", "told"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_each_mistake_is_told_with_its_place_what_was_found_and_what_is_expected(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    with pytest.raises(ConfigError) as wrong:
        loaded(tmp_path, text)
    place = str(tmp_path / "goals.toml")
    lines = str(wrong.value).splitlines()
    assert all(line.startswith(place) for line in lines)
    assert [line.removeprefix(place).lstrip() for line in lines] == told


def test_every_key_of_a_goal_is_read_into_its_own_field(tmp_path: Path) -> None:
    text = goal(
        "SG-A", **H, fhti='"700 ms"', hazard_source='"HARA"', hazard_given="true", owner='"me"', coverage='"90 %"',
        confidence='"99 %"', severity_why='"s"', exposure_why='"e"', controllability_why='"c"', inherits="[]",
        eotti='"5 s"', emergency_states='["limit"]',
    )  # fmt: skip
    lender = goal("SG-B", of='"SG-A"', probe='"a probe"', derivation='"why"')
    ms = NS_PER_MS
    found = loaded(tmp_path, f"{text}\n{lender}")
    assert found["SG-A"] == Budget(
        safety_goal="SG-A", title="t", asil="C", ftti_ns=900 * ms, fdti_ns=500 * ms, frti_ns=100 * ms,
        safe_state="open", provenance="p", latched=True, severity="S3", exposure="E4", controllability="C2",
        hazard_source="HARA", hazard_given=True, hazard_whys=("s", "e", "c"), owner="me", coverage=0.9, confidence=0.99,
        emergency_states=("limit",), eotti_ns=5000 * ms,
    )  # fmt: skip
    assert found["SG-B"] == Budget(
        safety_goal="SG-B", title="t", asil="C", ftti_ns=900 * ms, fdti_ns=500 * ms, frti_ns=100 * ms,
        safe_state="open", provenance="p", latched=True, of="SG-A", probe="a probe", derivation="why",
    )  # fmt: skip


def test_a_share_may_be_a_half_and_no_less_and_times_may_use_all_of_their_sum(tmp_path: Path) -> None:
    assert loaded(tmp_path, goal("SG-A", coverage='"50 %"'))["SG-A"].coverage == 0.5
    assert loaded(tmp_path, goal("SG-A", fhti='"600 ms"'))["SG-A"].fhti_ns == 600 * NS_PER_MS
    assert loaded(tmp_path, goal("SG-A", without=("latched",)))["SG-A"].latched is False


def test_on_a_chemistry_a_goal_is_what_its_table_changes_and_else_as_it_is(tmp_path: Path) -> None:
    text = chem('exposure = "E3"\nftti = "800 ms"\nsource = " assumed: a test "')
    base, here = loaded(tmp_path, text)["SG-A"], loaded(tmp_path, text, "lfp")["SG-A"]
    assert loaded(tmp_path, text, "nmc")["SG-A"] == base
    said = "lfp: assumed: a test"
    changed = {
        "exposure": "E3", "asil": "B", "ftti_ns": 800 * NS_PER_MS, "provenance": said, "hazard_source": said,
        "hazard_given": False, "hazard_whys": ("", said, ""),
    }  # fmt: skip
    assert {name: getattr(here, name) for name in changed} == changed
    unchanged = {one: getattr(base, one) for one in Budget.__slots__ if one not in changed}
    assert {name: getattr(here, name) for name in unchanged} == unchanged
    given = loaded(tmp_path, text.replace(" assumed: a test ", "a test") + "\ngiven = true", "lfp")["SG-A"]
    assert (given.provenance, given.hazard_given) == ("lfp: a test", True)


def test_longer_times_of_a_chemistry_keep_the_ordinary_ones_beside_them_unless_they_are_given(
    tmp_path: Path,
) -> None:
    ms = NS_PER_MS
    text = chem('frti = "200 ms"\nsource = "x"')
    assert loaded(tmp_path, text, "lfp")["SG-A"].ordinary_ns == (900 * ms, 500 * ms, 100 * ms)
    assert loaded(tmp_path, f"{text}\ngiven = true", "lfp")["SG-A"].ordinary_ns == ()
    shorter = chem('ftti = "800 ms"\nsource = "x"')
    assert loaded(tmp_path, shorter, "lfp")["SG-A"].ordinary_ns == ()


def test_what_will_not_convince_an_assessor_is_told_to_the_letter(tmp_path: Path) -> None:
    goals = loaded(
        tmp_path,
        "\n".join(
            [
                goal("SG-A", ftti='"700 ms"', provenance='"TBD by me"'),
                goal("SG-B", **H, ftti='"750 ms"', hazard_source='"assumed: x"'),
                goal("SG-C", **H, safe_state='"limit_then_open"'),
                goal("SG-D"),
                goal("SG-E", of='"SG-A"', probe='"x"'),
            ]
        ),
    )
    assert lint_budgets(goals, ("SG-D",)) == LINTED


LINTED = (
    "1 of 3 goals without severity, exposure, controllability (their ASIL is only stated): SG-A",
    "2 of 3 goals whose severity, exposure, controllability are assumed: SG-B, SG-C",
    "1 of 3 goals whose severity, exposure, controllability have no hazard_source: SG-C",
    "SG-A: fdti + frti use 86 % of the FTTI; above 80 % little margin is left",
    "SG-A: provenance says 'TBD by me'; name the source of the times",
    "2 of 3 goals that do not argue each class (severity_why, exposure_why, controllability_why) nor name goals to inherit from: SG-B, SG-C",
    "1 of 3 goals degrade, limit or warn first and state no eotti: SG-C",
    "1 sections lend longer times and do not say why they may (of, probe, derivation; or severity, exposure, controllability of a goal of its own): SG-D",
    "1 sections lend longer times without a derivation that these are safe; their goals stay NOT SHOWN until the probe is there: SG-E",
)


def test_every_section_of_a_kind_is_named_one_after_the_other(tmp_path: Path) -> None:
    """Of each kind that the test before has one of, here are two."""
    kinds: dict[str, dict[str, str]] = {
        "A": {"provenance": '"TBD"'},
        "C": {**H, "safe_state": '"limit_then_open"'},
        "D": {},
        "E": {"of": '"SG-A1"', "probe": '"x"'},
    }
    text = "\n".join(goal(f"SG-{kind}{n}", **rows) for kind, rows in kinds.items() for n in (1, 2))
    told = lint_budgets(loaded(tmp_path, text), ("SG-D1", "SG-D2"))
    both = [f": SG-{kind}1, SG-{kind}2" for kind in "ACCCCDE"]
    assert [one[one.rindex(": SG-") :] for one in told if ": SG-" in one] == both


TEXTS = ("title", "safe_state", "provenance", *H, "hazard_source", "severity_why", "exposure_why",
         "controllability_why", "owner", "of", "probe", "derivation", "accepts_why")  # fmt: skip


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_of_a_goal_that_is_none_is_told_with_its_file(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        loaded(tmp_path, goal("SG-A", **{**H, key: "3"}))
    assert str(wrong.value) == f"{tmp_path / 'goals.toml'} [SG-A.{key}]: 3; expected text that is not empty"


def test_two_odd_values_are_two_lines(tmp_path: Path) -> None:
    long = "x" * 5001
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, goal("SG-A", title=f'"{long}"', provenance=f'"{long}"'))
    first, second = str(caught.value).splitlines()
    assert "SG-A.title" in first and "SG-A.provenance" in second and "XX" not in first + second
