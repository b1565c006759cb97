"""A scenario: what is set up, done and expected. Expressions stay unresolved until the DUT is known."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.codec.uds_pattern import AnswerPattern
from bench.faults.expression import Expression
from bench.faults.port import Fault, Kind
from bench.measure.ending import EndQuestion
from bench.measure.plan import Aim, GapBound
from bench.plant.drive_cycle import DriveCycle
from bench.plant.load_trace import LoadTrace

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectText:
    """An injection whose values still name thresholds: a fault of the catalogue and its table, shape-checked.

    duration_ns: the bench clears it after this time, before the next step; None: it stays. ttl_ns: the rig clears it
    by itself after this time.
    """

    kind: Kind
    shape: "InjectShape"
    duration_ns: int | None
    ttl_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject:
    """An injection with its numbers. `step` is its place in the file, from 0.

    before_start: it is there before the DUT starts, and is not what is measured.
    """

    kind: str
    fault: Fault
    duration_ns: int | None
    ttl_ns: int
    step: int
    before_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Ask the DUT for a mode; `mode_value` is the number on the bus, -1 until resolved."""

    mode: str
    mode_value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A step that lets time pass."""

    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveText:
    """A load that may name a threshold ("oc_continuous - 20 A"). `step` is its place in the file, from 0."""

    current: Expression
    step: int
    beyond: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """Load the pack with `current_a` (> 0 discharges). `step` is its place in the file, from 0."""

    current_a: float
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReset:
    """The vehicle asks the DUT to forget its faults: pressed for `duration_ns`, then let go."""

    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleText:
    """A drive cycle, or a part of it, `repeat` times. `scale` of its current; until_ns None: to its end."""

    name: str
    cycle: DriveCycle
    scale: float
    repeat: int
    from_ns: int
    until_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayText:
    """A recorded current as a load, before a pack bounds it. sources: the recording, and its DBC where it has one."""

    name: str
    trace: LoadTrace
    sources: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateText:
    """Discharge by `swing` of the cell's capacity, charge by as much, and so on: a load that heats the pack.

    The first discharge takes twice as much: no charge leads back to where a voltage limit ends it. Both currents > 0.
    """

    discharge: Expression
    charge: Expression
    swing: float
    lasts_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Load the pack as `trace` says. `note`: what of it the pack's limits have cut off. sources: its files."""

    name: str
    trace: LoadTrace
    note: str
    sources: tuple[Path, ...]
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantVoltage:
    """Charge with `current_a` until the fullest cell has `voltage`, hold that until below `cutoff_a`. Both > 0."""

    voltage: Expression
    current_a: float
    cutoff_a: float
    at_most_ns: int
    step: int
    voltage_v: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """The car stands switched off for `duration_ns` of the pack's life, which costs the shot no time of its own.

    `mode_value`: of "off" on the bus, -1 until resolved.
    """

    duration_ns: int
    mode_value: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnose:
    """A diagnostic request, and what its answer has to look like. `step` is its place in the file, from 0."""

    request: bytes
    answer: AnswerPattern
    step: int


Step = Inject | Request | Wait | Drive | FaultReset | Follow | ConstantVoltage | Park | Diagnose
StepText = (
    InjectText
    | Request
    | Wait
    | DriveText
    | FaultReset
    | CycleText
    | ReplayText
    | AlternateText
    | ConstantVoltage
    | Park
    | Diagnose
)


