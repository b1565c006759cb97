"""The calibration of an instrument: told with its certificate, overdue before and after a run, by option no verdict."""

from dataclasses import replace
from pathlib import Path

import pytest
from sample_run import sample_run
from small_bench import hil_here, small_bench

from bench.config.bench_file import load_bench
from bench.errors import ConfigError
from bench.report.comparison import run_markdown
from bench.report.extras import ReportExtras
from bench.report.html import render_html
from bench.running.calibration import overdue, overdue_in, overdue_now
from bench.running.load import load_rig
from bench.running.results import rig_hash
from bench.running.shots import why_not_driven
from bench.verdict.result import Verdict

KEYS = (
    'calibrated = 2024-03-01\ncalibration_due = 2025-03-01\ncertificate = "D-K-1234"\nuncertainty = "1 mV"\n'
)


def calibrated(folder: Path, keys: str, evidence: str = "") -> Path:
    file = folder / "hil_config.toml"
    text = file.read_text().replace('port = "virtual"', f'port = "/dev/ttyUSB0"\n{keys}')
    file.write_text(text + evidence)
    return file


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(small_bench(tmp_path))
    return tmp_path


def test_a_date_has_passed_the_day_after() -> None:
    due = (("a", "2026-03-01"), ("b", ""))
    assert overdue(due, "2026-03-01") == ()
    assert overdue(due, "2026-03-02") == ("the calibration of a was due on 2026-03-01",)
    assert overdue_in({"a": {"calibration_due": "2026-03-01"}}, "2027-01-01")


def test_an_overdue_instrument_is_told_before_a_run_and_changes_no_rig(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rig_hash(load_rig(calibrated(bench, ""), None, None, None, None))
    file = bench / "hil_config.toml"
    file.write_text(file.read_text().replace('port = "/dev/ttyUSB0"', f'port = "/dev/ttyUSB0"\n{KEYS}'))
    wired = load_rig(file, None, None, None, None)
    assert rig_hash(wired) == before
    assert wired.config.instruments["cells"].uncertainty == "1 mV (k = 2)"
    (line,) = overdue_now(wired.config)
    assert hil_here("check") == 0
    assert f"warning: {line}" in capsys.readouterr().out


def test_by_option_nothing_is_fired_with_it(bench: Path) -> None:
    from bench.running.load import select_scenarios

    file = calibrated(bench, KEYS, '\n[evidence]\noverdue = "inconclusive"\n')
    real = load_rig(file, "real", None, None, None)
    prepared = select_scenarios(real, None, "weld-plus-at-opening--inside").prepared[0]
    judged = why_not_driven(real, prepared)
    assert judged is not None and judged.verdict is Verdict.INCONCLUSIVE
    simulated = replace(real, config=replace(real.config, simulated=True))
    assert why_not_driven(simulated, prepared) is None, "nothing real is driven"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('uncertainty = "1"\n', "expected a number with its unit"),
        ('uncertainty = "1 mA"\n', "found '1 mA'; expected it in V or s"),
        ('uncertainty = "0.1 %"\n', "found '0.1 %'; expected it in V or s"),
        ("calibrated = 2026-03-01\ncalibration_due = 2025-03-01\n", "expected a date after"),
        ('calibrated = "2026-03-01"\n', "expected a date without quotes, such as"),
        ("coverage_factor = 0.5\n", "coverage_factor"),
    ],
)
def test_what_is_wrong_is_told(bench: Path, keys: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_bench(calibrated(bench, keys))


def test_the_report_names_certificate_and_uncertainty() -> None:
    facts = {
        "certificate": "D-K-1234",
        "calibrated": "2024-03-01",
        "calibration_due": "2025-03-01",
        "uncertainty": "1 mV (k = 2)",
    }
    run = sample_run()
    extras = ReportExtras(equipment={"instrument.cells": facts, "can.vehicle": {"bitrate": "500000"}})
    for text in (render_html(run, None, extras), run_markdown(run, "all", None, extras=extras)):
        told = text.replace("<td>", "|").replace("</td>", "|").replace(" | ", "||").replace("| ", "|")
        assert "cells||D-K-1234||2024-03-01||2025-03-01||1 mV (k = 2)||overdue" in told
