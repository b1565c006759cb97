"""What of a `[[play]]` its message could only show wrongly, beside ranges: told when the profile is bound."""

from collections.abc import Iterable, Mapping

from bench.codec.database import Message
from bench.codec.layout import Field
from bench.config.play import QUANTITIES, Shown

Bound = Mapping[str, tuple[Shown, int]]


def never_shown(
    shown: Bound, numbers: Mapping[str, int], pages: Iterable[Iterable[str]], place: str
) -> list[str]:
    """Signals that stand on none of the pages (the names that each carries): their multiplexer is held still."""
    sent = {name for names in pages for name in names}
    lost = [
        name
        for name, (one, index) in shown.items()
        if name not in sent and index < numbers.get(one.quantity, 1)
    ]
    if not lost:
        return []
    return [
        f"{place}: found {', '.join(map(repr, lost[:4]))} on no page that is sent; expected the value of its "
        "multiplexer, or none for the multiplexer"
    ]


def multiplexers_shown(shown: Bound, message: Message, place: str) -> list[str]:
    """A multiplexer says which page it is; it cannot show anything else."""
    return [
        f"{place}: found multiplexer '{name}' to show {one.quantity}; expected the number of a page, or nothing"
        for name, (one, _) in shown.items()
        if one.quantity and name in _selectors(message)
    ]


def _selectors(message: Message) -> set[str]:
    found: set[str] = set()
    layers = [message.layout]
    while layers:
        branches = layers.pop().branches
        found |= branches.keys()
        layers += [child for choices in branches.values() for child in choices.values()]
    return found


def inexact(one: Shown, field: Field, usual: Mapping[str, tuple[float, float]]) -> str | None:
    """What of a yes or no, or of a mode, the signal's step would turn into something else; None: nothing."""
    if one.what != "value":
        return _flag(one, field)
    if not one.quantity or QUANTITIES[one.quantity] or one.quantity not in usual or field.is_float:
        return None
    values = {one.gain * end + one.offset for end in usual[one.quantity]}
    raws = {value: (value - field.offset) / field.scale for value in values}
    wrong = sorted(value for value, raw in raws.items() if abs(raw - round(raw)) > 1e-6)
    if not wrong:
        return None
    return (
        f"found {one.quantity} to be shown as {wrong[0]:g}, which its factor of {field.scale:g} cannot tell"
    )


def _flag(one: Shown, field: Field) -> str | None:
    """Whether there is a reading is written as raw 0 and 1."""
    low, high = field.minimum, field.maximum
    if field.is_float or not one.in_range or low is None or high is None or low >= high:
        return None
    ends = sorted((field.offset, field.offset + field.scale))
    if low - 1e-9 <= ends[0] and ends[1] <= high + 1e-9:
        return None
    found = f"found '{one.quantity} {one.what}' to be shown as raw 0 and 1"
    return f"{found}, and a range of {low:g} to {high:g} in the DBC"
