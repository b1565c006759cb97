"""Protection tests: each way in which one ends, what may not happen afterwards, and what is no end at all."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.main import app
from bench.errors import ScenarioError
from bench.measure.ending import EndFound, EndQuestion, find_end
from bench.measure.finding.base import Finding
from bench.measure.finding.plant import CellHarmed
from bench.measure.window import armed_window
from bench.record.codable import run_from_dict
from bench.record.folder import open_run
from bench.report.finding_words import finding_words
from bench.scenario.load import load_scenario
from bench.stored.gather import gather
from bench.timing.clock import Timebase
from bench.trace.events import PlantStage
from bench.trace.facts import ObserversArmed, PlantState, StageReached, WindowClosed
from bench.trace.timeline import Trace
from bench.units import NS_PER_S
from bench.verdict.ending import judge_end

LIBRARY = Path(__file__).parents[1] / "scenarios"
LASTS_S = 20
STATE = PlantState(
    closed=True, current_a=0.0, hottest_c=25.0, pack_v=350.0, nominal_v=350.0, iso_ohm_per_v=5000.0
)


def traced(**changed: dict[int, object]) -> Trace:
    """20 s of a plant that is closed, cool and full; `changed`: by fact, from which second on it has what value."""
    trace = Trace(timebase=Timebase.SIMULATED)
    state = STATE
    trace.mark(0, ObserversArmed(), "engine")
    for second in range(1, LASTS_S):
        state = replace(state, **{n: values[second] for n, values in changed.items() if second in values})
        trace.mark(second * NS_PER_S, state, "plant")
    trace.mark(LASTS_S * NS_PER_S, WindowClosed(), "engine")
    return trace


def ended(asked: EndQuestion, signalled_s: float | None = None, **changed: dict[int, object]) -> EndFound:
    trace = traced(**changed)
    signalled_ns = None if signalled_s is None else round(signalled_s * NS_PER_S)
    return find_end(trace, asked, armed_window(trace), signalled_ns)


def judged(found: EndFound) -> tuple[list[str], list[str], list[str]]:
    lists: tuple[list[Finding], list[Finding], list[Finding]] = ([], [], [])
    judge_end(found, *lists)
    missing, fails, questions = ([finding_words(one) for one in every] for every in lists)
    return missing, fails, questions


@pytest.mark.parametrize(
    ("asked", "changed", "by", "at_s"),
    [
        ({"cut_off": True}, {"closed": {7: False}}, "cut-off", 7),
        ({"hotter_c": 65.0}, {"hottest_c": {4: 65.0, 9: 65.1}}, "hotter", 9),
        ({"share": 0.25}, {"pack_v": {4: 88.0, 6: 87.5}}, "share", 6),
        ({"after_ns": 10 * NS_PER_S}, {}, "time", 11),
        (
            {"stable_k": 4.0, "stable_ns": 5 * NS_PER_S},
            {"hottest_c": {3: 29.0, 6: 32.9}},
            "stable",
            8,
        ),
        (
            {"cut_off": True, "hotter_c": 60.0},
            {"closed": {9: False}, "hottest_c": {5: 61.0}},
            "hotter",
            5,
        ),
    ],
)
def test_each_end(
    asked: dict[str, object], changed: dict[str, dict[int, object]], by: str, at_s: int
) -> None:
    found = ended(EndQuestion(observe_ns=5 * NS_PER_S, **asked), **changed)  # type: ignore[arg-type]
    assert (found.by, found.at_ns) == (by, at_s * NS_PER_S)
    assert found.observed_ns == (LASTS_S - at_s) * NS_PER_S
    assert judged(found) == ([], [], [])


def test_the_signal_ends_it_where_it_comes_first() -> None:
    asked = EndQuestion(observe_ns=NS_PER_S, cut_off=True, signal=True)
    assert ended(asked, 6.5, closed={7: False}).by == "signal"
    assert ended(asked, 7.5, closed={7: False}).by == "cut-off"


def test_what_never_ended_is_inconclusive_and_too_short_a_watch_blames_the_bench() -> None:
    never = ended(EndQuestion(observe_ns=NS_PER_S, cut_off=True))
    assert judged(never) == ([], [], ["the protection test did not come to its end within the window"])
    short = ended(EndQuestion(observe_ns=15 * NS_PER_S, cut_off=True), closed={7: False})
    assert judged(short)[0] == ["observed for 13.00 s after the end of the test; expected 15.00 s"]


def test_what_may_not_happen_afterwards_fails() -> None:
    asked = EndQuestion(observe_ns=5 * NS_PER_S, cut_off=True)
    again = ended(asked, closed={7: False, 8: True})
    assert judged(again)[1] == ["protection test: the contactors closed again 1.000 s after the end"]
    leaky = ended(asked, closed={7: False}, iso_ohm_per_v={10: 99.0})
    assert judged(leaky)[1] == ["protection test: insulation at 99 ohm/V 3.000 s after the end"]
    trace = traced(closed={7: False})
    vented = StageReached(stage=PlantStage.VENTING, cell=9, low_ns=0, high_ns=1, temp_c=150.0, voltage_v=3.0)
    trace.mark(5 * NS_PER_S, vented, "plant")
    assert find_end(trace, asked, armed_window(trace), None).problems == (
        CellHarmed(cell=9, stage=PlantStage.VENTING),
    )


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('[end]\nobserve = "1 h"', "found nothing that ends the test; expected cut_off, signal"),
        ("[end]\ncut_off = true", "observe"),
        ('[end]\nstable = { within = "4", over = "2 h" }\nobserve = "1 h"', 'expected kelvin such as "4 K"'),
        ('[end]\ncutoff = true\nobserve = "1 h"', "cut_off"),
    ],
)
def test_a_wrong_end_is_one_line(tmp_path: Path, written: str, told: str) -> None:
    file = tmp_path / "protection_overcharge.toml"
    whole = (LIBRARY / "cells" / "protection_overcharge.toml").read_text()
    before, rest = whole.split("[end]")
    file.write_text(before + written + "\n\n" + rest[rest.index("[sweep]") :])
    with pytest.raises(ScenarioError) as error:
        load_scenario(file)
    assert told in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.slow
def test_the_picture_of_a_protection_test_leaves_out_the_quiet_time_after_it(tmp_path: Path) -> None:
    file = tmp_path / "O'Brien" / "brief.toml"  # the report names what was asked for, whatever it is called
    file.parent.mkdir()
    text = (LIBRARY / "current" / "protection_over_current.toml").read_text()
    file.write_text(text.replace('"protection-over-current"', '"brief"').replace('"1 h"', '"15 s"'))
    words = ["run", str(file), "--config", str(LIBRARY.parent / "hil_config.toml"), "--workers", "1"]
    ran = CliRunner().invoke(app, [*words, "--repeat", "1", "--out", str(tmp_path / "runs")])
    assert ran.exit_code == 0, ran.output
    (folder,) = (one for one in (tmp_path / "runs").iterdir() if one.is_dir())
    run = run_from_dict(open_run(folder).result or {})
    (picture,) = gather(run, folder).traces["brief"]
    assert picture.safe_ns is not None
    last_ns = max(one.points[-1][0] for one in picture.series)
    assert picture.safe_ns + NS_PER_S < last_ns < picture.safe_ns + 5 * NS_PER_S
