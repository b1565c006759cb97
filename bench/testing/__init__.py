"""Contract suites for drivers of others: what the bench takes for granted of an instrument, a DUT adapter and a clock.

`class TestMine(RelaySuite)` in a test file of your own, with one method that names your driver and your simulator;
pytest does the rest (docs/instruments.md, "A driver of your own: prove it"). It needs pytest.
"""

import pytest

pytest.register_assert_rewrite("bench.testing.suite", "bench.testing.relay", "bench.testing.cells")

from bench.testing.cells import CellEmulatorSuite  # noqa: E402
from bench.testing.desk import CAN_LANES, SERIAL_LANES, Desk, Device  # noqa: E402
from bench.testing.relay import RelaySuite  # noqa: E402

__all__ = ["CAN_LANES", "SERIAL_LANES", "CellEmulatorSuite", "Desk", "Device", "RelaySuite"]
