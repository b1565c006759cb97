"""A `[[play]]` of the profile bound to its message: which signal lies where, on which page, within which limits.

A message without multiplexer has one page; of a multiplexed one, each multiplexer value that carries something shown
is a page, and a sweep sends them in that order. Multiplexers beside each other step together, so that every page
carries a valid branch of each. Signals that nobody shows rest at raw zero.
"""

import math
from collections.abc import Mapping, Sequence

from bench.codec.database import Message
from bench.codec.layout import Field, Layer, first_branches
from bench.codec.pages import COUNTER, INVALID, LARGEST, VALID, VALUE, Ieee, Page, Pages, Slot
from bench.codec.play_checks import inexact, multiplexers_shown, never_shown
from bench.config.play import INDEXED, QUANTITIES, Play, Shown
from bench.errors import ConfigError, nearest

_KINDS = {"value": VALUE, "valid": VALID, "invalid": INVALID}
_MOST_NUMBERS = 1000

Usual = Mapping[str, tuple[float, float]]
"""What a healthy pack shows of a quantity at least, in SI: (lowest, highest)."""

Bound = dict[str, tuple[Shown, int]]
"""Every signal of a message by its full name, with the index of its cell or sensor (from 0)."""


def compile_pages(
    play: Play,
    message: Message,
    numbers: Mapping[str, int],
    file: object,
    usual: Usual | None = None,
    decisive: Usual | None = None,
) -> Pages:
    """Bind a play to its message. Raises ConfigError, a line per mistake.

    numbers: cells and sensors of the pack. decisive: (lowest, highest) in SI of what the DUT's promises depend on.
    """
    place = f"{file} [play {play.channel}.{play.message}]"
    shown, mistakes = expand(play, message, place)
    mistakes += _unfit(shown, message, numbers, usual or {}, place) + multiplexers_shown(
        shown, message, place
    )
    layers = [] if mistakes else _layers(message, shown, numbers)
    mistakes += [] if mistakes else never_shown(shown, numbers, (_names(*one) for one in layers), place)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    pages = [_page(message, here, fixed, numbers, decisive or {}) for here, fixed in layers]
    return Pages(
        can_id=message.can_id,
        extended=message.extended,
        fd=message.fd,
        length=message.length,
        pages=tuple(pages),
    )


def idle_pages(message: Message) -> Pages:
    """The message at raw zero, first multiplexer values only: 0, or the first that the DBC knows."""
    page = _page(message, (), first_branches(message.layout), {}, {})
    return Pages(
        can_id=message.can_id,
        extended=message.extended,
        fd=message.fd,
        length=message.length,
        pages=(page,),
    )


def _names(here: Sequence[tuple[tuple[Shown, int], Field]], fixed: "Fixed") -> list[str]:
    return [field.name for _, field in here] + [field.name for field, _ in fixed]


def expand(play: Play, message: Message, place: str) -> tuple[Bound, list[str]]:
    """What of the play this message has; and a mistake for each name of which it has nothing."""
    shown: Bound = {}
    mistakes: list[str] = []
    for one in play.shown:
        found = {name: (one, item - 1) for name, item in one.names(_MOST_NUMBERS) if name in message.fields}
        shown |= found
        if not found:
            name = next(one.names(1))[0]
            many = f"'{name}' nor any other of '{one.signal}'" if name != one.signal else f"'{name}'"
            near = nearest(name, message.fields)
            mistakes.append(
                f"{place}: found no signal {many} in this message; expected one of its signals{near}"
            )
    return shown, mistakes


