"""End-to-end protection, AUTOSAR profile 1 variant BOTH: CRC-8 over data id and payload, counter 0 to 14."""

_POLYNOMIAL = 0x1D  # SAE J1850: x^8 + x^4 + x^3 + x^2 + 1
COUNTER_CYCLE = 15  # 15 is never sent, so that a stuck nibble of ones is found


def _table() -> bytes:
    table = bytearray(256)
    for index in range(256):
        crc = index
        for _ in range(8):
            crc = (crc << 1 ^ _POLYNOMIAL) & 0xFF if crc & 0x80 else crc << 1
        table[index] = crc
    return bytes(table)


_CRC = _table()


def crc8_j1850(data: bytes | bytearray | memoryview, start: int = 0, xor: int = 0) -> int:
    """CRC-8, polynomial 0x1D. SAE J1850 itself has start and xor 0xFF; E2E profile 1 has both 0."""
    crc = start
    table = _CRC
    for byte in data:
        crc = table[crc ^ byte]
    return crc ^ xor


def _crc_p01(data: bytes | bytearray, data_id: int) -> int:
    start = _CRC[_CRC[data_id & 0xFF] ^ data_id >> 8]
    return crc8_j1850(data[1:], start)


def protect_p01(data: bytearray, data_id: int, counter: int) -> None:
    """Writes the counter (modulo 15) into the low nibble of byte 1 and the CRC into byte 0, in place."""
    if len(data) < 2 or not 0 <= data_id <= 0xFFFF:
        raise ValueError(
            f"E2E P01: {len(data)} bytes, data id {data_id}; expected 2 bytes or more, id 0 to 65535"
        )
    data[1] = data[1] & 0xF0 | counter % COUNTER_CYCLE
    data[0] = _crc_p01(data, data_id)


def check_p01(data: bytes | bytearray, data_id: int) -> bool:
    """True when the CRC fits payload and data id. The counter is the receiver's matter."""
    return len(data) >= 2 and data[0] == _crc_p01(data, data_id)
