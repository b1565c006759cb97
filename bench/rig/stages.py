"""What becomes of the plant's cells: the signature of a runaway, venting, runaway, dry-out, each marked once a cell.

The plant's own truth, which no sensor and no DUT stands before.
"""

import numpy as np

from bench.plant.chemistry import FloatArray
from bench.plant.pack import Pack
from bench.plant.runaway import BoolArray
from bench.trace.events import PlantStage
from bench.trace.facts import StageReached
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S

LOOK_NS = 500 * NS_PER_MS

# GB 38031-2025 C.5.3.7: (a) voltage down by more than a quarter or (b) at the highest working temperature,
# and (c) 1 degC/s for more than 3 s.
_DROP = 0.25
_RISE_K_S = 1.0
_RISES_NS = 3 * NS_PER_S


class CellStages:
    """`look` at a plant that is in the present, once every LOOK_NS. `reached`: (stage, cell from 1) so far."""

    def __init__(self, pack: Pack, trace: Trace, now_ns: int) -> None:
        self._pack = pack
        self._trace = trace
        self._looked_ns = now_ns
        self._before_c: FloatArray = pack.temp_c.copy()
        self._started_v: FloatArray = pack.cell_voltage_v.copy()
        self._began: dict[int, tuple[int, int]] = {}  # cell index to (last look without, first look with)
        self.reached: set[tuple[PlantStage, int]] = set()

    def look(self, now_ns: int) -> None:
        """Mark what has come since the last look; each mark says between which instants."""
        span_ns = now_ns - self._looked_ns
        if span_ns <= 0:
            return
        self._look_for_signature(now_ns, span_ns)
        cells, since = self._pack.cells, (self._looked_ns, now_ns)
        self._note(PlantStage.VENTING, cells.beyond.vented, now_ns, since)
        if cells.runaway is not None:
            self._note(PlantStage.RUNAWAY, cells.runaway.runaway, now_ns, since)
        if cells.aqueous is not None:
            self._note(PlantStage.DRY_OUT, cells.aqueous.dry, now_ns, since)
        self._looked_ns = now_ns
        self._before_c = self._pack.temp_c.copy()

    def _look_for_signature(self, now_ns: int, span_ns: int) -> None:
        pack = self._pack
        rising = pack.temp_c - self._before_c >= _RISE_K_S * span_ns / NS_PER_S
        hot = pack.temp_c >= pack.chemistry.t_op_max_c
        dropped = pack.cell_voltage_v < (1.0 - _DROP) * self._started_v
        present = set(np.flatnonzero(rising & (hot | dropped)).tolist())
        self._began = {index: self._began.get(index, (self._looked_ns, now_ns)) for index in sorted(present)}
        for index, (low_ns, high_ns) in self._began.items():
            if now_ns - low_ns > _RISES_NS:
                self._mark(PlantStage.SIGNATURE, index, now_ns, (low_ns, high_ns))

    def _note(self, stage: PlantStage, there: BoolArray, now_ns: int, between: tuple[int, int]) -> None:
        groups = self._pack.cell_voltage_v.size  # of each the first cell comes first, then of each the second
        for index in np.flatnonzero(there).tolist():
            self._mark(stage, index % groups, now_ns, between)

    def _mark(self, stage: PlantStage, index: int, now_ns: int, between: tuple[int, int]) -> None:
        if (stage, index + 1) in self.reached:
            return
        self.reached.add((stage, index + 1))
        pack = self._pack
        self._trace.mark(
            now_ns,
            StageReached(
                stage=stage,
                cell=index + 1,
                low_ns=between[0],
                high_ns=between[1],
                temp_c=round(float(pack.temp_c[index]), 2),
                voltage_v=round(float(pack.cell_voltage_v[index]), 4),
            ),
            "plant",
        )
