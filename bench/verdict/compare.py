"""Two builds side by side: the absolute verdict (budget) and the relative one (has it moved?), kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.measure.interval import Interval
from bench.timing.evidence_class import CLASS_WORDS
from bench.verdict.enough import shots_that_decide
from bench.verdict.paired import Pairs, pairs
from bench.verdict.result import RunResult, ScenarioResult, Verdict
from bench.verdict.sampling import bunched, sampled
from bench.verdict.shift import Change, Shift, classify, holm, measure_shift
from bench.verdict.spread import spread_p
from bench.verdict.tail import fisher_more

RELEVANT_SHARE = 0.02  # of the base's median: a smaller shift is no news to anybody
RELEVANT_LEAST_NS = 1_000_000
RELEVANT_OF_MARGIN = (
    0.25  # of what BASE's tail leaves of the budget: so much less is news, however small it is
)
_COARSE = (
    2  # times what the DUT's reporting hides: a smaller shift cannot be told from none by any number of shots
)
ALPHA = 0.05  # chance of any false alarm in one comparison of two equal builds
_GOOD = ("PASS", "GAP")  # by name: a known gap is no failure
_DECIDED = (*_GOOD, "FAIL")
_NOT_THE_DUT = ("ERROR", "BLOCKED", "NONE")
# Inputs that make up the rig: their content must be the same for two runs to share a table.
_RIG = ("rig", "profile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """FDTI or FHTI of one scenario in both builds. The p values are corrected for all tests of the comparison.

    budget_ns: the scenario's budget, which bounds the tail.
    within_ns: the largest shift that counts as the same: the relevant size, or the DUT's reporting grid where that is
    coarser.
    shots: number per build that would decide the open question; None where no number would, or nothing is open.
    paired: number of pairs under one seed that show sameness shot by shot; 0 where it is not shown that way.
    """

    scenario_id: str
    name: str
    shift: Shift
    budget_ns: int
    relevant_ns: float
    p_location: float
    p_tail: float
    change: Change
    within_ns: float
    shots: int | None = None
    paired: int = 0

    @property
    def undecided(self) -> bool:
        return self.change in (Change.UNDECIDED, Change.LOOKS_SLOWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """How many decided attempts went wrong in both builds, and whether significantly more did in NEW.

    Wrong is a FAIL, and for a chemistry mismatch a PASS. ERROR, BLOCKED and INCONCLUSIVE are no statement about a
    build and do not count.
    """

    scenario_id: str
    base_bad: int
    base_n: int
    new_bad: int
    new_n: int
    p: float
    worse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`refused`: reasons against comparing at all. `left_out`: scenarios not compared, each with its reason.

    altered: one of the two runs is not as it was written.
    """

    base: RunResult
    new: RunResult
    refused: tuple[str, ...]
    left_out: tuple[str, ...]
    metrics: tuple[Metric, ...]
    handled: tuple[Handled, ...]
    altered: bool = False

    @property
    def regressions(self) -> tuple[str, ...]:
        """What became worse, in words."""
        slow = [
            f"{m.scenario_id}: {m.name} is {m.change.value}"
            for m in self.metrics
            if m.change in (Change.SLOWER, Change.WIDER)
        ]
        bad = [
            f"{h.scenario_id}: {h.new_bad} of {h.new_n} attempts failed, {h.base_bad} of {h.base_n} before"
            for h in self.handled
            if h.worse
        ]
        return (*slow, *bad)

    @property
    def undecided(self) -> tuple[Metric, ...]:
        """Latencies of which neither a change nor sameness is shown, those that look slower first."""
        found = [m for m in self.metrics if m.undecided]
        return tuple(sorted(found, key=lambda m: m.change is not Change.LOOKS_SLOWER))

    @property
    def not_judged(self) -> tuple[ScenarioResult, ...]:
        """The shots of NEW that ended with neither a pass nor a failure. They describe no property of the build."""
        return tuple(s for s in self.new.scenarios if s.judgement.verdict.name not in _DECIDED)

    @property
    def unrecorded(self) -> tuple[str, ...]:
        """Scenarios with shots of which nobody knows where in the DUT's cycle they met it: they may be copies."""
        names = dict.fromkeys(m.scenario_id for m in self.metrics)
        both = [s for run in (self.base, self.new) for s in run.scenarios if s.scenario_id in names]
        lacking = {s.scenario_id for s in both if spread_p(s.shots) is None and sampled(s.shots) is not None}
        return tuple(name for name in names if name in lacking)

    @property
    def exit_code(self) -> int:
        """0 nothing worse and NEW passes · 1 worse, or NEW fails a budget · 3 refused, or not decided."""
        if self.refused or not self.handled:
            return 3
        if self.regressions or any(s.judgement.verdict is Verdict.FAIL for s in self.new.scenarios):
            return 1
        return 3 if self.undecided or self.not_judged or self.left_out else 0


