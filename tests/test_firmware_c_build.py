"""Building the firmware in C: optional, clean under strict warnings and sanitizers, and plain about what is missing."""

import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from firmware_pack import MS, Pack

from bench.errors import DutError
from bench.trace.events import CanFrame
from firmware_stubs import mutants
from firmware_stubs.builds import build, build_hash, descriptions
from firmware_stubs.reference_bms_c import compile as c

ROOT = Path(__file__).parent.parent
needs_compiler = pytest.mark.skipif(
    c.compiler() is None, reason="the firmware in C needs a C compiler: none of cc, gcc, clang found"
)
STRICT = ("-Wconversion", "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wvla", "-fsyntax-only")
SANITIZED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
RECORD = struct.Struct("=qHBB8s")


compilers = pytest.mark.parametrize(
    "compiler",
    [
        pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"no {name} on PATH"))
        for name in ("gcc", "clang")
    ],
)


@compilers
def test_every_file_stands_alone_under_strict_warnings(compiler: str) -> None:
    """Strict prototypes, conversions and shadowing are asked for here; the build itself takes all files as one."""
    files = [path for folder in ("core", "hosts") for path in sorted((c.HERE / folder).glob("*.c"))]
    command = [compiler, *c.FLAGS, "-Werror", "-D_GNU_SOURCE", *STRICT, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert len(files) > 20 and done.returncode == 0, done.stderr


@compilers
@pytest.mark.parametrize("host", c.HOSTS)
def test_every_host_builds(host: str, compiler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", compiler)
    cross = c.HOSTS[host].cross
    if cross and (compiler != "gcc" or shutil.which(cross) is None):
        pytest.skip(f"{host} needs {cross}, which is a gcc")
    assert c.build("reference", host).stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.timeout(900)
@compilers
def test_every_mutant_compiles_under_strict_warnings(compiler: str) -> None:
    unit = "".join(f'#include "{path}"\n' for path in sorted((c.HERE / "core").glob("*.c")))
    for name in c.mutants():
        command = [compiler, *c.FLAGS, "-Werror", *STRICT, *c.flags(name), "-x", "c", "-"]
        done = subprocess.run(command, input=unit, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (name, done.stderr)


def test_the_core_calls_nothing_that_allocates_or_reads_a_clock() -> None:
    text = "".join(path.read_text() for path in sorted((c.HERE / "core").glob("*.[ch]")))
    for word in ("malloc", "calloc", "realloc", "free(", "time(", "clock_", "printf", "<stdio.h>"):
        assert word not in text, word


class Recorder:
    """Implements bench.dut.firmware.Firmware: passes everything on, and keeps it as records for hosts/replay.c."""

    def __init__(self) -> None:
        self._firmware = mutants.build("reference")
        self.period_ns = self._firmware.period_ns
        self.given = bytearray()
        self.sent = bytearray()

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        bus = ("vehicle", "sense").index(channel)
        self.given += RECORD.pack(now_ns, frame.can_id, bus, len(frame.data), frame.data)
        self._firmware.receive(now_ns, channel, frame)

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        self.given += RECORD.pack(now_ns, 0, 255, 0, b"")
        sent = self._firmware.step(now_ns)
        for _, frame in sent:
            self.sent += RECORD.pack(now_ns, frame.can_id, 0, len(frame.data), frame.data)
        return sent


def sanitized_replay() -> Path:
    try:
        return c.build("reference", "replay", extra=SANITIZED)
    except DutError as error:
        pytest.skip(f"this compiler has no address and undefined-behaviour sanitizers: {error}")


def replayed(given: bytes) -> bytes:
    done = subprocess.run([str(sanitized_replay())], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def without_hash(records: bytes) -> list[tuple[int, ...]]:
    every = [list(RECORD.unpack_from(records, at)) for at in range(0, len(records), RECORD.size)]
    return [tuple(one) for one in every if not (one[1] == 0x1F0 and one[4][0] == 1)]


@needs_compiler
def test_sanitizers_find_nothing_in_a_trip_and_the_frames_are_those_of_python() -> None:
    recorder = Recorder()
    pack = Pack(recorder)
    pack.start()
    pack.cells_v[40] = 4.3
    pack.run(3200)
    pack.crash = True
    pack.press_reset()
    assert without_hash(replayed(bytes(recorder.given))) == without_hash(bytes(recorder.sent))
    assert len(recorder.sent) > 1000 * RECORD.size


@needs_compiler
def test_sanitizers_find_nothing_whatever_arrives() -> None:
    rng = random.Random(7)
    given = bytearray()
    now_ns = 0
    for _ in range(20_000):
        now_ns += rng.randrange(2 * MS)
        can_id = rng.choice((0x300, 0x301, 0x302, 0x303, 0x304, 0x0A0, 0x7FF))
        given += RECORD.pack(now_ns, can_id, rng.randrange(3), rng.randrange(12), rng.randbytes(8))
        if rng.random() < 0.2:
            given += RECORD.pack(now_ns, 0, 255, 0, b"")
    assert len(replayed(bytes(given))) > 1000 * RECORD.size


@needs_compiler
def test_a_build_is_kept_until_a_source_or_the_name_changes() -> None:
    path = c.build("reference", "library")
    stamp = path.stat().st_mtime_ns
    assert c.build("reference", "library") == path and path.stat().st_mtime_ns == stamp
    assert c.build("misses_weld", "library") != path
    assert build_hash("reference_c") == build_hash("reference") != build_hash("misses_weld_c")


@needs_compiler
def test_says_its_own_hash_on_the_bus() -> None:
    pack = Pack(build("misses_weld_c"))
    pack.run(2000)
    said = {values.get("BuildHash") for _, values in pack.sent("BMS_Identity")}
    assert int.from_bytes(build_hash("misses_weld_c")[:4], "big") in said


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("refernce",), {}, "no firmware 'refernce' in C; expected one of the "),
        (("reference",), {"CC": "no-such-compiler"}, "CC = 'no-such-compiler' is not there; install gcc or clang"),
        (("reference",), {"CC": "false"}, "'reference_c' is not built for library: false failed: nothing was said"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_one_line(
    arguments: tuple[str, ...], environment: dict[str, str], words: str
) -> None:
    done = command("firmware_stubs.build_c", *arguments, **environment)
    assert done.returncode == 2
    assert words in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_run_without_a_compiler_is_refused_and_the_rest_works(tmp_path: Path) -> None:
    """Nobody needs a toolchain: without one the C builds are neither offered nor in the way."""
    refused = command("bench", "run", "--firmware", "reference_c", "--out", str(tmp_path), CC="no-such-cc")
    assert refused.returncode == 2, refused.stdout
    assert (
        "[dut.firmware]: firmware 'reference_c' is not built for library: CC = 'no-such-cc' is not there"
        in (refused.stderr)
    )
    assert not list(tmp_path.iterdir())
    listed = command("bench", "list", "--json", CC="no-such-cc")
    assert listed.returncode == 0 and '"reference"' in listed.stdout and '"reference_c"' not in listed.stdout


def test_builds_in_c_are_offered_where_there_is_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c, "compiler", lambda: "cc")
    assert "NAME_c" in descriptions()["reference_c"]
    monkeypatch.setattr(c, "compiler", lambda: None)
    assert "reference_c" not in descriptions() and "misses_weld" in descriptions()
