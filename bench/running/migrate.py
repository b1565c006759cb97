"""From scenarios of format 1 to format 2: what the DUT was seen to report beside what they expect, for review."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.config.profile import DutProfile
from bench.measure.finding.answer import UnexpectedCode, UnexpectedReport
from bench.measure.finding.base import Finding
from bench.measure.only_expected import OR
from bench.scenario.format_2 import in_format_2
from bench.scenario.model import Also, Scenario
from bench.scenario.prepare import Prepared
from bench.verdict.result import ShotResult, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """One file. new: its text in format 2; problem: why it could not be made. also: what was added.

    doubts: what a person has to look at: shots without a verdict, a twin that reports what no twin may.
    """

    file: Path
    old: str
    new: str | None
    also: tuple[Also, ...] = ()
    problem: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class SeenReports:
    """By the scenario's id: its shots, of however many runs."""

    shots: dict[str, list[ShotResult]] = field(default_factory=dict)

    def add(self, scenario_id: str, shot: ShotResult) -> None:
        self.shots.setdefault(scenario_id, []).append(shot)


def migrate(prepared: Sequence[Prepared], seen: SeenReports, profile: DutProfile) -> Iterator[Migrated]:
    """Each file of format 1, in order. prepared: with the twins, which inherit what their scenario bears."""
    twins: dict[str, list[Prepared]] = {}
    for one in prepared:
        if one.scenario.twin_of:
            twins.setdefault(one.scenario.twin_of, []).append(one)
    for one in prepared:
        if one.scenario.format == 1 and not one.scenario.twin_of:
            yield _migrated(
                one.scenario, [twin.scenario for twin in twins.get(one.scenario.id, [])], seen, profile
            )


def _migrated(
    scenario: Scenario, twins: Sequence[Scenario], seen: SeenReports, profile: DutProfile
) -> Migrated:
    old = scenario.file.read_text(encoding="utf-8")
    own = _reported(seen.shots.get(scenario.id, ())) if scenario.mismatch is None else []
    borne, refused = _of_twins(twins, seen.shots, profile)
    also = _needed([*own, *borne], scenario, profile)
    doubts = [*_undecided(scenario, seen.shots.get(scenario.id, ())), *refused]
    for twin in twins:
        doubts += _undecided(twin, seen.shots.get(twin.id, ()))
    table = "expect" if scenario.expect is not None else "quiet"
    try:
        new = in_format_2(old, table, also)
    except ValueError as error:
        return Migrated(
            file=scenario.file, old=old, new=None, also=also, problem=str(error), doubts=tuple(doubts)
        )
    return Migrated(file=scenario.file, old=old, new=new, also=also, doubts=tuple(doubts))


def _of_twins(
    twins: Sequence[Scenario], shots: Mapping[str, Sequence[ShotResult]], profile: DutProfile
) -> tuple[list[Also], list[str]]:
    """(what they may inherit, what no twin may do, in words)."""
    borne: list[Also] = []
    refused: list[str] = []
    for twin in twins:
        reported = _reported(shots.get(twin.id, ()))
        flags = [one for one in reported if isinstance(one, str) and one in profile.flags]
        warned = [one for one in flags if not profile.flags[str(one)].trips]
        borne += warned
        implied = _implied(warned, profile)
        refused += [
            f"{twin.id}: reports {one}, which a twin does not inherit"
            for one in reported
            if one not in warned and one not in implied
        ]
    return borne, refused


def _needed(reported: Iterable[Also], scenario: Scenario, profile: DutProfile) -> tuple[Also, ...]:
    """Without what another one of them brings along: its code, its outputs."""
    named = list(dict.fromkeys(reported))
    implied = _implied([one for one in named if isinstance(one, str)], profile)
    if scenario.expect is not None:
        implied |= _implied([scenario.expect.flag], profile)
    return tuple(one for one in named if one not in implied)


def _implied(names: Sequence[Also], profile: DutProfile) -> set[Also]:
    flags = [profile.flags[one] for one in names if isinstance(one, str) and one in profile.flags]
    found: set[Also] = {name for flag in flags for name in flag.sets}
    found |= {flag.dtc for flag in flags if flag.dtc is not None}
    return found | set(profile.with_any_flag if flags else ())


def _reported(shots: Iterable[ShotResult]) -> list[Also]:
    """Names and codes in the order in which they came: of files of format 1, and those that another format refused."""
    found: dict[Also, None] = {}
    for shot in shots:
        told = () if shot.measurement is None else (*shot.measurement.unexpected, *shot.measurement.broken)
        found |= dict.fromkeys(name for one in told if (name := _name_of(one)) is not None)
    return list(found)


def _name_of(finding: Finding) -> Also | None:
    match finding:
        case UnexpectedReport(name=name):
            return name.split(OR)[0]
        case UnexpectedCode(dtc=dtc):
            return dtc
        case _:
            return None


def _undecided(scenario: Scenario, shots: Sequence[ShotResult]) -> Iterator[str]:
    """A list that was seen in a shot that went wrong is no list of what is right."""
    if scenario.mismatch is not None:
        return
    if not shots:
        yield f"{scenario.id}: was not run"
    bad = [
        shot.judgement.verdict for shot in shots if shot.judgement.verdict not in (Verdict.PASS, Verdict.GAP)
    ]
    if bad:
        yield f"{scenario.id}: {len(bad)} of {len(shots)} shots did not pass ({max(bad).name})"
