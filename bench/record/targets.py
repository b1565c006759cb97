"""Whether a run's files can be written where they are to go, tried before anything is driven.

Only a plain file is written: a FIFO would wait for its reader, and what goes into a device is lost. Nothing is written
into the folder of a run: what lies there is evidence.
"""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from bench.errors import ConfigError
from bench.record.chain import FOOTER
from bench.record.folder import HEADER

REPORT = "report.html"


def try_file(option: str, path: Path | None) -> None:
    """Raises ConfigError where `path` cannot take a file; what is there stays as it is. None: nothing to try."""
    if path is None:
        return
    keep_out_of_runs(option, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.exists()
        if there and not path.is_file():
            raise ConfigError(f"{option}: found {path}, which is no plain file; expected one, or none yet")
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{option}: {path} cannot be written: {_why(error)}") from error


def try_files(asked: Mapping[str, Path | None]) -> None:
    """`try_file` for each; ConfigError also where two would be one file, or one of them the other's folder."""
    named = [(option, path, _real(option, path)) for option, path in asked.items() if path is not None]
    for (option, path, real), (other, second, other_real) in combinations(named, 2):
        if real == other_real or _one_file(path, second):
            raise ConfigError(f"{option} and {other}: both are {path}; expected two files")
        if real in other_real.parents or other_real in real.parents:
            raise ConfigError(f"{option} and {other}: {path} and {second}: one would be the other's folder")
    for option, path, _ in named:
        try_file(option, path)


def try_folder(option: str, path: Path) -> None:
    """Raises ConfigError where no files can be made in `path`, which is made where it is missing."""
    keep_out_of_runs(option, path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".tried-", dir=path)
        os.close(handle)
        with contextlib.suppress(OSError):
            Path(name).unlink()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{option}: nothing can be written in {path}: {_why(error)}") from error


def keep_out_of_runs(option: str, path: Path) -> None:
    """Raises ConfigError where `path` is the folder of a run or of a qualification, or lies in one."""
    real = _real(option, path)
    run = next((one for one in (real, *real.parents) if _is_a_run(one)), None)
    if run is not None:
        raise ConfigError(
            f"{option}: {path} lies in {run}, whose files are evidence; expected a place outside of it"
        )


def is_report_of(run: Path, path: Path) -> bool:
    """Whether it is the page that `hil run` writes into the run's own folder."""
    return _real("--out", path) == _real("--out", run / REPORT) and path.name == REPORT


def _is_a_run(folder: Path) -> bool:
    """By what a run holds from its first moment on, or once it is sealed: one name alone may be anybody's."""
    there = [os.path.lexists(folder / name) for name in (HEADER, FOOTER, "inputs")]
    return (there[0] or there[1]) and sum(there) > 1


def _real(option: str, path: Path) -> Path:
    """With no link in it, whether it is there or not."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{option}: {path} cannot be written: {_why(error)}") from error


def _one_file(path: Path, other: Path) -> bool:
    """Under two names, as of a hard link."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
