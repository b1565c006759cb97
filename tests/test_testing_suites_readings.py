"""The published suites of what sets and reads can fail: outputs that are stuck, settings not taken, stamps made up."""

from typing import Any

import pytest
import suite_lies_of_readings as lies
from suite_lies_of_switches import ConstantName, Lying, RememberedName
from test_testing_suites import SUPPLY, found, monitor, sensor
from test_testing_suites_stuck import plain, skipped

from bench.testing import MonitorSuite, SensorSuite, SupplySuite

NAME, NOBODY = "a_name_comes_over_the_line_each_time", "nothing_is_done_by_nobody"
UNASKED = {NAME, NOBODY, "a_torn_line_is_an_error", "silence_is_an_error_in_time"}
STAYS_ON = "an_output_that_stays_on_is_never_called_off"
IDLE_ON = "an_output_that_stays_on_is_not_called_off_because_nothing_flows"
STAYS_OFF = "an_output_that_does_not_go_on_is_told"

SUPPLIES: dict[type[Lying], set[str]] = {
    lies.OutputUnread: {STAYS_OFF, STAYS_ON, IDLE_ON},
    lies.OutputOffUnread: {STAYS_ON, IDLE_ON},
    lies.SafeUnread: {STAYS_ON, IDLE_ON},
    lies.SafeByCurrent: {IDLE_ON},
    lies.MeasuresWhatItIsLimitedTo: {STAYS_OFF},
    lies.LimitsNobody: {NOBODY},
    ConstantName: {NAME, NOBODY},
    RememberedName: {NAME},
}


@pytest.mark.parametrize("lie", SUPPLIES)
def test_a_supply_that_asks_and_does_not_look_is_caught(lie: type[Lying]) -> None:
    assert found(SupplySuite, SUPPLY, lie) == SUPPLIES[lie]


TAKEN, FAILED = "what_it_does_not_take_is_told", "one_that_has_failed_is_told"
STAMP, ORDER = "a_reading_is_stamped_when_it_was_taken", "readings_come_in_the_order_of_time"

MONITORS: dict[type[Lying], set[str]] = {
    lies.ThresholdsUnread: {TAKEN},
    lies.FaultThresholdOnlyRead: {TAKEN},
    lies.MeasuringUnread: {TAKEN},
    lies.PassesAnySelfTest: {FAILED, NOBODY},
    lies.SelfTestUnread: {FAILED},
    lies.ValidWhileItMeasures: {FAILED},
    lies.StampedFromZero: {STAMP, ORDER},
    lies.StampedWhenAsked: {STAMP},
    lies.StampedInTheFuture: {STAMP, ORDER},
    ConstantName: UNASKED,
    RememberedName: {NAME, "a_torn_line_is_an_error"},
}


@pytest.mark.parametrize("lie", MONITORS)
def test_a_monitor_that_asks_and_does_not_look_is_caught(lie: type[Lying]) -> None:
    assert found(MonitorSuite, monitor, lie) == MONITORS[lie]


PERIOD, BELIEVED = "a_period_that_it_does_not_take_is_told", "one_that_has_failed_is_not_believed"
SIGNS = "it_reads_both_signs_and_changes_its_period"

SENSORS: dict[type[Lying], set[str]] = {
    lies.PeriodUnread: {PERIOD},
    lies.AlwaysValid: {BELIEVED},
    lies.StampedLongAgo: {STAMP, ORDER},
    lies.StampedWhenAsked: {STAMP, SIGNS},
    lies.StampedInTheFuture: {STAMP, ORDER},
    ConstantName: UNASKED,
    RememberedName: {NAME, "a_torn_line_is_an_error"},
}


@pytest.mark.parametrize("lie", SENSORS)
def test_a_sensor_that_asks_and_does_not_look_is_caught(lie: type[Lying]) -> None:
    assert found(SensorSuite, sensor, lie) == SENSORS[lie]


@pytest.mark.parametrize(
    ("suite", "device", "hooks"),
    [
        (SupplySuite, lambda _: SUPPLY, {STAYS_OFF: "stick", STAYS_ON: "stick", IDLE_ON: "stick"}),
        (MonitorSuite, monitor, {TAKEN: "stick", FAILED: "ail"}),
        (SensorSuite, sensor, {PERIOD: "stick", BELIEVED: "ail"}),
    ],
)
def test_what_others_are_not_held_to_is_a_skip_that_names_itself(
    suite: type, device: Any, hooks: dict[str, str]
) -> None:
    bare = plain(device(suite()))
    for case, hook in hooks.items():
        assert f"has no method {hook}: this promise is not proven" in skipped(suite, bare, case)
