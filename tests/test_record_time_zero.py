"""BLF, ASC and MF4 say when a frame was, counted from the run's time zero: read back by their readers."""

import datetime
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from bench.errors import RecordError
from bench.record.asc import write_asc
from bench.record.folder import RunFolder
from bench.record.for_lab import lay_out, write_shot_as_blf
from bench.record.shot import read_json, read_shot
from bench.record.time_zero import Dated, TimeZero
from bench.replay.asc_file import read_asc
from bench.timing.clock import Timebase
from bench.trace.events import BENCH, CanFrame
from bench.trace.timeline import Trace

BEGAN = datetime.datetime(
    2026, 3, 1, 23, 59, 58, 43_000, tzinfo=datetime.UTC
)  # 43 ms: "43" of a careless writer is 430
BEGAN_NS = int(BEGAN.timestamp()) * 10**9 + 43_000_000
UPTIME_NS = 86_400 * 10**9 + 123_456_789  # what the machine's clock said then
OFFSETS_NS = (0, 1, 999_999_999, 2_000_000_043, 3_599_123_456_789)
FRAMES = (
    CanFrame(0x123, b"\x01\x02"),
    CanFrame(0x1ABCDEF, bytes(8), extended=True),
    CanFrame(0x7FF, bytes(range(48)), fd=True, bitrate_switch=True),
    CanFrame(0x0, b"", fd=False),
    CanFrame(0x55, b"\xff" * 12, fd=True),
)


def trace_of(first_ns: int, timebase: Timebase) -> Trace:
    trace = Trace(timebase=timebase)
    for number, (offset_ns, frame) in enumerate(zip(OFFSETS_NS, FRAMES)):
        trace.frame(first_ns + offset_ns, ("vehicle", "sense")[number % 2], frame, ("dut", BENCH)[number % 2])
    return trace


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def utc_ns(message: can.Message) -> int:
    return round(message.timestamp * 1e9)


def near(found_ns: int, expected_ns: int) -> bool:
    return abs(found_ns - expected_ns) < 500  # a float of seconds since 1970 resolves 238 ns


