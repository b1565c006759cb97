"""What `hil list chemistries` tells: every chemistry, what it is based on, where its fit holds, and its file."""

from dataclasses import dataclass
from typing import ClassVar

from bench.plant.chemistry import Chemistry
from bench.plant.find import chemistries
from bench.report.told.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class FitListed:
    """coldest_c, hottest_c: of a cell, in degC. discharge_c_rate, charge_c_rate: in C.

    emptiest, fullest: as a share of 1. by: what it was held against, and how far off it was, in words of the file.
    """

    coldest_c: float
    hottest_c: float
    discharge_c_rate: float
    charge_c_rate: float
    emptiest: float
    fullest: float
    by: str

    @property
    def words(self) -> str:
        return (
            f"{self.coldest_c:g} to {self.hottest_c:g} °C, {self.discharge_c_rate:g}C out, "
            f"{self.charge_c_rate:g}C in, {self.emptiest * 100:g} to {self.fullest * 100:g} %"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChemistryListed:
    """chemistry: its name for --chemistry. based_on: the nearest first. fit: None where its file does not say.

    brought_by: the distribution, "" for a chemistry of the house.
    """

    chemistry: str
    title: str
    capacity_ah: float
    based_on: tuple[str, ...]
    fit: FitListed | None
    file: str
    brought_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChemistriesTold(Document):
    """`hil list chemistries`. troubles: those that cannot be used, a line each."""

    schema_name: ClassVar[str] = "chemistries"
    chemistries: tuple[ChemistryListed, ...]
    troubles: tuple[str, ...]


def chemistries_told() -> ChemistriesTold:
    """All that `--chemistry` takes by name, and what is wrong with the others."""
    known = chemistries()
    wrong = [line for name in known.names() if (line := Chemistry.trouble(name))]
    return ChemistriesTold(
        chemistries=tuple(_listed(name) for name in Chemistry.known()),
        troubles=tuple(dict.fromkeys((*known.troubles(), *wrong))),
    )


def _listed(name: str) -> ChemistryListed:
    known = chemistries()
    read, origin = Chemistry.load(name), known.origin(name)
    fit = read.validity
    return ChemistryListed(
        chemistry=name,
        title=read.name,
        capacity_ah=read.capacity_ah,
        based_on=read.based_on,
        fit=None
        if fit is None
        else FitListed(
            coldest_c=fit.coldest_c,
            hottest_c=fit.hottest_c,
            discharge_c_rate=fit.discharge_c_rate,
            charge_c_rate=fit.charge_c_rate,
            emptiest=fit.emptiest,
            fullest=fit.fullest,
            by=read.figures["validity.T_min_C"].source,
        ),
        file=str(known.get(name)),
        brought_by="" if origin is None else f"{origin.distribution} {origin.version}",
    )
