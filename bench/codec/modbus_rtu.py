"""Modbus RTU framing: CRC, requests, replies and exceptions. Bytes in, bytes out; no clock and no port."""

from bench.errors import BenchError

READ_COILS, READ_REGISTERS = 0x01, 0x03
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 0x05, 0x06, 0x0F, 0x10
EXCEPTION = 0x80
COIL_ON, COIL_OFF, COIL_TOGGLE = 0xFF00, 0x0000, 0x5500

HEAD_BYTES = 3  # address, function, and the byte count or the first byte of what follows
EXCEPTION_BYTES = 5

EXCEPTIONS = {
    1: "wrong function",
    2: "wrong address",
    3: "wrong data",
    4: "execution failed",
    5: "CRC error",
    6: "busy",
    7: "access denied",
    0x17: "the device is in LOCAL",
}


class ModbusError(BenchError):
    """A frame that is no valid reply to the request sent. The text says what was wrong with it."""


def _crc_table() -> tuple[int, ...]:
    table = []
    for index in range(256):
        crc = index
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> bytes:
    """The two CRC bytes that follow `data` on the wire, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def framed(body: bytes) -> bytes:
    """The body with its CRC-16 behind it."""
    return body + crc16(body)


def intact(frame: bytes) -> bool:
    """Whether the frame is long enough and its CRC-16 is right."""
    return len(frame) >= 4 and crc16(frame[:-2]) == frame[-2:]


def read(address: int, function: int, first: int, count: int) -> bytes:
    """Ask for `count` coils or registers (by `function`) from `first`."""
    return framed(bytes((address, function)) + first.to_bytes(2, "big") + count.to_bytes(2, "big"))


def write_one(address: int, function: int, where: int, value: int) -> bytes:
    """Write one coil (COIL_ON, COIL_OFF, COIL_TOGGLE) or one register."""
    return framed(bytes((address, function)) + where.to_bytes(2, "big") + value.to_bytes(2, "big"))


def write_registers(address: int, first: int, values: list[int]) -> bytes:
    """The request that writes registers from `first` on (function 0x10). values: 0 to 65535."""
    data = b"".join(value.to_bytes(2, "big") for value in values)
    head = bytes((address, WRITE_REGISTERS)) + first.to_bytes(2, "big") + len(values).to_bytes(2, "big")
    return framed(head + bytes((len(data),)) + data)


def write_coils(address: int, first: int, states: list[bool]) -> bytes:
    """The request that writes coils from `first` on (function 0x0F)."""
    data = packed(states)
    head = bytes((address, WRITE_COILS)) + first.to_bytes(2, "big") + len(states).to_bytes(2, "big")
    return framed(head + bytes((len(data),)) + data)


def packed(states: list[bool]) -> bytes:
    """Coils as Modbus packs them: the first in bit 0 of the first byte."""
    word = sum(1 << index for index, state in enumerate(states) if state)
    return word.to_bytes((len(states) + 7) // 8, "little")


def unpacked(data: bytes, count: int) -> list[bool]:
    """The first `count` bits as states, the lowest bit of the first byte first."""
    word = int.from_bytes(data, "little")
    return [bool(word >> index & 1) for index in range(count)]


def rest_of_reply(head: bytes) -> int:
    """How many bytes follow the first HEAD_BYTES of a reply, its CRC included."""
    function = head[1]
    if function & EXCEPTION:
        return EXCEPTION_BYTES - HEAD_BYTES
    return head[2] + 2 if function in (READ_COILS, READ_REGISTERS) else 5


def rest_of_request(head: bytes) -> int | None:
    """How many bytes follow the first 7 of a request; None for a function whose length nobody knows."""
    if head[1] in (WRITE_COILS, WRITE_REGISTERS):
        return head[6] + 2
    return 1 if head[1] in (READ_COILS, READ_REGISTERS, WRITE_COIL, WRITE_REGISTER) else None


def payload_of(request: bytes, reply: bytes) -> bytes:
    """What a reply carries (read data, or the echo of a write), after every check. ModbusError otherwise."""
    if not intact(reply):
        expected = crc16(reply[:-2]).hex(" ") if len(reply) >= 4 else "a frame of 4 bytes or more"
        raise ModbusError(f"CRC is wrong, expected {expected}")
    if reply[0] != request[0]:
        raise ModbusError(f"device {reply[0]} answered, expected {request[0]}")
    if reply[1] == request[1] | EXCEPTION:
        raise ModbusError(f"exception {reply[2]}: {EXCEPTIONS.get(reply[2], 'unknown')}")
    if reply[1] != request[1]:
        raise ModbusError(f"function {reply[1]} answered, expected {request[1]}")
    if reply[1] in (READ_COILS, READ_REGISTERS):
        return reply[3:-2]
    if reply[2:6] != request[2:6]:
        raise ModbusError(f"'{reply[2:6].hex(' ')}' was acknowledged, expected '{request[2:6].hex(' ')}'")
    return reply[2:-2]
