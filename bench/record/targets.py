"""Whether a run's files can be written where they are to go, tried before anything is driven."""

import contextlib
import os
import tempfile
from pathlib import Path

from bench.errors import ConfigError


def try_file(option: str, path: Path | None) -> None:
    """Raises ConfigError where `path` cannot take a file; what is there stays as it is. None: nothing to try."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            if path.is_dir() or not os.access(path, os.W_OK):
                raise ConfigError(f"{option}: found {path}, which is no file that can be written")
            return  # a pipe or a device: to open it could wait for its reader
        there = path.exists()
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{option}: {path} cannot be written: {_why(error)}") from error


def try_folder(option: str, path: Path) -> None:
    """Raises ConfigError where no files can be made in `path`, which is made where it is missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".tried-", dir=path)
        os.close(handle)
        with contextlib.suppress(OSError):
            Path(name).unlink()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{option}: nothing can be written in {path}: {_why(error)}") from error


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
