"""A rig that an emergency stop or an interlock has stopped is not driven again until somebody gives it free by hand.

The latch belongs to the rig: it lies beside the record folder of its bench file (`runs` → `runs.stopped.json`), and
outlives the run and the process. It names the contacts that set it. `hil rearm` takes it off, and keeps who did so in
`runs.rearmed.jsonl`.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError, RecordError
from bench.record.marker import is_there, set_once
from bench.record.version_1 import latched_by_one_of
from bench.trace.facts import SafetyOpened
from bench.trace.timeline import Trace

BY_HAND = "see to the rig, then remove this file by hand"


class LatchedRig(BenchError):
    """The rig may not be driven; the text says what has stopped it and what gives it free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """why: in words. contacts: those that set it; None where nobody can read it.

    An older latch names none of them: its words begin with the one that set it.
    """

    why: str
    contacts: tuple[str, ...] | None

    def why_not_free(self, read: Collection[str], real: Collection[str]) -> str | None:
        """Why a bench file that reads these contacts (`real`: those of them that are not played) leaves it set."""
        if self.contacts is None:
            return None if real else f"nobody can read which contact set it; {BY_HAND}"
        if any(one not in read for one in self.contacts):
            return f"set by {', '.join(self.contacts)}: expected a bench file with that in [safety]"
        if not self.contacts and not latched_by_one_of(self.why, read):
            return "expected a bench file with the contact that set it in [safety]"
        return None


def latch_of(rig_folder: Path) -> Path:
    """The file that says that the rig was stopped, beside its record folder."""
    return rig_folder.with_name(rig_folder.name + ".stopped.json")


def latch(rig_folder: Path, why: str, stopped_utc: str, contacts: Sequence[str]) -> None:
    """Set it; one that is there stays, for the first cause is the one to look at. Raises RecordError."""
    file = latch_of(rig_folder)
    said = {"why": why, "stopped_utc": stopped_utc, "contacts": list(contacts)}
    if trouble := set_once(file, said):
        raise RecordError(
            f"{file}: NOTHING KEEPS THE RIG STOPPED ({why}): its latch cannot be set: {trouble}"
        )


def read_latch(rig_folder: Path) -> Latch | None:
    """None where nothing has stopped the rig. A latch that cannot be read holds as well."""
    file = latch_of(rig_folder)
    if not is_there(file):
        return None
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        why, contacts = f"{said['why']} ({said['stopped_utc']})", said.get("contacts", [])
        if not isinstance(contacts, list):
            raise TypeError(contacts)
        return Latch(why=why, contacts=tuple(map(str, contacts)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Latch(why="its latch cannot be read", contacts=None)


def why_latched(rig_folder: Path) -> str | None:
    """What has stopped the rig, in words; None where nothing has."""
    found = read_latch(rig_folder)
    return None if found is None else found.why


def refuse_if_latched(rig_folder: Path) -> None:
    """Raises LatchedRig."""
    if (why := why_latched(rig_folder)) is not None:
        raise LatchedRig(
            f"{latch_of(rig_folder)}: this rig was stopped and is not driven: {why}; "
            "see to the rig, then give it free by hand: `hil rearm`"
        )


def refuse_if_not_kept(rig_folder: Path, trace: Trace) -> None:
    """After a shot. Raises RecordError where it was stopped, and no latch keeps the next one from being driven."""
    for mark in trace.of(SafetyOpened):
        if why_latched(rig_folder) is None:
            raise RecordError(
                f"{latch_of(rig_folder)}: NOTHING KEEPS THE RIG STOPPED: {mark.fact.input}: {mark.fact.why}, and its "
                "latch could not be set; see to the rig, and make the folder writable before it is driven again"
            )


def rearm(rig_folder: Path, operator: str, rearmed_utc: str) -> None:
    """Take the latch off, and keep who did it, and what it was set for. Raises RecordError."""
    file, log = latch_of(rig_folder), rig_folder.with_name(rig_folder.name + ".rearmed.jsonl")
    told = {"operator": operator, "rearmed_utc": rearmed_utc, "stopped": why_latched(rig_folder)}
    where, then = log, "cannot be written, so the rig stays stopped"
    try:
        with log.open("a", encoding="utf-8", errors="backslashreplace") as out:
            where, then = file, "cannot be removed, so the rig stays stopped"
            file.unlink(missing_ok=True)
            where, then = log, f"the rig is free, but that {operator} gave it free could not be kept"
            out.write(json.dumps(told) + "\n")
    except OSError as error:
        raise RecordError(f"{where}: {then}: {error.strerror or error}") from error
    if is_there(file):
        raise RecordError(f"{file}: is there again, so the rig stays stopped")
