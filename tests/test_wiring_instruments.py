"""Bench files that name real instruments: whole shots on them, their true capabilities, and what they get wrong."""

import asyncio
import dataclasses
import functools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_bench import file_of

from bench.config.bench_file import load_bench
from bench.config.instrument_kinds import instruments as known_instruments
from bench.errors import ConfigError
from bench.instruments.kinds import CellKind, LineKind, SensorKind
from bench.instruments.ports import WireFault
from bench.instruments.scpi_cell_emulator import kind as reference_kind
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim
from bench.links.simulated_serial import SimulatedSerial
from bench.measure.measure import measure
from bench.report.finding_words import reasons_words
from bench.rig.capabilities import SenseWires
from bench.rig.rig import Rig
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import conclude_shot
from bench.scenario.engine import Attempt, fire
from bench.timing.clock import Phase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import CanFrame, Kind
from bench.trace.facts import BenchBroke, SafeStateMissed, StimulusConfirmed
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.result import Verdict
from bench.wiring import instruments, side_instruments, simulated
from bench.wiring.simulated import build_simulated

ROOT = Path(__file__).resolve().parents[1]
BENCHES = [
    file
    for file in sorted(ROOT.glob("docs/benches/*.toml"))
    if "scpi_cell_emulator" not in file.read_text(encoding="utf-8")
]
every_bench = pytest.mark.parametrize("file", BENCHES, ids=lambda file: file.stem)

Meddle = Callable[[SimulatedClock, asyncio.Task[Any]], None]


def play(file: Path, scenario: str, meddle: Meddle | None = None) -> tuple[Rig, Any, Any]:
    """(rig, prepared scenario, wired bench) after one shot."""
    wired = load_rig(file, "simulated", "reference", None)
    one = next(p for p in load_scenarios(wired, [file_of(scenario)], None)[0] if p.scenario.id == scenario)
    shot = Attempt(
        profile=wired.profile,
        start=one.scenario.start,
        steps=one.steps,
        plan=one.plan,
        phase_ns=3 * NS_PER_MS,
    )
    rigs: list[Rig] = []

    async def main(clock: SimulatedClock) -> None:
        rigs.append(build_simulated(wired, clock, None, random.Random(5)))
        task = asyncio.current_task()
        assert task is not None
        if meddle is not None:
            meddle(clock, task)
        try:
            await fire(rigs[0], shot)
        except asyncio.CancelledError:
            if meddle is None:
                raise

    run_simulated(main)
    return rigs[0], one, wired


def confirmed(rig: Rig) -> tuple[int, int]:
    fact = next(rig.trace.of(StimulusConfirmed)).fact
    return fact.low_ns or 0, fact.high_ns or 0


@every_bench
def test_the_overvoltage_step_passes_and_the_instruments_pace_is_not_the_duts_latency(file: Path) -> None:
    rig, one, wired = play(file, "ov-step-cell17")
    result = conclude_shot(rig.trace, one, wired, 0, 1, 0)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    assert result.measurement is not None and result.measurement.fdti is not None
    latency = result.measurement.fdti.interval
    assert (
        2390 * NS_PER_MS < latency.high_ns < 2520 * NS_PER_MS
    )  # 25 sweeps of 100 ms, whatever drives the cells
    low_ns, high_ns = confirmed(rig)
    slow = file.stem == "ngi_n83624"
    assert (high_ns - low_ns > 250 * NS_PER_MS) is slow

    # A board whose pins no frame shows has the confirmation as its onset: as wide as the instrument is slow.
    blind = measure(rig.trace, dataclasses.replace(one.plan, onset=()), wired.databases)
    assert blind.onset is not None and blind.fdti is not None
    assert (blind.onset.low_ns, blind.onset.high_ns) == (low_ns, high_ns)
    assert blind.fdti.interval.width_ns >= high_ns - low_ns


@every_bench
def test_a_rig_can_do_to_wires_what_its_instrument_can(file: Path) -> None:
    wired = load_rig(file, "simulated", "reference", None)
    wires = {"open_wire", "cell_short", "reversed_polarity"}
    kind = wired.config.instruments["cells"].kind
    able = {"atopile_cell_sim": {"open_wire"}, "bloomy_bs1200": set()}.get(kind, wires)
    if file.stem == "whole_desk":  # whose relay cards reach every cell
        able = {"open_wire"}
    assert wired.capabilities & wires == able


def test_a_stimulus_the_instrument_cannot_end_in_time_is_an_error_of_the_bench_not_a_fail() -> None:
    rig, one, wired = play(ROOT / "docs/benches/ngi_n83624.toml", "ov-step-cell17--counter-reset")
    result = conclude_shot(rig.trace, one, wired, 0, 1, 0)
    assert result.judgement.verdict is Verdict.ERROR
    assert "too slow for it" in " ".join(reasons_words(result.judgement))


