"""The defective builds of the firmware that the bench is measured by."""

from dataclasses import replace

from bench.wiring.common import Wired
from firmware_stubs.mutants import FURTHER_CLASSES, MUTANT_CLASSES, RARE


def mutant_classes() -> dict[str, dict[str, str]]:
    """Class of fault to builds, and what is wrong with each."""
    return {
        kind: {name: mutant.description for name, mutant in table.items()}
        for kind, table in MUTANT_CLASSES.items()
    }


def further_mutant_classes() -> dict[str, dict[str, str]]:
    """The same, of those of which the library does not yet catch all: run where they are named."""
    return {
        kind: {name: mutant.description for name, mutant in table.items()}
        for kind, table in FURTHER_CLASSES.items()
    }


def rare_mutants() -> dict[str, str]:
    """Builds whose defect a library need not meet: for the hunt."""
    return {name: mutant.description for name, mutant in RARE.items()}


def with_firmware(wired: Wired, name: str) -> Wired:
    """The same bench with another build."""
    config = wired.config
    return replace(wired, config=replace(config, dut=replace(config.dut, firmware=name)))
