"""In which order the shots of a scenario are fired: shuffled, so that a drift of the rig is no drift of the phase.

A shot's index says which stratum of the injection phase it has, and with seed and scenario what it is. Only its turn is
drawn here, so every shot is the same whenever it is fired, alone, again or by whichever worker.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Which shot of its scenario it is. place: in the firing order; None where no campaign fires it."""

    index: int
    seed: int
    stratum: int
    place: int | None


@lru_cache(maxsize=1024)
def firing_order(run_seed: int, scenario_id: str, repeat: int) -> tuple[int, ...]:
    """The indices of the shots as they are fired. By hashes: the same on every Python, and each order as likely."""
    return tuple(sorted(range(repeat), key=lambda index: _drawn(run_seed, scenario_id, index)))


def place_of(run_seed: int, scenario_id: str, index: int, repeat: int) -> int | None:
    """The place of shot `index` in the firing order, from 0; None for an index out of range."""
    return firing_order(run_seed, scenario_id, repeat).index(index) if 0 <= index < repeat else None


def stratum_of(index: int, repeat: int) -> int:
    """Which of `repeat` equal parts of the swept phase the shot has, from 0."""
    return index % max(1, repeat)


def _drawn(run_seed: int, scenario_id: str, index: int) -> bytes:
    return hashlib.sha256(f"{run_seed}/{scenario_id}/{index}/turn".encode()).digest()
