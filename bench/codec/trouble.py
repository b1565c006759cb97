"""What is wrong with one message of a bus description, while the others can be used."""

import re
from dataclasses import dataclass

_OVERLAP = "every bit in one signal only: move or remove one of the two"
_FIT = "a message long enough for all its signals"
_MENDS = (
    (r"are overlapping", _OVERLAP),
    (r"does not fit in message", _FIT),
    (
        r"unused VAL_",
        "VAL_ of signals that the message has: remove it, or name the signal as it is named now",
    ),
    (
        r"unused SIG_VALTYPE_",
        "SIG_VALTYPE_ of signals that the message has: remove it, or name the signal as it is named now",
    ),
    (r"is more than 29 bits", "an id of 11 or 29 bits"),
)
_LONG_ID = re.compile(r"Standard frame id 0x([0-9a-f]+) is more than 11 bits")
_BARE_POINT = re.compile(r"[(\[|,]\s*([-+]?)(\.\d+)")
_NO_NAME = re.compile(r"\s*(?:BO_\s+\d+|SG_)\s+(\d\w*)")
_LEAST_EXTENDED, _MOST_EXTENDED, _BIT_31 = 0x800, 0x1FFF_FFFF, 0x8000_0000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`line`: file, place, what was found and expected. message: "" where it is nobody's in particular.

    signals: which the file names for this message, so that who asks for one can be told. usable: only beside the
    point, such as a comment.
    """

    line: str
    message: str = ""
    signals: tuple[str, ...] = ()
    usable: bool = False


def found_and_expected(reason: str, text: str) -> tuple[str, str]:
    """cantools' words for a mistake, and how it is mended; `text`: the line of the file it stands on, or all of it."""
    if (long := _LONG_ID.search(reason)) is not None:
        number = int(long[1], 16)
        if not text:
            return f"id 0x{number:X} has more than 11 bits", "the message said to be of the extended format"
        if _LEAST_EXTENDED <= number <= _MOST_EXTENDED:
            return (
                f"id {number} (0x{number:X}) has more than 11 bits and bit 31 is not set",
                f"{number | _BIT_31} for an extended id",
            )
        return f"id {number} (0x{number:X}) is neither of 11 nor of 29 bits", "one of them, bit 31 set for 29"
    if "syntax" in reason:
        if (bare := _BARE_POINT.search(text)) is not None:
            return f"found '{bare[1]}{bare[2]}'", f"a digit before the point: {bare[1]}0{bare[2]}"
        if (named := _NO_NAME.match(text)) is not None:
            return f"found the name '{named[1]}'", "a name that begins with a letter"
        if not text.lstrip().startswith(("BO_", "SG_")) and not text.rstrip().endswith(";"):
            return f"found no ';' after {' '.join(text.split())[:80]}", "one"
        return f"cannot be read: {' '.join(text.split())[:80]}", "the syntax of DBC"
    reason = reason.removesuffix(".")
    for pattern, mend in _MENDS:
        if re.search(pattern, reason):
            return reason, mend
    return reason, "a message that can be read"
