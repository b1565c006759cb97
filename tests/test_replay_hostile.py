"""Recordings as they come from the road and from the net: damaged, unfinished, hostile. One line each, and soon."""

import struct
import tempfile
import tracemalloc
import zlib
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import ConfigError, RecordError
from bench.lean_can import can
from bench.record import blf as own
from bench.record.columns import columns_of
from bench.replay.asc_file import read_asc
from bench.replay.blf_file import read_blf
from bench.replay.csv_file import read_csv
from bench.replay.current import factor_of, load_of, read_recording
from bench.replay.recording import Frame, KeyMistake, Recording, RecordingAsked
from bench.trace.events import CanFrame, FrameSeen
from bench.units import NS_PER_S

DBC = """VERSION ""
BU_: B
BO_ 475 Pack: 8 B
 SG_ Current : 7|16@0- (0.1,0) [-500|500] "A" B
"""
OBJECT = struct.Struct("<4sHHLL")


def message(number: int, **more: object) -> can.Message:
    facts = {"arbitration_id": 475, "is_extended_id": False, "channel": 0, "data": bytes(8)}
    return can.Message(timestamp=1.7e9 + number / 10, **facts | more)  # type: ignore[arg-type]


def log_of(path: Path, messages: list[can.Message]) -> bytes:
    with can.BLFWriter(path) if path.suffix == ".blf" else can.ASCWriter(path) as log:
        for one in messages:
            log.on_message_received(one)
    return path.read_bytes()


def container(plain: bytes, told: int | None = None) -> bytes:
    packed = zlib.compress(plain, 9)
    size = 32 + len(packed)
    head = OBJECT.pack(b"LOBJ", 16, 1, size, 10) + struct.pack(
        "<H6xL4x", 2, len(plain) if told is None else told
    )
    return head + packed + bytes(size % 4)


def blf_with(tmp_path: Path, body: bytes) -> Path:
    """The header of a sound file, and this body."""
    whole = log_of(tmp_path / "sound.blf", [message(0)])
    path = tmp_path / "r.blf"
    path.write_bytes(whole[:16] + struct.pack("<Q", 144 + len(body)) + whole[24:144] + body)
    return path


def classic(can_id: int, data: bytes, size: int = 48) -> bytes:
    head = OBJECT.pack(b"LOBJ", 32, 1, size, 1) + struct.pack("<LHHQ", 2, 0, 0, 5)
    return head + struct.pack("<HBBL8s", 1, 0, len(data), can_id, data)


def test_a_blf_reads_as_python_can_reads_it(tmp_path: Path) -> None:
    messages = [
        message(0, data=b"\x01\x02"),
        message(1, arbitration_id=0x1ABCDEF0, is_extended_id=True, channel=3),
        message(2, is_remote_frame=True, data=None, dlc=4),
        message(3, is_error_frame=True),
        message(4, is_fd=True, data=bytes(range(64)), bitrate_switch=True),
        message(5, is_fd=True, data=bytes(12)),
        *(message(6 + number) for number in range(5_000)),  # several containers
    ]
    path = tmp_path / "r.blf"
    log_of(path, messages)
    ours = list(read_blf(path))
    with can.BLFReader(path) as log:
        theirs = [one for one in log if not (one.is_error_frame or one.is_remote_frame)]
    assert [(f.channel - 1, f.can_id, f.extended, f.data) for f in ours] == [
        (one.channel, one.arbitration_id, one.is_extended_id, bytes(one.data)) for one in theirs
    ]
    gaps = [b.time_s - a.time_s for a, b in pairwise(ours)]
    assert gaps == pytest.approx([b.timestamp - a.timestamp for a, b in pairwise(theirs)], abs=1e-6)


def test_objects_of_size_0_end_the_reading(tmp_path: Path) -> None:
    inside = blf_with(tmp_path, container(classic(475, bytes(8)) + classic(475, bytes(8), size=0)))
    with pytest.raises(
        ConfigError, match=r"r\.blf \[after frame 1\]: found an object of 0 bytes; expected 32"
    ):
        list(read_blf(inside))
    outside = blf_with(tmp_path, container(classic(475, bytes(8))) + OBJECT.pack(b"LOBJ", 16, 1, 0, 10))
    with pytest.raises(ConfigError, match=r"\[byte \d+\]: found an object of 0 bytes"):
        list(read_blf(outside))


