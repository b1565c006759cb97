"""A BMS whose cells come in many messages: a gateway that gathers them for the reference BMS, as `cells_gateway:build`.

It reads the bytes by hand, so that a mistake of the bench's own codec cannot hide.
"""

from bench.trace.events import CanFrame
from firmware_stubs.builds import build as reference_build

FIRST_ID, GROUPS = 0x400, 24
GROUPED_ID = 0x300


class CellsGateway:
    """Implements bench.dut.firmware.Firmware. Four cells a message, 16 bits each, 0.1 mV a step."""

    def __init__(self) -> None:
        self._bms = reference_build("reference")
        self.period_ns = self._bms.period_ns

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        group = frame.can_id - FIRST_ID
        if channel == "sense" and 0 <= group < GROUPS:
            frame = CanFrame(GROUPED_ID, grouped(group, frame.data))
        self._bms.receive(now_ns, channel, frame)

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        return self._bms.step(now_ns)


def grouped(group: int, data: bytes) -> bytes:
    """The same four voltages as IO_CellVoltages carries them: 14 bits each behind the group's number, from -2 V."""
    word = group
    for place in range(4):
        volt = int.from_bytes(data[2 * place : 2 * place + 2], "little") * 0.0001
        word |= round((volt + 2.0) / 0.0005) << (8 + 14 * place)
    return word.to_bytes(8, "little")


def build() -> CellsGateway:
    return CellsGateway()
