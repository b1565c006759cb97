"""Finding the first bad build with the fewest shots that a stated error allows.

A shot that cannot tell good from bad (ERROR, BLOCKED, an INCONCLUSIVE without a latency) does not count for the
build. A build is skipped where too many of its shots do not count, where it cannot be made, or where it stays
undecided. Then a neighbour is tried. Where skipped builds lie between the last good and the first bad one, the answer
is a range.
"""

import math
import random
import shlex
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.errors import DutError, InstrumentError, LinkError, RecordError
from bench.measure.interval import Latency
from bench.report.finding_words import joined_words
from bench.verdict.result import ShotResult, Verdict
from bench.verdict.sequential import Sprt, rate
from bench.verdict.tail import fisher_more

Shooter = Callable[[str, int], ShotResult]  # (build, shot index) → result
_MOST_SHOTS = 59
_SAYS_NOTHING = (Verdict.ERROR, Verdict.BLOCKED, Verdict.NONE)


@dataclass(slots=True, kw_only=True)
class Bisection:
    """`shots` fired in all; `log`: one line for each build tried; `skipped`: builds that could not be told.

    candidates: the builds that may be the first bad one, oldest first; the last of them is known to be bad.
    """

    last_good: str | None = None
    candidates: tuple[str, ...] = ()
    shots: int = 0
    log: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def first_bad(self) -> str | None:
        """None where skipped builds leave it open."""
        return self.candidates[0] if len(self.candidates) == 1 else None


class _CannotTell(Exception):
    """Neither good nor bad: this build is skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadSign:
    """What tells a bad shot: its verdict, or a latency beyond `limit_ns` (larger where `above`)."""

    limit_ns: float | None
    metric: str
    above: bool

    def shows(self, shot: ShotResult) -> bool | None:
        """Whether the shot is bad. None: it does not count for the build."""
        verdict = shot.judgement.verdict
        if verdict in _SAYS_NOTHING:
            return None
        found = None if self.limit_ns is None else latency_of(shot, self.metric)
        if self.limit_ns is None or found is None:
            return (
                None if verdict is Verdict.INCONCLUSIVE else not verdict.expected or self.limit_ns is not None
            )
        middle = (found.interval.low_ns + found.interval.high_ns) / 2
        return middle > self.limit_ns if self.above else middle < self.limit_ns

    def words(self) -> str:
        if self.limit_ns is None:
            return "a shot that fails"
        return f"{self.metric.upper()} {'above' if self.above else 'below'} {self.limit_ns / 1e6:.1f} ms"


def latency_of(shot: ShotResult, metric: str) -> Latency | None:
    """The FDTI or FHTI of a shot; None where it was not measured. metric: "fdti" or "fhti"."""
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
    good, bad = (_learn(build, shoot, order, known, done) for build in (builds[0], builds[-1]))
    sign = find_sign(good, bad)
    shown = [[one for shot in side if (one := sign.shows(shot)) is not None] for side in (good, bad)]
    signs, counts = [sum(one) for one in shown], [len(one) for one in shown]
    if fisher_more(signs[0], counts[0], signs[1], counts[1]) > 0.05:
        raise RecordError(
            f"'{builds[0]}' and '{builds[-1]}' cannot be told apart with {known} shots each: "
            f"{sign.words()}: {signs[0]} of {counts[0]} against {signs[1]} of {counts[1]}; "
            "expected a clear difference, try --shots"
        )
    rates = rate(signs[0], counts[0]), rate(signs[1], counts[1])
    done.log.append(
        f"sign of a bad build: {sign.words()} ({signs[0]} of {counts[0]} and {signs[1]} of {counts[1]} shots)"
    )
    _search(
        builds, _Judge(shoot=shoot, sign=sign, rates=rates, order=order, patience=known, done=done), error
    )
    return done


def _learn(build: str, shoot: Shooter, order: Sequence[int], known: int, done: Bisection) -> list[ShotResult]:
    """So many shots of a known build that say something of it, out of twice as many."""
    told: list[ShotResult] = []
    silent: list[ShotResult] = []
    for index in order[: 2 * known]:
        shot = shoot(build, index)
        done.shots += 1
        (silent if shot.judgement.verdict in _SAYS_NOTHING else told).append(shot)
        if len(told) == known:
            return told
    raise RecordError(
        f"'{build}': {_silence(silent, len(silent) + len(told))}; expected {known} shots that pass or fail, "
        "so that the build can be known"
    )


def _silence(shots: Sequence[ShotResult], tried: int) -> str:
    """A line that counts the shots that do not count for the build, by verdict, with the first reason."""
    kinds = Counter(shot.judgement.verdict.name for shot in shots)
    told = ", ".join(f"{count} {name}" for name, count in kinds.items())
    why = next((words for shot in shots if (words := joined_words(shot.judgement))), "no reason given")
    return f"{len(shots)} of {tried} shots say nothing of the build ({told}): {why}"


def find_sign(good: Sequence[ShotResult], bad: Sequence[ShotResult]) -> BadSign:
    """A verdict where the verdicts differ, else the latency whose medians lie furthest apart."""
    fails = [sum(s.judgement.verdict is Verdict.FAIL for s in side) for side in (good, bad)]
    if fails[1] > fails[0]:
        return BadSign(limit_ns=None, metric="", above=True)
    best: tuple[float, BadSign] | None = None
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
            best = gap, BadSign(limit_ns=sum(middle) / 2, metric=metric, above=middle[1] > middle[0])
    if best is None:
        return BadSign(limit_ns=None, metric="", above=True)
    return best[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """What judges one build. rates: of the sign, in a good and in a bad one; patience: shots that may say nothing."""

    shoot: Shooter
    sign: BadSign
    rates: tuple[float, float]
    order: Sequence[int]
    patience: int
    done: Bisection

    def is_bad(self, build: str, error: float) -> bool:
        """Raises _CannotTell, and what the build itself raises."""
        test = Sprt(rate_good=self.rates[0], rate_bad=self.rates[1], error=error)
        evidence = 0.0
        silent: list[ShotResult] = []
        for count, index in enumerate(self.order, start=1):
            shot = self.shoot(build, index)
            self.done.shots += 1
            shown = self.sign.shows(shot)
            if shown is None:
                silent.append(shot)
                if len(silent) == self.patience:
                    raise _CannotTell(_silence(silent, count))
                continue
            evidence += test.step(shown)
            answer = test.answer(evidence)
            if answer is not None:
                self.done.log.append(f"{build}: {'bad' if answer else 'good'} after {count} shot(s)")
                return answer
        raise _CannotTell(f"neither good nor bad after {len(self.order)} shots")


def _search(builds: Sequence[str], judge: _Judge, error: float) -> None:
    """The nearest build to the middle that can be told. Each answer takes its share of the error that is left."""
    done, skipped = judge.done, set[int]()
    low, high, left = 0, len(builds) - 1, error
    while between := [i for i in range(low + 1, high) if i not in skipped]:
        middle = min(between, key=lambda i: abs(i - (low + high) / 2))
        share = left / max(1, math.ceil(math.log2(len(between) + 1)))
        try:
            is_bad = judge.is_bad(builds[middle], share)
        except (_CannotTell, DutError, LinkError, InstrumentError) as why:
            done.log.append(f"{builds[middle]}: skipped, {why}")
            done.skipped.append(builds[middle])
            skipped.add(middle)
            continue
        left -= share
        low, high = (low, middle) if is_bad else (middle, high)
    done.last_good, done.candidates = builds[low], tuple(builds[low + 1 : high + 1])


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
