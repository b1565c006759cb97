"""Whatever fails in a shot is the ERROR of that shot: told in a line, kept with its traceback, and the run goes on."""

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evidence import finished
from told import stored_words

from bench.dut.in_process import InProcessDut
from bench.record.folder import RunFolder, verify_run
from bench.record.shot import read_shot
from bench.report.finding_words import reasons_words
from bench.rig.rig import Rig
from bench.running.load import load_rig, load_scenarios
from bench.running.local import Campaign, run_all
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Phase
from bench.timing.stopping import interrupt
from bench.trace.events import Kind
from bench.trace.facts import BenchBroke, DutCrashed
from bench.units import NS_PER_MS
from bench.verdict.result import ShotResult, Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
TRIP = "ov-step-cell17"
AT_NS = 700 * NS_PER_MS


def _fail() -> None:
    raise ZeroDivisionError("a callback of mine")


def _in_a_timer(rig: Rig) -> None:
    rig.clock.call_at(AT_NS, Phase.OBSERVE, _fail)


def _in_a_timer_that_repeats(rig: Rig) -> None:
    rig.clock.every(10 * NS_PER_MS, Phase.PLANT, _fail, first_ns=AT_NS)


def _in_a_callback_of_the_loop(rig: Rig) -> None:
    rig.clock.call_at(AT_NS, Phase.OBSERVE, lambda: asyncio.get_running_loop().call_soon(_fail) and None)


def _in_a_task_of_nobody(rig: Rig) -> None:
    async def fails() -> None:
        _fail()

    rig.clock.call_at(AT_NS, Phase.OBSERVE, lambda: asyncio.get_running_loop().create_task(fails()) and None)


def _on_a_frame(rig: Rig) -> None:
    def heard(t_ns: int, _: object) -> None:
        if t_ns > AT_NS:
            _fail()

    rig.links["vehicle"].subscribe(heard)


def _on_a_mark(rig: Rig) -> None:
    rig.trace.on_mark(lambda mark: _fail() if mark.kind is Kind.OBSERVERS_ARMED else None)


def _in_the_firmware(rig: Rig) -> None:
    assert isinstance(rig.dut, InProcessDut)

    def step(now_ns: int) -> list[Any]:
        return [] if now_ns < AT_NS else _fail()  # type: ignore[func-returns-value]

    rig.dut._firmware.step = step  # type: ignore[method-assign]


MEDDLERS = [
    _in_a_timer,
    _in_a_timer_that_repeats,
    _in_a_callback_of_the_loop,
    _in_a_task_of_nobody,
    _on_a_frame,
    _on_a_mark,
    _in_the_firmware,
]


@pytest.mark.parametrize("meddle", MEDDLERS, ids=lambda one: one.__name__)
def test_what_fails_in_a_shot_is_its_error_with_the_traceback_and_the_rig_is_safe(
    wired: Wired,
    prepared: dict[str, Prepared],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meddle: Callable[[Rig], None],
) -> None:
    folder = RunFolder.create(tmp_path, "run", {})
    if meddle is _in_the_firmware:  # in Python
        monkeypatch.setenv("BMS_HIL_CORE", "python")
    result = shoot(wired, prepared[TRIP], 0, 1, 1, folder, lambda rig, *_: meddle(rig))
    by_the_dut = meddle is _in_the_firmware
    assert result.judgement.verdict is (Verdict.FAIL if by_the_dut else Verdict.ERROR)
    told = " | ".join(reasons_words(result.judgement))
    assert "ZeroDivisionError: a callback of mine (in _fail, tests/test_campaign_failures.py line" in told
    assert "stopped by the user" not in told and "\n" not in told
    trace, _, _ = read_shot(tmp_path / "run" / result.folder)
    kinds = [mark.kind for mark in trace.marks]
    assert kinds[-2:] == [Kind.SAFE_STATE_REACHED, Kind.RUN_ENDED] and Kind.ABORTED not in kinds
    tracebacks = [str(mark.fact.traceback) for mark in trace.of(DutCrashed if by_the_dut else BenchBroke)]
    assert any("Traceback (most recent call last)" in one and ", in _fail" in one for one in tracebacks)
    assert not any(str(Path.home()) in one for one in tracebacks), "evidence is given to others"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_shot_that_fails_ends_no_run(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path, workers: int
) -> None:
    def watch(rig: Rig, scenario_id: str, index: int) -> None:
        if (scenario_id, index) == (TRIP, 1):
            _in_a_timer_that_repeats(rig)

    folder = RunFolder.create(tmp_path, "run", {"run_id": "run"})
    campaign = Campaign(
        wired=wired,
        prepared=[prepared[TRIP], prepared["ov-step-cell60"]],
        run_seed=1,
        repeat=3,
        folder=folder,
        workers=workers,
        watch=watch,
    )
    found: dict[tuple[str, int], ShotResult] = {}
    run_all(campaign, lambda scenario, result: found.update({(scenario, result.index): result}))
    verdicts = {key: result.judgement.verdict for key, result in found.items()}
    assert len(verdicts) == 6
    assert verdicts.pop((TRIP, 1)) is Verdict.ERROR
    assert set(verdicts.values()) == {Verdict.PASS}
    folder.finish({"aborted": None})
    footer, altered = verify_run(folder.path)
    assert footer is not None and not altered


