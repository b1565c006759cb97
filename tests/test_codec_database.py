"""The generated codec against cantools, whose arithmetic it must share to the last bit."""

import struct
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import cantools.database
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bench.codec.batch import decode_batch, decode_series
from bench.codec.database import CodecError, Database, Message
from bench.codec.page_layout import compile_pages
from bench.config.play import Play, read_shown
from bench.errors import ConfigError

# Without the explaining phase: it traces every line, and loading a DBC takes a minute then.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
_ROOT = Path(__file__).parents[1]
_OWN = sorted((_ROOT / "dbc").glob("*.dbc"))
_FOREIGN = sorted((_ROOT.parent / "shared/facts/dbc").glob("*.dbc"))

# Both byte orders in one message, signed across bytes, floats, nested and shared multiplexers, texts.
_ODD = """VERSION ""
BU_: A
BO_ 100 Mixed: 8 A
 SG_ LittleWide : 4|12@1- (0.25,-10) [0|0] "" A
 SG_ BigWide : 23|13@0- (2,5) [0|0] "" A
 SG_ BigByte : 26|3@0+ (1,0) [0|0] "" A
 SG_ LittleByte : 57|5@1- (1,0) [0|0] "" A
 SG_ BigOdd : 38|18@0+ (1,-3) [0|0] "" A
BO_ 101 Floats: 16 A
 SG_ Single : 0|32@1- (1,0) [0|0] "" A
 SG_ Double : 39|64@0- (0.5,1) [0|0] "" A
BO_ 102 Shared: 8 A
 SG_ Page M : 0|4@1+ (1,0) [0|0] "" A
 SG_ Everywhere : 4|4@1+ (1,0) [0|0] "" A
 SG_ InTwo m1 : 8|16@1- (0.1,0) [0|0] "" A
 SG_ Inner m2M : 8|8@1+ (1,0) [0|0] "" A
 SG_ Deep m7 : 16|8@1+ (1,0) [0|0] "" A
BO_ 103 Wide: 9 A
 SG_ Sixty : 3|62@1- (1,0) [0|0] "" A
BO_ 104 Limited: 2 A
 SG_ Level : 0|8@1+ (0.5,-10) [-10|50] "" A
 SG_ Mode : 8|2@1+ (1,0) [0|1] "" A
BO_ 105 Scaled: 8 A
 SG_ LittleMiddle : 3|14@1+ (0.0005,-2) [-2|6.1915] "" A
 SG_ LittleFalling : 17|15@1+ (-0.1,7) [0|0] "" A
 SG_ BigMiddle : 38|20@0+ (0.001,-3.5) [-3.5|9000] "" A
 SG_ BigNarrow : 50|9@0+ (0.3,1) [1|100] "" A
SIG_VALTYPE_ 101 Single : 1;
SIG_VALTYPE_ 101 Double : 2;
SG_MUL_VAL_ 102 InTwo Page 1-1, 3-5;
SG_MUL_VAL_ 102 Inner Page 2-2;
SG_MUL_VAL_ 102 Deep Inner 7-9;
VAL_ 104 Mode 0 "Off" 1 "On" 3 "NotAvailable" ;
"""


@cache
def _pairs() -> tuple[tuple[Message, Any], ...]:
    found: list[tuple[Message, Any]] = []
    for path in _OWN + _FOREIGN:
        reference: Any = cantools.database.load_file(path, encoding="cp1252")
        ours = Database.load(path)
        assert len(ours.messages) == len(reference.messages)
        found += [(ours[m.name], m) for m in reference.messages]
    return (*found, *((message, reference) for message, reference in _odd()))


@cache
def _odd() -> tuple[tuple[Message, Any], ...]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "odd.dbc"
        path.write_text(_ODD)
        ours = Database.load(path)
    reference: Any = cantools.database.load_string(_ODD, "dbc")
    return tuple((ours[m.name], m) for m in reference.messages)


