"""What a run is made of, by words and by the last one's failures, and what ends it before all is fired."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sample_run import sample_run
from small_bench import ROOT, hil_here, run_folders, small_bench

from bench.door.ending_early import EarlyEnd, EndedEarly, EndRule
from bench.errors import ScenarioError
from bench.measure.finding.bench import BenchError as BenchBroke
from bench.record.codable import decode
from bench.record.folder import open_run, read_shot
from bench.running.filter_words import filter_of, joined
from bench.running.load import load_rig, select_scenarios
from bench.verdict.result import Judgement, ShotResult, Verdict

IDS = {
    "weld-plus-at-opening": "contactors",
    "weld-plus-at-opening--inside": "contactors",
    "weld-minus-at-opening": "contactors",
    "ov-step-cell17": "cells",
    "ov-step-cell17--inside": "cells",
}


def chosen(*asked: str, exact: bool = False) -> list[str]:
    fits = filter_of(joined(list(asked), exact=exact) or "")
    return [name for name, folder in IDS.items() if fits(name, folder)]


def test_words_of_k_are_joined_by_and_or_not_and_brackets() -> None:
    assert chosen() == list(IDS)
    assert chosen("weld-plus") == ["weld-plus-at-opening", "weld-plus-at-opening--inside"]
    assert chosen("cells") == ["ov-step-cell17", "ov-step-cell17--inside"]
    assert chosen("weld and not inside") == ["weld-plus-at-opening", "weld-minus-at-opening"]
    assert chosen("not (weld-plus or cells)") == ["weld-minus-at-opening"]
    assert chosen("weld-minus or cells and inside") == ["weld-minus-at-opening", "ov-step-cell17--inside"]
    assert chosen("weld-minus", "cells and inside") == ["weld-minus-at-opening", "ov-step-cell17--inside"]
    assert chosen("ov-step-cell17", exact=True) == ["ov-step-cell17"]
    assert chosen("=ov-step-cell17 or weld-minus") == ["weld-minus-at-opening", "ov-step-cell17"]
    assert chosen("weld-plus-at-opening or ov-step-cell17", exact=True) == [
        "weld-plus-at-opening",
        "ov-step-cell17",
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("a b", "'b'"),
        ("a and", "the end"),
        ("(a", "the end"),
        ("or a", "'or'"),
        ("a)", "')'"),
        ("not", "the end"),
    ],
)
def test_words_that_make_no_sense_are_one_line(asked: str, found: str) -> None:
    with pytest.raises(ScenarioError) as told:
        filter_of(asked)
    assert str(told.value).startswith(f"-k '{asked}': found {found}; expected ")


def test_so_many_failures_end_a_run_but_not_those_that_have_to_fail() -> None:
    failed = next(
        shot
        for one in sample_run(n=12).scenarios
        for shot in one.shots
        if shot.judgement.verdict is Verdict.FAIL
    )
    end = EarlyEnd(EndRule(most_failed=2), frozenset({"mismatch"}), 10)
    for name in ("mismatch", "a", "a", "mismatch"):
        end.look(name, failed)
    with pytest.raises(EndedEarly, match="2 scenarios failed"):
        end.look("b", failed)
    last = EarlyEnd(EndRule(most_failed=1), frozenset(), 1)
    last.look("a", failed)  # nothing was left to be fired: the run is whole


def test_x_ends_the_run_with_1_and_last_failed_runs_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_bench(tmp_path))
    assert hil_here("run", "--last-failed") == 2
    assert "found no run" in capfd.readouterr().err
    words = ("--repeat", "3", "--firmware", "misses_weld", "--workers", "1")
    assert hil_here("run", "-x", *words) == 1
    told = capfd.readouterr()
    assert "ended early: 1 scenario failed" in told.err
    assert "ABORTED FAIL 1 of " in told.out
    assert hil_here("run", "--last-failed", "--repeat", "1", "--json") == 0
    made = json.loads(capfd.readouterr().out)
    assert [one["scenario_id"] for one in made["scenarios"]] == ["weld-plus-at-opening"]
    assert hil_here("run", "--last-failed") == 2
    assert "expected one at least" in capfd.readouterr().err


@pytest.mark.real_time
@pytest.mark.xdist_group("real_time")
def test_a_dut_that_cannot_start_ends_the_run_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_bench(tmp_path))
    file = tmp_path / "hil_config.toml"
    dead = 'identity = { by = "can" }\nstart = "subprocess"\ncommand = ["sh", "-c", "echo no licence >&2; exit 3"]'
    file.write_text(file.read_text().replace('start = "in_process"', dead))
    assert hil_here("run", "scenarios/contactors", "--time", "real") == 3
    told = capfd.readouterr()
    assert "ended early: the DUT does not come up" in told.err
    assert told.out.count("its last words: no licence") == 1
    (first,) = run_folders(tmp_path)
    assert len(list(first.glob("scenarios/*"))) == 1
    (shot,) = open_run(first).shots()
    not_up = decode(ShotResult, read_shot(shot)[2])
    EarlyEnd(EndRule(keep_going=True), frozenset(), 2).look("a", not_up)
    came_up = EarlyEnd(EndRule(keep_going=False), frozenset(), 3)
    came_up.look("a", dataclasses.replace(not_up, identity="b573c2ec"))
    came_up.look("b", not_up)  # it can come up: one that did not is an ERROR of that shot


def test_what_breaks_shots_before_their_fault_ends_no_run() -> None:
    """A guard that is killed is the trouble of each shot that it was to watch, and told there."""
    sample = sample_run(n=12).scenarios[0].shots[0]

    def broke(said: str) -> ShotResult:
        judgement = Judgement.of(Verdict.ERROR, BenchBroke(source="engine", said=said))
        return dataclasses.replace(sample, judgement=judgement, measurement=None, identity="")

    rule = EndRule(keep_going=False)
    end = EarlyEnd(rule, frozenset(), 9)
    for said in ("the guard is gone", "the guard is gone", "silent", "silent"):
        end.look("a", broke(said))


@pytest.mark.slow
def test_ctrl_c_in_a_shot_of_an_hour_is_answered_at_once_and_ends_it(tmp_path: Path) -> None:
    small_bench(tmp_path)
    line = "from bench.cli.main import run\nimport sys\nsys.argv = ['hil', *sys.argv[1:]]\nrun()"
    scenario = ROOT / "scenarios/cells/protection_overcharge.toml"
    with subprocess.Popen(
        [sys.executable, "-c", line, "run", str(scenario)],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        while b"of simulated time" not in (said := process.stderr.readline()):
            assert said, "it ended before it said how long it takes"
        time.sleep(8)  # well into the shot
        os.kill(process.pid, signal.SIGINT)
        struck_s = time.monotonic()
        while b"stopping" not in (said := process.stderr.readline()):
            assert said, "it ended without a word"
        answered_s = time.monotonic() - struck_s
        process.stderr.read()
        assert process.wait() == 130
    assert answered_s < 1
    assert time.monotonic() - struck_s < 10  # 5 s where the processors are its own


def test_a_scenario_that_is_not_for_the_chemistry_is_named_as_such() -> None:
    """It was said that no id contains the text."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", "zn_chitosan")
    with pytest.raises(ScenarioError) as told:
        select_scenarios(wired, [ROOT / "scenarios" / "thermal"], "runaway-by-nail", long=True)
    assert "found runaway-by-nail, which say nothing on zn_chitosan (not_for)" in str(told.value)
    with pytest.raises(ScenarioError, match="no scenario id contains it"):
        select_scenarios(wired, [ROOT / "scenarios" / "thermal"], "runaway-by-magic", long=True)
