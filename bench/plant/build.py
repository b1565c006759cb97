"""The pack that a bench file asks for: one string of single cells, or strings of groups."""

import random
from dataclasses import dataclass

from bench.plant.chemistry import Chemistry
from bench.plant.contactors import Contactors
from bench.plant.pack import Pack
from bench.plant.sensing import SENSOR_TAU_S
from bench.plant.spread import Ageing
from bench.plant.string_pack import StringPack


@dataclass(frozen=True, slots=True, kw_only=True)
class PackShape:
    """`series` groups of `parallel` cells in each of `strings`; `sensors` of temperature in all of them together."""

    series: int
    sensors: int
    strings: int = 1
    parallel: int = 1


def made_of(
    chemistry: Chemistry,
    shape: PackShape,
    *,
    rng: random.Random,
    soc: float,
    ageing: Ageing | None = None,
    hysteresis: bool | None = None,
    sensor_tau_s: float = SENSOR_TAU_S.value,
) -> Pack:
    """The pack of this shape: cells in one string, or strings of groups. soc: 0 to 1, at the start."""
    if shape.strings == shape.parallel == 1:
        return Pack(
            chemistry,
            cells=shape.series,
            sensors=shape.sensors,
            soc=soc,
            rng=rng,
            ageing=ageing,
            hysteresis=hysteresis,
            sensor_tau_s=sensor_tau_s,
        )
    return StringPack(
        chemistry,
        strings=shape.strings,
        parallel=shape.parallel,
        cells=shape.series,
        sensors=shape.sensors // shape.strings,
        soc=soc,
        rng=rng,
        ageing=ageing,
        hysteresis=hysteresis,
        sensor_tau_s=sensor_tau_s,
    )


def draw_as_made(shape: PackShape, rng: random.Random) -> None:
    """Take from `rng` what `made_of` takes from it, and make no pack: who asks what was drawn next needs none."""
    for _ in range(2 * shape.series * shape.strings * shape.parallel):  # capacity and resistance of each cell
        rng.gauss(0.0, 1.0)
    for _ in range(shape.strings):
        Contactors(rng)
