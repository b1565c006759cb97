"""A run's folder: evidence, append-only. A crash leaves a readable prefix; no footer.json means aborted.

header.json                         who ran what, with which seed and hashes
equipment.json                      adapters and instruments as configured, and as they named themselves
library.json                        what there was to be run, run or not
inputs/<sha256 prefix>-<name>       copies of what the run was made of
scenarios/<id>/shots.hil            the scenario's shots, one record after the other, each checked
scenarios/<id>/shot-000.blf         the first, the worst and failing shots once more, for lab tools
signals/<id>.html                   the signals of a scenario's worst and failing shots, as pages for people
result.json                         the RunResult
statement.json                      the result and the files' SHA-256 in in-toto's words
footer.json                         SHA-256 of every file above and the chain over them (last)
signature.json, statement.dsse.json optional: a user's signature of the footer, and of the statement
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import DAMAGED, NotARun, RecordError, at_place, clear
from bench.record.chain import FOOTER, FORMAT, SIGNATURE, altered, altered_among, as_written, seal, with_file
from bench.record.container import FILE, Known, shot_name, shots_in
from bench.record.contents import json_bytes, plain
from bench.record.evidence import completed
from bench.record.header import checked
from bench.record.shot import read_json, read_shot, write_json
from bench.record.shot_record import append_trace
from bench.record.signature import signature_trouble
from bench.record.statement import STATEMENT, statement
from bench.trace.timeline import Trace

__all__ = ["OpenedRun", "RunFolder", "open_run", "read_shot"]

HEADER, RESULT, LIBRARY = "header.json", "result.json", "library.json"
EQUIPMENT = "equipment.json"
_UNREAD: tuple[type[Exception], ...] = (*DAMAGED, RecordError)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


class RunExists(RecordError):
    """Another run of this name was there first."""


def _digest(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run folder being written. All it needs is a path, so worker processes can each be handed one."""

    path: Path
    _as_written: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _known: dict[str, Known] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def create(cls, base: Path, run_id: str, header: dict[str, Any]) -> "RunFolder":
        """Make `base/run_id` with its header. Raises RecordError when the run exists or cannot be written."""
        path = base / _checked(run_id, "run id")
        try:
            path.mkdir(parents=True)
            (path / "inputs").mkdir()
            (path / "scenarios").mkdir()
            write_json(path / HEADER, {"format": FORMAT, "run_id": run_id, **header})
        except FileExistsError as error:
            raise RunExists(
                f"{path}: exists; a run folder is never written twice, choose another run id"
            ) from error
        except (OSError, TypeError) as error:
            raise RecordError(f"{path}: cannot create the run folder: {error}") from error
        made = cls(path)
        made._remember(HEADER)
        return made

    def _remember(self, name: str) -> None:
        self._as_written[name] = hashlib.sha256((self.path / name).read_bytes()).hexdigest()

    def spoilt(self) -> list[str]:
        """What was written before the first shot, and is not as it was any more."""
        return [name for name, digest in self._as_written.items() if _digest(self.path / name) != digest]

    def add_input(self, source: Path) -> str:
        """Copy an input file into the evidence; its SHA-256. The same content is stored once."""
        try:
            content = source.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            (self.path / "inputs" / f"{digest[:12]}-{source.name}").write_bytes(content)
        except OSError as error:
            raise RecordError(f"{source}: cannot be copied into {self.path}: {error}") from error
        return digest

    def add_library(self, library: dict[str, Any]) -> None:
        """What there was to be run: the denominator of the traceability matrix."""
        try:
            write_json(self.path / LIBRARY, library)
            self._remember(LIBRARY)
        except OSError as error:
            raise RecordError(f"{self.path}: cannot keep the list of scenarios: {error}") from error

    def add_equipment(self, equipment: dict[str, Any]) -> None:
        """Adapters and instruments with what they said of themselves: known only after the first shot."""
        try:
            write_json(self.path / EQUIPMENT, equipment)
        except OSError as error:
            raise RecordError(f"{self.path}: cannot keep the equipment: {error}") from error

    def write_shot(
        self, scenario_id: str, index: int, trace: Trace, plan: dict[str, Any], result: dict[str, Any]
    ) -> str:
        """Write one shot; its place relative to the run's folder. Raises RecordError when that shot exists."""
        relative = shot_folder(scenario_id, index)
        folder = (self.path / relative).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordError(f"{folder}: cannot be created: {error}") from error
        append_trace(folder, index, trace, plan, result, self._known.setdefault(scenario_id, Known()))
        return relative

    def finish(self, result: dict[str, Any]) -> None:
        """Write the result and its statement, then the footer that makes it complete. RecordError the second time."""
        if (self.path / FOOTER).exists():
            raise RecordError(f"{self.path}: has its footer already; a finished run is never written again")
        try:
            write_json(self.path / RESULT, result)
            sealed = seal(self.path, self.path.name)
            write_json(self.path / STATEMENT, statement(result, sealed["sha256"]))
            write_json(self.path / FOOTER, with_file(sealed, self.path, self.path.name, STATEMENT))
        except (OSError, TypeError) as error:
            raise RecordError(f"{self.path}: cannot finish the run: {error}") from error


