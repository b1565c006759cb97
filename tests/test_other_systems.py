"""Simulated time on systems that are no Unix: nothing of Unix alone is imported on the way, and none of it is called.

This runs on Linux with those parts taken away, so it shows what is missing and not that the rest works there.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_bench import small_bench

ROOT = Path(__file__).resolve().parents[1]
OF_UNIX = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}

# What other packages import and ask comes first; they know their systems themselves.
WITHOUT_UNIX = """
import sys, os, signal, socket
import asyncio, concurrent.futures, ctypes, getpass, logging, multiprocessing.pool, platform, shutil, sqlite3
import can, cantools, multiprocessing, numpy, pydantic, rich.console, scipy.special, serial
import sqlalchemy, subprocess, typer
for name in OF_UNIX:
    sys.modules[name] = None
for module, names in (
    (os, "fork forkpty openpty getuid geteuid getgid setsid killpg getpgid sched_setscheduler sched_getaffinity mkfifo "
         "getloadavg uname statvfs register_at_fork fchmod chown pread pwrite"),
    (signal, "SIGKILL SIGHUP SIGUSR1 SIGALRM SIGPIPE pthread_sigmask setitimer"),
    (socket, "AF_CAN SO_TIMESTAMPNS"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
multiprocessing.get_all_start_methods = lambda: ["spawn"]
from bench.cli.ending import ended
from bench.cli.main import app
for words in WORDS:
    code = ended(lambda: app(words))
    assert code == 0, (words, code)
"""


def of_unix_at_import(source: str) -> list[str]:
    """Modules that are imported whenever this one is, without a way out."""
    return [
        name.name
        for node in ast.parse(source).body
        if isinstance(node, ast.Import)
        for name in node.names
        if name.name in OF_UNIX
    ]


def test_no_module_of_unix_is_asked_for_before_it_is_needed() -> None:
    assert of_unix_at_import("import os\nimport fcntl\n") == ["fcntl"]
    files = sorted((ROOT / "bench").rglob("*.py"))
    found = {
        str(file.relative_to(ROOT)): of_unix_at_import(file.read_text(encoding="utf-8")) for file in files
    }
    assert {file: names for file, names in found.items() if names} == {} and len(found) > 300


@pytest.mark.slow
def test_a_run_in_simulated_time_needs_nothing_of_unix(tmp_path: Path) -> None:
    folder = small_bench(tmp_path)
    words = [
        ["check"],
        ["run", "-k", "weld-plus-at-opening", "--repeat", "1"],
        ["verify", "last"],
        ["report", "last"],
        ["runs"],
        ["export", "last", "--to", "csv", "--out", "frames"],
    ]
    script = f"OF_UNIX = {OF_UNIX!r}\nWORDS = {words!r}\n{WITHOUT_UNIX}"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "PASS 3 of 3 scenarios" in done.stdout
