"""What became of each mutant by machine, kept in a file line by line, so that a count goes on where it stopped."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from bench.errors import RecordError

FORMAT = "hil-machine-mutants-1"


class MutantFate(StrEnum):
    """What became of a mutant. Killed: KILLED, CRASHED, HANGS. No mutant at all: NOT_COMPILED, EQUIVALENT.

    EQUIVALENT: the same object code as the good firmware, so proven. SILENT: it survives, and sent the good firmware's
    frames in every shot. SURVIVES: it sent others, and no scenario failed.
    """

    KILLED = "killed"
    CRASHED = "crashed"
    HANGS = "hangs"
    SILENT = "silent"
    SURVIVES = "survives"
    EQUIVALENT = "equivalent"
    NOT_COMPILED = "not compiled"


_KILLED = (MutantFate.KILLED, MutantFate.CRASHED, MutantFate.HANGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOutcome:
    """by: the scenario that killed it. differs_in: those whose frames differed up to then. level: at which optimisation
    its object code is that of the good firmware.
    """

    name: str
    fate: MutantFate
    by: str = ""
    differs_in: tuple[str, ...] = ()
    level: str = ""

    @property
    def killed(self) -> bool:
        return self.fate in _KILLED

    @property
    def survives(self) -> bool:
        return self.fate in (MutantFate.SILENT, MutantFate.SURVIVES)


def kept_outcomes(file: Path, key: str) -> dict[str, MachineOutcome]:
    """What an earlier count of the same things has found. A last line that was cut short is left out."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{file}: cannot be read: {error}") from error
    outcomes: dict[str, MachineOutcome] = {}
    for number, line in enumerate(lines):
        try:
            said = json.loads(line)
        except ValueError:
            if number == len(lines) - 1:
                break
            raise RecordError(
                f"{file}, line {number + 1}: found no JSON; expected a mutant's result"
            ) from None
        if number == 0:
            if said.get("format") != FORMAT or said.get("key") != key:
                raise RecordError(
                    f"{file}: its results rest on other sources, scenarios or seeds; "
                    "expected those of now: name another file, or delete it"
                )
            continue
        outcome = MachineOutcome(
            **{**said, "fate": MutantFate(said["fate"]), "differs_in": tuple(said["differs_in"])}
        )
        outcomes[outcome.name] = outcome
    return outcomes


def keep_outcome(file: Path, key: str, outcome: MachineOutcome) -> None:
    """Append one result. An unfinished last line is taken away before."""
    fresh = not file.exists() or file.stat().st_size == 0
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("r+b" if not fresh else "wb") as written:
        if fresh:
            written.write(json.dumps({"format": FORMAT, "key": key}).encode() + b"\n")
        else:  # a line that was cut short goes
            text = written.read()
            written.seek(text.rfind(b"\n") + 1)
            written.truncate()
        written.write(json.dumps(asdict(outcome)).encode() + b"\n")
