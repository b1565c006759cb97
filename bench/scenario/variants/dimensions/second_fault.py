"""A second, independent fault: before the first, while it is counted, or in the delay before the contactors open."""

from bench.scenario.model import InjectText, Scenario, Wait
from bench.scenario.second_fault import fits_as_second, may_open
from bench.scenario.variants.chance import share_of
from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import DEVELOPS, Subject, place_of, why_none
from bench.units import NS_PER_MS

ALONE, BEFORE, COUNTING, DELAY = "alone", "second-before", "second-in-debounce", "second-in-delay"
_SHORTEST_NS = 40 * NS_PER_MS  # a shorter count or delay is over before a step of the bench


def _why_not(subject: Subject, level: str) -> str:
    if subject.develops:
        return DEVELOPS
    if not subject.plain or len(subject.scenario.steps) > 1:
        return "its file has steps of its own around its fault"
    if not seconds(subject, level):
        return "no scenario of the library brings another fault of which is known what the DUT owes to both"
    if level == COUNTING and subject.counted_ns < 2 * _SHORTEST_NS:
        return "its count is over before a second fault could come"
    if level == DELAY and subject.delay_ns < _SHORTEST_NS:
        return "the DUT does not wait between its report and its opening"
    return ""


def seconds(subject: Subject, level: str) -> list[Scenario]:
    """What may be the second one, by name. Before the first, only what leaves the contactors closed."""
    found = [
        one
        for one in subject.library
        if why_none(one, "") == ""
        and place_of(one) == 0
        and fits_as_second(subject.scenario, one, subject.capabilities)
        and not (may_open(one) and (level == BEFORE or _of_a_mode(subject)))
        and one.id in subject.at_once
        and one.steps[0].duration_ns is None  # type: ignore[union-attr]
    ]
    return sorted(found, key=lambda one: one.id)


def _of_a_mode(subject: Subject) -> bool:
    """Whether its flag is owed in one mode alone, which an opening ends."""
    return subject.flag.limit is not None and subject.flag.limit.mode is not None


def _apply(draft: VariantDraft, level: str) -> None:
    subject = draft.subject
    choice = seconds(subject, level)
    one = choice[int(share_of(draft.id, "second") * len(choice))]
    step, expect = one.steps[0], one.expect
    assert isinstance(step, InjectText) and expect is not None  # noqa: S101 - so it fits
    for need in one.needs:
        draft.need(need)
    draft.also += [expect.flag, *expect.also]
    if level == BEFORE:
        debounce = subject.profile.flags[expect.flag].debounce
        known_ns = 1000 * NS_PER_MS if debounce is None else debounce.full_ns + 500 * NS_PER_MS
        draft.near += [step, Wait(duration_ns=known_ns)]
        return
    share = 0.2 + 0.6 * share_of(draft.id, "when")
    if level == COUNTING:
        draft.wait_until(round(share * subject.counted_ns))
    else:
        draft.wait_until(subject.counted_ns + round(share * subject.delay_ns))
    draft.spend(step)


DIMENSION = Dimension(
    name="second",
    words="a second, independent fault",
    place=90,
    levels=(
        SpaceLevel(name=ALONE, words="none"),
        SpaceLevel(name=BEFORE, words="before the first, and reported"),
        SpaceLevel(name=COUNTING, words="while the first is being counted"),
        SpaceLevel(name=DELAY, words="between the report of the first and the opening for it"),
    ),
    own=lambda _: ALONE,
    why_not=_why_not,
    apply=_apply,
    clashes={
        **{
            (second, mode): "what the second fault demands is known in the mode of its own file alone"
            for second in (BEFORE, COUNTING, DELAY)
            for mode in ("standby", "closing", "opening")
        },
        **{
            (
                second,
                "healed",
            ): "the first fault is taken off by its own step, before which no other step comes"
            for second in (COUNTING, DELAY)
        },
    },
    clash=lambda subject, _, other: (
        "what the second fault demands is known in the mode of its own file alone"
        if other in ("drive", "charge") and other != subject.mode
        else ""
    ),
)
