"""Results as the record and the reports take them: a verdict with its reasons, per shot and per scenario."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Self

from bench.measure.finding.base import Finding
from bench.measure.interval import Measurement
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass, at_least_known

FEWEST_FOR_P99 = 299  # Wilks: whose largest bounds 99 % of all with 95 % confidence
FEWER_THAN_299 = "fewer-than-299"
_MUST_REACH = "must_reach"


class Verdict(IntEnum):
    """Within a shot worst wins (ETSI ES 201 873-1). FAIL blames the DUT, ERROR the bench. BLOCKED: not possible.

    GAP: the DUT fails in the one way that the scenario's [known_gap] names, within its bound and before its date.
    """

    NONE = 0
    PASS = 1
    GAP = 2
    BLOCKED = 3
    INCONCLUSIVE = 4
    FAIL = 5
    ERROR = 6

    @property
    def expected(self) -> bool:
        """The shot passed, or failed in the way that is known. A GAP is expected, but it is no pass."""
        return self in (Verdict.PASS, Verdict.GAP)

    @property
    def decided(self) -> bool:
        """It says something of the DUT."""
        return self in (Verdict.PASS, Verdict.GAP, Verdict.FAIL)


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict for several shots or scenarios. A FAIL stays a FAIL beside an ERROR; else the worst verdict wins."""
    found = set(verdicts)
    return Verdict.FAIL if Verdict.FAIL in found else max(found, default=Verdict.NONE)


