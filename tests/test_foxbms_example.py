"""A third-party BMS by profile alone: foxBMS 2's profile and scenarios against a stand-in that checks every rule."""

import json
import os
import re
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import foxbms_stand_in
import pytest
from starved import skip_when_starved

from bench.codec.database import Database
from bench.record.folder import RunFolder, read_shot
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.trace.timeline import Trace
from bench.verdict.result import ShotResult, Verdict

ROOT = Path(__file__).resolve().parents[1]
DBC = Path(os.environ.get("FOXBMS_DBC") or ROOT.parent / "shared" / "facts" / "dbc" / "foxbms.dbc")
pytestmark = pytest.mark.skipif(
    not DBC.is_file(), reason=f"{DBC} is not here: foxBMS's own DBC is the user's to supply"
)
SCENARIOS = [
    "fox_ov_cell7",
    "fox_ov_just_below",
    "fox_uv_all_cells",
    "fox_overcurrent_discharge",
    "fox_request_lost",
    "fox_current_sensor_lost",
    "fox_overtemperature",
    "fox_overcurrent_charge",
    "fox_cell_far_out",
    "fox_front_end_silent",
]
STARTED = re.compile(r'start = "subprocess"\ncommand = .*\nready = .*\n')


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example's folder with the user's DBC, on simulated time and the stand-in."""
    folder = tmp_path / "foxbms"
    shutil.copytree(
        ROOT / "docs" / "examples" / "foxbms", folder, ignore=shutil.ignore_patterns("runs", "*.dbc")
    )
    shutil.copy(DBC, folder / "foxbms.dbc")
    return folder


def bench(folder: Path, firmware: str = "build", **replaced: str) -> Path:
    path = folder / "hil_config.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in {
        'mode = "real"': 'mode = "simulated"',
        'firmware = "foxbms"': f'firmware = "foxbms_stand_in:{firmware}"',
        **replaced,
    }.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(STARTED.sub('start = "in_process"\n', text), encoding="utf-8")
    return path


def fired(config: Path, scenario: str, index: int = 0, shots: int = 5) -> tuple[ShotResult, Trace]:
    wired = load_rig(config, None, None, None)
    prepared = load_scenarios(wired, [config.parent / "scenarios" / f"{scenario}.toml"], None)[0][0]
    runs = RunFolder.create(config.parent / "runs", f"{scenario}-{index}", {})
    result = shoot(wired, prepared, index, shots, 1, runs)
    return result, read_shot(runs.path / result.folder)[0]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_healthy_stand_in_passes_and_finds_no_rule_broken(example: Path, scenario: str) -> None:
    result, _ = fired(bench(example), scenario, index=2)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    assert foxbms_stand_in.BUILT[-1].violations == []
    assert result.identity == "v1.11.0 +0 dirty=0"


# On v1.11.0 built for a host, ms after the onset: first 0x222, state OPEN_CONTACTORS, first coil off, last coil off.
MEASURED = {
    "fox_ov_cell7": ((498, 534), (712, 764), (1243, 1294), (1343, 1394)),
    "fox_overcurrent_discharge": ((99, 140), (229, 269), (759, 801), (859, 901)),
    "fox_current_sensor_lost": (None, None, (3850, 3950), None),
}
WITHIN_MS = 35  # the stand-in's task and the frames' own cycles, each met at another place


@pytest.mark.parametrize("scenario", MEASURED)
def test_the_stand_in_takes_as_long_as_the_firmware_took(example: Path, scenario: str) -> None:
    result, trace = fired(bench(example), scenario, index=1)
    found = result.measurement
    assert found is not None and found.onset is not None
    onset_ns = found.onset.high_ns
    after = [(one.t_ns, one.frame) for one in trace.frames if one.t_ns > onset_ns]
    fatal = next(t_ns for t_ns, frame in after if frame.can_id == 0x222)
    opening = next(t_ns for t_ns, frame in after if frame.can_id == 0x220 and frame.data[0] & 0x0F == 4)
    seen = [fatal, opening, *foxbms_stand_in.BUILT[-1].coils_off_ns]
    for t_ns, limits in zip(seen, MEASURED[scenario], strict=True):
        if limits is not None:
            assert limits[0] - WITHIN_MS <= (t_ns - onset_ns) / 1e6 <= limits[1] + WITHIN_MS, seen


def test_0x220_comes_every_10_ms_and_bit_63_never(example: Path) -> None:
    _, trace = fired(bench(example), "fox_overcurrent_discharge")
    states = [one.t_ns for one in trace.frames if one.frame.can_id == 0x220]
    late = states[len(states) // 2 :]
    assert sum(b - a < 11_000_000 for a, b in pairwise(late)) > 0.9 * len(late)
    told = [one.frame.data for one in trace.frames if one.frame.can_id == 0x240]
    dbc = Database.load(DBC)["f_StringState"]
    bits = {name: max(dbc.reader(name)(data) or 0 for data in told) for name in (
        "StringOvercurrentError", "CellOvercurrentDischargeMslError"
    )}  # fmt: skip
    assert bits == {"StringOvercurrentError": 0, "CellOvercurrentDischargeMslError": 1}


def test_what_the_bench_sends_keeps_every_pace(example: Path) -> None:
    _, trace = fired(bench(example), "fox_ov_cell7")
    sent: dict[int, list[tuple[int, bytes]]] = {}
    for seen in trace.frames:
        sent.setdefault(seen.frame.can_id, []).append((seen.t_ns, seen.frame.data))

    def gaps_ms(can_id: int) -> list[float]:
        return [(b - a) / 1e6 for (a, _), (b, _) in pairwise(sent[can_id])]

    assert all(99.0 < gap < 101.0 for gap in gaps_ms(0x210))
    assert all(9.0 < gap < 11.0 for gap in gaps_ms(0x270)), "one mux frame per 10 ms"
    assert [data[0] for _, data in sent[0x270][:6]] == [0, 1, 2, 3, 4, 0]
    assert min(gaps_ms(0x280)) > 9.0
    assert {data[0] for _, data in sent[0x280]} == {0, 1}
    first_state_ns = sent[0x220][0][0]
    for can_id in range(0x521, 0x529):
        assert sent[can_id][0][0] < first_state_ns, f"0x{can_id:X} is there before the DUT speaks"
        assert all(len(data) == 6 for _, data in sent[can_id])
    last = sent[0x270][4][1]
    assert last[1] >> 4 == 0b0011, "cells 17 and 18 are valid (1 is valid), cells 19 and 20 do not exist"
    dbc = Database.load(DBC)
    volts = dbc["AFE_CellVoltages"].decode(sent[0x270][0][1])
    assert 2400 < volts["CellVoltage_000"] < 2800 and volts["CellVoltage_000_invalidFlag"] == 1
    sum_mv = sum(
        value
        for _, data in sent[0x270][:5]
        for name, value in dbc["AFE_CellVoltages"].decode(data).items()
        if re.fullmatch(r"CellVoltage_\d+", name)
    )
    assert abs(sum_mv - int.from_bytes(sent[0x522][0][1][2:], "big", signed=True)) < 100


def test_a_build_that_counts_twenty_events_more_fails_by_the_published_debounce(example: Path) -> None:
    config = bench(example, "build_late")
    # One shot in two falls within a cycle that proves it: its latency is an interval as wide as the DUT's reporting.
    verdicts = [fired(config, "fox_ov_cell7", index, shots=4)[0].judgement.verdict for index in range(4)]
    assert Verdict.FAIL in verdicts
    assert Verdict.PASS not in verdicts


def with_times(folder: Path, frti: str, lag: bool = True) -> None:
    """Another budget of the reaction to an overvoltage; or the profile as it was without its lags."""
    budgets, profile = folder / "scenarios" / "budgets.toml", folder / "foxbms2.toml"
    text = budgets.read_text(encoding="utf-8")
    old = 'fdti = "700 ms"\nfrti = "900 ms"'
    assert old in text
    budgets.write_text(text.replace(old, f'fdti = "700 ms"\nfrti = "{frti}"'), encoding="utf-8")
    if not lag:
        stated = profile.read_text(encoding="utf-8")
        profile.write_text(re.sub(r", lag = \[.*\], lag_source = \".*\"", "", stated), encoding="utf-8")


def test_a_budget_of_1400_ms_is_not_missed_for_certain_by_a_late_message(example: Path) -> None:
    """The last coil is off in 1.34 to 1.39 s, and 0x220 says so 100 ms later."""
    with_times(example, "700 ms")
    config = bench(example)
    for index in range(2):
        result, _ = fired(config, "fox_ov_cell7", index)
        found = result.measurement
        assert result.judgement.verdict is Verdict.INCONCLUSIVE, reasons_words(result.judgement)
        assert found is not None and found.safe is not None
        first_ns, last_ns = foxbms_stand_in.BUILT[-1].coils_off_ns
        assert first_ns < last_ns
        assert found.safe.low_ns <= last_ns <= found.safe.high_ns, "the truth lies in the interval"
        assert "DUT report lag" in " ".join(reasons_words(result.judgement))


def test_without_the_lag_the_same_budget_accuses_a_good_build(example: Path) -> None:
    with_times(example, "700 ms", lag=False)
    config = bench(example)
    verdicts = [fired(config, "fox_ov_cell7", index)[0].judgement.verdict for index in range(1, 3)]
    assert Verdict.FAIL in verdicts and Verdict.PASS not in verdicts


def test_three_events_in_place_of_ten_are_too_early(example: Path) -> None:
    config = bench(example, "build_hasty")
    for index in range(2):
        result, _ = fired(config, "fox_overcurrent_discharge", index, shots=2)
        assert result.judgement.verdict is Verdict.FAIL
        assert "too-early" in [reason.finding.code for reason in result.judgement.reasons]


@pytest.mark.parametrize(
    ("build", "side"), [("build_without_delay", "below"), ("build_slow_to_open", "above")]
)
def test_the_published_delay_is_held_from_both_sides(example: Path, build: str, side: str) -> None:
    """200 ms from 0x222 to OPEN_CONTACTORS; where the coils follow in 530 ms nobody else would see the difference."""
    result, _ = fired(bench(example, build), "fox_ov_cell7")
    assert result.judgement.verdict is Verdict.FAIL
    words = reasons_words(result.judgement)
    assert any(f"is {side} the" in line and line.startswith("delay to the opening") for line in words), words


@pytest.mark.parametrize(
    ("firmware", "said"),
    [
        ("build_opens_with_76", ["trouble code 76 was not expected"]),
        (
            "build_54_and_55_first",
            [
                "flag minus_contactor_feedback was not expected",
                "flag plus_contactor_feedback was not expected",
            ],
        ),
    ],
)
def test_codes_beside_the_right_one_are_wrong_reports(example: Path, firmware: str, said: list[str]) -> None:
    """Also one that no flag owns, and whatever comes before the right one."""
    result, _ = fired(bench(example, firmware), "fox_overcurrent_discharge")
    assert result.judgement.verdict is Verdict.FAIL
    told = reasons_words(result.judgement)
    assert all(any(one.startswith(words) for one in told) for words in said), told


def test_another_version_than_expected_is_an_error(example: Path) -> None:
    result, _ = fired(bench(example, "build_other_version"), "fox_ov_cell7")
    assert result.judgement.verdict is Verdict.ERROR
    assert "v1.10.0" in " ".join(reasons_words(result.judgement))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('cycle = "50 ms"\ngap = "10 ms"', 'cycle = "40 ms"', "queue"),
        (
            'cycle = "100 ms"\n[play.shows]\nRequestBmsMode',
            'cycle = "120 ms"\n[play.shows]\nRequestBmsMode',
            "0x210 after 120",
        ),
        ("IVT_ID_Result_U1 = 1", "IVT_ID_Result_U1 = 2", "0x522 is 02"),
        ('IVT_MsgCount_Result_I = "counter"', "IVT_MsgCount_Result_I = 3", "0x521 counts 3 after 3"),
        ('_invalidFlag" = "cell_voltage valid"', '_invalidFlag" = "cell_voltage invalid"', None),
    ],
)  # fmt: skip
def test_the_stand_in_would_notice_a_bench_that_breaks_a_rule(
    example: Path, old: str, new: str, rule: str | None
) -> None:
    profile = example / "foxbms2.toml"
    text = profile.read_text(encoding="utf-8")
    assert old in text
    profile.write_text(text.replace(old, new), encoding="utf-8")
    result, _ = fired(bench(example), "fox_ov_just_below")
    violations = foxbms_stand_in.BUILT[-1].violations
    if rule is None:
        assert result.judgement.verdict is Verdict.ERROR, "an all-invalid pack never reaches standby"
    else:
        assert any(rule in text for text in violations), (violations[:5], reasons_words(result.judgement))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS[:6])
def test_the_same_scenarios_run_over_udp_multicast_against_a_process(example: Path, scenario: str) -> None:
    config = example / "hil_config.toml"
    words = [sys.executable, str(ROOT / "tests" / "foxbms_stand_in.py"), "--bus", "{can1}"]
    text = config.read_text(encoding="utf-8")
    text = STARTED.sub(f'start = "subprocess"\ncommand = {json.dumps(words)}\n', text)
    text = text.replace(
        'interface = "socketcan"\noptions = { channel = "vcan0" }',
        'interface = "udp_multicast"\noptions = { channel = "239.74.163.2", port = 43191, hop_limit = 0 }',
    )
    config.write_text(text, encoding="utf-8")
    result, trace = fired(config, scenario)
    reasons = " ".join(reasons_words(result.judgement))
    skip_when_starved(result, trace)
    assert result.judgement.verdict is Verdict.PASS, (scenario, reasons)
    assert result.identity.startswith("v1.11.0")
    assert trace.timebase == "host"


def names_of(path: Path) -> set[str]:
    """Every message and signal of a DBC."""
    names: set[str] = set()
    for message in Database.load(path).messages:
        names |= {message.name, *message.signal_names}
    return names


def test_no_name_of_its_dbc_stands_in_the_bench() -> None:
    ordinary = {
        "State",
        "Substate",
        "Current",
        "Voltage",
        "Power",
        "Number",
        "Energy",
        "Rtos",
        "IMD",
        "AFE",
        "DirtyFlag",
    }
    names = {name for name in names_of(DBC) if len(name) > 3} - ordinary
    assert len(names) > 500
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "bench").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        words = set(re.findall(r"\w+", text))
        hits = {name for name in names if name in words and ("_" in name or "Fox" in name)}
        if hits:
            found[str(path.relative_to(ROOT))] = hits
    assert not found, found


def test_it_reaches_every_mode_of_its_profile(example: Path) -> None:
    """Asked to charge it stays in its normal state."""
    wired = load_rig(bench(example), None, None, None)
    found = load_scenarios(wired, None, "must-reach")[0]
    judged = {one.scenario.id: shoot(wired, one, 0, 1, 1, None).judgement.verdict for one in found}
    assert judged == dict.fromkeys(("must-reach-off", "must-reach-drive", "must-reach-charge"), Verdict.PASS)
    assert foxbms_stand_in.BUILT[-1].violations == []