def _unfit(shown: Bound, message: Message, numbers: Mapping[str, int], usual: Usual, place: str) -> list[str]:
    """Constants and codes that their signal cannot carry, and quantities whose usual range it cannot; one per entry."""
    mistakes: dict[str, str] = {}
    for name, (one, index) in shown.items():
        if one.signal in mistakes:
            continue
        if index >= (count := numbers.get(one.quantity, 1)):
            if one.number is not None:
                kind = INDEXED[one.quantity]
                mistakes[one.signal] = (
                    f"{place}: found {kind} {one.number} for '{name}'; the pack has {count}, expected 1 to {count}"
                )
            continue
        field = message.fields[name]
        if field.scale == 0 or not math.isfinite(field.scale) or not math.isfinite(field.offset):
            mistakes[one.signal] = (
                f"{place}: found '{name}' with a factor of {field.scale:g} and an offset of {field.offset:g} in the "
                "DBC; expected others"
            )
            continue
        low, high = carries(one, field)
        range_ = f"{low:.9g} to {high:.9g}"
        if one.no_value is not None and not _has_room(field, one.no_value):
            mistakes[one.signal] = (
                f"{place}: found no_value = {one.no_value:g} for '{name}' of {field.length} bits; "
                f"expected one that fits"
            )
        elif not one.quantity and not _constant_fits(one, field):
            mistakes[one.signal] = (
                f"{place}: found {one.offset:g} for '{name}', whose range in the DBC is {range_}; expected a value "
                'in it, one of its value table, or { … , range = "raw" } where the range is wrong'
            )
        elif (wrong := inexact(one, field, usual)) is not None:
            mistakes[one.signal] = f"{place}: {wrong} ('{name}'); expected a signal that carries both"
        elif one.quantity and one.what == "value" and one.quantity in usual:
            ends = sorted(one.gain * end + one.offset for end in usual[one.quantity])
            # A measured value may be a step off; a yes or no, or a mode, is exact.
            steps = 1.000001 if QUANTITIES[one.quantity] else 1e-6
            step = steps * abs(field.scale) if not field.is_float else 0.0
            if one.beyond != "limit" and not low - step <= ends[0] <= ends[1] <= high + step:
                mistakes[one.signal] = (
                    f"{place}: found '{name}' with a range of {range_} in the DBC, and {one.quantity} from "
                    f'{ends[0]:.6g} to {ends[1]:.6g} to show; expected a range that holds it, range = "raw" where '
                    'the DBC is wrong, or beyond = "limit" where the sensor itself ends there'
                )
    return list(mistakes.values())


def _has_room(field: Field, physical: float) -> bool:
    if field.is_float:
        return True
    least, most = field.raw_limits
    return physical == physical and least <= _raw(field, physical) <= most


def _constant_fits(one: Shown, field: Field) -> bool:
    if not _has_room(field, one.offset):
        return False
    low, high = carries(one, field)
    slack = 1e-6 * abs(field.scale)
    named_there = not field.is_float and _raw(field, one.offset) in field.choices
    return named_there or low - slack <= one.offset <= high + slack


def _holds(one: Shown, field: Field, wanted: tuple[float, float] | None) -> bool:
    if wanted is None:
        return True
    low, high = carries(one, field)
    least, most = sorted(one.gain * end + one.offset for end in wanted)
    slack = 1e-6 * abs(field.scale)
    return low - slack <= least and most <= high + slack


def carries(one: Shown, field: Field) -> tuple[float, float]:
    """The physical values that a signal can show: its DBC's range, as far as its bits reach."""
    if field.is_float:
        low, high = -LARGEST[field.length], LARGEST[field.length]
    else:
        low, high = sorted(raw * field.scale + field.offset for raw in field.raw_limits)
    if (
        one.in_range
        and field.minimum is not None
        and field.maximum is not None
        and field.minimum < field.maximum
    ):
        low, high = max(low, field.minimum), min(high, field.maximum)
    return low, high


Fixed = list[tuple[Field, int]]


