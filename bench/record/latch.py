"""A rig that an emergency stop or an interlock has stopped is not driven again until somebody gives it free by hand.

The latch belongs to the rig: it lies beside the record folder of its bench file (`runs` → `runs.stopped.json`), and
outlives the run and the process. `hil rearm` takes it off, and keeps who did so in `runs.rearmed.jsonl`.
"""

import json
from pathlib import Path

from bench.errors import BenchError, RecordError


class LatchedRig(BenchError):
    """The rig may not be driven; the text says what has stopped it and what gives it free."""


def latch_of(rig_folder: Path) -> Path:
    return rig_folder.with_name(rig_folder.name + ".stopped.json")


def latch(rig_folder: Path, why: str, stopped_utc: str) -> None:
    """Set it; one that is there stays, for the first cause is the one to look at. Raises RecordError."""
    file = latch_of(rig_folder)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", errors="backslashreplace") as out:
            json.dump({"why": why, "stopped_utc": stopped_utc}, out, indent=1)
    except FileExistsError:
        pass
    except OSError as error:
        raise RecordError(f"{file}: cannot be written, so nothing keeps the rig stopped: {error}") from error


def why_latched(rig_folder: Path) -> str | None:
    """What has stopped the rig, in words; None where nothing has. A latch that cannot be read holds as well."""
    try:
        said = json.loads(latch_of(rig_folder).read_text(encoding="utf-8"))
        return f"{said['why']} ({said['stopped_utc']})"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return "its latch cannot be read"


def refuse_if_latched(rig_folder: Path) -> None:
    """Raises LatchedRig."""
    if (why := why_latched(rig_folder)) is not None:
        raise LatchedRig(
            f"{latch_of(rig_folder)}: this rig was stopped and is not driven: {why}; "
            "see to the rig, then give it free by hand: `hil rearm`"
        )


def rearm(rig_folder: Path, operator: str, rearmed_utc: str) -> None:
    """Take the latch off, and keep who did it, and what it was set for. Raises RecordError."""
    told = {"operator": operator, "rearmed_utc": rearmed_utc, "stopped": why_latched(rig_folder)}
    log = rig_folder.with_name(rig_folder.name + ".rearmed.jsonl")
    try:
        with log.open("a", encoding="utf-8", errors="backslashreplace") as out:
            out.write(json.dumps(told) + "\n")
        latch_of(rig_folder).unlink(missing_ok=True)
    except OSError as error:
        raise RecordError(f"{log}: the rig stays stopped: {error.strerror or error}") from error