def test_a_blf_of_a_run_in_real_time_is_dated_by_python_can(tmp_path: Path, zone: None) -> None:
    kept = {"time_zero": {"clock_ns": UPTIME_NS, "utc_ns": BEGAN_NS}}
    run = RunFolder.create(tmp_path, "run-1", {"timebase": "host", **kept})
    trace = trace_of(UPTIME_NS + 5_000_000_000, Timebase.HOST)
    shot = run.write_shot("ov", 0, trace, {}, {})
    lay_out(run.path, [shot])
    with can.BLFReader(run.path / f"{shot}.blf") as reader:
        assert reader.start_timestamp == BEGAN.timestamp()
        last_ns = BEGAN_NS + 5_000_000_000 + OFFSETS_NS[-1]
        assert near(round(reader.stop_timestamp * 1e3) * 1_000_000, last_ns // 1_000_000 * 1_000_000)
        found = list(reader)
    for message, offset_ns in zip(found, OFFSETS_NS, strict=True):
        assert near(utc_ns(message), BEGAN_NS + 5_000_000_000 + offset_ns)


def test_the_header_of_a_blf_is_vectors(tmp_path: Path) -> None:
    """Its SYSTEMTIMEs by hand: year, month, day of the week from Sunday, day, hour, minute, second, ms."""
    run = RunFolder.create(tmp_path, "20260301T235958043Z-sim-reference", {"timebase": "simulated"})
    shot = run.write_shot("ov", 0, trace_of(0, Timebase.SIMULATED), {}, {})
    lay_out(run.path, [shot])
    head = (run.path / f"{shot}.blf").read_bytes()[:144]
    assert head[:4] == b"LOGG"
    assert struct.unpack_from("<8H", head, 40) == (2026, 3, 0, 1, 23, 59, 58, 43)
    assert struct.unpack_from("<8H", head, 56) == (2026, 3, 1, 2, 0, 59, 57, 166)


def test_an_asc_is_dated_by_python_can_and_counts_from_the_runs_zero(tmp_path: Path, zone: None) -> None:
    trace, file = trace_of(UPTIME_NS + 7, Timebase.HOST), tmp_path / "shot.asc"
    zero = TimeZero(clock_ns=UPTIME_NS, utc_ns=BEGAN_NS).before(UPTIME_NS + 7)
    write_asc(file, trace.frames, {"vehicle": 1, "sense": 2}, BENCH, zero)
    with can.ASCReader(file, relative_timestamp=False) as dated:
        found = list(dated)
    for message, offset_ns, frame in zip(found, OFFSETS_NS, FRAMES, strict=True):
        assert near(utc_ns(message), BEGAN_NS + 7 + offset_ns)
        assert (message.arbitration_id, message.is_extended_id) == (frame.can_id, frame.extended)
        assert (bytes(message.data), message.is_fd, message.bitrate_switch) == (
            frame.data,
            frame.fd,
            frame.bitrate_switch,
        )
        assert not message.is_remote_frame and not message.is_error_frame
    assert [message.is_rx for message in found] == [True, False] * 2 + [True]
    assert [message.channel for message in found] == [0, 1, 0, 1, 0]
    with can.ASCReader(file) as counted:
        assert [round(message.timestamp * 1e9) for message in counted] == [7 + one for one in OFFSETS_NS]
    ours = list(read_asc(file))
    assert [round(one[1] * 1e9) for one in ours] == [7 + one for one in OFFSETS_NS]
    text = file.read_text().splitlines()
    assert text[0].endswith(".043 2026") and "2026-03-01T23:59:58.043+00:00" in text[3]


def test_an_mf4_is_dated_by_asammdf(tmp_path: Path) -> None:
    asammdf = pytest.importorskip("asammdf")
    from bench.record.mf4 import write_mf4

    trace = trace_of(UPTIME_NS + 10**9, Timebase.HOST)
    zero = TimeZero(clock_ns=UPTIME_NS, utc_ns=BEGAN_NS).before(UPTIME_NS + 10**9)
    write_mf4(tmp_path / "shot.mf4", trace.frames, {"vehicle": 1, "sense": 2}, BENCH, {}, zero)
    with asammdf.MDF(tmp_path / "shot.mf4") as mdf:
        assert mdf.header.start_time == BEGAN
        stamps = sorted(
            t for group in (0, 1) for t in mdf.get("CAN_DataFrame", group=group).timestamps.tolist()
        )
    assert stamps == pytest.approx([1 + one / 1e9 for one in OFFSETS_NS], abs=1e-9)


def test_a_frame_before_the_runs_start_moves_the_zero_by_whole_milliseconds() -> None:
    zero = TimeZero(clock_ns=10_000_000, utc_ns=BEGAN_NS)
    assert zero.before(10_000_000) == Dated(clock_ns=10_000_000, utc_ns=BEGAN_NS)
    assert zero.before(9_999_999) == Dated(clock_ns=9_000_000, utc_ns=BEGAN_NS - 1_000_000)
    assert zero.before(-1) == Dated(clock_ns=-1_000_000, utc_ns=BEGAN_NS - 11_000_000)


def test_runs_of_older_releases_have_what_they_kept_of_their_start() -> None:
    of = TimeZero.of_run
    name = "20260301T235958043Z-sim-reference"
    assert of({"run_id": name, "timebase": "simulated"}) == TimeZero(clock_ns=0, utc_ns=BEGAN_NS)
    real = of({"run_id": name.replace("sim", "real"), "timebase": "host"})
    assert real == TimeZero(clock_ns=None, utc_ns=BEGAN_NS), "its clock's zero is not known"
    assert real.before(UPTIME_NS) == Dated(clock_ns=UPTIME_NS, utc_ns=BEGAN_NS)
    started = {"run_id": "r", "timebase": "host", "started_utc": "2026-03-01T23:59:58+00:00"}
    assert of(started).utc_ns == BEGAN_NS - 43_000_000
    assert of({"run_id": "r"}) == TimeZero(clock_ns=0, utc_ns=0)
    for wrong in (
        {"clock_ns": "0", "utc_ns": 0},
        {"clock_ns": 0},
        {"clock_ns": 0, "utc_ns": 1 << 63},
        [],
        {},
    ):
        with pytest.raises(RecordError, match="time_zero"):
            of({"run_id": name, "timebase": "host", "time_zero": wrong})


def test_both_clocks_of_a_new_run_are_read_at_one_instant() -> None:
    whole = TimeZero.of_now(BEGAN_NS + 123_456, 5_000_123_456, simulated=False)
    assert whole == TimeZero(clock_ns=5_000_000_000, utc_ns=BEGAN_NS)
    assert TimeZero.of_now(BEGAN_NS + 1, 77, simulated=True) == TimeZero(clock_ns=0, utc_ns=BEGAN_NS)


def test_days_and_months_are_english_whatever_the_locale(tmp_path: Path) -> None:
    """The readers know no others."""
    write_asc(tmp_path / "shot.asc", (), {}, BENCH, Dated(clock_ns=0, utc_ns=BEGAN_NS))
    assert (tmp_path / "shot.asc").read_text().startswith(("date Sun Mar 01 ", "date Mon Mar 02 "))
    with can.ASCReader(tmp_path / "shot.asc", relative_timestamp=False) as reader:
        assert list(reader) == []


def test_a_shot_that_an_older_release_kept_is_dated_too(tmp_path: Path) -> None:
    run = next((Path(__file__).parent / "data" / "runs_of_rules_1").glob("*-sim-reference"))
    shot = next(run.glob("scenarios/*/shot-000"))
    header = read_json(run / "header.json")
    write_shot_as_blf(shot, tmp_path / "shot.blf", TimeZero.of_run(header))
    began = datetime.datetime.strptime(run.name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=datetime.UTC)
    trace, _, _ = read_shot(shot)
    with can.BLFReader(tmp_path / "shot.blf") as reader:
        assert 0 <= reader.start_timestamp - began.timestamp() < 1
        found = [round((message.timestamp - reader.start_timestamp) * 1e9) for message in reader]
    assert len(found) == len(trace.frames) > 100
    assert all(near(one, seen.t_ns) for one, seen in zip(found, trace.frames))
