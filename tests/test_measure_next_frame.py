"""The first frame that was made up after a command: of a single message, of a sweep at once, of one page per gap."""

import random
from dataclasses import replace
from typing import Any

import pytest

from bench.measure.irregular import first_irregular
from bench.trace.events import CanFrame, FrameSeen
from bench.trace.irregular import Irregular, Irregularity

MS = 1_000_000
NEXT = Irregularity(channel="sense", message="Cells", what=Irregular.NEXT, signal="Cell", cycle_ns=100 * MS)
JUMP = replace(NEXT, step=125.0)
SHARE = replace(NEXT, step_share=0.24)


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
        (SHARE, [3700, 3700, 1900, 1900], (200.25, 200.25)),
        (SHARE, [3700, 3700, 3700, 1900], (300.25, 300.25)),
        (
            JUMP,
            [3700, 3700, 3700, 3700],
            (200.25, 300.25),
        ),  # it does not show where it had to: it tells nothing
    ],
)
def test_a_sweep_that_began_with_the_command(
    asked: Irregularity, values: list[int], found_ms: tuple[float, float]
) -> None:
    found = first_irregular(asked, Codec(), sweeps(values), 200 * MS - MS // 2, 400 * MS)
    assert found is not None
    assert (found.low_ns / MS, found.high_ns / MS) == found_ms


CYCLE_MS = 480
FRAME_NS = MS // 4  # on the bus


def round_robin(pages: int, gap_ms: int, first_ns: int, until_ns: int) -> list[tuple[int, FrameSeen]]:
    """(when it was made up, the frame), in cycles of 480 ms. Without a gap the sweep is made up at once."""
    found = []
    for began_ns in range(first_ns, until_ns, CYCLE_MS * MS):
        for page in range(pages):
            made_ns = began_ns + page * gap_ms * MS
            seen_ns = made_ns + FRAME_NS if gap_ms else began_ns + (page + 1) * FRAME_NS
            found.append((made_ns, FrameSeen(seen_ns, "sense", CanFrame(0x200, bytes((page, 0, 0))), "afe")))
    return found


LAYOUTS = [(pages, gap_ms) for pages in (1, 2, 4, 5, 24, 48, 95, 96) for gap_ms in (0, 1, 2, 4, 5)]


def looks_made_at_once(pages: int, gap_ms: int) -> bool:
    """Frames close to each other, then rest: only the profile knows that each was made up when it was sent."""
    return gap_ms > 0 and pages > 1 and CYCLE_MS - pages * gap_ms >= CYCLE_MS // 8


# told: by the profile; a plan that was stored earlier does not know the gap.
TOLD = [(*one, True) for one in LAYOUTS] + [(*one, False) for one in LAYOUTS if not looks_made_at_once(*one)]


@pytest.mark.parametrize("page", ["first", "middle", "last"])
@pytest.mark.parametrize(("pages", "gap_ms", "told"), TOLD)
def test_the_first_frame_after_the_command_is_in_the_interval(
    pages: int, gap_ms: int, told: bool, page: str
) -> None:
    carrying = {"first": 0, "middle": pages // 2, "last": pages - 1}[page]

    class OnePage(Codec):
        cycle_ns = CYCLE_MS * MS

        def reader(self, signal: str) -> Any:
            return lambda data: float(data[1]) if data[0] == carrying else None

    asked = replace(NEXT, cycle_ns=CYCLE_MS * MS, gap_ns=gap_ms * MS if told else None)
    rng = random.Random(f"{pages}/{gap_ms}/{page}")
    for _ in range(25):
        commanded_ns, end_ns = 1000 * MS + rng.randrange(CYCLE_MS * MS), 3000 * MS
        frames = round_robin(pages, gap_ms, rng.randrange(CYCLE_MS * MS), end_ns)
        truth_ns = next(
            seen.t_ns
            for made_ns, seen in frames
            if made_ns >= commanded_ns and seen.frame.data[0] == carrying
        )
        found = first_irregular(asked, OnePage(), [seen for _, seen in frames], commanded_ns, end_ns)
        assert found is not None
        assert found.low_ns <= truth_ns <= found.high_ns <= found.low_ns + CYCLE_MS * MS
