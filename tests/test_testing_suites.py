"""The published suites can fail: each is given drivers that lie, and says so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from broken_drivers import broken, cases
from instrument_lanes import PACK_SUPPLIES, RELAY_CARDS, device_of
from suite_lies_of_switches import Lying

from bench.instruments.bender_iso165c.driver import BenderIso165c
from bench.instruments.bender_iso165c.sim import BenderIso165cSim
from bench.instruments.isabellenhuette_ivt_s.driver import IsabellenhuetteIvtS
from bench.instruments.isabellenhuette_ivt_s.sim import IsabellenhuetteIvtSSim
from bench.instruments.ports import Confirmation, CurrentReading, InsulationReading, SupplyReading, Switched
from bench.instruments.scpi_cell_emulator.driver import ScpiCellEmulator
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim, attach_simulated
from bench.testing import CellEmulatorSuite, Device, MonitorSuite, RelaySuite, SensorSuite, SupplySuite
from bench.units import NS_PER_MS

ROOT = Path(__file__).resolve().parents[1]
RELAYS = device_of(RELAY_CARDS["numato_relay, 4 relays"], baud=9600)
SUPPLY = device_of(PACK_SUPPLIES["ea_psb"])


def six_cells(end: Any, clock: Any) -> CellEmulatorSim:
    sim = CellEmulatorSim(6)
    attach_simulated(sim, end, clock)
    return sim


def of_six_cells(link: Any, clock: Any) -> ScpiCellEmulator:
    """It gives up early on what is stuck: each lie is told by each cell."""
    return ScpiCellEmulator(link, clock, channels=6, timeout_ns=60 * NS_PER_MS)


CELLS = Device(drive=of_six_cells, play=six_cells)


def lying(device: Device[Any, Any], lie: type[Lying]) -> Device[Any, Any]:
    def drive(link: Any, clock: Any) -> Lying:
        return lie(link, clock, device.drive(link, clock))

    return Device(drive=drive, play=device.play, on_can=device.on_can, baud=device.baud)


def found(
    suite: type, device: Device[Any, Any] | Callable[[Any], Device[Any, Any]], lie: type[Lying]
) -> set[str]:
    def mine(case: Any) -> Device[Any, Any]:
        return lying(device if isinstance(device, Device) else device(case), lie)

    return broken(type("Mine", (suite,), {"device": mine}))


def monitor(case: MonitorSuite) -> Device[Any, Any]:
    def play(wire: Any, clock: Any) -> BenderIso165cSim:
        sim = BenderIso165cSim(wire, clock, lambda: case.r_iso_ohm)
        sim.start(clock.now_ns())
        return sim

    return Device(drive=BenderIso165c, play=play, on_can=True)


def sensor(case: SensorSuite) -> Device[Any, Any]:
    def play(wire: Any, clock: Any) -> IsabellenhuetteIvtSSim:
        sim = IsabellenhuetteIvtSSim(wire, clock, {0: lambda: case.current_a})
        sim.start(clock.now_ns())
        return sim

    return Device(drive=IsabellenhuetteIvtS, play=play, on_can=True)


def test_a_true_driver_breaks_no_promise() -> None:
    assert found(RelaySuite, RELAYS, Lying) == set()
    assert found(CellEmulatorSuite, CELLS, Lying) == set()
    assert found(SupplySuite, SUPPLY, Lying) == set()
    assert found(MonitorSuite, monitor, Lying) == set()
    assert found(SensorSuite, sensor, Lying) == set()
    assert len(list(cases(RelaySuite))) == 11 and len(list(cases(CellEmulatorSuite))) == 16


class OffWhileOn(Lying):
    async def states(self) -> list[bool]:
        return [False for _ in await self.true.states()]


class ToldTooEarly(Lying):
    async def switch(self, relay: int, on: bool) -> Switched:
        now_ns = self.clock.now_ns()
        await self.true.switch(relay, on)
        return Switched(low_ns=now_ns, high_ns=now_ns)


class LeftOn(Lying):
    async def safe(self) -> None:
        await self.true.states()


class OneAside(Lying):
    async def switch(self, relay: int, on: bool) -> Switched:
        return await self.true.switch(relay % self.true.relays + 1, on)


class DeafToATornLine(Lying):
    async def states(self) -> list[bool]:
        return [False] * self.true.relays


SWITCHED, IN_A_WIRE = "relays_are_switched_told_and_released", "a_relay_in_a_sense_wire_is_a_fault_unit"
BOTH_SIDES, STUCK = "a_switch_is_told_from_both_sides", "a_relay_that_does_not_move_is_told_on_switching"
STUCK_ON, NOBODY = "a_relay_that_stays_on_is_never_called_safe", "nothing_is_done_by_nobody"


@pytest.mark.parametrize(
    ("lie", "caught"),
    [
        (OffWhileOn, {SWITCHED, IN_A_WIRE}),
        (ToldTooEarly, {SWITCHED, IN_A_WIRE, BOTH_SIDES}),
        (OneAside, {SWITCHED, IN_A_WIRE, BOTH_SIDES, STUCK, STUCK_ON}),
        (LeftOn, {SWITCHED, "safe_releases_what_was_left_on", STUCK_ON}),
        (
            DeafToATornLine,
            {SWITCHED, IN_A_WIRE, NOBODY, "a_torn_line_is_an_error", "silence_is_an_error_in_time"},
        ),
    ],
)
def test_a_relay_card_that_lies_is_caught(lie: type[Lying], caught: set[str]) -> None:
    assert found(RelaySuite, RELAYS, lie) == caught


class ConfirmsWhatItDidNotSet(Lying):
    async def set_and_confirm(self, cells: Any, voltage_v: float, _: float) -> Confirmation:
        low_ns = self.clock.now_ns()
        await self.true.measure(cells)
        return Confirmation(low_ns=low_ns, high_ns=self.clock.now_ns(), readback_v=(voltage_v,) * len(cells))


class ConfirmsBeforeItIsThere(Lying):
    async def set_and_confirm(self, cells: Any, voltage_v: float, tolerance_v: float) -> Confirmation:
        seen = await self.true.set_and_confirm(cells, voltage_v, tolerance_v)
        return Confirmation(low_ns=seen.low_ns, high_ns=seen.low_ns + 1, readback_v=seen.readback_v)


class SafeIsAWord(Lying):
    async def safe(self) -> None: ...


class NoFaultIsMade(Lying):
    async def insert(self, cells: Any, fault: Any) -> Switched:
        low_ns = self.clock.now_ns()
        await self.true.wires(cells)
        return Switched(low_ns=low_ns, high_ns=self.clock.now_ns())


class ArmsNothing(Lying):
    async def arm_dead_man(self, _: int) -> None: ...


class ClampsQuietly(Lying):
    async def set_cells(self, cells: Any, voltage_v: float) -> None:
        await self.true.set_cells(cells, min(voltage_v, self.true.highest_v))


class ReadsItsWish(Lying):
    async def measure(self, cells: Any) -> list[float]:
        return [3.7] * len(cells)


WHOLE = "cells_are_set_read_back_and_brought_to_their_safe_state"
BRACKET = "a_confirmation_brackets_the_true_change"
FROM_ANY_STATE = "safe_works_with_a_fault_in_the_wires_and_from_any_state"
FAULTS = "faults_of_a_wire_are_made_mended_and_told"
CELL_STUCK, CELL_ON = (
    "a_cell_that_does_not_move_is_never_confirmed",
    "a_cell_that_stays_on_is_never_called_safe",
)


@pytest.mark.parametrize(
    ("lie", "caught"),
    [
        (ConfirmsWhatItDidNotSet, {WHOLE, BRACKET, FAULTS, CELL_STUCK, "steps_down_are_confirmed_too"}),
        (ConfirmsBeforeItIsThere, {BRACKET}),
        (SafeIsAWord, {WHOLE, FROM_ANY_STATE, CELL_ON, "silence_is_never_called_safe"}),
        (NoFaultIsMade, {FAULTS}),
        (ArmsNothing, {"only_an_instrument_with_a_dead_man_lets_it_be_armed"}),
        (ClampsQuietly, {"a_set_point_beyond_the_limits_is_an_error_and_changes_nothing"}),
        (ReadsItsWish, {WHOLE, FAULTS, NOBODY}),
    ],
)
def test_a_cell_emulator_that_lies_is_caught(lie: type[Lying], caught: set[str]) -> None:
    assert found(CellEmulatorSuite, CELLS, lie) == caught


class OffIsAWord(Lying):
    async def safe(self) -> None: ...


class SinksAsItSources(Lying):
    async def measure(self) -> SupplyReading:
        seen = await self.true.measure()
        return replace(seen, current_a=abs(seen.current_a), power_w=abs(seen.power_w))


class LimitsNothing(Lying):
    async def limit(self, *, voltage_v: float, source_a: float, sink_a: float) -> None:
        await self.true.limit(voltage_v=min(voltage_v, 500.0), source_a=90.0, sink_a=90.0)


class NeverOn(Lying):
    async def output(self, _: bool) -> None:
        await self.true.measure()


STAYS_OFF, STAYS_ON, IDLE_ON = (
    "an_output_that_does_not_go_on_is_told",
    "an_output_that_stays_on_is_never_called_off",
    "an_output_that_stays_on_is_not_called_off_because_nothing_flows",
)
FLOWS, PLATE = "it_sources_sinks_and_goes_off", "what_is_beyond_its_plate_is_refused_aloud"


@pytest.mark.parametrize(
    ("lie", "caught"),
    [
        (OffIsAWord, {FLOWS, STAYS_ON, IDLE_ON, "silence_is_never_called_safe"}),
        (SinksAsItSources, {FLOWS}),
        (LimitsNothing, {FLOWS, PLATE}),
        (NeverOn, {FLOWS, STAYS_OFF, STAYS_ON, IDLE_ON}),
    ],
)
def test_a_supply_that_lies_is_caught(lie: type[Lying], caught: set[str]) -> None:
    assert found(SupplySuite, SUPPLY, lie) == caught


class NeverWarns(Lying):
    async def read(self) -> InsulationReading:
        return replace(await self.true.read(), warning=False)


class AlwaysValid(Lying):
    async def read(self) -> InsulationReading:
        return replace(await self.true.read(), valid=True)


class KiloOhm(Lying):
    async def read(self) -> InsulationReading:
        seen = await self.true.read()
        return replace(seen, r_iso_ohm=seen.r_iso_ohm / 1000)


class OldReading(Lying):
    """Says the last one again, and makes one up where it has none."""

    async def read(self) -> InsulationReading:
        return InsulationReading(t_ns=0, r_iso_ohm=3.2e6, fault=False, warning=False, valid=True)


READS, IDLE = "it_reads_and_tells_fault_and_warning", "one_that_does_not_measure_is_not_believed"
STAMP, FAILED = "a_reading_is_stamped_when_it_was_taken", "one_that_has_failed_is_told"
ORDER, MADE_UP = "readings_come_in_the_order_of_time", "no_reading_is_made_up"


@pytest.mark.parametrize(
    ("lie", "caught"),
    [
        (NeverWarns, {READS}),
        (AlwaysValid, {IDLE, FAILED}),
        (KiloOhm, {READS}),
        (OldReading, {READS, IDLE, ORDER, MADE_UP, STAMP, FAILED}),
    ],
)
def test_an_insulation_monitor_that_lies_is_caught(lie: type[Lying], caught: set[str]) -> None:
    assert found(MonitorSuite, monitor, lie) == caught


class WithoutSign(Lying):
    async def read(self) -> CurrentReading:
        seen = await self.true.read()
        return replace(seen, current_a=abs(seen.current_a))


class KeepsItsPeriod(Lying):
    async def set_period(self, _: int) -> None: ...


class Zero(Lying):
    async def read(self) -> CurrentReading:
        return CurrentReading(t_ns=self.clock.now_ns(), current_a=0.0, valid=True)


SIGNS = "it_reads_both_signs_and_changes_its_period"
PERIOD, BELIEVED = "a_period_that_it_does_not_take_is_told", "one_that_has_failed_is_not_believed"


@pytest.mark.parametrize(
    ("lie", "caught"),
    [
        (WithoutSign, {SIGNS}),
        (KeepsItsPeriod, {SIGNS, PERIOD, NOBODY}),
        (Zero, {SIGNS, MADE_UP, STAMP, BELIEVED, ORDER}),
    ],
)
def test_a_current_sensor_that_lies_is_caught(lie: type[Lying], caught: set[str]) -> None:
    assert found(SensorSuite, sensor, lie) == caught


def test_only_who_asks_for_the_suites_waits_for_pytest() -> None:
    files = sorted((ROOT / "bench").rglob("*.py"))
    asking = {
        file.relative_to(ROOT / "bench").parts[0] for file in files if "import pytest\n" in file.read_text()
    }
    assert asking == {"testing", "pytest_plugin.py"}
