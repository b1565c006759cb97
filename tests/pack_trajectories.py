"""What packs do in runs that touch every part of them: stored beside the cells' runs in data/plant_trajectories.txt."""

import math
import random
from collections.abc import Callable, Iterator

from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.plant.power_limits import power_limits
from bench.plant.spread import Ageing, Spread
from bench.plant.string_pack import StringPack

Numbers = Iterator[tuple[str, tuple[float, ...]]]
OPEN, CLOSED, PRECHARGE = (False, False, False), (True, True, False), (False, True, True)
Command = tuple[bool, bool, bool]


def seen(pack: Pack) -> tuple[float, ...]:
    one = pack.of[-1]
    numbers = (
        *(pack.pack_voltage_v, pack.pack_current_a, pack.link_voltage_v, pack.inrush_a),
        *(float(pack.cell_voltage_v.min()), float(pack.cell_voltage_v.max()), float(pack.soc[0])),
        *(float(pack.soc[-1]), float(pack.sensor_temp_c[-1]), float(pack.temp_c[0])),
        *(one.fuse.used, one.contactors.plus.wear, one.contactors.minus.wear),
        *(pack.insulation_ohm(0, "plus"), pack.insulation_ohm(len(pack.of) - 1, "minus")),
        *(one.isolation.plus_to_chassis_v or 0.0, pack.string_current_a(len(pack.of) - 1)),
        *(pack.string_voltage_v(0), float(pack.calm), float(pack.path_whole)),
        *(float(one.contactors.plus.welded), float(one.contactors.minus.welded), one.met_a),
    )
    return tuple(min(1e9, number) for number in numbers)


