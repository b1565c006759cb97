"""What cells do in runs that touch every part of them: stored in data/plant_trajectories.txt.

`python tests/plant_trajectories.py` writes the file anew. What moves a line is a change of the plant or of a
chemistry's file: say in the commit which, and why. The curves of reference_curves/ say whether the plant is right;
these say whether it is still the same where no curve of a cell is public: abuse, spread, and standing.
"""

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from pack_trajectories import PACK_RUNS

from bench.plant.cells import Cells
from bench.plant.chemistry import Chemistry
from bench.plant.drive_cycle import cycle_names, find_cycle, read_cycle
from bench.plant.spread import Spread

STORED = Path(__file__).resolve().parent / "data/plant_trajectories.txt"
NONE = Spread(capacity=0.0, resistance=0.0)
Numbers = Iterator[tuple[str, tuple[float, ...]]]


def cells_of(
    chemistry: str,
    soc: float,
    temp_c: float,
    count: int = 1,
    *,
    spread: Spread = NONE,
    hysteresis: bool = False,
) -> Cells:
    return Cells(
        Chemistry.load(chemistry),
        count=count,
        soc=soc,
        temp_c=temp_c,
        rng=random.Random(5),
        spread=spread,
        hysteresis=hysteresis,
    )


def state(cells: Cells, cell: int = 0) -> tuple[float, ...]:
    return float(cells.voltage_v[cell]), float(cells.temp_c[cell]), float(cells.soc[cell])


def held(cells: Cells, label: str, current_a: float, seconds: int, every: int) -> Numbers:
    for second in range(1, seconds + 1):
        cells.step(1.0, current_a)
        if second % every == 0:
            yield f"{label} {second}s", state(cells)


def working(chemistry: str, temp_c: float) -> Numbers:
    """1C, rest, charging, rest: circuit, charge transfer, solid diffusion, entropy, heat to the ambient."""
    cells = cells_of(chemistry, 0.8, temp_c, hysteresis=True)
    for current_a, seconds in ((50.0, 240), (0.0, 120), (-35.0, 240), (100.0, 20), (0.0, 300)):
        yield from held(cells, f"{temp_c:g}C {current_a:g}A", current_a, seconds, seconds // 4)


def beyond_full(chemistry: str) -> Numbers:
    cells = cells_of(chemistry, 0.99, 25.0)
    for label, now in held(cells, "overcharge", -50.0, 1300, 100):
        told = cells.runaway.extra_w if cells.runaway is not None else cells.aqueous.gas_mol  # type: ignore[union-attr]
        yield label, (*now, float(told[0]), float(cells.beyond.vented[0]))


def beyond_empty(chemistry: str) -> Numbers:
    cells = cells_of(chemistry, 0.03, 25.0)
    for label, now in held(cells, "overdischarge", 50.0, 600, 60):
        yield label, (*now, min(1e6, float(cells.short_ohm[0])), float(cells.beyond.vented[0]))


def heated(chemistry: str) -> Numbers:
    """Adiabatic, at 20 K/min until its separator fails: every reaction, venting, boiling, dry-out."""
    cells = cells_of(chemistry, 1.0, 60.0)
    cells.thermal.ambient_k_w[:] = math.inf
    capacity_j_k = float(cells.thermal.capacity_j_k[0])
    for second in range(1, 721):
        failed = cells.runaway is not None and bool(cells.runaway.collapsed[0])
        cells.heat_w[:] = 0.0 if failed else 20.0 / 60.0 * capacity_j_k
        cells.step(1.0, 0.0)
        if second % 20 == 0:
            left = cells.aqueous.lost_kg if cells.aqueous is not None else cells.runaway.survival  # type: ignore[union-attr]
            yield f"heated {second}s", (*state(cells), float(left[0]), float(cells.beyond.vented[0]))


def shorted(chemistry: str) -> Numbers:
    """One cell of three by an internal short, one by a bleed; heat between them."""
    cells = cells_of(chemistry, 0.9, 25.0, 3)
    cells.short_ohm[0], cells.balance_ohm[2] = 0.02, 2e-3
    for second in range(1, 241):
        cells.step(1.0, 20.0)
        if second in (1, 2, 5, 10, 20, 40, 80, 120, 180, 240):
            for cell in range(3):
                yield f"short {second}s cell {cell}", (*state(cells, cell), float(cells.cell_current_a[cell]))


def drained(chemistry: str) -> Numbers:
    """A milliohm across its terminals, then so much heat that a cell with water in it dries."""
    cells = cells_of(chemistry, 1.0, 25.0)
    cells.balance_ohm[0] = 1e-3
    for label, now in held(cells, "drained", 0.0, 30, 3):
        yield label, (*now, float(cells.cell_current_a[0]), float(cells.limit.free_a[0]))
    if cells.aqueous is not None:
        cells.balance_ohm[0], cells.heat_w[0] = math.inf, 3000.0
        for label, now in held(cells, "dried", 0.0, 200, 20):
            yield label, (*now, float(cells.aqueous.lost_kg[0]), float(cells.aqueous.dry[0]))


def standing(chemistry: str) -> Numbers:
    cells = cells_of(chemistry, 0.6, 35.0, 2, spread=Spread(capacity=0.05, resistance=0.1))
    cells.ambient_c = 15.0
    cells.thermal.coolant_c, cells.thermal.coolant_k_w = 5.0, 3.0
    for days in (0.002, 20.0):
        cells.stand(86400.0 * days)
        gas = 0.0 if cells.aqueous is None else 1e3 * float(cells.aqueous.hydrogen_mol[1])
        yield f"stood {days:g}d", (*state(cells), *state(cells, 1), gas)
    cells.thermal.cooling = 0.0
    cells.polarise(40.0)
    yield "polarised", (*state(cells), *state(cells, 1))
    yield "asked", (float(cells.voltage_at(75.0)[0]), 1e3 * float(cells.slope_ohm(75.0)[1]))


def cycles() -> Numbers:
    for name in cycle_names():
        trace = read_cycle(find_cycle(name, Path())).load(50.0)
        a = trace.current_a
        yield f"cycle {name}", (float(len(a)), sum(a), max(a), min(a), *a[5 : len(a) : max(1, len(a) // 12)])


RUNS: dict[str, Callable[[str], Numbers]] = {
    "cold": lambda name: working(name, -5.0),
    "warm": lambda name: working(name, 38.0),
    "beyond_full": beyond_full,
    "beyond_empty": beyond_empty,
    "heated": heated,
    "shorted": shorted,
    "drained": drained,
    "standing": standing,
}


def lines_of(numbers: Numbers) -> list[str]:
    return [f"{label}: {' '.join(f'{value:.7g}' for value in values)}" for label, values in numbers]


def stored() -> dict[str, list[str]]:
    """By `chemistry run`."""
    found: dict[str, list[str]] = {}
    for line in STORED.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = now = []
        elif line:
            now.append(line)
    return found


def main() -> None:
    text = ["[cycles]", *lines_of(cycles()), ""]
    for chemistry in Chemistry.shipped():
        for name, run in RUNS.items():
            text += [f"[{chemistry} {name}]", *lines_of(run(chemistry)), ""]
    for name, pack_run in PACK_RUNS.items():
        text += [f"[pack {name}]", *lines_of(pack_run()), ""]
    STORED.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
