"""Whether the fields of a message have room in it, each for itself; a reader of the file may not have looked."""

from bench.codec.layout import FLOAT_CODE, Field, Layer


def refuse_misfits(name: str, length: int, root: Layer) -> None:
    """Raises ValueError, with found and expected, for a field outside of `length` bytes, or two on one bit."""
    _walk(name, length, root, [])


def _walk(name: str, length: int, layer: Layer, above: list[tuple[Field, int]]) -> None:
    taken = list(above)
    for one in layer.fields:
        if one.length < 1 or (one.is_float and one.length not in FLOAT_CODE):
            raise ValueError(
                f"found {one.name} of {one.length} bits; expected 1 or more, a float 16, 32 or 64"
            )
        shift = one.shift(8 * length, one.little_endian)
        if one.start < 0 or shift < 0 or shift + one.length > 8 * length:
            raise ValueError(
                f"The signal {one.name} does not fit in message {name}; expected a message long enough for all "
                "its signals"
            )
        bits = one.mask(length)
        for other, its_bits in taken:
            if bits & its_bits:
                raise ValueError(
                    f"The signals {other.name} and {one.name} are overlapping in message {name}; expected every "
                    "bit in one signal only: move or remove one of the two"
                )
        taken.append((one, bits))
    for choices in layer.branches.values():
        for child in choices.values():
            _walk(name, length, child, taken)
