"""Two builds side by side: the absolute verdict (budget) and the relative one (has it moved?), kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.measure.interval import Interval
from bench.verdict.enough import shots_that_decide
from bench.verdict.result import RunResult, ScenarioResult, Verdict
from bench.verdict.shift import Change, Shift, classify, fisher_more, holm, measure_shift

RELEVANT_SHARE = 0.02  # of the base's median: a smaller shift is no news to anybody
RELEVANT_LEAST_NS = 1_000_000
_COARSE = (
    2  # times what the DUT's reporting hides: a smaller shift cannot be told from none by any number of shots
)
ALPHA = 0.05  # chance of any false alarm in one comparison of two equal builds
_GOOD = ("PASS", "GAP")  # by name: a known gap is no failure
_DECIDED = (*_GOOD, "FAIL")
# Inputs that make up the rig: their content must be the same for two runs to share a table.
_RIG = ("rig", "profile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """FDTI or FHTI of one scenario in both builds; p values are corrected for all tests of the comparison.

    within_ns: what counts as the same: the relevant size, and where the DUT reports more coarsely, that.
    shots: of each build that would decide what is not decided; None where none would, or nothing is left to decide.
    """

    scenario_id: str
    name: str
    shift: Shift
    relevant_ns: float
    p_location: float
    p_spread: float
    change: Change
    within_ns: float
    shots: int | None = None

    @property
    def undecided(self) -> bool:
        return self.change in (Change.UNDECIDED, Change.LOOKS_SLOWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """How many decided attempts went wrong in both builds, and whether significantly more did in NEW.

    Wrong: FAIL; of a chemistry mismatch PASS. ERROR, BLOCKED and INCONCLUSIVE say nothing of a build, and do not count.
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
        """Of NEW: what ended with neither a pass nor a failure, which is no property of the build."""
        return tuple(s for s in self.new.scenarios if s.judgement.verdict.name not in _DECIDED)

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

    altered: what of the two is not as it was written; then nothing is compared.
    """
    refused = tuple(f"ALTERED {line}" for line in altered) or why_not_comparable(base, new)
    pairs, left_out = ([], []) if refused else _pairs(base, new)
    raw: list[tuple[str, str, Shift, float]] = []
    for before, after in pairs:
        for name in ("FDTI", "FHTI"):
            old, now = _latencies(before, name), _latencies(after, name)
            if old and now:
                shift = measure_shift(old, now)
                middle = sorted(one.low_ns + one.high_ns for one in old)[len(old) // 2] / 2
                least = max(RELEVANT_LEAST_NS, RELEVANT_SHARE * middle)
                raw.append((after.scenario_id, name, shift, least if relevant_ns is None else relevant_ns))
    counts = [(after.scenario_id, *_bad(before), *_bad(after)) for before, after in pairs]
    tails = [fisher_more(a, n, b, m) for _, a, n, b, m in counts]
    p = holm([*(s.p_location for _, _, s, _ in raw), *(s.p_spread for _, _, s, _ in raw), *tails])
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


def _metric(
    raw: tuple[str, str, Shift, float], p: tuple[float, float], tests: int, *, exactly: bool
) -> Metric:
    """exactly: the user has named the size, so nothing coarser counts as the same."""
    scenario, name, shift, least = raw
    within = least if exactly else max(least, _COARSE * shift.resolution_ns)
    change = classify(shift, *p, least, ALPHA, within)
    metric = Metric(
        scenario_id=scenario,
        name=name,
        shift=shift,
        relevant_ns=least,
        p_location=p[0],
        p_spread=p[1],
        change=change,
        within_ns=within,
    )
    if not metric.undecided:
        return metric
    return replace(metric, shots=shots_that_decide(shift, least, within, tests, ALPHA))


def _pairs(base: RunResult, new: RunResult) -> tuple[list[tuple[ScenarioResult, ScenarioResult]], list[str]]:
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
        else:
            pairs.append((one, after))
    left_out += [f"{scenario}: not in {new.run_id}" for scenario, _ in before]
    return pairs, left_out


def _latencies(scenario: ScenarioResult, name: str) -> list[Interval]:
    measured = (shot.measurement for shot in scenario.shots if shot.measurement is not None)
    found = (one.fdti if name == "FDTI" else one.fhti for one in measured)
    return [latency.interval for latency in found if latency is not None]


def _bad(scenario: ScenarioResult) -> tuple[int, int]:
    """(attempts that went wrong, attempts that were decided)."""
    verdicts = [shot.judgement.verdict.name for shot in scenario.shots]
    decided = [name for name in verdicts if name in _DECIDED]
    wrong = _GOOD if scenario.mismatch else ("FAIL",)
    return sum(name in wrong for name in decided), len(decided)


def why_not_comparable(base: RunResult, new: RunResult) -> tuple[str, ...]:
    """Every reason against comparing the two runs at all; empty where there is none."""
    reasons: list[str] = []
    if base.timebase is not new.timebase:
        reasons.append(f"timebase: {base.timebase.value} against {new.timebase.value}")
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
