"""A cyclic message that would tell of a trip has to be heard: silence on it is no quiet DUT."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.dut.in_process import InProcessDut
from bench.report.finding_words import joined_words
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Phase
from bench.trace.events import CanFrame
from bench.trace.facts import ObserversArmed
from bench.units import NS_PER_MS
from bench.verdict.result import Judgement, Verdict
from bench.wiring.common import Wired

FAULTS2, CONTACTORS, DTC, LIMITS, IDENTITY = 0x104, 0x102, 0x103, 0x110, 0x1F0
Change = Callable[[CanFrame], CanFrame | None]


def shot(wired: Wired, one: Prepared, can_id: int, change: Change, after_ms: int = 300) -> Judgement:
    """With what the DUT sends under `can_id` changed so long after the observers were armed."""

    def watch(rig: Rig, *_: object) -> None:
        dut = rig.dut
        assert isinstance(dut, InProcessDut)

        def outgoing(channel: str, frame: CanFrame) -> CanFrame | None:
            return change(frame) if frame.can_id == can_id else frame

        def begin() -> None:
            dut.outgoing = outgoing

        def armed(mark: object) -> None:
            if isinstance(getattr(mark, "fact", None), ObserversArmed):
                rig.clock.call_at(rig.clock.now_ns() + after_ms * NS_PER_MS, Phase.DUT, begin)

        if after_ms:
            rig.trace.on_mark(armed)
        else:
            begin()

    return shoot(wired, one, 0, 1, 1, None, watch).judgement


def nothing(frame: CanFrame) -> None:
    return None


def wrong_crc(frame: CanFrame) -> CanFrame:
    return frame._replace(data=bytes([frame.data[0] ^ 0x55]) + frame.data[1:])


def codes(judgement: Judgement) -> list[str]:
    return [one.finding.code for one in judgement.reasons]


@pytest.mark.parametrize("name", ["healthy-drive", "deep-discharge-cell8--inside"])
@pytest.mark.parametrize("after_ms", [0, 300])
def test_a_flag_message_that_is_not_sent_fails(
    wired: Wired, prepared: dict[str, Prepared], name: str, after_ms: int
) -> None:
    found = shot(wired, prepared[name], FAULTS2, nothing, after_ms)
    assert found.verdict is Verdict.FAIL
    assert codes(found) == ["reports-stopped"], joined_words(found)
    how = "fell silent at " if after_ms else "was never heard on vehicle"
    assert joined_words(found).startswith(f"BMS_Faults2 is cyclic and {how}")


@pytest.mark.parametrize("can_id", [CONTACTORS, DTC])
def test_so_does_one_of_outputs_or_codes(wired: Wired, prepared: dict[str, Prepared], can_id: int) -> None:
    assert codes(shot(wired, prepared["healthy-standby"], can_id, nothing, 0)) == ["reports-stopped"]


def test_frames_that_no_receiver_would_accept_are_no_report(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    found = shot(wired, prepared["healthy-standby"], FAULTS2, wrong_crc, 0)
    assert found.verdict is Verdict.FAIL
    assert "no receiver would accept any frame of BMS_Faults2 on vehicle: " in joined_words(found)


def test_a_trip_does_not_excuse_the_silence_of_the_other_flags(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    assert codes(shot(wired, prepared["hvil-open-driving"], FAULTS2, nothing)) == ["reports-stopped"]


def test_a_message_that_nothing_is_asked_of_may_be_silent(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    one = prepared["healthy-standby"]
    asked = {(each.channel, each.message) for each in one.plan.reports}
    assert ("vehicle", "BMS_Health") not in asked and ("vehicle", "BMS_Identity") not in asked
    blind = replace(one, plan=replace(one.plan, reports=()))
    assert shot(wired, blind, FAULTS2, nothing).verdict is Verdict.PASS


@pytest.mark.parametrize("name", ["controller-reset-driving", "controller-hang-driving"])
def test_a_message_that_does_not_return_after_a_restart_fails(
    wired: Wired, prepared: dict[str, Prepared], name: str
) -> None:
    """The silence of the boot is excused, of what comes behind it no longer."""
    whole = shot(wired, prepared[name], DTC, lambda frame: frame)
    assert whole.verdict is Verdict.PASS, joined_words(whole)
    assert "reports-stopped" in codes(shot(wired, prepared[name], DTC, nothing))


def test_another_build_in_mid_shot_fails(wired: Wired, prepared: dict[str, Prepared]) -> None:
    def other(frame: CanFrame) -> CanFrame:
        page, first, *rest = frame.data
        return frame._replace(data=bytes([page, first ^ 0xFF if page == 1 else first, *rest]))

    found = shot(wired, prepared["healthy-drive"], IDENTITY, other)
    assert codes(found) == ["build-changed"], joined_words(found)
    assert "the DUT named another build: BMS_Identity.BuildHash went from " in joined_words(found)


@pytest.mark.parametrize("state", [1, 4, 9])  # standby, charge, and one that the DBC does not know
def test_a_dut_that_says_it_left_its_mode_is_not_quiet(
    wired: Wired, prepared: dict[str, Prepared], state: int
) -> None:
    codec = wired.databases["vehicle"]["BMS_State"]
    field, protection = codec.fields["State"], codec.protection
    assert protection is not None and field.little_endian and field.start % 8 + field.length <= 8

    def other(frame: CanFrame) -> CanFrame:
        data, mask = bytearray(frame.data), (1 << field.length) - 1 << field.start % 8
        data[field.start // 8] = data[field.start // 8] & ~mask | state << field.start % 8
        protection.protect(data, protection.counter_of(frame.data))
        return frame._replace(data=bytes(data))

    found = shot(wired, prepared["healthy-drive"], codec.can_id, other)
    assert found.verdict is Verdict.FAIL and "State != 3" in joined_words(found), joined_words(found)
