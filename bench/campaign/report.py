"""Everything a report shows of a run, gathered from its own folder: nothing else is needed, years later."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.campaign.pictures import picture_of, worst_shot
from bench.campaign.rejudge import stored_databases
from bench.codec.database import Database
from bench.config.profile import DutProfile, Role, load_profile
from bench.errors import BenchError
from bench.measure.interval import Interval
from bench.measure.plan import Plan, SignalTest
from bench.measure.probes import probe_latencies
from bench.record.codable import plan_from_dict, run_from_dict
from bench.record.folder import OpenedRun, open_run, read_shot
from bench.report.extras import ReportExtras
from bench.report.figures import TracePicture
from bench.trace.events import Kind
from bench.trace.timeline import Trace
from bench.verdict.budgets import load_budgets
from bench.verdict.compare import Comparison, compare
from bench.verdict.result import Budget, RunResult, Verdict

_NO_CURRENT_A = 1.0  # below this the current counts as gone


def gather(run: RunResult, folder: Path, not_run: Mapping[str, str] | None = None) -> ReportExtras:
    """From the run's folder and its neighbours. What is missing there is missing in the report, visibly."""
    opened = open_run(folder)
    databases = stored_databases(opened)
    profile = load_profile(stored_input(opened, "profile"))
    pictures: dict[str, TracePicture] = {}
    shares: dict[str, Mapping[str, Interval | None]] = {}
    for scenario in run.scenarios:
        shot = worst_shot(scenario)
        if shot is None or shot.measurement is None or shot.measurement.onset is None:
            continue
        trace, stored, _ = read_shot(folder / shot.folder)
        plan = plan_from_dict(stored)
        pictures[scenario.scenario_id] = picture_of(scenario, shot, trace, plan, databases, profile.roles)
        if plan.detection:
            found = chain_of(trace, shot.measurement.onset, plan, profile, databases)
            shares[scenario.scenario_id] = found
    equipment, trouble = _equipment(opened)
    blocked = {
        s.scenario_id: "BLOCKED: " + "; ".join(s.judgement.reasons)
        for s in run.scenarios
        if s.judgement.verdict is Verdict.BLOCKED
    }
    extras = ReportExtras(
        traces=pictures,
        shares=shares,
        goals=stored_goals(opened),
        not_run={**_missing(opened, run), **(not_run or {}), **blocked},
        previous=last_build(run, folder),
        equipment=equipment,
        alerts=trouble,
    )
    return replace(extras, **_qualification(opened))


def chain_of(
    trace: Trace, onset: Interval, plan: Plan, profile: DutProfile, databases: Mapping[str, Database]
) -> dict[str, Interval | None]:
    """Flag, state frame, contactor command, contactor feedback, current gone: onset to each."""

    def test(role: Role, op: str, value: float) -> SignalTest:
        return SignalTest(channel=role.channel, message=role.message, signal=role.signal, op=op, value=value)

    roles = profile.roles
    probes: dict[str, list[SignalTest]] = {"flag": list(plan.detection[:1])}
    if "state" in roles:
        probes["state frame"] = [test(roles["state"], "==", float(profile.states["error"]))]
    for name, end in (("contactor command", "command"), ("contactor feedback", "feedback")):
        both = [roles[f"{pole}_{end}"] for pole in ("plus", "minus") if f"{pole}_{end}" in roles]
        if both:
            probes[name] = [test(role, "==", 0.0) for role in both]
    if "pack_current" in roles:
        current = roles["pack_current"]
        probes["current gone"] = [test(current, "<", _NO_CURRENT_A), test(current, ">", -_NO_CURRENT_A)]
    return probe_latencies(trace, onset, probes, databases)


def stored_input(opened: OpenedRun, key: str) -> Path:
    """The copy of an input by its name in the header's hashes."""
    digest = str(opened.header["hashes"][key])
    return next(iter((opened.path / "inputs").glob(f"{digest[:12]}-*")), opened.path / "inputs" / digest)


def stored_goals(opened: OpenedRun) -> dict[str, Budget]:
    return load_budgets(stored_input(opened, "budgets"))


def last_build(run: RunResult, folder: Path) -> Comparison | None:
    """Against the newest earlier finished run on the same rig and chemistry beside this one; None without.

    Looked for among the fifty runs before: their results are read whole.
    """
    earlier = sorted(p for p in folder.parent.glob("*/footer.json") if p.parent.name < folder.name)
    for path in reversed(earlier[-50:]):
        try:
            opened = open_run(path.parent)
            hashes = opened.header.get("hashes", {})
            same_rig = (
                hashes.get("rig") == run.hashes.get("rig") and opened.header["chemistry"] == run.chemistry
            )
            if opened.result is None or not same_rig:
                continue
            found = compare(run_from_dict(opened.result), run)
        except (BenchError, KeyError):
            continue  # a damaged neighbour is no reason to give no report
        if not found.refused and found.handled:
            return found
    return None


def _equipment(opened: OpenedRun) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """What the header says, what the instruments answered, and instruments whose calibration had run out."""
    found: dict[str, dict[str, str]] = {k: dict(v) for k, v in opened.header.get("equipment", {}).items()}
    first = next(opened.shots(), None)
    if first is not None:
        trace, _, _ = read_shot(first)
        for mark in trace.of_kind(Kind.INSTRUMENT_IDENTIFIED):
            found.setdefault(f"instrument.{mark.source}", {})["answered"] = str(mark.facts.get("identity"))
    day = str(opened.header.get("started_utc", ""))[:10]
    late = tuple(
        f"the calibration of {name} was due on {facts['calibration_due']}"
        for name, facts in found.items()
        if facts.get("calibration_due", day) < day
    )
    return found, late


def _missing(opened: OpenedRun, run: RunResult) -> dict[str, str]:
    """Scenarios the header promises that have no result."""
    done = {scenario.scenario_id for scenario in run.scenarios}
    promised: list[str] = opened.header.get("scenarios", [])
    return {name: "aborted before its first shot" for name in promised if name not in done}


def _qualification(opened: OpenedRun) -> dict[str, Any]:
    """What the run's header says of the qualification that covered it when it began."""
    facts = opened.header.get("qualification")
    if not isinstance(facts, dict):
        return {}
    by = f"{facts.get('file')} ({str(facts.get('sha256'))[:12]})" if facts.get("file") else ""
    return {"qualification": facts.get("trouble"), "qualified_by": by}
