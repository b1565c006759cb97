"""What is not known, drawn for each sample: how far each figure may be from the chemistry's file."""

from dataclasses import dataclass

import numpy as np

from bench.plant.chemistry import FloatArray
from bench.plant.runaway import Variation


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One factor or shift per sample; sample 0 is the file's own figures."""

    ambient_k_w: FloatArray
    barrier_k_w: FloatArray
    resistance: FloatArray
    capacity: FloatArray
    alarm_v: FloatArray
    reaction_heat: FloatArray
    reaction_rate: FloatArray
    trigger_k: FloatArray
    vent_k: FloatArray
    side_v: FloatArray
    headspace: FloatArray
    limit: FloatArray
    figures: "FigureDraw"

    def variation(self) -> Variation:
        """As the plant takes it, each pair of cells (victim, neighbour) alike."""

        def pair(values: FloatArray) -> FloatArray:
            return np.repeat(values, 2)

        return Variation(
            reaction_heat=pair(self.reaction_heat),
            reaction_rate=pair(self.reaction_rate),
            trigger_shift_k=pair(self.trigger_k),
            vent_shift_k=pair(self.vent_k),
            side_shift_v=pair(self.side_v),
            headspace=pair(self.headspace),
            limit=pair(self.limit),
            each_heat=np.repeat(self.figures.each_heat, 2, axis=1),
            each_rate=np.repeat(self.figures.each_rate, 2, axis=1),
            plated_heat=pair(self.figures.plated_heat),
            plating_shift=pair(self.figures.plating_shift),
            short_heat=pair(self.figures.short_heat),
            gas=pair(self.figures.gas),
        )

    def by_figure(self, reactions: tuple[str, ...]) -> dict[str, FloatArray]:
        """What was drawn of each figure, by how reports name it; all repeats one after the other."""
        own = self.figures
        found = {
            "heat to the ambient": self.ambient_k_w,
            "heat to the neighbour": self.barrier_k_w,
            "mass and heat capacity": own.heat_capacity,
            "resistance": self.resistance,
            "capacity": self.capacity,
            "voltage of the limit": self.alarm_v,
            "temperature of the limit": own.alarm_k,
            "all reactions, heat": self.reaction_heat,
            "all reactions, rate": self.reaction_rate,
            "separator collapse, temperature": self.trigger_k,
            "separator collapse, heat": own.short_heat,
            "venting, temperature": self.vent_k,
            "side reactions, onset": self.side_v,
            "plating, onset": own.plating_shift,
            "plated lithium, heat": own.plated_heat,
            "headspace times valve pressure": self.headspace,
            "gas that does not recombine": own.gas,
            "most a cell can give": self.limit,
        }
        for row, name in enumerate(reactions):
            found[f"{name}, mass times heat"] = own.each_heat[row]
            found[f"{name}, rate"] = own.each_rate[row]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDraw:
    """Figures that were not told apart in the draws before: each reaction by itself, masses, heats, thresholds.

    each_heat, each_rate: a row for each reaction of the chemistry.
    """

    heat_capacity: FloatArray
    alarm_k: FloatArray
    each_heat: FloatArray
    each_rate: FloatArray
    plated_heat: FloatArray
    plating_shift: FloatArray
    short_heat: FloatArray
    gas: FloatArray


VARIED = (
    "heat to ambient, log-normal, x1/4 to x4 at two sigma",
    "heat to the neighbour, log-normal, x1/2 to x2 at two sigma",
    "resistance, normal, 20 %; capacity, normal, 2 %",
    "voltage at which the limit counts as crossed, normal, 10 mV",
    "reaction heat, uniform, 30 %; reaction rate, log-normal, x1/3 to x3 at two sigma",
    "temperature of separator collapse and of venting, uniform, 20 K",
    "onset of side reactions in overcharge, uniform, 0.2 V (water-based: 0.1 V)",
    "gas headspace, log-normal, x0.3 to x3 at two sigma",
    "the most a cell can give, log-normal, x1/2 to x2 at two sigma",
    "each reaction by itself, beside: mass times heat, uniform, 15 %; rate, log-normal, x1/2 to x2 at two sigma",
    "mass times heat capacity, normal, 5 %; temperature of the limit, normal, 1 K",
    "heat of plated lithium and of the collapsed separator, uniform, 30 %; plating charge, uniform, 0.05",
    "gas that does not recombine, uniform, 20 %",
)


def _figures(samples: int, repeats: int, seed: int, reactions: int) -> FigureDraw:
    """From a stream of its own: what was drawn before stays as it was."""
    rng = np.random.default_rng((seed, 1))

    def rows(values: FloatArray, nominal: float) -> FloatArray:
        values[..., 0] = nominal
        return np.tile(values, repeats)

    return FigureDraw(
        heat_capacity=rows(1.0 + np.clip(rng.normal(0.0, 0.05, samples), -0.2, 0.2), 1.0),
        alarm_k=rows(rng.normal(0.0, 1.0, samples), 0.0),
        plated_heat=rows(rng.uniform(0.7, 1.3, samples), 1.0),
        plating_shift=rows(rng.uniform(-0.05, 0.05, samples), 0.0),
        short_heat=rows(rng.uniform(0.7, 1.3, samples), 1.0),
        gas=rows(rng.uniform(0.8, 1.2, samples), 1.0),
        each_heat=rows(rng.uniform(0.85, 1.15, (reactions, samples)), 1.0),
        each_rate=rows(np.exp(rng.normal(0.0, np.log(2.0) / 2.0, (reactions, samples))), 1.0),
    )


def draw(samples: int, repeats: int, seed: int, *, water_based: bool, reactions: int = 0) -> Draw:
    """`samples` draws, the same for each of `repeats` faults, one after the other."""
    rng = np.random.default_rng(seed)

    def factor(two_sigma: float) -> FloatArray:
        return np.exp(rng.normal(0.0, np.log(two_sigma) / 2.0, samples))

    def shift(sigma: float) -> FloatArray:
        return rng.normal(0.0, sigma, samples)

    def within(half: float) -> FloatArray:
        return rng.uniform(-half, half, samples)

    factors = [factor(4.0), factor(2.0), 1.0 + np.clip(shift(0.2), -0.5, 0.5), 1.0 + shift(0.02)]
    shifts = [shift(0.01)]
    heat = [1.0 + within(0.3), factor(3.0)]
    rest = [within(20.0), within(20.0), within(0.1 if water_based else 0.2), factor(3.0), factor(2.0)]
    for values in (*factors, *heat, *rest[3:]):
        values[0] = 1.0
    for values in (*shifts, *rest[:3]):
        values[0] = 0.0
    ambient, barrier, resistance, capacity = (np.tile(v, repeats) for v in factors)
    trigger, vent, side, headspace, limit = (np.tile(v, repeats) for v in rest)
    return Draw(
        ambient_k_w=ambient,
        barrier_k_w=barrier,
        resistance=resistance,
        capacity=capacity,
        alarm_v=np.tile(shifts[0], repeats),
        reaction_heat=np.tile(heat[0], repeats),
        reaction_rate=np.tile(heat[1], repeats),
        trigger_k=trigger,
        vent_k=vent,
        side_v=side,
        headspace=headspace,
        limit=limit,
        figures=_figures(samples, repeats, seed, reactions),
    )
