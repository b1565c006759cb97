"""How long a data frame occupies the wire: its exact bits, stuff bits included, for its real content.

Source: ISO 11898-1:2015. Classic frames stuff dynamically from SOF to the last CRC bit, so the CRC itself counts. FD
frames stuff dynamically from SOF to the last data bit; then a fixed pattern of constant length follows.
The bit rate switches within BRS and within the CRC delimiter. BRS is counted as a nominal bit and the delimiter as a
data bit. The sum is exact where both phases sample at the same point of the bit.
Headers are remembered, and data run through byte-wide tables.
"""

from bench.errors import LinkError
from bench.trace.events import CanFrame
from bench.units import NS_PER_S

INTERMISSION_BITS = 3
_TAIL_BITS = 1 + 1 + 1 + 7 + INTERMISSION_BITS  # CRC delimiter, ACK, ACK delimiter, EOF, intermission
_FD_LENGTHS = {length: dlc for dlc, length in enumerate((*range(9), 12, 16, 20, 24, 32, 48, 64))}
_CRC15_POLYNOMIAL = 0x4599

# The stuffing automaton: a row per (last bit, run length 1..4); row[byte] is (next row, stuff bits inserted).
_Row = list[tuple["_Row", int]]


def _after(bit: int, run: int, value: int, width: int) -> tuple[int, int, int]:
    """(last bit, run, stuff bits) after `width` bits of `value`, highest first. A run of 0: idle bus."""
    stuffed = 0
    for shift in range(width - 1, -1, -1):
        new = value >> shift & 1
        run = run + 1 if new == bit and run else 1
        bit = new
        if run == 5:  # the stuff bit is the complement and starts a run of its own
            bit, run, stuffed = 1 - bit, 1, stuffed + 1
    return bit, run, stuffed


def _rows(width: int, onto: dict[tuple[int, int], _Row] | None) -> dict[tuple[int, int], _Row]:
    rows: dict[tuple[int, int], _Row] = {(bit, run): [] for bit in (0, 1) for run in range(1, 5)}
    for (bit, run), row in rows.items():
        for value in range(1 << width):
            last, length, stuffed = _after(bit, run, value, width)
            row.append(((onto or rows)[last, length], stuffed))
    return rows


def _crc15_of_byte(byte: int) -> int:
    crc = byte << 7
    for _ in range(8):
        crc = crc << 1 ^ (_CRC15_POLYNOMIAL if crc & 0x4000 else 0)
    return crc & 0x7FFF


_ROWS = _rows(8, None)
_STUFFED_BY_7 = {id(_ROWS[state]): [_after(*state, value, 7)[2] for value in range(128)] for state in _ROWS}
_LAST_BIT = {id(row): bit for (bit, _), row in _ROWS.items()}
_CRC15 = [_crc15_of_byte(byte) for byte in range(256)]

_classic_headers: dict[tuple[int, bool, int], tuple[int, _Row, int]] = {}
_fd_headers: dict[tuple[int, bool, int, bool], tuple[int, int, _Row]] = {}


def _identifier_bits(can_id: int, extended: bool) -> tuple[int, int]:
    """SOF up to and including RTR/RRS (base: and IDE): the bits as an integer, and how many there are."""
    if not 0 <= can_id < (1 << 29 if extended else 1 << 11):
        kind, width = ("extended", 29) if extended else ("standard", 11)
        raise LinkError(f"CAN frame: identifier 0x{can_id:X} is too large; expected {width} bits, {kind}")
    if extended:
        return ((can_id >> 18) << 2 | 0b11) << 19 | (can_id & 0x3FFFF) << 1, 33
    return can_id << 2, 14


def _classic_header(can_id: int, extended: bool, length: int) -> tuple[int, _Row, int]:
    """(CRC register, automaton row, bits so far) after the DLC field."""
    if length > 8:
        raise LinkError(f"CAN frame 0x{can_id:X}: {length} data bytes; expected at most 8 in a classic frame")
    bits, width = _identifier_bits(can_id, extended)
    reserved = 2 if extended else 1
    bits, width = bits << reserved + 4 | length, width + reserved + 4
    crc = 0
    for byte in bits.to_bytes(5, "big"):  # leading zeros leave a CRC register that starts at zero untouched
        crc = (crc << 8 & 0x7FFF) ^ _CRC15[crc >> 7 ^ byte]
    last, run, stuffed = _after(1, 0, bits, width)
    header = (crc, _ROWS[last, run], width + stuffed)
    _classic_headers[can_id, extended, length] = header
    return header


