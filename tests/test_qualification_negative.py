"""The negative tests of a qualification: each comes to what it must, and would not on a bench that does not notice."""

import dataclasses
from pathlib import Path

import pytest

from bench.confidence.qualified import NEGATIVE, TIMED
from bench.measure.finding.bench import SecondSender
from bench.proof import negative
from bench.proof.negative import negative_tests
from bench.running.load import load_rig, load_scenarios
from bench.scenario.prepare import Prepared
from bench.timing.correlation import correlate
from bench.trace.events import CanFrame
from bench.wiring.common import Wired

ROOT = Path(__file__).parents[1]
QUICK = sorted(NEGATIVE.keys() - {"a full disk", "a killed bench"})


@pytest.fixture(scope="module")
def wired() -> Wired:
    return load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)


@pytest.fixture(scope="module")
def overvoltage(wired: Wired) -> list[Prepared]:
    return load_scenarios(wired, None, "ov-step-cell60")[0]


def row(name: str, wired: Wired, overvoltage: list[Prepared]) -> dict:
    return negative._row(name, negative._HURTS[name], wired, wired, overvoltage[0], 1)


@pytest.mark.parametrize("name", QUICK)
def test_a_bench_that_is_hurt_passes_nothing_or_is_not_moved(
    name: str, wired: Wired, overvoltage: list[Prepared]
) -> None:
    found = row(name, wired, overvoltage)
    assert (found["found"], found["as_expected"], found["timebase"]) == (NEGATIVE[name], True, "simulated")


@pytest.mark.slow
def test_all_of_them_are_run_in_their_order(wired: Wired, overvoltage: list[Prepared]) -> None:
    found = negative_tests(wired, overvoltage, 1)
    assert [one["test"] for one in found] == list(NEGATIVE)
    assert [one["found"] for one in found] == list(NEGATIVE.values())


def test_a_second_node_was_not_noticed_and_now_is_the_bench_s_error(
    wired: Wired, overvoltage: list[Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple] = []
    shoot = negative.shoot

    def kept(*words: object) -> object:
        seen.append(result := shoot(*words))  # type: ignore[arg-type]
        return result

    monkeypatch.setattr(negative, "shoot", kept)
    row("a second node with an id of ours", wired, overvoltage)
    (finding,) = [one.finding for one in seen[0].judgement.reasons]
    assert finding == SecondSender(channel="sense", can_id=0x300, senders="afe, second")
    monkeypatch.setattr("bench.measure.measure.second_senders", lambda *_: [])
    found = row("a second node with an id of ours", wired, overvoltage)
    assert found["found"] != "ERROR" and not found["as_expected"]


def test_a_trace_that_moves_with_the_host_is_told(
    wired: Wired, overvoltage: list[Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(rig: object, *_: object) -> None:
        link = rig.links["vehicle"]  # type: ignore[attr-defined]
        rig.clock.call_at(3 * 10**9, negative.Phase.TASK, lambda: link.send(CanFrame(0x6F0, b"")))  # type: ignore[attr-defined]

    monkeypatch.setattr(negative, "_stand_still", lambda _: None)
    assert negative._unmoved(wired, overvoltage[0], 1, lambda *_: None) == "held"
    assert negative._unmoved(wired, overvoltage[0], 1, careless) == "moved"


@pytest.mark.slow
@pytest.mark.real_time
@pytest.mark.parametrize("name", TIMED)
def test_in_real_time_stamps_hold_whatever_the_loop_and_the_wall_clock_do(
    name: str, wired: Wired, overvoltage: list[Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = load_rig(ROOT / "hil_config.toml", "real", "reference", None)
    found = negative._row(name, negative._HURTS[name], wired, real, overvoltage[0], 1)
    assert (found["found"], found["timebase"]) == ("held", "host")
    if name == "a clock step":  # a bench that asks for the wall clock once only
        once = correlate()
        monkeypatch.setattr("bench.links.udp_multicast.correlate", lambda: once)
        moved = negative._row(name, negative._HURTS[name], wired, real, overvoltage[0], 1)
        assert not moved["as_expected"]


def test_a_rig_on_which_it_cannot_be_run_is_told(wired: Wired, overvoltage: list[Prepared]) -> None:
    config = wired.config
    can = {**config.can, "vehicle": dataclasses.replace(config.can["vehicle"], interface="socketcan",
                                                        options={"channel": "nocan7"})}  # fmt: skip
    real = dataclasses.replace(wired, config=dataclasses.replace(config, can=can, simulated=False))
    found = negative._row("a late loop", negative._HURTS["a late loop"], wired, real, overvoltage[0], 1)
    assert not found["as_expected"] and "could not be run: CAN 'vehicle' socketcan" in found["found"]


@pytest.mark.slow
def test_whatever_scenario_a_library_begins_with_the_bench_is_hurt_by_it(wired: Wired) -> None:
    """Without a stimulus that frames prove, four of twelve passed: there was nothing to take away."""
    able = [one for one in load_scenarios(wired, None, None)[0] if negative._can_be_hurt(one)]
    assert len(able) > 50
    for one in able[::9]:
        for name in ("a wrong DBC", "a budget of 1 ns", "a stimulus that never reaches the DUT"):
            found = negative._row(name, negative._HURTS[name], wired, wired, one, 1)
            assert found["as_expected"], (one.scenario.id, found)
