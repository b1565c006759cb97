"""Firmware compiled for the host: the published suite of its protocol, and what is said of one that ends."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from broken_drivers import broken
from small_bench import hil_here

from bench import Bench, Verdict
from bench.c_library import compiler
from bench.dut.stepped import SteppedProcess
from bench.errors import DutCrashed, DutError
from bench.stepped import wire
from bench.testing import SteppedSuite
from bench.trace.events import CanFrame
from bench.units import NS_PER_S

HERE = Path(__file__).parent
HEADER = HERE.parent / "bench" / "stepped"

STRICT = ("-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror")
ANEW = {"it_starts_anew_with_its_supply", "it_starts_anew_with_its_reset"}
THE_SAME = {"two_processes_that_hear_the_same_say_the_same", "the_bench_time_is_its_only_one"}
PROMISES = {name.removeprefix("test_") for name in vars(SteppedSuite) if name.startswith("test_")}

LIES: list[tuple[str, set[str]]] = [
    ("HONEST", set()),
    ("DRAWS_LOTS", THE_SAME),
    ("READS_A_CLOCK", {"the_bench_time_is_its_only_one"}),
    ("TALKS_WITHOUT_SUPPLY", {"it_says_nothing_without_supply"}),
    ("KEEPS_RAM_OVER_SUPPLY", {"it_starts_anew_with_its_supply"}),
    ("IGNORES_RESET", {"it_starts_anew_with_its_reset"}),
    ("RUNS_SHORT", PROMISES),
    ("SENDS_NO_FRAME", {"it_sends_frames_that_a_bus_can_carry"}),
    ("DIES_OF_A_FRAME", {"no_frame_ends_it"}),
    ("STAYS", {"it_ends_with_the_bench"}),
    ("SAYS_NOTHING", {"it_speaks_within_its_steps"}),
]


def built(folder: Path, source: Path, *more: str) -> Path:
    words = compiler()
    if words is None:
        pytest.skip("no C compiler here")
    program = folder / "program"
    line = [*words, *STRICT, f"-I{HEADER}", *more, "-o", str(program), str(source)]
    subprocess.run(line, check=True)
    return program


@pytest.mark.parametrize(("lie", "breaks"), LIES, ids=[name for name, _ in LIES])
def test_a_firmware_that_breaks_a_promise_is_caught_and_an_honest_one_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: str, breaks: set[str]
) -> None:
    monkeypatch.setattr("bench.dut.stepped._STOP_TIMEOUT_S", 0.2 if lie == "STAYS" else 10.0)
    program = built(tmp_path, HERE / "stepped_liars.c", f"-DLIE={lie}")
    suite: Any = type("TestLiar", (SteppedSuite,), {"command": (str(program),)})
    found = broken(suite)
    if lie == "READS_A_CLOCK":  # on a crowded machine a run takes that long without a pause
        found -= {"two_processes_that_hear_the_same_say_the_same"} | ANEW
    assert found == breaks


COUNTER = """
class Counter:
    period_ns = 10_000_000
    steps = 0

    def receive(self, now_ns, channel, frame):
        print("heard", frame)

    def step(self, now_ns):
        self.steps += 1
        from bench import CanFrame
        return [("vehicle", CanFrame(0x100, bytes((self.steps & 255,))))]
"""


class TestPython(SteppedSuite):
    """The Python base keeps all of them. What it prints is in nobody's way."""

    command = (sys.executable, "-m", "bench.stepped", "counter:Counter", "v7")
    steps = 20

    @pytest.fixture(autouse=True)
    def _module(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "counter.py").write_text(COUNTER)
        monkeypatch.setattr(type(self), "folder", tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(HERE.parent))


def stepped(script: str, tmp_path: Path, answer_ns: int = 20 * NS_PER_S) -> SteppedProcess:
    return SteppedProcess([sys.executable, "-S", "-c", script], ("can1",), tmp_path, answer_ns)


def greeting(version: int = wire.VERSION, period_ns: int = 1) -> str:
    text = wire.packed(
        wire.MessageKind.GREETED, version.to_bytes(2, "little") + period_ns.to_bytes(8, "little")
    )
    return f"import os; os.read(0, 99); os.write(1, {text!r})"


