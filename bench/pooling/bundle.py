"""What pooling takes of one run: its facts and its shots as columns, from a folder that is as it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from bench.errors import DAMAGED, BenchError, RecordError
from bench.record.chain import FOOTER
from bench.record.evidence import completed
from bench.record.folder import HEADER, RESULT, verify_run
from bench.record.shot import read_json
from bench.trace.trouble import line_of
from bench.verdict.rules import RULES

_UNREAD: tuple[type[Exception], ...] = (*DAMAGED, BenchError)
_FILE_NAME = re.compile(r"[\w+-][\w.+-]{0,127}")


class Why(StrEnum):
    """Why a run is not taken into a pool."""

    UNREADABLE = "unreadable"
    UNFINISHED = "unfinished"
    ALTERED = "altered"
    ABORTED = "aborted"
    MISMATCH = "mismatch"
    OTHER_RULES = "other-rules"
    CONFLICT = "conflict"
    EMPTY = "empty"


class NotPooled(RecordError):
    """A run that is not taken into a pool. why: its code; words: what is wrong with it, without the folder's name."""

    def __init__(self, folder: Path, why: Why, words: str) -> None:
        super().__init__(f"{folder}: {words}")
        self.why = why
        self.words = words


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts:
    """Which run it is and what it is of. chain: the end of the footer's chain, the run's own hash.

    lab: `place` of the bench file; the rig's hash where nobody named one, so that unnamed labs are not taken for one.
    """

    run_id: str
    chain: str
    lab: str
    rig: str
    chemistry: str
    build: str
    evidence: str
    seed: str
    started_utc: str


@dataclass(slots=True)
class BundleShots:
    """The shots of the scenarios that ask for a reaction, a list a column. Times in ns; None where not measured."""

    scenario: list[str] = field(default_factory=list)
    scenario_hash: list[str] = field(default_factory=list)
    goal: list[str] = field(default_factory=list)
    seed: list[str] = field(default_factory=list)
    digest: list[str] = field(default_factory=list)
    verdict: list[str] = field(default_factory=list)
    fdti_low_ns: list[int | None] = field(default_factory=list)
    fdti_high_ns: list[int | None] = field(default_factory=list)
    fhti_low_ns: list[int | None] = field(default_factory=list)
    fhti_high_ns: list[int | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One run, ready to be merged. left: how many of its scenarios ask for no reaction, or do not test the DUT."""

    facts: BundleFacts
    shots: BundleShots
    left: int


def read_bundle(folder: Path) -> Bundle:
    """Raises NotPooled, one line, for a run that is unfinished, altered, aborted, mismatched, or of other rules."""
    try:
        footer, altered = verify_run(folder)
        if footer is None:
            words = f"has no {FOOTER}, so it is unfinished; `hil store` makes an aborted run of it"
            raise NotPooled(folder, Why.UNFINISHED, words)
        if altered:
            raise NotPooled(folder, Why.ALTERED, f"ALTERED: {altered[0]}")
        header = read_json(folder / HEADER)
        return _bundle(
            folder, completed(read_json(folder / RESULT), header, folder), header, str(footer["chain"])
        )
    except NotPooled:
        raise
    except _UNREAD as error:
        words = f"cannot be read as a run: {line_of(error)}"
        raise NotPooled(folder, Why.UNREADABLE, words) from error


def _refuse_unfit(folder: Path, result: Mapping[str, Any]) -> None:
    rules = result.get("rules", 1)
    if result.get("aborted") is not None:
        raise NotPooled(folder, Why.ABORTED, "was ended early, so it says nothing of what was not run")
    if result.get("mismatch"):
        words = f"is of a BMS that does not fit its pack: {result['mismatch']}"
        raise NotPooled(folder, Why.MISMATCH, words)
    if rules != RULES:
        words = f"was judged by rules {rules}, today's are {RULES}; `hil rejudge` tells what changes"
        raise NotPooled(folder, Why.OTHER_RULES, words)


def _bundle(folder: Path, result: Mapping[str, Any], header: Mapping[str, Any], chain: str) -> Bundle:
    _refuse_unfit(folder, result)
    hashes = result["hashes"]
    rig = str(hashes.get("rig", ""))
    if not _FILE_NAME.fullmatch(str(result["run_id"])):
        raise NotPooled(folder, Why.UNREADABLE, f"its run id is no name of a file: {result['run_id']!r:.60}")
    facts = BundleFacts(
        run_id=str(result["run_id"]),
        chain=chain,
        lab=str(header.get("place") or f"rig {rig[:8]}"),
        rig=rig,
        chemistry=str(result["chemistry"]),
        build=str(result["firmware_identity"]),
        evidence=str(result["evidence"]),
        seed=str(result["seed"]),
        started_utc=str(result["started_utc"]),
    )
    shots, left = BundleShots(), 0
    for scenario in result["scenarios"]:
        if scenario["aim"] != "must_trip" or scenario.get("mismatch"):
            left += 1
            continue
        name = str(scenario["scenario_id"])
        for shot in scenario["shots"]:
            _append(
                shots,
                shot,
                name,
                str(hashes.get(f"scenario.{name}", "")),
                str(scenario["budget"]["safety_goal"]),
            )
    return Bundle(facts=facts, shots=shots, left=left)


def _append(to: BundleShots, shot: Mapping[str, Any], scenario: str, file: str, goal: str) -> None:
    to.scenario.append(scenario)
    to.scenario_hash.append(file)
    to.goal.append(goal)
    to.seed.append(str(shot["seed"]))
    to.digest.append(str(shot["digest"]))
    to.verdict.append(str(shot["judgement"]["verdict"]))
    measured = shot["measurement"] or {}
    for name in ("fdti", "fhti"):
        interval = (measured.get(name) or {}).get("interval") or {}
        getattr(to, f"{name}_low_ns").append(interval.get("low_ns"))
        getattr(to, f"{name}_high_ns").append(interval.get("high_ns"))
