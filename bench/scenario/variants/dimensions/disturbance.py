"""What else is not as it should be while the fault strikes, which a good DUT bears."""

from bench.scenario.model import InjectText, Request, Scenario, Wait
from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import Subject
from bench.units import NS_PER_MS

CALM, LOST_FRAMES, LOW_SUPPLY, BALANCING, BUS_LOAD = (
    "calm",
    "lost-frames",
    "low-supply",
    "balancing",
    "bus-load",
)
ONE_IN = 20
_KNOWN_NS = 1000 * NS_PER_MS  # until the DUT has told what it tells of it
_REFUSES = "a DUT may refuse to close its contactors at a low supply"
# Which scenario of the library says what the DUT tells of it: by the kind of its fault.
_OF_KIND = {LOW_SUPPLY: "supply_voltage", BALANCING: "balancing_stuck", BUS_LOAD: "babbling_idiot"}


def _why_not(subject: Subject, level: str) -> str:
    kind = subject.fault.kind
    if level == LOST_FRAMES:
        if kind.fault_class == "communication":
            return "its fault is one of the bus itself"
        if message_of(subject) is None:
            return "what shows its fault is no message that this bench can lose frames of"
        return "" if "message" in subject.capabilities else "this rig does not send the DUT's messages"
    told = told_by(subject, level)
    if told is None:
        return f"no scenario says what the DUT tells of a {_OF_KIND[level]} that it bears"
    if kind.name == _OF_KIND[level] or (kind.fault_class == "supply" and level == LOW_SUPPLY):
        return "its fault is one of the same kind"
    if level == LOW_SUPPLY and any(
        isinstance(one, Request) and one.mode != "off" for one in subject.scenario.steps
    ):
        return _REFUSES
    if level == BUS_LOAD and kind.fault_class == "communication":
        return "its fault is one of the bus itself"
    return ""


def told_by(subject: Subject, level: str) -> Scenario | None:
    """A scenario of a single such fault, under which the DUT keeps its contactors closed."""
    found = []
    for one in subject.library:
        step = one.steps[0] if len(one.steps) == 1 else None
        if not isinstance(step, InjectText) or step.kind.name != _OF_KIND[level]:
            continue
        if set(one.needs) - subject.capabilities or one.lane != "short" or one.known_gap is not None:
            continue
        borne = one.expect is None or "mains_open" in one.expect.forbidden
        if borne and step.duration_ns is None:
            found.append(one)
    # What the DUT has to tell of it is known better than that it has to stay quiet.
    return min(found, key=lambda one: (one.expect is None, one.id), default=None)


def message_of(subject: Subject) -> tuple[str, str] | None:
    """The message that shows the fault, where it is one frame a cycle; the front end's sweeps are not."""
    quantities = set(subject.fault.kind.shows)
    for play in subject.profile.plays:
        if not any(one.quantity in quantities for one in play.shown):
            continue
        database = subject.databases.get(play.channel)
        message = database[play.message] if database is not None and play.message in database else None
        if message is None or message.mux is not None or message.cycle_ns == 0 or play.by != "bench":
            continue
        return play.channel, play.message
    return None


def _apply(draft: VariantDraft, level: str) -> None:
    subject = draft.subject
    if level == LOST_FRAMES:
        found = message_of(subject)
        assert found is not None  # noqa: S101 - asked before
        draft.lead.append(
            draft.injection("message", {"message": ".".join(found), "error": "lost", "one_in": ONE_IN})
        )
        draft.expects(floor_ns=None, floor_from_profile=False, ceiling_ns=None, ceiling_from_profile=False)
        return
    told = told_by(subject, level)
    assert told is not None  # noqa: S101 - asked before
    step = told.steps[0]
    for need in told.needs:
        draft.need(need)
    draft.lead += [step, Wait(duration_ns=_KNOWN_NS)]
    asked = told.expect or told.quiet
    own = () if told.expect is None else (told.expect.flag,)
    draft.also += [*own, *(asked.also if asked is not None else ())]


DIMENSION = Dimension(
    name="disturbance",
    words="what else is not as it should be, and is borne",
    place=80,
    levels=(
        SpaceLevel(name=CALM, words="nothing"),
        SpaceLevel(
            name=LOST_FRAMES, words="one in twenty frames of the message that shows the fault is lost"
        ),
        SpaceLevel(
            name=LOW_SUPPLY, words="the supply stands as low as a scenario of the library has it borne"
        ),
        SpaceLevel(name=BALANCING, words="a cell is being balanced"),
        SpaceLevel(name=BUS_LOAD, words="another node takes half of the vehicle bus"),
    ),
    own=lambda _: CALM,
    why_not=_why_not,
    apply=_apply,
    clashes={(LOW_SUPPLY, "closing"): _REFUSES},
)
