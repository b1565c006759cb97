"""The uncertainty budget of a scenario: its terms, its decision, and what no latency holds, in every output."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from sample_run import OVERVOLTAGE, latency, sample_run, scenario, statistics
from typer.testing import CliRunner

from bench.cli.main import app
from bench.faults.catalogue.afe_chain import AfeChain
from bench.faults.catalogue.balancing_stuck import BalancingStuck
from bench.faults.catalogue.contactor_closes import ContactorCloses
from bench.faults.catalogue.contactor_stuck_open import ContactorStuckOpen
from bench.faults.catalogue.current import Current
from bench.faults.catalogue.external_heating import ExternalHeating
from bench.faults.catalogue.external_short import ExternalShort
from bench.faults.catalogue.link_short import LinkShort
from bench.faults.catalogue.load_ignores_limit import LoadIgnoresLimit
from bench.faults.catalogue.supply_voltage import SupplyVoltage
from bench.faults.port import Fault
from bench.measure.interval import Interval, Latency, LeftOut, Measurement, Term
from bench.record.codable import decode, run_from_dict
from bench.record.folder import open_run, read_shot
from bench.record.version_1 import same_figures
from bench.report.comparison import run_markdown
from bench.report.html import render_html
from bench.report.terminal import summary_table
from bench.trace.facts import StimulusConfirmed
from bench.units import NS_PER_MS
from bench.verdict.decision import Zone, decide
from bench.verdict.result import RunResult, ScenarioResult
from bench.verdict.uncertainty import NarrowedBy, narrowed, uncertainty_of, uncertainty_of_run

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {
    "ov-step-cell17": LeftOut.KNOWN,
    "ov-ramp-cell1": LeftOut.DEVELOPS,
    "vcu-lost": LeftOut.NOTHING,
    # Read back as closed at once: nothing develops.
    "unintended-closing": LeftOut.KNOWN,
    # The next frame shows them, and a readback of the terminals was there before it.
    "link-voltage-contradicts": LeftOut.KNOWN,
    "crash-flag-by-can": LeftOut.KNOWN,
    "weld-precharge": LeftOut.COMMAND,
}
FILES = (
    "cells/ov_step_cell17",
    "cells/ov_ramp_cell1",
    "communication/vcu_lost",
    "contactors/unintended_closing",
    "contactors/link_voltage_contradicts",
    "contactors/crash_flag_by_can",
    "contactors/weld_precharge",
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("uncertainty budget")]  # one run serves them all


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    files = [str(ROOT / "scenarios" / f"{one}.toml") for one in FILES]
    config = str(ROOT / "hil_config.toml")
    arguments = [
        "run",
        *files,
        "--config",
        config,
        "--out",
        str(out),
        "--repeat",
        "3",
        "--workers",
        "1",
        "--json",
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    (footer,) = out.glob("*/footer.json")
    (out / "run.json").write_text(done.stdout, encoding="utf-8")
    return footer.parent


def result_of(folder: Path) -> RunResult:
    stored = open_run(folder).result
    assert stored is not None
    return run_from_dict(stored)


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_what_no_latency_holds_is_the_time_from_the_readback_to_the_frame_that_shows_the_fault(
    folder: Path,
) -> None:
    found = {one.scenario_id: one for one in uncertainty_of_run(result_of(folder))}
    assert {name: found[name].left_out for name in LEFT_OUT} == LEFT_OUT
    for name in (name for name, code in LEFT_OUT.items() if code is LeftOut.KNOWN):
        lows, highs = [], []
        for number in range(3):
            trace, _, stored = read_shot(folder / "scenarios" / name / f"shot-{number:03d}")
            confirmed = next(trace.of(StimulusConfirmed))  # of the step that is measured
            low_ns, high_ns = confirmed.fact.low_ns, confirmed.fact.high_ns
            assert low_ns is not None and high_ns is not None
            onset = stored["measurement"]["onset"]
            lows.append(max(0, onset["low_ns"] - high_ns))
            highs.append(onset["high_ns"] - low_ns)
        known = found[name]
        assert known.left_out_range == Interval(low_ns=min(lows), high_ns=max(highs))
        assert known.left_out_shots == 3
        assert all(time.from_terminal is not None for time in known.times)
        if name == "ov-step-cell17":
            assert max(highs) > 50 * NS_PER_MS  # it is no detail: the cell voltages are shown every 100 ms


def test_whatever_is_read_back_all_at_once_is_counted_from_there_and_only_what_comes_by_and_by_is_not() -> (
    None
):
    faults: list[tuple[Fault, bool]] = [
        (ContactorCloses(contactor="plus"), True),
        (ExternalShort(resistance_ohm=0.01), True),
        (LinkShort(resistance_ohm=0.01), True),
        (Current(current_a=300.0, limit_a=None), True),
        (SupplyVoltage(profile=((0, 6.0),)), True),
        (SupplyVoltage(profile=((0, 11.0), (NS_PER_MS, 6.0))), False),
        (BalancingStuck(cells=(1,), resistance_ohm=30.0), True),
        (AfeChain(error="frozen", first_cell=1, cells=96), True),
        (ContactorStuckOpen(contactors=("plus",)), False),  # its contact drops a while after its coil
        (LoadIgnoresLimit(current_a=100.0), False),
        (ExternalHeating(cells=(1,), power_w=100.0), False),
    ]
    assert [(fault, fault.whole) for fault, _ in faults] == faults


@pytest.mark.slow
def test_a_contactor_that_closes_by_itself_keeps_its_limit_only_when_counted_from_the_frame(
    tmp_path: Path,
) -> None:
    file, config = ROOT / "scenarios/contactors/unintended_closing.toml", ROOT / "hil_config.toml"
    arguments = ["run", str(file), "--repeat", "59", "--json"]
    beside = ["--config", str(config), "--out", str(tmp_path), "--workers", "1"]
    told = json.loads(CliRunner().invoke(app, [*arguments, *beside]).stdout)["uncertainty"]
    ((fdti, fhti),) = (budget["times"] for budget in told)
    assert told[0]["left_out_range"]["high_ns"] < 10 * NS_PER_MS  # a period of IO_Contactors
    assert fdti["interval"]["high_ns"] <= fdti["limit_ns"] < fdti["from_terminal"]["high_ns"]
    assert (fdti["meets_from_terminal"], fhti["meets_from_terminal"]) == (False, True)
    ((by, width_ns),) = (part.values() for part in fhti["narrowed"])
    widest_ns = max(term["width_ns"] for term in fhti["terms"])
    assert (by, widest_ns > width_ns > 0) == ("last-of-several", True)


def test_html_markdown_and_json_say_the_terms_the_rule_and_what_is_left_out(folder: Path) -> None:
    html = flat(render_html(result_of(folder)))
    markdown = CliRunner().invoke(app, ["report", str(folder), "--markdown"]).stdout
    for text in (html, markdown):
        assert "ISO/IEC 17025:2017, 7.8.6" in text
        assert "JCGM 106:2012" in text
        assert "uncertainty of the models" in text
    assert "DUT reporting cycle (BMS_Faults)" in html
    assert re.search(r"Not included: .* ms from the readback that shows the fault .* over 3 shots", html)
    assert "Not included, and not known" in html
    assert "Not included: nothing" in html
    row = r"\| ov-step-cell17 \| FDTI, shot \d .*DUT reporting cycle \(BMS_Faults\) .* ms \|$"
    assert re.search(row, markdown, re.MULTILINE)
    told = json.loads((folder.parent / "run.json").read_text(encoding="utf-8"))["uncertainty"]
    (one,) = (budget for budget in told if budget["scenario_id"] == "ov-step-cell17")
    assert one["left_out"] == "known"
    assert one["left_out_range"]["high_ns"] > 50 * NS_PER_MS
    assert [time["time"] for time in one["times"]] == ["FDTI", "FHTI"]
    again = json.loads(CliRunner().invoke(app, ["report", str(folder), "--json"]).stdout)["uncertainty"]
    assert again == told


NARROWED = {
    ("crash-flag-by-can", "FDTI"): {NarrowedBy.NEVER_NEGATIVE},
    ("weld-precharge", "FHTI"): {NarrowedBy.LAST_OF_SEVERAL},
}


def test_the_terms_less_what_narrows_them_are_as_wide_as_the_interval_to_the_ns(folder: Path) -> None:
    run = result_of(folder)
    told = json.loads((folder.parent / "run.json").read_text(encoding="utf-8"))["uncertainty"]
    times = {(budget["scenario_id"], time["time"]): time for budget in told for time in budget["times"]}
    assert len(times) == 2 * len(LEFT_OUT)
    for name, one in times.items():
        interval = one["interval"]
        parts = sum(term["width_ns"] for term in one["terms"]) - sum(p["width_ns"] for p in one["narrowed"])
        assert parts == interval["high_ns"] - interval["low_ns"], name
        assert {part["by"] for part in one["narrowed"]} == NARROWED.get(name, set()), name
        assert all(part["width_ns"] > 0 for part in one["narrowed"])
        assert one["guard_iso_ns"] <= one["guard_ns"], name  # never narrower than the 1.645 u_c
    cut = times["crash-flag-by-can", "FDTI"]
    (scenario,) = (one for one in run.scenarios if one.scenario_id == "crash-flag-by-can")
    shot = scenario.shots[cut["shot"]].measurement
    assert shot is not None and shot.onset is not None and shot.detected is not None
    assert cut["narrowed"][0]["width_ns"] == shot.onset.high_ns - shot.detected.low_ns


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        ("cells/uv_step_cell40", "measurement/ntc_short", "thermal/ot_driving_sensor7"),
        ("current/external_short", "isolation/insulation_monitor_failure", "supply/supply_low"),
        ("communication/vehicle_wrong_crc", "contactors/feedback_hides_open_contact"),
    ],
)
def test_the_arithmetic_closes_in_every_shot_of_every_class_of_faults(
    tmp_path: Path, files: tuple[str, ...]
) -> None:
    paths = [str(ROOT / "scenarios" / f"{one}.toml") for one in files]
    beside = ["--config", str(ROOT / "hil_config.toml"), "--out", str(tmp_path), "--workers", "1"]
    CliRunner().invoke(app, ["run", *paths, "--repeat", "5", "--json", *beside])
    (footer,) = tmp_path.glob("*/footer.json")
    measured = [
        shot.measurement
        for one in result_of(footer.parent).scenarios
        for shot in one.shots
        if shot.measurement is not None
    ]
    times = [(one.fdti, one.onset, one.detected) for one in measured]
    times += [(one.fhti, one.onset, one.safe) for one in measured]
    seen = [(time, narrowed(time, onset, end)) for time, onset, end in times if time is not None]
    assert len(seen) >= 2 * 5 * len(files)
    for time, parts in seen:
        terms_ns = sum(term.width_ns for term in time.terms)
        assert terms_ns - sum(part.width_ns for part in parts) == time.interval.width_ns
        assert all(part.width_ns > 0 and part.by is not NarrowedBy.UNNAMED for part in parts)
        decision = decide(time, 0)
        assert decision.guard_iso_ns <= decision.guard_ns


def test_html_and_markdown_say_what_narrows_an_interval(folder: Path) -> None:
    run = result_of(folder)
    html, markdown = flat(render_html(run)), run_markdown(run, "all", None)
    for text, cell in ((html, "<td[^>]*>"), (markdown, "")):
        assert re.search(rf"[Cc]ut at 0(</td>|</th>)? ?{cell} ?−[0-9.]+ ms", text)
        assert re.search(r"[Ll]ast of several reports", text)
        assert "the interval is their sum less what is shown to narrow it" in text


def test_an_interval_that_its_terms_do_not_explain_says_by_how_much() -> None:
    onset, end = Interval(low_ns=0, high_ns=100), Interval(low_ns=0, high_ns=250)

    def parts(width_ns: int, *terms_ns: int) -> dict[NarrowedBy, int]:
        time = Latency(
            interval=Interval(low_ns=0, high_ns=width_ns),
            terms=tuple(Term(name="stamp", width_ns=one) for one in terms_ns),
        )
        return {one.by: one.width_ns for one in narrowed(time, onset, end)}

    assert parts(250, 100, 250) == {NarrowedBy.NEVER_NEGATIVE: 100}
    assert parts(250, 100, 257) == {NarrowedBy.NEVER_NEGATIVE: 100, NarrowedBy.NOT_BEFORE_CAUSE: 7}
    assert parts(250, 100, 140) == {NarrowedBy.UNNAMED: -10}
    assert parts(250) == {}


def only_from_the_frame() -> ScenarioResult:
    """The limit is 200 ms: 150 … 160 ms from the frame, and 200 … 260 ms from the readback."""
    shots = []
    base = sample_run().scenarios[0].shots[0]
    fdti, fhti = latency(150 * NS_PER_MS, 10 * NS_PER_MS), latency(170 * NS_PER_MS, 10 * NS_PER_MS)
    assert base.measurement is not None
    at_ns = 1_000 * NS_PER_MS
    measured = dataclasses.replace(
        base.measurement,
        onset=Interval(low_ns=at_ns, high_ns=at_ns),
        at_terminal=Interval(low_ns=at_ns - 100 * NS_PER_MS, high_ns=at_ns - 50 * NS_PER_MS),
        left_out=LeftOut.KNOWN,
        detected=Interval(low_ns=at_ns + 150 * NS_PER_MS, high_ns=at_ns + 160 * NS_PER_MS),
        safe=Interval(low_ns=at_ns + 170 * NS_PER_MS, high_ns=at_ns + 180 * NS_PER_MS),
        fdti=fdti,
        fhti=fhti,
    )
    shots.append(dataclasses.replace(base, measurement=measured))
    budget = dataclasses.replace(OVERVOLTAGE, fdti_ns=200 * NS_PER_MS, frti_ns=300 * NS_PER_MS)
    one = scenario("late-from-there", "Late from the readback", budget, shots, base.judgement.verdict)
    return dataclasses.replace(one, fdti=statistics([fdti]), fhti=statistics([fhti]))


def test_a_limit_that_only_the_shorter_time_keeps_is_told_in_every_output() -> None:
    one = only_from_the_frame()
    found = uncertainty_of(one)
    assert found is not None
    fdti, fhti = found.times
    assert (fdti.zone, fdti.only_from_frame) == (Zone.ACCEPT, True)
    assert fdti.from_terminal == Interval(low_ns=200 * NS_PER_MS, high_ns=260 * NS_PER_MS)
    assert (fhti.zone, fhti.only_from_frame) == (Zone.ACCEPT, False)
    run = dataclasses.replace(sample_run(), scenarios=(one,))
    from rich.console import Console

    console = Console(width=4000)
    with console.capture() as shown:
        console.print(summary_table(run))
    told = "FDTI keeps its limit of 200.0 ms only when counted from the frame"
    for text in (flat(shown.get()), render_html(run), run_markdown(run, "all", None)):
        assert told in text
        assert "FHTI keeps its limit" not in text


def test_a_run_of_an_older_release_says_that_it_was_not_recorded_and_is_judged_as_before(
    folder: Path,
) -> None:
    _, _, stored = read_shot(folder / "scenarios/ov-step-cell17/shot-000")
    now = decode(Measurement, stored["measurement"])
    young = ("at_terminal", "left_out")
    before = decode(
        Measurement, {name: value for name, value in stored["measurement"].items() if name not in young}
    )
    assert before.left_out is LeftOut.NOT_RECORDED
    assert same_figures(before, now)
    assert same_figures(now, now)
    moved = dataclasses.replace(now, at_terminal=Interval(low_ns=0, high_ns=1))
    assert not same_figures(now, moved)
    run = result_of(folder)
    (one,) = (s for s in run.scenarios if s.scenario_id == "ov-step-cell17")
    old = dataclasses.replace(one, shots=(dataclasses.replace(one.shots[0], measurement=before),))
    found = uncertainty_of(old)
    assert found is not None
    assert (found.left_out, found.times[0].from_terminal) == (LeftOut.NOT_RECORDED, None)
    assert "not recorded by the release" in render_html(dataclasses.replace(run, scenarios=(old,)))
