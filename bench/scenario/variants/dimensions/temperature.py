"""How warm the whole pack is told to be."""

from bench.scenario.model import Wait
from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import Subject
from bench.units import NS_PER_MS

ROOM, COLD, HOT = "room", "cold", "hot"
_INSIDE_K = 3.0
_COLDEST_C = -20.0
_READ_NS = 1500 * NS_PER_MS  # until every sensor of a slow message has been read anew


def _limits(subject: Subject, level: str) -> list[float]:
    names = ("ut_charge", "ut_discharge") if level == COLD else ("ot_charge", "ot_warn")
    return [subject.thresholds[one] for one in names if one in subject.thresholds]


def _value(subject: Subject, level: str) -> float:
    limits = _limits(subject, level)
    return max(limits) + _INSIDE_K if level == COLD else min(limits) - _INSIDE_K


def _why_not(subject: Subject, level: str) -> str:
    if "temperature" not in subject.capabilities:
        return "this rig cannot make its sensors show a temperature"
    if not _limits(subject, level):
        return "the pack has no limits of temperature"
    kind = subject.fault.kind
    if kind.name == "temperature_reading" or (kind.fault_class == "thermal" and kind.name != "temperature"):
        return "its fault makes the pack warm itself, or its sensors lie"
    if kind.name == "temperature" and subject.level is None:
        return "its fault is a temperature beside that of the others"
    return ""


def _apply(draft: VariantDraft, level: str) -> None:
    value_c = _value(draft.subject, level)
    sensors = list(range(1, draft.subject.sensors + 1))
    made = draft.injection("temperature", {"sensors": sensors, "temperature": f"{value_c:g} degC"})
    draft.lead += [made, Wait(duration_ns=_READ_NS)]


DIMENSION = Dimension(
    name="temperature",
    words="how warm the whole pack is told to be",
    place=40,
    levels=(
        SpaceLevel(name=ROOM, words="as the scenario's file has it"),
        SpaceLevel(name=COLD, words="3 K above the highest limit of the cold"),
        SpaceLevel(name=HOT, words="3 K below the lowest limit of the heat"),
    ),
    own=lambda _: ROOM,
    why_not=_why_not,
    apply=_apply,
)
