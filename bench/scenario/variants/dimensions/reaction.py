"""Which reaction is asked for: the trip, or the warning before it."""

from collections import Counter
from dataclasses import replace

from bench.config.profile import Flag
from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.dimensions.depth import at_level
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import Subject, opens

TRIP, WARNING, DERATING = "trip", "warning", "derating"
_BETWEEN = 0.5  # of the way from the warning's limit to the trip's


def _why_not(subject: Subject, level: str) -> str:
    if level == DERATING:
        return "the profile names no limit of current that a warning has to bring: what always holds asks for that"
    if subject.level is None:
        return "its fault names no level of the flag's limit"
    if warning_of(subject) is None:
        return f"the profile has no warning before '{subject.flag.name}'"
    if warned_state(subject) is None:
        return "no scenario says what a warning demands"
    return "" if subject.plain else "the steps of its file are about its trip"


def warning_of(subject: Subject) -> Flag | None:
    """The warning of the same quantity, in the same direction, short of the trip."""
    limit = subject.flag.limit
    if limit is None or not subject.flag.trips:
        return None
    sign = 1.0 if subject.above else -1.0
    for flag in subject.profile.flags.values():
        other = flag.limit
        if flag.trips or other is None or other.quantity != limit.quantity or other.op[0] != limit.op[0]:
            continue
        if other.threshold not in subject.thresholds:
            continue
        if sign * (subject.thresholds[limit.threshold] - subject.thresholds[other.threshold]) > 0:
            return flag
    return None


def warned_state(subject: Subject) -> str | None:
    """The safe state that most scenarios of mere warnings ask for."""
    flags = subject.profile.flags
    asked = Counter(
        one.expect.safe_state
        for one in subject.library
        if one.expect is not None and one.expect.flag in flags and not flags[one.expect.flag].trips
        if not opens(subject.profile, one.expect.safe_state)
    )
    return asked.most_common(1)[0][0] if asked else None


def _apply(draft: VariantDraft, level: str) -> None:  # noqa: ARG001
    subject = draft.subject
    warning, state, named = warning_of(subject), warned_state(subject), subject.level
    trip = subject.flag.limit
    assert warning is not None and warning.limit is not None and trip is not None  # noqa: S101 - asked before
    assert state is not None and named is not None  # noqa: S101
    warns, trips = subject.thresholds[warning.limit.threshold], subject.thresholds[trip.threshold]
    draft.fault = at_level(draft.fault, named[0], warns + _BETWEEN * (trips - warns), named[1].dimension)
    draft.fault = replace(draft.fault, shape=draft.fault.shape.model_copy(update={"beyond": True}))
    draft.expects(flag=warning.name, safe_state=state, states=(), dtc_status=())
    draft.forbids("mains_open", "other_trip", no_more=("precharge_closed",))
    if draft.start.mode == "off":
        draft.forbids(no_more=("mains_open",))
    draft.forbids(subject.flag.name)


_TRIPS = "a warning leaves the contactors as they are"

DIMENSION = Dimension(
    name="reaction",
    words="which reaction is asked for",
    place=30,
    levels=(
        SpaceLevel(name=TRIP, words="what the scenario's file asks for"),
        SpaceLevel(name=WARNING, words="the warning between its limit and that of the trip"),
        SpaceLevel(name=DERATING, words="less current"),
    ),
    own=lambda _: TRIP,
    why_not=_why_not,
    apply=_apply,
    clashes={
        (WARNING, "far"): "so far beyond it trips",
        (WARNING, "end-of-range"): "so far beyond it trips",
        (WARNING, "off-and-on"): _TRIPS,
        (WARNING, "reset-held"): _TRIPS,
        (WARNING, "restarted"): _TRIPS,
        (WARNING, "healed"): "a warning goes with its cause",
        **{
            (WARNING, second): "what opens for the second fault is no matter of the warning"
            for second in ("second-before", "second-in-debounce", "second-in-delay")
        },
        (WARNING, "opening"): "a warning of the way out is none that a scenario asks for",
    },
)
