"""The pack as its BMS meets it: cells in series, contactors, fuse, the DC link behind them, insulation."""

import math
import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.plant.cells import MAX_STEP_S, Cells
from bench.plant.chemistry import Chemistry, FloatArray
from bench.plant.contactors import Contactors
from bench.plant.fuse import Fuse
from bench.plant.isolation import Isolation
from bench.plant.link import EMPTY_LINK_V, TRIPS_AT_SHARE, DcLink, PrechargePath, siemens_of
from bench.plant.pack_string import PackString
from bench.plant.protection import Pyro
from bench.plant.sensing import BUSBAR_OHM, SENSOR_TAU_S, Thermistors, VoltageTaps
from bench.plant.soiling import Soiling
from bench.plant.spread import Ageing, Spread
from bench.plant.thermal import COOLANT_K_W
from bench.units import NS_PER_S

INTERCONNECT_OHM = BUSBAR_OHM.value  # per cell
_NEWTON_STEPS, _NEWTON_CLOSE_A = 30, 0.1  # the curve bends one way only: Newton never oversteps
FUSE_PER_LIMIT = 2.0  # the fuse carries twice the largest current that the chemistry allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """On the link, in A: what the drive takes (negative: recuperates) and what the charger gives."""

    current_a: float = 0.0
    charge_current_a: float = 0.0


