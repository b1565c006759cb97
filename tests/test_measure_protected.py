"""What the DUT sends under E2E is checked: always noted, and held against it where the scenario says so."""

from dataclasses import replace

import pytest
from told import told

from bench.campaign.shots import shoot
from bench.report.finding_words import reasons_words
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware


@pytest.mark.parametrize(
    ("firmware", "said"),
    [
        ("own_counter_stands", "of BMS_State with a counter that stands"),
        ("own_counter_jumps", "of BMS_State with a counter out of sequence"),
        ("own_data_id_wrong", "of BMS_Faults with a wrong CRC"),
    ],
)
def test_wrong_protection_fails_where_asked_and_is_noted_elsewhere(
    wired: Wired, prepared: dict[str, Prepared], firmware: str, said: str
) -> None:
    asked = prepared["healthy-drive"]
    assert asked.plan.e2e
    result = shoot(with_firmware(wired, firmware), asked, 0, 1, 1, None)
    assert result.judgement.verdict is Verdict.FAIL
    assert any(said in reason for reason in reasons_words(result.judgement))
    quiet = replace(asked, plan=replace(asked.plan, e2e=False))
    result = shoot(with_firmware(wired, firmware), quiet, 0, 1, 1, None)
    assert result.judgement.verdict is Verdict.PASS
    assert result.measurement is not None
    assert any(said in one for one in told(result.measurement.anomalies))


def test_the_reference_is_protected_in_every_profile(wired: Wired, prepared: dict[str, Prepared]) -> None:
    one = prepared["healthy-drive"]
    profiles = {name: wired.databases[channel][name].e2e_profile for channel, name in one.plan.protected}
    assert profiles == {
        "BMS_State": "P01", "BMS_Faults": "P01", "BMS_Contactors": "P01", "BMS_Faults2": "P02", "BMS_Health": "P05",
    }  # fmt: skip
    result = shoot(wired, one, 0, 1, 1, None)
    assert result.judgement.verdict is Verdict.PASS
    assert result.measurement is not None and result.measurement.anomalies == ()
