"""The reference BMS takes counters in sequence only (AUTOSAR E2E: MaxDeltaCounter), and closes with permission only."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware
from firmware_stubs.reference_bms.e2e import (
    MOST_STEPS,
    ListReceiver,
    Receiver,
    WideReceiver,
    data_ids_of,
    start_of,
)
from firmware_stubs.reference_bms.measurement import CommandInput

ROOT = Path(__file__).resolve().parents[1]
CYCLE_NS = 20_000_000
ADDED = sorted(
    one.stem.replace("_", "-")
    for one in (ROOT / "scenarios/startup").glob("*.toml")
    if not one.stem.startswith("refuses")
)


class _AnyCrc(Receiver):
    def crc_fits(self, data: bytes) -> bool:
        return True


class _AnyListCrc(ListReceiver):
    def crc_fits(self, data: bytes) -> bool:
        return True


class _AnyWideCrc(WideReceiver):
    def crc_fits(self, data: bytes) -> bool:
        return True


RECEIVERS: dict[int, Callable[[], Receiver]] = {
    15: lambda: _AnyCrc(160),
    16: lambda: _AnyListCrc(data_ids_of(528)),
    256: lambda: _AnyWideCrc(774),
}


def frame(states: int, counter: int) -> bytes:
    return bytes((0, 0, counter)) if states == 256 else bytes((0, counter, 0))


@given(
    st.sampled_from(sorted(RECEIVERS)),
    st.integers(0, 255),
    st.integers(0, 300),
    st.integers(0, 20),
)
def test_a_counter_moves_as_far_as_the_missed_cycles_allow(
    states: int, first: int, steps: int, missed: int
) -> None:
    receiver = RECEIVERS[states]()
    first %= states
    assert receiver.accept(frame(states, first))
    moved = steps % states
    allowed = 0 < moved <= MOST_STEPS + missed
    assert receiver.accept(frame(states, (first + moved) % states), missed) is allowed
    # Whatever came, the next one counts from it: a single jump costs a single frame.
    assert receiver.accept(frame(states, (first + moved + 1) % states))


def test_a_counter_beyond_its_range_is_refused() -> None:
    receiver = RECEIVERS[15]()
    assert not receiver.accept(frame(15, 15)) and receiver.accept(frame(15, 14))


def test_silence_lets_the_counter_move_on_and_a_jump_without_silence_does_not() -> None:
    def command(counter: int) -> bytes:
        from firmware_stubs.reference_bms.e2e import crc_of

        data = bytes((0, 1 << 4 | counter, 0, 0))
        return bytes((crc_of(start_of(160), data),)) + data[1:]

    seen = CommandInput()
    seen.receive(0, command(0))
    seen.receive(CYCLE_NS, command(1))
    assert seen.heard_ns == CYCLE_NS
    seen.receive(2 * CYCLE_NS, command(7))  # five frames are missing, and no time for them has passed
    assert seen.heard_ns == CYCLE_NS
    seen.receive(3 * CYCLE_NS, command(8))
    assert seen.heard_ns == 3 * CYCLE_NS
    seen.receive(10 * CYCLE_NS, command(0))  # seven frames later, after seven cycles
    assert seen.heard_ns == 10 * CYCLE_NS


@pytest.mark.slow
@pytest.mark.parametrize("firmware", ["reference", "reference_c"])
@pytest.mark.parametrize("name", ADDED)
def test_both_builds_close_only_with_permission(
    wired: Wired, prepared: dict[str, Prepared], name: str, firmware: str
) -> None:
    for place in (0, 3):
        found = shoot(with_firmware(wired, firmware), prepared[name], place, 5, 1, None).judgement
        assert found.verdict is Verdict.PASS, found


@pytest.mark.slow
def test_a_request_that_has_to_be_obeyed_and_is_not_fails(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    broken = with_firmware(wired, "does_not_latch")
    assert shoot(broken, prepared["closes-after-repair"], 0, 5, 1, None).judgement.verdict is Verdict.PASS
    for name in ("never_closes", "closes_after_reset"):
        found = shoot(with_firmware(wired, name), prepared["starts-again-after-power-cut"], 0, 5, 1, None)
        assert (found.judgement.verdict is Verdict.PASS) is (name != "never_closes")