def stepped(pack: Pack, label: str, load: Load, dt_s: float, count: int) -> Numbers:
    for number in range(1, count + 1):
        pack.step(dt_s, load)
        if number in (1, 2, count // 2, count):
            yield f"{label} {number}", seen(pack)


def told(pack: Pack, *commands: Command) -> None:
    pack.set_command(*[one for command in commands for one in command])


def asked(pack: Pack) -> Numbers:
    """What it would do: its slope, its voltages at once, its power."""
    found = power_limits(pack)
    yield (
        "asked",
        (
            1e3 * pack.cell_slope_ohm(60.0),
            *map(float, pack.at_once(90.0)[:2]),
            *(found.discharge_a, found.charge_a, float(pack.soh[0]), pack.full_ah, float(pack.series)),
        ),
    )


def day() -> Numbers:
    """Precharge, driving, recuperation, a leak, a hot cell, cooling, opening under load, standing."""
    pack = Pack(
        Chemistry.load("nmc"),
        rng=random.Random(4),
        cells=6,
        sensors=3,
        soc=0.7,
        temp_c=15.0,
        spread=Spread(capacity=0.03, resistance=0.1),
        ageing=Ageing(capacity_fade=0.1, resistance_growth=0.2),
        sensor_tau_s=7.0,
    )
    pack.isolation.vehicle_plus_ohm, pack.isolation.vehicle_minus_ohm = 1e6, 2e5
    told(pack, PRECHARGE)
    yield from stepped(pack, "precharge", Load(), 5e-3, 30)
    told(pack, (True, True, True))
    yield from stepped(pack, "join", Load(), 5e-3, 6)
    told(pack, CLOSED)
    yield from stepped(pack, "drive", Load(current_a=120.0, charge_current_a=5.0), 0.1, 60)
    pack.ambient_c, pack.coolant_c, pack.cooling = 5.0, -5.0, 0.7
    yield from stepped(pack, "brake", Load(current_a=-40.0), 0.5, 20)
    yield from asked(pack)
    pack.set_cell_temp(2, 41.0)
    pack.set_cell_soc(1, 0.3)
    pack.soiling.leaking[4] = True
    pack.taps.busbar_ohm[3] = 2e-3
    yield from stepped(pack, "leak", Load(current_a=60.0), 0.5, 20)
    told(pack, OPEN)
    yield from stepped(pack, "dump", Load(current_a=-60.0), 1e-3, 20)
    yield from stepped(pack, "empty", Load(), 0.1, 40)
    pack.stand(4000.0)
    yield "stood", seen(pack)
    pack.polarise(30.0)
    yield "polarised", seen(pack)
    yield "around", (pack.ambient_c, pack.coolant_c, pack.cooling)


def harm() -> Numbers:
    """Closed onto an empty link; a short outside, a short of the link, the fuse, the pyro; a short of a cell."""
    pack = Pack(Chemistry.load("lfp"), rng=random.Random(2), cells=96, sensors=4, soc=0.8)
    told(pack, CLOSED)
    yield from stepped(pack, "onto nothing", Load(), 2e-3, 10)
    pack.cells.short_ohm[5] = 0.05
    pack.link.short_ohm = 0.8
    yield from stepped(pack, "shorted link", Load(current_a=20.0), 1e-2, 10)
    pack.external_short_ohm = 0.05
    yield from stepped(pack, "shorted", Load(), 1e-3, 24)
    pack.fuse.replace()
    pack.external_short_ohm = pack.link.short_ohm = math.inf
    yield from stepped(pack, "anew", Load(current_a=30.0), 1e-2, 4)
    pack.fire_pyro()
    yield from stepped(pack, "fired", Load(current_a=30.0), 1e-2, 10)


def strings() -> Numbers:
    """Two strings of three groups of two: one by one, apart in charge, a parted cell, a short, a weld, standing."""
    pack = StringPack(
        Chemistry.load("lfp"),
        rng=random.Random(6),
        strings=2,
        parallel=2,
        cells=3,
        sensors=2,
        soc=0.6,
        temp_c=20.0,
        spread=Spread(capacity=0.02, resistance=0.05),
        ageing=Ageing(capacity_fade=0.05, resistance_growth=0.1),
        hysteresis=True,
        sensor_tau_s=5.0,
    )
    for group in (3, 4, 5):
        pack.set_cell_soc(group, 0.45)
    pack.cells.thermal.coolant_c = 12.0
    told(pack, PRECHARGE, OPEN)
    yield from stepped(pack, "precharge", Load(), 5e-3, 30)
    told(pack, CLOSED, PRECHARGE)
    yield from stepped(pack, "first", Load(current_a=80.0), 5e-3, 30)
    told(pack, CLOSED, CLOSED)
    yield from stepped(pack, "meets", Load(current_a=80.0), 5e-3, 12)
    yield from stepped(pack, "share", Load(current_a=160.0), 0.5, 40)
    yield from asked(pack)
    pack.disconnect(1, branch=1)
    pack.cells.short_ohm[2] = 0.02
    pack.set_cell_temp(4, 45.0)
    yield from stepped(pack, "parted", Load(charge_current_a=90.0), 0.5, 30)
    pack.external_short_ohm = 0.5
    yield from stepped(pack, "shorted", Load(), 1e-2, 20)
    pack.external_short_ohm = math.inf
    pack.reconnect(1, branch=1)
    pack.of[1].contactors.plus.weld()
    told(pack, OPEN, (False, True, False))
    yield from stepped(pack, "welded", Load(current_a=15.0), 2e-2, 10)
    told(pack, OPEN, OPEN)
    yield from stepped(pack, "apart", Load(), 0.1, 20)
    pack.of[0].isolation.plus_ohm, pack.soiling.leaking[7] = 3e5, True
    yield from stepped(pack, "leak", Load(), 1.0, 10)
    pack.cells.short_ohm[2] = math.inf
    pack.stand(600.0)
    yield "stood", seen(pack)
    pack.polarise(100.0)
    yield "polarised", seen(pack)


def starved() -> Numbers:
    """A group of four, near the limit of what a cell gives: one cell shut, one shorted, closed onto an empty link."""
    pack = StringPack(
        Chemistry.load("nmc"), rng=random.Random(6), parallel=4, cells=2, sensors=1, soc=0.9, temp_c=30.0
    )
    told(pack, CLOSED)
    yield from stepped(pack, "onto nothing", Load(), 1e-2, 4)
    yield from stepped(pack, "much", Load(current_a=1500.0), 0.5, 30)
    pack.cells.set_temp(3, 140.0)
    pack.cells.short_ohm[4] = 0.01
    yield from stepped(pack, "shut", Load(current_a=400.0), 0.5, 6)


PACK_RUNS: dict[str, Callable[[], Numbers]] = {
    "day": day,
    "harm": harm,
    "strings": strings,
    "starved": starved,
}
