"""Which figure decides a time: its share of the spread, by rank correlation over the draws (Spearman's rho squared).

A rank index needs no second set of draws, and does not assume a straight line. It cannot see figures that act
together, or effects that turn round. These are the rest, which is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.plant.chemistry import FloatArray

_TWO_SIGMA = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureShare:
    """share: of the variance of the time's rank, 0..1. later: a larger figure makes it later."""

    figure: str
    share: float
    later: bool


def told_apart_from(draws: int) -> float:
    """The share below which this number of draws cannot tell a figure from one without effect (95 %)."""
    return min(1.0, _TWO_SIGMA**2 / max(1, draws - 1))


def shares_of(times_s: FloatArray, drawn: Mapping[str, FloatArray]) -> tuple[FigureShare, ...]:
    """The largest first; none where all times are alike, as where nothing ever happens. Never reached ranks last.

    The first sample is the file's own and no draw. A share is lowered by what chance alone gives.
    """
    ranks = _ranks(times_s[1:])
    if ranks.size < 3 or np.ptp(ranks) == 0.0:
        return ()
    found = []
    for name, values in drawn.items():
        of = _ranks(values[1:])
        if np.ptp(of) == 0.0:
            continue
        rho = float(np.corrcoef(ranks, of)[0, 1])
        chance = 1.0 / (ranks.size - 1)
        share = max(0.0, (rho * rho - chance) / (1.0 - chance))
        found.append(FigureShare(figure=name, share=share, later=rho > 0.0))
    return tuple(sorted(found, key=lambda one: -one.share))


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1 on; equal values have the mean of theirs. scipy's `rankdata` costs a second to import."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    mean: FloatArray = np.cumsum(sizes) - (sizes - 1) / 2
    return mean[group]
