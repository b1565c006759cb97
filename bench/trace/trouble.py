"""An exception of the bench as a mark of the trace: one line in words, and the traceback for whoever has to mend it."""

import traceback
from pathlib import Path

from bench.errors import BenchError, DutCrashed, text_of, writable
from bench.timing.stopping import was_stopped
from bench.trace import facts
from bench.trace.facts import BenchBroke
from bench.trace.timeline import Trace

_TOLD = (BenchError, OSError, TimeoutError)
"""Raised on purpose, or by the system: the text is clear by itself."""

_ROOT = Path(__file__).resolve().parents[2]
_CORES = ("bench/core/", "bench/timing/simulated.py")
_CALLS = (*_CORES, "bench/links/simulated_can.py")
"""What calls what is due, and hands frames on: other code on each core of simulated time."""


def mark_error(trace: Trace, t_ns: int, source: str, error: BaseException, *, traced: bool = False) -> None:
    """An ERROR mark. `traced`: with the traceback whatever it is; else only of what nobody raised on purpose.

    A crash of the DUT is no error of the bench: it has a mark of its own, and one only.
    """
    if isinstance(error, DutCrashed):
        _mark_crash(trace, t_ns, source, error)
    elif isinstance(error, _TOLD) and not traced:
        trace.mark(t_ns, BenchBroke(reason=line_of(error)), source)
    else:
        broke = BenchBroke(reason=f"{line_of(error)}{place_of(error)}", traceback=_traceback(error))
        trace.mark(t_ns, broke, source)


def _mark_crash(trace: Trace, t_ns: int, source: str, error: DutCrashed) -> None:
    if any(True for _ in trace.of(facts.DutCrashed)):
        return
    own = bool(error.raised)  # only then the traceback is the firmware's
    crashed = facts.DutCrashed(
        reason=f"{line_of(error)}{place_of(error) if own else ''}",
        status=error.status,
        raised=error.raised,
        traceback=_traceback(error) if own else None,
        stopped=was_stopped(),
    )
    trace.mark(t_ns, crashed, source)


def line_of(error: BaseException) -> str:
    """One line: `ZeroDivisionError: division by zero`. An error told on purpose speaks for itself."""
    name = writable(type(error).__name__)
    text = " ".join(text_of(error).split())
    if isinstance(error, TimeoutError) and not error.args:
        return "no answer in time"
    if isinstance(error, _TOLD):
        return text or name
    return f"{name}: {text}" if text else name


def place_of(error: BaseException) -> str:
    """Where it was raised: the last line of this project or of the user's own files, not of a library."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "site-packages" not in one.filename]
    if not frames:
        return ""
    return writable(f" (in {frames[-1].name}, {_short(frames[-1].filename)} line {frames[-1].lineno})")


def _traceback(error: BaseException) -> str:
    """Without the folders of this machine: evidence is given to others. And without what only calls what is due, which
    differs between the cores of simulated time.
    """
    told = traceback.TracebackException.from_exception(error)
    _without_timeline(told)
    return writable("".join(told.format())).replace(f"{_ROOT}/", "").replace(f"{Path.home()}/", "~/")


def _without_timeline(told: traceback.TracebackException | None) -> None:
    if told is None:
        return
    if told.stack and not _place_in_bench(told.stack[-1]).startswith(
        _CORES
    ):  # a mistake of its own is told whole
        told.stack[:-1] = [one for one in told.stack[:-1] if not _place_in_bench(one).startswith(_CALLS)]
    for one in (told.__cause__, told.__context__, *(told.exceptions or ())):
        _without_timeline(one)


def _place_in_bench(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else ""


def _short(file: str) -> str:
    path = Path(file)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.name
