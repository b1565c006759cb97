"""ISO 14229-1 as far as a bench needs it: requests, responses, and the bits of a DTC's status."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.errors import BenchError, choices, nearest

# Annex D.2, bit 0 first.
STATUS_BITS = (
    "test_failed",
    "test_failed_this_operation_cycle",
    "pending",
    "confirmed",
    "test_not_completed_since_last_clear",
    "test_failed_since_last_clear",
    "test_not_completed_this_operation_cycle",
    "warning_indicator_requested",
)
SESSIONS = {"default": 1, "programming": 2, "extended": 3}
RESETS = {"hard": 1, "key_off_on": 2, "soft": 3}
ALL_GROUPS = 0xFFFFFF
RECORDED = (
    0xAF  # bits of a code that something has stored; an ECU may list all that it can test, with the others
)
NEWLY_FAILED = (0x01, 0x02)  # bits that come up when a stored code fails anew
PENDING = 0x78
_REFUSALS = {
    0x10: "general reject", 0x11: "service not supported", 0x12: "sub-function not supported",
    0x13: "incorrect message length or invalid format", 0x14: "response too long", 0x21: "busy, repeat request",
    0x22: "conditions not correct", 0x24: "request sequence error", 0x31: "request out of range",
    0x33: "security access denied", 0x72: "general programming failure", 0x78: "response pending",
    0x7E: "sub-function not supported in this session", 0x7F: "service not supported in this session",
}  # fmt: skip


class UdsRefused(BenchError):
    """A negative response; `code` is its NRC."""

    def __init__(self, service: int, code: int) -> None:
        self.code = code
        super().__init__(
            f"UDS 0x{service:02X} was refused: 0x{code:02X}, {_REFUSALS.get(code, 'unknown reason')}"
        )


class UdsBroken(BenchError):
    """A response that does not answer the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDtc:
    """One stored code (24 bit) with its status byte."""

    code: int
    status: int

    @property
    def bits(self) -> tuple[str, ...]:
        return status_bits(self.status)

    @property
    def recorded(self) -> bool:
        """Whether the memory holds it, and does not just name what can be tested."""
        return bool(self.status & RECORDED)


def status_bits(status: int) -> tuple[str, ...]:
    """The names of the bits that are set."""
    return tuple(name for bit, name in enumerate(STATUS_BITS) if status >> bit & 1)


def status_mask(names: Iterable[str]) -> int:
    """The status bits with these names (ISO 14229-1 D.2). Raises ValueError for an unknown name."""
    mask = 0
    for name in names:
        if name not in STATUS_BITS:
            raise ValueError(
                f"found '{name}'; expected {choices(name, STATUS_BITS)}{nearest(name, STATUS_BITS)}"
            )
        mask |= 1 << STATUS_BITS.index(name)
    return mask


def session(name: str) -> bytes:
    """The request for a diagnostic session (ISO 14229-1, 0x10). name: a key of SESSIONS."""
    return bytes((0x10, SESSIONS[name]))


def reset(name: str) -> bytes:
    """The request for a reset (ISO 14229-1, 0x11). name: a key of RESETS."""
    return bytes((0x11, RESETS[name]))


def clear_dtcs(group: int = ALL_GROUPS) -> bytes:
    """The request to clear stored trouble codes (ISO 14229-1, 0x14). group: 24 bit."""
    return b"\x14" + group.to_bytes(3, "big")


def read_dtcs(mask: int = 0xFF) -> bytes:
    """Report DTC by status mask."""
    return bytes((0x19, 0x02, mask))


def read_extended(code: int, record: int) -> bytes:
    """Report a code's extended data record."""
    return b"\x19\x06" + code.to_bytes(3, "big") + bytes((record,))


def read_data(identifier: int) -> bytes:
    """The request for a data record (ISO 14229-1, 0x22). identifier: 16 bit."""
    return b"\x22" + identifier.to_bytes(2, "big")


def tester_present(*, silent: bool = True) -> bytes:
    """`silent`: a positive response is not wanted."""
    return bytes((0x3E, 0x80 if silent else 0x00))


def is_pending(request: bytes, response: bytes) -> bool:
    """Whether the response says that the answer to this request comes later (0x78)."""
    return len(response) == 3 and response[0] == 0x7F and response[1] == request[0] and response[2] == PENDING


def answers(request: bytes, response: bytes) -> bool:
    """Whether this is the answer, positive or negative, to this request."""
    if len(response) >= 3 and response[0] == 0x7F:
        return response[1] == request[0]
    return bool(response) and response[0] == request[0] + 0x40


def checked(request: bytes, response: bytes) -> bytes:
    """What follows the echoed service (and sub-function or identifier). UdsRefused, or UdsBroken for a strange echo."""
    if response[:1] == b"\x7f" and len(response) >= 3:
        raise UdsRefused(response[1], response[2])
    echoed = {0x22: 2, 0x2E: 2, 0x14: 0}.get(request[0], 1)
    echo = bytes((request[0] + 0x40,)) + request[1 : 1 + echoed]
    if response[: len(echo)] != echo:
        raise UdsBroken(
            f"UDS {request.hex(' ')} was answered with {response.hex(' ')}; expected {echo.hex(' ')} …"
        )
    return response[len(echo) :]


def dtcs_in(body: bytes) -> tuple[StoredDtc, ...]:
    """The body of a 0x19 0x02 response. UdsBroken when it is no list of codes."""
    if not body or (len(body) - 1) % 4:
        raise UdsBroken(f"0x19 0x02 answered with {len(body)} bytes; expected 1 and 4 for every code")
    return tuple(
        StoredDtc(code=int.from_bytes(body[at : at + 3], "big"), status=body[at + 3])
        for at in range(1, len(body), 4)
    )


def occurrences_in(body: bytes, code: int, record: int) -> int | None:
    """The body of a 0x19 0x06 response as a count: the whole record, big-endian. None: the code has no such record."""
    if len(body) < 4 or int.from_bytes(body[:3], "big") != code:
        raise UdsBroken(
            f"0x19 0x06 answered with {body.hex(' ')}; expected {code:06X}, its status and the record"
        )
    if len(body) > 5 and body[4] == record:
        return int.from_bytes(body[5:], "big")
    return None
