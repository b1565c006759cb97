"""Whatever a firmware raises is a crash of the DUT: its shot is FAIL, safety is walked, and the run goes on."""

import asyncio
import os
import signal
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from test_stimulus_is_proven import bench_in
from typer.testing import CliRunner

from bench.cli.main import app
from bench.dut.in_process import InProcessDut
from bench.errors import text_of
from bench.report.finding_words import reasons_words
from bench.rig.rig import Rig
from bench.running import shots
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.failures import Failures
from bench.trace.facts import SafeStateReached
from bench.trace.trouble import line_of
from bench.units import NS_PER_S
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

SCENARIO = "ov-step-cell17"


class Own(BaseException):
    """As a firmware may define it."""


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


class Choked(Exception):
    def __str__(self) -> str:
        raise Own


RAISED = {
    "Own": Own("mine"),
    "GeneratorExit": GeneratorExit(),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "CancelledError": asyncio.CancelledError(),
    "Mute": Mute(),
    "Choked": Choked(),
    "RuntimeError": RuntimeError("x\ud800"),
}


def rig_that(monkeypatch: pytest.MonkeyPatch, meddle: Callable[[InProcessDut], None]) -> list[Rig]:
    """Rigs as they are built, their firmware, in Python, meddled with."""
    monkeypatch.setenv("BMS_HIL_CORE", "python")
    built, build = [], shots.build_simulated

    def meddled(*args: object) -> Rig:
        rig = build(*args)  # type: ignore[arg-type]
        assert isinstance(rig.dut, InProcessDut)
        meddle(rig.dut)
        built.append(rig)
        return rig

    monkeypatch.setattr(shots, "build_simulated", meddled)
    return built


@pytest.mark.parametrize("where", ["step", "receive"])
@pytest.mark.parametrize("name", list(RAISED))
def test_it_fails_the_shot_with_the_rig_made_safe(
    wired: Wired, prepared: dict[str, Prepared], monkeypatch: pytest.MonkeyPatch, name: str, where: str
) -> None:
    def meddle(dut: InProcessDut) -> None:
        inner = getattr(dut._firmware, where)

        def raises(now_ns: int, *more: object) -> object:
            if now_ns >= NS_PER_S:
                raise RAISED[name]
            return inner(now_ns, *more)

        monkeypatch.setattr(dut._firmware, where, raises, raising=False)

    rigs = rig_that(monkeypatch, meddle)
    result = shoot(wired, prepared[SCENARIO], 0, 1, 1, None)
    said = " | ".join(reasons_words(result.judgement))
    assert result.judgement.verdict is Verdict.FAIL
    assert [one.finding.code for one in result.judgement.reasons] == ["dut-crashed"]
    assert name in said and said.encode()
    assert any(True for _ in rigs[0].trace.of(SafeStateReached)), said
    assert "test_firmware_raises_anything.py line" in said
    assert "signal" not in said and "not confirmed" not in said


def test_the_users_own_interrupt_still_ends_the_shot(
    wired: Wired, prepared: dict[str, Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    def meddle(dut: InProcessDut) -> None:
        inner, sent = dut._firmware.step, []

        def interrupted(now_ns: int) -> object:
            if now_ns >= NS_PER_S and not sent:
                sent.append(os.kill(os.getpid(), signal.SIGINT))
            return inner(now_ns)

        monkeypatch.setattr(dut._firmware, "step", interrupted, raising=False)

    rigs = rig_that(monkeypatch, meddle)
    with pytest.raises(KeyboardInterrupt):
        shoot(wired, prepared[SCENARIO], 0, 1, 1, None)
    assert any(True for _ in rigs[0].trace.of(SafeStateReached))


def test_failures_that_have_no_words_are_taken_all_the_same() -> None:
    failures = Failures()
    failures.watched(lambda: None)
    for error in (Mute(), Mute(), Choked()):
        failures.add(error)
    assert [type(one) for one in failures.take()] == [Mute, Choked]


def test_foreign_text_can_be_written_anywhere() -> None:
    assert line_of(RuntimeError("x\ud800")) == r"RuntimeError: x\ud800"
    assert text_of(Choked()) == "its text cannot be made: Own"


def ran(folder: Path, *words: str) -> tuple[int, str, Path]:
    """(exit code, all that was said, run folder) of a run on two workers."""
    file = Path(__file__).parents[1] / "scenarios" / "cells" / "ov_step_cell17.toml"
    at = ("--config", str(bench_in(folder)), "--out", str(folder / "runs"))
    done = CliRunner().invoke(app, ["run", str(file), *at, "--repeat", "2", "--workers", "2", *words])
    (run,) = (path.parent for path in (folder / "runs").glob("*/header.json"))
    return done.exit_code, done.output, run


def test_reports_of_a_lone_surrogate_are_whole_and_attempts_have_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meddle(dut: InProcessDut) -> None:
        def raises(now_ns: int) -> object:
            raise RuntimeError("x\ud800")

        monkeypatch.setattr(dut._firmware, "step", raises, raising=False)

    rig_that(monkeypatch, meddle)
    code, said, run = ran(tmp_path)
    assert code == 1 and r"RuntimeError: x\ud800" in " ".join(said.split()), said
    assert r"RuntimeError: x\ud800" in (run / "report.html").read_text(encoding="utf-8")
    told = CliRunner().invoke(app, ["report", str(run), "--out", str(tmp_path / "again.html")])
    assert told.exit_code in (0, 1, 3) and (tmp_path / "again.html").stat().st_size > 1000, told.output
    out = tmp_path / "junit"
    told = CliRunner().invoke(app, ["export", str(run), "--to", "junit", "--out", str(out)])
    assert told.exit_code == 0, told.output
    (file,) = [out] if out.is_file() else out.rglob("*.xml")
    cases = list(ET.parse(file).getroot().iter("testcase"))
    assert len(cases) > 2
    assert all(one.get("file", "").endswith(".toml") and int(one.get("line", "0")) > 0 for one in cases)


class NoParcel(Exception):
    """Does not get whole from one process to another."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def test_a_crash_in_a_worker_is_kept_in_the_runs_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise NoParcel(1, 2)

    monkeypatch.setattr(shots, "conclude_shot", broken)
    code, said, run = ran(tmp_path)
    said = " ".join(said.split())
    assert code == 3 and "the bench crashed: NoParcel: 1 and 2 (test_firmware_raises_anything.py:" in said
    kept = (run / "crash.txt").read_text(encoding="utf-8")
    assert "in broken" in kept and "NoParcel: 1 and 2" in kept