def shot_folder(scenario_id: str, index: int) -> str:
    """Where a shot lives, relative to the run folder: the name of a record in the container beside it.

    Earlier releases kept a folder of that name.
    """
    return f"scenarios/{_checked(scenario_id, 'scenario id')}/{shot_name(index)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRun:
    """A run folder being read. `footer` is None for an aborted run, `result` for one cut short before it."""

    path: Path
    header: dict[str, Any]
    result: dict[str, Any] | None
    footer: dict[str, Any] | None

    @property
    def aborted(self) -> bool:
        return self.footer is None

    def equipment(self) -> dict[str, Any]:
        """As `add_equipment` kept it, else as the header has it: configured, but not asked.

        Raises RecordError for facts of an instrument that are no texts by name.
        """
        kept = (self.path / EQUIPMENT).is_file()
        found = read_json(self.path / EQUIPMENT) if kept else self.header.get("equipment", {})
        place = self.path / (EQUIPMENT if kept else "header.json")
        if not isinstance(found, dict):
            raise RecordError(at_place(place, "equipment", f"{type(found).__name__}", "a table"))
        for name, facts in found.items():
            if not isinstance(facts, dict) or not all(isinstance(one, str) for one in facts.values()):
                raise RecordError(at_place(place, name, clear(repr(facts), 80), "a table of texts"))
        return dict(found)

    def library(self) -> dict[str, Any] | None:
        """What `add_library` kept; None in a folder of an older release."""
        return read_json(self.path / LIBRARY) if (self.path / LIBRARY).is_file() else None

    def shots(self) -> Iterator[Path]:
        """Places of all finished shots, by scenario and index; those a crash cut short are left out.

        Raises RecordError for a container that cannot be read.
        """
        for scenario in sorted(self.path.glob("scenarios/*"), key=lambda one: one.name):
            found = [file.parent for file in scenario.glob("shot-*/result.json")]
            if (scenario / FILE).is_file():
                found += [scenario / shot_name(number) for number in shots_in(scenario / FILE)]
            yield from sorted(found, key=_index)

    def altered(self) -> tuple[str, ...]:
        """What differs from the footer, one line each with its place; empty without a footer."""
        return () if self.footer is None else verify_run(self.path)[1]


def verify_run(path: Path) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """(footer, what differs from it, one line each), also where files of the run can no longer be read as JSON.

    A signature that is there and does not hold is among it. Footer None: an aborted run. Raises RecordError for a
    folder that is no run.
    """
    footer, told = verify_files(path)
    return footer, told if footer is None else _and_signature(path, told)


