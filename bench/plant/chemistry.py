"""A cell chemistry, read and checked from TOML: voltage, equivalent circuit, heat, limits, abuse.

Other rooms need two things of it: `Chemistry.thresholds()`, the fault thresholds by name, and `Chemistry.ocv` (or
`ocv_v`), the open-circuit voltage over SoC. `figures` has every number with its confidence mark and source.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bench.errors import ConfigError, at_place, choices, nearest
from bench.plant.abuse_facts import AbuseFacts, read_abuse
from bench.plant.data_sheet import DataSheet, read_data_sheet
from bench.plant.electric_facts import (
    Diffusion,
    EquivalentCircuit,
    Hysteresis,
    read_circuit,
    read_diffusion,
    read_hysteresis,
)
from bench.plant.find import SHIPPED, chemistries
from bench.plant.source import CONFIDENCE, Curve, Figure, FloatArray, Source
from bench.plant.validity import Validity, read_validity

__all__ = ["CONFIDENCE", "SHIPPED", "Chemistry", "Curve", "EquivalentCircuit", "Figure", "FloatArray"]

_MONTH_S = 30 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemistry:
    """One cell type. Voltages in V per cell, currents in A per cell, temperatures in degC, the rest SI."""

    id: str
    name: str
    path: Path
    capacity_ah: float
    coulombic_efficiency: float
    self_discharge_1_s: float  # SoC per second at 25 degC
    self_discharge_ea_j_mol: float
    mass_kg: float
    heat_capacity_j_kg_k: float
    r_thermal_ambient_k_w: float
    r_thermal_neighbour_k_w: float
    v_op_min: float
    v_op_max: float
    v_warn_low: float
    v_warn_high: float
    v_alarm_low: float
    v_alarm_high: float
    v_damage_low: float
    v_damage_high: float
    soc_damage_high: float
    soc_damage_low: float
    t_charge_min_c: float
    t_op_min_c: float
    t_op_max_c: float
    t_warn_c: float
    t_alarm_c: float
    t_damage_c: float
    i_max_charge_a: float
    i_max_discharge_a: float
    ocv: Curve  # over the whole range the file gives, from over-discharged to overcharged
    entropic_v_k: Curve  # dU/dT over SoC 0..1
    circuit: EquivalentCircuit
    plain_circuit: (
        EquivalentCircuit  # [ecm]: charge transfer linearised into R0, for tools that take no other
    )
    diffusion: Diffusion | None
    hysteresis: Hysteresis | None
    data_sheet: DataSheet
    abuse: AbuseFacts
    validity: Validity | None  # where the fit holds; None: the file does not say
    based_on: tuple[str, ...]  # the nearest first
    figures: dict[str, Figure]  # by place in the file: "limits.v_alarm_high"

    @classmethod
    def load(cls, id_or_path: str | Path) -> "Chemistry":
        """A shipped chemistry by its id ("nmc"), or any TOML file by its path. Raises ConfigError."""
        if isinstance(id_or_path, str) and not id_or_path.endswith(".toml"):
            known = chemistries()
            if id_or_path not in known:
                names = known.names()
                near = nearest(id_or_path, names)
                expected = f"one of {choices(id_or_path, names)} or the path of a .toml file{near}"
                raise ConfigError(at_place(SHIPPED, "", f"unknown chemistry '{id_or_path}'", expected))
            return _read(Source(known.get(id_or_path)))
        return _read(Source(Path(id_or_path)))

    @classmethod
    def shipped(cls) -> tuple[str, ...]:
        """The ids of the house: one per file in bench/plant/chemistries."""
        return tuple(chemistries().house)

    @classmethod
    def known(cls) -> tuple[str, ...]:
        """The ids that `load` takes: those of the house first, then those that others bring; sound ones only."""
        return tuple(name for name in chemistries().names() if not cls.trouble(name))

    @classmethod
    def trouble(cls, id_: str) -> str:
        """Why it cannot be used, in a line; "" where it can."""
        return _of_the_house(id_) if id_ in chemistries().house else _trouble(id_)

    def ocv_v(self, soc: float) -> float:
        """Open-circuit voltage in V at rest; SoC outside 0..1 is abuse, and held at the ends of the table."""
        return float(self.ocv.at(soc))

    def thresholds(self) -> dict[str, float]:
        """Fault thresholds by name: V per cell, degC, A, ohm per volt of pack voltage."""
        return {
            "ov_warn": self.v_warn_high,
            "ov_trip": self.v_alarm_high,
            "uv_warn": self.v_warn_low,
            "uv_trip": self.v_alarm_low,
            "ot_warn": self.t_warn_c,
            "ot_trip": self.t_alarm_c,
            "ot_charge": self.t_op_max_c,
            "ut_charge": self.t_charge_min_c,
            "ut_discharge": self.t_op_min_c,
            "dd_trip": (self.v_alarm_low + self.v_damage_low) / 2,
            "oc_charge": self.i_max_charge_a,
            "oc_discharge": self.i_max_discharge_a,
            "oc_continuous": 0.8 * self.i_max_discharge_a,
            "oc_short": 4.0 * self.i_max_discharge_a,
            "iso_warn": 500.0,  # ohm/V: FMVSS 305 / UN R100 for a.c. coupled buses
            "iso_fault": 100.0,  # ohm/V: UN R100 for a d.c. bus
        }


def _read(source: Source) -> Chemistry:
    volt, celsius, ampere = (-10.0, 10.0), (-100.0, 400.0), (0.01, 1e5)

    def limit(key: str, within: tuple[float, float]) -> float:
        return source.number(f"limits.{key}", within=within)

    def soc_limit(key: str) -> float:
        return source.number(f"limits.{key}", within=(-5.0, 10.0))

    plain = read_circuit(source, "ecm")
    capacity_ah = source.number("cell.capacity_Ah", positive=True)
    mass_kg = source.number("thermal.mass_kg", positive=True)
    ocv, inside = _read_ocv(source)
    chemistry = Chemistry(
        id=source.text("meta.id"),
        name=source.text("meta.name"),
        path=source.file,
        based_on=tuple(one.stem for one in source.based_on),
        capacity_ah=capacity_ah,
        coulombic_efficiency=source.number("cell.coulombic_efficiency", within=(0.5, 1.0)),
        self_discharge_1_s=source.number("cell.self_discharge_pct_month_25C", within=(0.0, 100.0))
        / 100.0
        / _MONTH_S,
        self_discharge_ea_j_mol=source.number("cell.self_discharge_Ea_J_mol", within=(0.0, 2e5)),
        mass_kg=mass_kg,
        heat_capacity_j_kg_k=source.number("thermal.cp_J_kgK", positive=True, within=(100.0, 5000.0)),
        r_thermal_ambient_k_w=source.number("thermal.R_th_ambient_K_W", positive=True),
        r_thermal_neighbour_k_w=source.number("thermal.R_th_neighbour_K_W", positive=True),
        v_op_min=limit("v_op_min", volt),
        v_op_max=limit("v_op_max", volt),
        v_warn_low=limit("v_warn_low", volt),
        v_warn_high=limit("v_warn_high", volt),
        v_alarm_low=limit("v_alarm_low", volt),
        v_alarm_high=limit("v_alarm_high", volt),
        v_damage_low=limit("v_damage_low", volt),
        v_damage_high=limit("v_damage_high", volt),
        soc_damage_high=soc_limit("soc_plating_damage"),
        soc_damage_low=soc_limit("soc_short_overdischarge"),
        t_charge_min_c=limit("T_charge_min_C", celsius),
        t_op_min_c=limit("T_op_min_C", celsius),
        t_op_max_c=limit("T_op_max_C", celsius),
        t_warn_c=limit("T_warn_C", celsius),
        t_alarm_c=limit("T_alarm_C", celsius),
        t_damage_c=limit("T_damage_C", celsius),
        i_max_charge_a=limit("I_max_charge_A", ampere),
        i_max_discharge_a=limit("I_max_discharge_A", ampere),
        ocv=ocv,
        entropic_v_k=source.curve("entropic", "dUdT_V_per_K", first=0.0, last=1.0),
        # with charge transfer where the file has it: what the plant prefers
        circuit=read_circuit(source, "ecm_bv") if source.has("ecm_bv") else plain,
        plain_circuit=plain,
        diffusion=read_diffusion(source),
        hysteresis=read_hysteresis(source),
        data_sheet=read_data_sheet(
            source, capacity_ah=capacity_ah, mean_v=inside.mean_over_soc(), mass_kg=mass_kg
        ),
        abuse=read_abuse(source),
        validity=read_validity(source),
        figures=source.figures(),
    )
    _check_order(source, chemistry)
    source.nothing_else()
    return chemistry


def _check_order(source: Source, c: Chemistry) -> None:
    """The limits in the order that makes sense: operation inside warnings inside alarms inside damage."""
    source.ascending(
        "limits",
        v_damage_low=c.v_damage_low,
        v_alarm_low=c.v_alarm_low,
        v_warn_low=c.v_warn_low,
        v_warn_high=c.v_warn_high,
        v_alarm_high=c.v_alarm_high,
        v_damage_high=c.v_damage_high,
    )
    source.ascending(
        "limits",
        v_damage_low=c.v_damage_low,
        v_op_min=c.v_op_min,
        v_op_max=c.v_op_max,
        v_alarm_high=c.v_alarm_high,
    )
    source.ascending(
        "limits", T_op_min_C=c.t_op_min_c, T_warn_C=c.t_warn_c, T_alarm_C=c.t_alarm_c, T_damage_C=c.t_damage_c
    )
    source.ascending("limits", T_op_min_C=c.t_op_min_c, T_charge_min_C=c.t_charge_min_c)
    steepest = float(np.abs(c.entropic_v_k.value).max())
    if steepest > 5e-3:
        raise source.fail("entropic.dUdT_V_per_K", f"found {steepest:g}", "below 0.005 V/K (is it mV/K?)")


def _read_ocv(source: Source) -> tuple[Curve, Curve]:
    """The normal range joined with the abuse ranges (at SoC 0 and 1 the fitted curve wins), and the normal range."""
    inside = source.rising("ocv", "V", source.curve("ocv", "V", first=0.0, last=1.0), strictly=True)
    low = source.curve("abuse.overdischarge", "V_oc", first=0.0)
    high = source.curve("abuse.overcharge", "V_oc", first=1.0)
    if low.soc[0] >= 0:
        raise source.fail("abuse.overdischarge.soc", f"ends at {low.soc[-1]:g}", "SoC that falls below 0")
    if high.soc[-1] <= 1:
        raise source.fail("abuse.overcharge.soc", f"ends at {high.soc[0]:g}", "SoC that rises above 1")
    source.rising("abuse.overdischarge", "V_oc", low, strictly=False)
    source.rising("abuse.overcharge", "V_oc", high, strictly=False)
    whole = Curve(
        soc=np.concatenate((low.soc[:-1], inside.soc, high.soc[1:])),
        value=np.concatenate((low.value[:-1], inside.value, high.value[1:])),
    )
    return source.rising("ocv", "V", whole, strictly=False), inside


def _trouble(id_: str) -> str:
    try:
        Chemistry.load(id_)
    except ConfigError as error:
        return str(error).splitlines()[0]
    return ""


_of_the_house = cache(_trouble)  # its files stay as they are while a process runs
