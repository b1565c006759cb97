"""Severity, exposure, occurrence and FTTI may differ by chemistry: the same by default, each with its source."""

import dataclasses
from pathlib import Path

import pytest
from sample_run import sample_run
from small_bench import ONE, QUICK, hil_here, run_folders, small_bench
from test_verdict_fmea import clean

from bench.door.check_lines import budget_lines
from bench.errors import ConfigError
from bench.report.safety_tables import hara_rows
from bench.running.load import load_rig, load_scenarios
from bench.safety.failure_modes import cells, newest_runs
from bench.safety.fmea_file import load_fmea
from bench.safety.ftti_of_chemistry import beside_each_other
from bench.scenario.library import list_library
from bench.scenario.load import find_scenarios
from bench.timing.evidence_class import EvidenceClass
from bench.units import NS_PER_MS
from bench.verdict.budgets import load_budgets
from bench.verdict.fmea import FailureMode
from bench.verdict.fmea_chemistry import OnChemistry
from bench.verdict.fmea_on import on_chemistry
from bench.verdict.result import ScenarioResult

ROOT = Path(__file__).parents[1]
BUDGETS = ROOT / "scenarios" / "budgets.toml"

MODE = FailureMode(
    id="FM", title="t", element="e", safety_goal="SG-01", faults=("cell_voltage",), scenarios=("ov",),
    severity=10, severity_source="R24, of lithium-ion", frequency=3, frequency_source="assumed: x", occurrence=5,
    occurrence_source="a fleet", given=("severity", "occurrence"), hazard="overcharge_1C",
)  # fmt: skip


def goals_with(tmp_path: Path, own: str) -> Path:
    text = BUDGETS.read_text(encoding="utf-8").replace("[SG-OTC]", f"{own}\n\n[SG-OTC]", 1)
    (tmp_path / "budgets.toml").write_text(text, encoding="utf-8")
    return tmp_path / "budgets.toml"


def test_a_goal_has_times_and_classes_of_its_own_on_one_chemistry(tmp_path: Path) -> None:
    """A chemistry could not have an FTTI of its own: the key was unknown."""
    file = goals_with(
        tmp_path,
        '[SG-UV.chemistry.zn_chitosan]\nexposure = "E4"\nftti = "4500 ms"\nsource = "vent test"',
    )
    zinc, nmc, any_other = (load_budgets(file, one)["SG-UV"] for one in ("zn_chitosan", "nmc", None))
    assert nmc == any_other == load_budgets(BUDGETS)["SG-UV"]
    assert (zinc.ftti_ns, zinc.fdti_ns, zinc.exposure) == (4_500 * NS_PER_MS, nmc.fdti_ns, "E4")
    assert zinc.asil == "D" and nmc.asil == "C", "made of its classes, never kept"
    assert zinc.classes_assumed and zinc.hazard_source == zinc.provenance == "zn_chitosan: assumed: vent test"
    lent = load_budgets(file, "zn_chitosan")["SG-UV-OUTLIER"]
    assert (lent.of, lent.asil) == ("SG-UV", "D"), "a longer time makes no other hazard"
    file = goals_with(
        tmp_path, '[SG-UV.chemistry.zn_chitosan]\nftti = "4500 ms"\nsource = "vent test"\ngiven = true'
    )
    given = load_budgets(file, "zn_chitosan")["SG-UV"]
    assert given.provenance == "zn_chitosan: vent test" and given.hazard_source == nmc.hazard_source


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ('ftti = "4500 ms"', "source]: found no text"),
        ('fttti = "4500 ms"\nsource = "x"', "did you mean 'ftti'"),
        ('source = "x"', "found nothing that differs"),
        ('ftti = "1 s"\nsource = "x"', "FDTI + FRTI < FTTI"),
        ('exposure = "E9"\nsource = "x"', "E0 to E4"),
        ('asil = "A"\nsource = "x"', "S3/E3/C3 make C"),
        ('ftti = "4500 ms"\nsource = "x"\ngiven = 1', "true or false"),
        (
            'ftti = "-3 s"\nsource = "x"',
            "ftti]: found '-3 s' is negative; a duration counts forward; expected a d",
        ),
        ('ftti = 4\nsource = "x"', "ftti]: 4 without a unit; expected a duration"),
        ('severity = "S9"\nsource = "x"', "S0 to S3"),
    ],
)
def test_what_is_wrong_on_a_chemistry_is_told_whichever_is_asked_for(
    tmp_path: Path, own: str, told: str
) -> None:
    file = goals_with(tmp_path, f"[SG-UV.chemistry.zn_chitosan]\n{own}")
    for asked in (None, "nmc", "zn_chitosan"):
        with pytest.raises(ConfigError) as caught:
            load_budgets(file, asked)
        assert told in str(caught.value) and "[SG-UV.chemistry.zn_chitosan" in str(caught.value)


