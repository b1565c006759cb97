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
        )


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
)


def draw(samples: int, repeats: int, seed: int, *, water_based: bool) -> Draw:
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
    )
