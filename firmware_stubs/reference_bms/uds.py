"""Diagnostics of the BMS: a small UDS server over ISO-TP. It answers in the next base task."""

from collections.abc import Callable

from bench.codec import isotp
from bench.trace.events import CanFrame
from firmware_stubs.reference_bms.dtc_memory import DtcMemory

REQUEST_ID = 0x7E0
RESPONSE_ID = 0x7E8
_STATUS_AVAILABLE = 0xFF
_SESSIONS = (1, 2, 3)
_RESETS = (1, 2, 3)
SOFTWARE_VERSION, SOFTWARE_NUMBER = 0xF195, 0xF189
OCCURRENCES = 0x01  # the extended data record of every code
SESSION_TIMEOUT_NS = 5_000_000_000  # S3


class UdsServer:
    """`reset` is called once the answer to 0x11 is out."""

    def __init__(self, dtcs: DtcMemory, identity: str, version: str, reset: Callable[[], None]) -> None:
        self._dtcs = dtcs
        self._records = {SOFTWARE_VERSION: version.encode("ascii"), SOFTWARE_NUMBER: identity.encode("ascii")}
        self._reset = reset
        self._parts = isotp.Reassembler()
        self._out: list[bytes] = []  # frames that may go
        self._held: list[bytes] = []  # consecutive frames that wait for a flow control
        self._later: Callable[[], bytes] | None = None  # work announced with "response pending"
        self._resetting = False
        self.session = 1
        self._heard_ns = 0

    def receive(self, now_ns: int, data: bytes) -> None:
        self._heard_ns = now_ns
        try:
            flow = isotp.read_flow_control(data)
            if flow is not None:
                if flow.status is isotp.FlowStatus.CONTINUE:
                    count = flow.block or len(self._held)
                    self._out += self._held[:count]
                    self._held = self._held[count:]
                return
            request = self._parts.feed(data)
        except isotp.IsoTpError:
            return  # as a controller does: what cannot be a request is none
        if self._parts.wants_flow_control:
            self._out.append(isotp.flow_control())
        if request:
            self._answer(self._respond(request))

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        if self.session != 1 and now_ns - self._heard_ns > SESSION_TIMEOUT_NS:
            self.session = 1
        frames, self._out = self._out, []
        if self._later is not None:
            later, self._later = self._later, None
            self._answer(later())
        elif self._resetting:
            self._resetting = False
            self._reset()
        return [("vehicle", CanFrame(RESPONSE_ID, data)) for data in frames]

    def _answer(self, response: bytes) -> None:
        if response:
            first, *rest = isotp.segment(response)
            self._out.append(first)
            self._held = rest

    def _respond(self, request: bytes) -> bytes:
        service = request[0]
        handler = {
            0x10: self._session_control, 0x11: self._ecu_reset, 0x14: self._clear, 0x19: self._read_dtcs,
            0x22: self._read_data, 0x3E: self._tester_present,
        }.get(service)  # fmt: skip
        return handler(request) if handler is not None else _refuse(service, 0x11)

    def _session_control(self, request: bytes) -> bytes:
        if len(request) != 2:
            return _refuse(0x10, 0x13)
        if request[1] & 0x7F not in _SESSIONS:
            return _refuse(0x10, 0x12)
        self.session = request[1] & 0x7F
        return _unless_silent(
            request, bytes((0x50, self.session, 0x00, 0x32, 0x01, 0xF4))
        )  # P2 50 ms, P2* 5 s

    def _ecu_reset(self, request: bytes) -> bytes:
        if len(request) != 2:
            return _refuse(0x11, 0x13)
        if request[1] & 0x7F not in _RESETS:
            return _refuse(0x11, 0x12)
        self._resetting = True
        return _unless_silent(request, bytes((0x51, request[1] & 0x7F)))

    def _clear(self, request: bytes) -> bytes:
        """Clearing writes to flash: announced, then done."""
        if len(request) != 4:
            return _refuse(0x14, 0x13)
        group = int.from_bytes(request[1:], "big")
        if group != 0xFFFFFF and group not in self._dtcs:
            return _refuse(0x14, 0x31)

        def clear() -> bytes:
            self._dtcs.clear(None if group == 0xFFFFFF else group)
            return b"\x54"

        self._later = clear
        return _refuse(0x14, 0x78)

    def _read_dtcs(self, request: bytes) -> bytes:
        if len(request) > 1 and request[1] == 0x06:
            return self._read_extended(request)
        if len(request) != 3:
            return _refuse(0x19, 0x13)
        mask = request[2]
        found = [entry for entry in self._dtcs.entries() if entry[1] & mask]
        if request[1] == 0x01:
            return bytes((0x59, 0x01, _STATUS_AVAILABLE, 0x01)) + len(found).to_bytes(2, "big")
        if request[1] == 0x02:
            codes = b"".join(code.to_bytes(3, "big") + bytes((status,)) for code, status in found)
            return bytes((0x59, 0x02, _STATUS_AVAILABLE)) + codes
        return _refuse(0x19, 0x12)

    def _read_extended(self, request: bytes) -> bytes:
        """One record: how often the code has occurred."""
        if len(request) != 6:
            return _refuse(0x19, 0x13)
        code = int.from_bytes(request[2:5], "big")
        if code not in self._dtcs or request[5] not in (OCCURRENCES, 0xFF):
            return _refuse(0x19, 0x31)
        status, occurrences = self._dtcs.of(code)
        return bytes((0x59, 0x06)) + request[2:5] + bytes((status, OCCURRENCES, occurrences))

    def _read_data(self, request: bytes) -> bytes:
        if len(request) != 3:
            return _refuse(0x22, 0x13)
        record = self._records.get(int.from_bytes(request[1:], "big"))
        return _refuse(0x22, 0x31) if record is None else b"\x62" + request[1:] + record

    def _tester_present(self, request: bytes) -> bytes:
        if len(request) != 2:
            return _refuse(0x3E, 0x13)
        return _unless_silent(request, b"\x7e\x00")


def _refuse(service: int, code: int) -> bytes:
    return bytes((0x7F, service, code))


def _unless_silent(request: bytes, response: bytes) -> bytes:
    return b"" if request[1] & 0x80 else response
