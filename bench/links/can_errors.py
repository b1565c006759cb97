"""What a SocketCAN error frame says, in words, and what it means for a verdict (linux/can/error.h)."""

from dataclasses import dataclass

ERROR_FLAG = 0x2000_0000
ALL_ERRORS = 0x1FFF_FFFF
BUS_OFF, RESTARTED = 0x40, 0x100

_CONTROLLER, _PROTOCOL = 0x4, 0x8
_CLASSES = {
    0x1: "transmit time-out",
    0x2: "arbitration lost",
    0x10: "transceiver error",
    0x20: "no acknowledge: nobody else is on the bus, or its bit rate differs",
    BUS_OFF: "bus-off: the controller has left the bus",
    0x80: "bus error",
    RESTARTED: "the controller has been restarted after bus-off",
}
_RX_OVERFLOW, _TX_OVERFLOW = 0x1, 0x2
_CONTROLLER_STATES = {
    _RX_OVERFLOW: "the controller's receive buffer overflowed",
    _TX_OVERFLOW: "the controller's transmit buffer overflowed",
    0x4: "receive error warning",
    0x8: "transmit error warning",
    0x10: "receive error passive",
    0x20: "transmit error passive",
    0x40: "error active again",
}
_VIOLATIONS = {
    0x1: "single bit error",
    0x2: "form error",
    0x4: "stuff error",
    0x8: "dominant bit not sent",
    0x10: "recessive bit not sent",
    0x20: "overload",
    0x80: "while sending",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BusError:
    """`lost`: frames are known to be missing, so that no verdict stands on what was seen."""

    text: str
    bus_off: bool
    restarted: bool
    lost: bool


def read_error_frame(can_id: int, data: bytes) -> BusError:
    """`can_id` with or without the error flag, `data` the frame's 8 bytes."""
    words = [text for bit, text in _CLASSES.items() if can_id & bit]
    padded = data.ljust(8, b"\0")
    lost = False
    if can_id & _CONTROLLER:
        words += [text for bit, text in _CONTROLLER_STATES.items() if padded[1] & bit]
        lost = bool(padded[1] & (_RX_OVERFLOW | _TX_OVERFLOW))
    if can_id & _PROTOCOL:
        words += [text for bit, text in _VIOLATIONS.items() if padded[2] & bit] or ["protocol violation"]
    if padded[6] or padded[7]:
        words.append(f"error counters: transmit {padded[6]}, receive {padded[7]}")
    return BusError(
        text=", ".join(words) or f"error frame of class 0x{can_id & ALL_ERRORS:X}",
        bus_off=bool(can_id & BUS_OFF),
        restarted=bool(can_id & RESTARTED),
        lost=lost,
    )
