"""How a command ends: its exit code, whatever happened (docs/exit_codes.md), and one line for what went wrong."""

import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, TextIO

import typer

from bench.cli.json_mode import answering, end_in_json, note_trouble, usage_words
from bench.errors import BenchError, ConfigError
from bench.timing.stopping import listening, stopped_by

PASS, FAIL, USAGE, BENCH = 0, 1, 2, 3
CLOSED_PIPE = 141  # 128 + SIGPIPE, also where there is no such signal


def stopped_code() -> int:
    """As a shell has it for a process that a signal ended: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    return 128 + (stopped_by() or signal.SIGINT)


def ended(command: Callable[[], Any], *, last: bool = False) -> int:
    """Run a command to its end; the exit code. Nothing is raised, and no traceback is printed.

    last: as `listening`.
    """
    try:
        with listening(last=last, say=_stopping):
            try:
                code = _code_of(command)
            except KeyboardInterrupt:
                _say("stopped")
                code = stopped_code()
            return code if stopped_by() is None else stopped_code()  # it may have kept what it had, and ended
    except KeyboardInterrupt:  # one more, while that was said
        return stopped_code()


def _stopping() -> None:
    """In a signal's handler: written past all buffers."""
    with contextlib.suppress(OSError):
        os.write(2, b"\nstopping: what has finished is kept\n")


def _code_of(command: Callable[[], Any]) -> int:
    try:
        command()
    except SystemExit as end:
        if isinstance(end.__context__, OSError | typer.Abort):  # typer's way with a broken pipe of whomever
            return _crashed(end.__context__.__cause__ or end.__context__)
        if end.code == 128 + signal.SIGINT:  # and with any KeyboardInterrupt: without a word
            raise KeyboardInterrupt from None
        if isinstance(end.code, str):
            _say(end.code)
        if (words := usage_words(end)) is not None:
            note_trouble(words)
        return end.code if isinstance(end.code, int) else BENCH if end.code else PASS
    except ConfigError as error:
        _say(str(error))
        return USAGE
    except BenchError as error:
        _say(str(error))
        return BENCH
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is no verdict on the DUT
        return _crashed(error)
    return PASS


def _crashed(error: BaseException) -> int:
    from bench.running.crash import crash_line

    _say(crash_line(error, None))
    return BENCH


def _say(line: str) -> None:
    note_trouble(line)
    with contextlib.suppress(OSError, AttributeError, ValueError):  # stderr may be closed, or none at all
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class _Outlet(io.FileIO):
    """Standard output that nobody need read: what cannot be written is dropped, and the work goes on.

    A reader that leaves (`hil run | head -1`) and a terminal that was closed must not cost the record of a run.
    """

    trouble: OSError | None = None

    def write(self, data: Any) -> int:
        if self.trouble is None:
            try:
                return super().write(data) or 0
            except BlockingIOError:
                raise
            except OSError as error:
                self.trouble = error
        return memoryview(data).nbytes


def _outlet(stream: TextIO | None) -> tuple[io.TextIOWrapper | None, _Outlet | None]:
    """The same stream, written through an outlet. None where the stream is not this process's own, or was closed
    before the start.
    """
    if not isinstance(stream, io.TextIOWrapper):
        return None, None
    try:
        raw = _Outlet(stream.fileno(), "wb", closefd=False)
    except OSError:
        return None, None
    plain = isinstance(stream.buffer, io.RawIOBase)  # python -u
    over = io.TextIOWrapper(
        raw if plain else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace"
        if stream.errors == "strict"
        else stream.errors,  # a DUT may have said anything
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    return over, raw


def _kept_apart(stream: TextIO | None) -> TextIO | None:
    """Where stdout leads, under another number. From here on the process's own leads to stderr.

    A firmware in this process and a user's command that builds one write there, and the JSON has to stand alone.
    """
    try:
        if stream is None or stream.fileno() != 1:
            return stream
        kept = os.fdopen(os.dup(1), "w", encoding=stream.encoding, errors=stream.errors)
    except (OSError, AttributeError):
        return stream
    with contextlib.suppress(OSError):  # there may be no stderr
        os.dup2(2, 1)
    return kept


def run_command_line(command: Callable[[], Any]) -> int:
    """`ended`, on standard streams that may be closed at any time."""
    own, as_json = sys.stdout, "--json" in sys.argv[1:] and "--help" not in sys.argv[1:]
    answers = _kept_apart(own) if as_json else own  # by name: it would close what it leads to with itself
    shown, out = _outlet(answers)
    told, _ = _outlet(sys.stderr)
    sys.stderr = told or sys.stderr
    sys.stdout = sys.stderr if as_json else shown or own
    with answering(shown or own):
        code = ended(command, last=True)
        if as_json:
            end_in_json(code)
            sys.stdout = own
    if shown is None or out is None:
        return code
    shown.flush()
    if out.trouble is None or code not in (PASS, FAIL):
        return code
    if out.trouble.errno == errno.EPIPE:
        return CLOSED_PIPE
    _say(f"standard output cannot be written: {os.strerror(out.trouble.errno or 0)}; what it said is lost")
    return BENCH
