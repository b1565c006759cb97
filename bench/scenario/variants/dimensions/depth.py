"""How far beyond its limit the quantity goes."""

from dataclasses import replace

from bench.codec.layout import Field
from bench.config.play import Shown
from bench.faults.expression import Expression
from bench.scenario.model import InjectText
from bench.scenario.variants.dimension import Dimension, SpaceLevel
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.subject import Subject

JUST, FAR, END = "just", "far", "end-of-range"
_FAR = {"V": 0.3, "degC": 25.0}  # beyond the limit, in SI
_FAR_SHARE = 0.1  # of the limit, of a resistance
_LEAST = 0.5  # ohm/V: 200 ohm at 400 V, a dead short to a monitor
_ROOM = {"V": 0.0, "degC": 1.0}  # from the end of what a frame can say
_CELLS_V = (0.0, 5.0)  # what any cell emulator reaches
_MORE_CURRENT = 1.5


def _why_not(subject: Subject, level: str) -> str:
    if subject.level is None:
        return "its fault names no level of the flag's limit"
    try:
        value = _value(subject, level)
    except ValueError as none:
        return str(none)
    if subject.flag.limit is not None and value is None:
        return f"no frame of the DUT's profile shows the {subject.flag.limit.quantity}"
    return ""


def _value(subject: Subject, level: str) -> float | None:
    """In SI. Raises ValueError where there is none."""
    limit, named = subject.flag.limit, subject.level
    assert limit is not None and named is not None  # noqa: S101 - asked before
    at = subject.thresholds[limit.threshold]
    own = subject.value(named[1])
    sign = 1.0 if subject.above else -1.0
    dimension = named[1].dimension
    if dimension == "ohm/V":
        return _FAR_SHARE * at if level == FAR else _LEAST
    if dimension == "A":
        if level == END:
            raise ValueError(
                "the bench drives its current through the plant: the sensor's end is a dead short"
            )
        higher = [
            value
            for name, value in subject.thresholds.items()
            if name.startswith("oc_") and value > own * 1.2
        ]
        return min(_MORE_CURRENT * own, 0.8 * min(higher, default=2 * own))
    if level == FAR:
        far = at + sign * _FAR[dimension]
        if sign * (far - own) <= 0:
            raise ValueError("its file has a level that is as far")
        return far
    end = _end(subject, limit.quantity)
    return None if end is None else end - sign * _ROOM[dimension]


def _end(subject: Subject, quantity: str) -> float | None:
    """The end of what the first cell's or sensor's signal can say, in SI."""
    place = subject.profile.place(quantity, 1, lambda role: _field(subject, role) is not None)
    if place is None:
        return None
    shown, role = place
    field = _field(subject, role)
    if field is None:
        return None
    ends = [_in_si(shown, float(one)) for one in field.reach]
    if shown.no_value is not None:
        ends = [min(one, _in_si(shown, shown.no_value)) for one in ends]
    if quantity == "cell_voltage":
        ends = [min(max(one, _CELLS_V[0]), _CELLS_V[1]) for one in ends]
    return max(ends) if subject.above else min(ends)


def _field(subject: Subject, role: tuple[str, str, str]) -> Field | None:
    channel, message, signal = role
    known = subject.databases.get(channel)
    return known[message].fields.get(signal) if known is not None and message in known else None


def _in_si(shown: Shown, value: float) -> float:
    return (value - shown.offset) / shown.gain


def at_level(fault: InjectText, key: str, value: float, dimension: str) -> InjectText:
    """The same fault with its level at a value in SI."""
    text = f"{value:.6g} {dimension}"
    expression = Expression(text=text, dimension=dimension, name=None, offset=value)
    named = getattr(fault.shape, key)
    if dimension != "V":  # whose faults ask for the threshold that they name
        expression = replace(named, text=text, offset=value, share=0.0)
    return replace(fault, shape=fault.shape.model_copy(update={key: expression}))


def _apply(draft: VariantDraft, level: str) -> None:
    named = draft.subject.level
    value = _value(draft.subject, level)
    assert named is not None and value is not None  # noqa: S101 - asked before
    draft.fault = at_level(draft.fault, named[0], value, named[1].dimension)


DIMENSION = Dimension(
    name="depth",
    words="how far beyond its limit the quantity goes",
    place=20,
    levels=(
        SpaceLevel(name=JUST, words="as far as the scenario's file says, just beyond"),
        SpaceLevel(
            name=FAR, words="far beyond: 300 mV, 25 K, half as much current again, a tenth of the insulation"
        ),
        SpaceLevel(name=END, words="at the end of what the sensor can say; an insulation of 0.5 ohm/V"),
    ),
    own=lambda _: JUST,
    why_not=_why_not,
    apply=_apply,
)
