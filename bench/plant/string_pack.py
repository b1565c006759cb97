"""The pack as it is sold: strings side by side behind contactors of their own, groups of cells in parallel in each."""

import random

import numpy as np

from bench.plant.cells import MAX_STEP_S, Cells
from bench.plant.chemistry import Chemistry, FloatArray
from bench.plant.contactors import Contactors
from bench.plant.fuse import Fuse
from bench.plant.isolation import Isolation
from bench.plant.link import EMPTY_LINK_V, PrechargePath
from bench.plant.mesh import Mesh
from bench.plant.meshed_cells import MeshedCells
from bench.plant.pack import FUSE_PER_LIMIT, Load, Pack
from bench.plant.pack_string import PackString
from bench.plant.sensing import SENSOR_TAU_S, Thermistors, VoltageTaps
from bench.plant.soiling import Soiling
from bench.plant.spread import Ageing, Spread
from bench.plant.thermal import COOLANT_K_W
from bench.units import NS_PER_S

_LEVELS_S = 7200.0  # cells of a group level out within some times R C of their charge: minutes
COMMANDS = 3  # plus, minus, precharge of each string


class StringPack(Pack):
    """`strings` of `cells` groups each, `parallel` cells to a group. What is of one string is in `of`, 0-based.

    A group is what a BMS calls a cell: it has one voltage and one wire to the front end. `cell_voltage_v`, `soc` and
    `temp_c` are those of the groups, string by string; `cells` holds every single cell, the first of each group first:
    what is written at a group's number there befalls that one cell alone.
    `contactors`, `precharge`, `fuse` and `isolation` of the pack itself are those of the first string.
    """

    def __init__(
        self,
        chemistry: Chemistry,
        *,
        rng: random.Random,
        strings: int = 1,
        parallel: int = 1,
        cells: int = 96,
        sensors: int = 24,
        soc: float = 0.5,
        temp_c: float = 25.0,
        spread: Spread | None = None,
        ageing: Ageing | None = None,
        hysteresis: bool | None = None,
        sensor_tau_s: float = SENSOR_TAU_S.value,
    ) -> None:
        if strings < 1 or parallel < 1:
            raise ValueError(f"{strings} strings of {parallel} cells in parallel; expected 1 or more of each")
        self._shape = (strings, cells, parallel)
        super().__init__(
            chemistry,
            rng=rng,
            cells=cells,
            sensors=sensors,
            soc=soc,
            temp_c=temp_c,
            spread=spread,
            ageing=ageing,
            hysteresis=hysteresis,
            sensor_tau_s=sensor_tau_s,
        )
        self.taps = VoltageTaps(np.zeros(strings * cells))
        self.taps.busbar_ohm /= parallel  # each cell has welds and a part of the busbar of its own
        self.mesh = Mesh(
            self._meshed,
            strings=strings,
            series=cells,
            parallel=parallel,
            taps=self.taps,
        )
        rated_a = FUSE_PER_LIMIT * chemistry.i_max_discharge_a * parallel
        self.fuse = Fuse(rated_a=rated_a)
        first = self.of[0]
        first.fuse = self.fuse
        others = [
            PackString(
                contactors=Contactors(rng),
                precharge=PrechargePath(),
                fuse=Fuse(rated_a=rated_a),
                isolation=Isolation(),
            )
            for _ in range(strings - 1)
        ]
        self.of = (first, *others)
        self._closed = [False] * strings
        starts = np.arange(strings) * cells
        at = (starts[:, None] + self.sensor_cells).reshape(-1)
        self.sensors = Thermistors(at, self.cells.temp_c, self.ambient_c, self.sensors.tau_s)
        self.soiling = Soiling(self.cells, strings=strings, series=cells)
        self._take_voltages()

    def _build(
        self,
        cells: int,
        soc: float,
        temp_c: float,
        rng: random.Random,
        ageing: Ageing | None,
        hysteresis: bool | None,
    ) -> Cells:
        strings, _, parallel = self._shape
        self._meshed = MeshedCells(
            self.chemistry,
            strings=strings,
            series=cells,
            parallel=parallel,
            soc=soc,
            temp_c=temp_c,
            rng=rng,
            spread=self._spread,
            ageing=ageing,
            coolant_k_w=COOLANT_K_W,
            hysteresis=hysteresis,
        )
        return self._meshed

    @property
    def joint_ohm(self) -> FloatArray:
        return np.tile(self.taps.busbar_ohm * self.mesh.parallel, self.mesh.parallel)

    @property
    def soc(self) -> FloatArray:
        return self.mesh.soc()

    @property
    def temp_c(self) -> FloatArray:
        return self.mesh.hottest_c()

    @property
    def full_ah(self) -> float:
        return self.chemistry.capacity_ah * self.mesh.strings * self.mesh.parallel

    @property
    def series(self) -> int:
        return self.mesh.series

    @property
    def soh(self) -> FloatArray:
        share: FloatArray = self.mesh.capacity_ah() / (self.chemistry.capacity_ah * self.mesh.parallel)
        return share

    @property
    def calm(self) -> bool:
        """Nothing moves: every string's contactors have settled, and none has closed in the last step."""
        if self._short_siemens > 0.0 or not all(one.contactors.settled for one in self.of):
            return False
        if self.pyro.fired or not any(one.closed for one in self.of):
            feeding = not self.pyro.fired and any(one.contactors.precharge_path for one in self.of)
            return not feeding and self.link.voltage_v < EMPTY_LINK_V
        return self._closed == [one.closed for one in self.of]

    def cell_slope_ohm(self, current_a: float) -> float:
        beside = self.mesh.strings * self.mesh.parallel
        return float(self.cells.slope_ohm(current_a / beside).max()) / beside

    def at_once(self, current_a: float) -> FloatArray:
        volt = self.cells.voltage_at(current_a / (self.mesh.strings * self.mesh.parallel))
        groups: FloatArray = volt.reshape(self.mesh.open.shape).mean(axis=0)
        return groups

    def stand(self, duration_s: float) -> None:
        """Cells of a group come to one voltage meanwhile, which single cells standing alone would not."""
        self._apart(min(duration_s, _LEVELS_S))
        if duration_s > _LEVELS_S:
            self.cells.stand(duration_s - _LEVELS_S)
        self.sensors.settle(self.cells.temp_c, self.ambient_c)
        self._look()

    def _apart(self, duration_s: float) -> None:
        """Stepped with all strings apart from each other and from the link."""
        left_s, nothing = duration_s, [0.0] * self.mesh.strings
        while left_s > 0.0:
            dt_s = min(MAX_STEP_S, left_s)
            self.mesh.carry([False] * self.mesh.strings, 0.0, 0.0, nothing)
            self.cells.step(dt_s, self.mesh.cell_a.reshape(-1))
            self.mesh.look()
            left_s -= dt_s

    def set_command(self, plus: bool, minus: bool, precharge: bool, *others: bool) -> None:
        """Plus, minus and precharge of the first string, then those of the next."""
        told = (plus, minus, precharge, *others)
        for number, one in enumerate(self.of):
            plus, minus, precharge = told[COMMANDS * number : COMMANDS * (number + 1)] or (False,) * COMMANDS
            one.contactors.plus.command = plus
            one.contactors.minus.command = minus
            one.contactors.precharge.command = precharge

    def set_cell_soc(self, cell: int, soc: float) -> None:
        """Set all cells of a group (from 0), which can only be charged together from outside."""
        for branch in range(self.mesh.parallel):
            self.cells.set_soc(branch * self.mesh.groups + cell, soc)
        self._look()

    def set_cell_temp(self, cell: int, temp_c: float) -> None:
        for branch in range(self.mesh.parallel):
            self.cells.set_temp(branch * self.mesh.groups + cell, temp_c)
        self.sensors.settle(self.cells.temp_c, self.ambient_c)

    def polarise(self, current_a: float) -> None:
        self.cells.polarise(current_a / (self.mesh.strings * self.mesh.parallel))
        self.sensors.settle(self.cells.temp_c, self.ambient_c)
        self._look()

    def disconnect(self, cell: int, branch: int = 0) -> None:
        """Cell `branch` of group `cell` (both 0-based) is joined to its group no more."""
        self.mesh.disconnect(branch, cell)
        self._take_voltages()

    def reconnect(self, cell: int, branch: int = 0) -> None:
        self.mesh.reconnect(branch, cell)
        self._take_voltages()

    def step(self, dt_s: float, load: Load) -> None:
        if not 0.0 < dt_s <= MAX_STEP_S:
            raise ValueError(f"step of {dt_s} s; expected more than 0 and at most {MAX_STEP_S} s")
        dt_ns = round(dt_s * NS_PER_S)
        dead = self.pyro.fired
        for one in self.of:
            one.contactors.advance(dt_ns, one.current_a)
        closed = [one.closed and not dead for one in self.of]
        if closed != self._closed:
            self._meet(closed)
        fed_a = [0.0] * len(closed) if all(closed) else self._precharge(dt_s, closed)
        taken_a = load.current_a - load.charge_current_a
        meeting = self.mesh.carry(closed, taken_a, self._short_siemens, fed_a)
        self.cells.step(dt_s, self.mesh.cell_a.reshape(-1))
        self.mesh.look()
        if any(meeting):
            self.link.follow(self.mesh.bus_v(meeting))
        elif not any(fed_a):
            self.link.leave(dt_s, taken_a, self._short_siemens)
        self._take_currents(closed)
        self._take_voltages()
        for one in self.of:
            one.fuse.advance(dt_s, one.current_a)
        self._leak_to_chassis(dt_s)
        self.sensors.advance(dt_s, self.cells.temp_c, self.ambient_c)

    def _meet(self, closed: list[bool]) -> None:
        """A string whose mains have just closed meets a link that no other string holds: its inrush can weld it."""
        if any(was and shut for was, shut in zip(self._closed, closed)):
            return
        first = closed.index(True) if True in closed else None
        if first is not None and self.mesh.conducts()[first]:
            one = self.of[first]
            self._make(one, self.mesh.onto(first, self.link.voltage_v))
            self.link.voltage_v = one.voltage_v
            self._closed[first] = True

    def _take_currents(self, closed: list[bool]) -> None:
        """What flows from string to string is there as soon as the second has closed, and passes its contacts."""
        for one, current_a in zip(self.of, self.mesh.string_a):
            one.current_a = current_a
        if closed != self._closed:
            for one, shut, was in zip(self.of, closed, self._closed):
                if shut and not was:
                    self._make(one, one.current_a)
        self._closed = closed
        self.pack_current_a = sum(self.mesh.string_a)

    def _make(self, one: PackString, current_a: float) -> None:
        one.met_a = self.inrush_a = current_a
        one.contactors.make(current_a)

    def _precharge(self, dt_s: float, closed: list[bool]) -> list[float]:
        """What each string gives through its precharge resistor."""
        fed_a = [0.0] * len(closed)
        for number, one in enumerate(self.of):
            path = one.contactors.precharge_path and not (one.fuse.blown or self.pyro.fired)
            if closed[number] or not path or not self.mesh.conducts()[number]:
                continue
            if not any(closed):
                fed_a[number] = self.link.precharge(dt_s, one.voltage_v, one.precharge, self._short_siemens)
            elif not one.precharge.resistor_open:
                fed_a[number] = (one.voltage_v - self.link.voltage_v) / one.precharge.resistor_ohm
        return fed_a

    def _look(self) -> None:
        self.mesh.look()
        self._take_voltages()

    def string_current_a(self, string: int) -> float:
        return self.of[string].current_a

    def string_voltage_v(self, string: int) -> float:
        return self.of[string].voltage_v

    def insulation_ohm(self, string: int, pole: str) -> float:
        """With the string's mains closed, of all strings that are joined so."""
        joined = [one for one in self.of if one.closed] if self.of[string].closed else [self.of[string]]
        poles = [float(getattr(one.isolation, f"seen_{pole}_ohm")) for one in joined]
        return 0.0 if min(poles) <= 0.0 else 1.0 / sum(1.0 / ohm for ohm in poles)

    def _take_voltages(self) -> None:
        """The voltages of strings and pack, from their groups."""
        for one, volt in zip(self.of, self.mesh.string_v):
            one.voltage_v = volt
        self.pack_voltage_v = self.mesh.string_v[0]