def test_what_is_cut_off_or_was_never_finished_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.blf"
    whole = log_of(path, [message(number) for number in range(10)])
    path.write_bytes(whole[:16] + struct.pack("<QQL", 144, 144, 0) + whole[36:])
    with pytest.raises(ConfigError, match=r"its logger has not finished it; expected a finished recording"):
        list(read_blf(path))
    path.write_bytes(whole[:16] + struct.pack("<Q", 100) + whole[24:-20])
    with pytest.raises(ConfigError, match=r"found \d+ of \d+ bytes of its last object"):
        list(read_blf(path))
    half = blf_with(tmp_path, container(classic(475, bytes(8)) + classic(475, bytes(8))[:20]))
    with pytest.raises(ConfigError, match="ends within an object"):
        list(read_blf(half))


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    for told in (0xFFFF_FFFF, 128 << 10):
        path = blf_with(tmp_path, container(bytes(40 << 20), told))
        tracemalloc.start()
        with pytest.raises(ConfigError, match="a container that unpacks to more than"):
            list(read_blf(path))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 20 << 20
    large = OBJECT.pack(b"LOBJ", 32, 1, 15 << 20, 65) + bytes((15 << 20) - 16)
    many = blf_with(tmp_path, container(large) * 20)
    with pytest.raises(ConfigError, match="MiB in a file of"):
        list(read_blf(many))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0.1 1 1DB Rx d 8 01 02", r"line 2\]: found 2 of 8 bytes"),
        ("0.1 1 1DB Rx d 8 01 02 03 04 05 06 07 1FF", "found byte '1FF'"),
        ("0.1 1 Engine Rx d 1 01", "found id 'Engine'; expected a hexadecimal number up to 2047"),
        ("0.1 1 FFFFFFFFx Rx d 1 01", "found id 'FFFFFFFF'"),
        ("0.1 CANFD 1 Rx 1DB 1 0 d 99 00", "found length '99'"),
        ("0.1 CANFD 1 Rx 1DB 1 0 d", "CANFD line that is cut short"),
        ("base oct  timestamps absolute", "found base 'oct'; expected hex or dec"),
        ("base hex  timestamps sometimes", "expected absolute or relative"),
        ("9" * 70_000, "a line of 65536 characters or more"),
    ],
    ids=lambda text: text[:24],
)
def test_a_wrong_line_of_an_asc_is_named(line: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "r.asc"
    path.write_text(f"date Mon Mar 3 10:11:12 2025\n{line}\n")
    with pytest.raises(ConfigError, match=words) as caught:
        list(read_asc(path))
    assert "\n" not in str(caught.value)


def asc(*lines: str) -> list[Frame]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.asc"
        path.write_text("\n".join(lines) + "\n")
        return list(read_asc(path))


def test_an_asc_is_read_by_what_its_header_says() -> None:
    relative = asc(
        "base hex  timestamps relative", "0.1 1 1DB Rx d 1 10", "0.2 1  Statistic: D 0", "0.3 1 1DB Rx d 1 11"
    )
    assert [round(one.time_s, 6) for one in relative] == [0.1, 0.6]
    decimal = asc(
        "", "date x", "base dec  timestamps absolute", "0.1 1  100 Rx d 2 16 255", "0.2 2  5x Tx d 1 9"
    )
    assert [(f.channel, f.can_id, f.extended, f.data) for f in decimal] == [
        (1, 100, False, b"\x10\xff"),
        (2, 5, True, b"\x09"),
    ]


def test_what_is_no_frame_on_the_bus_is_no_sample() -> None:
    frames = asc(
        "base hex  timestamps absolute",
        "0.0 Start of measurement",
        "0.1 1 1DB TxRq d 1 10",
        "0.2 1 1DB Tx d 1 10 Length = 230000 BitCount = 119",
        "0.3 1 1DB Rx r",
        "0.4 1 ErrorFrame",
        "0.5 CANFD 1 Rx 1DB Name 1 0 9 12 00 01 02 03 04 05 06 07 08 09 0a 0b 130 0",
        "0.6 CANFD 1 Tx 1DB 0 0 1 1 7f",
    )
    assert [(one.time_s, one.data) for one in frames] == [
        (0.2, b"\x10"),
        (0.5, bytes(range(12))),
        (0.6, b"\x7f"),
    ]


def replayed(path: Path, **asked: object) -> Recording:
    dbc = path.with_name("x.dbc")
    dbc.write_text(DBC)
    return read_recording(RecordingAsked(path=path, signal="Current", dbc=dbc, **asked))  # type: ignore[arg-type]


def test_a_value_out_of_range_matters_only_where_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "r.asc"
    path.write_text(
        "base hex\n0.0 1 1DB Rx d 8 7F FF 0 0 0 0 0 0\n"
        "0.1 1 1DB Rx d 8 01 2C 0 0 0 0 0 0\n0.2 1 1DB Rx d 8 01 90 0 0 0 0 0 0\n"
    )
    recording = replayed(path)
    assert load_of(recording, 1.0, NS_PER_S // 20, None, "previous", NS_PER_S).current_a == (30.0,)
    with pytest.raises(ConfigError, match=r"\[frame 1\]: found Current 3276.7 at 0 s; expected -500 to 500"):
        load_of(recording, 1.0, 0, None, "previous", NS_PER_S)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("Amps", 1.0), ("Ampere", 1.0), ("[A]", 1.0), ("[mA]", 1e-3), ("milliamps", 1e-3), ("kA", 1e3)],
)
def test_units_as_files_spell_them(unit: str, factor: float, tmp_path: Path) -> None:
    recording = Recording(
        path=tmp_path / "r.asc", signal="I", unit=unit, times_s=(), values=(), counted="frame", numbers=()
    )
    assert factor_of(recording, None) == factor
    with pytest.raises(KeyMistake, match="expected its own unit"):
        factor_of(recording, "V")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time_s,I\n0,1_5\n", r"line 2\]: found '1_5' in I; expected a number"),
        ("time_s,I\n0,\u0661\n", "expected a number"),
        (f"time_s,I\n0,{'9' * 200_000}\n", r"line 2\]: found field larger than field limit"),
        ('time_s,I,note\n0,1,"a\n0.1,2,b"\n', r"line 2\]: found unexpected end of data; expected one row"),
    ],
    ids=["underscore", "arabic", "long", "quotes over lines"],
)
def test_a_wrong_row_of_a_csv_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_csv(RecordingAsked(path=path, signal="I"))