class Held(StrEnum):
    """AGAINST: it makes the verdict. NOT_HELD: seen, but not held against the DUT.

    SEEN: told of a DUT that had to fail. NOTED: a warning beside the verdict.
    """

    AGAINST = "against"
    NOT_HELD = "not-held"
    SEEN = "seen"
    NOTED = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A finding as a reason of a verdict. count, shots: of a scenario's verdict, in how many of its shots.

    Reasons are alike where the finding is about the same thing; figures differ from shot to shot.
    """

    finding: Finding
    held: Held = Held.AGAINST
    count: int | None = None
    shots: int | None = None

    def alike(self) -> tuple[object, ...]:
        return (self.held, *self.finding.alike())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and why. The most telling reason stands first."""

    verdict: Verdict
    reasons: tuple[Reason, ...]

    @classmethod
    def of(cls, verdict: Verdict, *findings: Finding) -> Self:
        return cls(verdict=verdict, reasons=tuple(Reason(finding=one) for one in findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotResult:
    """One attempt. `digest`: the Trace's; `phase_ns`: injection phase swept; `folder`: inside the run's.

    identity: the build as the DUT itself named it, "" where it was not asked.
    stratum: which of the equal parts of the swept phase it has; place: in the order in which its scenario's shots were
    fired, both from 0. None: an older release, which fired in the order of the index, or no campaign fired it.
    """

    index: int
    seed: int
    phase_ns: int
    judgement: Judgement
    measurement: Measurement | None
    digest: str
    folder: str
    simulated_ns: int
    identity: str = ""
    stratum: int | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyStatistics:
    """Each figure is an interval: its value on the lower ends and its value on the upper ends, in ns.

    confidence_95: the largest confidence with which max(high) bounds 95 % of all latencies: 1 - 0.95**n. It assumes
    independent shots. spread_p: how often well spread shots would look as bunched as these; None if not known.
    p99_low_ns, p99_high_ns: None below FEWEST_FOR_P99 latencies, because their largest bounds no 99 % of all.
    why_no_p99 says so, for results of older releases too.
    """

    n: int
    min_low_ns: int
    p50_low_ns: int
    p50_high_ns: int
    p95_low_ns: int
    p95_high_ns: int
    p99_low_ns: int | None
    p99_high_ns: int | None
    max_low_ns: int
    max_high_ns: int
    confidence_95: float
    spread_p: float | None = None
    why_no_p99: str = ""

    def __post_init__(self) -> None:
        if self.n < FEWEST_FOR_P99:
            for name, value in (("p99_low_ns", None), ("p99_high_ns", None), ("why_no_p99", FEWER_THAN_299)):
                object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A safety goal's times in ns, with provenance (from scenarios/budgets.toml).

    severity, exposure, controllability: the hazard's classes ("S3" …), None where the file gives none. hazard_whys:
    the reasons for these three, "" where none is given. hazard_source: where they come from. hazard_given: a hazard
    analysis gives them; else they are assumed. inherits: goals that the classes are taken from.
    coverage, confidence: the claim on the share of faults handled that a campaign has to support (both 0 to 1).
    of: the goal that this section lends longer times to; "" for a goal. probe: what would show that goal's own times.
    derivation: why the longer times are safe; "" where no reason is given.
    eotti_ns: how long emergency operation may last, None for a goal without it. emergency_states: safe states of the
    profile in which emergency operation continues.
    owner: who answers for the FTTI; "" where nobody does.
    accepts: states of the profile that are at least as safe as `safe_state`; accepts_why: why they are.
    ordinary_ns: FTTI, FDTI and FRTI of the goal on all chemistries, where this chemistry has a longer time that is
    not `given`; else ().
    """

    safety_goal: str
    title: str
    asil: str
    ftti_ns: int
    fdti_ns: int
    frti_ns: int
    safe_state: str
    provenance: str
    latched: bool = False
    severity: str | None = None
    exposure: str | None = None
    controllability: str | None = None
    coverage: float = 0.95
    confidence: float = 0.95
    hazard_source: str = ""
    hazard_given: bool = False
    hazard_whys: tuple[str, str, str] = ("", "", "")
    inherits: tuple[str, ...] = ()
    of: str = ""
    probe: str = ""
    derivation: str = ""
    eotti_ns: int | None = None
    emergency_states: tuple[str, ...] = ()
    owner: str = ""
    accepts: tuple[str, ...] = ()
    accepts_why: str = ""
    ordinary_ns: tuple[int, ...] = ()

    @property
    def own(self) -> "Budget":
        """With the times that show the goal: longer ones that are only assumed of a chemistry are as if lent."""
        if not self.ordinary_ns:
            return self
        ftti_ns, fdti_ns, frti_ns = self.ordinary_ns
        return replace(self, ftti_ns=ftti_ns, fdti_ns=fdti_ns, frti_ns=frti_ns, ordinary_ns=())

    @property
    def classes_assumed(self) -> bool:
        return self.severity is not None and not self.hazard_given

    @property
    def fhti_ns(self) -> int:
        return self.fdti_ns + self.frti_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """All attempts of one scenario at one operating point on one timebase, and what they add up to.

    floor_ns, ceiling_ns: the window that the DUT's published debounce predicts for the FDTI; None without such a
    debounce.
    derivation: how the test was found, in the words of S-CORE's DerivationTechnique; "" where it is not given.
    test_type: S-CORE's TestType.
    safe_state: the state of the profile up to which the FHTI is measured.
    performs: clauses whose stimulus and end the scenario applies. standards: clauses that it only touches.
    fully_verifies: False where it covers its requirements only in part.
    own_times: the times of the safety goal itself, where `budget` holds those that another section lends.
    mismatch: the BMS and the pack that do not fit, where every shot has to fail; "" for every other scenario.
    under_format_2: the verdict that a file of format 1 would have under format 2, where it is another one.
    file, line: where the scenario's id stands, relative to the root of its repository; line 0 where it was not
    recorded.
    """

    scenario_id: str
    title: str
    file: str
    aim: str
    timebase: Timebase
    budget: Budget
    requirements: tuple[str, ...]
    standards: tuple[str, ...]
    shots: tuple[ShotResult, ...]
    judgement: Judgement
    fdti: LatencyStatistics | None
    fhti: LatencyStatistics | None
    notes: tuple[str, ...]
    operating_point: str = ""
    floor_ns: int | None = None
    ceiling_ns: int | None = None
    fully_verifies: bool = True
    derivation: str = "requirements-analysis"
    test_type: str = "fault-injection"
    safe_state: str = ""
    performs: tuple[str, ...] = ()
    mismatch: str = ""
    own_times: Budget | None = None
    line: int = 0
    under_format_2: Judgement | None = None

    @property
    def serves_goal(self) -> bool:
        """True unless it is a deliberate mismatch, which does not test the DUT, or a request, which concerns no
        safety.
        """
        return not self.mismatch and self.aim != _MUST_REACH


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantResult:
    """A variant of a scenario, fired once. levels: by dimension, all of them, the scenario's own among them.

    Its shot is coverage: it is in the n of no bound and of no goal, and so it is no ScenarioResult.
    """

    variant_id: str
    scenario_id: str
    levels: dict[str, str]
    shot: ShotResult

    @property
    def verdict(self) -> Verdict:
        return self.shot.judgement.verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSpace:
    """One scenario's space. variants: how many it has. pairs, triples: combinations that are possible, and those that
    decided shots have covered. never, not_possible: levels and pairs that cannot be, counted by their reason.
    """

    scenario_id: str
    variants: int
    pairs: int
    pairs_covered: int
    triples: int
    triples_covered: int
    never: dict[str, int]
    not_possible: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceResult:
    """The space of a run. without: scenarios that have to trip and have no variants, and why.

    dimensions: levels by dimension. triples_of_all: triples of all dimensions, not of mode, depth and second fault
    alone; both where the ASIL is C or D.
    """

    dimensions: dict[str, tuple[str, ...]]
    scenarios: tuple[ScenarioSpace, ...]
    without: dict[str, str]
    triples_of_all: bool
    variants: tuple[VariantResult, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict of all fired variants together."""
        return together(one.verdict for one in self.variants)

    def why_not(self) -> list[tuple[str, int]]:
        """Every reason with the number of levels and pairs that cannot be for it, the most frequent first."""
        found: dict[str, int] = {}
        for one in self.scenarios:
            for why, count in (*one.never.items(), *one.not_possible.items()):
                found[why] = found.get(why, 0) + count
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One `hil run`: the header's facts and every scenario's result. took_ns: on the clock of this machine.

    rules: the version of the rules by which it was judged. evidence: its class, None where an older release kept none.
    mismatch: the BMS and the pack that do not fit, in the whole run (`--firmware-chemistry`); "" in every other one.
    space: variants of the scenarios, and what they cover; None where none were asked for.
    """

    run_id: str
    started_utc: str
    timebase: Timebase
    seed: int
    bench_version: str
    firmware: str
    firmware_identity: str
    chemistry: str
    hashes: dict[str, str]
    environment: dict[str, str]
    scenarios: tuple[ScenarioResult, ...]
    aborted: str | None
    took_ns: int | None = None
    rules: int = 1
    evidence: EvidenceClass | None = None
    mismatch: str = ""
    space: SpaceResult | None = field(default=None, metadata={"left_out_empty": True})

    @property
    def evidence_class(self) -> EvidenceClass:
        """Never better than what is known: without one it was no board."""
        return self.evidence if self.evidence is not None else at_least_known(self.timebase)

    @property
    def verdict(self) -> Verdict:
        """The verdict of all scenarios together. A run that was ended early is never PASS: some scenarios have not
        been run.
        """
        of_space = () if self.space is None else (one.verdict for one in self.space.variants)
        found = together((*(s.judgement.verdict for s in self.scenarios), *of_space))
        return Verdict.INCONCLUSIVE if self.aborted is not None and found.expected else found
