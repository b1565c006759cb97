"""What the bench plays is what its signals can carry: floats, ranges, constants, multiplexers beside each other."""

import math
import struct
import tempfile
from pathlib import Path

import cantools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec.database import Database, Message
from bench.codec.page_layout import compile_pages
from bench.codec.pages import Clipped, Pages
from bench.config.play import Play, PlayError, read_shown
from bench.config.profile_shape import ShownTable
from bench.errors import ConfigError

HEAD = 'VERSION ""\nNS_ :\nBS_:\nBU_: A B\n'
SINGLE_MOST = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]


def message_of(text: str) -> Message:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.dbc"
        path.write_text(HEAD + text, encoding="utf-8")
        (message,) = Database.load(path).messages
    return message


def pages_of(
    message: Message, usual: dict[str, tuple[float, float]] | None = None, **shows: str | float | ShownTable
) -> Pages:
    shown = tuple(read_shown(name, content) for name, content in shows.items())
    play = Play(
        channel="b", message=message.name, by="bench", cycle_ns=None, gap_ns=0, timeout_ns=None, shown=shown
    )
    return compile_pages(play, message, {"cell_voltage": 4, "temperature": 4}, "profile", usual)


FLOATS = """BO_ 512 M: 16 A
 SG_ Small : 0|32@1- (1,0) [0|0] "A" B
 SG_ Scaled : 32|32@1- (0.5,-3) [0|0] "A" B
 SG_ Motorola : 71|64@0- (1,0) [0|0] "A" B
SIG_VALTYPE_ 512 Small : 1;
SIG_VALTYPE_ 512 Scaled : 1;
SIG_VALTYPE_ 512 Motorola : 2;
"""
FLOAT_MESSAGE = message_of(FLOATS)
OF_FLOATS = cantools.database.load_string(HEAD + FLOATS, "dbc").get_message_by_name("M")  # type: ignore[union-attr]


@given(st.floats(-SINGLE_MOST / 4, SINGLE_MOST / 4))
def test_float_signals_are_written_as_cantools_writes_them(value: float) -> None:
    pages = pages_of(
        FLOAT_MESSAGE, Small="pack_current", Scaled="-pack_current", Motorola="pack_current in mA"
    )
    data = pages.payload(0, lambda *_: value)
    assert data == OF_FLOATS.encode({"Small": value, "Scaled": -value, "Motorola": value * 1000.0})
    assert Pages.from_plain(pages.to_plain()).payload(0, lambda *_: value) == data, "in another process too"


def test_a_float_shows_codes_flags_counts_and_its_largest_number() -> None:
    pages = pages_of(
        FLOAT_MESSAGE,
        Small=ShownTable(of="pack_current", no_value=math.nan),
        Scaled="counter",
        Motorola="pack_current invalid",
    )
    small, scaled, motorola = struct.unpack(
        "<ff", pages.payload(0, lambda name, _: 7.0 if name == "counter" else None)[:8]
    ) + struct.unpack(">d", pages.payload(0, lambda *_: None)[8:])
    assert math.isnan(small) and (scaled, motorola) == (7.0, 1.0)
    clipped: list[Clipped] = []
    data = pages.payload_of(0, [1e300, 0.0, 1.0], clipped)
    assert struct.unpack("<f", data[:4])[0] == SINGLE_MOST
    assert [(slot.signal, value) for slot, value in clipped] == [("Small", 1e300)]


RANGED = """BO_ 512 M: 8 A
 SG_ S : 0|8@1+ (1,0) [0|250] "" B
 SG_ Named : 8|8@1+ (1,0) [0|250] "" B
 SG_ V : 16|16@1+ (0.1,0) [0|100] "V" B
 SG_ U : 32|16@1+ (0.1,0) [0|1] "V" B
VAL_ 512 Named 255 "SNA" ;
"""
RANGED_MESSAGE = message_of(RANGED)


def test_a_constant_outside_its_range_is_refused_unless_the_dbc_names_it() -> None:
    message = RANGED_MESSAGE
    with pytest.raises(ConfigError, match="found 255 for 'S', whose range in the DBC is 0 to 250"):
        pages_of(message, S=255)
    for too_large in (256, -1, 1e9):
        with pytest.raises(ConfigError, match="for 'Named'"):
            pages_of(message, Named=too_large)
    assert pages_of(message, Named=255, S=250).payload(0, lambda *_: None)[:2] == bytes([250, 255])
    forced = pages_of(message, S=ShownTable(of=255, range="raw"))
    assert forced.payload(0, lambda *_: None)[0] == 255
    with pytest.raises(ConfigError, match="found no_value = 300 for 'S' of 8 bits"):
        pages_of(message, S=ShownTable(of="pack_voltage", no_value=300))


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 10**400])
def test_a_number_that_is_not_finite_is_one_line(number: float) -> None:
    for content in (
        number,
        ShownTable(of=number),
        ShownTable(of="driving", on=number),
        ShownTable(of="driving", off=number),
    ):
        with pytest.raises(PlayError, match=r"expected a finite number|more than 308 digits"):
            read_shown("S", content)
    with pytest.raises(PlayError, match="expected a finite number"):
        read_shown("S", ShownTable(of="driving", on=1e308, off=-1e308))
    if number == number:
        with pytest.raises(PlayError, match=r"expected a finite number|more than 308 digits"):
            read_shown("S", ShownTable(of="pack_voltage", no_value=number))