def _layers(
    message: Message, shown: Bound, numbers: Mapping[str, int]
) -> list[tuple[list[tuple[tuple[Shown, int], Field]], Fixed]]:
    """(what is shown, multiplexer values to be set) of every page that the message needs."""

    def useful(fields: Mapping[str, Field]) -> bool:
        return any(
            index < numbers.get(one.quantity, 1)
            for one, index in (shown[name] for name in fields if name in shown)
        )

    def walk(layer: Layer) -> list[tuple[dict[str, Field], Fixed]]:
        own = {one.name: one for one in layer.fields}
        columns = []
        for selector, choices in layer.branches.items():
            asked = shown.get(selector)
            only = _raw(own[selector], asked[0].offset) if asked and not asked[0].quantity else None
            column = [
                (fields, [(own[selector], key), *fixed])
                for key in sorted(choices)
                if only in (None, key)
                for fields, fixed in walk(choices[key])
            ]
            columns.append(column)
        if not any(columns):
            return [(own, [])]
        # Of several multiplexers each gives what it carries, at least one branch: together, none leaves another out.
        kept = [[one for one in column if useful(one[0])] or column[:1] for column in columns if column]
        if useful(own) and not any(useful(fields) for column in columns for fields, _ in column):
            kept = [column for column in columns if column]
        pages = []
        for number in range(max(map(len, kept))):
            parts = [column[number % len(column)] for column in kept]
            fields = dict(own)
            for more, _ in parts:
                fields |= more
            pages.append((fields, [one for _, fixed in parts for one in fixed]))
        return pages

    return [
        ([(shown[name], field) for name, field in fields.items() if name in shown], fixed)
        for fields, fixed in walk(message.sent)
        if not fixed or useful(fields)
    ]


def _page(
    message: Message,
    here: Sequence[tuple[tuple[Shown, int], Field]],
    fixed: Fixed,
    numbers: Mapping[str, int],
    decisive: Usual,
) -> Page:
    words = [0, 0]
    slots: list[Slot] = []
    bits = 8 * message.length

    def put(field: Field, raw: int) -> None:
        words[not field.little_endian] |= (raw & (1 << field.length) - 1) << field.shift(
            bits, field.little_endian
        )

    for field, key in fixed:
        put(field, key)
    for (one, index), field in here:
        slot = _slot(one, index, field, bits, decisive.get(one.quantity))
        if not one.quantity:
            put(field, _raw(field, one.offset))
        elif index >= numbers.get(one.quantity, 1):
            put(field, slot.none if slot.kind == VALUE else _flag(slot.kind == INVALID, slot.ieee))
        else:
            slots.append(slot)
    return Page(words[0], words[1], tuple(slots))


def _flag(yes: bool, ieee: Ieee | None) -> int:
    return int(yes) if ieee is None else Ieee(ieee.bits, 1.0, 0.0).raw(float(yes))


def _slot(one: Shown, index: int, field: Field, bits: int, decisive: tuple[float, float] | None) -> Slot:
    ieee = Ieee(field.length, field.scale, field.offset) if field.is_float else None
    none = 0 if one.no_value is None else _raw(field, one.no_value)
    low, high = carries(one, field)
    if ieee is None:
        low, high = sorted((_raw(field, low), _raw(field, high)))
        if one.no_value is not None:  # the code for "no reading" is no reading
            high = high - 1 if none == high else high
            low = low + 1 if none == low else low
    return Slot(
        quantity=one.quantity,
        number=index,
        kind=COUNTER if one.quantity == "counter" else _KINDS[one.what],
        big=not field.little_endian,
        shift=field.shift(bits, field.little_endian),
        mask=(1 << field.length) - 1,
        gain=one.gain / field.scale if ieee is None else one.gain,
        offset=(one.offset - field.offset) / field.scale + 0.5 if ieee is None else one.offset,
        low=low,
        high=high,
        none=none,
        beyond=none if one.beyond == "no_value" else None,
        signal=field.name,
        ends=one.beyond is not None and _holds(one, field, decisive),
        ieee=ieee,
    )


def _raw(field: Field, physical: float) -> int:
    if field.is_float:
        return Ieee(field.length, field.scale, field.offset).raw(physical)
    return math.floor((physical - field.offset) / field.scale + 0.5)