def test_a_rig_that_cannot_be_built_is_an_error_of_the_shot(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    broken = replace(
        wired, config=replace(wired.config, dut=replace(wired.config.dut, firmware="json:loads"))
    )
    folder = RunFolder.create(tmp_path, "run", {})
    result = shoot(broken, prepared[TRIP], 0, 1, 1, folder)
    assert result.judgement.verdict is Verdict.ERROR
    assert any("firmware 'json:loads'" in reason for reason in reasons_words(result.judgement))
    assert read_shot(tmp_path / "run" / result.folder)[2]


def test_a_signal_in_the_shot_is_told_as_one_also_beside_a_failure(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    def watch(rig: Rig, *_: object) -> None:
        rig.clock.call_at(AT_NS, Phase.OBSERVE, lambda: interrupt(signal.SIGTERM, None))
        rig.clock.call_at(AT_NS, Phase.TASK, _fail)

    folder = RunFolder.create(tmp_path, "run", {})
    with pytest.raises(KeyboardInterrupt):
        shoot(wired, prepared[TRIP], 0, 1, 1, folder, watch)
    trace, _, result = read_shot(finished(tmp_path / "run")[0])
    reasons = " | ".join(stored_words(result["judgement"]))
    assert "stopped by the user or by a signal" in reasons and "a callback of mine" in reasons
    kinds = [mark.kind for mark in trace.marks]
    assert Kind.SAFE_STATE_REACHED in kinds and kinds[-1] is Kind.RUN_ENDED


def test_a_wait_that_nobody_ends_is_the_shots_error_not_the_users(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    def watch(rig: Rig, *_: object) -> None:
        async def cancelled() -> None:
            never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            never.cancel()
            await never

        rig.identify = cancelled

    result = shoot(wired, prepared[TRIP], 0, 1, 1, None, watch)
    assert result.judgement.verdict is Verdict.ERROR
    assert not any("user" in reason or "aborted" in reason for reason in reasons_words(result.judgement))


def test_a_trace_that_cannot_be_measured_is_the_shots_error(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    one = prepared[TRIP]
    strange = replace(one, plan=replace(one.plan, heard=(("vehicle", "No_Such_Message", 1),)))
    folder = RunFolder.create(tmp_path, "run", {})
    result = shoot(wired, strange, 0, 1, 1, folder)
    assert result.judgement.verdict is Verdict.ERROR and result.measurement is None
    assert any(
        "could not be measured: plan: message 'No_Such_Message'" in r for r in reasons_words(result.judgement)
    )


@pytest.mark.real_time
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernel stamps are Linux's")
def test_the_same_in_real_time() -> None:
    wired = load_rig(ROOT / "hil_config.toml", "real", "reference", None)
    (one,) = load_scenarios(wired, [ROOT / "scenarios" / "healthy" / "healthy_drive.toml"], None)[0]
    kept: list[Rig] = []

    def watch(rig: Rig, *_: object) -> None:
        kept.append(rig)
        look()

    def look() -> None:
        """Not by the clock: on a busy machine the rig is not up by then, and nothing can confirm that it is off."""
        rig = kept[0]
        if any(mark.kind is Kind.OBSERVERS_ARMED for mark in rig.trace.marks):
            _fail()
        rig.clock.call_at(rig.clock.now_ns() + AT_NS, Phase.OBSERVE, look)

    result = shoot(wired, one, 0, 1, 1, None, watch)
    assert result.judgement.verdict is Verdict.ERROR
    assert any(
        "ZeroDivisionError: a callback of mine" in reason for reason in reasons_words(result.judgement)
    )
    kinds = [mark.kind for mark in kept[0].trace.marks]
    assert Kind.SAFE_STATE_REACHED in kinds and kinds[-1] is Kind.RUN_ENDED and Kind.ABORTED not in kinds