def verify_files(path: Path) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The same as `verify_run`, without the check of the signature."""
    footer, told = _checked_against_footer(path, None)
    if footer is None or told:
        return footer, told
    why = _statement_trouble(path, footer)
    return footer, () if why is None else (f"{STATEMENT}: {why}",)


def _statement_trouble(path: Path, footer: dict[str, Any]) -> str | None:
    """Others read the statement alone, so it is made again of result and hashes. An older release wrote none."""
    if STATEMENT not in footer["sha256"]:
        return None
    try:
        made = statement(read_json(path / RESULT), footer["sha256"])
        good = json_bytes(made) == (path / STATEMENT).read_bytes()
    except _UNREAD as error:
        return f"cannot be made again of {RESULT}: {clear(repr(error), 200)}"
    return None if good else f"is not what {RESULT} and the hashes in {FOOTER} make"


def _and_signature(path: Path, told: tuple[str, ...]) -> tuple[str, ...]:
    why = signature_trouble(path)
    return told if why is None or why in told else (why, *told)


def verify_read(path: Path, names: tuple[str, ...] = (HEADER, RESULT)) -> tuple[str, ...]:
    """What differs from the footer, of the files `names` and the signature. A result without a footer is told, too."""
    footer, told = _checked_against_footer(path, names)
    if footer is None:
        return (f"{FOOTER}: missing, so nothing vouches for the result",)
    return _and_signature(path, told)


def _checked_against_footer(
    path: Path, names: tuple[str, ...] | None
) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    if not path.is_dir() or not ((path / HEADER).is_file() or (path / FOOTER).is_file()):
        open_run(path)  # says what is wrong with it
    unread: dict[str, Any] = {"sha256": {}}
    kind = plain(path, FOOTER)
    if kind == "missing":
        return None, ()
    if kind is not None:
        return unread, (f"{FOOTER}: {kind}; a run holds plain files and folders only",)
    try:
        raw = (path / FOOTER).read_bytes()
        footer = read_json(path / FOOTER)
        if not isinstance(footer.get("sha256"), dict):
            return unread, (f"{FOOTER}: names no files",)
    except (RecordError, OSError, RecursionError) as error:
        return unread, (f"{FOOTER}: {error}",)
    run_id = _own_id(path)
    whole = names is None
    told = [*(altered(path, run_id, footer) if whole else altered_among(path, run_id, footer, names or ()))]
    if not as_written(footer, raw):
        told.append(f"{FOOTER}: is not as it was written: other bytes, or another order")
    if path.resolve().name != run_id:
        told.append(f"{HEADER}: of the run {run_id!r}, but the folder is called {path.resolve().name!r}")
    if (why := plain(path, SIGNATURE)) not in (None, "missing"):
        told.append(f"{SIGNATURE}: {why}; a run holds plain files and folders only")
    return footer, tuple(told)


def _own_id(path: Path) -> str:
    """The run's id by its header, else by its folder's name: then the header is told as altered."""
    try:
        return (
            str(read_json(path / HEADER).get("run_id"))
            if plain(path, HEADER) is None
            else path.resolve().name
        )
    except RecordError:
        return path.resolve().name


def open_run(path: Path) -> OpenedRun:
    """Open a run folder, finished or aborted. Raises RecordError for anything else."""
    if not path.is_dir():
        raise NotARun(f"{path}: no such folder; expected a run folder, as `hil run` writes it")
    if not (path / HEADER).is_file():
        raise NotARun(at_place(path, "", "no header.json", "a run folder, as `hil run` writes it"))
    header = read_json(path / HEADER)
    if header.get("format") != FORMAT:
        raise RecordError(at_place(path / HEADER, "format", repr(header.get("format")), f"'{FORMAT}'"))
    footer = read_json(path / FOOTER) if (path / FOOTER).is_file() else None
    if footer is not None and not isinstance(footer.get("sha256"), dict):
        raise RecordError(at_place(path / FOOTER, "sha256", "no table", "a hash for every file of the run"))
    result = read_json(path / RESULT) if (path / RESULT).is_file() else None
    for name, content in ((HEADER, header), (RESULT, result or {})):
        rules = content.get("rules", 1)
        if type(rules) is not int or rules < 1:
            raise RecordError(at_place(path / name, "rules", f"found {rules!r}", "a whole number, 1 or more"))
    known = checked(header, path / HEADER)
    if result is not None:
        result = completed(result, known, path)
    return OpenedRun(path=path, header=known, result=result, footer=footer)


def _checked(name: str, what: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise RecordError(f"{what} '{name}' cannot name a folder; expected letters, digits and . _ + - only")
    return name


def _index(shot: Path) -> int:
    digits = shot.name.removeprefix("shot-")
    return int(digits) if digits.isdecimal() else -1
