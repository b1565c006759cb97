"""A machine without a C compiler: the package installs, its first command runs, and says what would make it faster."""

import importlib.util
import json
import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="no hatchling to build with"),
    pytest.mark.skipif(importlib.util.find_spec("ziglang") is not None, reason="zig's wheel is a compiler"),
]
ROOT = Path(__file__).parent.parent


def checkout(into: Path) -> Path:
    """What a user would have cloned, with what is not committed yet and nothing that was built."""
    words = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, into / name)
    return into


@pytest.mark.parametrize(
    "editable",
    [
        pytest.param(
            True,
            marks=pytest.mark.skipif(
                importlib.util.find_spec("editables") is None, reason="no editables to build with"
            ),
        ),
        False,
    ],
)
def test_it_installs_and_runs_in_python_and_says_why(tmp_path: Path, editable: bool) -> None:
    source = checkout(tmp_path / "checkout")
    venv.create(tmp_path / "venv", with_pip=True)
    environment = {
        "PATH": str(tmp_path / "venv/bin"),  # python and nothing else: no cc, gcc or clang
        "HOME": str(tmp_path),
        "PYTHONPATH": sysconfig.get_path("purelib"),  # what it depends on is there
        **({"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}),
    }

    def done(*words: str, cwd: Path = source) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    python = str(tmp_path / "venv/bin/python")
    words = [python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index"]
    installed = done(*words, *(("-e",) if editable else ()), str(source), cwd=tmp_path)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    ran = done(str(tmp_path / "venv/bin/hil"), "run", "-k", "ov-step-cell17", "--repeat", "1", "--json")
    assert ran.returncode == 0, ran.stderr
    (line,) = [one for one in ran.stderr.splitlines() if "the firmware runs in Python" in one]
    assert "none of cc, gcc, clang is on PATH; install gcc or clang" in line
    (header,) = (source / "runs").glob("*/header.json")
    assert json.loads(header.read_text())["firmware_implementation"]["language"] == "Python"
    assert not list(tmp_path.rglob("reference-library-*.so"))
