"""When the fault strikes: how long the DUT has been up by then."""

from bench.scenario.model import Wait
from bench.scenario.variants.chance import share_of
from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import Subject
from bench.units import NS_PER_MS, NS_PER_S

EARLY, ANYWHERE, WRAP = "early", "anywhere", "wrap"
_SLOWEST_NS = 10 * NS_PER_S
_WRAP_NS = (1 << 16) * NS_PER_MS
_UP_NS = 1300 * NS_PER_MS  # since its boot, when the first step of a shot begins
_MOST_NS = 60 * NS_PER_S


def _why_not(subject: Subject, level: str) -> str:  # noqa: ARG001
    if subject.scenario.start.reaches is not None:
        return "its load takes its cells to their limit at a moment of its own"
    return ""


def _apply(draft: VariantDraft, level: str) -> None:
    if level == ANYWHERE:
        waits_ns = round(share_of(draft.id, "moment") * _SLOWEST_NS) + 1
    else:  # so that its count is under way when the milliseconds come round
        waits_ns = _WRAP_NS - _UP_NS - min(draft.subject.counted_ns // 2, _MOST_NS)
    draft.lead.append(Wait(duration_ns=waits_ns))


DIMENSION = Dimension(
    name="moment",
    words="how long the DUT has been up when the fault strikes",
    place=70,
    levels=(
        SpaceLevel(name=EARLY, words="as soon as the DUT is ready, a second after its boot"),
        SpaceLevel(name=ANYWHERE, words="anywhere in the next ten seconds, which are a whole slow cycle"),
        SpaceLevel(
            name=WRAP,
            words="after more than a minute, its count under way as the clock passes 2^16 ms",
            dear=True,
        ),
    ),
    own=lambda _: EARLY,
    why_not=_why_not,
    apply=_apply,
)
