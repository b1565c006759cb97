"""A run as the rows of the results database: see `bench.record.schema`."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.measure.interval import Latency
from bench.record.codable import encode
from bench.record.schema import ABORTED_LENGTH
from bench.timing.clock import Timebase
from bench.verdict.result import Judgement, RunResult, ScenarioResult, ShotResult


def run_row(run: RunResult) -> dict[str, Any]:
    """Without where its folder is."""
    return {
        "run_id": run.run_id,
        "started_utc": run.started_utc,
        "timebase": run.timebase.value,
        "seed": str(run.seed),
        "bench_version": run.bench_version,
        "firmware": run.firmware,
        "firmware_identity": run.firmware_identity,
        "chemistry": run.chemistry,
        "hashes": run.hashes,
        "environment": run.environment,
        "verdict": run.verdict.name,
        "aborted": run.aborted and run.aborted[:ABORTED_LENGTH],
        "rules": run.rules,
        "evidence": run.evidence_class.value,
        "mismatch": run.mismatch or None,
        "rig": run.hashes.get("rig", ""),
    }


def scenario_row(scenario: ScenarioResult, hashes: Mapping[str, str]) -> dict[str, Any]:
    """Without its run. hashes: the run's."""
    fdti, fhti, budget = scenario.fdti, scenario.fhti, scenario.budget
    return {
        "scenario_id": scenario.scenario_id,
        "title": scenario.title,
        "timebase": scenario.timebase.value,
        "aim": scenario.aim,
        "safety_goal": budget.safety_goal,
        "asil": budget.asil,
        "requirements": list(scenario.requirements),
        "shots": len(scenario.shots),
        "fdti_budget_ns": budget.fdti_ns,
        "fhti_budget_ns": budget.fhti_ns,
        "fdti_p50_high_ns": fdti and fdti.p50_high_ns,
        "fdti_max_low_ns": fdti and fdti.max_low_ns,
        "fdti_max_high_ns": fdti and fdti.max_high_ns,
        "fhti_max_low_ns": fhti and fhti.max_low_ns,
        "fhti_max_high_ns": fhti and fhti.max_high_ns,
        "verdict": scenario.judgement.verdict.name,
        "reasons": encode(scenario.judgement.reasons),
        "scenario_hash": hashes.get(f"scenario.{scenario.scenario_id}", ""),
    }


def finding_rows(shot: int | None, judgement: Judgement) -> Iterator[dict[str, Any]]:
    """Without their scenario."""
    for place, reason in enumerate(judgement.reasons):
        finding = reason.finding
        yield {
            "shot": shot,
            "reason": place,
            "code": finding.code,
            "blame": finding.blame.value,
            "held": reason.held.value,
            "shots": reason.count,
            "figures": {name: encode(value) for name, value in finding.figures().items()},
        }


def shot_row(timebase: Timebase, shot: ShotResult) -> dict[str, Any]:
    """Without its scenario."""
    measured = shot.measurement
    row: dict[str, Any] = {
        "timebase": timebase.value,
        "shot": shot.index,
        "seed": str(shot.seed),
        "phase_ns": shot.phase_ns,
        "stratum": shot.stratum,
        "place": shot.place,
        "verdict": shot.judgement.verdict.name,
        "reasons": encode(shot.judgement.reasons),
        "digest": shot.digest,
        "folder": shot.folder,
    }
    latencies: dict[str, Latency | None] = {
        "fdti": measured.fdti if measured else None,
        "frti": measured.frti if measured else None,
        "fhti": measured.fhti if measured else None,
    }
    for name, latency in latencies.items():
        row[f"{name}_low_ns"] = latency.interval.low_ns if latency else None
        row[f"{name}_high_ns"] = latency.interval.high_ns if latency else None
    return row
