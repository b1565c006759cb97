"""Finding the first bad build with the fewest shots that a stated error allows."""

import math
import random
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.errors import DutError, RecordError
from bench.measure.interval import Latency
from bench.verdict.result import ShotResult
from bench.verdict.sequential import Sprt, rate
from bench.verdict.shift import fisher_more

Shooter = Callable[[str, int], ShotResult]  # (build, shot index) → result
_MOST_SHOTS = 59


@dataclass(slots=True, kw_only=True)
class Bisection:
    """`shots` fired in all; `log`: one line for each build tried."""

    first_bad: str | None = None
    last_good: str | None = None
    shots: int = 0
    log: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What tells a bad shot: its verdict, or a latency beyond `limit_ns` (larger where `above`)."""

    limit_ns: float | None
    metric: str
    above: bool

    def shows(self, shot: ShotResult) -> bool:
        if self.limit_ns is None:
            return not shot.judgement.verdict.expected
        found = latency_of(shot, self.metric)
        if found is None:
            return True
        middle = (found.interval.low_ns + found.interval.high_ns) / 2
        return middle > self.limit_ns if self.above else middle < self.limit_ns

    def words(self) -> str:
        if self.limit_ns is None:
            return "a shot that does not pass"
        return f"{self.metric.upper()} {'above' if self.above else 'below'} {self.limit_ns / 1e6:.1f} ms"


def latency_of(shot: ShotResult, metric: str) -> Latency | None:
    if shot.measurement is None:
        return None
    return shot.measurement.fdti if metric == "fdti" else shot.measurement.fhti


def shot_order(seed: int) -> list[int]:
    """Shots at phases in random order, so that few shots still meet different phases."""
    order = list(range(_MOST_SHOTS))
    random.Random(seed).shuffle(order)
    return order


def bisect(
    builds: Sequence[str], shoot: Shooter, error: float = 0.05, known: int = 8, seed: int = 1
) -> Bisection:
    """`builds` from the known good (first) to the known bad (last). Raises RecordError where both look alike.

    `error`: chance that the answer is wrong, shared out over the builds that a bisection has to judge.
    """
    order = shot_order(seed)
    done = Bisection()
    good = [shoot(builds[0], i) for i in order[:known]]
    bad = [shoot(builds[-1], i) for i in order[:known]]
    done.shots = 2 * known
    sign = find_sign(good, bad)
    signs = [sum(map(sign.shows, side)) for side in (good, bad)]
    if fisher_more(signs[0], known, signs[1], known) > 0.05:
        raise RecordError(
            f"'{builds[0]}' and '{builds[-1]}' cannot be told apart with {known} shots each: "
            f"{sign.words()}: {signs[0]} against {signs[1]}; expected a clear difference, try --shots"
        )
    tries = max(1, math.ceil(math.log2(max(2, len(builds) - 1))))
    test = Sprt(rate_good=rate(signs[0], known), rate_bad=rate(signs[1], known), error=error / tries)
    done.log.append(f"sign of a bad build: {sign.words()} ({signs[0]} and {signs[1]} of {known} shots)")
    _search(builds, shoot, test, sign, order, done)
    return done


def find_sign(good: Sequence[ShotResult], bad: Sequence[ShotResult]) -> Sign:
    """A verdict where the verdicts differ, else the latency whose medians lie furthest apart."""
    fails = [sum(not s.judgement.verdict.expected for s in side) for side in (good, bad)]
    if fails[1] > fails[0]:
        return Sign(limit_ns=None, metric="", above=True)
    best: tuple[float, Sign] | None = None
    for metric in ("fdti", "fhti"):
        sides = [
            sorted(
                (x.interval.low_ns + x.interval.high_ns) / 2
                for s in side
                if (x := latency_of(s, metric)) is not None
            )
            for side in (good, bad)
        ]
        if not all(sides):
            continue
        middle = [side[len(side) // 2] for side in sides]
        gap = abs(middle[1] - middle[0])
        if best is None or gap > best[0]:
            best = gap, Sign(limit_ns=sum(middle) / 2, metric=metric, above=middle[1] > middle[0])
    if best is None:
        return Sign(limit_ns=None, metric="", above=True)
    return best[1]


def _search(
    builds: Sequence[str], shoot: Shooter, test: Sprt, sign: Sign, order: list[int], done: Bisection
) -> None:
    candidates = list(range(len(builds)))
    low, high = 0, len(builds) - 1
    while True:
        between = [i for i in candidates if low < i < high]
        if not between:
            break
        middle = min(between, key=lambda i: abs(i - (low + high) / 2))
        try:
            is_bad = _judge(builds[middle], shoot, test, sign, order, done)
        except DutError as broken:
            done.log.append(f"{builds[middle]}: skipped, {broken}")
            done.skipped.append(builds[middle])
            candidates.remove(middle)
            continue
        low, high = (low, middle) if is_bad else (middle, high)
    done.last_good, done.first_bad = builds[low], builds[high]


def _judge(build: str, shoot: Shooter, test: Sprt, sign: Sign, order: list[int], done: Bisection) -> bool:
    evidence = 0.0
    for count, index in enumerate(order, start=1):
        evidence += test.step(sign.shows(shoot(build, index)))
        done.shots += 1
        answer = test.answer(evidence)
        if answer is not None:
            done.log.append(f"{build}: {'bad' if answer else 'good'} after {count} shot(s)")
            return answer
    raise DutError(f"neither good nor bad after {len(order)} shots")


def run_build(command: str, build: str) -> None:
    """The user's build command for one build, `{build}` replaced. Raises DutError when it fails."""
    line = [part.replace("{build}", build) for part in shlex.split(command)]
    try:
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    except OSError as error:
        raise DutError(f"build command '{line[0]}': {error.strerror}") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise DutError(f"build command ended with {done.returncode}: {last[0]}")