@cache
def sound(kind: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        some = [message(0), message(1, is_fd=True, data=bytes(64)), message(2)]
        return log_of(Path(folder) / f"sound{kind}", some)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([".blf", ".asc", ".csv"]))
def test_a_damaged_recording_is_read_or_refused_in_one_line(data: st.DataObject, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"r{kind}"
        if kind == ".csv":
            whole = b"time_s,Current\n0,1\n0.1,2\n0.2,3\n"
        else:
            whole = sound(kind)
            if kind == ".blf" and data.draw(st.booleans()):  # damage inside of the container, too
                whole = whole[:144] + container(zlib.decompress(whole[176:]))
        damaged = bytearray(whole)
        for _ in range(data.draw(st.integers(0, 4))):
            at = data.draw(st.integers(0, len(damaged) - 1))
            put = data.draw(st.sampled_from([b"\x00", b"\xff", b"\x00\x00\x00\x00", b"9999", b'"', b"LOBJ"]))
            damaged[at : at + data.draw(st.integers(0, 6))] = put
        path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
        try:
            if kind == ".csv":
                read_csv(RecordingAsked(path=path, signal="Current"))
            else:
                replayed(path)
        except (ConfigError, KeyMistake) as error:
            assert "\n" not in str(error)


# -- MF4


def test_empty_groups_of_an_mf4_are_no_trouble(tmp_path: Path) -> None:
    asammdf = pytest.importorskip("asammdf")
    import numpy as np

    kinds = [("CAN_DataFrame.BusChannel", "<u1"), ("CAN_DataFrame.ID", "<u4"), ("CAN_DataFrame.DLC", "<u1")]
    kinds.append(("CAN_DataFrame.DataBytes", "(64,)u1"))

    def group(count: int) -> object:
        records = np.zeros(count, dtype=kinds)
        records["CAN_DataFrame.ID"], records["CAN_DataFrame.DLC"] = 475, 8
        records["CAN_DataFrame.BusChannel"] = 1
        stamps = np.arange(count) / 10.0
        return asammdf.Signal(samples=records, timestamps=stamps, name="CAN_DataFrame")

    def written(name: str, *counts: int) -> Path:
        path = tmp_path / name
        with asammdf.MDF(version="4.10") as file:
            for count in counts:
                file.append(group(count))
            file.save(path, overwrite=True)
        return path

    # Without DataLength, which ASAM has as optional: the DLC says how long a frame is.
    assert len(replayed(written("some.mf4", 0, 5, 0)).values) == 5
    with pytest.raises(ConfigError, match="found no CAN frame"):
        replayed(written("none.mf4", 0))


# -- what the bench itself has recorded


def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "frames.blf"
    frames = [FrameSeen(n, "v", CanFrame(n, bytes(8)), "bench") for n in range(3)]
    frames.append(FrameSeen(3, "v", CanFrame(3, bytes(64), False, True, True), "bench"))
    own.write_blf(path, columns_of(frames), {"v": 1}, "bench", 0)
    return path


def test_a_damaged_frame_record_is_one_line_and_never_a_loop(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    whole = path.read_bytes()
    assert [t_ns for t_ns, _, _ in own.read_blf(path, 0)] == [0, 1, 2, 3]
    plain = zlib.decompress(whole[176:])
    for body, words in (
        (container(plain[:48] + plain[48:56] + bytes(4) + plain[60:]), "an object of 0 bytes"),
        (whole[144:152] + bytes(4) + whole[156:], r"byte 144\]: an object of 0 bytes"),
        (container(bytes(50 << 20)), "more than"),
        (whole[144:-9], "cut short"),
    ):
        path.write_bytes(whole[:144] + body)
        with pytest.raises(RecordError, match=words) as caught:
            list(own.read_blf(path, 0))
        assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_of_a_frame_record_is_read_or_told(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = recorded(Path(folder))
        whole = path.read_bytes()
        plain = bytearray(zlib.decompress(whole[176:]))
        for _ in range(data.draw(st.integers(0, 3))):
            plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(
                st.sampled_from([0, 1, 48, 100, 255])
            )
        damaged = bytearray(whole[:144] + container(bytes(plain)))
        at = data.draw(st.integers(144, len(damaged) - 1))
        damaged[at] = data.draw(st.sampled_from([damaged[at], 0, 255]))
        path.write_bytes(damaged[: data.draw(st.integers(150, len(damaged)))])
        try:
            list(own.read_blf(path, 0))
        except RecordError as error:
            assert "\n" not in str(error)


def test_an_mf4_whose_records_do_not_fit_together_is_one_line(tmp_path: Path) -> None:
    """asammdf read beyond its memory, which ended the process, or took a gigabyte for a file of 2 kB."""
    mdf = pytest.importorskip("asammdf", reason="the extra 'mf4' is not installed")
    path = tmp_path / "log.mf4"
    with mdf.MDF(version="4.10") as file:
        times = [0.0, 0.1, 0.2]
        file.append([mdf.Signal([1.0, 2.0, 3.0], times, name="Current", unit="A")])
        file.save(path)
    whole = path.read_bytes()
    group = whole.index(b"##CG")
    links = int.from_bytes(whole[group + 16 : group + 24], "little")
    at = group + 24 + 8 * links + 24  # the size of a record
    for value in (b"\xff\x00\x00\x58", b"\x01\x00\x00\x00"):
        path.write_bytes(whole[:at] + value + whole[at + 4 :])
        with pytest.raises(ConfigError, match=r"log.mf4 \[group 0\]: found .*; expected a sound MF4 file"):
            read_recording(RecordingAsked(path=path, signal="Current"))