def _same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Equal in names, numbers and number types; NaN equals itself."""
    return repr(sorted(left.items())) == repr(sorted(right.items()))


def _reference_decode(reference: Any, data: bytes) -> dict[str, Any] | None:
    try:
        return dict(reference.decode(data, decode_choices=False, scaling=True))
    except cantools.database.DecodeError:
        return None


def _with_active_mux(message: Message, data: bytes, pick: int) -> bytes:
    """Random bytes seldom hit a defined multiplexer value: put one in."""
    if message.mux is None:
        return data
    selector = message.fields[message.mux]
    keys = sorted(message.layout.branches[message.mux])
    order = "little" if selector.little_endian else "big"
    shift = selector.shift(8 * message.length, selector.little_endian)
    mask = ((1 << selector.length) - 1) << shift
    word = int.from_bytes(data, order) & ~mask | keys[pick % len(keys)] << shift  # type: ignore[arg-type]
    return word.to_bytes(message.length, order)  # type: ignore[arg-type]


@settings(max_examples=8, deadline=None, phases=_PHASES)
@given(seed=st.binary(min_size=64, max_size=64), pick=st.integers(0, 1000))
def test_decode_encode_and_readers_equal_cantools_for_every_message(seed: bytes, pick: int) -> None:
    compared = 0
    for message, reference in _pairs():
        for data in (seed[: message.length], _with_active_mux(message, seed[-message.length :], pick)):
            expected = _reference_decode(reference, data)
            if expected is None:
                with pytest.raises(CodecError):
                    message.decode(data)
                continue
            compared += 1
            decoded = message.decode(data)
            assert _same(decoded, expected), message
            for name in message.signal_names[:: max(1, len(message.signal_names) // 3)]:
                assert repr(message.reader(name)(data)) == repr(decoded.get(name)), (message, name)
            try:
                payload = reference.encode(expected).ljust(
                    message.length, b"\0"
                )  # on a bus, as CAN FD has it
            except Exception:  # noqa: BLE001 - whatever cantools raises, we refuse too
                with pytest.raises(CodecError):
                    message.encode(decoded)
                continue
            assert message.encode(decoded) == payload, message
    assert compared > len(_pairs())


@settings(max_examples=25, deadline=None, phases=_PHASES)
@given(data=st.data())
def test_encode_of_values_between_the_steps_equals_cantools(data: st.DataObject) -> None:
    for message, reference in data.draw(st.lists(st.sampled_from(_pairs()), min_size=4, max_size=4)):
        raw = _with_active_mux(
            message, data.draw(st.binary(min_size=message.length, max_size=message.length)), 0
        )
        values = _reference_decode(reference, raw)
        if values is None:
            continue
        for name, value in values.items():
            one = message.fields[name]
            if name in message.layout.branches or value != value:
                continue
            low, high = reference.get_signal_by_name(name).minimum, reference.get_signal_by_name(name).maximum
            nudged = value + data.draw(st.sampled_from([0, 0.3, -0.3])) * one.scale
            values[name] = min(max(nudged, nudged if low is None else low), nudged if high is None else high)
        try:
            payload = reference.encode(values).ljust(message.length, b"\0")
        except Exception:  # noqa: BLE001 - see above
            with pytest.raises(CodecError):
                message.encode(values)
            continue
        assert message.encode(values) == payload, message


@settings(max_examples=3, deadline=None, phases=_PHASES)
@given(seed=st.randoms(use_true_random=False))
def test_batch_equals_the_single_decoder_row_by_row(seed: Any) -> None:
    for message, _ in _pairs():
        rows = [
            _with_active_mux(message, seed.randbytes(message.length), seed.randrange(99)) for _ in range(3)
        ]
        if message.name in {"Shared", "f_DebugResponse"} or message.name.startswith("IVT_Msg_Cmd"):
            rows = [row for row in rows if _decodes(message, row)]
        expected = [message.decode(row) if _decodes(message, row) else None for row in rows]
        columns = decode_batch(message, np.frombuffer(b"".join(rows), np.uint8).reshape(-1, message.length))
        assert set(columns) == set(message.signal_names)
        for name, column in columns.items():
            for row, values in enumerate(expected):
                if values is None:
                    continue
                want = float(values[name]) if name in values else float("nan")
                assert float(column[row]) == want or (want != want and np.isnan(column[row])), (message, name)


def _decodes(message: Message, data: bytes) -> bool:
    try:
        message.decode(data)
    except CodecError:
        return False
    return True


def test_series_are_the_rows_that_carry_a_signal_whatever_the_multiplexer_says() -> None:
    message = Database.load(_ROOT / "dbc/bench_io.dbc")["IO_CellVoltages"]
    data = np.random.default_rng(4).integers(0, 256, (20_000, 8), dtype=np.uint8)
    series = decode_series(message, data)
    assert set(series) == set(message.signal_names)
    assert series["CellGroup"].rows is None
    for name in ("CellVoltage01", "CellVoltage42", "CellVoltage96"):
        read = message.reader(name)
        expected = [(row, read(payload.tobytes())) for row, payload in enumerate(data)]
        carried = [(row, value) for row, value in expected if value is not None]
        rows = series[name].rows
        assert rows is not None
        assert list(zip(rows.tolist(), series[name].values.tolist(), strict=True)) == carried
    no_frames = decode_series(message, data[:0])
    assert {len(one.values) for one in no_frames.values()} == {0}


@given(st.lists(st.binary(min_size=8, max_size=8), min_size=2, max_size=6))
def test_a_value_rises_with_the_bits_that_are_said_to_rise_with_it(payloads: list[bytes]) -> None:
    told, reference = 0, Database.load(_ROOT / "dbc/bms.dbc")
    for message in reference.messages:
        for signal in message.signal_names if message.length == 8 else ():
            if (mask := message.rising_mask(signal)) is None:
                continue
            told += 1
            bits = int.from_bytes(mask, "little")
            ranked = sorted(payloads, key=lambda one: int.from_bytes(one, "little") & bits)
            values = [message.reader(signal)(one) for one in ranked]
            assert None not in values and values == sorted(values, key=lambda one: one or 0.0)
    assert told > 50
    asked = map(reference["BMS_State"].rising_mask, ("Uptime", "none such"))
    assert [mask is None for mask in asked] == [False, True]


@pytest.mark.parametrize("group", [24, 255])
def test_an_undefined_multiplexer_value_is_refused_by_name(group: int) -> None:
    message = Database.load(_ROOT / "dbc/bench_io.dbc")["IO_CellVoltages"]
    with pytest.raises(CodecError, match="multiplexer CellGroup has a value nothing is defined for"):
        message.decode(bytes([group, 1, 2, 3, 4, 5, 6, 7]))


def test_a_factor_of_zero_decodes_and_is_refused_in_encoding(tmp_path: Path) -> None:
    path = tmp_path / "zero.dbc"
    path.write_text('VERSION ""\nBU_: A\nBO_ 1 Z: 1 A\n SG_ X : 0|8@1+ (0,2) [0|5] "" A\n')
    message = Database.load(path)["Z"]
    assert message.decode(b"\x09") == {"X": 2}
    with pytest.raises(CodecError, match="signal 'X' cannot be 2"):
        message.encode({"X": 2})


def test_texts_encode_to_their_numbers_and_strange_ones_name_the_nearest() -> None:
    message = {m.name: m for m, _ in _odd()}["Limited"]
    assert message.encode({"Level": 50, "Mode": "On"}) == bytes([120, 1])
    assert message.encode({"Level": -10.0, "Mode": 3}) == bytes([0, 3]), (
        "named values may lie outside the range"
    )
    assert message.encode({"Level": -10, "Mode": "NotAvailable"}) == bytes([0, 3])
    with pytest.raises(CodecError, match=r"signal 'Mode' cannot be 'Onn'.*did you mean 'On'"):
        message.encode({"Level": 0, "Mode": "Onn"})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"Level": 50.5, "Mode": 0}, "signal 'Level' is 50.5; expected -10 to 50"),
        ({"Level": float("nan"), "Mode": 0}, "signal 'Level' cannot be nan"),
        ({"Level": 0, "Mode": 2}, "signal 'Mode' is 2"),
        ({"Level": 0}, "signal 'Mode' is missing"),
        ({"Level": 0, "Mode": 0, "Levle": 1}, "signal 'Levle' is unknown; did you mean 'Level'"),
    ],
)
def test_encode_is_strict_and_names_the_signal(values: dict[str, float], words: str) -> None:
    message = {m.name: m for m, _ in _odd()}["Limited"]
    with pytest.raises(CodecError, match=words):
        message.encode(values)


def test_payload_too_short_is_refused_and_too_long_is_cut() -> None:
    message = {m.name: m for m, _ in _odd()}["Mixed"]
    data = bytes(range(8))
    assert message.decode(data + b"\xff") == message.decode(data)
    assert message.reader("BigOdd")(data + b"\xff") == message.reader("BigOdd")(data)
    with pytest.raises(CodecError, match="Mixed: payload of 7 bytes; expected 8"):
        message.decode(data[:7])


def test_reader_follows_shared_and_nested_multiplexers() -> None:
    message = {m.name: m for m, _ in _odd()}["Shared"]
    in_two, deep = message.reader("InTwo"), message.reader("Deep")
    assert [in_two(struct.pack("<Bh5x", page, -7)) for page in range(7)] == [
        pytest.approx(-0.7) if page in {1, 3, 4, 5} else None for page in range(7)
    ]
    assert [deep(bytes([2, inner, 99, 0, 0, 0, 0, 0])) for inner in (6, 7, 9, 10)] == [None, 99, 99, None]
    with pytest.raises(CodecError, match="did you mean 'Deep'"):
        message.reader("Deeep")


def test_facts_of_a_message_come_from_the_file() -> None:
    database = Database.load(_ROOT / "dbc/bms.dbc", _ROOT / "dbc/vehicle.dbc")
    state = database["BMS_State"]
    assert database.by_id[256, False] is state
    assert (state.can_id, state.extended, state.fd, state.length) == (0x100, False, False, 8)
    assert (state.cycle_ns, state.e2e.profile, state.e2e.data_id) == (10_000_000, "P01", 256)
    assert (state.senders, state.mux, state.choices["State"][5]) == (("BMS",), None, "Error")
    limits = database["BMS_Limits"]
    assert (limits.e2e.profile, limits.e2e.data_id, database["BMS_CellVoltages"].mux) == (
        "none",
        0,
        "CellGroup",
    )
    with pytest.raises(ConfigError, match="did you mean 'BMS_State'"):
        database["BMS_Stat"]


@pytest.mark.parametrize(
    "content", [b"", b"not a DBC at all", b"\x00\xff\xfe\x81", b'VERSION ""\n', b"BO_ 1 A: x"]
)
def test_a_file_that_is_no_dbc_is_one_line_naming_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.dbc"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        Database.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("expected a DBC file")
    assert "\n" not in str(caught.value)


def test_missing_files_and_messages_defined_twice_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.dbc: cannot be read \(No such file"):
        Database.load(tmp_path / "gone.dbc")
    first, second = tmp_path / "first.dbc", tmp_path / "second.dbc"
    first.write_text(_ODD)
    second.write_text(_ODD)
    with pytest.raises(
        ConfigError, match=r"first\.dbc \[Mixed\]: message Mixed is also in .*second\.dbc; exp"
    ):
        Database.load(first, second)["Mixed"]
    second.write_text('VERSION ""\nBU_: A\nBO_ 100 Other: 8 A\n SG_ X : 0|8@1+ (1,0) [0|0] "" A\n')
    with pytest.raises(ConfigError, match="id 0x64 is also that of Mixed"):
        Database.load(first, second)["Other"]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ("BO_ 7 One: 8 B", "message One is there 2 times; expected every name once per bus"),
        ("BO_ 1 Two: 8 B", "id 0x1 is also that of Two; expected every id once per bus"),
    ],
)
def test_two_messages_of_one_file_that_cannot_be_told_apart_are_left_out_and_the_others_kept(
    second: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.dbc"
    signal = '\n SG_ X : 0|8@1+ (1,0) [0|0] "" B\n'
    path.write_text(f'VERSION ""\nBU_: B\nBO_ 1 One: 8 B{signal}{second}{signal}BO_ 3 Three: 8 B{signal}')
    code = "import sys; from pathlib import Path; from bench.codec.database import Database as D; "
    code += "d = D.load(Path(sys.argv[1])); print([m.name for m in d.messages], *d.warnings(), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""  # cantools would log a line of its own
    names, *lines = done.stdout.splitlines()
    assert names == "['Three']"
    assert f"{path} [One]: {words}; until then One is left out" in lines


@pytest.mark.parametrize(("numbers", "what"), [("(1e400,0)", "factor inf"), ("(1,-1e400)", "offset -inf")])
def test_a_factor_or_offset_that_is_not_finite_costs_its_message(
    numbers: str, what: str, tmp_path: Path
) -> None:
    text = 'VERSION ""\nBU_: B\nBO_ 1 M: 8 B\n SG_ Z : 0|8@1+ {} [0|25] "V" B\n'
    (tmp_path / "x.dbc").write_text(text.format(numbers))
    database = Database.load(tmp_path / "x.dbc")
    (warning,) = database.warnings()
    assert f"x.dbc [M]: found {what} of Z; expected a finite number" in warning
    with pytest.raises(ConfigError, match=f"found {what} of Z"):
        database["M"]


def test_cp1252_files_load_with_their_units_and_texts(tmp_path: Path) -> None:
    path = tmp_path / "vendor.dbc"
    text = 'VERSION ""\nBU_: A\nBO_ 1 T: 1 A\n SG_ X : 0|8@1+ (1,0) [0|0] "°C" A\nVAL_ 1 X 0 "Prüfung" ;\n'
    path.write_bytes(text.encode("cp1252"))
    assert Database.load(path)["T"].choices["X"] == {0: "Prüfung"}


def test_cantools_is_not_imported_before_a_file_is_loaded() -> None:
    code = "import sys, bench.codec.database; sys.exit('cantools' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=_ROOT, check=False).returncode == 0


def test_a_signal_with_factor_0_cannot_be_shown_and_the_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.dbc").write_text('VERSION ""\nBU_: B\nBO_ 1 M: 8 B\n SG_ Z : 0|8@1+ (0,0) [0|25] "V" B\n')
    message = Database.load(tmp_path / "x.dbc")["M"]
    for content in ("supply_voltage in V", 5):
        play = Play(
            channel="v",
            message="M",
            by="bench",
            cycle_ns=10_000_000,
            gap_ns=0,
            timeout_ns=None,
            shown=(read_shown("Z", content),),
        )
        with pytest.raises(
            ConfigError, match=r"p\.toml \[play v\.M\]: found .Z. with a factor of 0 .*in the DBC; expected"
        ):
            compile_pages(play, message, {}, "p.toml")
