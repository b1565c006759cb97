"""A rig's stamps are worth what its own qualification has measured, with what that covers, not what a table says."""

import dataclasses
import json
from pathlib import Path

import pytest
from sample_run import sample_run

from bench.confidence.stamp_worth import measured_stamps, with_measured_stamps
from bench.measure.interval import StampUsed
from bench.report.comparison import run_markdown
from bench.report.html import render_html
from bench.running.load import load_rig
from bench.running.results import Covered
from bench.timing.clock import Timebase
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.verdict.uncertainty import uncertainty_of
from bench.wiring.stamp_worth import apply_measured

ROOT = Path(__file__).resolve().parents[1]
TABLE_NS = 150_000


def a_shot(error_ns: int) -> list[int]:
    """truth, low, high, stimulus: the middle of the interval is off by error_ns."""
    return [10_000_000, 9_700_000 + error_ns, 10_300_000 + error_ns, 5]


def rows(*worst_ns: int, shots: int = 200) -> dict[str, object]:
    """One condition in real time for each worst error, and one in simulated time, which says nothing of stamps."""
    return {
        "ruler": [
            {"timebase": "simulated", "measured": [a_shot(0)] * shots},
            *({"timebase": "host", "measured": [a_shot(0)] * (shots - 1) + [a_shot(ns)]} for ns in worst_ns),
        ]
    }


def test_both_stamps_together_are_worth_the_rulers_worst_error_under_every_load() -> None:
    found = measured_stamps(rows(-80_001, 40_000), "q")
    assert found is not None
    assert (
        found.u_ns == 40_001
    )  # half of it for each of two stamps, whichever way it went, and never rounded down
    assert (
        "worst of 400 shots of the ruler in 2 conditions, 98.5 % of errors with 95 % confidence"
        in found.worth
    )
    assert measured_stamps({"ruler": rows(1)["ruler"][:1]}, "q") is None  # type: ignore[index]
    assert measured_stamps(rows(1, shots=0) | {"ruler": [{"timebase": "host", "measured": []}]}, "q") is None


def trace_of(**origins: Origin) -> Trace:
    trace = Trace(timebase=Timebase.HOST)
    for channel, origin in origins.items():
        trace.stamping[channel] = Stamping(origin=origin, source="a link", u_ns=TABLE_NS)
    return trace


def test_only_what_the_ruler_was_tried_on_and_only_to_be_narrower() -> None:
    config = load_rig(ROOT / "hil_config.toml", "real", None, None).config
    found = measured_stamps(rows(80_000), "q")
    both = trace_of(vehicle=Origin.KERNEL, sense=Origin.KERNEL)
    apply_measured(both, config, found)
    assert {one.u_ns for one in both.stamping.values()} == {40_000}
    assert {one.worth for one in both.stamping.values()} == {found.worth if found else ""}
    adapters = trace_of(vehicle=Origin.ADAPTER, sense=Origin.ADAPTER)  # each with a clock of its own
    apply_measured(adapters, config, found)
    assert [adapters.stamping[name].u_ns for name in ("vehicle", "sense")] == [40_000, TABLE_NS]
    wider = trace_of(vehicle=Origin.KERNEL)
    apply_measured(wider, config, measured_stamps(rows(900_000), "q"))
    assert wider.stamping["vehicle"].u_ns == TABLE_NS
    bare = trace_of(vehicle=Origin.KERNEL)
    apply_measured(bare, config, None)
    assert bare.stamping["vehicle"].worth == ""


def test_a_qualification_that_does_not_cover_the_run_measures_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "qualification.json").write_text(json.dumps(rows(80_000)))
    real = load_rig(ROOT / "hil_config.toml", "real", None, None)
    simulated = load_rig(ROOT / "hil_config.toml", "simulated", None, None)
    covered = Covered(path=tmp_path, trouble=None)
    assert with_measured_stamps(real, dataclasses.replace(covered, trouble="it is stale")).stamps is None
    assert with_measured_stamps(real, Covered(path=None, trouble=None)).stamps is None
    assert with_measured_stamps(simulated, covered).stamps is None
    found = with_measured_stamps(real, covered).stamps
    assert found is not None and found.u_ns == 40_000


@pytest.mark.parametrize(
    ("worth", "told"),
    [
        ("", "±150.0 µs claimed for this kind of link, not measured on this rig"),
        (
            "±40.0 µs measured by this rig's qualification q",
            "±40.0 µs measured by this rig's qualification q",
        ),
    ],
)
def test_the_budget_says_by_whose_word_stamps_are_worth_what_they_are(worth: str, told: str) -> None:
    run = sample_run()
    one = next(s for s in run.scenarios if uncertainty_of(s) is not None)
    used = tuple(
        StampUsed(channel=name, source="kernel stamp", u_ns=TABLE_NS, worth=worth) for name in ("a", "b")
    )
    shots = tuple(
        dataclasses.replace(shot, measurement=dataclasses.replace(shot.measurement, stamps=used))
        for shot in one.shots
        if shot.measurement is not None
    )
    run = dataclasses.replace(run, scenarios=(dataclasses.replace(one, shots=shots),))
    for text in (render_html(run).replace("&#39;", "'"), run_markdown(run, "all", None)):
        assert f"Stamps on a, b: kernel stamp, {told}." in text
