"""What an instrument says is a number, or it is refused: no reply may be taken for proof that outputs are off."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instrument_lanes import CELL_EMULATORS, PACK_SUPPLIES

from bench.errors import InstrumentError
from bench.instruments.replies import error_code_in, number_in, numbers_in, reading_in, whole_in
from bench.links.simulated_serial import SimulatedSerial
from bench.timing.simulated import SimulatedClock, run_simulated

NO_NUMBERS = (
    "",
    " ",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "+-0",
    "--1",
    "1_0",
    "0x10",
    "1e",
    "1,2",
    "٣",
    "9.91E+37",
    "1e999",
)


@pytest.mark.parametrize("word", NO_NUMBERS)
def test_what_is_no_number_is_refused_by_one_kind_of_error(word: str) -> None:
    for read in (number_in, numbers_in):
        if read is number_in or "," not in word:
            with pytest.raises(InstrumentError):
                read(word)


@pytest.mark.parametrize(
    ("word", "value"),
    [("3.7", 3.7), (" -1 ", -1.0), ("+.5", 0.5), ("2.", 2.0), ("1.5E-3", 0.0015), ("+0", 0.0)],
)
def test_every_way_in_which_scpi_writes_a_number_is_read(word: str, value: float) -> None:
    assert number_in(word) == reading_in(word) == value


def test_scpis_own_no_number_is_an_absent_reading_and_python_words_are_garbage() -> None:
    assert reading_in("9.91E+37") is None and reading_in("-9.9e37") is None
    with pytest.raises(InstrumentError):
        reading_in("nan")


@pytest.mark.parametrize(
    ("reply", "code"), [('0,"No error"', 0), ('+0,"No error"', 0), ('-222,"Data, out"', -222)]
)
def test_an_entry_of_the_error_queue_gives_its_code(reply: str, code: int) -> None:
    assert error_code_in(reply) == code


@pytest.mark.parametrize("reply", ['+-0,"No error"', "0,No error", "0", '0.5,"x"', '²,"x"', '0,"x"junk', ""])
def test_a_garbled_entry_of_the_error_queue_is_refused(reply: str) -> None:
    with pytest.raises(InstrumentError):
        error_code_in(reply)


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_an_instrument_error(text: str) -> None:
    for read in (number_in, numbers_in, reading_in, error_code_in):
        try:
            read(text)
        except InstrumentError:
            continue


@pytest.mark.parametrize("value", [-1.0, 0.5, float("nan"), float("inf"), 1e30])
def test_a_state_is_a_whole_number(value: float) -> None:
    with pytest.raises(InstrumentError):
        whole_in(value, 0, 255)


class Spoilt:
    """An instrument's end of the line whose replies are changed on their way to the bench, a line at a time."""

    def __init__(self, line: SimulatedSerial, spoil: Callable[[bytes], bytes]) -> None:
        self._line, self._spoil = line, spoil
        self._held = bytearray()
        self.changed = 0

    def write(self, data: bytes) -> None:
        self._held.extend(data)
        if b"\n" in self._held:
            said = bytes(self._held)
            self._held.clear()
            spoilt = self._spoil(said)
            self.changed += spoilt != said
            self._line.device.write(spoilt)

    def subscribe(self, listener: Callable[[int, bytes], None]) -> None:
        self._line.device.subscribe(listener)


_FLOAT = re.compile(rb"[+-]?\d+\.\d+(?:[eE][+-]?\d+)?")
_ERROR = re.compile(rb'[+-]?\d+,"[^"]*"')


def _made_safe(kind: Any, spoil: Callable[[bytes], bytes]) -> tuple[str, int]:
    """(what safe() says, how many replies were spoilt)."""

    async def main(clock: SimulatedClock) -> tuple[str, int]:
        line = SimulatedSerial(clock, "sim7", 115200)
        end = Spoilt(line, spoil)
        kind.play(end, clock, None)
        try:
            await kind.driver(line.host, clock).safe()
        except InstrumentError as error:
            return str(error), end.changed
        return "safe", end.changed

    said: tuple[str, int] = run_simulated(main)
    return said


@pytest.mark.parametrize("word", [b"nan", b"inf", b"-inf", b"9.91E+37"])
@pytest.mark.parametrize("name", list(CELL_EMULATORS))
def test_a_voltage_that_is_no_number_confirms_nothing(name: str, word: bytes) -> None:
    kind = CELL_EMULATORS[name]
    assert _made_safe(kind, lambda said: said)[0] == "safe"

    def spoil(said: bytes) -> bytes:
        identity = said.startswith((b"NGI", b"EA", b"Bloomy", b"BMS-HIL"))
        return said if identity else _FLOAT.sub(word, said)

    told, changed = _made_safe(kind, spoil)
    assert changed and told.startswith("sim7 ["), told


@pytest.mark.parametrize("entry", [b'+-0,"No error"', b'nan,"No error"', b"0"])
@pytest.mark.parametrize("name", ["reference", "bloomy_abs", "ea_psb"])
def test_a_garbled_answer_to_outputs_off_is_an_error_of_the_instrument(name: str, entry: bytes) -> None:
    kind = {**CELL_EMULATORS, **PACK_SUPPLIES}[name]
    told, changed = _made_safe(kind, lambda said: _ERROR.sub(entry, said))
    assert changed and "an error queue entry" in told, told
