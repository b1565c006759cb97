"""Sound inputs altered: their bytes, their lines and words, and, of TOML and JSON, the tree that they say."""

import copy
import datetime
import json
import random
from collections.abc import Sequence
from typing import Any

from . import nasty

_CHARS = b"\x00\x01\n\r\t \"'#=[]{}.,:;|_-+0123456789aAeExX\x7f\x80\xc3\xff"


def damaged(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Some bytes changed, taken out, doubled, cut off, or replaced by a part of another input."""
    altered = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at = rng.randrange(len(altered) + 1)
        size = min(len(altered) - at, rng.choice((1, 1, 2, 4, 8, 64, 1024)))
        match rng.randrange(8):
            case 0 if at < len(altered):
                altered[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(altered):
                altered[at] = rng.choice(_CHARS)
            case 2:
                del altered[at : at + size]
            case 3:
                altered[at:at] = altered[at : at + size]
            case 4:
                altered[at:at] = rng.randbytes(rng.choice((1, 2, 4, 8, 300)))
            case 5:
                del altered[at:]
            case 6 if size >= 4:
                word = rng.choice((0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF))
                altered[at : at + 4] = word.to_bytes(4, rng.choice(("little", "big")))
            case 7 if others:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                altered[at : at + size] = other[start : start + size]
    return bytes(altered)


def reworded(text: str, rng: random.Random) -> str:
    """Lines and words of a text changed for others, doubled, moved, or for nasty ones."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(lines))
        words = lines[at].split(" ")
        word = rng.randrange(len(words))
        match rng.randrange(6):
            case 0:
                words[word] = str(nasty.value(rng))
            case 1:
                words[word] = rng.choice(rng.choice(lines).split(" "))
            case 2:
                words.insert(word, rng.choice(words))
            case 3:
                del words[word]
            case 4:
                lines.insert(at, rng.choice(lines))
                continue
            case 5:
                words = [*words, *[words[word]] * rng.choice((1, 10, 1000))]
        lines[at] = " ".join(words)
    return "\n".join(lines)


def nonsense(rng: random.Random) -> bytes:
    """Of no format; some of it built to exhaust what reads it."""
    count = rng.choice((1, 100, 5_000))
    return rng.choice(
        (
            lambda: b"",
            lambda: rng.randbytes(count),
            lambda: bytes(rng.choice(_CHARS) for _ in range(count)),
            lambda: b"[" * count,
            lambda: b"a = " + b"[" * count + b"]" * count,
            lambda: b"a = " + b"{a=" * count + b"1" + b"}" * count,
            lambda: b".".join([b"a"] * count) + b" = 1",
            lambda: b"a = " + b"9" * count,
            lambda: b'x = """\n[' + b" " * count + b'\n"""',
            lambda: b'x = """\n' + b"a." * count + b'\n"""',
            lambda: b"[[a]]\n" * count,
            lambda: b'"a" = "' + b"\\\\" * count + b'"',
            lambda: b"\xef\xbb\xbf" + b"a = 1\r\n",
            lambda: b'{"a":' * count + b"1" + b"}" * count,
            lambda: b"a = " + b"1e" + b"9" * count,
            lambda: " \t\n\v\f\x85\u2028".encode() * count,
        )
    )()


def grown(tree: Any, rng: random.Random) -> Any:
    """A tree of tables and lists with one to three of its places changed."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        holder, key = _place(tree, rng)
        if holder is None:
            return nasty.value(rng)
        old = holder[key]
        match rng.randrange(8):
            case 0 | 1 | 2 | 3:
                holder[key] = nasty.kin(old, rng)
            case 4:
                holder[key] = nasty.value(rng)
            case 5:
                del holder[key]
            case 6 if isinstance(holder, dict):
                name = rng.choice((*nasty.NAMES, *map(str, holder)))
                holder[name if rng.random() < 0.5 else str(key) + "x"] = copy.deepcopy(old)
            case _:
                if isinstance(old, list) and old:
                    old.extend(copy.deepcopy(old[:1]) * rng.choice((1, 300)))
                else:
                    other, place = _place(tree, rng)
                    holder[key] = copy.deepcopy(other[place]) if other is not None else nasty.value(rng)
    return tree


def _place(tree: Any, rng: random.Random) -> tuple[Any, Any]:
    """(a table or list, one of its keys), any of all with the same chance; (None, None) where there is none."""
    places: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            places.append((one, key))
            waiting.append(one[key])
    return rng.choice(places) if places else (None, None)


def toml_of(tree: Any) -> bytes:
    """Its tables as headers, so that places have lines; what TOML has no word for is left to `json`."""
    lines: list[str] = []
    _table(tree if isinstance(tree, dict) else {"a": tree}, "", lines)
    return "\n".join([*lines, ""]).encode(errors="replace")


def _table(table: dict[str, Any], place: str, lines: list[str]) -> None:
    inner: list[tuple[str, Any]] = []
    for key, value in table.items():
        if isinstance(value, dict) or (
            isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
        ):
            inner.append((key, value))
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in inner:
        name = f"{place}.{_key(key)}" if place else _key(key)
        for one in value if isinstance(value, list) else [value]:
            lines.append(f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
            _table(one, name, lines)


def _key(key: str) -> str:
    return key if key and key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return repr(value) if value is not None else '""'
