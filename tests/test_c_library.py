"""Building C: found by the hash of its sources, and whatever a compiler does, nothing but a line comes of it."""

import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench import Bench
from bench.c_library import NotBuilt, Target, found, made, source_hash
from bench.door.progress import Noted
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired
from bench.wiring.dut import implementation_of
from firmware_stubs import builds
from firmware_stubs.reference_bms_c import compile as c

ROOT = Path(__file__).parent.parent
FLAGS = ("-std=c11", "-O2", "-shared", "-fPIC")
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc on PATH")


def target(folder: Path, number: int = 7) -> Target:
    folder.mkdir(exist_ok=True)
    source = folder / "seven.c"
    source.write_text(f"int seven(void);\nint seven(void) {{ return {number}; }}\n")
    return Target(name="seven", sources=(source,), hashed=source_hash(folder), flags=FLAGS)


def compiler(folder: Path, body: str) -> Path:
    """A C compiler that says its version, and does `body` when it is to compile."""
    script = folder / "a-cc"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo a-cc 1.0 && exit\n{body}\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which the firmware in C was never built; the folder where it would be."""
    folder = tmp_path / "libraries"
    monkeypatch.setattr(c, "folders", lambda: (folder,))
    monkeypatch.delenv(builds.CORE, raising=False)
    monkeypatch.setattr(builds, "_chosen", builds._chosen.__wrapped__)
    return folder


@needs_compiler
def test_a_changed_source_has_another_name_and_the_old_file_is_not_found(tmp_path: Path) -> None:
    source, folders = tmp_path / "source", (tmp_path / "libraries",)
    before = made(target(source), folders)
    assert ctypes.CDLL(str(before)).seven() == 7
    changed = target(source, 8)
    assert found(changed, folders) is None
    after = made(changed, folders)
    assert after != before and ctypes.CDLL(str(after)).seven() == 8
    assert found(target(source), folders) == before


@needs_compiler
def test_flags_make_another_name_and_a_header_counts_too(tmp_path: Path) -> None:
    one = target(tmp_path / "source")
    with_flag = Target(name="seven", sources=one.sources, hashed=one.hashed, flags=(*FLAGS, "-DX=1"))
    (tmp_path / "source/seven.h").write_text("/* nothing */\n")
    with_header = target(tmp_path / "source")
    assert len({one.key(), with_flag.key(), with_header.key()}) == 3
    (tmp_path / "source/build/tmp1").mkdir(parents=True)
    (tmp_path / "source/build/tmp1/unit.c").write_text("/* of a build that goes on */\n")
    assert target(tmp_path / "source").key() == with_header.key()


@needs_compiler
def test_a_library_of_any_compiler_is_found_unless_one_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, folders = target(tmp_path / "source"), (tmp_path / "libraries",)
    path = made(wanted, folders)
    with monkeypatch.context() as without:
        without.setenv("PATH", "/nowhere")
        assert made(wanted, folders) == path, "no compiler, and none is needed"
    mine = compiler(tmp_path, 'exec cc "$@"')
    monkeypatch.setenv("CC", str(mine))
    assert found(wanted, folders) is None
    assert made(wanted, folders) != path
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(NotBuilt, match="CC = 'no-such-compiler' is not there"):
        made(wanted, folders)


def test_a_compiler_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "pid"
    script = compiler(tmp_path, f"sleep 600 & echo $! > {started}; wait")
    monkeypatch.setenv("CC", str(script))
    folder = tmp_path / "libraries"
    with pytest.raises(NotBuilt, match=r"had not ended after 0\.5 s$"):
        made(target(tmp_path / "source"), (folder,), patience_s=0.5)
    state = Path(f"/proc/{started.read_text().strip()}/stat")
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"
    with pytest.raises(NotBuilt, match="had not ended"):  # at once: it is not waited for again
        made(target(tmp_path / "source"), (folder,), again=False, patience_s=600)


@needs_compiler
def test_where_one_folder_cannot_be_written_the_next_one_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    read_only, cache = tmp_path / "file/build", tmp_path / "cache/bms"
    path = made(target(tmp_path / "source"), (read_only, cache))
    assert path.parent == cache and found(target(tmp_path / "source"), (read_only, cache)) == path
    with pytest.raises(NotBuilt, match=r"file/build cannot be written: Not a directory$"):
        made(target(tmp_path / "source", 9), (read_only,))


@needs_compiler
def test_two_processes_may_build_the_same_at_once(tmp_path: Path) -> None:
    target(tmp_path / "source")
    script = compiler(tmp_path, 'sleep 0.3; exec cc "$@"')
    words = (
        "from pathlib import Path; from bench.c_library import Target, made, source_hash\n"
        f"source = Path({str(tmp_path / 'source')!r})\n"
        "one = Target(name='seven', sources=(source / 'seven.c',), hashed=source_hash(source),"
        f" flags={FLAGS!r})\nprint(made(one, (Path({str(tmp_path / 'libraries')!r}),)))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", words], cwd=ROOT, env={**os.environ, "CC": str(script)}, text=True,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = {one.communicate(timeout=60)[0].strip() for one in running}
    assert len(said) == 1 and not any(one.returncode for one in running)
    assert [str(one) for one in (tmp_path / "libraries").iterdir()] == [*said]
    assert ctypes.CDLL(said.pop()).seven() == 7


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo 'x.c:1: error: no such thing' >&2; exit 1", "a-cc failed: x.c:1: error: no such thing"),
        ("exit 0", "a-cc failed: nothing was said"),
        ("kill -9 $$", "a-cc failed: nothing was said"),
    ],
)
def test_a_broken_compiler_costs_a_line_and_is_not_asked_again(
    no_library: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, words: str
) -> None:
    asked = tmp_path / "asked"
    script = compiler(tmp_path, f"echo x >> {asked}; {body}")
    monkeypatch.setenv("CC", str(script))
    for _ in range(2):
        taken = builds.implementation("reference")
        assert taken.language == "Python" and words in taken.why_python
        assert "python -m firmware_stubs.build_c reference" in taken.why_python
        assert "\n" not in taken.why_python
    assert asked.read_text() == "x\n"


def test_a_library_that_cannot_be_loaded_is_told_with_its_place(
    no_library: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = compiler(tmp_path, 'while [ "$1" != -o ]; do shift; done; echo nonsense > "$2"')
    monkeypatch.setenv("CC", str(script))
    taken = builds.implementation("reference")
    assert taken.language == "Python" and f"delete {no_library}" in taken.why_python


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other formats")
@pytest.mark.parametrize("left", [0.05, 0.5, 0.99])
def test_a_library_that_was_cut_short_is_made_anew(tmp_path: Path, left: float) -> None:
    """It was loaded, and the process ended by SIGBUS without a word."""
    source, folders = tmp_path / "source", (tmp_path / "libraries",)
    path = made(target(source), folders)
    os.truncate(path, int(path.stat().st_size * left))
    assert found(target(source), folders) is None
    again = made(target(source), folders)
    assert again == path and ctypes.CDLL(str(again)).seven() == 7


@needs_compiler
def test_without_a_compiler_a_run_in_python_says_so_and_has_the_digest_of_c(
    no_library: Path,
    wired: Wired,
    prepared: dict[str, Prepared],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    in_c = implementation_of(wired.config)
    assert in_c is not None and (in_c.language, in_c.file.parent) == ("C", no_library)
    assert in_c.sha256 == hashlib.sha256(in_c.file.read_bytes()).hexdigest()
    digest = shoot(wired, prepared["ov-step-cell17"], 0, 1, 1, None).digest
    in_c.file.unlink()
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)
    told: list[str] = []
    ran = Bench.open(ROOT / "hil_config.toml").run(
        ROOT / "scenarios/cells/ov_step_cell17.toml", repeat=1, out=tmp_path, workers=1,
        progress=lambda event: told.append(str(event)) if isinstance(event, Noted) else None,
    )  # fmt: skip
    header = json.loads((ran.folder / "header.json").read_text())
    shots = {one.scenario_id: [shot.digest for shot in one.shots] for one in ran.result.scenarios}
    assert shots["ov-step-cell17"] == [digest] and digest
    said = header["firmware_implementation"]
    assert (said["language"], said["file"]) == ("Python", "bms.py")
    assert [line for line in told if "none of cc, gcc, clang is on PATH; install gcc or clang" in line]


def test_python_is_taken_where_it_is_asked_for_and_nonsense_is_refused(
    no_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(builds.CORE, "python")
    taken = builds.implementation("reference")
    assert (taken.language, taken.why_python) == ("Python", "") and not no_library.exists()
    monkeypatch.setenv(builds.CORE, "fast")
    with pytest.raises(c.DutError, match=r"^BMS_HIL_CORE: found 'fast'; expected native or python, or none$"):
        builds.implementation("reference")


@needs_compiler
def test_native_means_every_build_and_no_silence_where_it_cannot_be(
    no_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert builds.implementation("misses_weld").language == "Python"
    monkeypatch.setenv(builds.CORE, "native")
    assert builds.implementation("misses_weld").language == "C"
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(c.DutError, match="'no-such-compiler' is not there"):
        builds.implementation("misses_weld")
