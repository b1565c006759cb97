"""AFE frames, read back through the DBC by cantools."""

import math
from pathlib import Path

import cantools
from hypothesis import given
from hypothesis import strategies as st

from bench.instruments.afe import INVALID_RAW, afe_frames, raw_voltage

CELL_VOLTAGES = cantools.database.load_file(
    Path(__file__).parents[1] / "dbc" / "bench_io.dbc"
).get_message_by_name("IO_CellVoltages")  # type: ignore[union-attr]


@given(st.lists(st.none() | st.floats(-2.0, 6.19), min_size=96, max_size=96))
def test_every_cell_arrives_within_half_a_step(voltages: list[float | None]) -> None:
    frames = afe_frames(voltages)
    assert len(frames) == 24
    for group, frame in enumerate(frames):
        assert (frame.can_id, frame.extended, len(frame.data)) == (CELL_VOLTAGES.frame_id, False, 8)
        values = CELL_VOLTAGES.decode(frame.data, scaling=False)
        assert values["CellGroup"] == group
        for cell in range(4 * group, 4 * group + 4):
            raw, voltage_v = values[f"CellVoltage{cell + 1:02}"], voltages[cell]
            if voltage_v is None:
                assert raw == INVALID_RAW
            else:
                assert abs(raw * 0.0005 - 2 - voltage_v) <= 0.000_250_001


@given(st.one_of(st.just(math.nan), st.floats(max_value=-2.0001), st.floats(min_value=6.1911)))
def test_what_the_afe_cannot_read_is_invalid_not_clipped(voltage_v: float) -> None:
    assert raw_voltage(voltage_v) == INVALID_RAW


def test_known_readings() -> None:
    assert [raw_voltage(volt) for volt in (-2.0, 0.0, 4.25, 6.191)] == [0, 4000, 12500, 0x3FFE]
    assert raw_voltage(None) == INVALID_RAW


def test_a_group_short_of_cells_is_filled_as_invalid() -> None:
    last = afe_frames([3.7] * 5)[-1]
    assert int.from_bytes(last.data, "little") >> 22 == (1 << 42) - 1
