"""The library against broken firmware: which scenario catches which mutant, and does the good one pass them all?"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.measure.finding.bench import DutRefused
from bench.running.shots import shoot
from bench.running.workers import on_workers
from bench.scenario.prepare import Prepared
from bench.verdict.result import Reason, Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware

_SHOTS = 10  # the seeds of one mutant sweep the injection phase in so many strata
# Folders of scenarios that concern a class of mutants, where they are called otherwise.
_FOLDERS = {
    "cells": ("cells", "measurement", "communication"),
    "thermal": ("thermal", "measurement"),
    "current": ("current", "measurement"),
    "insulation": ("isolation",),
    "contactors": ("contactors", "healthy"),
    "communication": ("communication", "healthy"),
    "controller": ("supply", "cells"),
}
_DULL = frozenset(
    ("a", "an", "the", "of", "for", "and", "not", "does", "see", "on", "in", "its", "cell", "by")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantOutcome:
    """One build against one scenario on one seed. reason: the most telling one, None where it passed."""

    firmware: str
    scenario: str
    seed: int
    verdict: Verdict
    reason: Reason | None

    @property
    def refused(self) -> bool:
        """The bench would not test it, as it does not say which build it is: the specified answer to such a one."""
        return self.verdict is Verdict.ERROR and isinstance(self.reason and self.reason.finding, DutRefused)

    @property
    def catches(self) -> bool:
        return self.verdict is Verdict.FAIL or self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All outcomes of one build. Caught on a seed: a scenario of that seed ends in FAIL, or the build was refused.

    Any other ERROR, and INCONCLUSIVE, does not count.
    """

    firmware: str
    kind: str
    description: str
    seeds: int
    outcomes: tuple[MutantOutcome, ...]

    @property
    def fails(self) -> tuple[MutantOutcome, ...]:
        return tuple(one for one in self.outcomes if one.catches)

    @property
    def caught_seeds(self) -> int:
        return len({one.seed for one in self.fails})

    @property
    def caught(self) -> bool:
        return self.caught_seeds == self.seeds

    def by_scenario(self) -> dict[str, int]:
        """Scenario to number of seeds on which it caught the build, most often first."""
        counts: dict[str, int] = {}
        for one in self.fails:
            by = f"{one.scenario} (the DUT was refused)" if one.refused else one.scenario
            counts[by] = counts.get(by, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is to be run. `early`: leave a mutant alone once a scenario has caught it on that seed."""

    wired: Wired
    prepared: Sequence[Prepared]
    classes: Mapping[str, Mapping[str, str]]
    reference: str
    seeds: range
    workers: int
    early: bool = True


@dataclass(slots=True, kw_only=True)
class MatrixFound:
    """The result: mutants in the order of their tables, and the good firmware.

    `unreached`: pieces of work that an interruption left undone, by build; nothing is claimed of them.
    """

    scores: list[Score] = field(default_factory=list)
    good: list[MutantOutcome] = field(default_factory=list)
    shots: int = 0
    unreached: dict[str, int] = field(default_factory=dict)

    @property
    def survivors(self) -> list[Score]:
        return [score for score in self.scores if not score.caught]

    @property
    def false_alarms(self) -> list[MutantOutcome]:
        return [one for one in self.good if one.verdict is Verdict.FAIL]

    @property
    def unclear(self) -> list[MutantOutcome]:
        """The good firmware, neither passed nor failed, not even as known: the bench's own trouble."""
        return [one for one in self.good if one.verdict is not Verdict.FAIL and not one.verdict.expected]

    @property
    def share(self) -> float:
        """Mutants caught on every seed, 0..1."""
        return 1.0 - len(self.survivors) / len(self.scores) if self.scores else 0.0


OnBuild = Callable[[str, Sequence[MutantOutcome]], None]


def prove(proof: Proof, on_build: OnBuild) -> MatrixFound:
    """Run it, telling of each finished piece. KeyboardInterrupt ends it with what is finished."""
    kinds = {name: kind for kind, table in proof.classes.items() for name in table}
    gathered: dict[str, list[MutantOutcome]] = {name: [] for name in (proof.reference, *kinds)}
    left = Counter(piece[0] for piece in _pieces(proof))
    try:
        with on_workers(partial(_work, proof), proof.workers) as workers:
            for (name, _, _), outcomes in workers.as_finished(_pieces(proof)):
                gathered[name] += outcomes
                left[name] -= 1
                on_build(name, outcomes)
    except KeyboardInterrupt:
        if not any(gathered.values()):
            raise
    found = MatrixFound(
        good=gathered.pop(proof.reference), unreached={name: n for name, n in left.items() if n}
    )
    for name, outcomes in gathered.items():
        if name in found.unreached:
            continue
        kind = kinds[name]
        found.scores.append(
            Score(
                firmware=name,
                kind=kind,
                description=proof.classes[kind][name],
                seeds=len(proof.seeds),
                outcomes=tuple(outcomes),
            )
        )
    found.shots = len(found.good) + sum(len(score.outcomes) for score in found.scores)
    return found


def likely_order(kind: str, name: str, description: str, prepared: Sequence[Prepared]) -> list[Prepared]:
    """Scenarios that promise most first: of the mutant's class, with its words in them, and short."""
    wanted = _words(f"{name} {description}")

    def promise(one: Prepared) -> tuple[int, float]:
        scenario = one.scenario
        told = _words(f"{scenario.id} {scenario.title} {scenario.expect.flag if scenario.expect else ''}")
        at_home = scenario.file.parent.name in _FOLDERS.get(kind, (kind,))
        score = 3 * at_home + 2 * len(wanted & told)
        return -score, one.plan.window_ns

    return sorted(prepared, key=promise)


def _words(title: str) -> set[str]:
    """Words without their endings, so that 'temperatures' meets 'overtemperature' at least by half."""
    return {word.rstrip("s")[:9] for word in re.findall(r"[a-z]+", title.lower()) if word not in _DULL}


# --- pieces of work ------------------------------------------------------------------------------------------

_Piece = tuple[str, str, str]  # firmware, its class, scenario id ("" for all of them, for a mutant)


def pieces_of(proof: Proof) -> int:
    """How many pieces of work there are."""
    return len(_pieces(proof))


def _pieces(proof: Proof) -> list[_Piece]:
    mutants = [(name, kind, "") for kind, table in proof.classes.items() for name in table]
    return [*((proof.reference, "", one.scenario.id) for one in proof.prepared), *mutants]


def _work(proof: Proof, piece: _Piece) -> list[MutantOutcome]:
    firmware, kind, scenario_id = piece
    wired = with_firmware(proof.wired, firmware)
    if scenario_id:
        one = next(one for one in proof.prepared if one.scenario.id == scenario_id)
        return [_shot(wired, firmware, one, seed) for seed in proof.seeds]
    order = likely_order(kind, firmware, proof.classes[kind][firmware], proof.prepared)
    outcomes: list[MutantOutcome] = []
    for seed in proof.seeds:
        for one in order:
            outcome = _shot(wired, firmware, one, seed)
            outcomes.append(outcome)
            if proof.early and outcome.catches:
                order = [one, *(other for other in order if other is not one)]
                break
        else:
            if proof.early:
                break  # it survives this seed, so it survives: the other seeds change nothing
    return outcomes


def _shot(wired: Wired, firmware: str, one: Prepared, seed: int) -> MutantOutcome:
    # Each seed is a run of its own, of which this is the first shot: watched to its end.
    result = shoot(wired, one, seed % _SHOTS, _SHOTS, seed, None, to_the_end=True)
    judgement = result.judgement
    return MutantOutcome(
        firmware=firmware,
        scenario=one.scenario.id,
        seed=seed,
        verdict=judgement.verdict,
        reason=judgement.reasons[0] if judgement.reasons else None,
    )
