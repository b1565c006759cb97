"""What is done to the DUT once it has reacted."""

from dataclasses import replace

from bench.scenario.model import FaultReset, Request
from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import DEVELOPS, REPORTED_NS, Subject, opens
from bench.units import NS_PER_MS, NS_PER_S

LEFT, HELD, HEALED, OFF_AND_ON, RESET_HELD, RESTARTED = (
    "left", "held", "healed", "off-and-on", "reset-held", "restarted",
)  # fmt: skip
_HELD_NS = 5 * NS_PER_S
_ASKED_NS = 1500 * NS_PER_MS  # a DUT that would close again has begun to by then
_OFF_NS = 500 * NS_PER_MS
_PRESSED_NS = 2 * NS_PER_S


def _why_not(subject: Subject, level: str) -> str:
    if subject.develops:
        return DEVELOPS
    if subject.flag.heals:
        return f"'{subject.flag.name}' goes with its cause"
    if level == HELD:
        return ""
    if not subject.plain:
        return "the steps of its file say what comes after its fault"
    return _WHY_NOT.get(level, _why_not_asked)(subject)


def _why_not_restarted(subject: Subject) -> str:
    if "controller_reset" not in subject.capabilities:
        return "this rig cannot reset the DUT's controller"
    if not subject.budget.latched:
        return "its goal asks for no latch that a restart must keep"
    if not (subject.flag.trips and opens(subject.profile, subject.expect.safe_state)):
        return "its contactors are closed, and a restart opens them"
    return ""


def _why_not_healed(subject: Subject) -> str:
    latched = subject.budget.latched and subject.flag.trips
    return "" if latched else "its goal asks for no latch that outlasts its cause"


def _why_not_asked(subject: Subject) -> str:
    return "" if blocks(subject) else "its safe state lets the contactors close"


def _why_not_reset(subject: Subject) -> str:
    if subject.profile.shown("fault_reset", "==", 1.0) is None:
        return "the DUT is never shown a fault reset"
    return _why_not_asked(subject)


_WHY_NOT = {RESTARTED: _why_not_restarted, HEALED: _why_not_healed, RESET_HELD: _why_not_reset}


def blocks(subject: Subject) -> bool:
    """Whether its safe state keeps the contactors open, or from closing once they are."""
    profile, state = subject.profile, subject.expect.safe_state
    inhibit = profile.roles.get("restart_inhibit")
    told = any(test.role == inhibit and test.value == 1 for test in profile.safe_states.get(state, ()))
    return told or (subject.flag.trips and opens(profile, state))


def _apply(draft: VariantDraft, level: str) -> None:
    subject = draft.subject
    profile, done_ns = subject.profile, subject.done_ns
    mode = subject.mode if subject.mode != "off" else "drive"
    match level:
        case "held":
            draft.expects(
                hold_ns=draft.expect.hold_ns + _HELD_NS, window_ns=draft.expect.window_ns + _HELD_NS
            )
            return
        case "healed":
            draft.fault = replace(draft.fault, duration_ns=done_ns)
            draft.expects(hold_ns=draft.expect.hold_ns + _ASKED_NS, dtc_status=())
        case "restarted":
            draft.wait_until(done_ns)
            draft.spend(draft.injection("controller_reset", {}))
            draft.expects(hold_ns=draft.expect.hold_ns + _ASKED_NS)
        case _:
            draft.wait_until(done_ns)
            draft.spend(Request(mode="off", mode_value=-1))
            draft.wait_until(draft.after_ns + _OFF_NS)
            if level == RESET_HELD:
                draft.spend(FaultReset(duration_ns=_PRESSED_NS), _PRESSED_NS)
            draft.spend(Request(mode=mode, mode_value=-1))
            draft.forbids(no_more=("mains_open",))
            draft.wait_until(draft.after_ns + _ASKED_NS)
    if "precharge_command" in profile.roles and draft.expect.onset == "stimulus":
        draft.forbids("precharge_closed")
    draft.expects(window_ns=draft.expect.window_ns + _ASKED_NS + REPORTED_NS)


_OPENED = "its contactors may close before the fault is known"

DIMENSION = Dimension(
    name="after",
    words="what is done to the DUT once it has reacted",
    place=100,
    levels=(
        SpaceLevel(name=LEFT, words="nothing"),
        SpaceLevel(name=HELD, words="the fault and the safe state are held for five seconds more"),
        SpaceLevel(name=HEALED, words="the cause goes: the latch stays"),
        SpaceLevel(
            name=OFF_AND_ON, words="the vehicle asks for off, and for its mode again: it must not close"
        ),
        SpaceLevel(
            name=RESET_HELD, words="off, a fault reset held for two seconds, and on: it must not close"
        ),
        SpaceLevel(name=RESTARTED, words="its controller restarts: the latch stays"),
    ),
    own=lambda _: LEFT,
    why_not=_why_not,
    apply=_apply,
    clash=lambda subject, mine, other: (
        "what a restart does to contactors that are closed in another mode is said by no scenario"
        if mine == RESTARTED and other in ("drive", "charge") and other != subject.mode
        else ""
    ),
    clashes={
        **{(one, "closing"): _OPENED for one in (HEALED, OFF_AND_ON, RESET_HELD, RESTARTED)},
        **{
            (RESTARTED, mode): "a DUT that restarts is initialising for a moment, and in no error"
            for mode in ("standby", "opening")
        },
        **{
            (RESTARTED, second): "what a restart owes to two faults is said by no scenario"
            for second in ("second-before", "second-in-debounce", "second-in-delay")
        },
    },
)
