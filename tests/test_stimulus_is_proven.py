"""The stimulus is proven in the frame for every aim; the bench never speaks for the DUT; glitches fit the debounce."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from test_measure_trace import DATABASE, DECODERS, MS, PLAN, QUIET, shot
from told import told
from typer.testing import CliRunner

from bench.cli.main import app
from bench.codec.idle import idle_messages
from bench.errors import ConfigError
from bench.measure.measure import measure
from bench.measure.plan import SignalTest
from bench.report.finding_words import reasons_words
from bench.rig.view import TraceView
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.model import Inject
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.trace.events import BENCH, Kind
from bench.trace.timeline import Trace
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
Edit = Callable[[str], str]


def bench_in(folder: Path, **edits: Edit) -> Path:
    """The repository's bench, with some of its files (by their stem) changed."""
    for name in ("bms.dbc", "vehicle.dbc", "bench_io.dbc", "reference_bms.toml"):
        text = (ROOT / "dbc" / name).read_text(encoding="utf-8")
        edit = edits.get(name.split(".")[0])
        changed = edit(text) if edit is not None else text
        assert edit is None or changed != text
        (folder / name).write_text(changed, encoding="utf-8")
    path = folder / "hil_config.toml"
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('"dbc/', '"'), encoding="utf-8")
    return path


def healthy_cells_only(dbc: str) -> str:
    """As a vendor writes it: the range that a healthy cell has."""
    return re.sub(
        r"(?m)^( SG_ CellVoltage\d+ m\d+ : \d+\|14@1\+) \(0.0005,-2\) \[-2\|6.1915\]",
        r"\1 (0.0005,0) [0|4.2]",
        dbc,
    )


def without_beyond(profile: str) -> str:
    return profile.replace(
        '{ of = "cell_voltage", no_value = 6.1915, beyond = "no_value" }', '"cell_voltage"'
    )


def scenarios_in(wired: Wired, name: str) -> dict[str, Prepared]:
    found, _ = load_scenarios(wired, [ROOT / "scenarios" / "cells" / f"{name}.toml"], None)
    return {one.scenario.id: one for one in found}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bench whose cell signals end at 4.2 V."""
    folder = tmp_path_factory.mktemp("narrow")
    return bench_in(folder, bench_io=healthy_cells_only, reference_bms=without_beyond)


@pytest.mark.parametrize("twin", ["", "--inside", "--counter-reset"])
def test_a_value_that_the_signal_cannot_carry_is_no_pass_whatever_the_aim(narrow: Path, twin: str) -> None:
    wired = load_rig(narrow, "simulated", "reference", None)
    one = scenarios_in(wired, "ov_step_cell17")[f"ov-step-cell17{twin}"]
    result = shoot(wired, one, 0, 59, 1, None)
    assert result.judgement.verdict is Verdict.ERROR
    assert (
        "the stimulus never reached the DUT: IO_CellVoltages.CellVoltage17"
        in reasons_words(result.judgement)[0]
    )


def test_check_says_beforehand_which_scenarios_a_signal_cannot_carry(narrow: Path) -> None:
    file = str(ROOT / "scenarios" / "cells" / "ov_step_cell17.toml")
    told = CliRunner().invoke(app, ["check", file, "--config", str(narrow)])
    lines = told.stdout.splitlines()
    assert told.exit_code == 3
    assert [line.split(":")[0] for line in lines if "will be ERROR" in line] == [
        "ov-step-cell17",
        "ov-step-cell17--inside",
        "ov-step-cell17--counter-reset",
    ]
    assert any("CellVoltage17 cannot carry 4.24: its range is 0 to 4.2" in line for line in lines)


def test_check_of_the_shipped_bench_finds_nothing_and_lists_what_is_sent_idle() -> None:
    told = CliRunner().invoke(app, ["check", "--config", str(ROOT / "hil_config.toml")])
    assert told.exit_code == 0 and "will be ERROR" not in told.stdout
    (line,) = (line for line in told.stdout.splitlines() if line.startswith("sent idle"))
    assert line.endswith("vehicle.CHG_Capability every 1.000 s, vehicle.VCU_Clock every 1.000 s")


def test_a_signal_that_ends_while_it_is_shown_leaves_the_verdict_open(tmp_path: Path) -> None:
    """No healthy pack bounds a car's speed: only the run can tell that 50 km/h are not 20."""

    def slow(dbc: str) -> str:
        return re.sub(r"( SG_ VehicleSpeed : \S+ \(\S+\)) \[\S+\]", r"\1 [0|20]", dbc)

    wired = load_rig(bench_in(tmp_path, vehicle=slow), "simulated", "reference", None)
    one = scenarios_in(wired, "ov_step_cell17")["ov-step-cell17"]
    one = replace(one, scenario=replace(one.scenario, start=replace(one.scenario.start, current_a=20.0)))
    result = shoot(wired, one, 0, 59, 1, None)
    assert result.judgement.verdict is Verdict.INCONCLUSIVE
    assert reasons_words(result.judgement)[0] == (
        "VehicleSpeed showed 20 where vehicle_speed was 50: its range ends there"
    )