def compare(
    base: RunResult, new: RunResult, relevant_ns: int | None = None, altered: Sequence[str] = ()
) -> Comparison:
    """Compare all scenarios that both runs have. `relevant_ns`: smallest shift worth an alarm (default 2 %).

    altered: parts of the two runs that are not as they were written; then nothing is compared.
    """
    refused = tuple(f"ALTERED {line}" for line in altered) or why_not_comparable(base, new)
    both, left_out = ([], []) if refused else _in_both(base, new)
    raw: list[_Raw] = []
    for before, after in both:
        for name in ("FDTI", "FHTI"):
            old, now = _latencies(before, name), _latencies(after, name)
            if old and now:
                budget_ns = after.budget.fdti_ns if name == "FDTI" else after.budget.fhti_ns
                shift = measure_shift(old, now)
                least = _relevant_ns(old, shift, budget_ns) if relevant_ns is None else relevant_ns
                raw.append((after.scenario_id, name, shift, budget_ns, least, pairs(before, after, name)))
    counts = [(after.scenario_id, *_bad(before), *_bad(after)) for before, after in both]
    tails = [fisher_more(a, n, b, m) for _, a, n, b, m in counts]
    shifts = [one[2] for one in raw]
    p = holm([*(s.p_location for s in shifts), *(s.p_tail for s in shifts), *tails])
    k = len(raw)
    metrics = tuple(
        _metric(one, (p[i], p[k + i]), len(p), exactly=relevant_ns is not None) for i, one in enumerate(raw)
    )
    handled = tuple(
        Handled(
            scenario_id=s,
            base_bad=a,
            base_n=n,
            new_bad=b,
            new_n=m,
            p=p[2 * k + i],
            worse=p[2 * k + i] < ALPHA,
        )
        for i, (s, a, n, b, m) in enumerate(counts)
    )
    return Comparison(
        base=base,
        new=new,
        refused=refused,
        left_out=tuple(left_out),
        metrics=metrics,
        handled=handled,
        altered=bool(altered),
    )


_Raw = tuple[
    str, str, Shift, int, float, Pairs
]  # scenario, FDTI or FHTI, shift, budget and relevant size in ns


