"""Whether the qualification that a stored run refers to covers it, by the copy in its own inputs/."""

import datetime
from collections.abc import Mapping
from typing import Any

from bench.campaign.qualified import why_not_qualified, why_stale
from bench.errors import RecordError
from bench.record.folder import OpenedRun
from bench.record.shot import read_json
from bench.wiring.mutants import mutant_classes


def why_not_covered(opened: OpenedRun) -> str | None:
    """None where the header claims no qualification, or where its copy shows one. For runs of this very release."""
    header = opened.header
    claimed = header.get("qualification")
    if not isinstance(claimed, dict) or claimed.get("trouble") is not None:
        return None
    sha256 = str(header["hashes"].get("qualification", ""))
    copy = next((opened.path / "inputs").glob(f"{sha256[:12]}-*"), None) if sha256 else None
    if copy is None:
        return "header.json: says that a qualification covers the run, and inputs/ has none"
    try:
        why = _why_not(read_json(copy), header)
    except (RecordError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
        why = "it cannot be read"
    return None if why is None else f"header.json: says that {copy.name} covers the run; {why}"


def _why_not(content: Mapping[str, Any], header: Mapping[str, Any]) -> str | None:
    mutants = [name for table in mutant_classes().values() for name in table]
    if (why := why_not_qualified(content, mutants)) is not None:
        return why
    of_run = {
        "rig": header["hashes"]["rig"],
        "bench source": header["bench_source"][:16],
        "timebase": header["timebase"],
    }
    stated = content["identity"]
    if other := [key for key, value in of_run.items() if stated.get(key) != value]:
        return f"it is of another {', '.join(other)}"
    return why_stale(content["created_utc"], datetime.datetime.fromisoformat(header["started_utc"]))
