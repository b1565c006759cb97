"""What a chemistry's file says of its circuit: resistances, RC pairs, charge transfer, solid diffusion, hysteresis."""

from dataclasses import dataclass

import numpy as np

from bench.plant.source import Curve, Source

_ROUNDING = 0.01  # C = tau / R stands in the file as well; it may be rounded, not of another fit


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentCircuit:
    """R0, two RC pairs and charge transfer at 25 degC. R_j(T) = R_j * exp(Ea_j/R * (1/T - 1/298.15)); tau_j alike.

    Charge transfer drops 2RT/F * asinh(I / 2 I0), I0(T) = I0 * exp(-Ea_i0/R * (1/T - 1/298.15)). A section without
    I0 holds the charge transfer, linearised, in its R0.
    """

    r0_ohm: Curve
    r1_ohm: Curve
    r2_ohm: Curve
    tau1_s: Curve
    tau2_s: Curve
    ea_r0_j_mol: float
    ea_r1_j_mol: float
    ea_r2_j_mol: float
    i0_a: Curve | None
    ea_i0_j_mol: float


_EVEN = Curve(soc=np.array([0.0, 1.0]), value=np.array([1.0, 1.0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Diffusion:
    """The surface's state of charge lags by lag_s * share * I / Q, with the time constant tau_s; slower when cold.

    `share` over charge: a particle that is nearly full, or empty, takes and gives more slowly than one between.
    """

    lag_s: float
    tau_s: float
    ea_j_mol: float
    share: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """dh/dt = -|I|/(3600 Q decay_soc) * (h + sign(I)), OCV += half_width_v * h. `enabled` is the file's default."""

    enabled: bool
    half_width_v: float
    decay_soc: float


def read_circuit(source: Source, section: str) -> EquivalentCircuit:
    """The equivalent circuit in a section of a chemistry's file. Raises ConfigError through `source`."""
    energy = (0.0, 2e5)
    charge_transfer = source.has(f"{section}.I0_A")
    circuit = EquivalentCircuit(
        r0_ohm=source.positive_curve(section, "R0_ohm"),
        r1_ohm=source.positive_curve(section, "R1_ohm"),
        r2_ohm=source.positive_curve(section, "R2_ohm"),
        tau1_s=source.positive_curve(section, "tau1_s"),
        tau2_s=source.positive_curve(section, "tau2_s"),
        ea_r0_j_mol=source.number(f"{section}.Ea_R0_J_mol", within=energy),
        ea_r1_j_mol=source.number(f"{section}.Ea_R1_J_mol", within=energy),
        ea_r2_j_mol=source.number(f"{section}.Ea_R2_J_mol", within=energy),
        i0_a=source.positive_curve(section, "I0_A") if charge_transfer else None,
        ea_i0_j_mol=source.number(f"{section}.Ea_I0_J_mol", within=energy) if charge_transfer else 0.0,
    )
    _check_capacitance(source, section, "C1_F", circuit.tau1_s, circuit.r1_ohm)
    _check_capacitance(source, section, "C2_F", circuit.tau2_s, circuit.r2_ohm)
    return circuit


def _check_capacitance(source: Source, section: str, key: str, tau_s: Curve, r_ohm: Curve) -> None:
    """The capacitance, where the file gives it: tau / R, or a curve was edited and its partner was not."""
    if not source.has(f"{section}.{key}"):
        return
    with np.errstate(all="ignore"):  # what is beyond all numbers is off, too
        told, due = source.positive_curve(section, key).value, tau_s.value / r_ohm.value
        off = np.abs(told / due - 1.0)
    if not off.max() <= _ROUNDING:
        at = int(np.argmax(off))
        raise source.fail(
            f"{section}.{key}", f"{told[at]:g} at SoC {tau_s.soc[at]:g}", f"tau / R = {due[at]:g} F"
        )


def read_diffusion(source: Source) -> Diffusion | None:
    """The diffusion of a chemistry's file; None where the file has no such table."""
    if not source.has("diffusion"):
        return None
    return Diffusion(
        lag_s=source.number("diffusion.lag_s", positive=True, within=(0.0, 1e4)),
        tau_s=source.number("diffusion.tau_s", positive=True, within=(0.0, 1e5)),
        ea_j_mol=source.number("diffusion.Ea_J_mol", within=(0.0, 2e5)),
        share=source.positive_curve("diffusion", "share") if source.has("diffusion.share") else _EVEN,
    )


def read_hysteresis(source: Source) -> Hysteresis | None:
    """The hysteresis of a chemistry's file; None where the file has no such table."""
    if not source.has("hysteresis"):
        return None
    return Hysteresis(
        enabled=source.flag("hysteresis.enabled"),
        half_width_v=source.number("hysteresis.half_width_V", within=(0.0, 0.5)),
        decay_soc=source.number("hysteresis.decay_soc", positive=True, within=(0.0, 1.0)),
    )