def _relevant_ns(base: Sequence[Interval], shift: Shift, budget_ns: int) -> float:
    """A share of the base's median; less where the base's tail leaves little of the budget."""
    middle = sorted(one.low_ns + one.high_ns for one in base)[len(base) // 2] / 2
    margin_ns = budget_ns - (shift.tails[-1].base.high_ns or max(one.high_ns for one in base))
    wanted = RELEVANT_SHARE * middle
    return max(RELEVANT_LEAST_NS, min(wanted, RELEVANT_OF_MARGIN * margin_ns) if margin_ns > 0 else wanted)


def _metric(raw: _Raw, p: tuple[float, float], tests: int, *, exactly: bool) -> Metric:
    """exactly: the user has named the size, so nothing coarser counts as the same."""
    scenario, name, shift, budget_ns, least, shot_by_shot = raw
    within = least if exactly else max(least, _COARSE * shift.resolution_ns)
    change = classify(shift, *p, least, ALPHA, within)
    metric = Metric(
        scenario_id=scenario,
        name=name,
        shift=shift,
        budget_ns=budget_ns,
        relevant_ns=least,
        p_location=p[0],
        p_tail=p[1],
        change=change,
        within_ns=within,
    )
    if not metric.undecided:
        return metric
    shown = shot_by_shot.same_within(least, 0 if exactly else _COARSE)
    if change is Change.UNDECIDED and shown is not None:
        return replace(metric, change=Change.SAME, within_ns=shown, paired=len(shot_by_shot.both))
    return replace(metric, shots=shots_that_decide(shift, least, within, tests, ALPHA))


def _in_both(
    base: RunResult, new: RunResult
) -> tuple[list[tuple[ScenarioResult, ScenarioResult]], list[str]]:
    pairs: list[tuple[ScenarioResult, ScenarioResult]] = []
    left_out: list[str] = []
    before = {(s.scenario_id, s.operating_point): s for s in base.scenarios}
    for after in new.scenarios:
        one = before.pop((after.scenario_id, after.operating_point), None)
        key = f"scenario.{after.scenario_id}"
        if one is None:
            left_out.append(f"{after.scenario_id}: not in {base.run_id}")
        elif base.hashes.get(key) != new.hashes.get(key):
            left_out.append(f"{after.scenario_id}: the scenario file differs between the runs")
        elif why := _says_nothing(one, base) or _copies(after, new):
            left_out.append(f"{after.scenario_id}: {why}")
        else:
            pairs.append((one, after))
    left_out += [f"{scenario}: not in {new.run_id}" for scenario, _ in before]
    return pairs, left_out


def _says_nothing(before: ScenarioResult, base: RunResult) -> str:
    """Why nothing can be compared with these shots; "" where something can."""
    if not _bad(before)[1] and not any(_latencies(before, name) for name in ("FDTI", "FHTI")):
        return f"no shot of {base.run_id} was decided ({before.judgement.verdict.name})"
    return _copies(before, base)


def _copies(scenario: ScenarioResult, run: RunResult) -> str:
    if bunched(scenario.shots):
        return f"the shots of {run.run_id} met the DUT at bunched phases of its cycle, so they are copies of fewer"
    return ""


def _latencies(scenario: ScenarioResult, name: str) -> list[Interval]:
    """The latencies of all shots in which the bench was not at fault; a fault of the bench may change what was
    measured.
    """
    measured = [
        shot.measurement
        for shot in scenario.shots
        if shot.measurement is not None and shot.judgement.verdict.name not in _NOT_THE_DUT
    ]
    found = (one.fdti if name == "FDTI" else one.fhti for one in measured)
    return [latency.interval for latency in found if latency is not None]


def _bad(scenario: ScenarioResult) -> tuple[int, int]:
    """(attempts that went wrong, attempts that were decided)."""
    verdicts = [shot.judgement.verdict.name for shot in scenario.shots]
    decided = [name for name in verdicts if name in _DECIDED]
    wrong = _GOOD if scenario.mismatch else ("FAIL",)
    return sum(name in wrong for name in decided), len(decided)


def why_not_comparable(base: RunResult, new: RunResult) -> tuple[str, ...]:
    """Every reason against comparing the two runs. Empty: they can be compared."""
    reasons: list[str] = []
    if base.timebase is not new.timebase:
        reasons.append(f"timebase: {base.timebase.value} against {new.timebase.value}")
    elif base.evidence_class is not new.evidence_class:
        classes = f"{CLASS_WORDS[base.evidence_class]} against {CLASS_WORDS[new.evidence_class]}"
        reasons.append(f"class of evidence: {classes}")
    if base.rules != new.rules:
        reasons.append(f"rules of judging: {base.rules} against {new.rules}")
    if base.chemistry != new.chemistry:
        reasons.append(f"chemistry: {base.chemistry} against {new.chemistry}")
    names = {*base.hashes, *new.hashes}
    keys = [*_RIG, *sorted(name for name in names if name.startswith("dbc."))]
    if "rig" not in base.hashes or "rig" not in new.hashes:
        keys[0] = "config"  # runs of an older bench: the whole bench file has to be the same
    reasons += [
        f"{key}: {(base.hashes.get(key) or 'none')[:12]} against {(new.hashes.get(key) or 'none')[:12]}"
        for key in keys
        if base.hashes.get(key) != new.hashes.get(key)
    ]
    if base.timebase.value != "simulated" and base.environment.get("host") != new.environment.get("host"):
        reasons.append(f"host: {base.environment.get('host')} against {new.environment.get('host')}")
    return tuple(reasons)
