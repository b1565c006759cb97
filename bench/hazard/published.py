"""Published experiments beside what is computed: same chemistry, a fault like it, a source that can be looked up.

A comparison and no fit: the cells are others, and so are their housings. `recalled`: not read again for this table.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.hazard.result import Band, CaseResult, HarmStage

_ROOM_C = 25.0
FAR_OFF = 2.0


class Compared(StrEnum):
    """What an experiment tells; times in s from the onset of the fault, temperatures in degC."""

    RUNAWAY = "until the runaway"
    NEXT_CELL = "from one cell's runaway to the next cell's harm"
    TOOK_OFF = "temperature of the runaway"
    PEAK = "highest temperature"


TEMPERATURES = (Compared.TOOK_OFF, Compared.PEAK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """low, high: over the cells of the source. mark: as in a chemistry's file (M read, Mr recalled, E derived)."""

    chemistry: str
    case: str
    what: Compared
    low: float
    high: float
    experiment: str
    source: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBeside:
    """off: by how much the computed median is below (< 1) or above (> 1) either end of what was published.

    Temperatures by their rise above the room. Infinite where the model never gets there.
    """

    published: Published
    computed: Band
    off: tuple[float, float]

    @property
    def far_off(self) -> bool:
        """Outside the range, and by more than two against its far end."""
        of_low, of_high = self.off
        return (of_low < 1.0 and of_high < 1.0 / FAR_OFF) or (of_high > 1.0 and of_low > FAR_OFF)


_FERDIGG = "Ferdigg and Essl, Batteries 11 (2025) 323, hottest vent gas in one setup"
_GOLUBKOV = "Golubkov et al., RSC Adv. 4 (2014) 3633, 18650"

PUBLISHED: tuple[Published, ...] = (
    Published(
        chemistry="nmc",
        case="overcharge_1C",
        what=Compared.RUNAWAY,
        low=36 * 60.0,
        high=48 * 60.0,
        experiment="charged at 1C until 160 to 180 % of charge",
        source="Ren et al., J. Power Sources 364 (2017) 328",
        mark="Mr",
    ),
    Published(
        chemistry="nmc",
        case="short_0.01ohm",
        what=Compared.NEXT_CELL,
        low=390.0,
        high=520.0,
        experiment="12 cells of 37 Ah in a row, the middle one heated: all burnt within 43 min, five or six to a side",
        source="Energies 12 (2019) 3099, abstract read; per cell derived",
        mark="E",
    ),
    Published(
        chemistry="nmc",
        case="heat_5K_min",
        what=Compared.TOOK_OFF,
        low=168.0,
        high=230.0,
        experiment="calorimeter and oven, fast runaway from",
        source=f"{_GOLUBKOV}; Feng et al., Energy Storage Mater. 10 (2018) 246",
        mark="Mr",
    ),
    Published(
        chemistry="lfp",
        case="heat_5K_min",
        what=Compared.TOOK_OFF,
        low=187.0,
        high=203.0,
        experiment="oven, fast runaway from",
        source=_GOLUBKOV,
        mark="Mr",
    ),
    Published(
        chemistry="nmc",
        case="heat_5K_min",
        what=Compared.PEAK,
        low=678.0,
        high=1050.0,
        experiment="heated until it burns",
        source=f"{_GOLUBKOV}; {_FERDIGG}",
        mark="M",
    ),
    Published(
        chemistry="lfp",
        case="heat_5K_min",
        what=Compared.PEAK,
        low=404.0,
        high=446.0,
        experiment="heated until it burns",
        source=f"{_GOLUBKOV}; {_FERDIGG}",
        mark="M",
    ),
    Published(
        chemistry="na_ion",
        case="heat_5K_min",
        what=Compared.PEAK,
        low=265.0,
        high=265.0,
        experiment="heated until it burns; the model's file was fitted to it",
        source=_FERDIGG,
        mark="M",
    ),
    Published(
        chemistry="na_nfm",
        case="heat_5K_min",
        what=Compared.PEAK,
        low=502.0,
        high=660.0,
        experiment="one cell, and cells in a row; cathode not named",
        source="Wu et al. 2026, as in the chemistry's file",
        mark="M",
    ),
)
# Nail: what could be read is that a slow nail made six large pouch cells discharge and none run away (Ipek et al.,
# arXiv 2603.09254, abstract), and no time: nothing here is held against it.


def beside(results: Sequence[CaseResult]) -> tuple[HeldBeside, ...]:
    """Those whose case was computed, in the order of PUBLISHED."""
    by_case: Mapping[tuple[str, str], CaseResult] = {(one.chemistry, one.case): one for one in results}
    return tuple(
        _beside(one, by_case[one.chemistry, one.case])
        for one in PUBLISHED
        if (one.chemistry, one.case) in by_case
    )


def _beside(one: Published, result: CaseResult) -> HeldBeside:
    computed = {
        Compared.RUNAWAY: result.stages[HarmStage.RUNAWAY],
        Compared.NEXT_CELL: result.spread,
        Compared.TOOK_OFF: result.took_off_c,
        Compared.PEAK: result.peak_c,
    }[one.what]
    zero = _ROOM_C if one.what in TEMPERATURES else 0.0
    at = computed.mid_s - zero
    low, high = ((at / (end - zero) if math.isfinite(at) else math.inf) for end in (one.low, one.high))
    return HeldBeside(published=one, computed=computed, off=(low, high))
