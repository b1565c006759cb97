"""The protection tests of GB 38031-2025 begin where the clause says, are ended as it says, and claim no more."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from test_measure_ending import STATE, find_end, judged, traced

from bench.faults.expression import parse_expression, value_of
from bench.measure.ending import EndedBy, EndQuestion
from bench.measure.finding.plant import InsulationLost, InsulationLowBefore
from bench.measure.window import armed_window
from bench.running.load import load_rig, load_scenarios
from bench.scenario.model import Follow, Inject
from bench.scenario.prepare import Prepared
from bench.units import NS_PER_S
from bench.wiring.common import build_pack

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "scenarios").glob("*/protection_*.toml"))
CHEMISTRIES = ("nmc", "lfp", "na_ion", "zn_chitosan")
SECOND_NS = NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPack:
    """The five files made ready for one pack."""

    limits: dict[str, float]
    prepared: dict[str, Prepared]


@pytest.fixture(scope="module", params=CHEMISTRIES)
def on_pack(request: pytest.FixtureRequest) -> OnPack:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", request.param)
    found, _ = load_scenarios(wired, FILES, None)
    return OnPack(limits=wired.thresholds(), prepared={one.scenario.id: one for one in found})


def test_each_begins_where_its_clause_says(on_pack: OnPack) -> None:
    limits, prepared = on_pack.limits, on_pack.prepared
    heated = prepared["protection-over-temperature"]
    assert heated.scenario.start.soc == 1.0
    chamber = next(one for one in heated.steps if isinstance(one, Inject) and one.kind == "chamber")
    assert chamber.fault.temperature_c == limits["ot_trip"]  # type: ignore[attr-defined]
    (load,) = (one for one in heated.steps if isinstance(one, Follow))
    assert max(load.trace.current_a) == pytest.approx(0.8 * limits["oc_discharge"])
    amps = load.trace.current_a
    turns = [k for k in range(1, len(amps)) if amps[k] != amps[k - 1]]
    assert load.trace.part(0, load.trace.times_ns[turns[0]]).charge_ah == pytest.approx(10.0), (
        "twice the swing"
    )
    pair = load.trace.part(load.trace.times_ns[turns[0]], load.trace.times_ns[turns[2]])
    assert pair.charge_ah == pytest.approx(0.0, abs=1e-6), "what is taken is given back"
    assert -min(amps) == pytest.approx(0.2 * limits["oc_charge"])
    for name in ("protection-over-current", "protection-overcharge"):
        start = prepared[name].scenario.start
        assert (start.mode, start.soc) == ("charge", 0.5)
        assert start.current_a == pytest.approx(-0.99 * limits["oc_charge"]), "the DUT's own limit holds it"
    assert prepared["protection-external-short"].scenario.start.soc == 1.0
    (charger,) = prepared["protection-overcharge"].steps
    assert charger.fault.current_a == pytest.approx(0.66 * limits["oc_charge"])  # type: ignore[union-attr]


def test_the_signal_is_the_request_for_no_current(on_pack: OnPack) -> None:
    asked = {name: one.plan.end for name, one in on_pack.prepared.items()}
    told = {name: [test.words for test in end.stop_request] for name, end in asked.items() if end is not None}
    assert told == {
        "protection-over-temperature": ["ChargeCurrentLimit <= 0", "DischargeCurrentLimit <= 0"],
        "protection-over-current": ["ChargeCurrentLimit <= 0"],
        "protection-external-short": [],
        "protection-overcharge": ["ChargeCurrentLimit <= 0"],
        "protection-over-discharge": ["DischargeCurrentLimit <= 0"],
    }
    assert all(end is not None and end.sound_before for end in asked.values())
    assert all(end is not None and end.observe_ns == 3600 * SECOND_NS for end in asked.values())


def test_no_file_calls_itself_whole() -> None:
    assert len(FILES) == 5
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert "as a whole" not in text and "# Not here" in text, file.name


@pytest.mark.parametrize(("with_ac", "enough"), [(False, 100.0), (True, 500.0)])
def test_the_insulation_is_asked_for_before_and_after(with_ac: bool, enough: float) -> None:
    asked = EndQuestion(observe_ns=5 * SECOND_NS, cut_off=True, sound_before=True)

    def problems(**changed: dict[int, object]) -> tuple[object, ...]:
        trace = traced(ac_circuit={1: with_ac}, **changed)
        found = find_end(trace, asked, armed_window(trace), None)
        assert found.by is EndedBy.CUT_OFF
        return found.problems

    assert problems(closed={7: False}, iso_ohm_per_v={1: enough}) == ()
    low = enough - 0.1
    after = problems(closed={7: False}, iso_ohm_per_v={9: low})
    assert after == (InsulationLost(ohm_per_v=low, after_end_ns=2 * SECOND_NS),)
    before = problems(closed={7: False}, iso_ohm_per_v={1: low, 2: enough})
    assert before == (InsulationLowBefore(ohm_per_v=low, required=enough),)


def test_a_pack_that_leaks_from_the_start_is_no_failure_of_the_dut() -> None:
    asked = EndQuestion(observe_ns=5 * SECOND_NS, cut_off=True, sound_before=True)
    trace = traced(closed={7: False}, iso_ohm_per_v={1: 90.0, 2: 5000.0})
    missing, fails, questions = judged(find_end(trace, asked, armed_window(trace), None))
    assert (missing, fails) == ([], [])
    assert questions == ["protection test: insulation at 90 ohm/V before it began; expected 100 or more"]
    earlier = replace(asked, sound_before=False)  # evidence of earlier releases
    assert find_end(trace, earlier, armed_window(trace), None).problems == ()


def test_the_bench_file_says_whether_an_ac_circuit_hangs_on_the_bus() -> None:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", "nmc")
    assert build_pack(wired, 0.5, random.Random(1)).isolation.ac_circuit
    assert not STATE.ac_circuit, "evidence of earlier releases has none"


def test_a_share_of_a_threshold_is_an_expression() -> None:
    thresholds = {"oc_charge": 75.0, "ot_trip": 60.0}
    assert value_of(parse_expression("60 % of oc_charge", "A"), thresholds) == pytest.approx(45.0)
    assert value_of(parse_expression("-99.5 % of oc_charge", "A"), thresholds) == pytest.approx(-74.625)
    with pytest.raises(ValueError, match="found threshold 'ot_trip'; expected one in A"):
        value_of(parse_expression("60 % of ot_trip", "A"), thresholds)