def test_a_section_that_lends_its_times_says_nothing_of_a_chemistry(tmp_path: Path) -> None:
    """It was accepted, and changed nothing."""
    text = BUDGETS.read_text(encoding="utf-8")
    file = tmp_path / "budgets.toml"
    file.write_text(text + '\n[SG-SC-BUS.chemistry.lfp]\nftti = "400 ms"\nsource = "x"\n')
    with pytest.raises(
        ConfigError, match=r"\[SG-SC-BUS\.chemistry\.lfp\].*lends its times to SG-SC; expected .*SG-SC\."
    ):
        load_budgets(file)


LONGER = 'ftti = "6 s"\nfrti = "2 s"\nsource = "supplier"'


@pytest.mark.parametrize(
    ("own", "ordinary"),
    [(LONGER, True), (LONGER + "\ngiven = true", False), ('ftti = "4500 ms"\nsource = "x"', False)],
)
def test_longer_times_of_a_chemistry_that_nobody_gives_are_as_if_lent(
    tmp_path: Path, own: str, ordinary: bool
) -> None:
    file = goals_with(tmp_path, f"[SG-UV.chemistry.lfp]\n{own}")
    goal, elsewhere = (load_budgets(file, one)["SG-UV"] for one in ("lfp", "nmc"))
    assert bool(goal.ordinary_ns) is ordinary and goal.safety_goal == "SG-UV" and elsewhere.own == elsewhere
    assert (goal.own.ftti_ns == elsewhere.ftti_ns) is ordinary