def longest_ns(steps: Iterable[Step]) -> int:
    """How long the steps last at most."""
    total_ns = 0
    for step in steps:
        match step:
            case Wait(duration_ns=duration_ns) | FaultReset(duration_ns=duration_ns):
                total_ns += duration_ns
            case Inject(duration_ns=lasts_ns):
                total_ns += lasts_ns or 0
            case Follow(trace=trace):
                total_ns += trace.lasts_ns
            case ConstantVoltage(at_most_ns=at_most_ns):
                total_ns += at_most_ns
    return total_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaches:
    """A state of charge that fits any chemistry: from it, `current_a` (> 0 discharges) takes a cell to `voltage`
    in `after_ns`. `voltage_v` is None until the thresholds are known."""

    voltage: Expression
    current_a: float
    after_ns: int
    voltage_v: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The state from which the steps begin. `soc` 0..1, None: the bench's own; `current_a` > 0 discharges.

    `reaches` says the SoC by what happens from there; then `soc` is None. soh: capacity left of the nominal one.
    polarised_by_a: the current (> 0 discharged) that the pack comes from without any rest: a DUT that boots on it
    sees voltages that are not those of its charge. beyond: on purpose one in which the DUT has to trip.
    hysteresis: whether the cells' voltage remembers which way they came; None: as the bench's pack has it.
    current: what `current_a` is made of once the thresholds are known, where it names one.
    control: modes that the DUT has to enter and leave again first, so that it is known to obey.
    """

    mode: str
    soc: float | None
    current_a: float
    reaches: Reaches | None = None
    soh: float = 1.0
    polarised_by_a: float = 0.0
    beyond: bool = False
    hysteresis: bool | None = None
    current: Expression | None = None
    control: tuple[str, ...] = ()


Also = str | int  # a flag or an output of the profile, or a trouble code


@dataclass(frozen=True, slots=True, kw_only=True)
class StateText:
    """A further safe state of which the time since the onset is measured, and judged where it has bounds; ns."""

    name: str
    at_least_ns: int | None = None
    at_most_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """must_trip: what the DUT has to do. floor/ceiling_ns: None with `*_from_profile` False sets no bound.

    also: flags, outputs and trouble codes that may come with it.
    step: the injection that is measured, from 0; None: the first.
    dtc_status: bits that the flag's DTC must have at the end of the window, read by UDS.
    states: safe states beside `safe_state`, which is the one that the budget is about.
    e2e: wrong protection of what the DUT sends is a FAIL, not just an anomaly.
    """

    flag: str
    also: tuple[Also, ...]
    safe_state: str
    onset: str
    step: int | None
    hold_ns: int
    window_ns: int
    floor_ns: int | None
    floor_from_profile: bool
    ceiling_ns: int | None
    ceiling_from_profile: bool
    forbidden: tuple[str, ...]
    dtc_status: tuple[str, ...] = ()
    e2e: bool = False
    states: tuple[StateText, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """must_not_trip: how long the DUT has to stay quiet, and the named tests that count as noise. also: may come.

    step: the injection that is meant, from 0, of a twin; None: the first.
    reaches_ns: within this time the last request has to be obeyed; None: that is not asked.
    """

    window_ns: int
    forbidden: tuple[str, ...]
    e2e: bool = False
    also: tuple[Also, ...] = ()
    step: int | None = None
    reaches_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateText:
    """An estimate to be scored: a role of the profile, which of the DUT's promises count, and from when on."""

    role: str
    asks: tuple[str, ...]
    after_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndText:
    """What ends a protection test: as `asked`, but the temperature may name a threshold.

    stops: outputs of the profile: the limits that are told as 0 A where the DUT asks for the current to stop.
    """

    asked: EndQuestion
    hotter_than: Expression | None
    stops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Shots at `repeat` injection phases spread over `phase_ns` of a DUT cycle."""

    phase_ns: int
    repeat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGap:
    """A failure that is expected up to `bound`, and who answers for it until when (a date, ISO 8601).

    chemistries: of the packs on which it is expected; empty: on any. of_twin: of the scenario that a twin was made
    from; what it names may be seen in the twin, and need not be.
    """

    owner: str
    reason: str
    until: str
    bound: GapBound
    chemistries: tuple[str, ...] = ()
    of_twin: bool = False

    def applies_to(self, chemistry: str) -> bool:
        return not self.chemistries or chemistry in self.chemistries


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A BMS on a pack that it was not made for: chemistries of both, and what it would let happen, in words."""

    pack: str
    firmware: str
    hazard: str

    @property
    def words(self) -> str:
        return f"a BMS made for {self.firmware} on a pack of {self.pack}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One file, checked as far as possible without the DUT. `lines`: place ("step.0.voltage") to line.

    format: 1: what the DUT says beside what is expected is told only; 2: it is a wrong report.
    budget: section of budgets.toml whose times count, where they are not those of the safety goal itself.
    lane: "long" is left out of a run of the whole library, visibly, unless it is asked for.
    mismatch: it brings pack and firmware along, has no twins, and passes where every shot fails.
    not_for: chemistry of the pack to the reason why it says nothing there.
    no_twins: why it has none; twins_left_out: kind of twin to the reason why it makes no sense here.
    space_left_out: why no variants are made of it; space_skips: level of a dimension to the reason why it has none.
    provenance: where it comes from, where no person wrote it. hunt: bounds of what a hunt may vary, by name.
    twin_of, twin_kind: of a scenario that was made from another one.
    performs: clauses whose stimulus and end it applies; standards: those that it only touches.
    derivation: how it was found; "" where its file says neither that nor a requirement.
    hint: an old word in its file that is still read, and the present one; "" for none.
    """

    file: Path
    id: str
    title: str
    safety_goal: str
    aim: Aim
    standards: tuple[str, ...]
    requirements: tuple[str, ...]
    needs: tuple[str, ...]
    start: Start
    steps: tuple[StepText, ...]
    expect: Expect | None
    quiet: Quiet | None
    sweep: Sweep
    lines: dict[str, int]
    budget: str | None = None
    lane: str = "short"
    end: EndText | None = None
    estimates: tuple[EstimateText, ...] = ()
    derivation: str = "requirements-analysis"
    fully_verifies: bool = True
    known_gap: KnownGap | None = None
    mismatch: Mismatch | None = None
    not_for: dict[str, str] = field(default_factory=dict)
    no_twins: str | None = None
    twins_left_out: dict[str, str] = field(default_factory=dict)
    space_left_out: str | None = None
    space_skips: dict[str, str] = field(default_factory=dict)
    provenance: str = ""
    hunt: dict[str, str] = field(default_factory=dict)
    twin_of: str = ""
    twin_kind: str = ""
    format: int = 1
    hint: str = ""
    performs: tuple[str, ...] = ()
