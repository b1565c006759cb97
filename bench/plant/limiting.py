"""The largest current a cell can give. It is limited by the supply of ions. No ions come through a separator that
has shut, or a gel that is dry.

The current of the last moments, seen through a lag, may not exceed the limit. Each ampere above it costs voltage, so
that a short draws the limit and no more; the cost is at most the whole voltage of the cell. The lag stands for the
ions that are ready in the pores. So in its first second a short is as large as the resistance allows.
"""

import numpy as np
import numpy.typing as npt

from bench.plant.abuse_facts import Limit
from bench.plant.source import FloatArray

_STEEP_OHM = 2.0  # a cell behind a shut separator still drives 2 A into a dead short: 8 W, less than it loses
_SHUTS_WITHIN_K = 5.0
_WAKES_AT = 0.25  # of the limit; below, nothing is booked
_NEVER_A = 1e12


class LimitingCurrent:
    """`drop_v` beyond `free_a`, which is what each cell can give in a step of the held length. Currents > 0 discharge.

    `share` of the limit is left to each cell, 0 where it conducts no more. It falls by `keep` and never rises.
    `least_share`: the smallest of them.
    """

    def __init__(self, facts: Limit, capacity_ah: FloatArray) -> None:
        self._facts = facts
        count = capacity_ah.size
        self._capacity_ah = capacity_ah.copy()  # as made: lost charge takes no area from the electrodes
        self._factor: FloatArray = np.ones(count)
        self._whole_a: FloatArray = np.zeros(count)
        self.share: FloatArray = np.ones(count)
        self.least_share = 1.0
        self._reached_a: FloatArray = np.zeros(count)
        self.free_a: FloatArray = np.full(count, _NEVER_A)
        self.ohm = 0.0
        self._decay = 0.0
        self.awake = False
        self._wakes_a = 0.0
        self.vary(np.ones(count))
        self.hold(0.1)

    def vary(self, factor: FloatArray) -> None:
        """Let the cells' limits differ from the file's from now on."""
        self._factor[:] = factor
        self._whole_a[:] = self._facts.c_rate * self._capacity_ah * self._factor
        self._wakes_a = _WAKES_AT * self._facts.c_rate * float((self._factor * self._capacity_ah).min())

    @property
    def broken(self) -> bool:
        """Whether nothing is left to some cell."""
        return self.awake and self.least_share <= 0.0

    def conducting(self, alive: FloatArray | None) -> npt.NDArray[np.bool_]:
        """Which cells carry any current: not behind a separator that has shut, nor in a gel that is dry.

        alive: the share of its voltage that each has kept; None: all of it. Where the separator has collapsed the
        electrodes touch: that cell is fed by others.
        """
        able: npt.NDArray[np.bool_] = self.share > 0.0
        return able if alive is None else able | (alive < 1.0)

    def breaks(self, alive: FloatArray | None) -> bool:
        """Whether some cell carries no current, and so no string of single cells that it is in."""
        return self.broken and not self.conducting(alive).all()

    def hold(self, dt_s: float) -> None:
        """Steps of this length from now on."""
        self._decay = float(np.exp(-dt_s / self._facts.tau_s))
        self.ohm = _STEEP_OHM * (1.0 - self._decay)
        if self.awake:
            self._free()

    def _free(self) -> None:
        free_a = self.free_a
        np.multiply(self._decay, self._reached_a, out=free_a)
        limit_a = self._whole_a if self.least_share == 1.0 else self._whole_a * self.share
        np.subtract(limit_a, free_a, out=free_a)
        free_a /= 1.0 - self._decay

    def noticed(self, largest_a: float) -> bool:
        """Whether this current, or an earlier one, is so large that it has to be booked."""
        return self.awake or largest_a > self._wakes_a

    def advance(self, current_a: FloatArray) -> None:
        """One step at `current_a` is over."""
        self._reached_a *= self._decay
        self._reached_a += (1.0 - self._decay) * np.maximum(current_a, 0.0)
        moved = float(self._reached_a.max()) > 0.1 * self._wakes_a or float(current_a.max()) > self._wakes_a
        self.awake = moved or self.least_share < 1.0
        if self.awake:
            self._free()
        else:
            self._reached_a[:] = 0.0
            self.free_a[:] = _NEVER_A

    def shut(self, temp_c: FloatArray, fed_within: npt.NDArray[np.bool_]) -> None:
        """The separator's pores close. A short within a cell is fed from beside it, by what is still cool."""
        if self._facts.shutdown_c is not None and temp_c.max() > self._facts.shutdown_c:
            left = 1.0 - (temp_c - self._facts.shutdown_c) / _SHUTS_WITHIN_K
            self.keep(np.where(fed_within, 1.0, left))

    def keep(self, share: FloatArray) -> None:
        """At most this share of the limit from now on."""
        np.minimum(self.share, np.clip(share, 0.0, 1.0), out=self.share)
        self.least_share = float(self.share.min())
        if self.least_share < 1.0:
            self.awake = True
            self._free()

    def drop_v(self, current_a: float | FloatArray, inner_v: FloatArray) -> FloatArray:
        """By how much the voltage falls short; `inner_v` is all there is to lose."""
        beyond: FloatArray = np.maximum(0.0, self.ohm * (current_a - self.free_a))
        return np.minimum(beyond, np.maximum(inner_v, 0.0))
