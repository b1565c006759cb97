"""The rig: one shot's bench as a bundle, its closed loop plant ⇄ instruments, and its orderly way to the safe state."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.codec.database import Database
from bench.dut.ports import Dut
from bench.dut.uds import UdsTester
from bench.errors import LinkError
from bench.links.ports import CanLink
from bench.restbus.cyclic import CyclicMessage
from bench.rig.capabilities.provided import Provided
from bench.rig.cell_outputs import BeforeRound, CellOutputs
from bench.rig.hardware import Hardware
from bench.rig.live_faults import LiveFaults
from bench.rig.phases import Phases, start_restbus
from bench.rig.plant_loop import PlantLoop
from bench.rig.plant_truth import PlantTruth
from bench.rig.providers.rig_timers import RigTimers
from bench.rig.vehicle import PLANT_PERIOD_NS
from bench.rig.view import TraceView
from bench.rig.way_to_safety import WayToSafety
from bench.timing.clock import Clock, Phase
from bench.trace.facts import DutStarted
from bench.trace.timeline import Trace


@dataclass(slots=True, kw_only=True)
class Rig:
    """What one shot needs, built by wiring. `provided`: what this rig can do to a DUT, and by whom.

    timers: what recurs on this rig. identify, tester: the DUT's identity, and its diagnosis where it has one.
    """

    clock: Clock
    trace: Trace
    view: TraceView
    links: Mapping[str, CanLink]
    databases: Mapping[str, Database]
    dut: Dut
    plant: PlantLoop
    outputs: CellOutputs
    hardware: Hardware
    restbus: Sequence[CyclicMessage]
    phases: Phases
    provided: Provided
    timers: RigTimers
    identify: Callable[[], Awaitable[None]]
    tester: UdsTester | None
    faults: LiveFaults = field(init=False)
    truth: PlantTruth = field(init=False)
    _boot_at_ns: int = 0

    def __post_init__(self) -> None:
        settle = self.plant.settle
        self.faults = LiveFaults(self.clock, self.trace, before=settle)
        self.truth = PlantTruth(clock=self.clock, trace=self.trace, pack=self.plant.pack, settle=settle)

    async def energise(self) -> None:
        """Bring the hardware up, with the cell outputs proven to be at the plant's voltages.

        Only then may the DUT start: a first sweep taken in the ramp would be what it believes its cells have had.
        """
        self.hardware.watch_over(self.clock)
        await self.hardware.start()
        await self.outputs.switch_on()
        now_ns = self.clock.now_ns()
        self.timers.every("plant", PLANT_PERIOD_NS, Phase.PLANT, self.plant.step, first_ns=now_ns)
        self._boot_at_ns = start_restbus(self.phases, self.restbus, self.clock, self.trace)

    async def boot(self) -> None:
        """Start the DUT at its place in the cycles of what it hears. Somebody has to feed the dead-man meanwhile."""
        await self.clock.sleep_until(self._boot_at_ns)
        await self.dut.start()
        self.trace.mark(self.clock.now_ns(), DutStarted(), "rig")

    async def follow_plant(self) -> None:
        """Keep the cell outputs at the plant's voltages, and faults no longer than they may live, until cancelled."""
        expiring = BeforeRound(self.faults.any_outlived, self.faults.expire)
        await self.outputs.follow(before=expiring, after=self._refuse_trouble)

    def _refuse_trouble(self) -> None:
        if (trouble := self.hardware.trouble()) is not None:
            raise LinkError(trouble)

    async def safe(self) -> None:
        """Drive every output to the safe state and record that it is there. Never raises: it is the last thing done."""
        await WayToSafety(
            clock=self.clock,
            trace=self.trace,
            vehicle=self.plant.vehicle,
            outputs=self.outputs,
            hardware=self.hardware,
            faults=self.faults,
            timers=self.timers,
            restbus=self.restbus,
            dut=self.dut,
            links=self.links,
        ).walk()
