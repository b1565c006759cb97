"""Defects after public reports of open BMS projects. Each description names its report: repository and number."""

from firmware_stubs.defects import reported_reactions, reported_values
from firmware_stubs.defects.mutant import Mutant

DEFECTS: dict[str, Mutant] = {**reported_reactions.DEFECTS, **reported_values.DEFECTS}
