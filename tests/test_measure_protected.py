"""What the DUT sends under E2E is checked: always noted, and held against it where the scenario says so."""

from dataclasses import replace

import pytest
from told import told

from bench.codec.e2e import Profile1, Status
from bench.measure.accepted import Receiver
from bench.report.finding_words import reasons_words
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware

MS = 1_000_000


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
    # A plan of a release before: every frame was an answer, and what was wrong with it only noted.
    quiet = replace(asked, plan=replace(asked.plan, e2e=False, accepted_only=False))
    result = shoot(with_firmware(wired, firmware), quiet, 0, 1, 1, None)
    assert result.judgement.verdict is Verdict.PASS
    assert result.measurement is not None
    assert any(said in one for one in told(result.measurement.anomalies))


def test_the_reference_is_protected_in_every_profile(wired: Wired, prepared: dict[str, Prepared]) -> None:
    one = prepared["healthy-drive"]
    profiles = {name: wired.databases[channel][name].e2e.profile for channel, name in one.plan.protected}
    assert profiles == {
        "BMS_State": "P01", "BMS_Faults": "P01", "BMS_Contactors": "P01", "BMS_Faults2": "P02", "BMS_Health": "P05",
    }  # fmt: skip
    result = shoot(wired, one, 0, 1, 1, None)
    assert result.judgement.verdict is Verdict.PASS
    assert result.measurement is not None and result.measurement.anomalies == ()


def without(prepared: Prepared) -> Prepared:
    assert prepared.plan.accepted_only and not prepared.plan.e2e, (
        "by default, without the scenario asking for it"
    )
    return replace(prepared, plan=replace(prepared.plan, accepted_only=False))


@pytest.mark.parametrize(
    ("firmware", "scenario", "said"),
    [
        ("own_data_id_wrong", "ov-step-cell17", "CellOvervoltage == 1 only in"),
        ("own_counter_stands", "ov-step-cell17", "any frame of BMS_State"),
    ],
)
def test_what_only_refused_frames_said_is_no_answer(
    wired: Wired, prepared: dict[str, Prepared], firmware: str, scenario: str, said: str
) -> None:
    mutant, trip = with_firmware(wired, firmware), prepared[scenario]
    result = shoot(mutant, trip, 0, 1, 1, None)
    assert result.judgement.verdict is Verdict.FAIL
    assert any(said in reason for reason in reasons_words(result.judgement)), reasons_words(result.judgement)
    assert shoot(mutant, without(trip), 0, 1, 1, None).judgement.verdict is Verdict.PASS


def test_a_counter_that_jumps_now_and_then_costs_its_frame_and_is_told_of_the_counter_alone(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    result = shoot(with_firmware(wired, "own_counter_jumps"), prepared["ov-step-cell17"], 0, 1, 1, None)
    # What always holds of counters is against the DUT; no question of the scenario is.
    assert result.judgement.verdict is Verdict.FAIL
    assert [one.finding.code for one in result.judgement.reasons] == ["frames-unacceptable"]
    assert result.measurement is not None and result.measurement.fhti is not None
    assert any(
        "BMS_State with a counter out of sequence" in one for one in told(result.measurement.anomalies)
    )


def statuses(*frames: tuple[int, int]) -> list[Status]:
    """(ms, counter) of a message of 10 ms."""
    protection = Profile1(7)
    receiver = Receiver(protection, 10 * MS)
    found = []
    for t_ms, counter in frames:
        data = bytearray(8)
        protection.protect(data, counter)
        found.append(receiver.check(t_ms * MS, bytes(data)))
    return found


def test_a_receiver_begins_anew_after_a_silence_and_not_before() -> None:
    lost = (Status.INITIAL, Status.OK_SOME_LOST, Status.INITIAL, Status.OK)
    assert tuple(statuses((0, 5), (30, 8), (66, 1), (76, 2))) == lost, "a bus that was jammed, then a restart"
    assert statuses((0, 5), (10, 9))[1] is Status.WRONG_SEQUENCE
    assert statuses((0, 5), (35, 5))[1] is Status.REPEATED
    assert statuses((0, 5), (10, 9), (20, 10))[2] is Status.OK, "only the frame that jumps is refused"


@pytest.mark.parametrize("scenario", ["controller-reset-driving", "reset-keeps-the-latch"])
def test_counters_that_start_again_with_the_dut_are_nothing_odd(
    wired: Wired, prepared: dict[str, Prepared], scenario: str
) -> None:
    for index in range(2):
        result = shoot(wired, prepared[scenario], index, 2, 1, None)
        assert result.judgement.verdict is Verdict.PASS
        assert result.measurement is not None and result.measurement.anomalies == ()


def test_frames_with_a_wrong_crc_are_a_silence_to_the_receiver() -> None:
    receiver, good, bad = Receiver(Profile1(7), 10 * MS), bytearray(8), bytes(8)
    for t_ms, counter in ((0, 0), (10, 1), (50, 12)):
        Profile1(7).protect(good, counter)
        status = receiver.check(t_ms * MS, bytes(good))
    assert status is Status.INITIAL
    assert receiver.check(60 * MS, bad) is Status.WRONG_CRC
