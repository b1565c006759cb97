"""Encoding one signal at a time, where the generated path gives up: texts, rounding, words for mistakes."""

from collections.abc import Mapping

from bench.codec.layout import CodecError, Field, Layer, Number, all_fields, float_to_bits
from bench.errors import choices, nearest

Values = Mapping[str, Number | str]


def encode_carefully(message: str, length: int, root: Layer, values: Values) -> bytes:
    """The payload. Raises CodecError naming the signal that is missing, surplus or out of range."""
    raws: list[tuple[Field, int]] = []
    _gather(message, root, values, raws)
    surplus = sorted(set(values) - {one.name for one, _ in raws})
    if surplus:
        known = {one.name for one in all_fields(root)}
        name = surplus[0]
        why = "not carried with this multiplexer value" if name in known else f"unknown{nearest(name, known)}"
        raise CodecError(f"message {message}: signal '{name}' is {why}")
    little = big = 0
    for one, raw in raws:
        placed = (raw & ((1 << one.length) - 1)) << one.shift(8 * length, one.little_endian)
        if one.little_endian:
            little |= placed
        else:
            big |= placed
    word = little | int.from_bytes(big.to_bytes(length, "big"), "little")
    return word.to_bytes(length, "little")


def choice_number(message: str, one: Field, text: str) -> int:
    """The raw value a text stands for; of several, the last, as in cantools."""
    for number, name in reversed(list(one.choices.items())):
        if name == text:
            return number
    known = tuple(one.choices.values())
    hint = nearest(text, known)
    expected = f"one of {choices(text, known)}" if known else "a number, it has no texts"
    raise CodecError(f"message {message}: signal '{one.name}' cannot be '{text}'; expected {expected}{hint}")


def _gather(message: str, layer: Layer, values: Values, raws: list[tuple[Field, int]]) -> None:
    for one in layer.fields:
        if one.name not in values:
            raise CodecError(f"message {message}: signal '{one.name}' is missing")
        raws.append((one, _raw(message, one, values[one.name])))
    for selector, pages in layer.branches.items():
        field = next(one for one in layer.fields if one.name == selector)
        value = values[selector]
        key = choice_number(message, field, value) if isinstance(value, str) else int(value)
        if key not in pages:
            known = ", ".join(map(str, sorted(pages)))
            raise CodecError(
                f"message {message}: multiplexer '{selector}' is {value}; expected one of {known}"
            )
        _gather(message, pages[key], values, raws)


def _raw(message: str, one: Field, value: Number | str) -> int:
    if isinstance(value, str):
        raw: Number = choice_number(message, one, value)
    else:
        try:
            raw = _unscale(one, value)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise CodecError(
                f"message {message}: signal '{one.name}' cannot be {value!r}; expected a number"
            ) from error
        low, high = one.limits
        if raw not in one.choices and not low <= value <= high:
            raise CodecError(
                f"message {message}: signal '{one.name}' is {value}; expected {one.minimum} to {one.maximum}"
            )
    if one.is_float:
        try:
            return float_to_bits(raw, one.length)
        except OverflowError as error:
            raise CodecError(
                f"message {message}: signal '{one.name}' is {value}; expected a float of {one.length} bits"
            ) from error
    least, most = one.raw_limits
    if not least <= raw <= most:
        raise CodecError(
            f"message {message}: signal '{one.name}' is {value}, raw {raw}; expected raw {least} to {most}"
        )
    return int(raw)


def _unscale(one: Field, value: Number) -> Number:
    if one.identity:
        return float(value) if one.is_float else round(value)
    if one.integral:
        shifted = value - int(one.offset)
        quotient, remainder = divmod(shifted, int(one.scale))
        return round(quotient if remainder == 0 else shifted / int(one.scale))
    raw = (value - one.offset) / one.scale
    return raw if one.is_float else round(raw)
