"""A frame of a sweep that began with the command tells by its own value whether it was made up after it."""

from dataclasses import replace
from typing import Any

import pytest

from bench.measure.irregular import first_irregular
from bench.trace.events import CanFrame, FrameSeen
from bench.trace.irregular import Irregular, Irregularity

MS = 1_000_000
NEXT = Irregularity(channel="sense", message="Cells", what=Irregular.NEXT, signal="Cell", cycle_ns=100 * MS)
JUMP = replace(NEXT, step=125.0)


class Codec:
    """Page in byte 0, value of page 1 in bytes 1 and 2."""

    can_id, extended, length, cycle_ns, protection = 0x200, False, 3, 100 * MS, None

    def reader(self, signal: str) -> Any:
        assert signal == "Cell"
        return lambda data: int.from_bytes(data[1:3], "little") if data[0] == 1 else None


def sweeps(values: list[int]) -> list[FrameSeen]:
    """A sweep of two pages every 100 ms from 0 on."""
    return [
        FrameSeen(
            n * 100 * MS + page * MS // 4,
            "sense",
            CanFrame(0x200, bytes((page, value % 256, value // 256))),
            "afe",
        )
        for n, value in enumerate(values)
        for page in (0, 1)
    ]


@pytest.mark.parametrize(
    ("asked", "values", "found_ms"),
    [
        (NEXT, [3700, 3700, 3950, 3950], (200.25, 300.25)),  # nothing tells: the width of a cycle
        (JUMP, [3700, 3700, 3950, 3950], (200.25, 200.25)),  # it shows the jump itself
        (JUMP, [3700, 3700, 3700, 3950], (300.25, 300.25)),  # it was made up before the command
    ],
)
def test_a_sweep_that_began_with_the_command(
    asked: Irregularity, values: list[int], found_ms: tuple[float, float]
) -> None:
    found = first_irregular(asked, Codec(), sweeps(values), 200 * MS - MS // 2, 400 * MS)
    assert found is not None
    assert (found.low_ns / MS, found.high_ns / MS) == found_ms
