"""CAN frames of an ASC recording (Vector's text format): absolute or relative stamps, numbers of either base.

What is no frame on the bus is no sample: error and remote frames, and `TxRq`, the wish to send. Lines of other events
are passed over, yet count for relative stamps, which tell the time since the line before.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from bench.errors import ConfigError, at_place
from bench.replay.recording import Frame

_BASE = re.compile(r"base\s+(\S+)(?:\s+timestamps\s+(\S+))?", re.IGNORECASE)
_STAMP = re.compile(r"\d{1,12}(?:\.\d{1,12})?")
_MOST_LINE = 1 << 16
_LENGTHS = (*range(9), 12, 16, 20, 24, 32, 48, 64)  # of CAN FD, by DLC


def read_asc(path: Path) -> Iterator[Frame]:
    """Data frames in the order of the file. ConfigError, one line, for a frame that cannot be read."""
    base, relative, now_s, frames = 16, False, 0.0, 0
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            number = 0
            while line := file.readline(_MOST_LINE):
                number += 1
                if len(line) == _MOST_LINE:
                    raise ValueError(f"found a line of {_MOST_LINE} characters or more; expected text")
                words = line.split()
                if not words:
                    continue
                if (said := _BASE.match(line.strip())) is not None:
                    base, relative = _base(said[1]), _is_relative(said[2])
                    continue
                if not _STAMP.fullmatch(words[0]):
                    continue
                now_s = now_s + float(words[0]) if relative else float(words[0])
                found = _frame(words, base)
                if found is None:
                    continue
                frames += 1
                yield Frame(frames, now_s, *found)
    except OSError as error:
        raise ConfigError(at_place(path, "", f"cannot be read ({error})", "an ASC file")) from error
    except ValueError as error:
        what, _, expected = str(error).partition("; expected ")
        raise ConfigError(at_place(path, f"line {number}", what, expected or "an ASC file")) from error


def _base(word: str) -> int:
    known = {"hex": 16, "dec": 10}
    if word.lower() not in known:
        raise ValueError(f"found base '{word}'; expected hex or dec")
    return known[word.lower()]


def _is_relative(word: str | None) -> bool:
    if word is not None and word.lower() not in ("absolute", "relative"):
        raise ValueError(f"found timestamps '{word}'; expected absolute or relative")
    return word is not None and word.lower() == "relative"


def _frame(words: list[str], base: int) -> tuple[int, int, bool, bytes] | None:
    """(channel, id, whether it is extended, data); None for any other event."""
    if len(words) >= 3 and words[1].upper() == "CANFD":
        return _fd(words[2:], base)
    if len(words) < 6 or not words[1].isdecimal() or words[3].lower() not in ("rx", "tx"):
        return None
    if words[4].lower() != "d":  # a remote frame
        return None
    length = min(8, _number(words[5], base, 15, "DLC"))
    return (int(words[1]), *_identifier(words[2], base), _data(words[6:], length, base))


def _fd(words: list[str], base: int) -> tuple[int, int, bool, bytes] | None:
    """`channel direction id [name] BRS ESI DLC length data`"""
    if len(words) < 4 or not words[0].isdecimal() or words[1].lower() not in ("rx", "tx"):
        return None
    if words[2].lower() == "errorframe":
        return None
    flags = words[3:] if words[3] in ("0", "1") else words[4:]
    if len(flags) < 4:
        raise ValueError("found a CANFD line that is cut short; expected BRS, ESI, DLC, length and data")
    length = _number(flags[3], 10, 64, "length")
    if length not in _LENGTHS:
        raise ValueError(f"found a frame of {length} bytes; expected a length of CAN FD")
    if length == 0:  # so a remote frame is written here
        return None
    return (int(words[0]), *_identifier(words[2], base), _data(flags[4:], length, base))


def _identifier(word: str, base: int) -> tuple[int, bool]:
    extended = word[-1:].lower() == "x"
    digits = word[:-1] if extended else word
    return _number(digits, base, 0x1FFF_FFFF if extended else 0x7FF, "id"), extended


def _data(words: list[str], length: int, base: int) -> bytes:
    if len(words) < length:
        raise ValueError(f"found {len(words)} of {length} bytes of a frame; expected all")
    return bytes(_number(word, base, 0xFF, "byte") for word in words[:length])


def _number(word: str, base: int, most: int, what: str) -> int:
    try:
        value = int(word, base) if word.isalnum() and word.isascii() and len(word) <= 10 else -1
    except ValueError:
        value = -1
    if not 0 <= value <= most:
        kind = "hexadecimal" if base == 16 else "decimal"
        raise ValueError(f"found {what} '{word[:40]}'; expected a {kind} number up to {most}")
    return value