@pytest.mark.parametrize(
    "at_ms", [0, 2_000, *(pytest.param(ms, marks=pytest.mark.slow) for ms in (40, 9_000, 16_000))]
)
@every_bench
def test_cancelled_anywhere_every_unit_ends_safe(
    file: Path, at_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    benches: list[instruments.CellBench] = []

    def kept(*args: Any) -> instruments.CellBench:
        benches.append(instruments.simulated_cells(*args))
        return benches[-1]

    monkeypatch.setattr(simulated, "simulated_cells", kept)

    def meddle(clock: SimulatedClock, task: asyncio.Task[Any]) -> None:
        clock.call_at(at_ms * NS_PER_MS, Phase.TASK, lambda: task.cancel() and None)

    rig, _, _ = play(file, "ov-step-cell17", meddle)
    ended = [mark.t_ns for mark in rig.trace.of_kind(Kind.SAFE_STATE_REACHED)]
    assert ended, [mark.fact.problem for mark in rig.trace.of(SafeStateMissed)]
    assert all(not abs(volt) >= 0.1 for volt in benches[0].output_v(ended[-1]))


@every_bench
def test_a_line_torn_in_mid_shot_is_an_error_that_names_it_and_no_false_safety(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if load_bench(file).instruments["cells"].facts.on_can:
        pytest.skip("this instrument has no serial line")
    lines: list[SimulatedSerial] = []

    class Kept(SimulatedSerial):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            lines.append(self)

    monkeypatch.setattr(instruments, "SimulatedSerial", Kept)

    def meddle(clock: SimulatedClock, _: asyncio.Task[Any]) -> None:
        clock.call_at(16 * NS_PER_S, Phase.INSTRUMENT, lambda: lines[-1].tear())
        clock.call_at(3 * NS_PER_S, Phase.INSTRUMENT, lambda: None if len(lines) > 1 else lines[-1].tear())

    rig, one, wired = play(file, "ov-charger-ignores-limit", meddle)
    result = conclude_shot(rig.trace, one, wired, 0, 1, 0)
    told = " ".join(str(mark.fact) for mark in rig.trace.of_kind(Kind.ERROR))
    assert lines[-1].port in told and "torn" in told, told
    assert list(rig.trace.of_kind(Kind.SAFE_STATE_MISSED)), "nobody can know what is behind a torn line"
    assert result.judgement.verdict is Verdict.ERROR


@pytest.mark.parametrize("tau_ms", [300, 3000])
@pytest.mark.slow
def test_no_dut_starts_in_the_ramp_of_an_emulator_that_was_just_switched_on(
    tau_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settling by 10 e-foldings: 3 s are waited for, 30 s are an instrument that does not do what it was told."""
    sluggish = functools.partial(CellEmulatorSim, settle_tau_ns=tau_ms * NS_PER_MS)
    monkeypatch.setattr(reference_kind, "CellEmulatorSim", sluggish)
    rig, _, _ = play(ROOT / "hil_config.toml", "ov-step-cell17--inside")
    database = rig.databases["vehicle"]
    sent = {database[name].can_id for name in ("BMS_State", "BMS_CellMinMax")}
    spoken = [seen for seen in rig.trace.frames if seen.frame.can_id in sent]
    told = [mark.fact.reason for mark in rig.trace.of(BenchBroke)]
    if tau_ms == 300:
        assert not any("set points" in text for text in told)
        cells = rig.databases["sense"]["IO_CellVoltages"]
        first = min(seen.t_ns for seen in spoken)
        since = [s.frame.data for s in rig.trace.frames if s.frame.can_id == cells.can_id and s.t_ns >= first]
        lowest_v = min(
            v for data in since[:100] for k, v in cells.decode(data).items() if k.startswith("CellV")
        )
        assert lowest_v > 3.0
    else:
        assert not spoken
        assert "96 of 96 outputs are not at their set points" in told[0] and "cell 1 reads" in told[0]


def test_every_kind_of_cell_emulator_has_its_driver_and_its_simulator() -> None:
    cells = [kind for kind in known_instruments().all().values() if isinstance(kind, CellKind)]
    assert len(cells) >= 5
    for kind in cells:
        drive, play = (kind.box, kind.play_boxes) if kind.on_can else (kind.drive, kind.play)
        assert drive is not None and play is not None, kind.title


def on_the_whole_desk(check: Callable[[Rig, SimulatedClock], Any]) -> Rig:
    """`check(rig, clock)` on an energised desk, which is then brought to its safe state."""
    wired = load_rig(ROOT / "docs/benches/whole_desk.toml", "simulated", "reference", None)
    rigs: list[Rig] = []

    async def main(clock: SimulatedClock) -> None:
        rigs.append(build_simulated(wired, clock, None, random.Random(5)))
        await rigs[0].energise()
        try:
            await check(rigs[0], clock)
        finally:
            await rigs[0].safe()

    run_simulated(main)
    return rigs[0]


def test_relay_cards_open_the_wires_they_sit_in_and_the_dut_is_shown_it() -> None:
    async def check(rig: Rig, clock: SimulatedClock) -> None:
        unit = rig.provided.give(SenseWires).relays.unit
        assert WireFault.OPEN in unit.wire_faults
        await unit.insert([3, 70], WireFault.OPEN)
        assert await unit.wires([2, 3, 70]) == [WireFault.NONE, WireFault.OPEN, WireFault.OPEN]
        await clock.sleep_until(clock.now_ns() + 300 * NS_PER_MS)
        message = rig.databases["sense"]["IO_CellVoltages"]
        frames = [seen.frame for seen in rig.trace.frames if seen.frame.can_id == message.can_id]
        last = {frame.data[0]: message.decode(frame.data) for frame in frames[-24:]}
        assert last[0]["CellVoltage03"] > 6.19 and last[0]["CellVoltage02"] < 5  # raw 0x3FFF: no reading
        await unit.mend([3, 70])
        assert await unit.wires([3, 70]) == [WireFault.NONE, WireFault.NONE]

    rig = on_the_whole_desk(check)
    assert list(rig.trace.of_kind(Kind.SAFE_STATE_REACHED))


def test_played_sensors_show_the_plant_on_their_bus_and_answer_it() -> None:
    answers: list[bytes] = []

    async def check(rig: Rig, clock: SimulatedClock) -> None:
        link = rig.links["sensors"]
        link.subscribe(lambda _, frame: answers.append(frame.data) if frame.can_id == 0x23 else None)
        link.send(CanFrame(0x22, bytes((50, 0, 0, 0, 0))))
        await clock.sleep_until(clock.now_ns() + 1500 * NS_PER_MS)
        assert answers == [bytes((50, 100, 0, 0, 0))]
        volts = [seen.frame.data for seen in rig.trace.frames if seen.frame.can_id == 0x522]
        assert int.from_bytes(volts[-1][2:], "big") / 1000 == pytest.approx(
            rig.plant.pack.pack_voltage_v, abs=2
        )
        r_iso = [seen.frame.data for seen in rig.trace.frames if seen.frame.can_id == 0x37]
        assert int.from_bytes(r_iso[-1][:2], "little") > 500

    on_the_whole_desk(check)


def test_a_side_instrument_that_cannot_be_made_safe_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[SimulatedSerial] = []

    class Kept(SimulatedSerial):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            lines.append(self)

    monkeypatch.setattr(side_instruments, "SimulatedSerial", Kept)

    async def check(rig: Rig, clock: SimulatedClock) -> None:
        lines[-1].tear()

    rig = on_the_whole_desk(check)
    missed = " ".join(mark.fact.problem for mark in rig.trace.of(SafeStateMissed))
    assert "simulated supply [EA PSB]: sent 'SYST:LOCK ON'" in missed and "torn" in missed


def test_every_side_instrument_is_on_a_line_or_a_sensor_on_a_bus() -> None:
    kinds = known_instruments().all().values()
    assert all(isinstance(one, CellKind | LineKind | SensorKind) for one in kinds)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'kind = "ngi_n83624"',
            'kind = "ngi_n83642"',
            r"\[instrument.cells.kind\].*did you mean 'ngi_n83624'",
        ),
        (
            'kind = "ngi_n83624"',
            'kind = "numato_relay"',
            r"Numato relay, which plays relays; expected a cell",
        ),
        (
            'port = "virtual"',
            'port = "virtual"\nopens = [1]',
            r"\[instrument.cells.opens\]: found it for NGI N83624; expected it for .*Waveshare",
        ),
        (
            'port = "virtual"',
            'port = ["/dev/ttyUSB0", "/dev/ttyUSB1"]',
            r"found 2 port.*expected 4 ports, 24 cells",
        ),
        (
            'port = "virtual"',
            'port = ["virtual", "/dev/ttyUSB1"]',
            r'one port for each unit, or "virtual" alone',
        ),
        (
            'port = "virtual"',
            'port = "virtual"\ndead_man = "2 s"',
            r"NGI N83624 has no dead-man, expected none",
        ),
        (
            'port = "virtual"',
            'port = "virtual"\nlink = "cells"',
            r"expected a \[serial\] line: there is none",
        ),
        ("[instrument.cells]", "[instrument.cell]", r"expected the name 'cells'"),
        (
            'lost_replies = "0.5 %"',
            'lost_reply = "0.5 %"',
            r"unknown key 'lost_reply'.*did you mean 'lost_replies'",
        ),
        (
            'kind = "ngi_n83624"',
            'kind = "bloomy_abs"\nfirst_id = 30',
            r"found 30 for 12 units of Bloomy ABS \(96 cells\); expected numbers from 0 to 31",
        ),
        ("cells = 96", "cells = 16", r"\[pack.sensors\]: found 24 for 16 cells; expected 1 to 16"),
    ],
)
def test_a_mistake_in_an_instruments_section_is_one_clear_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = (ROOT / "docs/benches/ngi_n83624.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "docs" / "benches" / "bench.toml"
    file.parent.mkdir(parents=True)
    (tmp_path / "dbc").symlink_to(ROOT / "dbc")
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as caught:
        load_bench(file)
    assert all(line.startswith(f"{file}:") for line in str(caught.value).splitlines())