def test_no_output_says_pass_by_longer_times_that_are_only_assumed_of_a_chemistry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status and JUnit said PASS, hil trace NOT SHOWN."""
    bench = small_bench(tmp_path)
    monkeypatch.chdir(bench)
    file = bench / "scenarios" / "budgets.toml"
    own = '[SG-WELD.chemistry.lfp]\nftti = "9 s"\nsource = "x"\n\n[SG-UOPEN]'
    file.write_text(file.read_text().replace("[SG-UOPEN]", own, 1))
    asked = ("run", "scenarios/contactors/weld_plus_at_opening.toml", "--repeat", "1", "--chemistry", "lfp")
    hil_here(*asked)
    (run,) = run_folders(tmp_path)
    told = "longer times of a chemistry are lfp: assumed: x; needed: who gives them (given = true)"
    junit = (run / "junit.xml").read_text()
    assert "0 of 1 safety goals tried passed by their own times" in junit and told in junit
    case = junit.partition('name="weld-plus-at-opening"')[2].partition("</testcase>")[0]
    assert "PartiallyVerifies" in case and "FullyVerifies" not in case
    said = [" ".join(capsys.readouterr().out.split())]
    for words in (["report", str(run), "--markdown"], ["trace", str(run)]):
        hil_here(*words)
        said.append(" ".join(capsys.readouterr().out.split()))
    assert [told in one and "judged by an FTTI of 9.000 s in place of 5.000 s" in one for one in said] == [
        True
    ] * 3
    hil_here("report", str(run), "--status", "--markdown")
    sheet = capsys.readouterr().out
    assert "NOT SHOWN" in sheet and "9.000 s here" in sheet and "longer times are lfp: assumed: x" in sheet


def test_a_failure_mode_is_the_same_on_all_unless_a_chemistry_says_otherwise() -> None:
    own = OnChemistry(
        chemistry="zn_chitosan", severity=8, severity_source="assumed: hydrogen", occurrence=2,
        occurrence_source="10,000 cells, none", given=("occurrence",),
    )  # fmt: skip
    mode = dataclasses.replace(MODE, on=(own,))
    assert on_chemistry(mode, "nmc") == MODE
    zinc = on_chemistry(mode, "zn_chitosan")
    assert (zinc.severity, zinc.frequency, zinc.occurrence) == (8, 3, 2)
    assert (
        zinc.given == ("occurrence",)
        and zinc.inputs_assumed == "SF"
        and zinc.differs == ("severity", "occurrence")
    )
    nmc, other = cells([mode], {}, ["nmc", "zn_chitosan"], {})
    assert (nmc.rated.rpn, other.rated.rpn) == (10 * 5 * 10, 8 * 2 * 10)


def test_the_classes_of_the_shipped_goal_are_assumed_on_every_chemistry_and_the_same() -> None:
    zinc, nmc = (load_budgets(BUDGETS, one)["SG-OV"] for one in ("zn_chitosan", "nmc"))
    assert zinc.classes_assumed and nmc.classes_assumed and zinc.asil == nmc.asil


def test_classes_of_a_source_that_speaks_of_lithium_are_assumed_on_zinc(tmp_path: Path) -> None:
    given = tmp_path / "budgets.toml"
    text = BUDGETS.read_text(encoding="utf-8")
    analysed = 'hazard_given = true\nhazard_source = "HARA 7"\nseverity_why = "fire"'
    given.write_text(text.replace('severity_why = "fire"', analysed, 1))
    zinc, nmc = (load_budgets(given, one)["SG-OV"] for one in ("zn_chitosan", "nmc"))
    assert zinc.classes_assumed and not nmc.classes_assumed


def test_a_source_that_speaks_of_lithium_gives_nothing_for_zinc() -> None:
    mode = dataclasses.replace(MODE, given_for=("nmc", "lfp"))
    assert on_chemistry(mode, "lfp").given == ("severity", "occurrence")
    zinc = on_chemistry(mode, "zn_chitosan")
    assert zinc.severity == 10 and zinc.given == () and zinc.inputs_assumed == "SFO"
    assert zinc.severity_source == "assumed: the same as on nmc, lfp (R24, of lithium-ion)"


def test_wrong_ratings_on_a_chemistry_are_told_at_their_place(tmp_path: Path) -> None:
    library = list_library(find_scenarios([ROOT / "scenarios"]))
    goals = load_budgets(BUDGETS)
    shipped = (ROOT / "scenarios" / "fmea.toml").read_text()
    bad = tmp_path / "fmea.toml"

    def with_own(own: str) -> str:
        head, rest = shipped.split("\n[[failure_mode]]", 2)[1:]
        return f"[[failure_mode]]{head}\n{own}\n\n[[failure_mode]]{rest}"

    for own, told in (
        (
            'chemistry.zn_chitosa.severity = 8\nchemistry.zn_chitosa.severity_source = "x"',
            "did you mean 'zn_chitosan'",
        ),
        ("chemistry.zn_chitosan.severity = 8", "where the rating comes from"),
        ('chemistry.zn_chitosan.severity = 11\nchemistry.zn_chitosan.severity_source = "x"', "from 1 to 10"),
        ('chemistry.zn_chitosan.given = ["severity"]', "nothing that differs"),
        ('given_for = ["nmcc"]', "did you mean 'nmc'"),
    ):
        bad.write_text(with_own(own))
        with pytest.raises(ConfigError, match=r"fmea\.toml:\d+") as caught:
            load_fmea(bad, goals, library)
        assert told in str(caught.value), own
    bad.write_text(with_own('chemistry.mine.severity = 8\nchemistry.mine.severity_source = "x"'))
    modes = load_fmea(bad, goals, library, ["mine"])
    assert on_chemistry(modes[0], "mine").severity == 8 and on_chemistry(modes[0], "nmc").severity == 10


def test_runs_of_one_chemistry_never_count_for_another() -> None:
    def run(one: ScenarioResult) -> object:
        return dataclasses.replace(sample_run(n=12), scenarios=(one,))

    found = cells([MODE], {"nmc": [run(clean(29))], "lfp": [run(clean(29, fails=1))]}, ["nmc", "lfp"], {})  # type: ignore[list-item]
    assert [one.rated.rating for one in found] == [5, 7]


def test_a_run_is_judged_by_the_times_of_its_chemistry(tmp_path: Path) -> None:
    bench = small_bench(tmp_path)
    file = bench / "scenarios" / "budgets.toml"
    own = '[SG-WELD.chemistry.lfp]\nfrti = "900 ms"\nsource = "contactors of that pack"\n\n[SG-UOPEN]'
    file.write_text(file.read_text().replace("[SG-UOPEN]", own, 1))
    times = {}
    for chemistry in ("nmc", "lfp"):
        prepared, _ = load_scenarios(
            load_rig(bench / "hil_config.toml", "simulated", None, chemistry), None, ONE
        )
        times[chemistry] = {one.budget.frti_ns // NS_PER_MS for one in prepared}
    assert times == {"nmc": {1_000}, "lfp": {900}}


def test_a_bms_made_for_another_chemistry_earns_nothing_for_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runs counted as detection on the chemistry of the pack."""
    monkeypatch.chdir(small_bench(tmp_path))
    hil_here(*QUICK, "--chemistry", "lfp", "--firmware-chemistry", "nmc")
    (run,) = run_folders(tmp_path)
    found = newest_runs(tmp_path / "runs", "reference", EvidenceClass.SIMULATED)
    assert found.by_chemistry == {} and found.misfits == (run.name,)


