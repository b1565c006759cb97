"""What the plant knows of itself, marked in the trace: no sensor and no DUT stands before it."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.plant.pack import Pack
from bench.plant.power_limits import power_limits
from bench.rig.stages import CellStages
from bench.timing.clock import Clock
from bench.trace.events import PlantStage
from bench.trace.facts import PlantState, TimeLapsed, Truth
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.units import NS_PER_S


@dataclass(slots=True, kw_only=True)
class PlantTruth:
    """`settle` brings the plant to the present."""

    clock: Clock
    trace: Trace
    pack: Pack
    settle: Callable[[], None]
    tells_limits: bool = False  # with its TRUTH marks
    _stages: CellStages | None = None
    _lapsed_ns: int = 0

    def look_at_stages(self) -> None:
        """Mark what has become of the cells since the first call."""
        self.settle()
        now_ns = self.clock.now_ns()
        if self._stages is None:
            self._stages = CellStages(self.pack, self.trace, now_ns)
        self._stages.look(now_ns)

    @property
    def stages_reached(self) -> set[tuple[PlantStage, int]]:
        """(stage, cell from 1) as far as was looked."""
        return set() if self._stages is None else self._stages.reached

    def tell_state(self) -> Mark[PlantState]:
        """Mark what a protection test is ended by. Nominal: the cells' open-circuit voltage at half their charge."""
        self.look_at_stages()
        pack = self.pack
        state = PlantState(
            closed=pack.contactors.main_path and pack.path_whole,
            current_a=round(pack.pack_current_a, 3),
            hottest_c=round(float(pack.temp_c.max()), 3),
            pack_v=round(pack.pack_voltage_v, 3),
            nominal_v=round(pack.chemistry.ocv_v(0.5) * pack.series, 3),
            iso_ohm_per_v=round(min(1e9, pack.isolation.ohm_per_volt(pack.pack_voltage_v)), 1),
            ac_circuit=pack.isolation.ac_circuit,
        )
        return self.trace.mark(self.clock.now_ns(), state, "plant")

    def tell_truth(self) -> None:
        """Mark what the plant knows and the DUT estimates: shares of 1, of the mean cell and of the extremes."""
        self.settle()
        soc, soh = self.pack.soc, self.pack.soh
        limits = power_limits(self.pack) if self.tells_limits else None
        truth = Truth(
            soc=float(soc.mean()),
            soc_low=float(soc.min()),
            soc_high=float(soc.max()),
            soh=float(soh.mean()),
            current_a=self.pack.pack_current_a,
            lapsed_ns=self._lapsed_ns or None,
            charge_limit_a=None if limits is None else limits.charge_a,
            discharge_limit_a=None if limits is None else limits.discharge_a,
        )
        self.trace.mark(self.clock.now_ns(), truth, "plant")

    def let_days_pass(self, duration_ns: int) -> None:
        """The pack rests for this long between two instants of the rig's clock. Only where all of the bench is
        simulated.
        """
        self.settle()
        self.pack.stand(duration_ns / NS_PER_S)
        self._lapsed_ns += duration_ns
        words = (
            f"the pack stood for {duration_ns / NS_PER_S / 3600:g} h, of which the DUT was not awake for any"
        )
        self.trace.mark(self.clock.now_ns(), TimeLapsed(lapsed_ns=duration_ns, note=words), "plant")
