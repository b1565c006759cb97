"""Which of the statements that hold in every shot are looked at on a bench."""

from collections.abc import Iterator
from dataclasses import astuple

from bench.scenario.always import Stands, Statements
from bench.wiring.common import Wired

HOLDS, OFF, LACKS = "holds", "off", "lacks"


def stands(wired: Wired) -> Iterator[Stands]:
    """Every statement there is, for the DUT and the pack of this bench."""
    pack = wired.config.pack
    return Statements(
        profile=wired.profile,
        databases=wired.databases,
        thresholds=wired.thresholds(),
        cells=pack.cells,
        sensors=pack.sensors,
    ).stand()


def always_told(wired: Wired) -> list[list[str]]:
    """For the header of a run: statement, how it stands, and why."""
    return [[one.name, *_how(one)] for one in stands(wired)]


def stated(wired: Wired) -> dict[str, list[list[str]]]:
    """What the profile says that a reader of the report has to know: by the key of the header."""
    corrected = [list(astuple(one)) for one in wired.corrected]
    return {"always": always_told(wired), "corrected": corrected}


def _how(one: Stands) -> tuple[str, str]:
    if one.statement is not None:
        return HOLDS, ""
    return (OFF, one.off) if one.off else (LACKS, one.lacks)
