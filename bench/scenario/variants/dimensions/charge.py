"""How full the pack is."""

from dataclasses import replace

from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import Subject

HALF, LOW, HIGH = "half", "low-charge", "high-charge"
_SOC = {LOW: 0.25, HIGH: 0.80}
_MIDDLE = (0.3, 0.7)  # the file says something by a charge outside


def _why_not(subject: Subject, level: str) -> str:  # noqa: ARG001
    start = subject.scenario.start
    if start.reaches is not None or start.soc is None or not _MIDDLE[0] <= start.soc <= _MIDDLE[1]:
        return "its file is about its own state of charge"
    if subject.fault.kind.name in ("cell_charge", "cell_outlier", "string_charge"):
        return "its fault is one of the cells' charge"
    if subject.fault.kind.name == "cell_reading":
        return "its fault shifts what is read of cells, which near the end of their curve is another limit's matter"
    return ""


def _apply(draft: VariantDraft, level: str) -> None:
    draft.start = replace(draft.start, soc=_SOC[level])


DIMENSION = Dimension(
    name="charge",
    words="how full the pack is",
    place=50,
    levels=(
        SpaceLevel(name=HALF, words="as the scenario's file has it, in the middle"),
        SpaceLevel(name=LOW, words="25 %"),
        SpaceLevel(name=HIGH, words="80 %"),
    ),
    own=lambda _: HALF,
    why_not=_why_not,
    apply=_apply,
)
