"""A FAIL says which level its stimulus had, beside the limit that it was about."""

from pathlib import Path

import pytest
from small_bench import ROOT, hil_within

from bench.running.load import load_rig, load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.timing.clock import Timebase
from bench.verdict.result import Held, Verdict

OV = "ov-step-cell17"
CASES = [
    (
        "overvoltage_limit_low",
        f"{OV}--inside",
        "shown: cell voltage 4.24 V (cell 17); limit of overvoltage: >= 4.25 V (ov_trip)",
    ),
    (
        "trips_on_glitch",
        f"{OV}--counter-reset",
        "shown: cell voltage 4.27 V (cell 17) for 2.300 s at a time; limit of overvoltage: >= 4.25 V (ov_trip), "
        "debounced over up to 2.500 s",
    ),
    (
        "never_detects_overvoltage",
        OV,
        "shown: cell voltage 4.27 V (cell 17); limit of overvoltage: >= 4.25 V (ov_trip)",
    ),
]


@pytest.mark.parametrize(("firmware", "scenario", "words"), CASES)
def test_a_fail_tells_what_was_shown_and_where_the_limit_is(
    firmware: str,
    scenario: str,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hil = hil_within(capsys, monkeypatch)
    asked = (
        "-k",
        scenario,
        "--exact",
        "--repeat",
        "1",
        "--firmware",
        firmware,
        "--out",
        str(tmp_path / "out"),
    )
    said = hil(ROOT, "run", *asked)
    assert said.returncode == 1, said.stderr
    assert words in " ".join(said.stdout.split())
    (run,) = (tmp_path / "out").glob("2*")
    again = hil(ROOT, "rejudge", str(run))
    assert again.returncode == 0, "judged again, it is the same to the last word"
    assert "1 of 1 scenarios add up as recorded" in again.stdout


def test_what_passes_says_nothing_of_it_and_a_limit_that_is_not_known_is_not_made_up() -> None:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", None, None)
    files = [
        ROOT / f"scenarios/{name}.toml"
        for name in ("cells/ov_step_cell17", "contactors/weld_plus_at_opening")
    ]
    prepared, _ = load_scenarios(wired, files, None)
    by_id = {one.scenario.id: one for one in prepared}
    passed = scenario_result(
        by_id[OV], [shoot(wired, by_id[OV], 0, 1, 1, None)], Timebase.SIMULATED, wired.profile
    )
    assert passed.judgement.verdict is Verdict.PASS
    assert not [
        one
        for one in passed.judgement.reasons
        if one.held is Held.NOTED and one.finding.code == "level-shown"
    ]
    assert by_id[OV].shown
    assert by_id[f"{OV}--inside"].shown
    assert not by_id["weld-plus-at-opening"].shown
    assert not any(one.shown for name, one in by_id.items() if name.endswith("--healthy"))
