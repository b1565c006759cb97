"""Loads that change by themselves: a trace followed sample by sample, and a charge to a constant voltage."""

from collections.abc import Callable

from bench.dut.ports import ended
from bench.errors import BenchError
from bench.rig.rig import Rig
from bench.rig.vehicle import PLANT_PERIOD_NS
from bench.scenario.model import ConstantVoltage, Follow
from bench.trace.facts import StimulusCommanded, StimulusConfirmed
from bench.units import NS_PER_MS, NS_PER_S, format_ns

CONTROL_NS = 500 * NS_PER_MS  # how often the charger corrects its current while it holds a voltage
_READ_BACK_SHARE = 0.02


async def follow(rig: Rig, step: Follow, charging: bool, over: Callable[[], bool] = bool) -> None:
    """Each sample holds from its own time to the next one's, counted from the step's start: lateness does not add up.

    over: asked after each sample, whether there is nothing left to load: the test has come to its end.

    charging: negative currents are the charger's, which obeys the DUT's limit; else the vehicle recuperates, and does.
    """
    clock, trace = rig.clock, step.trace
    start_ns = clock.now_ns()
    commanded = StimulusCommanded(
        fault=f"{step.name}: {len(trace.current_a)} samples over {format_ns(trace.lasts_ns)}",
        note=step.note,
        step=step.step,
    )
    rig.trace.mark(start_ns, commanded, "engine")
    asked_as = carried_as = 0.0
    for k, wanted_a in enumerate(trace.current_a):
        current_a = _allowed(rig, wanted_a)
        _set(rig, current_a, charging)
        if trace.speed_kmh:
            rig.plant.vehicle.speed_kmh = trace.speed_kmh[k]
        next_ns = start_ns + trace.times_ns[k + 1]
        await clock.sleep_until(next_ns)
        if not rig.dut.alive():
            raise ended(rig.dut)
        span_s = (trace.times_ns[k + 1] - trace.times_ns[k]) / NS_PER_S
        asked_as += abs(current_a) * span_s
        carried_as += abs(rig.plant.pack.pack_current_a) * span_s
        if over():
            break
    confirmed = StimulusConfirmed(
        readback=abs(carried_as - asked_as) <= _READ_BACK_SHARE * max(1.0, asked_as),
        value=f"{carried_as / 3600:.3f} Ah of {asked_as / 3600:.3f} Ah moved",
        step=step.step,
        low_ns=start_ns,
        high_ns=clock.now_ns(),
    )
    rig.trace.mark(clock.now_ns(), confirmed, "engine")
    _set(rig, 0.0, charging)
    rig.plant.vehicle.speed_kmh = None


def _allowed(rig: Rig, current_a: float) -> float:
    """What the DUT lets the pack be charged with, where it says so: recuperation heeds it as a charger does."""
    limit_a = rig.plant.charge_limit_a()
    return current_a if limit_a is None else max(current_a, -limit_a)


def _set(rig: Rig, current_a: float, charging: bool) -> None:
    rig.plant.vehicle.charge_a = max(0.0, -current_a) if charging else 0.0
    rig.plant.vehicle.load_a = max(0.0, current_a) if charging else current_a


async def hold_voltage(rig: Rig, step: ConstantVoltage) -> None:
    """Constant current, then constant voltage of the fullest cell, until the current has fallen below the cut-off."""
    clock, target_v = rig.clock, step.voltage_v
    if target_v is None:
        raise BenchError("cc_cv without a voltage: the scenario was not resolved")
    start_ns = clock.now_ns()
    commanded = StimulusCommanded(fault=f"cc_cv: {step.current_a:g} A to {target_v:.3f} V", step=step.step)
    rig.trace.mark(start_ns, commanded, "engine")
    current_a = step.current_a
    rig.plant.vehicle.charge_a = current_a
    await clock.sleep_until(start_ns + 2 * PLANT_PERIOD_NS)
    flowed_a = -rig.plant.pack.pack_current_a
    end_ns = start_ns + step.at_most_ns
    while clock.now_ns() < end_ns and current_a > step.cutoff_a:
        await clock.sleep_until(min(end_ns, clock.now_ns() + CONTROL_NS))
        rig.plant.settle()
        pack = rig.plant.pack
        room_v = target_v - float(pack.cell_voltage_v.max())
        # A quarter of the step that would meet the voltage at once: the RC pairs answer later, and it must not swing.
        current_a += 0.25 * room_v / pack.cell_slope_ohm(-current_a)
        current_a = min(step.current_a, max(0.0, current_a))
        rig.plant.vehicle.charge_a = current_a
    rig.plant.vehicle.charge_a = 0.0
    fullest_v = float(rig.plant.pack.cell_voltage_v.max())
    confirmed = StimulusConfirmed(
        readback=flowed_a > 0.0,
        value=f"{flowed_a:.1f} A at first, {current_a:.2f} A at last, "
        f"fullest cell {fullest_v:.4f} V after {format_ns(clock.now_ns() - start_ns)}",
        reached=current_a <= step.cutoff_a,
        step=step.step,
        low_ns=start_ns,
        high_ns=clock.now_ns(),
    )
    rig.trace.mark(clock.now_ns(), confirmed, "engine")