# --- a sensor's own end of scale


def ends_at(hottest_c: str) -> Edit:
    return lambda dbc: re.sub(r"( SG_ Temperature\d\d .*?)\[[^]]*\]", rf"\1[-40|{hottest_c}]", dbc)


def thermal(wired: Wired, name: str) -> Prepared:
    found, _ = load_scenarios(wired, [ROOT / "scenarios" / "thermal" / f"{name}.toml"], None, long=True)
    return next(one for one in found if not one.scenario.twin_of)


@pytest.fixture(scope="module")
def short_scale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bench whose sensors end below the trip, with the shipped profile's `beyond = "limit"`."""
    return bench_in(tmp_path_factory.mktemp("short"), bench_io=ends_at("50"))


@pytest.mark.parametrize("name", ["thermal_runaway_only_hot", "thermal_runaway_hot_and_rise"])
def test_what_is_held_at_the_limit_is_no_pass_and_no_fail(short_scale: Path, name: str) -> None:
    wired = load_rig(short_scale, "simulated", "reference", None)
    result = shoot(wired, thermal(wired, name), 0, 59, 1, None)
    assert result.judgement.verdict is Verdict.ERROR
    assert {one.finding.code for one in result.judgement.reasons} >= {"stimulus-not-carried"}
    assert result.measurement is not None
    assert any(one.code == "signal-held-at-end" for one in result.measurement.anomalies)


# A sensor that lags reaches some 49 °C before the cell has burnt out; the rise that decides is over below 40 °C.
@pytest.mark.parametrize(("hottest", "verdict"), [("30", Verdict.INCONCLUSIVE), ("40", Verdict.PASS)])
@pytest.mark.slow
def test_a_plant_off_the_scale_decides_only_where_the_scale_ends_too_early(
    tmp_path: Path, hottest: str, verdict: Verdict
) -> None:
    wired = load_rig(bench_in(tmp_path, bench_io=ends_at(hottest)), "simulated", "reference", None)
    result = shoot(wired, thermal(wired, "runaway_by_nail"), 0, 20, 1, None)
    assert result.judgement.verdict is verdict
    assert result.measurement is not None
    assert any(one.code == "signal-held-at-end" for one in result.measurement.anomalies)


def errors_at_check(config: Path, *files: str) -> set[str]:
    told = CliRunner().invoke(
        app, ["check", *(str(ROOT / "scenarios" / one) for one in files), "--config", str(config)]
    )
    assert told.exit_code == 3
    return {line.split(":")[0] for line in told.stdout.splitlines() if "will be ERROR" in line}


def test_check_names_all_that_a_short_scale_cannot_carry(short_scale: Path) -> None:
    found = errors_at_check(short_scale, "thermal")
    named = {"ot-charging", "ot-driving-sensor7", "ot-driving-sensor24"}
    assert found >= named | {f"{one}--inside" for one in named} | {f"{one}--counter-reset" for one in named}
    assert found >= {"cooling-lost-under-heat", "external-fire-at-cell1", "thermal-runaway-only-hot"}
    assert not found & {"thermal-runaway-only-rise", "thermal-runaway-only-drop", "runaway-by-nail"}


def test_a_code_for_no_reading_is_not_what_was_wanted(tmp_path: Path) -> None:
    def narrow_cells(dbc: str) -> str:
        return re.sub(r"( SG_ CellVoltage\d\d .*?)\[[^]]*\]", r"\1[2.5|5]", dbc)

    config = bench_in(tmp_path, bench_io=narrow_cells)
    found = errors_at_check(config, "cells/uv_step_cell40.toml", "measurement/sense_short_cell2.toml")
    assert found == {
        "uv-step-cell40",
        "uv-step-cell40--counter-reset",
        "sense-short-cell2",
        "sense-short-cell2--counter-reset",
    }
    wired = load_rig(config, "simulated", "reference", None)
    one = scenarios_in(wired, "uv_step_cell40")["uv-step-cell40"]
    assert shoot(wired, one, 0, 59, 1, None).judgement.verdict is Verdict.ERROR


