"""Where a chemistry's fit holds: the temperatures, rates and states of charge that its curves were judged on."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.plant.source import Source
from bench.trace.events import Fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Ends that are inside. Temperatures of a cell in degC, rates > 0 in capacities an hour, charge as a share of 1."""

    coldest_c: float
    hottest_c: float
    discharge_c_rate: float
    charge_c_rate: float
    emptiest: float
    fullest: float

    def temperatures(self, lowest_c: float, highest_c: float) -> Iterator[tuple[Fitted, float, float]]:
        """(side, value, bound) of what lies outside."""
        if lowest_c < self.coldest_c:
            yield Fitted.COLD, lowest_c, self.coldest_c
        if highest_c > self.hottest_c:
            yield Fitted.HOT, highest_c, self.hottest_c

    def charges(self, lowest: float, highest: float) -> Iterator[tuple[Fitted, float, float]]:
        if lowest < self.emptiest:
            yield Fitted.EMPTY, lowest, self.emptiest
        if highest > self.fullest:
            yield Fitted.FULL, highest, self.fullest

    def rates(self, lowest: float, highest: float) -> Iterator[tuple[Fitted, float, float]]:
        """Where a current from `lowest` (< 0 charges) to `highest` leaves the fit: side, rate, bound (in C)."""
        if highest > self.discharge_c_rate:
            yield Fitted.DISCHARGE, highest, self.discharge_c_rate
        if -lowest > self.charge_c_rate:
            yield Fitted.CHARGE, -lowest, self.charge_c_rate


def read_validity(source: Source) -> Validity | None:
    """None where the file says nothing, as those of earlier versions."""
    if not source.has("validity"):
        return None
    celsius = (-100.0, 200.0)
    found = Validity(
        coldest_c=source.number("validity.T_min_C", within=celsius),
        hottest_c=source.number("validity.T_max_C", within=celsius),
        discharge_c_rate=source.number("validity.discharge_C_rate", positive=True),
        charge_c_rate=source.number("validity.charge_C_rate", positive=True),
        emptiest=source.number("validity.soc_min", within=(0.0, 1.0)),
        fullest=source.number("validity.soc_max", within=(0.0, 1.0)),
    )
    source.ascending("validity", T_min_C=found.coldest_c, T_max_C=found.hottest_c)
    source.ascending("validity", soc_min=found.emptiest, soc_max=found.fullest)
    return found
