"""What the BMS's analogue front end makes of cell voltages: IO_CellVoltages frames (dbc/bench_io.dbc)."""

from collections.abc import Sequence

from bench.trace.events import CanFrame

CELL_VOLTAGES_ID = 0x300
INVALID_RAW = 0x3FFF
CELLS_PER_FRAME = 4
_LOWEST_V = -2.0
_HIGHEST_V = 6.191  # raw 0x3FFE; 0x3FFF is reserved for "no reading"
_STEPS_PER_V = 2000.0
_OFFSET = 4000.5  # 2 V in steps of 0.5 mV, and a half to round


def raw_voltage(voltage_v: float | None) -> int:
    """The 14-bit raw value of a voltage in V; INVALID_RAW when open (None, nan) or out of the AFE's range."""
    if voltage_v is None or not _LOWEST_V <= voltage_v <= _HIGHEST_V:
        return INVALID_RAW
    return int(voltage_v * _STEPS_PER_V + _OFFSET)


def afe_frames(voltages: Sequence[float | None]) -> list[CanFrame]:
    """One sweep, four cells to a frame, group 0 first. A group short of cells is filled as invalid."""
    raws = [
        int(volt * _STEPS_PER_V + _OFFSET)
        if volt is not None and _LOWEST_V <= volt <= _HIGHEST_V
        else INVALID_RAW
        for volt in voltages
    ]
    raws += [INVALID_RAW] * (-len(raws) % CELLS_PER_FRAME)
    return [
        CanFrame(
            CELL_VOLTAGES_ID,
            (group | first << 8 | second << 22 | third << 36 | fourth << 50).to_bytes(8, "little"),
        )
        for group, (first, second, third, fourth) in enumerate(
            zip(raws[::4], raws[1::4], raws[2::4], raws[3::4], strict=True)
        )
    ]
