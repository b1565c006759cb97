"""The safety goals of a run over the finished runs before it, of those in the same folder that can be compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.record.folder import HEADER, RESULT, verify_read
from bench.record.shot import read_json
from bench.report.trend_picture import BuildPoint, GoalTrend
from bench.verdict.result import RunResult, ScenarioResult, Verdict, together

_MOST = 5  # runs before: their results are read
_LOOKED_AT = 30


@dataclass(frozen=True, slots=True)
class _Past:
    """What one scenario of an earlier run had. Times: upper ends in ns."""

    verdict: Verdict
    fdti_ns: int | None
    fhti_ns: int | None


def goal_trend(run: RunResult, folder: Path) -> tuple[GoalTrend, ...]:
    """Goals that an earlier run has, too; none where there is no such run."""
    earlier = list(_earlier(run, folder))[::-1]
    if not earlier:
        return ()
    own = {one.scenario_id: one for one in run.scenarios if not one.mismatch}
    now = {name: _of(one) for name, one in own.items()}
    runs = [*earlier, (run.run_id, run.firmware_identity, now)]
    found = []
    for goal in dict.fromkeys(one.budget.safety_goal for one in own.values()):
        mine = [one for one in own.values() if one.budget.safety_goal == goal]
        points = tuple(_point(run_id, identity, mine, past) for run_id, identity, past in runs)
        if any(point.scenarios for point in points[:-1]) and any(point.share is not None for point in points):
            found.append(GoalTrend(safety_goal=goal, points=points))
    return tuple(found)


def _point(
    run_id: str, identity: str, scenarios: list[ScenarioResult], past: Mapping[str, _Past]
) -> BuildPoint:
    shares, verdicts = [], []
    for one in scenarios:
        then = past.get(one.scenario_id)
        if then is None:
            continue
        verdicts.append(then.verdict)
        pairs = ((then.fdti_ns, one.budget.fdti_ns), (then.fhti_ns, one.budget.fhti_ns))
        shares += [found / limit for found, limit in pairs if found is not None and limit]
    return BuildPoint(
        run_id=run_id,
        firmware_identity=identity,
        verdict=together(verdicts) if verdicts else Verdict.NONE,
        share=max(shares, default=None),
        scenarios=len(verdicts),
    )


def _of(one: ScenarioResult) -> _Past:
    return _Past(
        one.judgement.verdict,
        None if one.fdti is None else one.fdti.max_high_ns,
        None if one.fhti is None else one.fhti.max_high_ns,
    )


def _earlier(run: RunResult, folder: Path) -> Iterator[tuple[str, str, dict[str, _Past]]]:
    """The newest first: on the same rig, pack and class of evidence, judged by the same rules, as it was written."""
    before = sorted(p.parent for p in folder.parent.glob("*/footer.json") if p.parent.name < folder.name)
    left = _MOST
    for path in reversed(before[-_LOOKED_AT:]):
        if not left:
            return
        try:
            header = read_json(path / HEADER)
            if not _alike(header, run) or verify_read(path):
                continue
            result = read_json(path / RESULT)
            past = _scenarios(result, run)
            if result.get("aborted") is not None or not past:
                continue
            yield str(result["run_id"]), str(result["firmware_identity"]), past
            left -= 1
        except (BenchError, KeyError, TypeError, ValueError, AttributeError):
            continue  # a damaged neighbour is no reason to give no report


def _alike(header: Mapping[str, Any], run: RunResult) -> bool:
    return (
        header.get("hashes", {}).get("rig") == run.hashes.get("rig")
        and header.get("chemistry") == run.chemistry
        and header.get("evidence") == run.evidence_class.value
        and header.get("rules", 1) == run.rules
        and not header.get("mismatch")
    )


def _scenarios(result: Mapping[str, Any], run: RunResult) -> dict[str, _Past]:
    """Those whose file is the same, with as many shots, by id."""
    hashes, shots = result["hashes"], {one.scenario_id: len(one.shots) for one in run.scenarios}
    found = {}
    for one in result["scenarios"]:
        name = str(one["scenario_id"])
        mark = f"scenario.{name}"
        if hashes.get(mark) == run.hashes.get(mark) and len(one["shots"]) == shots.get(name):
            times = [
                None if one.get(key) is None else int(one[key]["max_high_ns"]) for key in ("fdti", "fhti")
            ]
            verdict = Verdict[one["judgement"]["verdict"]]
            found[name] = _Past(verdict, times[0], times[1])
    return found