WANTED = SignalTest(
    channel="vehicle",
    message="BMS_CellMinMax",
    signal="CellVoltageMax",
    op=">=",
    value=4269.0,
    together=(
        SignalTest(
            channel="vehicle", message="BMS_CellMinMax", signal="CellVoltageMax", op="<=", value=4271.0
        ),
    ),
)


@pytest.mark.parametrize("plan", [PLAN, replace(QUIET, forbidden=(), detection=())])
@pytest.mark.parametrize(("wanted_mv", "proven"), [(4270.0, True), (4280.0, False)])
def test_what_was_wanted_stands_in_a_frame_after_the_command(
    plan: object, wanted_mv: float, proven: bool
) -> None:
    (below,) = WANTED.together
    asked = replace(WANTED, value=wanted_mv - 1, together=(replace(below, value=wanted_mv + 1),))
    asking = replace(plan, carried=(asked,))  # type: ignore[type-var]
    found = measure(shot(), asking, DECODERS)  # type: ignore[arg-type]
    said = [text for text in told(found.bench_faults) if "never reached the DUT" in text]
    assert (not said) is proven
    if said:
        assert said[0].endswith("carried 4270 to 4270 after the command; expected 4280")


def test_a_quiet_shot_whose_onset_no_frame_shows_is_an_error() -> None:
    trace = shot(onset=None, detect=None, safe=None, dtc=None)
    assert judge(measure(trace, QUIET, DECODERS), QUIET).verdict is Verdict.ERROR


# --- the bench never speaks for the DUT


def nobodys(dbc: str) -> str:
    """What a reverse-engineered DBC says of most messages: nobody sends them."""
    text = dbc.replace("BO_ 257 BMS_Faults: 8 BMS", "BO_ 257 BMS_Faults: 8 Vector__XXX")
    text = text.replace("BO_ 273 BMS_PackValues: 8 BMS", "BO_ 273 BMS_PackValues: 8 VCU")
    return text.replace('BA_ "GenMsgCycleTime" BO_ 257 20;', 'BA_ "GenMsgCycleTime" BO_ 257 3;')


def test_what_is_read_from_the_dut_is_never_sent_idle_whoever_the_dbc_names(tmp_path: Path) -> None:
    wired = load_rig(bench_in(tmp_path, bms=nobodys), "simulated", "reference", None)
    idle = {message.name for _, message in idle_messages(wired.profile, wired.databases)}
    assert idle == {"CHG_Capability", "VCU_Clock"}
    traces: list[Trace] = []
    one = scenarios_in(wired, "ov_step_cell17")["ov-step-cell17"]
    result = shoot(wired, one, 0, 59, 1, None, watch=lambda rig, *_: traces.append(rig.trace))
    senders = {seen.sender for seen in traces[0].frames if seen.frame.can_id in (257, 273)}
    assert senders == {"dut"}
    assert result.measurement is not None and result.measurement.observable_ns is not None
    assert result.measurement.observable_ns >= 9 * MS, "the DUT's own report, every 20 ms or at once"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("BMS_State", "output.state"),
        ("BMS_Faults", "output.service_required"),
        ("BMS_Identity", "output.reset_cause"),
        ("UDS_Response", "uds.response"),
    ],
)
def test_a_played_message_that_is_read_from_the_dut_is_refused(
    tmp_path: Path, message: str, says: str
) -> None:
    table = f'[[play]]\nmessage = "vehicle.{message}"\ncycle = "1 s"\n[play.shows]\n'
    signal = {"BMS_State": "State", "BMS_Faults": "CellOvervoltage", "BMS_Identity": "ResetCause"}
    table += f"{signal.get(message, 'Byte0')} = 0\n\n[output]"
    path = bench_in(tmp_path, reference_bms=lambda text: text.replace("[output]", table, 1))
    with pytest.raises(ConfigError) as told:
        load_rig(path, "simulated", "reference", None)
    assert f"[play vehicle.{message}]: found it played, and read from the DUT as " in str(told.value)
    assert says in str(told.value)


