"""Parsers of what comes over wires: lines, frames, payloads, datagrams. Each takes bytes and asks nobody."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgpack

from bench.codec import isotp, modbus_rtu, scpi, uds
from bench.codec.database import CodecError, Database
from bench.instruments import replies
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim
from bench.links import multicast_wire, slcan_text
from bench.trace.events import CanFrame
from bench.units import parse_duration_ns, parse_quantity

from . import nasty
from .alter import damaged, nonsense
from .parser import Parser, Read

ROOT = Path(__file__).resolve().parents[2]


def _from(sound: Callable[[random.Random], bytes], share_of_nonsense: float, rng: random.Random) -> bytes:
    if rng.random() < share_of_nonsense:
        return nonsense(rng)[:5000]
    data = sound(rng)
    return data if rng.random() < 0.1 else damaged(data, rng, (sound(rng),))


def bytes_from(sound: Callable[[random.Random], bytes]) -> Callable[[random.Random], bytes]:
    return partial(_from, sound, 0.1)


def _frame(rng: random.Random) -> CanFrame:
    extended, fd = rng.random() < 0.5, rng.random() < 0.3
    length = rng.choice((0, 1, 8, 12, 64) if fd else range(9))
    return CanFrame(
        rng.getrandbits(29 if extended else 11),
        rng.randbytes(length),
        extended,
        fd,
        fd and rng.random() < 0.5,
    )


# --- SLCAN ----------------------------------------------------------------------------------------------------


def _slcan(rng: random.Random) -> bytes:
    return rng.choice((slcan_text.line_of(_frame(rng)).rstrip(b"\r"), b"V1013", b"z", b"r1230", b"\a"))


def _read_slcan(data: bytes) -> None:
    for text in data.split(b"\r"):
        frame = slcan_text.read_line(text).frame
        if frame is not None and slcan_text.line_of(frame)[:-1].upper() != text[: -4 or None].upper():
            again = slcan_text.read_line(slcan_text.line_of(frame)[:-1]).frame
            if again != frame:
                raise AssertionError(f"{text!r} was read as {frame}, which is written otherwise")


# --- SCPI and what instruments answer -------------------------------------------------------------------------


def _command(rng: random.Random) -> bytes:
    return rng.choice(
        (
            b":SOUR3:VOLT 3.7,(@1)",
            b"MEAS:VOLT?(@1,5:8)",
            b"*IDN?",
            b"SYST:ERR?",
            b"OUTP ON,(@1:96)",
            b"SOUR:VOLT:ALL 3.7,3.8",
            b"SYST:WDOG 2",
            b"OUTP:FAUL 7,OPEN",
            b"SYST:SYNC? 12",
            b"SOUR:VOLT? 96",
            b'0,"No error"',
            b'-113,"Undefined header;x"',
            b"3.7000,3.7001,9.91E37",
            b"+1.0E-3",
        )
    )


def _read_scpi(data: bytes) -> None:
    text = data.decode("latin-1")
    for read in (
        scpi.take_apart,
        partial(scpi.channels_of, highest=1000),
        scpi.number_of,
        replies.numbers_in,
        replies.reading_in,
        replies.error_code_in,
    ):
        try:
            read(text)
        except scpi.BenchError:
            continue


def _emulator(_: Path) -> Read:
    def read(data: bytes) -> None:
        sim = CellEmulatorSim(channels=12)
        for number, line in enumerate(data.split(b"\n")):
            sim.handle(line, number)
            sim.output_v(number)

    return read


# --- UDS, ISO-TP, Modbus --------------------------------------------------------------------------------------

_REQUESTS = (
    uds.read_dtcs(),
    uds.read_data(0xF189),
    uds.clear_dtcs(),
    uds.reset("hard"),
    uds.read_extended(0x1A0117, 1),
)


def _response(rng: random.Random) -> bytes:
    request = rng.choice(_REQUESTS)
    body = rng.randbytes(rng.choice((0, 1, 3, 5, 9, 200)))
    return rng.choice(
        (bytes((request[0] + 0x40,)) + request[1:] + body, bytes((0x7F, request[0], rng.getrandbits(8))))
    )


def _read_uds(data: bytes) -> None:
    for request in _REQUESTS:
        uds.answers(request, data)
        uds.is_pending(request, data)
        for read in (
            lambda request=request: uds.checked(request, data),
            lambda: uds.dtcs_in(data),
            lambda: uds.occurrences_in(data, 0x1A0117, 1),
        ):
            try:
                read()
            except scpi.BenchError:
                continue


def _segments(rng: random.Random) -> list[bytes]:
    frames = isotp.segment(rng.randbytes(rng.choice((1, 7, 8, 40, 4095))))
    frames = frames[:40]
    altered = [damaged(one, rng)[:8] if rng.random() < 0.2 else one for one in frames]
    if rng.random() < 0.3:
        rng.shuffle(altered)
    return [*altered, isotp.flow_control(block=rng.getrandbits(8)), rng.randbytes(rng.randrange(9))]


def _read_isotp(frames: list[bytes]) -> None:
    whole = isotp.Reassembler()
    for data in frames:
        for read in (whole.feed, isotp.read_flow_control):
            try:
                read(data)
            except isotp.IsoTpError:
                continue


def _reply(rng: random.Random) -> bytes:
    count = rng.randrange(1, 20)
    return rng.choice(
        (
            modbus_rtu.framed(bytes((1, 3, 2 * count)) + rng.randbytes(2 * count)),
            modbus_rtu.framed(bytes((1, 0x83, rng.getrandbits(8)))),
            modbus_rtu.write_one(1, modbus_rtu.WRITE_COIL, 405, modbus_rtu.COIL_ON),
            modbus_rtu.write_coils(1, 0, [True] * count),
        )
    )


def _read_modbus(data: bytes) -> None:
    if len(data) >= modbus_rtu.HEAD_BYTES:
        modbus_rtu.rest_of_reply(data[: modbus_rtu.HEAD_BYTES])
    if len(data) >= 7:
        modbus_rtu.rest_of_request(data[:7])
    sound = modbus_rtu.framed(data)  # past the CRC, too: a device may be as wrong as a line
    for request in (modbus_rtu.read(1, 3, 500, 2), modbus_rtu.write_one(1, 5, 405, 0xFF00)):
        for reply in (data, sound):
            try:
                modbus_rtu.payload_of(request, reply)
            except modbus_rtu.ModbusError:
                continue


# --- multicast ------------------------------------------------------------------------------------------------


def _datagram(rng: random.Random) -> bytes:
    frame = _frame(rng)
    sound: bytes = multicast_wire.pack(frame, rng.choice(("", "node:dut", "vcan0")))
    if rng.random() < 0.5:
        return sound
    content = msgpack.unpackb(sound)
    key = rng.choice([*content])
    content[key] = rng.choice((nasty.kin(content[key], rng), nasty.value(rng)))
    try:
        altered: bytes = msgpack.packb(content, use_bin_type=True)
    except (OverflowError, ValueError):
        return sound
    return altered


def _multicast(_: Path) -> Read:
    reader = multicast_wire.Reader()

    def read(data: bytes) -> None:
        frame, _ = reader.read(data)
        if frame is not None and (frame.can_id < 0 or len(frame.data) > 64):
            raise AssertionError(f"{frame}: no bus could carry it")

    return read


# --- frames by a database, quantities -------------------------------------------------------------------------


def _decoding(_: Path) -> Read:
    messages = Database.load(ROOT / "dbc/bms.dbc", ROOT / "dbc/vehicle.dbc").messages

    def read(data: bytes) -> None:
        refused: CodecError | None = None
        for message in messages:
            for payload in (data, data[: message.length].ljust(message.length, b"\0")):
                try:
                    message.decode(payload)
                except CodecError as error:
                    refused = error
        if refused is not None:
            raise refused

    return read


def _quantity(rng: random.Random) -> bytes:
    return rng.choice((*nasty.QUANTITIES, *nasty.NAMES)).encode()


def _read_quantity(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for read in (
        parse_duration_ns,
        partial(parse_quantity, dimension="V"),
        partial(parse_quantity, dimension="As"),
    ):
        try:
            read(text)
        except ValueError as error:
            if len(str(error)) > 2000:
                raise AssertionError("a long line") from error


def _asks_nobody(read: Read) -> Callable[[Path], Read]:
    return lambda _: read


PARSERS = {
    "SLCAN": Parser(make=bytes_from(_slcan), opened=_asks_nobody(_read_slcan), share=20),
    "SCPI and replies": Parser(make=bytes_from(_command), opened=_asks_nobody(_read_scpi), share=20),
    "cell emulator": Parser(make=bytes_from(_command), opened=_emulator, share=10),
    "UDS": Parser(make=bytes_from(_response), opened=_asks_nobody(_read_uds), share=20),
    "ISO-TP": Parser(make=_segments, opened=_asks_nobody(_read_isotp), share=10),
    "Modbus": Parser(make=bytes_from(_reply), opened=_asks_nobody(_read_modbus), share=20),
    "multicast": Parser(
        make=bytes_from(_datagram), opened=_multicast, refuses=(multicast_wire.NotAFrame,), share=20
    ),
    "frames by DBC": Parser(
        make=bytes_from(lambda rng: rng.randbytes(8)), opened=_decoding, refuses=(CodecError,), share=10
    ),
    "quantities": Parser(make=bytes_from(_quantity), opened=_asks_nobody(_read_quantity), share=20),
}
