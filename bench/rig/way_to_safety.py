"""The way to the safe state: every step of it, whatever became of those before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bench.dut.ports import Dut
from bench.links.ports import CanLink
from bench.restbus.cyclic import CyclicMessage
from bench.rig.cell_outputs import CellOutputs
from bench.rig.hardware import Hardware
from bench.rig.live_faults import LiveFaults
from bench.rig.off_witness import LIVE_FOR_NS, seen_off
from bench.rig.outputs_off import outputs_off
from bench.rig.providers.rig_timers import RigTimers
from bench.rig.steps import Steps
from bench.rig.vehicle import VehicleSide
from bench.timing.clock import Clock
from bench.trace.facts import SafeStateMissed, SafeStateReached
from bench.trace.timeline import Trace
from bench.units import NS_PER_S

STOPPED_WITHIN_NS = (
    60 * NS_PER_S
)  # for the DUT and for the hardware: power-off commands have time-outs of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class WayToSafety:
    """Safe state: no load, no charge, no mode request, outputs off with readback, DUT and hardware stopped."""

    clock: Clock
    trace: Trace
    vehicle: VehicleSide
    outputs: CellOutputs
    hardware: Hardware
    faults: LiveFaults
    timers: RigTimers
    restbus: Sequence[CyclicMessage]
    dut: Dut
    links: Mapping[str, CanLink]

    async def walk(self) -> None:
        """To the end, and mark whether the safe state is reached. Never raises; each step has its own patience."""
        self.vehicle.rest()
        steps, hardware = Steps(), self.hardware
        await outputs_off(steps, self.outputs.emulator, self.faults, hardware.patience_ns)
        if hardware.off_witness is not None:
            steps.do("", hardware.off_witness.begin)
        if hardware.others_off is not None:  # before the DUT's stop, which may take a minute
            await steps.walk("", hardware.others_off, hardware.others_within_ns)
        if hardware.safety is not None:
            steps.do("", partial(hardware.safety.outputs_are_off, confirmed=not steps.problems))
        seen_by = await self._seen_off(steps)
        self.outputs.overrides_v.clear()
        self._stop_sending(steps)
        await steps.walk("the DUT's stop", self.dut.stop, STOPPED_WITHIN_NS)
        await steps.walk("the hardware's stop", hardware.stop, STOPPED_WITHIN_NS)
        for channel, link in self.links.items():
            steps.do(f"'{channel}' cannot be closed", link.close)
        hardware.rest(steps)
        self._tell(steps, seen_by)

    async def _seen_off(self, steps: Steps) -> str | None:
        """Who else sees it. What is not off by the emulator's own word needs no second one."""
        witness, found = self.hardware.off_witness, list[str]()
        if witness is None or steps.problems:
            return None

        async def ask() -> None:
            found.append(await seen_off(witness, self.clock))

        await steps.walk("the cells' second witness", ask, witness.within_ns + 2 * LIVE_FOR_NS)
        return next(iter(found), None)

    def _stop_sending(self, steps: Steps) -> None:
        for timer in self.timers.running:
            steps.do("a timer of the rig", timer.cancel)
        for message in self.restbus:
            steps.do(f"{message.message.name} goes on being sent", message.stop)

    def _tell(self, steps: Steps, seen_by: str | None) -> None:
        now_ns = self.clock.now_ns()
        if steps.problems:
            self.trace.mark(now_ns, SafeStateMissed(problem="; ".join(steps.problems)), "rig")
        else:
            self.trace.mark(now_ns, SafeStateReached(readback=True, seen_by=seen_by), "rig")