class Pack:
    """96 cells by default. Arrays are live (changed in place); numbers are those at the end of the last step.

    Drive and charger start only on a link that both mains feed. When the mains open, they work on with the charge of
    the link.
    Places where a fault acts: `cells` (see there), `ambient_c`, `coolant_c`, `cooling` (1 as designed, 0 lost),
    `contactors`.
    `external_short_ohm`: across the pack's terminals, outside the contactors and the fuse; inf: none.
    Further ones: `precharge.resistor_open`, `link.short_ohm`, `isolation`, `soiling`, `fuse_blown`, `pyro_works`,
    `fire_pyro()`.
    """

    def __init__(
        self,
        chemistry: Chemistry,
        *,
        rng: random.Random,
        cells: int = 96,
        sensors: int = 24,
        soc: float = 0.5,
        temp_c: float = 25.0,
        spread: Spread | None = None,
        ageing: Ageing | None = None,
        hysteresis: bool | None = None,
        sensor_tau_s: float = SENSOR_TAU_S.value,
    ) -> None:
        if not 1 <= sensors <= cells:
            raise ValueError(f"{sensors} temperature sensors; expected 1..{cells}")
        self.chemistry = chemistry
        self._spread = spread if spread is not None else Spread()
        self.cells = self._build(cells, soc, temp_c, rng, ageing, hysteresis)
        self.contactors = Contactors(rng)
        self.precharge = PrechargePath()
        self.link = DcLink(trips_at_v=TRIPS_AT_SHARE * cells * chemistry.v_op_max)
        self.isolation = Isolation()
        self.soiling = Soiling(self.cells)
        self.fuse = Fuse(rated_a=FUSE_PER_LIMIT * chemistry.i_max_discharge_a)
        self.pyro = Pyro()
        self.of: tuple[PackString, ...] = (
            PackString(
                contactors=self.contactors,
                precharge=self.precharge,
                fuse=self.fuse,
                isolation=self.isolation,
            ),
        )
        self.external_short_ohm = math.inf
        self.pack_current_a = 0.0
        self.inrush_a = 0.0  # at the last closing of the mains
        self.taps = VoltageTaps(self.cells.voltage_v)
        at = np.arange(sensors) * cells // sensors
        self.sensors = Thermistors(at, self.cells.temp_c, self.ambient_c, sensor_tau_s)
        self.pack_voltage_v = self.taps.read(self.cells.voltage_v, 0.0)
        self._was_closed = False

    def _build(
        self,
        cells: int,
        soc: float,
        temp_c: float,
        rng: random.Random,
        ageing: Ageing | None,
        hysteresis: bool | None,
    ) -> Cells:
        return Cells(
            self.chemistry,
            count=cells,
            soc=soc,
            temp_c=temp_c,
            rng=rng,
            spread=self._spread,
            ageing=ageing,
            coolant_k_w=COOLANT_K_W,
            hysteresis=hysteresis,
        )

    @property
    def cell_voltage_v(self) -> FloatArray:
        """As measured: with its busbar and welds."""
        return self.taps.volt_v

    @property
    def joint_ohm(self) -> FloatArray:
        """Busbar and welds of each cell, as far as its own current flows in them."""
        return self.taps.busbar_ohm

    @property
    def sensor_cells(self) -> npt.NDArray[np.intp]:
        """The cell (0-based) that each temperature sensor is on."""
        return self.sensors.at

    @property
    def sensor_temp_c(self) -> FloatArray:
        return self.sensors.temp_c

    @property
    def soc(self) -> FloatArray:
        return self.cells.soc

    def string_current_a(self, string: int) -> float:
        """The current of one string (from 0), > 0 discharges. This pack has only one."""
        return self.pack_current_a if string == 0 else 0.0

    def string_voltage_v(self, string: int) -> float:
        return self.pack_voltage_v if string == 0 else 0.0

    def insulation_ohm(self, string: int, pole: str) -> float:
        """What a monitor in this string (0-based) sees of "plus" or "minus"."""
        return float(getattr(self.of[string].isolation, f"seen_{pole}_ohm"))

    @property
    def full_ah(self) -> float:
        """Capacity as its chemistry's file has it."""
        return self.chemistry.capacity_ah

    @property
    def series(self) -> int:
        """Cells, or groups of them, in series."""
        return self.cells.count

    @property
    def soh(self) -> FloatArray:
        return self.cells.soh

    @property
    def temp_c(self) -> FloatArray:
        return self.cells.temp_c

    @property
    def link_voltage_v(self) -> float:
        return self.link.voltage_v

    @property
    def ambient_c(self) -> float:
        return self.cells.thermal.ambient_c

    @ambient_c.setter
    def ambient_c(self, temp_c: float) -> None:
        self.cells.thermal.ambient_c = temp_c

    @property
    def coolant_c(self) -> float:
        return self.cells.thermal.coolant_c

    @coolant_c.setter
    def coolant_c(self, temp_c: float) -> None:
        self.cells.thermal.coolant_c = temp_c

    @property
    def cooling(self) -> float:
        """1 as designed, 0 lost."""
        return self.cells.thermal.cooling

    @cooling.setter
    def cooling(self, share: float) -> None:
        self.cells.thermal.cooling = share

    @property
    def fuse_blown(self) -> bool:
        return self.fuse.blown

    @fuse_blown.setter
    def fuse_blown(self, blown: bool) -> None:
        self.fuse.blown = blown

    @property
    def pyro_fired(self) -> bool:
        return self.pyro.fired

    @property
    def pyro_works(self) -> bool:
        return self.pyro.works

    @pyro_works.setter
    def pyro_works(self, works: bool) -> None:
        self.pyro.works = works

    def fire_pyro(self) -> None:
        """Light the pyro's squib: the path opens permanently if the pyro works."""
        self.pyro.fire()

    @property
    def path_whole(self) -> bool:
        """Neither fuse nor pyro has opened the path; the contactors may still be open."""
        return not (self.fuse.blown or self.pyro.fired)

    @property
    def calm(self) -> bool:
        """Contactors settled, link fed or empty, no short: under the same load one long step equals many short ones."""
        contactors = self.contactors
        if self.external_short_ohm < math.inf or self.link.short_ohm < math.inf or not contactors.settled:
            return False
        if not self.path_whole:
            return self.link.voltage_v < EMPTY_LINK_V
        if contactors.main_path:
            return self._was_closed
        return not contactors.precharge_path and self.link.voltage_v < EMPTY_LINK_V

    def cell_slope_ohm(self, current_a: float) -> float:
        """The largest -dV/dI of a cell, as the pack is charged or discharged at this current."""
        return float(self.cells.slope_ohm(current_a).max())

    def at_once(self, current_a: float) -> FloatArray:
        """What each cell would show as soon as this current flowed, in V; changes nothing."""
        return self.cells.voltage_at(current_a)

    def set_command(self, plus: bool, minus: bool, precharge: bool, *others: bool) -> None:  # noqa: ARG002
        """Drive the coils; the contacts follow within the steps to come. `others`: of further strings."""
        self.contactors.plus.command = plus
        self.contactors.minus.command = minus
        self.contactors.precharge.command = precharge

    def set_cell_soc(self, cell: int, soc: float) -> None:
        """Make one cell (0-based) weaker or fuller than the rest; its voltage is there at once."""
        self.cells.set_soc(cell, soc)
        self.pack_voltage_v = self.taps.read(self.cells.voltage_v, self.pack_current_a)

    def polarise(self, current_a: float) -> None:
        """As if `current_a` (> 0 discharged) had flowed for five minutes until just now."""
        self.cells.polarise(current_a)
        self._settle_sensors()

    def stand(self, duration_s: float) -> None:
        """No current for this long (s): see `Cells.stand`."""
        self.cells.stand(duration_s)
        self._settle_sensors()

    def set_cell_temp(self, cell: int, temp_c: float) -> None:
        """Heat or cool one cell (0-based) to a temperature in degC; a sensor on it reads it at once."""
        self.cells.set_temp(cell, temp_c)
        self.sensors.settle(self.cells.temp_c, self.ambient_c)

    def step(self, dt_s: float, load: Load) -> None:
        """Advance by `dt_s` seconds under a constant load. Raises ValueError outside 0 < dt_s <= 1 s."""
        if not 0.0 < dt_s <= MAX_STEP_S:
            raise ValueError(f"step of {dt_s} s; expected more than 0 and at most {MAX_STEP_S} s")
        contactors = self.contactors
        contactors.advance(round(dt_s * NS_PER_S), self.pack_current_a)
        closed = contactors.main_path and self.path_whole
        precharging = not closed and contactors.precharge_path and self.path_whole
        if closed:
            if not self._was_closed:
                self._close_onto_link()
            current_a = 0.0
            if not self.cells.limit.breaks(self.cells.alive):
                current_a = self._loaded(load.current_a - load.charge_current_a)
        elif precharging:
            current_a = self.link.precharge(dt_s, self.pack_voltage_v, self.precharge, self._short_siemens)
        else:
            current_a = 0.0
        self._was_closed = closed
        self.cells.step(dt_s, current_a)
        self.fuse.advance(dt_s, current_a)
        self.pack_current_a = current_a
        self.pack_voltage_v = self.taps.read(self.cells.voltage_v, current_a)
        if closed:
            self.link.follow(self.pack_voltage_v)
        elif not precharging:
            self.link.leave(dt_s, load.current_a - load.charge_current_a, self._short_siemens)
        self._leak_to_chassis(dt_s)
        self.sensors.advance(dt_s, self.cells.temp_c, self.ambient_c)

    def _leak_to_chassis(self, dt_s: float) -> None:
        """What a monitor of each string sees: its own poles, the vehicle's through closed contacts, films of cells."""
        self.soiling.advance(dt_s)
        for string, one in enumerate(self.of):
            whole, contactors = not (one.fuse.blown or self.pyro.fired), one.contactors
            plus = contactors.plus.closed or contactors.precharge.closed
            one.isolation.join(whole and plus, whole and contactors.minus.closed)
            one.isolation.soil(*self.soiling.siemens[string])
            one.isolation.advance(dt_s, self.string_voltage_v(string))

    @property
    def _busbar_ohm(self) -> float:
        return float(self.taps.busbar_ohm.sum())

    @property
    def _short_siemens(self) -> float:
        """Conductance across the link: external short and link short together."""
        return siemens_of(self.external_short_ohm, self.link.short_ohm)

    def _loaded(self, current_a: float) -> float:
        """The current with a short on the link added: I = I_load + G (V(I) - R I), by Newton from 0."""
        siemens = self._short_siemens
        if siemens == 0.0:
            return current_a
        cells, busbar_ohm = self.cells, self._busbar_ohm
        total_a = 0.0
        for _ in range(30 if cells.limit.awake else 8):  # a limit bends the curve the other way
            residual = total_a - current_a
            residual -= siemens * (float(cells.voltage_at(total_a).sum()) - busbar_ohm * total_a)
            total_a -= residual / (1.0 + siemens * (float(cells.slope_ohm(total_a).sum()) + busbar_ohm))
        return max(total_a, min(current_a, 0.0)) if cells.limit.awake else total_a

    def _close_onto_link(self) -> None:
        """The mains meet a link that may not be charged: its capacitor takes an inrush, which can weld the contact."""
        self.inrush_a = self._inrush(self.link.voltage_v)
        self.contactors.make(self.inrush_a)

    def _inrush(self, link_v: float) -> float:
        """The current at which cells and busbars drop to the link's voltage: V(I) - R I = V_link, by Newton from 0.

        Charge transfer bends the cells' curve: at 0 A its slope is several times that at the current in question.
        """
        cells, busbar_ohm = self.cells, self._busbar_ohm
        total_a = 0.0
        for _ in range(_NEWTON_STEPS):
            gap_v = float(cells.voltage_at(total_a).sum()) - busbar_ohm * total_a - link_v
            step_a = gap_v / (float(cells.slope_ohm(total_a).sum()) + busbar_ohm)
            total_a += step_a
            if abs(step_a) < _NEWTON_CLOSE_A:
                break
        return total_a

    def _settle_sensors(self) -> None:
        self.sensors.settle(self.cells.temp_c, self.ambient_c)
        self.pack_voltage_v = self.taps.read(self.cells.voltage_v, self.pack_current_a)