def test_a_frame_of_the_bench_is_no_answer_of_the_dut() -> None:
    plan = replace(PLAN, own=(("vehicle", "BMS_Faults"), ("vehicle", "BMS_State")))
    trace = shot()
    for t_ms in range(110, 600, 3):  # it denies all the while
        trace.frame(t_ms * MS + 1, "vehicle", DATABASE.encode("BMS_Faults", CellOvervoltage=0), BENCH)
    trace.frame(150 * MS, "vehicle", DATABASE.encode("BMS_Faults", CellOvervoltage=1), BENCH)
    found = measure(trace, plan, DECODERS)
    assert found.detected == measure(shot(), plan, DECODERS).detected
    assert told(found.anomalies) == (
        "165 frames of BMS_Faults came from the bench itself: no answer of the DUT",
    )
    view = TraceView(trace, own=[("vehicle", DECODERS["vehicle"]["BMS_Faults"].can_id)])
    view.update()
    latest = view.latest(("vehicle", DECODERS["vehicle"]["BMS_Faults"].can_id))
    assert latest is not None and latest.sender == "dut"


# --- glitches


@pytest.mark.parametrize(("cycle_ms", "lasts_ms"), [(100, 2300), (50, 2300), (250, 2150), (800, 1600)])
def test_a_glitch_and_what_its_last_frame_says_end_before_the_debounce_fills(
    tmp_path: Path, cycle_ms: int, lasts_ms: int
) -> None:
    """25 events, 100 ms apart: full 2.4 s after the first."""
    twins = glitches_at(tmp_path, f"{cycle_ms} ms")
    assert twins["ov-step-cell17--counter-reset"].steps[0].duration_ns == lasts_ms * MS  # type: ignore[union-attr]
    assert lasts_ms + cycle_ms <= 2400 and lasts_ms >= cycle_ms


def glitches_at(
    folder: Path, cycle: str, gap: str = "0 ms", scenario: str = "ov_step_cell17"
) -> dict[str, Prepared]:
    def slow(profile: str) -> str:
        at = 'message = "sense.IO_CellVoltages"'
        return profile.replace(at, f'{at}\ncycle = "{cycle}"\ngap = "{gap}"')

    wired = load_rig(bench_in(folder, reference_bms=slow), "simulated", "reference", None)
    return scenarios_in(wired, scenario)


def test_the_spread_over_pages_takes_off_a_glitch_of_several_cells(tmp_path: Path) -> None:
    """Cells 5, 40 and 96 stand on pages 1, 9 and 23 of a sweep: 22 gaps from the first to the last."""
    twins = glitches_at(tmp_path, "240 ms", "10 ms", "ov_few_cells_charging")
    step = next(one for one in twins["ov-few-cells-charging--counter-reset"].steps if isinstance(one, Inject))
    assert step.duration_ns == (2400 - 240 - 22 * 10) * MS


def test_where_no_glitch_can_be_shown_in_time_there_is_none_and_check_says_why(tmp_path: Path) -> None:
    twins = glitches_at(tmp_path, "1500 ms")
    kinds = {one.scenario.twin_kind for one in twins.values()}
    assert "inside" in kinds and not kinds & {"glitch", "counter_reset"}
    note = twins["ov-step-cell17"].note
    assert note == (
        "no glitch can be made: what is shown stands for 1.500 s, and the debounce fills in 2.400 s"
    )


def test_cells_that_take_turns_are_one_glitch() -> None:
    """Two signals, 40 ms each, one after the other without a break: 80 ms for a DUT that looks at both."""
    low = SignalTest(
        channel="vehicle", message="BMS_CellMinMax", signal="CellVoltageMax", op=">=", value=4250
    )
    trace = shot(onset=None, detect=210, safe=None, dtc=None)
    trace.frames = [
        seen for seen in trace.frames if seen.frame.can_id != DECODERS["vehicle"]["BMS_CellMinMax"].can_id
    ]
    high = replace(low, op="==", value=4280)
    only = replace(low, op="==", value=4270)
    for t_ms, millivolt in ((110, 4270), (130, 4270), (150, 4280), (170, 4280), (190, 3700), (210, 3700)):
        trace.frame(t_ms * MS, "vehicle", DATABASE.encode("BMS_CellMinMax", CellVoltageMax=millivolt), "dut")
    trace.frames = sorted(trace.frames, key=lambda seen: seen.t_ns)
    plan = replace(QUIET, onset=(high, only), glitch_under_ns=60 * MS)
    for trace.timebase in (Timebase.SIMULATED, Timebase.HOST):
        found = judge(measure(trace, plan, DECODERS), plan)
        assert (
            found.verdict is Verdict.INCONCLUSIVE
            and "showed the glitch for 80.0 ms" in reasons_words(found)[0]
        )
    assert next(trace.of_kind(Kind.STIMULUS_COMMANDED)).t_ns == 100 * MS
