"""Contract suites for drivers of others: what the bench takes for granted of an instrument, a DUT adapter and a clock.

`class TestMine(RelaySuite)` in a test file of your own, with one method that names your driver and your simulator;
pytest does the rest (docs/instruments.md, "A driver of your own: prove it"). It needs pytest.
"""

try:
    import pytest
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "bench.testing: found no pytest; expected it beside the bench: python3 -m pip install pytest",
        name="pytest",
    ) from _missing

for _name in (
    "suite",
    "relay",
    "cells",
    "supply",
    "monitor",
    "sensor",
    "dut",
    "stepped",
    "timebase",
    "truth",
):
    pytest.register_assert_rewrite(f"bench.testing.{_name}")

from bench.testing.cells import CellEmulatorSuite  # noqa: E402
from bench.testing.desk import CAN_LANES, SERIAL_LANES, Desk, Device  # noqa: E402
from bench.testing.dut import DutSuite  # noqa: E402
from bench.testing.monitor import MonitorSuite  # noqa: E402
from bench.testing.relay import RelaySuite  # noqa: E402
from bench.testing.sensor import SensorSuite  # noqa: E402
from bench.testing.stepped import SteppedSuite  # noqa: E402
from bench.testing.supply import SupplySuite  # noqa: E402
from bench.testing.timebase import TimebaseSuite  # noqa: E402

__all__ = [
    "CAN_LANES",
    "SERIAL_LANES",
    "CellEmulatorSuite",
    "Desk",
    "Device",
    "DutSuite",
    "MonitorSuite",
    "RelaySuite",
    "SensorSuite",
    "SteppedSuite",
    "SupplySuite",
    "TimebaseSuite",
]
