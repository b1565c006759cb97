"""The plant does what it did: stored runs of every chemistry, to seven digits, told line by line where one moves."""

import math

import pytest
from pack_trajectories import PACK_RUNS
from plant_trajectories import RUNS, Numbers, cycles, lines_of, stored

from bench.plant.chemistry import Chemistry

STORED = stored()
_CLOSE = 1e-4  # another numpy, another machine
_SMALL = 1e-5


def moved(was: list[str], now: list[str]) -> list[str]:
    """Lines whose numbers differ, both ways."""
    if len(was) != len(now):
        return [f"{len(was)} lines stored, {len(now)} found"]
    return [f"was {a}\nnow {b}" for a, b in zip(was, now, strict=True) if not _same(a, b)]


def _same(one: str, other: str) -> bool:
    (label, values), (label_2, values_2) = one.rsplit(": ", 1), other.rsplit(": ", 1)
    a, b = [float(x) for x in values.split()], [float(x) for x in values_2.split()]
    alike = len(a) == len(b) and all(
        math.isclose(x, y, rel_tol=_CLOSE, abs_tol=_SMALL) for x, y in zip(a, b, strict=True)
    )
    return label == label_2 and alike


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
@pytest.mark.parametrize("run", RUNS)
def test_every_stored_run_of_the_plant_is_as_it_was(chemistry: str, run: str) -> None:
    found = lines_of(RUNS[run](chemistry))
    assert moved(STORED[f"{chemistry} {run}"], found) == []


@pytest.mark.parametrize("run", PACK_RUNS)
def test_every_stored_run_of_a_pack_is_as_it_was(run: str) -> None:
    assert moved(STORED[f"pack {run}"], lines_of(PACK_RUNS[run]())) == []


def test_every_schedule_loads_the_pack_as_it_did() -> None:
    found = lines_of(cycles())
    assert moved(STORED["cycles"], found) == []


def test_a_line_that_moved_is_told() -> None:
    def run(volt: float) -> Numbers:
        yield "1s", (volt, 25.0)

    assert moved(lines_of(run(3.7)), lines_of(run(3.701))) == ["was 1s: 3.7 25\nnow 1s: 3.701 25"]
    assert moved(lines_of(run(3.7)), lines_of(run(3.70001))) == []
