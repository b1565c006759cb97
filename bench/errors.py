"""The few ways in which the bench (never the DUT) can be wrong. A wrong DUT is a verdict, not an exception."""

import difflib
import struct
import zlib
from collections.abc import Iterable


class BenchError(Exception):
    """Root of all errors raised on purpose. The text is one clear line: what, where, found, expected, what next.

    Whatever foreign text went into it, it is fit for a terminal: see `clear`.
    """

    def __str__(self) -> str:
        return "\n".join(clear(line, _LONGEST_LINE) for line in super().__str__().split("\n"))


class ConfigError(BenchError):
    """A file the user wrote is wrong: hil_config.toml, a profile, a DBC, budgets. Nothing has been driven."""


class ScenarioError(ConfigError):
    """A scenario file is wrong or does not fit the rig. Nothing has been driven."""


class CalledWrongly(ConfigError):
    """A call from a script that cannot be done: an argument out of its range, a place where it cannot be made."""


class LinkError(BenchError):
    """A CAN or serial link cannot be opened, or has broken."""


class InstrumentError(BenchError):
    """An instrument answered wrongly, late or not at all. Names port, instrument, what was sent, what came back."""


class DutError(BenchError):
    """The DUT could not be started, identified or kept alive."""


class DutCrashed(DutError):
    """The DUT ended, or its firmware raised, and nobody had asked it to: the text says how.

    status: exit code of its process, negative for the signal that ended it; None where it has no process.
    raised: the class of what a firmware in process raised; "" of a process.
    """

    def __init__(self, text: str, status: int | None = None, raised: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.raised = raised


class UnidentifiedBuild(DutError):
    """The DUT does not say which build it is, or names another than expected: it is refused, not tested."""


class StalledError(BenchError):
    """Simulated time: everybody waits and nothing is scheduled, so time cannot advance."""


class RecordError(BenchError):
    """A run folder or results database cannot be written, or cannot be read back."""


class AlteredRun(RecordError):
    """A run that is not as it was written, and cannot be read either."""


class NotARun(RecordError, ConfigError):
    """What the user named is no run folder: wrong usage, not damaged evidence."""


class UnusableUrl(RecordError, ConfigError):
    """A database URL that nothing here can open, whatever happens to the server behind it."""


class Crashed(BenchError):
    """The bench itself is wrong: nobody raised this on purpose. The text names the file with the traceback."""


DAMAGED: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    struct.error,
    zlib.error,
)
"""What reading a stored thing may raise where it is not as the bench wrote it: damage knows no types."""

_MOST_NAMES = 10  # of a list in a line
_LONGEST_LINE, _LONGEST_PART, _LONGEST_NAME = 2000, 800, 200


def clear(text: str, most: int = _LONGEST_PART) -> str:
    """Foreign text within a line for people: what cannot be printed is written out, and what is long is shortened."""
    if len(text) > most:
        half = most // 2
        text = f"{text[:half]} … {text[-(most // 8) :]}"
    return (
        text
        if text.isprintable()
        else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
    )


def at_place(file: object, place: str, found: str, expected: str) -> str:
    """The one line every mistake in a user's file is reported with."""
    name = clear(str(file))
    where = f"{name} [{clear(place, 200)}]" if place else name
    return f"{where}: {clear(found)}; expected {clear(expected)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """`"; did you mean 'x'?"`, or the empty string where nothing is near."""
    if len(word) > _LONGEST_NAME:  # what compares them takes the product of both lengths
        return ""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{clear(match[0])}'?" if match else ""


_FEW = 3


def choices(word: str, known: Iterable[str]) -> str:
    """The known names in one text. Only ten of more are shown, those near to `word` first."""
    names = [clear(one) for one in known]
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    near = [] if len(word) > _LONGEST_NAME else difflib.get_close_matches(word, names, n=3, cutoff=0.6)
    shown = [*near, *(one for one in names if one not in near)][:_MOST_NAMES]
    return f"{', '.join(shown)} and {len(names) - _MOST_NAMES} more"


def few(names: Iterable[str]) -> str:
    """Names in one text for a line of a terminal: the first three, and how many more."""
    listed = [clear(one) for one in names]
    more = len(listed) - _FEW
    return ", ".join(listed) if more <= 1 else f"{', '.join(listed[:_FEW])} and {more} more"


def text_of(error: BaseException) -> str:
    """What an exception says, whoever wrote it: its `str` may raise, and may hold what no file can be written with."""
    try:
        return writable(str(error))
    except BaseException as worse:  # noqa: BLE001 - an error that cannot even say what it is must not hide itself
        return f"its text cannot be made: {writable(type(worse).__name__)}"


def writable(text: str) -> str:
    """Foreign text as it can be stored: a lone surrogate is in no encoding, and stands as its escape."""
    return text.encode(errors="backslashreplace").decode()
