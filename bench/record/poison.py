"""A rig whose fault could not be cleared is poisoned: nothing is driven until its safe state has been confirmed.

The marker belongs to the rig. It lies beside the record folder of the rig's bench file (`runs` →
`runs.poisoned.json`), also where a run is written elsewhere (`--out`). It outlives the run and the process.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from bench.config.bench_file import BenchConfig
from bench.errors import BenchError, RecordError
from bench.record.marker import is_there, set_once
from bench.trace.facts import FaultStuck
from bench.trace.timeline import Trace


class PoisonedRig(BenchError):
    """The rig may not be driven; the text says why and what lifts it."""


def marker_of(rig_folder: Path) -> Path:
    """The file that says that the rig is poisoned, beside its record folder."""
    return rig_folder.with_name(rig_folder.name + ".poisoned.json")


def stuck_fault(trace: Trace) -> str | None:
    """What could not be cleared in this shot, in words; None where everything went off."""
    for mark in trace.of(FaultStuck):
        return f"{mark.fact.fault} of {mark.fact.owner} is still on: {mark.fact.reason}"
    return None


def poison(rig_folder: Path, why: str, facts: Mapping[str, str]) -> Path:
    """Write the marker; an earlier one stays, for the first cause is the one to mend."""
    marker = marker_of(rig_folder)
    if trouble := set_once(marker, {"why": why, **facts}):
        raise RecordError(f"{marker}: cannot be written: {trouble}; the rig is poisoned all the same: {why}")
    return marker


def rig_facts(config: BenchConfig) -> dict[str, str]:
    """Which rig it is: another rig's safe state says nothing about this one's."""
    wired = (f"{name}: {one.kind} on {' '.join(one.ports)}" for name, one in config.instruments.items())
    return {"bench": config.name, "instruments": ", ".join(wired)}


def facts_of(rig_folder: Path) -> dict[str, str] | None:
    """What the marker says; None where it cannot be read. Call only where there is one."""
    try:
        said = json.loads(marker_of(rig_folder).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in said.items()}
    except (OSError, ValueError, AttributeError):
        return None


def refuse_if_poisoned(rig_folder: Path) -> None:
    """Raises PoisonedRig while the marker is there, also where it cannot be read."""
    marker = marker_of(rig_folder)
    if not is_there(marker):
        return
    facts = facts_of(rig_folder)
    why = "its marker cannot be read" if facts is None else facts.get("why", "no reason given")
    raise PoisonedRig(
        f"{marker}: this rig is poisoned and is not driven: {why}; "
        "`hil doctor` confirms the safe state and lifts it"
    )


def lift(rig_folder: Path) -> bool:
    """Remove the marker, once the safe state has been confirmed. Whether there was one."""
    marker = marker_of(rig_folder)
    existed = is_there(marker)
    marker.unlink(missing_ok=True)
    return existed
