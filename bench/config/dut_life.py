"""The DUT's life as facts: start, flash, reset, power, identity. Commands are the user's own."""

from dataclasses import dataclass
from pathlib import Path

from bench.config.options import NO_OPTIONS, Options
from bench.units import NS_PER_S

ANSWER_NS = 30 * NS_PER_S  # the most crowded machine's


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCommand:
    """Words of a command line, with {placeholders}: see bench.dut.board.Words."""

    words: tuple[str, ...]
    timeout_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerConfig:
    """What switches the DUT's supply: two commands, a relay or a supply. Between off and on lies `off_time_ns`."""

    off_time_ns: int
    on: LifeCommand | None = None
    off: LifeCommand | None = None
    relay: "RelayConfig | None" = None
    supply: "SupplyConfig | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayConfig:
    """Relay `number` (from 1) of a card on a line of its own carries the supply; a released one cuts it."""

    kind: str
    port: str
    baud: int
    number: int
    options: Options = NO_OPTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyConfig:
    """A pack supply as the DUT's: its output is switched, and its own voltmeter proves both states.

    Off: below `off_below_v` within `settle_ns`. On: at least 95 % of `voltage_v`.
    """

    kind: str
    port: str
    baud: int
    voltage_v: float
    current_a: float
    off_below_v: float
    settle_ns: int
    options: Options = NO_OPTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConfig:
    """How the build is known. by: "can" (the profile's [identity]), "uds" (0x22), "image" (hash of what was flashed).

    expected: a word of what the DUT says of itself; None: whatever it says, but the same in every shot of a run.
    """

    by: str = "can"
    expected: str | None = None
    timeout_ns: int = 5 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class DutConfig:
    """Which DUT: its profile, the firmware's name, and its life on this bench.

    start: "in_process" (a firmware of this project or "module:factory"), "stepped" (`command`, in simulated time),
    "subprocess" (`command`), "external", or the name of a DUT adapter, whose `options` these are.
    ready: "line": the started process prints one when it is ready.
    answer_ns: of real time, how long a stepped process may be silent before it answers.
    folder: where commands are run.
    """

    profile: Path
    firmware: str
    chemistry: str | None = None  # what its limits and OCV table are made for; None: that of the pack
    start: str
    command: tuple[str, ...] = ()
    ready: str = "line"
    answer_ns: int = ANSWER_NS
    folder: Path = Path()
    flash: LifeCommand | None = None
    image: Path | None = None
    reset: LifeCommand | None = None
    reset_by_uds: str | None = None
    power: PowerConfig | None = None
    options: Options = NO_OPTIONS
    identity: IdentityConfig = IdentityConfig()
