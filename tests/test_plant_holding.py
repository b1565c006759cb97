"""What stays the same is held and stepped at once: to the nanosecond, under the load and the commands of its time."""

import random

import pytest

from bench.plant.chemistry import Chemistry
from bench.plant.coasting import Coasting
from bench.plant.pack import Load, Pack
from bench.plant.spread import Spread
from bench.units import NS_PER_MS

NMC = Chemistry.load("nmc")
OFF, ON = (False, False, False), (True, True, False)
TICK_NS = 10 * NS_PER_MS


class Noting(Pack):
    """A pack that remembers the length and the load of every step."""

    def __init__(self) -> None:
        super().__init__(
            NMC,
            rng=random.Random(7),
            cells=2,
            sensors=1,
            soc=0.6,
            spread=Spread(capacity=0.0, resistance=0.0),
        )
        self.steps: list[tuple[float, float]] = []
        self.told: list[tuple[bool, bool, bool]] = []

    def step(self, dt_s: float, load: Load) -> None:
        self.steps.append((dt_s, load.current_a))
        super().step(dt_s, load)

    def set_command(self, plus: bool, minus: bool, precharge: bool, *others: bool) -> None:
        self.told.append((plus, minus, precharge))
        super().set_command(plus, minus, precharge, *others)


def held(coasting: Coasting, ticks: int, commands: tuple[bool, ...], load: Load) -> None:
    for _ in range(ticks):
        coasting.step(TICK_NS, commands, load)


def test_a_calm_pack_is_stepped_every_100_ms_and_for_what_is_left_when_it_is_looked_at() -> None:
    pack = Noting()
    coasting = Coasting(pack)
    held(coasting, 25, OFF, Load())
    assert pack.steps == [(0.1, 0.0), (0.1, 0.0)]
    coasting.settle()
    coasting.settle()
    assert pack.steps[2:] == [(0.05, 0.0)], "what is there already is not stepped again"
    held(coasting, 3, OFF, Load())
    assert len(pack.steps) == 3 and pack.told == [], "an equal load and the same commands are no news"


def test_what_was_held_is_stepped_under_its_own_load_before_the_new_one_counts() -> None:
    pack = Noting()
    coasting = Coasting(pack)
    held(coasting, 3, ON, Load())
    assert pack.contactors.main_path and pack.told == [ON]
    held(coasting, 4, ON, Load(current_a=50.0))
    pack.steps.clear()
    soc = float(pack.soc[0])
    held(coasting, 4, ON, Load(current_a=50.0))
    assert pack.steps == [], "a load that stays the same is held, too"
    held(coasting, 1, ON, Load(current_a=20.0))
    assert pack.steps == [(0.07, 50.0), (0.01, 20.0)]
    spent_as = 0.07 * 50.0 + 0.01 * 20.0
    assert soc - float(pack.soc[0]) == pytest.approx(spent_as / 3600.0 / 50.0, rel=1e-9)
    held(coasting, 2, ON, Load(current_a=20.0))
    pack.steps.clear()
    held(coasting, 1, OFF, Load(current_a=20.0))
    assert pack.steps == [(0.02, 20.0), (0.01, 20.0)] and pack.told == [ON, OFF]


def test_while_something_moves_every_tick_is_a_step() -> None:
    pack = Noting()
    coasting = Coasting(pack)
    held(coasting, 1, ON, Load())
    assert pack.steps == [(0.01, 0.0)] and not pack.contactors.main_path
    pack.external_short_ohm = 5.0
    held(coasting, 6, ON, Load())
    assert pack.steps == [(0.01, 0.0)] * 7 and pack.contactors.main_path
