"""The AFE's frames as the shipped profile lays them out, read back through the DBC by cantools."""

import math
from binascii import crc_hqx
from dataclasses import replace
from pathlib import Path

import cantools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec.database import Database
from bench.codec.pages import Pages
from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.instruments.afe import AnalogueFrontEnd, SweepCrc, layout_text, read_layout, turned_over
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import CanFrame
from bench.wiring.emulator_shown import emulator_shows
from bench.wiring.virtual_signals import bind_plays

ROOT = Path(__file__).parents[1]
CELL_VOLTAGES = cantools.database.load_file(ROOT / "dbc" / "bench_io.dbc").get_message_by_name(
    "IO_CellVoltages"
)  # type: ignore[union-attr]
INVALID_RAW = 0x3FFF
PROFILE = load_profile(ROOT / "dbc" / "reference_bms.toml")
DATABASES = {
    "vehicle": Database.load(ROOT / "dbc/bms.dbc", ROOT / "dbc/vehicle.dbc"),
    "sense": Database.load(ROOT / "dbc/bench_io.dbc"),
}


def pages_for(cells: int) -> Pages:
    return emulator_shows(bind_plays(PROFILE, DATABASES, cells, min(cells, 24))).messages[0]


PAGES = pages_for(96)


def payloads(voltages: list[float | None], pages: Pages = PAGES) -> list[bytes]:
    return [pages.payload(page, lambda _, cell: voltages[cell]) for page in range(len(pages.pages))]


@given(st.lists(st.none() | st.floats(-2.0, 6.19), min_size=96, max_size=96))
def test_every_cell_arrives_within_half_a_step(voltages: list[float | None]) -> None:
    frames = payloads(voltages)
    assert (PAGES.can_id, PAGES.extended, len(frames)) == (CELL_VOLTAGES.frame_id, False, 24)
    for group, data in enumerate(frames):
        assert len(data) == 8
        values = CELL_VOLTAGES.decode(data, scaling=False)
        assert values["CellGroup"] == group
        for cell in range(4 * group, 4 * group + 4):
            raw, voltage_v = values[f"CellVoltage{cell + 1:02}"], voltages[cell]
            if voltage_v is None:
                assert raw == INVALID_RAW
            else:
                assert abs(raw * 0.0005 - 2 - voltage_v) <= 0.000_250_001


@given(st.one_of(st.just(math.nan), st.floats(max_value=-2.0004), st.floats(min_value=6.1913)))
def test_what_the_afe_cannot_read_is_invalid_not_clipped(voltage_v: float) -> None:
    raw = CELL_VOLTAGES.decode(payloads([voltage_v] * 96)[0], scaling=False)["CellVoltage01"]
    assert raw == INVALID_RAW


def test_known_readings() -> None:
    seen = CELL_VOLTAGES.decode(payloads([-2.0, 0.0, 4.25, 6.191, *[None] * 92])[0], scaling=False)
    assert [seen[f"CellVoltage{cell:02}"] for cell in (1, 2, 3, 4)] == [0, 4000, 12500, 0x3FFE]


def test_a_group_short_of_cells_is_filled_as_invalid_and_empty_groups_are_left_out() -> None:
    frames = payloads([3.7] * 5, pages_for(5))
    assert len(frames) == 2
    assert int.from_bytes(frames[-1], "little") >> 22 == (1 << 42) - 1


def test_several_messages_are_one_sweep_with_pages_counted_through_them() -> None:
    sent: list[tuple[int, CanFrame]] = []
    messages = tuple(replace(PAGES, can_id=0x400 + group, pages=(PAGES.pages[group],)) for group in range(24))

    async def main(clock: SimulatedClock) -> None:
        afe = AnalogueFrontEnd(
            clock,
            messages,
            lambda: [3.6] * 96,
            lambda frame: sent.append((clock.now_ns(), frame)),
            cycle_ns=240_000_000,
            gap_ns=10_000_000,
        )
        assert (afe.pages, afe.pages_of(5), afe.pages_from(90, 96)) == (
            24,
            frozenset({1}),
            frozenset({22, 23}),
        )
        afe.lost_pages = afe.pages_of(5)
        afe.start(0)
        await clock.sleep_until(479_000_000)
        afe.stop()

    run_simulated(main)
    ids = [frame.can_id for _, frame in sent]
    assert ids == 2 * [0x400, *range(0x402, 0x418)]
    assert [t_ns for t_ns, _ in sent[:3]] == [0, 20_000_000, 30_000_000]
    again = read_layout(layout_text(messages, 240_000_000, 10_000_000))
    assert again == (messages, 240_000_000, 10_000_000)


def test_the_layout_survives_its_way_to_another_process() -> None:
    assert read_layout(layout_text((PAGES,), 100_000_000, 0)) == ((PAGES,), 100_000_000, 0)
    with pytest.raises(ConfigError, match="expected the JSON"):
        read_layout('{"pages": 1}')


def test_paced_pages_go_out_one_per_gap_and_are_measured_when_sent() -> None:
    sent: list[tuple[int, CanFrame]] = []

    async def main(clock: SimulatedClock) -> None:
        def output_v() -> list[float]:
            return [3.0 + clock.now_ns() / 1e9] * 8  # rises by 1 mV a ms

        afe = AnalogueFrontEnd(
            clock,
            (pages_for(8),),
            output_v,
            lambda frame: sent.append((clock.now_ns(), frame)),
            cycle_ns=50_000_000,
            gap_ns=10_000_000,
        )
        afe.start(0)
        await clock.sleep_until(99_000_000)
        afe.stop()

    run_simulated(main)
    assert [t_ns // 1_000_000 for t_ns, _ in sent] == [0, 10, 50, 60]
    shown = [CELL_VOLTAGES.decode(frame.data) for _, frame in sent]
    assert [values["CellGroup"] for values in shown] == [0, 1, 0, 1]
    volts = [values.get("CellVoltage01", values.get("CellVoltage05")) for values in shown]
    assert volts == pytest.approx([3.0, 3.01, 3.05, 3.06], abs=0.0003)


def test_the_checksum_is_of_the_last_whole_sweep_and_told_before_a_bit_turns_over() -> None:
    frames = [bytes((page, *range(7))) for page in range(3)]
    seen = SweepCrc(3)
    for page, data in enumerate(frames[:2]):
        seen.add(page, data)
    assert seen.value == 0, "not whole yet"
    seen.add(2, frames[2])
    whole = seen.value
    assert whole == crc_hqx(b"".join(frames), 0xFFFF)
    seen.add(0, bytes(8))
    seen.add(2, bytes(8))  # page 1 is missing: this sweep has none
    assert seen.value == whole
    assert sum((a ^ b).bit_count() for a, b in zip(frames[0], turned_over(frames[0]))) == 1
