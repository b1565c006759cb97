"""A PostgreSQL server of our own for tests: in a folder that goes, on a socket, of Debian's package or any other."""

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_START_S, _STOP_S = 60, 30


def _programs() -> Path | None:
    """The folder with initdb and postgres; Debian keeps them off the PATH."""
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    known = shutil.which("initdb")
    return Path(known).parent if known else (found[-1] if found else None)


def _user() -> tuple[list[str], str] | None:
    """(what a command begins with, the user's name): the server refuses to run as root. None: there is nobody else."""
    if os.getuid() != 0:
        return [], pwd.getpwuid(os.getuid()).pw_name
    with contextlib.suppress(KeyError):
        one = pwd.getpwnam("postgres")
        return ["setpriv", f"--reuid={one.pw_uid}", f"--regid={one.pw_gid}", "--clear-groups"], one.pw_name
    return None


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of an empty database. Skips where there is no server to start."""
    programs, user = _programs(), _user()
    if sys.platform != "linux" or programs is None or user is None:
        pytest.skip("no PostgreSQL here (Debian's package postgresql)")
    pytest.importorskip("psycopg")
    begin, name = user
    # A socket's path may have 107 bytes, so it is not below the folders of the tests.
    with tempfile.TemporaryDirectory(prefix="hil-pg-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        if begin:
            shutil.chown(folder, name)
        data = folder / "data"
        initdb = [
            *begin,
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "hil",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "-N",
        ]
        subprocess.run(initdb, check=True, capture_output=True, timeout=_START_S, cwd=folder)
        control = [*begin, str(programs / "pg_ctl"), "-D", str(data), "-w", "-t", str(_START_S)]
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        log = ["-l", str(folder / "log"), "-o", options]
        subprocess.run(
            [*control, *log, "start"], check=True, capture_output=True, timeout=_START_S, cwd=folder
        )
        try:
            yield f"postgresql://hil@/postgres?host={folder}"
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, capture_output=True, timeout=_STOP_S, cwd=folder)


_NUMBERS = itertools.count()


def new_database(server: str) -> str:
    """The URL of a further, empty database of this server."""
    import psycopg

    name = f"results_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return server.replace("/postgres?", f"/{name}?")
