"""Generated Python for one message: shifts and masks instead of an interpreter over bit fields.

Arithmetic is cantools' own (`raw * scale + offset`, `round((value - offset) / scale)`), so values are
equal to the last bit. The encoder knows numbers within their limits; the rest it leaves to `careful`.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from bench.codec.arithmetic import between, physical, raws_fit, scaled, split_table
from bench.codec.careful import encode_carefully
from bench.codec.layout import (
    FLOAT_CODE,
    CodecError,
    Field,
    Layer,
    Number,
    all_fields,
    bits_to_float,
    float_to_bits,
    paths,
)
from bench.errors import nearest

Decode = Callable[[bytes], dict[str, Number]]
Encode = Callable[[Mapping[str, Number | str]], bytes]
Reader = Callable[[bytes], Number | None]


class Compiler:
    """Turns one message's layers into functions."""

    def __init__(self, name: str, length: int, root: Layer) -> None:
        self.name = name
        self.length = length
        self.root = root
        self._prefers_big = any(
            not f.little_endian and not f.in_one_byte for f in all_fields(root)
        ) and not any(f.little_endian and not f.in_one_byte for f in all_fields(root))
        # A multiplexed payload of one byte order becomes an integer once, above all layers.
        orders = {f.little_endian for f in all_fields(root) if not f.in_one_byte}
        self._shared_word = ("w" if True in orders else "b") if root.branches and len(orders) == 1 else ""

    def decode(self) -> Decode:
        scope: dict[str, object] = {"_fit": self._fit}
        source: list[str] = []
        entry = self._decode_layer(self.root, (), {}, source, scope, check=True)
        return self._build(source, scope, entry)  # type: ignore[return-value]

    def reader(self, name: str) -> Reader:
        found = paths(self.root, name, ())
        if not found:
            known = [f.name for f in all_fields(self.root)]
            raise CodecError(f"message {self.name} carries no signal '{name}'{nearest(name, known)}")
        leading: dict[tuple[tuple[str, int], ...], tuple[list[str], str, Field, set[int]]] = {}
        used = [found[0][1]]
        source: list[str] = []
        for path, target in found:
            used += [selector for selector, _ in path]
            if not path:
                source.append(f" return {self._value(target)}")
                continue
            *above, (last, key) = path
            tests = [f"{self._selector(selector)} == {value}" for selector, value in above]
            prefix = (*((selector.name, value) for selector, value in above), (last.name, -1))
            leading.setdefault(prefix, (tests, self._selector(last), target, set()))[3].add(key)
        for tests, selector_text, target, keys in leading.values():
            inside = f"{selector_text} in {{{', '.join(map(str, sorted(keys)))}}}"
            source.append(f" if {' and '.join([*tests, inside])}: return {self._value(target)}")
        source = ["def read(data):", self._checked(), *self._words(used), *source, " return None"]
        return self._build(source, {"_fit": self._fit}, "read")  # type: ignore[return-value]

    def encode(self) -> Encode:
        scope: dict[str, object] = {
            "_careful": partial(encode_carefully, self.name, self.length, self.root),
            "_bits": float_to_bits,
            "_wrong": (KeyError, TypeError, AttributeError, OverflowError, ValueError, ZeroDivisionError),
        }
        source: list[str] = []
        entry = self._encode_layer(self.root, (), {}, source, scope)
        return self._build(source, scope, entry)  # type: ignore[return-value]

    # -- decoding

    def _fit(self, data: bytes) -> bytes:
        if len(data) < self.length:
            raise CodecError(f"message {self.name}: payload of {len(data)} bytes; expected {self.length}")
        return data[: self.length]

    def _checked(self) -> str:
        return f" if len(data) != {self.length}: data = _fit(data)"

    def _words(self, fields: Iterable[Field]) -> list[str]:
        """The payload as an integer, in the byte orders that fields wider than a byte need."""
        orders = {f.little_endian for f in fields if not f.in_one_byte}
        return [
            f" {word} = from_bytes(data, {order!r})"
            for little, word, order in ((True, "w", "little"), (False, "b", "big"))
            if little in orders
        ]

    def _raw(self, one: Field) -> str:
        if one.in_one_byte:
            text, width = f"data[{one.start // 8}]", 8
            shift = one.shift(8 * self.length, True) % 8
        else:
            text, width = "w" if one.little_endian else "b", 8 * self.length
            shift = one.shift(width, one.little_endian)
        if shift:
            text = f"{text} >> {shift}"
        if shift + one.length < width:
            text = f"{text} & {(1 << one.length) - 1}"
        if one.is_float:
            return f"bits_to_float({text}, {one.length})"
        if one.signed:
            sign = 1 << (one.length - 1)
            return f"((({text}) ^ {sign}) - {sign})"
        return f"({text})"

    def _value(self, one: Field) -> str:
        """The physical value. Where a power of two may move from the bits into the scale, no shift is needed:
        both products are the same number, exactly, before they are rounded once."""
        width = 8 * self.length
        shift = 0 if one.in_one_byte else one.shift(width, one.little_endian)
        if (
            0 < shift < width - one.length
            and width <= 64
            and one.length <= 53
            and isinstance(one.scale, float)
            and not (one.signed or one.is_float or one.integral)
            and 1e-100 < abs(one.scale) < 1e100
        ):
            word, mask = "w" if one.little_endian else "b", ((1 << one.length) - 1) << shift
            return scaled(f"({word} & {mask})", replace(one, scale=one.scale * 2.0**-shift))
        return scaled(self._raw(one), one)

    def _selector(self, one: Field) -> str:
        return self._raw(one) if one.identity and not one.is_float else f"int({self._value(one)})"

    def _dict_of(
        self, fields: tuple[Field, ...], known: Mapping[str, int], scope: dict[str, object]
    ) -> tuple[list[str], str]:
        """Lines that prepare, and the dict display. Bytes shared by small fields are split by one table."""
        texts = {name: str(value) for name, value in known.items()}
        shared: dict[int, list[Field]] = {}
        for one in fields:
            if one.in_one_byte and one.name not in texts:
                shared.setdefault(one.start // 8, []).append(one)
        lines = [] if self._shared_word else self._words(f for f in fields if f.name not in texts)
        splits: list[str] = []
        covered: set[str] = set(known)
        start = ""
        large = (
            len(fields) > 12
        )  # CPython builds large displays in pieces; copying a template is twice as fast
        for byte, group in shared.items():
            if len(group) == 1 and group[0].identity:
                continue
            table = f"_byte{len(scope)}"
            rows = split_table(group)
            if len(group) == 1:
                scope[table] = tuple(row[0] for row in rows)
                texts[group[0].name] = f"{table}[data[{byte}]]"
            elif large:
                parts = [dict(zip((f.name for f in group), row)) for row in rows]
                covered.update(f.name for f in group)
                if not start:
                    template = {f.name: known.get(f.name, physical(0, f)) for f in fields}
                    scope[table] = tuple({**template, **part} for part in parts)
                    start = f"{table}[data[{byte}]]"
                    continue
                scope[table] = tuple(parts)
                # Bytes of flags are zero nearly always, and the template says so already.
                splits.append(f" if x := data[{byte}]: values |= {table}[x]")
            else:
                scope[table] = rows
                names = [f"x{byte}_{at}" for at in range(len(group))]
                splits.append(f" {', '.join(names)} = {table}[data[{byte}]]")
                texts.update(zip((f.name for f in group), names))
        if not large:
            pairs = (f"{f.name!r}: {texts.get(f.name) or self._value(f)}" for f in fields)
            return [*lines, *splits], "{" + ", ".join(pairs) + "}"
        if not start:
            start = f"_template{len(scope)}"
            scope[start] = {f.name: known.get(f.name, physical(0, f)) for f in fields}
        lines += [f" values = {start}.copy()", *splits]
        for one in fields:
            if one.name not in covered:
                lines.append(f" values[{one.name!r}] = {texts.get(one.name) or self._value(one)}")
        return lines, "values"

    def _decode_layer(
        self,
        layer: Layer,
        above: tuple[Field, ...],
        known: dict[str, int],
        source: list[str],
        scope: dict[str, object],
        *,
        check: bool = False,
    ) -> str:
        """Emits the function for one layer, all fields from the root down in one dict; its name."""
        fields = above + layer.fields
        name = f"_layer{len(scope)}"
        scope[name] = None
        by_name = {f.name: f for f in fields}
        lone = len(layer.branches) == 1
        word = self._shared_word
        arguments = f"data, {word}" if word else "data"
        body = [self._checked()] if check else []
        if word and check:
            body += self._words(f for f in all_fields(layer))
        if lone:
            body += [] if word else self._words(by_name[selector] for selector in layer.branches)
        else:
            lines, display = self._dict_of(fields, known, scope)
            body += [*lines, f" values = {display}" if layer.branches else f" return {display}"]
        for selector_name, choices in layer.branches.items():
            selector = by_name[selector_name]
            table = f"_table{len(scope)}"
            scope[f"{table}_absent"] = self._absent(selector_name, tuple(choices))
            entries = []
            for key, child in choices.items():
                sure = {**known, selector_name: key} if selector.identity and not selector.is_float else known
                entries.append(
                    f"{key}: {self._decode_layer(child, fields if lone else (), sure, source, scope)}"
                )
            source.append(f"{table} = {{{', '.join(entries)}}}")
            call = f"{table}[{self._selector(selector)}]"
            if selector.length <= 8 and selector.identity and not (selector.signed or selector.is_float):
                every = range(1 << selector.length)
                source.append(f"{table} = tuple({table}.get(key, {table}_absent) for key in {every})")
            else:
                body += [f" try: call = {call}", f" except KeyError: call = {table}_absent"]
                call = "call"
            body.append(f" return {call}({arguments})" if lone else f" values.update({call}({arguments}))")
        if layer.branches and not lone:
            body.append(" return values")
        source += [f"def {name}({'data' if check else arguments}):", *body]
        return name

    def _absent(self, selector: str, known: tuple[int, ...]) -> Callable[[bytes], dict[str, Number]]:
        def refuse(_data: bytes, _word: int = 0) -> dict[str, Number]:
            raise CodecError(
                f"message {self.name}: multiplexer {selector} has a value nothing is defined for; "
                f"expected one of {', '.join(map(str, sorted(known)))}"
            )

        return refuse

    # -- encoding

    def _encode_layer(
        self,
        layer: Layer,
        above: tuple[Field, ...],
        known: dict[str, int],
        source: list[str],
        scope: dict[str, object],
    ) -> str:
        fields = above + layer.fields
        name = f"_encode{len(scope)}"
        scope[name] = None
        if len(layer.branches) > 1 or any(f.is_float and f.length not in FLOAT_CODE for f in fields):
            source += [f"def {name}(values): return _careful(values)"]
            return name
        if layer.branches:
            ((selector, choices),) = layer.branches.items()
            entries = [
                f"{key}: {self._encode_layer(child, fields, {**known, selector: key}, source, scope)}"
                for key, child in choices.items()
            ]
            source += [
                f"{name}_table = {{{', '.join(entries)}}}",
                f"def {name}(values):",
                f" try: call = {name}_table[values[{selector!r}]]",
                " except _wrong: return _careful(values)",
                " return call(values)",
            ]
            return name
        source += [f"def {name}(values):", " try:", *self._encode_body(fields, known), " except _wrong: pass"]
        source.append(" return _careful(values)")
        return name

    def _encode_body(self, fields: tuple[Field, ...], known: Mapping[str, int]) -> list[str]:
        lines: list[str] = []
        tests = [f"len(values) == {len(fields)}"]
        parts: dict[bool, list[str]] = {True: [], False: []}
        bits = 8 * self.length
        for index, one in enumerate(fields):
            value, raw = f"v{index}", f"v{index}"
            low, high = one.limits
            raw_low, raw_high = one.raw_limits
            key = known.get(one.name, -1)
            if one.identity and max(low, raw_low, 0) <= key <= min(high, raw_high):
                raw = str(key)  # the table that led here was asked for it
            else:
                lines.append(f"  {value} = values[{one.name!r}]")
            if raw != value:
                pass
            elif one.is_float:
                tests.append(between(value, low, high))
                inner = value if one.identity else f"({value} - {one.offset!r}) / {one.scale!r}"
                raw = f"_bits({inner}, {one.length})"
            elif one.identity:
                # Integers only: `|` and `<<` refuse a float, which then takes the careful path.
                least = raw_low if low == -math.inf else max(raw_low, math.ceil(low))
                most = raw_high if high == math.inf else min(raw_high, math.floor(high))
                tests.append(f"{least} <= {value} <= {most}")
            else:
                raw = f"r{index}"
                small = max(abs(low), abs(high)) < 1 << 52  # integers up to there are floats, exactly
                offset = float(one.offset) if small and not one.integral else one.offset
                shifted = value if one.offset == 0 else f"({value} - {offset!r})"
                whole = one.integral and one.scale == 1
                if one.integral and not whole and one.length > 48:
                    return ["  return _careful(values)"]
                # A quotient by a number is a float here; its own method is half as long as `round`.
                quotient = f"({shifted} / {one.scale!r}).__round__()"
                lines.append(f"  {raw} = round({shifted})" if whole else f"  {raw} = {quotient}")
                tests.append(between(value, low, high))
                if not (small and raws_fit(one)):
                    tests.append(f"{raw_low} <= {raw} <= {raw_high}")
            little = not self._prefers_big if one.in_one_byte else one.little_endian
            shift = one.shift(bits, little)
            if one.signed and not one.is_float:
                raw = f"({raw} & {(1 << one.length) - 1})"
            parts[little].append(f"{raw} << {shift}" if shift else raw)
        tests = [t for t in tests if t]
        words = [
            f"({' | '.join(terms)}).to_bytes({self.length}, '{order}')"
            for terms, order in ((parts[True], "little"), (parts[False], "big"))
            if terms
        ]
        if len(words) == 2:
            little_word = f"from_bytes({words[0]}, 'big')"
            result = f"({little_word} | {' | '.join(parts[False])}).to_bytes({self.length}, 'big')"
        else:
            result = words[0] if words else f"bytes({self.length})"
        return [*lines, f"  if {' and '.join(tests)}:", f"   return {result}"]

    def _build(self, source: list[str], scope: dict[str, object], entry: str) -> object:
        scope |= {"from_bytes": int.from_bytes, "bits_to_float": bits_to_float}
        exec(compile("\n".join(source), f"<codec {self.name}>", "exec"), scope)
        return scope[entry]
