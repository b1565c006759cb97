"""Do the chemistries earn it? Only stated data, measured figures and hardware decide; all else stands in brackets."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
from sample_run import sample_run
from small_bench import hil_here
from test_ratings_on_chemistries import MODE
from test_verdict_fmea import clean

from bench.cli.safety_claims import Claimed, show_claims
from bench.report.claim_words import claim_rows, need_lines
from bench.report.safety_tables import fmea_row
from bench.safety.claims import claims
from bench.safety.failure_modes import Cell, cells
from bench.safety.ftti_of_chemistry import ftti_bounds
from bench.safety.hazard_file import HazardFile, TimeLeft, load_hazards
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.budgets import load_budgets
from bench.verdict.claims import Basis, Claim, ClaimFound, ModeSays, Need, Part, Ruling
from bench.verdict.fmea import FailureMode
from bench.verdict.fmea_chemistry import OnChemistry
from bench.verdict.result import RunResult

ROOT = Path(__file__).parents[1]
GIVEN = dataclasses.replace(MODE, given_for=("nmc", "zn_chitosan"))
ASSUMED = dataclasses.replace(GIVEN, given=())


def run(n: int, fails: int = 0, evidence: EvidenceClass = EvidenceClass.HARDWARE) -> RunResult:
    timebase = evidence.timebase
    one = dataclasses.replace(clean(n, fails), timebase=timebase)
    return dataclasses.replace(sample_run(n=12), scenarios=(one,), evidence=evidence, timebase=timebase)


def left(low: float, high: float, bounded: bool = True) -> TimeLeft:
    return TimeLeft(
        goal="SG-01", earliest_s=low, floor_s=low if bounded else None, ceiling_s=high if bounded else None,
        allowed_floor_s=low if bounded else None, runs_away=False,
    )  # fmt: skip


def hazards(zinc: TimeLeft, nmc: TimeLeft, *estimated: str) -> HazardFile:
    both = {("zn_chitosan", "overcharge_1C"): zinc, ("nmc", "overcharge_1C"): nmc}
    return HazardFile(left=both, draws=59, bounded=True, estimated={"zn_chitosan": estimated})


def found(
    claim: Claim,
    mode: FailureMode = GIVEN,
    *,
    zinc: RunResult | None = None,
    nmc: RunResult | None = None,
    file: HazardFile | None = None,
) -> ClaimFound:
    made = table(mode, zinc, nmc)
    told = claims(made, file or HazardFile(), "nmc")
    (one,) = [one for one in told if one.claim is claim and one.chemistry == "zn_chitosan"]
    assert claim_rows(told) and (need_lines(told) or not one.needs)
    return one


def table(mode: FailureMode, zinc: RunResult | None, nmc: RunResult | None) -> tuple[Cell, ...]:
    runs = {"zn_chitosan": [zinc] if zinc else [], "nmc": [nmc] if nmc else []}
    return cells([mode], runs, ["zn_chitosan", "nmc"], {})


def on_zinc(given: tuple[str, ...] = ("severity", "occurrence"), **ratings: int) -> FailureMode:
    sources = {f"{name}_source": "a test" for name in ratings}
    own = OnChemistry(chemistry="zn_chitosan", given=given, **ratings, **sources)  # type: ignore[arg-type]
    return dataclasses.replace(GIVEN, on=(own,))


def test_the_same_by_default_is_no_finding() -> None:
    one = found(Claim.SEVERITY, ASSUMED)
    assert (one.ruling, one.basis) == (Ruling.NOT_DECIDABLE, Basis.ASSUMED)
    assert {need.chemistry for need in one.needs if need.need is Need.SEVERITY} == {"nmc", "zn_chitosan"}
    for_lithium_only = dataclasses.replace(GIVEN, given_for=("nmc",))
    one = found(Claim.SEVERITY, for_lithium_only)
    assert one.ruling is Ruling.NOT_DECIDABLE and [need.chemistry for need in one.needs] == ["zn_chitosan"]


def test_stated_severities_decide_whether_severity_stays() -> None:
    same = found(Claim.SEVERITY)
    assert (same.ruling, same.basis, same.needs) == (Ruling.CONFIRMED, Basis.STATED, ())
    assert found(Claim.SEVERITY, on_zinc(severity=8, given=("severity",))).ruling is Ruling.REFUTED
    assert found(Claim.SEVERITY, on_zinc(severity=8, given=())).ruling is Ruling.NOT_DECIDABLE


@pytest.mark.parametrize(
    ("occurrence", "ruling"), [(3, Ruling.CONFIRMED), (5, Ruling.REFUTED), (6, Ruling.REFUTED)]
)
def test_stated_occurrences_decide_whether_occurrence_falls(occurrence: int, ruling: Ruling) -> None:
    mode = on_zinc(occurrence=occurrence, given=("occurrence",))
    assert found(Claim.OCCURRENCE, mode).ruling is ruling
    assumed = on_zinc(occurrence=occurrence, given=())
    assert found(Claim.OCCURRENCE, assumed).ruling is Ruling.NOT_DECIDABLE


@pytest.mark.parametrize("claim", [Claim.SEVERITY, Claim.OCCURRENCE])
def test_one_figure_for_all_chemistries_confirms_nothing_of_two(claim: Claim) -> None:
    """It was held against itself: "severity stays: confirmed, stated data, 22 of 22"."""
    one = found(claim, MODE)
    assert (one.ruling, one.basis, one.by_modes[0].carried) == (Ruling.NOT_DECIDABLE, Basis.ASSUMED, False)
    assert {need.chemistry for need in one.needs} == {"nmc", "zn_chitosan"}
    assert "for it" in claim_rows([one])[0][5] and "given_for" in need_lines([one])[0]
    on_one = found(claim, on_zinc(severity=8, occurrence=3))
    assert on_one.ruling is not Ruling.NOT_DECIDABLE, "a table of its own, and a source that names the other"
    generic = dataclasses.replace(on_zinc(severity=8, occurrence=3), given_for=())
    assert [need.chemistry for need in found(claim, generic).needs] == ["nmc"]


@pytest.mark.parametrize("own", [(3, 3), (5, 5), (5, 3), (6, 5), (5, None), (3, None), (None, None)])
def test_a_ruling_has_a_failure_mode_that_decides(own: tuple[int | None, ...]) -> None:
    """ "refuted" stood beside "decided in 0 of 22"."""
    modes = [
        dataclasses.replace(on_zinc(occurrence=one or 5, given=("occurrence",) if one else ()), id=f"FM{i}")
        for i, one in enumerate(own)
    ]
    told = claims(cells(modes, {}, ["zn_chitosan", "nmc"], {}), HazardFile(), "nmc")
    (one,) = [one for one in told if one.claim is Claim.OCCURRENCE]
    deciding = [m for m in one.by_modes if m.carried and m.says in (ModeSays.FOR, ModeSays.AGAINST)]
    assert one.ruling is Ruling.NOT_DECIDABLE or deciding
    assert f"decided in {len(deciding)} of 2 failure modes" in claim_rows([one])[0][4]
    assert (one.ruling is Ruling.REFUTED) == (own in ((5, 5), (6, 5)))


def test_an_occurrence_that_falls_here_and_rises_there_does_not_fall() -> None:
    falls = on_zinc(occurrence=3, given=("occurrence",))
    rises = dataclasses.replace(on_zinc(occurrence=6, given=("occurrence",)), id="FM2")
    for modes, ruling in (([falls, rises], Ruling.REFUTED), ([falls], Ruling.CONFIRMED)):
        told = claims(cells(modes, {}, ["zn_chitosan", "nmc"], {}), HazardFile(), "nmc")
        assert [one.ruling for one in told if one.claim is Claim.OCCURRENCE] == [ruling]


def test_less_time_refutes_only_where_the_figures_behind_it_are_measured() -> None:
    """README had a model of estimates refute the idea."""
    shorter = left(60, 230), left(780, 1460)
    one = found(Claim.DETECTION, file=hazards(*shorter))
    assert (one.ruling, one.basis) == (Ruling.REFUTED, Basis.COMPUTED)
    one = found(Claim.DETECTION, file=hazards(*shorter, "abuse.gas.headspace_m3"))
    assert one.ruling is Ruling.NOT_DECIDABLE
    assert any(need.need is Need.FIGURES and "abuse.gas.headspace_m3" in need.of for need in one.needs)
    assert one.parts[0].part is Part.TIME and one.parts[0].count(ModeSays.AGAINST) == 1
    (row,) = claim_rows([one])
    assert "(the cell model, computed: less time in 1)" in row[4] and row[2].startswith("not decidable")
    one = found(Claim.DETECTION, file=hazards(*shorter, "abuse.overdischarge.isc_soc"))
    assert one.ruling is Ruling.REFUTED, "that figure says nothing of an overcharge"


def test_bands_that_overlap_and_too_few_draws_say_neither() -> None:
    one = found(Claim.DETECTION, file=hazards(left(60, 900), left(780, math.inf)))
    assert one.ruling is Ruling.NOT_DECIDABLE and one.parts[0].count(ModeSays.NEITHER) == 1
    one = found(Claim.DETECTION, file=hazards(left(1_000, 2_000), left(780, 1460)))
    assert one.parts[0].count(ModeSays.NEITHER) == 1
    one = found(Claim.DETECTION, file=hazards(left(60, 230, bounded=False), left(780, 1460)))
    assert one.ruling is Ruling.NOT_DECIDABLE and one.parts[0].count(ModeSays.UNKNOWN) == 1
    assert [need.chemistry for need in one.needs if need.need is Need.BOUND] == ["zn_chitosan"]
    never = found(Claim.DETECTION, file=hazards(left(math.inf, math.inf), left(780, 1460)))
    assert never.parts[0].count(ModeSays.FOR) == 1


def test_more_time_and_better_detection_on_hardware_confirm() -> None:
    longer = hazards(left(2_000, 3_000), left(780, 1460))
    good, bad = run(99), run(99, fails=3)
    one = found(Claim.DETECTION, zinc=good, nmc=bad, file=longer)
    assert (one.ruling, one.needs) == (Ruling.CONFIRMED, ())
    for weaker in (EvidenceClass.SIMULATED, EvidenceClass.REAL_TIME):
        one = found(
            Claim.DETECTION, zinc=run(99, 0, weaker), nmc=run(99, fails=3, evidence=weaker), file=longer
        )
        assert one.ruling is Ruling.NOT_DECIDABLE and one.count(ModeSays.FOR) == 1
        assert {need.need for need in one.needs} == {Need.HARDWARE}
    of_two_classes = run(99, fails=3, evidence=EvidenceClass.SIMULATED)
    assert found(Claim.DETECTION, zinc=good, nmc=of_two_classes, file=longer).ruling is Ruling.NOT_DECIDABLE
    one = found(Claim.DETECTION, zinc=bad, nmc=good, file=longer)
    assert (one.ruling, one.basis) == (Ruling.REFUTED, Basis.HARDWARE)


def test_more_attempts_are_no_better_detection() -> None:
    longer = hazards(left(2_000, 3_000), left(780, 1460))
    for zinc, nmc in ((99, 29), (29, 99)):
        one = found(Claim.DETECTION, zinc=run(zinc), nmc=run(nmc), file=longer)
        assert one.parts[1].part is Part.MONITORING and one.parts[1].count(ModeSays.NEITHER) == 1
        assert one.ruling is Ruling.NOT_DECIDABLE


def test_a_number_is_earned_by_hardware_and_stated_data_alone() -> None:
    assert found(Claim.EARNED, zinc=run(29)).ruling is Ruling.CONFIRMED
    for mode, zinc in (
        (GIVEN, run(29, evidence=EvidenceClass.SIMULATED)),
        (GIVEN, None),
        (ASSUMED, run(29)),
    ):
        one = found(Claim.EARNED, mode, zinc=zinc)
        assert one.ruling is Ruling.NOT_DECIDABLE and one.needs
    hoped = dataclasses.replace(GIVEN, monitoring_assumed=3)
    assert found(Claim.EARNED, hoped, zinc=run(29, fails=1)).ruling is Ruling.REFUTED
    simulated = run(29, fails=1, evidence=EvidenceClass.SIMULATED)
    assert found(Claim.EARNED, hoped, zinc=simulated).ruling is Ruling.NOT_DECIDABLE


def test_a_mode_that_no_scenario_can_ask_of_a_chemistry_needs_a_test_and_no_run() -> None:
    """It asked for runs of scenarios that are left out there, and so could never be decided."""
    excused = {"ov": {"zn_chitosan": "no spread check can see that"}}
    made = cells([GIVEN], {"nmc": [run(29)]}, ["zn_chitosan", "nmc"], {}, excused)
    told = {one.claim: one for one in claims(made, HazardFile(), "nmc") if one.chemistry == "zn_chitosan"}
    assert told[Claim.EARNED].ruling is Ruling.NOT_DECIDABLE
    for claim in (Claim.EARNED, Claim.DETECTION):
        needs = [need.need for need in told[claim].needs if need.chemistry == "zn_chitosan"]
        assert Need.TEST in needs and Need.HARDWARE not in needs


@pytest.mark.parametrize(
    ("mode", "evidence", "ap", "rpn"),
    [
        (GIVEN, EvidenceClass.HARDWARE, "H→H (F?)", "500→250"),
        (ASSUMED, EvidenceClass.HARDWARE, "H (H hardware) (SFO?)", "500 (250 hardware)"),
        (GIVEN, EvidenceClass.REAL_TIME, "H (H no board) (F?)", "500 (250 no board)"),
        (GIVEN, EvidenceClass.SIMULATED, "H (H simulated) (F?)", "500 (250 simulated)"),
    ],
)
def test_an_arrow_stands_only_for_what_hardware_and_stated_data_earned(
    mode: FailureMode, evidence: EvidenceClass, ap: str, rpn: str
) -> None:
    """Simulated runs and assumed ratings had arrows too."""
    cell, _ = table(mode, run(29, evidence=evidence), None)
    row = fmea_row(cell.mode, cell.chemistry, cell.earned, cell.rated, (None, None, None), cell.missing)
    assert (row[8], row[10]) == (ap, rpn)
    assert cell.stands == ("→" in ap)


def told_by_hazard(draws: int) -> dict[str, object]:
    def band(low: float, high: float) -> dict[str, object]:
        return {
            "p5_s": low,
            "p50_s": low,
            "p95_s": high,
            "reached": 1,
            "samples": draws + 1,
            "floor_s": low,
            "ceiling_s": high,
        }

    results = [
        {"chemistry": chemistry, "fault": "overcharge_1C", "safety_goal": "SG-OV", "hazard_is": "vent",
         "stages": {"runaway": band(1.0, 2.0)}, "left": band(low, high), "allowed": band(low, high)}
        for chemistry, low, high in (("zn_chitosan", 3.0, 232.0), ("nmc", 787.0, 1455.0))
    ]  # fmt: skip
    assumed = [{"chemistry": "nmc", "figure": "abuse.T2_C", "value": 1.0, "confidence": "E", "source": "x"}]
    return {"draws": draws, "bound_order": int(draws >= 59), "results": results, "assumed": assumed}


def test_a_file_of_an_older_release_has_no_bound(tmp_path: Path) -> None:
    file = tmp_path / "hazard.json"
    old = {"results": [{"chemistry": "nmc", "fault": "overcharge_1C", "left": {"p5_s": None}}]}
    file.write_text(json.dumps(old))
    read = load_hazards(file)
    assert read.earliest() == {("nmc", "overcharge_1C"): math.inf} and not read.bounded
    file.write_text(json.dumps(told_by_hazard(59)))
    assert load_hazards(file).left["zn_chitosan", "overcharge_1C"].floor_s == 3.0
    assert load_hazards(file).guessed("nmc", "overcharge_1C") == ("abuse.T2_C",)


@pytest.mark.parametrize(("draws", "told"), [(59, "(3 s, computed)"), (58, "no bound: 58 of 59 draws")])
def test_the_ftti_of_a_chemistry_is_held_against_a_bound_or_said_to_have_none(
    draws: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "hazard.json"
    file.write_text(json.dumps(told_by_hazard(draws)))
    goals = {one: load_budgets(ROOT / "scenarios/budgets.toml", one) for one in ("zn_chitosan", "nmc")}
    base = load_budgets(ROOT / "scenarios/budgets.toml")
    zinc, nmc = ftti_bounds({goal: base[goal] for goal in ("SG-OV", "SG-BAL")}, goals, load_hazards(file))
    assert (zinc.chemistry, zinc.ftti_s, zinc.too_long) == ("zn_chitosan", 4.0, True if draws == 59 else None)
    assert nmc.too_long is (False if draws == 59 else None)
    show_claims(Claimed(claims=(), ftti=(zinc, nmc)), [])
    shown = capsys.readouterr().out
    assert told in shown and ("(TOO LONG in the model)" in shown) == (draws == 59)


@pytest.mark.slow
def test_the_command_says_what_is_not_decidable_and_what_would_decide_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, page = tmp_path / "hazard.json", tmp_path / "safety.html"
    file.write_text(json.dumps(told_by_hazard(59)))
    words = ["safety", "--claims", "-k", "FM-CELL-OV", "--config", str(ROOT / "hil_config.toml"), "--fmea",
             str(ROOT / "scenarios/fmea.toml"), "--runs", str(tmp_path), "--chemistry", "zn_chitosan"]  # fmt: skip
    assert hil_here(*words, "--markdown", "--out", str(page)) == 0
    text = capsys.readouterr().out
    assert "decided in 0 of 1 failure modes" in text
    assert "## Do the chemistries earn it?" in text and text.count("not decidable with these inputs") == 4
    assert "less time in 1" in text and "3 s, computed" in text
    assert "Do the chemistries earn it?" in page.read_text() and "less time in 1" in page.read_text()
    assert hil_here(*words, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["found"]["claim"] for one in told["claims"]] == [claim.value for claim in Claim]
    assert all(one["found"]["ruling"] == "not_decidable" and one["needed"] for one in told["claims"])


def test_the_run_of_a_simulated_bench_is_no_hardware() -> None:
    assert run(29, evidence=EvidenceClass.SIMULATED).timebase is Timebase.SIMULATED
    cell, _ = table(GIVEN, run(29, evidence=EvidenceClass.SIMULATED), None)
    assert not cell.driven and not cell.stands
