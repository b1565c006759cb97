"""The emulator itself: its language, its outputs over time, its dead-man."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim
from bench.units import NS_PER_MS, NS_PER_S

LATER = NS_PER_S


def on_at(voltages_v: Sequence[float], **options: int) -> CellEmulatorSim:
    """Outputs on and settled at these voltages from 1 s on."""
    sim = CellEmulatorSim(len(voltages_v), **options)
    sim.handle(f"SOUR:VOLT:ALL {','.join(map(str, voltages_v))};OUTP ON".encode(), 0)
    assert sim.output_v(LATER) == list(voltages_v)
    return sim


@pytest.mark.parametrize(
    "spelling",
    [b"MEAS:VOLT? (@2)\n", b"MEASURE:VOLTAGE? (@2)", b"meas:volt? (@2)", b" :MEASure:VOLT?  (@ 2 )"],
)
def test_spellings_of_one_question(spelling: bytes) -> None:
    reply = on_at([1.0, 2.0]).handle(spelling, LATER)
    assert reply == b"2.0000\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"VOLT 3", -113),
        (b"SOUR2:VOLT 3,(@1)", -114),
        (b"SOUR:VOLT 3 V,(@1)", -131),
        (b"SOUR:VOLT x,(@1)", -104),
        (b"SOUR:VOLT nan,(@1)", -120),
        (b"SOUR:VOLT inf,(@1)", -222),
        (b"SOUR:VOLT 6.001,(@1)", -222),
        (b"SOUR:VOLT -0.1,(@1)", -222),
        (b"SOUR:VOLT 3,(@0)", -222),
        (b"SOUR:VOLT 3,(@1:5)", -222),
        (b"SOUR:VOLT 3,(@3:2)", -222),
        (b"SOUR:VOLT 3,(1)", -104),
        (b"SOUR:VOLT 3", -109),
        (b"SOUR:VOLT? ", -109),
        (b"SOUR:VOLT:ALL 1,2,3", -109),
        (b"SOUR:VOLT:ALL 1,2,3,4,5", -108),
        (b"SOUR:VOLT:ALL 1,2,3,7", -222),
        (b"SOUR:VOLT:ALL 1,2,nan,3", -120),
        (b"SOUR:VOLT:ALL 1,2,inf,3", -222),
        (b"OUTP MAYBE", -224),
        (b"OUTP", -109),
        (b"OUTP:FAUL SHORT,(@1)", -224),
        (b"SYST:WDOG 61", -222),
        (b"\xff\xfe", -113),
    ],
)
def test_a_refused_command_changes_nothing_and_queues_its_error(line: bytes, code: int) -> None:
    sim = on_at([1.0, 1.5, 2.0, 2.5])
    assert sim.handle(line, LATER) == b""
    assert sim.output_v(2 * LATER) == [1.0, 1.5, 2.0, 2.5]
    assert sim.handle(b"SYST:ERR?", LATER).startswith(f'{code},"'.encode())
    assert sim.handle(b"SYST:ERR?;:SYST:ERR?", LATER) == b'0,"No error";0,"No error"\n'


def test_the_error_queue_overflows_visibly_and_clears() -> None:
    sim = CellEmulatorSim()
    for _ in range(40):
        sim.handle(b"NONSENSE", 0)
    codes = [sim.handle(b"SYST:ERR?", 0).partition(b",")[0] for _ in range(17)]
    assert codes == [b"-113"] * 15 + [b"-350", b"0"]
    sim.handle(b"NONSENSE;*CLS", 0)
    assert sim.handle(b"SYST:ERR?", 0) == b'0,"No error"\n'


@given(st.binary(max_size=200))
def test_no_line_whatsoever_breaks_it(line: bytes) -> None:
    sim = on_at([1.0, 2.0])
    reply = sim.handle(line, LATER)
    assert reply == b"" or reply.endswith(b"\n")
    assert len(sim.output_v(LATER)) == 2


@given(
    st.lists(st.integers(0, 60_000), min_size=4, max_size=4),
    st.lists(st.integers(0, 60_000), min_size=4, max_size=4),
    st.integers(0, 60 * NS_PER_MS),
)
def test_outputs_settle_as_first_order_lags(before: list[int], after: list[int], elapsed_ns: int) -> None:
    sim = on_at([step / 10_000 for step in before])
    sim.handle(f"SOUR:VOLT:ALL {','.join(str(step / 10_000) for step in after)}".encode(), LATER)
    left = math.exp(-elapsed_ns / (2 * NS_PER_MS))
    exact = [(new + (old - new) * left) / 10_000 for old, new in zip(before, after, strict=True)]
    assert sim.output_v(LATER + elapsed_ns) == pytest.approx(exact, abs=1.01e-4)
    # Once it is within the resolution it stays there, exactly.
    assert sim.output_v(2 * LATER) == [step / 10_000 for step in after]


def test_a_change_on_the_way_starts_from_where_the_output_is() -> None:
    sim = on_at([1.0, 1.0])
    sim.handle(b"SOUR:VOLT 5,(@1)", LATER)
    underway_v = sim.output_v(LATER + NS_PER_MS)[0]
    assert 1.0 < underway_v < 5.0
    sim.handle(b"SOUR:VOLT 1,(@1)", LATER + NS_PER_MS)
    assert sim.output_v(LATER + NS_PER_MS) == pytest.approx([underway_v, 1.0], abs=1e-4)


def test_set_points_outlive_off_and_reset_forgets_everything() -> None:
    sim = on_at([1.0, 2.0])
    sim.handle(b"OUTP OFF;OUTP:FAUL OPEN,(@2)", LATER)
    assert (
        sim.handle(b"OUTP?;:SOUR:VOLT? (@1:2);:MEAS:VOLT:ALL?", 2 * LATER)
        == b"0;1.0000,2.0000;0.0000,9.91E+37\n"
    )
    sim.handle(b"OUTP ON", 2 * LATER)
    assert sim.handle(b"OUTP?;:MEAS:VOLT? (@1)", 3 * LATER) == b"2;1.0000\n"
    sim.handle(b"*RST;OUTP ON", 3 * LATER)
    assert sim.output_v(4 * LATER) == [0.0, 0.0]


@given(st.integers(1, 60_000), st.integers(-2, 2))
def test_the_dead_man_trips_at_its_instant_however_late_one_looks(timeout_ms: int, beside_ns: int) -> None:
    sim = on_at([3.7])
    sim.handle(f"SYST:WDOG {timeout_ms / 1000}".encode(), LATER)
    trip_ns = LATER + timeout_ms * NS_PER_MS
    sim.output_v(trip_ns + beside_ns)
    assert sim.tripped_ns == (trip_ns if beside_ns >= 0 else None)
    settled_ns = trip_ns + 30 * NS_PER_MS
    assert sim.output_v(settled_ns) == [0.0]
    assert sim.handle(b"SYST:WDOG:TRIP?;:OUTP?", settled_ns) == b"1;0\n"
    sim.handle(b"SYST:WDOG 0;:OUTP ON", settled_ns)
    assert sim.handle(b"SYST:WDOG:TRIP?;:OUTP?", settled_ns) == b"0;1\n"


def test_noise_does_not_feed_the_dead_man_and_questions_do() -> None:
    sim = on_at([3.7])
    sim.handle(b"SYST:WDOG 0.1", LATER)
    sim.handle(b"*IDN?", LATER + 90 * NS_PER_MS)
    assert sim.output_v(LATER + 180 * NS_PER_MS) == [3.7]
    sim.handle(b"\x00garbage", LATER + 180 * NS_PER_MS)
    sim.output_v(LATER + 190 * NS_PER_MS)
    assert sim.tripped_ns == LATER + 190 * NS_PER_MS
