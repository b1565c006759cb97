"""The frames of dbc/bms.dbc: when each is due, and how it is packed."""

from firmware_stubs.reference_bms.dtc_memory import DtcMemory
from firmware_stubs.reference_bms.e2e import ListSender, Sender, WideSender, data_ids_of
from firmware_stubs.reference_bms.faults import FaultMemory
from firmware_stubs.reference_bms.limits import CELLS, Limits

VERSION = (1, 1, 0)
HARDWARE_REVISION = 1


def clamp(value: int, highest: int = 0xFFFF) -> int:
    return 0 if value < 0 else min(value, highest)


class StateFrame:
    """BMS_State, every 10 ms."""

    def __init__(self) -> None:
        self._sender = Sender(256)

    def encode(self, flags: int, fault_code: int, mode: int, dtcs: int, uptime: int) -> bytes:
        """`flags` are bits 12..23 as they stand in the frame; uptime counts 10 ms."""
        payload = flags | fault_code << 24 | mode << 32 | min(dtcs, 15) << 36 | (uptime & 0xFFFFFF) << 40
        return self._sender.protect(payload, 8)


class FaultsFrame:
    """BMS_Faults, every 20 ms and on a change."""

    def __init__(self) -> None:
        self._sender = Sender(257)
        self.sent_word = -1

    def encode(self, faults: FaultMemory, worst_cell: int) -> bytes:
        self.sent_word = faults.word
        return self._sender.protect((faults.word & 0xFFFFFFFF) << 16 | worst_cell << 48, 8)


class Faults2Frame:
    """BMS_Faults2, every 20 ms and on a change."""

    def __init__(self) -> None:
        self._sender = ListSender(data_ids_of(260))

    def encode(self, faults: FaultMemory, worst_sensor: int) -> bytes:
        return self._sender.protect(faults.word >> 32 << 16 | worst_sensor << 48, 8)


class HealthFrame:
    """BMS_Health, every second."""

    def __init__(self) -> None:
        self._sender = WideSender(278)

    def encode(self, soc: float, soh: float, capacity_ah: float) -> bytes:
        payload = clamp(round(soh * 1000), 1023) << 24 | clamp(round(soc * 10000), 16383) << 34
        return self._sender.protect(payload | clamp(round(capacity_ah * 100)) << 48, 8)


class ContactorsFrame:
    """BMS_Contactors, every 20 ms, and when the pyro fuse fires."""

    def __init__(self) -> None:
        self._sender = Sender(258)

    def encode(self, plus: int, minus: int, precharge: int, lines: int, supply_raw: int) -> bytes:
        """`lines`: HVIL closed, crash, pyro command, cooling request, thermal alarm, from bit 0."""
        return self._sender.protect(
            plus << 12 | minus << 14 | precharge << 16 | lines << 18 | supply_raw << 24, 4
        )


def encode_dtc(memory: DtcMemory, index: int) -> bytes:
    code, status, occurrences = memory.entry(index)
    return (index | min(len(memory), 255) << 8 | code << 16 | status << 40 | occurrences << 48).to_bytes(
        8, "little"
    )


def encode_pack_values(pack_raw: int, link_raw: int, milliampere: int, soc_permille: int) -> bytes:
    """Voltages come in units of 50 mV and leave in units of 100 mV; the current leaves in units of 100 mA."""
    current = max(-32768, min((milliampere + 50) // 100, 32767)) & 0xFFFF
    return (pack_raw >> 1 | (link_raw >> 1) << 16 | current << 32 | soc_permille << 48).to_bytes(8, "little")


def encode_cell_min_max(lowest: int, highest: int, lowest_index: int, highest_index: int, mean: int) -> bytes:
    """Raw cell values (0.5 mV from -2 V) leave in 0.1 mV from 0; indices from 0 leave from 1."""
    word = clamp((lowest - 4000) * 5) | clamp((highest - 4000) * 5) << 16 | (lowest_index + 1) << 32
    return (word | (highest_index + 1) << 40 | clamp((mean - 4000) * 5) << 48).to_bytes(8, "little")


def encode_temperature_min_max(lowest: int, highest: int, lowest_index: int, highest_index: int) -> bytes:
    return (lowest | highest << 10 | (highest_index + 1) << 20 | (lowest_index + 1) << 25).to_bytes(
        4, "little"
    )


def encode_limits(charge_a: float, discharge_a: float, full_v: float, pack_v: float) -> bytes:
    words = (charge_a * 10, discharge_a * 10, full_v * CELLS * 10, pack_v * discharge_a / 100)
    return b"".join(clamp(round(word)).to_bytes(2, "little") for word in words)


def encode_insulation(plus_hectoohm: int, minus_hectoohm: int, status: int) -> bytes:
    return (plus_hectoohm | minus_hectoohm << 16 | status << 32).to_bytes(6, "little")


def identity_pages(limits: Limits, build_hash: bytes, cause: int, boots: int) -> tuple[bytes, bytes]:
    """Both pages of BMS_Identity; the number sent is the first four bytes of the hash, big-endian."""
    versions = bytes((0, *VERSION, HARDWARE_REVISION, cause, clamp(boots - 1, 255), 0))
    number = int.from_bytes(build_hash[:4], "big")
    build = (
        bytes((1,))
        + number.to_bytes(4, "little")
        + bytes((limits.chemistry_code,))
        + CELLS.to_bytes(2, "little")
    )
    return versions, build
