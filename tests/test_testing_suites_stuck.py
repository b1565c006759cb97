"""The published suites of what switches can fail: stuck contacts, intervals beside the truth, names unasked."""

from typing import Any

import pytest
import suite_lies_of_switches as lies
from broken_drivers import broken
from instrument_lanes import RELAY_CARDS, device_of
from test_testing_suites import CELLS, found

from bench.testing import CellEmulatorSuite, Device, RelaySuite

RELAYS = device_of(RELAY_CARDS["waveshare_relay"], baud=9600)
MOVED, SAFE = "a_relay_that_does_not_move_is_told_on_switching", "a_relay_that_stays_on_is_never_called_safe"
SIDES, IN_A_WIRE = "a_switch_is_told_from_both_sides", "a_relay_in_a_sense_wire_is_a_fault_unit"
NAME, NOBODY = "a_name_comes_over_the_line_each_time", "nothing_is_done_by_nobody"

CARDS: dict[type[lies.Lying], set[str]] = {
    lies.SafeUnread: {SAFE},
    lies.SafeLooksAtFour: {SAFE},
    lies.SafeLooksAtAllButTheLast: {SAFE},
    lies.SafeUntilOneSticks: {SAFE},
    lies.SwitchUnread: {MOVED},
    lies.SwitchOffUnread: {MOVED},
    lies.SwitchLooksAtFour: {MOVED},
    lies.SwitchedFromZero: {SIDES},
    lies.SwitchedTooLate: {SIDES},
    lies.SwitchedInTheFuture: {SIDES, IN_A_WIRE},
    lies.SwitchedOnlyWhenAcknowledged: {SIDES},
    lies.ConstantName: {NAME, NOBODY},
    lies.RememberedName: {NAME},
}


@pytest.mark.parametrize("lie", CARDS)
def test_a_card_that_asks_and_does_not_look_is_caught(lie: type[lies.Lying]) -> None:
    assert found(RelaySuite, RELAYS, lie) == CARDS[lie]


CONFIRMED, OFF = "a_cell_that_does_not_move_is_never_confirmed", "a_cell_that_stays_on_is_never_called_safe"
BRACKET, FAULTS = "a_confirmation_brackets_the_true_change", "faults_of_a_wire_are_made_mended_and_told"
WHOLE = "cells_are_set_read_back_and_brought_to_their_safe_state"
DEAD_MAN = "only_an_instrument_with_a_dead_man_lets_it_be_armed"

EMULATORS: dict[type[lies.Lying], set[str]] = {
    lies.OffUnread: {OFF},
    lies.OffLooksAtFour: {OFF},
    lies.OffLooksAtAllButTheLast: {OFF},
    lies.ConfirmsUnread: {CONFIRMED},
    lies.ConfirmsTheFirst: {CONFIRMED},
    lies.ConfirmsCellsOneToFour: {CONFIRMED},
    lies.MeasuresWhatItSet: {CONFIRMED},
    lies.MeasuresFour: {WHOLE},
    lies.ConfirmedFromZero: {BRACKET},
    lies.ConfirmedFromBefore: {BRACKET},
    lies.ConfirmedInTheFuture: {BRACKET},
    lies.FaultFromZero: {FAULTS},
    lies.FaultTooLate: {FAULTS},
    lies.FaultTooEarly: {FAULTS},
    lies.FaultToldAtTheFirst: {FAULTS},
    lies.ArmsTooShort: {DEAD_MAN},
    lies.NeverDisarms: {DEAD_MAN},
    lies.ConstantName: {NAME, NOBODY},
    lies.RememberedName: {NAME},
}


@pytest.mark.parametrize("lie", EMULATORS)
def test_an_emulator_that_asks_and_does_not_look_is_caught(lie: type[lies.Lying]) -> None:
    assert found(CellEmulatorSuite, CELLS, lie) == EMULATORS[lie]


class Plain:
    """A simulator of somebody who has not heard of any hook."""

    def __init__(self, sim: Any, *truths: str) -> None:
        for truth in truths:
            setattr(self, truth, getattr(sim, truth))


def plain(device: Device[Any, Any], *truths: str) -> Device[Any, Any]:
    def play(end: Any, clock: Any) -> Plain:
        return Plain(device.play(end, clock), *truths)

    return Device(drive=device.drive, play=play, on_can=device.on_can, baud=device.baud)


def skipped(suite: type, device: Device[Any, Any], case: str) -> str:
    mine = type("TestAcme", (suite,), {"device": lambda _: device})
    with pytest.raises(pytest.skip.Exception) as told:
        getattr(mine(), f"test_{case}")()
    return str(told.value)


@pytest.mark.parametrize("case", [MOVED, SAFE])
def test_what_a_card_of_others_is_not_held_to_is_a_skip_that_names_itself(case: str) -> None:
    said = skipped(RelaySuite, plain(RELAYS, "contacts"), case)
    assert said == "TestAcme: its simulator has no method stick: this promise is not proven"


@pytest.mark.parametrize("case", [CONFIRMED, OFF])
def test_what_an_emulator_of_others_is_not_held_to_is_a_skip_too(case: str) -> None:
    assert "has no method stick" in skipped(CellEmulatorSuite, plain(CELLS, "output_v"), case)


def test_a_hook_of_another_name_is_taken_and_one_that_does_nothing_is_told() -> None:
    class Named(RelaySuite):
        def device(self) -> Device[Any, Any]:
            return RELAYS

        def stick(self, sim: Any, number: int, now_ns: int) -> None:
            sim.stick(number, now_ns)

    class Idle(Named):
        def stick(self, sim: Any, number: int, now_ns: int) -> None: ...

    assert broken(Named) == set()
    assert broken(Idle) == {MOVED, SAFE}