@pytest.mark.parametrize(("on", "off"), [(3, -1), (251, 0), (-1, 3)])
def test_yes_and_no_have_to_fit_both_and_exactly(on: int, off: int) -> None:
    usual = {"driving": (0.0, 1.0)}
    with pytest.raises(ConfigError, match="found 'S' with a range of 0 to 250 in the DBC, and driving from"):
        pages_of(RANGED_MESSAGE, usual, S=ShownTable(of="driving", on=on, off=off))
    assert pages_of(RANGED_MESSAGE, usual, S=ShownTable(of="driving", on=250, off=0))


def test_a_cell_that_the_pack_lacks_is_one_line() -> None:
    with pytest.raises(ConfigError, match="found cell 5 for 'V'; the pack has 4"):
        pages_of(RANGED_MESSAGE, V=ShownTable(of="cell_voltage", cell=5))
    with pytest.raises(ConfigError, match="found sensor 99 for 'V'; the pack has 4"):
        pages_of(RANGED_MESSAGE, V=ShownTable(of="temperature", sensor=99))
    assert pages_of(RANGED_MESSAGE, V=ShownTable(of="cell_voltage", cell=4))


def test_a_factor_of_zero_is_one_line() -> None:
    message = message_of('BO_ 512 M: 8 A\n SG_ Dead : 0|16@1+ (0,0) [0|0] "A" B\n')
    with pytest.raises(ConfigError, match="found 'Dead' with a factor of 0 and an offset of 0 in the DBC"):
        pages_of(message, Dead="pack_current")


def test_a_range_that_does_not_hold_the_pack_is_refused_and_can_be_overruled() -> None:
    message = RANGED_MESSAGE
    usual = {"stack_voltage": (240.0, 403.2)}
    for name in ("V", "U"):
        with pytest.raises(ConfigError, match=f"found '{name}' with a range of .* 240 to 403.2 to show"):
            pages_of(message, usual, **{name: "stack_voltage"})
    with pytest.raises(ConfigError, match="found 'V'"):
        pages_of(message, usual, V=ShownTable(of="stack_voltage", no_value=6553.5, beyond="no_value"))
    as_it_is = pages_of(message, usual, V=ShownTable(of="stack_voltage", range="raw"))
    assert as_it_is.payload(0, lambda *_: 355.2)[2:4] == (3552).to_bytes(2, "little")
    ends = pages_of(message, usual, V=ShownTable(of="stack_voltage", beyond="limit"))
    clipped: list[Clipped] = []
    assert ends.payload_of(0, [355.2], clipped)[2:4] == (1000).to_bytes(2, "little")
    assert [slot.ends for slot, _ in clipped] == [True], "told; but the sensor itself ends there"


@given(st.floats(-1000.0, 1000.0))
def test_what_is_cut_off_by_more_than_a_step_is_told(value: float) -> None:
    pages = pages_of(RANGED_MESSAGE, V="pack_current")
    clipped: list[Clipped] = []
    raw = int.from_bytes(pages.payload_of(0, [value], clipped)[2:4], "little")
    away = abs(raw * 0.1 - value)
    assert bool(clipped) == (away > 0.1) or abs(away - 0.1) < 0.1


BESIDE = """BO_ 512 M: 8 A
 SG_ Left M : 0|8@1+ (1,0) [0|3] "" B
 SG_ Right M : 8|8@1+ (1,0) [0|3] "" B
 SG_ Grad0 m0 : 16|16@1+ (0.1,0) [0|500] "C" B
 SG_ Grad1 m1 : 16|16@1+ (0.1,0) [0|500] "C" B
 SG_ Volt0 m0 : 32|16@1+ (0.1,0) [0|500] "V" B
 SG_ Volt1 m1 : 32|16@1+ (0.1,0) [0|500] "V" B
 SG_ Volt2 m2 : 32|16@1+ (0.1,0) [0|500] "V" B
SG_MUL_VAL_ 512 Grad0 Left 0-0;
SG_MUL_VAL_ 512 Grad1 Left 1-1;
SG_MUL_VAL_ 512 Volt0 Right 0-0;
SG_MUL_VAL_ 512 Volt1 Right 1-1;
SG_MUL_VAL_ 512 Volt2 Right 2-2;
"""


def test_multiplexers_beside_each_other_never_show_zeros_for_one_another() -> None:
    message = message_of(BESIDE)
    shows = {f"Grad{n}": "ambient_temperature" for n in range(2)} | {
        f"Volt{n}": "pack_voltage" for n in range(3)
    }
    pages = pages_of(message, **shows)  # type: ignore[arg-type]
    seen = []
    for number in range(len(pages.pages)):
        values = message.decode(
            pages.payload(number, lambda name, _: 25.0 if name == "ambient_temperature" else 350.0)
        )
        told = {name: value for name, value in values.items() if name not in ("Left", "Right")}
        assert sorted(told.values()) == [25.0, 350.0], values
        seen.append((values["Left"], values["Right"]))
    assert {left for left, _ in seen} == {0, 1} and {right for _, right in seen} == {0, 1, 2}
    only = pages_of(message, Right=1, **{key: shows[key] for key in ("Grad0", "Grad1", "Volt1")})  # type: ignore[arg-type]
    assert [message.decode(only.payload(n, lambda *_: 1.0))["Right"] for n in range(len(only.pages))] == [
        1,
        1,
    ]
