"""The bare-metal image on the board that QEMU emulates: flash, power, reset, and a run of the bench against it."""

import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_lane import Results, in_real_time

from bench.links.slcan_text import read_line
from bench.trace.events import CanFrame
from firmware_stubs import mutants
from firmware_stubs.reference_bms_c import compile as c

ROOT = Path(__file__).parent.parent
needs_tools = pytest.mark.skipif(
    not (shutil.which("arm-none-eabi-gcc") and shutil.which("qemu-system-arm")),
    reason="the emulated board needs arm-none-eabi-gcc (with newlib) and qemu-system-arm",
)
STATE_ID, IDENTITY_ID = 0x100, 0x1F0
pytestmark = [pytest.mark.real_time, pytest.mark.timeout(600)]


def board_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "firmware_stubs.qemu_board", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


class Board:
    """A powered board on two lines of this test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.near: dict[str, int] = {}
        words = []
        for bus in ("vehicle", "sense"):
            near, far = os.openpty()
            tty.setraw(far)
            os.set_blocking(near, False)
            words += [f"--{bus}", os.ttyname(far)]
            self.near[bus] = near
        self.process = subprocess.Popen(
            [sys.executable, "-m", "firmware_stubs.qemu_board", "run", "--folder", str(folder), *words],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def open(self) -> None:
        """As an adapter is opened; what was under way before is forgotten."""
        self.hear(0.1)
        os.write(self.near["vehicle"], b"\r\rC\rS6\rO\r")

    def hear(self, seconds: float, states: int = 0) -> list[CanFrame]:
        """For this long, and on until so many states have come, for a minute at most."""
        heard = bytearray()
        began = time.monotonic()
        while (
            left_s := began
            + (seconds if heard.count(b"t%03X" % STATE_ID) >= states else 60.0)
            - time.monotonic()
        ) > 0:
            if select.select([self.near["vehicle"]], [], [], left_s)[0]:
                heard += os.read(self.near["vehicle"], 65536)
        frames = [read_line(line).frame for line in bytes(heard).split(b"\r")[1:-1]]
        return [frame for frame in frames if frame is not None]

    def uptimes_s(self, seconds: float) -> list[float]:
        states = [frame for frame in self.hear(seconds) if frame.can_id == STATE_ID]
        return [int.from_bytes(frame.data[5:8], "little") * 0.01 for frame in states]

    def first_uptimes_s(self, later_than_s: float = 0.0) -> list[float]:
        """Heard until one is later than that, or a minute long: a busy machine starts a processor late.

        A processor that was not up yet has not heard that it was opened: it is told again.
        """
        heard: list[float] = []
        end = time.monotonic() + 60
        while not (heard and heard[-1] > later_than_s) and time.monotonic() < end:
            if not heard:
                self.open()
            heard += self.uptimes_s(0.3)
        return heard

    def restarted_by(self, command: str) -> bool:
        """Whether its uptime is less than before the command.

        Asked again where the answer came so late that a processor which had started again is as old by then.
        """
        for _ in range(6):
            self.open()
            before = self.first_uptimes_s(later_than_s=2.0)
            assert before and before[-1] > 2.0
            asked_s = time.monotonic()
            done = board_command(command, "--folder", str(self.folder))
            assert done.returncode == 0, done.stderr
            after = self.first_uptimes_s()
            assert after, f"nothing heard for a minute after {command}"
            if after[0] < before[-1] or time.monotonic() - asked_s < before[-1]:
                return after[0] < before[-1]
        raise AssertionError(f"six times {command} was heard of too late to tell")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        for near in self.near.values():
            os.close(near)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    image = c.build("misses_weld", "mps2")
    assert board_command("flash", "--folder", str(tmp_path), str(image)).returncode == 0
    board = Board(tmp_path)
    yield board
    board.close()


@needs_tools
def test_the_image_runs_its_base_task_and_names_its_build(board: Board) -> None:
    board.open()
    frames = board.hear(4.5, states=103)
    uptimes = [int.from_bytes(f.data[5:8], "little") for f in frames if f.can_id == STATE_ID]
    assert len(uptimes) > 100
    assert all(after - before == 1 for before, after in itertools.pairwise(uptimes)), "no base task is lost"
    hashes = {f.data[1:5] for f in frames if f.can_id == IDENTITY_ID and f.data[0] == 1}
    assert hashes == {mutants.build_hash("misses_weld")[:4][::-1]}


@needs_tools
def test_reset_and_power_cycle_start_the_firmware_anew(board: Board) -> None:
    for command in ("reset", "power-cycle"):
        assert board.restarted_by(command), command
        assert board.process.poll() is None


def processors(folder: Path) -> list[str]:
    """The QEMU processes of this board."""
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.startswith("qemu") and str(folder) in line]


@needs_tools
def test_a_killed_board_takes_its_processor_with_it(board: Board) -> None:
    assert len(processors(board.folder)) == 1
    board.process.kill()
    board.process.wait(5)
    end = time.monotonic() + 5
    while processors(board.folder) and time.monotonic() < end:
        time.sleep(0.05)
    assert processors(board.folder) == []


@needs_tools
def test_the_board_never_outlives_who_started_it(board: Board) -> None:
    assert board.process.stdin is not None
    board.process.stdin.close()
    board.process.stdin = None
    assert board.process.wait(5) == 0
    done = board_command("power-cycle", "--folder", str(board.folder))
    assert done.returncode == 2 and "is not on" in done.stderr


def test_wrong_use_is_said_in_one_line(tmp_path: Path) -> None:
    no_image = tmp_path / "image"
    no_image.write_bytes(b"hello")
    for arguments, words in (
        (("flash", str(no_image)), "is no ELF image"),
        (("flash", str(tmp_path / "none")), "cannot be flashed"),
        (("run", "--vehicle", "/dev/null", "--sense", "/dev/null"), "its flash is empty"),
        (("power-cycle",), "is not on"),
    ):
        done = board_command(arguments[0], "--folder", str(tmp_path / "board"), *arguments[1:])
        assert done.returncode == 2, arguments
        assert words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


NEVER_BUILT = "late_overvoltage"  # what is built is found without a compiler


def test_without_the_cross_compiler_the_image_is_refused_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "firmware_stubs.build_c", NEVER_BUILT, "--host", "mps2"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PATH": "/nowhere"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        f"firmware '{NEVER_BUILT}_c' is not built for mps2: arm-none-eabi-gcc is not on PATH\n"
    )


@pytest.mark.slow
@needs_tools
def test_the_bench_flashes_the_board_and_runs_a_scenario_on_it(tmp_path: Path) -> None:
    """A bench file of its own, so that nothing of this run stays in the checkout."""
    image = tmp_path / "board.elf"
    shutil.copy(c.build("reference", "mps2"), image)
    text = (ROOT / "docs/benches/qemu_board.toml").read_text()
    text = text.replace("../../build/board.elf", str(image)).replace(
        "../../build/board", str(tmp_path / "board")
    )
    text = text.replace('"python3"', f'"{sys.executable}"').replace("../../dbc", str(ROOT / "dbc"))
    bench = tmp_path / "bench.toml"
    bench.write_text(text.replace("../../runs", str(tmp_path / "runs")))

    def run(shots: int) -> Results:
        done = subprocess.run(
            [sys.executable, "-m", "bench", "run", str(ROOT / "scenarios/healthy/healthy_drive.toml"),
             "--config", str(bench), "--repeat", str(shots), "--json"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stdout + done.stderr
        return {one["scenario_id"]: one for one in json.loads(done.stdout)["scenarios"]}

    in_real_time(run)
