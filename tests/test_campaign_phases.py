"""Shots are independent looks at the DUT: they meet it everywhere in its cycle, and where not, it is said."""

import random
from pathlib import Path

import once_a_second
import pytest

from bench.measure.plan import Aim
from bench.record.folder import RunFolder
from bench.record.shot import read_shot
from bench.report.words import support_words
from bench.rig.rig import Rig
from bench.running.load import load_rig, load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.trace.events import Kind
from bench.units import NS_PER_MS
from bench.verdict.result import ScenarioResult, Verdict
from bench.verdict.spread import REFUSED_BELOW, kuiper_p
from bench.wiring.common import Wired

CYCLE_MS = once_a_second.LOOK_NS // NS_PER_MS


def on_a_bench(
    folder: Path, *, cycle: str = "100 ms", sample_period: str | None = "1 s"
) -> tuple[Wired, Prepared]:
    config = once_a_second.write_bench(folder, cycle=cycle, sample_period=sample_period)
    wired = load_rig(config, None, None, None)
    hot = next(one for one in load_scenarios(wired, None, None)[0] if one.plan.aim is Aim.MUST_TRIP)
    return wired, hot


def fired(wired: Wired, hot: Prepared, indices: list[int], run_seed: int = 1) -> ScenarioResult:
    shots = [shoot(wired, hot, index, 59, run_seed, None) for index in indices]
    return scenario_result(hot, shots, Timebase.SIMULATED, wired.profile)


def latencies_ms(result: ScenarioResult) -> list[float]:
    found = [
        shot.measurement.fdti.interval for shot in result.shots if shot.measurement and shot.measurement.fdti
    ]
    return [(one.low_ns + one.high_ns) / 2 / NS_PER_MS for one in found]


@pytest.mark.parametrize("cycle", ["100 ms", "1 s"])  # of the frames that carry the fault
def test_a_dut_that_looks_once_a_second_is_met_everywhere_in_its_second(tmp_path: Path, cycle: str) -> None:
    result = fired(*on_a_bench(tmp_path, cycle=cycle), list(range(59)))
    assert result.judgement.verdict is Verdict.PASS, result.judgement
    found = latencies_ms(result)
    assert len(found) == 59
    assert min(found) < 60 and max(found) > CYCLE_MS - 60
    assert kuiper_p([one % CYCLE_MS / CYCLE_MS for one in found]) > 0.01
    assert result.fdti is not None
    assert "95.1 % confidence that 95 % of latencies" in support_words(result.fdti, 59)


def test_copies_of_one_shot_bound_nothing(tmp_path: Path) -> None:
    result = fired(*on_a_bench(tmp_path), [7] * 59)
    assert len(set(latencies_ms(result))) == 1
    assert result.fdti is not None
    words = support_words(result.fdti, 59)
    assert words.startswith("no statement on coverage: the shots met the DUT at bunched phases")
    assert "confidence" not in words


def test_the_phases_follow_from_run_seed_scenario_and_shot_and_are_kept(tmp_path: Path) -> None:
    wired, hot = on_a_bench(tmp_path)
    drawn = []
    for n, (run_seed, index) in enumerate([(1, 0), (1, 0), (1, 1), (2, 0)]):
        folder = RunFolder.create(tmp_path, f"run-{n}", {})
        result = shoot(wired, hot, index, 59, run_seed, folder)
        marks = list(read_shot(folder.path / result.folder)[0].of_kind(Kind.PHASES_DRAWN, Kind.DUT_STARTED))
        assert [mark.kind for mark in marks] == [Kind.PHASES_DRAWN, Kind.DUT_STARTED]
        facts = marks[0].fact.version_1()
        assert facts.keys() == {"boot_ns", "front_end_ns", "can1.Request_ns", "can1.Temperatures_ns"}
        assert marks[1].t_ns - marks[0].t_ns == NS_PER_MS + facts["boot_ns"]
        drawn.append(facts)
    assert drawn[0] == drawn[1]
    assert all(len({facts[name] for facts in drawn[1:]}) == 3 for name in drawn[0])


def test_each_message_starts_everywhere_in_its_own_cycle(tmp_path: Path) -> None:
    wired, hot = on_a_bench(tmp_path)
    seen: dict[str, list[float]] = {}
    cycles_ms = {"boot_ns": 1000, "front_end_ns": 50, "can1.Request_ns": 20, "can1.Temperatures_ns": 100}

    rigs: list[Rig] = []
    for index in range(40):
        shoot(wired, hot, index, 40, 3, None, lambda rig, *_: rigs.append(rig))
    for rig in rigs:
        (mark,) = rig.trace.of_kind(Kind.PHASES_DRAWN)
        for name, phase_ns in mark.fact.version_1().items():
            seen.setdefault(name, []).append(phase_ns / NS_PER_MS / cycles_ms[name])
    assert seen.keys() == cycles_ms.keys()
    for name, turns in seen.items():
        assert all(0 <= turn < 1 for turn in turns) and kuiper_p(turns) > REFUSED_BELOW, name


def test_the_spread_is_refused_once_in_a_thousand_where_it_is_right_and_always_where_half_a_cycle_is_empty() -> (
    None
):
    rng = random.Random(59)
    for n in (5, 20, 59, 299):
        tried = 4000
        refused = sum(kuiper_p([rng.random() for _ in range(n)]) < REFUSED_BELOW for _ in range(tried))
        assert refused <= 0.002 * tried + 4, n
    for n in (59, 299):
        assert all(kuiper_p([rng.random() / 2 for _ in range(n)]) < REFUSED_BELOW for _ in range(200))
    assert all(kuiper_p([rng.random()] * n) < REFUSED_BELOW for n in (5, 59))
    assert kuiper_p([(k + rng.random()) / 59 for k in range(59)]) > 0.99  # strata: better than chance
