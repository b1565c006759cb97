"""Cells and sensors: signals of one kind that are numbered, in one message or over several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.starting.signals import Sender, Signal

MOST = 255  # of a pack
_NOT_ONE = (
    r"\b(max(imum)?|min(imum)?|mean|avg|average|sum|delta|diff|index|id|valid|invalid|flag|errors?|faults?|fail\w*|warn\w*|limit|status"
    r"|threshold|count\w*|nominal|balanc\w*|over|under|too|low|high|overvoltage|undervoltage|open|wire|pcb|board|mcu|die|coolant"
    r"|charger|ambient|resistor|inlet|outlet|motor|inverter|mux|m[sro]l)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """What is looked for. name: of the signal, or of its message where the signal has no more than a letter."""

    quantity: str
    index: str
    name: str
    never: str
    dimension: str
    holds: tuple[float, float]


CELLS = Numbered(
    quantity="cell_voltage",
    index="cell",
    name=r"\b(cells?|vcell|ucell|cellv|zelle|vc|uc|cv)\b",
    never=rf"{_NOT_ONE}|\btemp\w*\b|\b(current|soc|soh|capacity)\b",
    dimension="V",
    holds=(2.6, 3.3),
)
SENSORS = Numbered(
    quantity="temperature",
    index="sensor",
    name=r"\b(temp|temps|temperature|temperatures|ntc|therm\w*)\b",
    never=rf"{_NOT_ONE}|\b(voltage|current)\b",
    dimension="degC",
    holds=(0.0, 50.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedSeries:
    """What is shown, message by message: the signals in the order of their numbers, from 1.

    template: one name for all, with the number's place in braces; None: each has to be bound by its own name.
    """

    kind: Numbered
    members: tuple[Signal, ...]
    template: str | None

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        return tuple(dict.fromkeys(one.place for one in self.members))

    @property
    def unit(self) -> str:
        return self.members[0].unit

    def of(self, place: tuple[str, str]) -> list[tuple[int, Signal]]:
        """The members of one message, each with its number from 1."""
        return [(number, one) for number, one in enumerate(self.members, 1) if one.place == place]


def find_series(kind: Numbered, signals: Iterable[Signal]) -> tuple[NumberedSeries, ...]:
    """Every series that may be shown to the DUT, the likeliest first; those of a known other sender before the rest."""
    fitting = [one for one in signals if one.said is not Sender.BY_DUT and _fits(kind, one)]
    groups: dict[tuple[str, str, str, str], list[Signal]] = {}
    for one in fitting:
        name, message = (re.sub(r"\d+", "#", text) for text in (one.field.name, one.message.name))
        groups.setdefault((one.bus, message, name, one.unit), []).append(one)
    found = [_series(kind, members) for members in groups.values() if len(members) > 1]
    return tuple(sorted(found, key=_likely, reverse=True))


def _fits(kind: Numbered, one: Signal) -> bool:
    if one.field.length < 7 or not re.search(r"\d", one.field.name + one.message.name):
        return False
    if re.search(kind.never, one.text) or not re.search(kind.name, f"{one.about} {one.text}"):
        return False
    if not re.search(kind.name, one.text) and one.dimension != kind.dimension:
        return False
    if one.dimension != kind.dimension and (one.dimension or one.strange_unit):
        return False
    factor = 1e-3 if one.unit == "mV" else 1.0
    low, high = one.field.reach if not one.field.is_float else (-1e9, 1e9)
    return low * factor <= kind.holds[0] and high * factor >= kind.holds[1]


def _series(kind: Numbered, members: list[Signal]) -> NumberedSeries:
    ordered = sorted(members, key=lambda one: _order(one.message.name) + _order(one.field.name))
    return NumberedSeries(kind=kind, members=tuple(ordered), template=_template(kind, ordered))


def _order(name: str) -> tuple[tuple[int, str | int], ...]:
    """A name's parts, so that 10 comes behind 9."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part)


def _template(kind: Numbered, members: Sequence[Signal]) -> str | None:
    """The name of all with the number's place in it. None where numbers come twice, are left out, or are two."""
    names = [one.field.name for one in members]
    numbers = [re.findall(r"\d+", name) for name in names]
    moving = [at for at in range(len(numbers[0])) if len({found[at] for found in numbers}) > 1]
    if len(moving) != 1:
        return None
    digits = [found[moving[0]] for found in numbers]
    values = [int(one) for one in digits]
    if values != list(range(values[0], values[0] + len(values))) or values[0] not in (0, 1):
        return None
    width = len(digits[0])
    padded = any(one.startswith("0") and len(one) > 1 for one in digits)
    if padded and {len(one) for one in digits} != {width}:
        return None
    index = kind.index + ("0" if values[0] == 0 else "")
    number = f"{{{index}:0{width}d}}" if padded else f"{{{index}}}"
    parts = re.split(r"(\d+)", names[0])
    parts[2 * moving[0] + 1] = number
    return "".join(parts)


def _likely(series: NumberedSeries) -> tuple[int, int, int, int]:
    """Who says it, what its message is called, whether its unit is the right one, and how many there are."""
    first = series.members[0]
    front = bool(re.search(r"\b(afe|cmu|cmc|csc|slave|module|sense|io|gateway|sim)\b", first.about))
    return (
        int(first.said is Sender.TO_DUT),
        int(front),
        int(first.dimension == series.kind.dimension),
        min(len(series.members), MOST),
    )


def equally_good(found: Sequence[NumberedSeries]) -> tuple[NumberedSeries, ...]:
    """The best of them, and what nothing tells apart from it: of the same number, of a message like it."""
    return tuple(one for one in found if _likely(one) == _likely(found[0])) if found else ()


def one_at_a_time(signals: Iterable[Signal]) -> Signal | None:
    """A cell's voltage whose message says in another signal which cell it is of: a profile has no word for that."""
    for one in signals:
        if one.said is Sender.BY_DUT or one.dimension != "V" or not re.search(CELLS.name, one.text):
            continue
        others = (name for name in one.message.signal_names if name != one.field.name)
        if not re.search(CELLS.never, one.text) and any(
            re.search(r"cell.?(id|no|nr|num|index)", other, re.I) for other in others
        ):
            return one
    return None
