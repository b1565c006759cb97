"""The arithmetic of one field, as text for generated code and as tables."""

import math

from bench.codec.layout import Field, Number


def raws_fit(one: Field) -> bool:
    """Whether values within the physical limits have raw values within theirs: the way there is monotonic."""
    if one.scale == 0:
        return False
    least, most = one.raw_limits
    return all(least <= round((limit - one.offset) / one.scale) <= most for limit in one.limits)


def between(value: str, low: float, high: float) -> str:
    """The expression that tests `low` <= value <= `high`, both raw values; empty where there are no limits."""
    if low == -math.inf and high == math.inf:
        return ""
    if low == -math.inf:
        return f"{value} <= {high!r}"
    return f"{low!r} <= {value}" if high == math.inf else f"{low!r} <= {value} <= {high!r}"


def scaled(raw: str, one: Field) -> str:
    """The expression for the physical value. A float offset spares a conversion, and is equal."""
    if one.identity:
        return raw
    if one.integral:
        product = raw if one.scale == 1 else f"{raw} * {int(one.scale)}"
        return product if one.offset == 0 else f"{product} + {int(one.offset)}"
    if one.offset == 0 and one.scale > 0 and not one.is_float and isinstance(one.scale, float):
        return f"{raw} * {one.scale!r}"
    offset = float(one.offset) if isinstance(one.scale, float) else one.offset
    return f"{raw} * {one.scale!r} + {offset!r}"


def split_table(group: list[Field]) -> tuple[tuple[Number, ...], ...]:
    """For each value of a byte, the physical values of the fields in it."""
    rows = []
    for byte in range(256):
        row: list[Number] = []
        for one in group:
            raw = byte >> (one.shift(8 * (one.start // 8 + 1), True) % 8) & ((1 << one.length) - 1)
            if one.signed and raw >> (one.length - 1):
                raw -= 1 << one.length
            row.append(physical(raw, one))
        rows.append(tuple(row))
    return tuple(rows)


def physical(raw: int, one: Field) -> Number:
    """cantools' arithmetic for one integer."""
    if one.identity:
        return raw
    if one.integral:
        return raw * int(one.scale) + int(one.offset)
    return raw * one.scale + one.offset
