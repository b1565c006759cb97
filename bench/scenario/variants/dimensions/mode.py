"""In which mode of the DUT the fault strikes."""

from bench.scenario.forbidden import state_of
from bench.scenario.model import InjectText, Request, Scenario, Wait
from bench.scenario.variants.chance import share_of
from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import DEVELOPS, Subject, opens, place_of
from bench.units import NS_PER_MS

STANDBY, CLOSING, DRIVE, CHARGE, OPENING = "standby", "closing", "drive", "charge", "opening"
AT_REST = (STANDBY, CLOSING, OPENING)
CURRENT_A = 20.0
_OF_MODE = {"off": STANDBY, "drive": DRIVE, "charge": CHARGE}
# From the request on, the contactors close one after the other, and the link charges meanwhile.
_CLOSES_NS = 300 * NS_PER_MS
_OPENS_NS = 60 * NS_PER_MS


def _own(subject: Subject) -> str:
    return _OF_MODE[subject.mode]


def _why_not(subject: Subject, level: str) -> str:
    asked = {STANDBY: "off", CLOSING: "drive", OPENING: "drive"}.get(level, level)
    if asked not in subject.profile.modes or state_of(asked) not in subject.profile.states:
        return f"the DUT's profile has no mode '{asked}'"
    return _why_not_of_fault(subject) or _why_not_demanded(subject, level, asked)


def _why_not_of_fault(subject: Subject) -> str:
    fault, flag = subject.fault.kind, subject.flag
    if not subject.plain:
        return "the steps of its file are about their mode"
    if flag.limit is not None and flag.limit.mode is not None:
        return f"the limit of '{flag.name}' is one of {flag.limit.mode} alone"
    if subject.develops:
        return DEVELOPS
    if fault.fault_class == "current" or fault.name == "current_reading":
        return "it is about the current in the mode of its file"
    if fault.fault_class in ("contactors", "supply"):
        return "what has to follow it depends on which contactors are closed, and no scenario says what it is there"
    return ""


def _why_not_demanded(subject: Subject, level: str, asked: str) -> str:
    """Whether the library says what the DUT owes there."""
    profile, flag = subject.profile, subject.flag
    told, opening = stated(subject, asked), opens(profile, subject.expect.safe_state)
    if told is None and any(
        opens(profile, one.expect.safe_state) != opening
        for one in subject.library
        if one.expect is not None and one.expect.flag == flag.name
    ):
        return f"what '{flag.name}' demands depends on the mode, and no scenario says what it is there"
    if opening and level in (STANDBY, OPENING) and locked_out(subject) is None:
        return "the profile has no safe state of open contactors that a DUT in standby does not hold already"
    if not opening and flag.trips and told is None:
        return f"no scenario says what '{flag.name}' demands in '{asked}'"
    return ""


def locked_out(subject: Subject) -> str | None:
    """A state of open contactors that standby is not: an error is told with the flag."""
    profile = subject.profile
    roles, error = profile.roles, float(profile.states["error"])
    allowed = {
        roles[one] for one in ("plus_command", "minus_command", "precharge_command", "state") if one in roles
    }
    for name, tests in profile.safe_states.items():
        is_error = any(test.role == roles["state"] and test.value == error for test in tests)
        if is_error and name in profile.safe_states_with_flag and {test.role for test in tests} <= allowed:
            return name
    return None


def stated(subject: Subject, mode: str) -> Scenario | None:
    """A scenario of the library that says what the flag demands in a mode."""
    for one in subject.library:
        if one.expect is None or one.expect.flag != subject.flag.name or one.start.mode != mode:
            continue
        if len(one.steps) == 1 and place_of(one) == 0 and isinstance(one.steps[0], InjectText):
            return one
    return None


def _apply(draft: VariantDraft, level: str) -> None:
    subject = draft.subject
    modes = {STANDBY: "off", CLOSING: "off", OPENING: "drive"}
    mode = modes.get(level, level)
    current_a = {DRIVE: CURRENT_A, CHARGE: -CURRENT_A}.get(level, 0.0)
    draft.start = type(draft.start)(
        mode=mode, soc=draft.start.soc, current_a=current_a, soh=draft.start.soh, reaches=None
    )
    opening = opens(subject.profile, draft.expect.safe_state)
    told = stated(subject, {CLOSING: "drive"}.get(level, mode))
    if told is not None and told.expect is not None:
        draft.expects(safe_state=told.expect.safe_state, states=(), forbidden=told.expect.forbidden)
        opening = opens(subject.profile, told.expect.safe_state)
    if level in AT_REST:
        draft.forbids(no_more=("mains_open", *(("precharge_closed",) if level != STANDBY else ())))
    if level in (STANDBY, OPENING) and opening:
        draft.expects(safe_state=locked_out(subject) or draft.expect.safe_state, states=())
    if level == CLOSING:
        draft.near.append(Request(mode="drive", mode_value=-1))
        draft.near.append(Wait(duration_ns=round(share_of(draft.id, "closing") * _CLOSES_NS) + 1))
    if level == OPENING:
        draft.near.append(Request(mode="off", mode_value=-1))
        draft.near.append(Wait(duration_ns=round(share_of(draft.id, "opening") * _OPENS_NS) + 1))


DIMENSION = Dimension(
    name="mode",
    words="the DUT's mode when the fault strikes",
    place=10,
    levels=(
        SpaceLevel(name=DRIVE, words="driving, contactors closed"),
        SpaceLevel(name=CHARGE, words="charging, contactors closed"),
        SpaceLevel(name=STANDBY, words="standby, contactors open"),
        SpaceLevel(
            name=CLOSING, words="somewhere in the 300 ms in which the contactors close and the link charges"
        ),
        SpaceLevel(name=OPENING, words="within 60 ms after the request to open"),
    ),
    own=_own,
    why_not=_why_not,
    apply=_apply,
)
