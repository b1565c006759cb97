"""A cell chemistry, read and checked from TOML: voltage, equivalent circuit, heat, limits."""

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.errors import ConfigError, at_place, nearest

FloatArray = npt.NDArray[np.float64]

SHIPPED = Path(__file__).parent / "chemistries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Values over state of charge, linear between knots. `soc` ascends strictly; 0 is empty, 1 is full."""

    soc: FloatArray
    value: FloatArray

    def at(self, soc: float | FloatArray) -> FloatArray:
        return np.asarray(np.interp(soc, self.soc, self.value), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentCircuit:
    """R0 and two RC pairs at 25 degC. R_j(T) = R_j * exp(Ea_j/R * (1/T - 1/298.15)); tau_j scales alike."""

    r0_ohm: Curve
    r1_ohm: Curve
    r2_ohm: Curve
    tau1_s: Curve
    tau2_s: Curve
    ea_r0_j_mol: float
    ea_r1_j_mol: float
    ea_r2_j_mol: float


class _Source:
    """One TOML file being read; every mistake becomes one line that names file and place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(
                at_place(path, "", f"cannot be read ({error.strerror})", "a TOML file")
            ) from None
        except ValueError as error:  # TOML syntax and text encoding
            raise ConfigError(at_place(path, "", f"is no valid TOML ({error})", "a chemistry file")) from None

    def fail(self, place: str, found: str, expected: str) -> ConfigError:
        return ConfigError(at_place(self.path, place, found, expected))

    def _find(self, place: str, expected: str) -> Any:
        node: Any = self._data
        for key in place.split("."):
            if not isinstance(node, dict) or key not in node:
                near = nearest(key, node) if isinstance(node, dict) else ""
                raise self.fail(place, "missing", expected + near)
            node = node[key]
        return node

    def text(self, place: str) -> str:
        value = self._find(place, "a text")
        if not isinstance(value, str) or not value:
            raise self.fail(place, f"found {value!r}", "a text")
        return value

    def number(self, place: str, *, positive: bool = False) -> float:
        expected = "a positive number as { v = ... }" if positive else "a number as { v = ... }"
        value = self._find(place, expected)
        if isinstance(value, dict):
            value = value.get("v")
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise self.fail(place, f"found {value!r}", expected)
        if positive and value <= 0:
            raise self.fail(place, f"found {value}", expected)
        return float(value)

    def numbers(self, place: str) -> FloatArray:
        expected = "a list of at least two numbers"
        values = self._find(place, expected)
        plain = isinstance(values, list) and all(
            isinstance(v, int | float) and not isinstance(v, bool) and np.isfinite(v) for v in values
        )
        if not plain or len(values) < 2:
            raise self.fail(place, "found something else", expected)
        return np.array(values, dtype=np.float64)

    def curve(self, section: str, key: str, *, first: float, last: float | None = None) -> Curve:
        """A curve whose SoC runs from `first` to `last`; a file may list it falling."""
        soc, value = self.numbers(f"{section}.soc"), self.numbers(f"{section}.{key}")
        if len(soc) != len(value):
            raise self.fail(
                f"{section}.{key}", f"{len(value)} values", f"{len(soc)}, as many as {section}.soc"
            )
        if soc[0] != first or (last is not None and soc[-1] != last):
            span = f"SoC from {first:g}" + ("" if last is None else f" to {last:g}")
            raise self.fail(f"{section}.soc", f"from {soc[0]:g} to {soc[-1]:g}", span)
        if soc[-1] < soc[0]:
            soc, value = soc[::-1].copy(), value[::-1].copy()
        steps = np.diff(soc)
        if (steps <= 0).any():
            at = int(np.argmax(steps <= 0))
            raise self.fail(f"{section}.soc", f"{soc[at + 1]:g} after {soc[at]:g}", "strictly monotonic SoC")
        return Curve(soc=soc, value=value)

    def positive_curve(self, section: str, key: str) -> Curve:
        curve = self.curve(section, key, first=0.0, last=1.0)
        if (curve.value <= 0).any():
            raise self.fail(f"{section}.{key}", f"found {curve.value.min():g}", "positive values only")
        return curve

    def rising(self, section: str, key: str, curve: Curve, *, strictly: bool) -> Curve:
        steps = np.diff(curve.value)
        wrong = steps <= 0 if strictly else steps < 0
        if wrong.any():
            at = int(np.argmax(wrong))
            found = f"{curve.value[at]:g} V then {curve.value[at + 1]:g} V at SoC {curve.soc[at + 1]:g}"
            raise self.fail(f"{section}.{key}", found, "a voltage that rises with SoC")
        return curve

    def ascending(self, **values: float) -> None:
        """The limits, in the order they must have (equal neighbours are allowed)."""
        names = list(values)
        for low, high in itertools.pairwise(names):
            if values[low] > values[high]:
                raise self.fail(
                    f"limits.{low}", f"{values[low]:g} above {high} = {values[high]:g}", f"at most {high}"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemistry:
    """One cell type. Voltages in V per cell, currents in A per cell, temperatures in degC, the rest SI."""

    id: str
    name: str
    path: Path
    capacity_ah: float
    mass_kg: float
    heat_capacity_j_kg_k: float
    r_thermal_ambient_k_w: float
    v_op_min: float
    v_op_max: float
    v_warn_low: float
    v_warn_high: float
    v_alarm_low: float
    v_alarm_high: float
    t_charge_min_c: float
    t_op_min_c: float
    t_op_max_c: float
    t_warn_c: float
    t_alarm_c: float
    i_max_charge_a: float
    i_max_discharge_a: float
    ocv: Curve  # over the whole range the file gives, from over-discharged to overcharged
    circuit: EquivalentCircuit

    @classmethod
    def load(cls, id_or_path: str | Path) -> "Chemistry":
        """A shipped chemistry by its id ("nmc"), or any TOML file by its path. Raises ConfigError."""
        if isinstance(id_or_path, str) and not id_or_path.endswith(".toml"):
            shipped = {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}
            if id_or_path not in shipped:
                expected = (
                    f"one of {', '.join(shipped)} or the path of a .toml file{nearest(id_or_path, shipped)}"
                )
                raise ConfigError(at_place(SHIPPED, "", f"unknown chemistry '{id_or_path}'", expected))
            return _read(_Source(shipped[id_or_path]))
        return _read(_Source(Path(id_or_path)))

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
            "oc_charge": self.i_max_charge_a,
            "oc_discharge": self.i_max_discharge_a,
            "iso_warn": 500.0,  # ohm/V: FMVSS 305 / UN R100 for a.c. coupled buses
            "iso_fault": 100.0,  # ohm/V: UN R100 for a d.c. bus
        }


def _read(source: _Source) -> Chemistry:
    def limit(key: str) -> float:
        return source.number(f"limits.{key}")

    chemistry = Chemistry(
        id=source.text("meta.id"),
        name=source.text("meta.name"),
        path=source.path,
        capacity_ah=source.number("cell.capacity_Ah", positive=True),
        mass_kg=source.number("thermal.mass_kg", positive=True),
        heat_capacity_j_kg_k=source.number("thermal.cp_J_kgK", positive=True),
        r_thermal_ambient_k_w=source.number("thermal.R_th_ambient_K_W", positive=True),
        v_op_min=limit("v_op_min"),
        v_op_max=limit("v_op_max"),
        v_warn_low=limit("v_warn_low"),
        v_warn_high=limit("v_warn_high"),
        v_alarm_low=limit("v_alarm_low"),
        v_alarm_high=limit("v_alarm_high"),
        t_charge_min_c=limit("T_charge_min_C"),
        t_op_min_c=limit("T_op_min_C"),
        t_op_max_c=limit("T_op_max_C"),
        t_warn_c=limit("T_warn_C"),
        t_alarm_c=limit("T_alarm_C"),
        i_max_charge_a=source.number("limits.I_max_charge_A", positive=True),
        i_max_discharge_a=source.number("limits.I_max_discharge_A", positive=True),
        ocv=_read_ocv(source),
        circuit=EquivalentCircuit(
            r0_ohm=source.positive_curve("ecm", "R0_ohm"),
            r1_ohm=source.positive_curve("ecm", "R1_ohm"),
            r2_ohm=source.positive_curve("ecm", "R2_ohm"),
            tau1_s=source.positive_curve("ecm", "tau1_s"),
            tau2_s=source.positive_curve("ecm", "tau2_s"),
            ea_r0_j_mol=source.number("ecm.Ea_R0_J_mol"),
            ea_r1_j_mol=source.number("ecm.Ea_R1_J_mol"),
            ea_r2_j_mol=source.number("ecm.Ea_R2_J_mol"),
        ),
    )
    c = chemistry
    source.ascending(
        v_alarm_low=c.v_alarm_low,
        v_warn_low=c.v_warn_low,
        v_warn_high=c.v_warn_high,
        v_alarm_high=c.v_alarm_high,
    )
    source.ascending(v_op_min=c.v_op_min, v_op_max=c.v_op_max)
    source.ascending(T_op_min_C=c.t_op_min_c, T_warn_C=c.t_warn_c, T_alarm_C=c.t_alarm_c)
    return chemistry


def _read_ocv(source: _Source) -> Curve:
    """Joins the normal range with the abuse ranges; at SoC 0 and 1 the fitted curve wins."""
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
    return source.rising("ocv", "V", whole, strictly=False)