def test_a_chemistry_that_nobody_has_is_told_by_check(tmp_path: Path) -> None:
    """Its table changed nothing, in silence."""
    file = goals_with(tmp_path, '[SG-UV.chemistry.zn_chitosa]\nftti = "4500 ms"\nsource = "x"')
    (line,) = [one.text for one in budget_lines(file, []) if "zn_chitosa]" in one.text]
    assert "[SG-UV.chemistry.zn_chitosa] is of no shipped chemistry" in line
    assert "did you mean 'zn_chitosan'" in line
    assert not [one for one in budget_lines(BUDGETS, []) if "no shipped chemistry" in one.text]


def test_the_hazard_analysis_shows_what_differs_on_a_chemistry(tmp_path: Path) -> None:
    file = goals_with(tmp_path, '[SG-OV.chemistry.nmc]\nseverity = "S2"\nsource = "x"')
    here = {one: load_budgets(file, one) for one in ("nmc", "na_ion", "zn_chitosan")}
    assert {here["nmc"][goal].severity for goal in ("SG-OV", "SG-VMEAS", "SG-OW")} == {"S2"}, (
        "it is inherited"
    )
    milder = goals_with(tmp_path, '[SG-OTC.chemistry.nmc]\nseverity = "S1"\nsource = "x"')
    one = load_budgets(milder, "nmc")
    assert (one["SG-OTC"].severity, one["SG-TMEAS"].severity) == ("S1", "S3"), "SG-OTD is inherited too"
    assert here["nmc"]["SG-OV"].hazard_whys[0] == "nmc: assumed: x"
    goals = {goal: load_budgets(BUDGETS)[goal] for goal in ("SG-OV", "SG-UV")}
    rows = hara_rows(beside_each_other(goals, here))
    assert [(row[0], row[2]) for row in rows] == [
        ("SG-OV", "S3?"),
        ("SG-OV on nmc", "S2?"),
        ("SG-UV", "S3?"),
    ]
