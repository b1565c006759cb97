"""`[[always]]` of a profile: the statements that hold in every shot, and what a profile says of one."""

from dataclasses import dataclass
from typing import NamedTuple


class StatementKind(NamedTuple):
    """A statement that can hold. words: what holds. roles: outputs that it needs, all of them. keys: its own keys."""

    words: str
    roles: tuple[str, ...]
    keys: tuple[str, ...] = ()


_TELLS = ("tolerance", "delay")
_NAMES = ("tolerance", "delay", "index_from")

STATEMENTS: dict[str, StatementKind] = {
    "highest-cell": StatementKind(
        "the highest cell voltage told is the highest shown", ("cell_voltage_max",), _TELLS
    ),
    "lowest-cell": StatementKind(
        "the lowest cell voltage told is the lowest shown", ("cell_voltage_min",), _TELLS
    ),
    "mean-cell": StatementKind(
        "the mean cell voltage told is the mean of those shown", ("cell_voltage_mean",), _TELLS
    ),
    "highest-cell-named": StatementKind(
        "the cell named as the highest is the highest shown", ("cell_voltage_max_index",), _NAMES
    ),
    "lowest-cell-named": StatementKind(
        "the cell named as the lowest is the lowest shown", ("cell_voltage_min_index",), _NAMES
    ),
    "hottest-sensor": StatementKind(
        "the highest temperature told is the highest shown", ("temperature_max",), _TELLS
    ),
    "coldest-sensor": StatementKind(
        "the lowest temperature told is the lowest shown", ("temperature_min",), _TELLS
    ),
    "hottest-sensor-named": StatementKind(
        "the sensor named as the hottest is the hottest shown", ("temperature_max_index",), _NAMES
    ),
    "coldest-sensor-named": StatementKind(
        "the sensor named as the coldest is the coldest shown", ("temperature_min_index",), _NAMES
    ),
    "pack-current": StatementKind(
        "the current told is the current shown, with its sign", ("current",), _TELLS
    ),
    "charge-limit-below-trip": StatementKind(
        "the charge current limit is never above the overcurrent trip", ("charge_current_limit",), ("at",)
    ),
    "discharge-limit-below-trip": StatementKind(
        "the discharge current limit is never above the overcurrent trip",
        ("discharge_current_limit",),
        ("at",),
    ),
    "charge-limit-zero-in-error": StatementKind(
        "no charge current is allowed in the error state", ("charge_current_limit", "state"), ("delay",)
    ),
    "discharge-limit-zero-in-error": StatementKind(
        "no discharge current is allowed in the error state", ("discharge_current_limit", "state"), ("delay",)
    ),
    "charge-limit-zero-inhibited": StatementKind(
        "no charge current is allowed while charging is inhibited",
        ("charge_current_limit", "charge_inhibit"),
        ("delay",),
    ),
    "charge-limit-zero-full-cell": StatementKind(
        "no charge current is allowed with a full cell", ("charge_current_limit",), ("at", "delay")
    ),
    "discharge-limit-zero-empty-cell": StatementKind(
        "no discharge current is allowed with an empty cell", ("discharge_current_limit",), ("at", "delay")
    ),
    "discharge-limit-derated": StatementKind(
        "the discharge current limit is reduced while a flag that derates is set",
        ("discharge_current_limit",),
        ("at", "delay", "flags"),
    ),
    "pyro-for-cause": StatementKind(
        "the pyro fuse fires only for a flag that fires it", ("pyro_command",), ("delay",)
    ),
    "no-closing-when-inhibited": StatementKind(
        "no contactor is told to close while a restart is inhibited", ("restart_inhibit",), ("delay",)
    ),
    "no-charging-when-inhibited": StatementKind(
        "charging does not begin while it is inhibited", ("charge_inhibit", "state"), ("delay",)
    ),
    "opening-order": StatementKind(
        "the contactor that opens first is open before the other one",
        ("plus_command", "minus_command"),
        ("first",),
    ),
    "codes-with-their-flags": StatementKind(
        "a trouble code is told only with its flag", ("dtc_code",), ("delay",)
    ),
    "test-failed-heals": StatementKind(
        "a code says 'test failed' only while its flag is set", ("dtc_code", "dtc_status"), ("delay",)
    ),
    "alive-counters": StatementKind("counter and checksum of every protected message are right", ()),
}
"""By name, in the order in which they are told."""

ROLES = tuple(dict.fromkeys(role for kind in STATEMENTS.values() for role in kind.roles))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlwaysSaid:
    """What a profile says of one statement. off: why it does not hold for this DUT; "": it holds.

    tolerance: in SI, added to the steps of the signals. delay_ns: how much later than its cycles and lags say the DUT
    may tell it. at: a threshold or a quantity in place of the usual one. index_from: the first one's number. flags:
    those that derate. first: the contactor that opens first.
    """

    off: str = ""
    tolerance: float = 0.0
    delay_ns: int = 0
    at: str | None = None
    index_from: int = 1
    flags: tuple[str, ...] = ()
    first: str = ""


NOTHING_SAID = AlwaysSaid()