def _fd_header(can_id: int, extended: bool, length: int, switch: bool) -> tuple[int, int, _Row]:
    """(nominal bits, data-phase bits, automaton row) after the DLC field."""
    dlc = _FD_LENGTHS.get(length)
    if dlc is None:
        known = ", ".join(str(known) for known in _FD_LENGTHS)
        raise LinkError(f"CAN FD frame 0x{can_id:X}: {length} data bytes; expected one of {known}")
    bits, width = _identifier_bits(can_id, extended)
    bits, width = bits << 3 | 0b100 | switch, width + 3  # FDF = 1, res = 0, BRS
    last, run, stuffed_before = _after(1, 0, bits >> 1, width - 1)
    last, run, stuffed_at_switch = _after(last, run, switch, 1)  # a stuff bit after BRS is already fast
    last, run, stuffed_after = _after(last, run, dlc, 5)  # ESI = 0, DLC
    header = (width + stuffed_before, 5 + stuffed_at_switch + stuffed_after, _ROWS[last, run])
    _fd_headers[can_id, extended, length, switch] = header
    return header


def classic_bits(frame: CanFrame) -> int:
    """Bits from SOF to the end of the intermission of a classic data frame."""
    can_id, data, extended, _, _ = frame
    length = len(data)
    crc, row, bits = _classic_headers.get((can_id, extended, length)) or _classic_header(
        can_id, extended, length
    )
    table = _CRC15
    for byte in data:
        crc = (crc << 8 & 0x7FFF) ^ table[crc >> 7 ^ byte]
        row, stuffed = row[byte]
        bits += stuffed
    row, stuffed = row[crc >> 7]
    return bits + 8 * length + stuffed + 15 + _STUFFED_BY_7[id(row)][crc & 0x7F] + _TAIL_BITS


def fd_bits(frame: CanFrame) -> tuple[int, int]:
    """(bits at the nominal rate, bits at the data rate) of an FD frame, intermission included.

    Without bit rate switch the second group runs at the nominal rate too.
    """
    can_id, data, extended, _, switch = frame
    length = len(data)
    header = _fd_headers.get((can_id, extended, length, switch)) or _fd_header(
        can_id, extended, length, switch
    )
    nominal, fast, row = header
    for byte in data:
        row, stuffed = row[byte]
        fast += stuffed
    # Five equal bits that end with the data field get the fixed stuff bit only, no dynamic one beside it.
    if _LAST_BIT[id(row)] != (data[-1] & 1 if data else 0):
        fast -= 1
    check = 4 + 17 + 6 if length <= 16 else 4 + 21 + 7  # stuff count, CRC, fixed stuff bits
    return nominal + _TAIL_BITS - 1, fast + 8 * length + check + 1


def frame_time_ns(frame: CanFrame, bitrate: int, data_bitrate: int | None = None) -> int:
    """Time from SOF to the end of the intermission, in ns, rounded to the nearest.

    `data_bitrate` counts for FD frames with bit rate switch only. LinkError: content no frame can hold.
    """
    if not frame.fd:
        return (classic_bits(frame) * NS_PER_S + bitrate // 2) // bitrate
    nominal, fast = fd_bits(frame)
    if not frame.bitrate_switch or data_bitrate is None:
        return ((nominal + fast) * NS_PER_S + bitrate // 2) // bitrate
    scaled = nominal * data_bitrate + fast * bitrate
    both = bitrate * data_bitrate
    return (scaled * NS_PER_S + both // 2) // both


def intermission_ns(bitrate: int) -> int:
    """The three recessive bits after a frame, in ns, rounded to the nearest."""
    return (INTERMISSION_BITS * NS_PER_S + bitrate // 2) // bitrate


def arbitration_key(frame: CanFrame) -> int:
    """Sorts frames as the bus does: the lowest key wins; a base frame beats an extended one of equal base."""
    if frame.extended:
        return ((frame.can_id >> 18) << 20 | 1 << 19 | (frame.can_id & 0x3FFFF)) << 1 | frame.fd
    return frame.can_id << 21 | frame.fd