@pytest.mark.parametrize(
    ("script", "kind", "told"),
    [
        ("raise SystemExit(3)", DutCrashed, r"ended by itself \(exit code 3\), asked to hello"),
        ("import sys; sys.exit('no licence')", DutCrashed, r"\(exit code 1; its last words: no licence\)"),
        ("import os; os.kill(os.getpid(), 9)", DutCrashed, r"ended by itself \(signal 9\)"),
        ("import time; time.sleep(60)", DutError, r"gave no answer within 1.000 s, asked to hello"),
        ("print('ready', flush=True); input()", DutError, r"found b'ready.*; expected a message"),
        (greeting(version=2), DutError, r"found version 2 of the protocol; expected 1"),
        (greeting(period_ns=0), DutError, r"found a base task of 0 ns; expected more than 0"),
        (greeting() + "; os.close(1); os.read(0, 9)", DutCrashed, r"\(exit code 0\), asked to power on"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told(tmp_path: Path, script: str, kind: type[DutError], told: str) -> None:
    firmware = stepped(script, tmp_path, NS_PER_S if "sleep" in script else 20 * NS_PER_S)
    try:
        with pytest.raises(DutError, match=told) as caught:
            firmware.power_on(0)
        assert type(caught.value) is kind
    finally:
        firmware.end()


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DutError, match="cannot be started"):
        SteppedProcess(["./nobody"], ("can1",), tmp_path).power_on(0)


def test_messages_come_back_as_they_were_written_however_they_are_cut() -> None:
    frame = CanFrame(0x1FFF_FFFF, bytes(range(64)), extended=True, fd=True, bitrate_switch=True)
    text = wire.frame_in(7, 3, frame) + wire.frame_out(2, frame) + wire.advance(9)
    for size in (1, 3, len(text)):
        reader = wire.MessageReader()
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        heard = [one for piece in pieces for one in reader.fed(piece)]
        assert [kind for kind, _ in heard] == [
            wire.MessageKind.FRAME,
            wire.MessageKind.SENT,
            wire.MessageKind.ADVANCE,
        ]
        assert wire.frame_in_of(heard[0][1]) == (7, 3, frame)
        assert wire.frame_out_of(heard[1][1]) == (2, frame)


def test_the_header_says_the_version_that_the_bench_speaks() -> None:
    text = (HEADER / "hil_stepped.h").read_text()
    assert re.findall(r"#define HIL_STEPPED_VERSION (\d+)", text) == [str(wire.VERSION)]
    assert int(re.findall(r"#define HIL_MOST_PAYLOAD (\d+)", text)[0]) == wire.LONGEST_PAYLOAD


def digest(folder: Path, core: str) -> str:
    os.environ["BMS_HIL_CORE"] = core
    try:
        run = Bench.open(folder / "rig/hil_config.toml", seed=1).run(["ov-cell1"], repeat=2)
    finally:
        del os.environ["BMS_HIL_CORE"]
    ((one, two),) = [[shot.digest for shot in scenario.shots] for scenario in run.result.scenarios]
    assert one != two and run.result.verdict is Verdict.PASS
    return f"{one} {two}"


def test_the_page_is_true_and_c_and_python_give_one_digest_on_both_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [HERE.parent / "docs" / name for name in ("tutorial/own_bms.md", "how-to/python_stand_in.md")]
    page = (HERE.parent / "docs/how-to/stepped_firmware.md").read_text()
    texts = [*(one.read_text() for one in pages), page]
    for text in texts:
        for name, block in re.findall(r"Save this as `([^`]+)`:\n\n```\w*\n(.*?)```", text, re.S):
            (tmp_path / name).write_text(block)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{HERE.parent}:{tmp_path}")
    assert hil_here("init", "acme.dbc", "rig", "--chemistry", "nmc", "--firmware", "acme:make") == 0
    (answer,) = re.findall(r"sed -i 's/(.*)/\"(can1.*)\"/'", texts[1])
    profile = tmp_path / "rig/profile.toml"
    profile.write_text(re.sub(answer[0].replace("?", "[?]"), f'"{answer[1]}"', profile.read_text()))
    config = tmp_path / "rig/hil_config.toml"
    in_process = config.read_text()
    built(tmp_path / "rig", tmp_path / "acme.c").rename(tmp_path / "rig/acme")
    (line,) = re.findall(r"^    (sed -i .*)$", page, re.M)
    subprocess.run(shlex.split(line), check=True)
    in_c = {core: digest(tmp_path, core) for core in ("python", "native")}
    assert in_c["python"] == in_c["native"]
    talks = (
        (tmp_path / "acme.c")
        .read_text()
        .replace("(void)now_ns;\n    boot();", 'hil_say("acme boots");\n    boot();')
    )
    (tmp_path / "talks.c").write_text(
        talks.replace("power_on(uint64_t now_ns) {", "power_on(uint64_t now_ns) {\n    (void)now_ns;")
    )
    quiet = config.read_text()
    built(tmp_path / "rig", tmp_path / "talks.c").rename(tmp_path / "rig/talks")
    config.write_text(quiet.replace('["./acme"]', '["./talks"]'))
    assert digest(tmp_path, "native") == digest(tmp_path, "python") != in_c["native"], (
        "its line is in the trace"
    )
    newest = max((one for one in (tmp_path / "rig/runs").iterdir() if one.is_dir()), key=lambda one: one.name)
    assert hil_here("export", str(newest), "--to", "marks", "--out", str(tmp_path / "marks")) == 0
    marks = "".join(one.read_text() for one in (tmp_path / "marks").rglob("*") if one.is_file())
    assert marks.count("acme boots") == 2 and "dut_said" in marks, "one in each of two shots"
    config.write_text(quiet)
    config.write_text(
        config.read_text().replace('["./acme"]', f'["{sys.executable}", "-m", "bench.stepped", "acme:make"]')
    )
    (tmp_path / "rig/acme.py").write_text((tmp_path / "acme.py").read_text())
    assert digest(tmp_path, "native") == in_c["native"]
    ends = "if self.steps == 400: sys.exit('stack')\n        if self.steps % 10:"
    wrong = (tmp_path / "acme.py").read_text().replace("if self.steps % 10:", ends)
    (tmp_path / "rig/acme.py").write_text(f"import sys\n{wrong}")
    run = Bench.open(config, seed=1).run(["ov-cell1"], repeat=1)
    assert run.result.verdict is Verdict.FAIL
    assert (
        "the stepped firmware ended by itself (exit code 1; its last words: stack), asked to advance"
        in str(run.result)
    )
    config.write_text(in_process)
    assert digest(tmp_path, "native") == in_c["native"], "in this process, too"
    sys.modules.pop("acme", None)


def test_lines_of_the_console_come_out_in_order_and_only_once(tmp_path: Path) -> None:
    said = wire.packed(wire.MessageKind.SAID, b"boot 7\n") + wire.packed(wire.MessageKind.SAID, b"ready")
    script = f"{greeting(period_ns=7)}; os.read(0, 99); os.write(1, {said + wire.packed(wire.MessageKind.POWERED)!r}); "
    firmware = stepped(script + "os.read(0, 9)", tmp_path)
    try:
        firmware.power_on(0)
        assert firmware.said_since() == ["boot 7", "ready"]
        assert firmware.said_since() == []
    finally:
        firmware.end()
