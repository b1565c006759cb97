"""What lies across the cells' terminals, internal shorts and bleeds, and what it draws."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.plant.source import FloatArray

_NEWTON_ROUNDS = 8
_STARVED_ROUNDS = 30  # a limit bends the curve the other way: one step may lead beyond, and comes back
_SMALLEST_OHM = 1e-6  # a dead short


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """What drives a current, one value per cell: V(I) = emf - r0 I - two_rt_f asinh(bend I), `bend` in 1/A.

    Less `starved_ohm` for each ampere above `free_a`.
    """

    emf_v: FloatArray
    r0_ohm: FloatArray
    two_rt_f_v: FloatArray
    bend: FloatArray
    starved_ohm: float
    free_a: FloatArray


class Shunts:
    """`ohm`: a row for internal shorts, a row for bleeds; inf: no shunt. It may be written at any time."""

    def __init__(self, ohm: FloatArray) -> None:
        self._ohm = ohm
        self._ohm[:] = math.inf

    def any(self) -> bool:
        return bool(self._ohm.min() < math.inf)

    def cells(self) -> npt.NDArray[np.intp]:
        """Those (0-based) that have one."""
        return np.flatnonzero(self._ohm.min(axis=0) < math.inf)

    def meet(
        self, at: npt.NDArray[np.intp], drive: Drive, demanded_a: float | FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The current through the chemistry of the cells `at` and their terminal voltage: I = I_demanded + V(I)/R."""
        siemens = (1.0 / np.maximum(self._ohm[:, at], _SMALLEST_OHM)).sum(axis=0)
        emf_v, r0_ohm, two_rt_f, bend = drive.emf_v, drive.r0_ohm, drive.two_rt_f_v, drive.bend
        here_a: FloatArray = np.zeros(at.size)
        starved_ohm, free_a = drive.starved_ohm, drive.free_a
        rounds = _STARVED_ROUNDS if starved_ohm else _NEWTON_ROUNDS
        for _ in range(rounds):  # from 0, where the slope is largest: no overshoot
            bent = bend * here_a
            volt = emf_v - r0_ohm * here_a - two_rt_f * np.arcsinh(bent)
            slope_ohm = r0_ohm + two_rt_f * bend / np.sqrt(1.0 + bent * bent)
            if starved_ohm:
                volt -= starved_ohm * np.maximum(0.0, here_a - free_a)
                slope_ohm += starved_ohm * (here_a > free_a)
            here_a -= (here_a - demanded_a - siemens * volt) / (1.0 + siemens * slope_ohm)
        if starved_ohm or np.any(emf_v < 0.0):
            # Only a current that others drive takes a cell below 0 V: what an exhausted or starved one still has of
            # polarisation has nothing to draw on, and drives none back through its short.
            np.maximum(here_a, np.minimum(demanded_a, 0.0), out=here_a)
        return here_a, (here_a - demanded_a) / siemens


def short_heat_w(voltage_v: FloatArray, short_ohm: FloatArray) -> FloatArray:
    """What an internal short turns into heat inside its cell; a bleed's heat arises outside."""
    heat: FloatArray = voltage_v**2 / np.maximum(short_ohm, _SMALLEST_OHM)
    return heat
