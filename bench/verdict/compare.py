"""Two builds side by side: the absolute verdict (budget) and the relative one (has it moved?), kept apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.measure.interval import Interval
from bench.verdict.result import RunResult, ScenarioResult, ShotResult, Verdict
from bench.verdict.shift import Change, Shift, classify, fisher_more, holm, measure_shift

RELEVANT_SHARE = 0.02  # of the base's median: a smaller shift is no news to anybody
RELEVANT_LEAST_NS = 1_000_000
ALPHA = 0.05  # chance of any false alarm in one comparison of two equal builds
# Inputs that make up the rig: their content must be the same for two runs to share a table.
_RIG = ("rig", "profile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """FDTI or FHTI of one scenario in both builds; p values are corrected for all tests of the comparison."""

    scenario_id: str
    name: str
    shift: Shift
    relevant_ns: float
    p_location: float
    p_spread: float
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """How many attempts did not pass in both builds, and whether NEW has significantly more."""

    scenario_id: str
    base_bad: int
    base_n: int
    new_bad: int
    new_n: int
    p: float
    worse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`refused`: reasons against comparing at all. `left_out`: scenarios not compared, each with its reason."""

    base: RunResult
    new: RunResult
    refused: tuple[str, ...]
    left_out: tuple[str, ...]
    metrics: tuple[Metric, ...]
    handled: tuple[Handled, ...]

    @property
    def regressions(self) -> tuple[str, ...]:
        """What became worse, in words."""
        slow = [
            f"{m.scenario_id}: {m.name} is {m.change.value}"
            for m in self.metrics
            if m.change in (Change.SLOWER, Change.WIDER)
        ]
        bad = [
            f"{h.scenario_id}: {h.new_bad} of {h.new_n} attempts not passed, {h.base_bad} of {h.base_n} before"
            for h in self.handled
            if h.worse
        ]
        return (*slow, *bad)

    @property
    def exit_code(self) -> int:
        """0 nothing worse and NEW passes · 1 worse, or NEW fails a budget · 3 refused, or not decidable."""
        if self.refused:
            return 3
        if self.regressions or any(s.judgement.verdict is Verdict.FAIL for s in self.new.scenarios):
            return 1
        passed = all(s.judgement.verdict is Verdict.PASS for s in self.new.scenarios)
        return 0 if passed and not self.left_out else 3


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
    counts = [(after.scenario_id, *_bad(before.shots), *_bad(after.shots)) for before, after in pairs]
    tails = [fisher_more(a, n, b, m) for _, a, n, b, m in counts]
    p = holm([*(s.p_location for _, _, s, _ in raw), *(s.p_spread for _, _, s, _ in raw), *tails])
    k = len(raw)
    metrics = tuple(
        Metric(
            scenario_id=scenario,
            name=name,
            shift=shift,
            relevant_ns=least,
            p_location=p[i],
            p_spread=p[k + i],
            change=classify(shift, p[i], p[k + i], least, ALPHA),
        )
        for i, (scenario, name, shift, least) in enumerate(raw)
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
        base=base, new=new, refused=refused, left_out=tuple(left_out), metrics=metrics, handled=handled
    )


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


def _bad(shots: Iterable[ShotResult]) -> tuple[int, int]:
    verdicts = [shot.judgement.verdict for shot in shots]
    return sum(one is not Verdict.PASS for one in verdicts), len(verdicts)


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
