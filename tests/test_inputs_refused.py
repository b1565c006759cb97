"""A device or a pipe in place of a file that a command reads: one line, exit 2, at once."""

import os
from pathlib import Path

import pytest
from forked import run_forked
from small_bench import QUICK, ROOT, hil_here, run_folders, small_bench

from bench.running.load import mistakes_of_files

WORDS = [
    ("check", "-c", "ODD"),
    ("sign", "RUN", "--key", "ODD"),
    ("rejudge", "RUN", "--budgets", "ODD"),
    ("qualify", "--full", "--usage", "ODD"),
]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(a bench with odd files, its only run)."""
    bench = small_bench(tmp_path_factory.mktemp("bench"))
    os.mkfifo(bench / "pipe")
    (bench / "endless").symlink_to("/dev/zero")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(bench)
        assert hil_here(*QUICK) == 0
    (run,) = run_folders(bench)
    return bench, run


@pytest.mark.parametrize("odd", ["pipe", "endless"])
def test_what_never_ends_is_refused(odd: str, stored: tuple[Path, Path]) -> None:
    """In a process of its own, bounded: what waits or grows must not hold the tests."""
    bench, run = stored
    pytest.importorskip("cryptography")
    lines = f"print(ended(lambda: load_hazards(Path({odd!r}))))\n" + "\n".join(
        f"print(ended(lambda: app({[one.replace('ODD', odd).replace('RUN', str(run)) for one in words]!r})))"
        for words in WORDS
    )
    ask = (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "from pathlib import Path\nfrom bench.safety.hazard_file import load_hazards\n"
        f"from bench.cli.ending import ended\nfrom bench.cli.main import app\n{lines}"
    )
    done = run_forked(ask, cwd=bench)
    assert done.stdout.split() == ["2"] * (len(WORDS) + 1), done.stderr
    told = done.stderr.splitlines()
    what = "a FIFO" if odd == "pipe" else "a device"
    assert len(told) == len(WORDS) + 1 and all(f"{odd}: found {what}; expected" in line for line in told), (
        told
    )


def test_what_lies_beside_a_device_is_nobodys_mistake() -> None:
    assert mistakes_of_files(Path("/dev/null"), None) == []
    assert mistakes_of_files(Path("x" * 300), [ROOT / "scenarios/contactors"]) == []
