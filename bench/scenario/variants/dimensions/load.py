"""Which current flows when the fault strikes."""

from dataclasses import replace

from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import DEVELOPS, Subject

LIGHT, IDLE, HEAVY, REVERSED = "light", "idle", "heavy", "reversed"
_SHARE = 0.6  # of the lowest limit: a good DUT bears it for ever
_LIMITS = {"drive": ("oc_discharge", "oc_continuous"), "charge": ("oc_charge",)}


def _why_not(subject: Subject, level: str) -> str:
    start, fault = subject.scenario.start, subject.fault.kind
    if start.mode == "off":
        return "no contactor is closed in the mode of its file"
    if subject.develops:
        return DEVELOPS
    if start.reaches is not None or not start.current_a:
        return "its file is about its own load"
    if fault.fault_class == "current" or fault.name == "current_reading":
        return "its fault is one of the current"
    if not subject.plain and not all(hasattr(one, "kind") for one in subject.scenario.steps):
        return "the steps of its file set a load"
    if level == REVERSED and fault.name.startswith("cell_voltage"):
        return (
            "a cell that the emulator holds stands still while the others move: it would be taken for frozen"
        )
    if level == HEAVY and not _known(subject, start.mode):
        return "the pack has no limit of current"
    return ""


def _known(subject: Subject, mode: str) -> list[float]:
    return [subject.thresholds[one] for one in _LIMITS.get(mode, ()) if one in subject.thresholds]


def _apply(draft: VariantDraft, level: str) -> None:
    now_a, mode = draft.start.current_a, draft.start.mode
    heavy_a = _SHARE * min(_known(draft.subject, mode), default=0.0)
    changed = {IDLE: 0.0, REVERSED: -now_a, HEAVY: heavy_a if now_a > 0 else -heavy_a}
    draft.start = replace(draft.start, current_a=changed[level], current=None)


_NO_LOAD = "no current flows while the contactors are open"

DIMENSION = Dimension(
    name="load",
    words="which current flows when the fault strikes",
    place=60,
    levels=(
        SpaceLevel(name=LIGHT, words="as the scenario's file has it"),
        SpaceLevel(name=IDLE, words="none"),
        SpaceLevel(name=HEAVY, words="60 % of the lowest limit, in the direction of the file"),
        SpaceLevel(name=REVERSED, words="as much in the other direction: recuperation"),
    ),
    own=lambda _: LIGHT,
    why_not=_why_not,
    apply=_apply,
    clashes={
        **{
            (load, mode): _NO_LOAD
            for load in (IDLE, HEAVY, REVERSED)
            for mode in ("standby", "closing", "opening")
        },
        (REVERSED, "charge"): "a charger only charges",
    },
)
