"""What of SocketCAN needs no kernel: frame layout, error frames in words, the worth of interfaces, foreign clocks."""

import can
import pytest
from can.interfaces import BACKENDS
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LinkError
from bench.links.can_errors import ERROR_FLAG, read_error_frame
from bench.links.interface_worth import INTERFACES, UNKNOWN, Origin, worth_of
from bench.links.python_can import open_can
from bench.links.socketcan import missing
from bench.links.socketcan_frames import CLASSIC_BYTES, FD_BYTES, pack_classic, pack_fd, unpack
from bench.timing.correlation import ForeignClock
from bench.timing.host import HostClock, run_on_host
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S, NS_PER_US

identifiers = st.one_of(
    st.tuples(st.integers(0, 0x7FF), st.just(False)), st.tuples(st.integers(0, 0x1FFFFFFF), st.just(True))
)


@given(identifiers, st.binary(max_size=8))
def test_a_classic_frame_survives_the_kernels_layout(identifier: tuple[int, bool], data: bytes) -> None:
    frame = CanFrame(identifier[0], data, identifier[1])
    raw = pack_classic(frame)
    assert len(raw) == CLASSIC_BYTES and unpack(raw)[1] == frame


@given(identifiers, st.sampled_from([*range(9), 12, 16, 20, 24, 32, 48, 64]), st.booleans())
def test_an_fd_frame_survives_the_kernels_layout(
    identifier: tuple[int, bool], size: int, switch: bool
) -> None:
    frame = CanFrame(identifier[0], bytes(range(size)), identifier[1], True, switch)
    raw = pack_fd(frame)
    assert len(raw) == FD_BYTES and unpack(raw)[1] == frame


def test_payloads_that_no_frame_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="9 bytes"):
        pack_classic(CanFrame(1, bytes(9)))
    with pytest.raises(ValueError, match="13 bytes"):
        pack_fd(CanFrame(1, bytes(13), False, True))


@pytest.mark.parametrize(
    ("word", "data", "text", "bus_off", "lost"),
    [
        (0x40, bytes(8), "bus-off", True, False),
        (0x4, b"\0\x01\0\0\0\0\0\0", "receive buffer overflowed", False, True),
        (
            0x4,
            b"\0\x20\0\0\0\0\x80\x05",
            "transmit error passive, error counters: transmit 128, receive 5",
            False,
            False,
        ),
        (0x8 | 0x80, b"\0\0\x04\0\0\0\0\0", "bus error, stuff error", False, False),
        (0x20, b"", "no acknowledge", False, False),
        (0x200, bytes(8), "class 0x200", False, False),
    ],
)
def test_error_frames_speak(word: int, data: bytes, text: str, bus_off: bool, lost: bool) -> None:
    error = read_error_frame(ERROR_FLAG | word, data)
    assert text in error.text
    assert (error.bus_off, error.lost) == (bus_off, lost)


def test_every_interface_python_can_names_has_its_worth_in_the_table() -> None:
    assert can.__version__ >= "4.5"
    assert set(BACKENDS) <= set(INTERFACES) | {"neousys", "ixxat"}
    assert worth_of("somebody's plug-in") is UNKNOWN
    for name, worth in INTERFACES.items():
        assert worth.u_ns >= 150 * NS_PER_US and worth.why, name
        # A stamp that only the bench's own reading gives is never worth more than one of the kernel.
        assert worth.origin is not Origin.ARRIVAL or worth.u_ns >= 5 * NS_PER_MS, name


def test_a_foreign_clock_is_placed_by_its_fastest_frames_and_follows_its_drift() -> None:
    clock = ForeignClock()
    worst_ns = 0
    for number in range(2_000):
        true_ns = number * 10 * NS_PER_MS
        adapter_ns = 7 * NS_PER_S + true_ns + true_ns // 20_000  # 50 ppm fast
        way_ns = 100 * NS_PER_US + (number * 7919) % 900 * NS_PER_US  # 0.1 to 1 ms, as USB
        placed_ns = clock.host_ns(adapter_ns, true_ns + way_ns)
        assert placed_ns <= true_ns + way_ns
        if number > 20:
            worst_ns = max(worst_ns, abs(placed_ns - true_ns))
    assert worst_ns <= 400 * NS_PER_US, "the shortest way and 2.6 s of drift"
    assert clock.leaps == 0


def test_a_foreign_clock_that_leaps_is_learnt_anew_and_a_single_late_arrival_is_no_leap() -> None:
    clock = ForeignClock()
    for number in range(100):
        clock.host_ns(number * NS_PER_MS, number * NS_PER_MS)
    late_ns = clock.host_ns(100 * NS_PER_MS, 100 * NS_PER_MS + 80 * NS_PER_MS)  # the bench was blocked
    assert late_ns == 100 * NS_PER_MS and clock.leaps == 0
    placed = [
        clock.host_ns(number * NS_PER_MS, NS_PER_S + number * NS_PER_MS) for number in range(20)
    ]  # a reset
    assert clock.leaps == 1 and placed[-1] == NS_PER_S + 19 * NS_PER_MS
    assert clock.host_ns(5 * NS_PER_S, 2 * NS_PER_S) == 2 * NS_PER_S and clock.leaps == 2  # it jumped ahead


def test_where_there_is_no_socketcan_the_link_says_so_and_what_to_do() -> None:
    why = missing("vcan99")
    assert why is not None and ("no SocketCAN" in why or "ip link add dev vcan99" in why)

    async def body(clock: HostClock) -> None:
        with pytest.raises(LinkError, match="CAN 'sense' socketcan: "):
            open_can("sense", "socketcan", {"channel": "vcan99"}, clock, None, "bench")

    run_on_host(body)
