"""The pack as its BMS meets it: cells in series, contactors, the DC link behind them, insulation."""

import math
import random
from dataclasses import dataclass

import numpy as np

from bench.plant.cells import MAX_STEP_S, Cells, Spread
from bench.plant.chemistry import Chemistry, FloatArray
from bench.plant.contactors import Contactors
from bench.plant.isolation import Isolation
from bench.units import NS_PER_S

LINK_CAPACITANCE_F = 1e-3
PRECHARGE_OHM = 30.0
# Across the link while no path to the pack is closed: tau 2 s brings 420 V below 60 V in 3.9 s (within 5 s).
DISCHARGE_OHM = 2000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """On the link, in A: what the drive takes (negative: recuperates) and what the charger gives."""

    current_a: float = 0.0
    charge_current_a: float = 0.0


class Pack:
    """96 cells by default. Arrays are live (changed in place); numbers are those at the end of the last step.

    Drive and charger carry current only while both mains are closed: neither works on a link that is not fed.
    The inrush of closing plus on an empty link is left out: the link takes the pack's voltage at once.
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
    ) -> None:
        if not 1 <= sensors <= cells:
            raise ValueError(f"{sensors} temperature sensors; expected 1..{cells}")
        self.chemistry = chemistry
        self.cells = Cells(
            chemistry,
            count=cells,
            soc=soc,
            temp_c=temp_c,
            rng=rng,
            spread=spread if spread is not None else Spread(),
        )
        self.contactors = Contactors(rng)
        self.isolation = Isolation()
        self.link_voltage_v = 0.0
        self.pack_current_a = 0.0
        self.sensor_cells = np.arange(sensors) * cells // sensors  # 0-based cell that each sensor is glued to
        self.sensor_temp_c: FloatArray = self.cells.temp_c[self.sensor_cells]
        self.pack_voltage_v = float(self.cells.voltage_v.sum())

    @property
    def cell_voltage_v(self) -> FloatArray:
        return self.cells.voltage_v

    @property
    def soc(self) -> FloatArray:
        return self.cells.soc

    @property
    def temp_c(self) -> FloatArray:
        return self.cells.temp_c

    def set_command(self, plus: bool, minus: bool, precharge: bool) -> None:
        """Drive the coils; the contacts follow within the steps to come."""
        self.contactors.plus.command = plus
        self.contactors.minus.command = minus
        self.contactors.precharge.command = precharge

    def set_cell_soc(self, cell: int, soc: float) -> None:
        """Make one cell (0-based) weaker or fuller than the rest; its voltage is there at once."""
        self.cells.set_soc(cell, soc)
        self.pack_voltage_v = float(self.cells.voltage_v.sum())

    def set_cell_temp(self, cell: int, temp_c: float) -> None:
        """Heat or cool one cell (0-based) to a temperature in degC; a sensor on it reads it at once."""
        self.cells.set_temp(cell, temp_c)
        self._read_sensors()

    def step(self, dt_s: float, load: Load) -> None:
        """Advance by `dt_s` seconds under a constant load. Raises ValueError outside 0 < dt_s <= 1 s."""
        if not 0.0 < dt_s <= MAX_STEP_S:
            raise ValueError(f"step of {dt_s} s; expected more than 0 and at most {MAX_STEP_S} s")
        contactors = self.contactors
        contactors.advance(round(dt_s * NS_PER_S))
        if contactors.main_path:
            current_a = load.current_a - load.charge_current_a
        elif contactors.precharge_path:
            current_a = self._precharge(dt_s)
        else:
            current_a = 0.0
        self.cells.step(dt_s, current_a)
        self.pack_current_a = current_a
        self.pack_voltage_v = float(self.cells.voltage_v.sum())
        if contactors.main_path:
            self.link_voltage_v = self.pack_voltage_v
        elif not contactors.precharge_path:
            self.link_voltage_v *= math.exp(-dt_s / (DISCHARGE_OHM * LINK_CAPACITANCE_F))
        self._read_sensors()

    def _precharge(self, dt_s: float) -> float:
        """Charge the link through the resistor; returns the mean current, so that no charge is lost."""
        gap_v = self.pack_voltage_v - self.link_voltage_v
        risen_v = -gap_v * math.expm1(-dt_s / (PRECHARGE_OHM * LINK_CAPACITANCE_F))
        self.link_voltage_v += risen_v
        return LINK_CAPACITANCE_F * risen_v / dt_s

    def _read_sensors(self) -> None:
        self.cells.temp_c.take(self.sensor_cells, out=self.sensor_temp_c, mode="clip")
