"""A crash of the bench: one line for the user, and a file with the traceback for whoever mends it."""

import contextlib
import errno
import os
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from bench import __version__
from bench.errors import BenchError, Crashed, text_of
from bench.record.chain import FOOTER

CRASH = "crash.txt"


def crash_line(error: BaseException, folder: Path | None) -> str:
    """Keep the traceback (in a run's folder, else in a file of its own) and say in one line what happened and where."""
    return f"the bench crashed: {_words(error)}; traceback in {_kept(error, folder)}"


@contextlib.contextmanager
def crashes_kept_in(folder: Path) -> Iterator[None]:
    """What nobody raised on purpose leaves the block as Crashed."""
    try:
        yield
    except (BenchError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise Crashed(crash_line(error, folder)) from error


def _words(error: BaseException) -> str:
    told = text_of(error).partition("\n")[0]
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    return f"{type(error).__name__}{': ' if told else ''}{told}{where}"


def _kept(error: BaseException, folder: Path | None) -> str:
    text = f"bms-hil-bench {__version__}\n" + "".join(traceback.format_exception(error))
    for place in (folder, None):
        try:
            return str(_write(text, place))
        except OSError as refused:
            if refused.errno in (errno.EMFILE, errno.ENFILE):
                return "no file: none could be opened any more; raise the limit of open files (ulimit -n)"
    return f"no file could be written; it was: {' | '.join(text.splitlines())}"


def _write(text: str, folder: Path | None) -> Path:
    if folder is None:
        handle, name = tempfile.mkstemp(prefix="hil-crash-", suffix=".txt")
        os.close(handle)
        path = Path(name)
    elif (folder / FOOTER).exists():  # sealed: one more file in it would be an alteration
        path = folder.with_name(f"{folder.name}.{CRASH}")
    else:
        path = folder / CRASH
    with path.open(
        "a", encoding="utf-8", errors="backslashreplace"
    ) as file:  # the first one is the one to mend
        file.write(text)
    return path
