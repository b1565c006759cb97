"""Results of many runs in a database: an SQLite file, or any server for which SQLAlchemy has a driver.

It is an index of the run folders, which hold the truth. A run is stored once its folder has its footer; `hil store`
adds it later where the database could not take it. Classes of evidence never share an answer: every query names one
class. A run of an old release that stored no class counts as the weakest class that its timebase allows.
"""

import contextlib
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from bench.errors import RecordError
from bench.record.chain import FOOTER
from bench.record.codable import decode
from bench.record.engine import WRITES, engine_of, first_line, named, refuse_special
from bench.record.folder import HEADER
from bench.record.rows import finding_rows, run_row, scenario_row, shot_row
from bench.record.schema import (
    FINDINGS,
    RUNS,
    SCENARIOS,
    SCHEMA,
    SHOTS,
    VERSION,
    bring_up_to_date,
    is_current,
)
from bench.record.shot import read_json
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.result import Judgement, Reason, RunResult, ScenarioResult, Verdict

__all__ = ["RUNS", "SCENARIOS", "SHOTS", "PastResult", "ResultsDatabase", "Sealed"]

OF_CLASS: ColumnElement[str] = func.coalesce(
    RUNS.c.evidence,
    case(
        (RUNS.c.timebase == Timebase.SIMULATED.value, EvidenceClass.SIMULATED.value),
        else_=EvidenceClass.REAL_TIME.value,
    ),
)
WAIT_S = 30.0  # for other runs that store theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class PastResult:
    """One scenario in one earlier run. Times are upper ends of intervals, ns; None where not measured.

    rig, scenario_hash: of the bench and of the scenario's file; "" where an older release kept none. rules: the version
    of the rules by which it was judged.
    """

    run_id: str
    started_utc: str
    firmware: str
    firmware_identity: str
    chemistry: str
    shots: int
    verdict: Verdict
    reasons: tuple[Reason, ...]
    fdti_max_high_ns: int | None
    fhti_max_high_ns: int | None
    rig: str = ""
    scenario_hash: str = ""
    rules: int = 1
    evidence: EvidenceClass = EvidenceClass.SIMULATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Where a run's folder lies, on which machine, and the end of its footer's chain: which folder a row speaks of.

    lab, label: what its header says of them (`place` of the bench file, `--label`); "" where nobody said it.
    """

    host: str
    folder: str
    chain: str
    lab: str = ""
    label: str = ""

    @classmethod
    def of(cls, folder: Path, footer: Mapping[str, Any] | None = None) -> "Sealed":
        """Raises RecordError where footer or header cannot be read."""
        read = read_json(folder / FOOTER) if footer is None else footer
        header = read_json(folder / HEADER)
        place = str(folder.resolve()).encode(errors="surrogateescape").decode(errors="backslashreplace")
        return cls(
            host=platform.node(),
            folder=place,
            chain=str(read.get("chain", "")),
            lab=str(header.get("place") or ""),
            label=str(header.get("label") or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A run as the database has it. sealed: None where an older release kept none."""

    run_id: str
    verdict: str
    aborted: bool
    sealed: Sealed | None


class ResultsDatabase:
    """`where` is a path of an SQLite file (created when missing) or a database URL with '://'.

    wait_s: how long an SQLite file may be locked by others. Raises RecordError, one line, for whatever is wrong with
    it; UnusableUrl where the URL itself is. brought_from: the version of its schema, where that was an older one.
    """

    brought_from: int | None = None

    def __init__(self, where: str | Path, *, wait_s: float | None = None) -> None:
        self._where = where
        self._engine = engine_of(where, WAIT_S if wait_s is None else wait_s)
        with self._told("cannot open the results database"):
            refuse_special(where)
            with self._engine.connect() as connection:
                ready = is_current(connection)
            if not ready:
                with self._writing() as connection:
                    version = bring_up_to_date(connection)
                if 0 < version < VERSION:
                    self.brought_from = version

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Whatever goes wrong with a database is one line: it must not cost the run that it only lists."""
        try:
            yield
        except RecordError as error:
            raise RecordError(f"{named(self._where)}: {what}: {error}") from error
        except Exception as error:  # a driver raises what it likes, OverflowError among it
            raise RecordError(f"{named(self._where)}: {what}: {first_line(error)}") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction that no other run's can come between."""
        with self._engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            yield connection

    def try_writing(self) -> None:
        """Look at every table and write what is there already: a lock alone does not try the disk. RecordError."""
        with self._told("cannot be written"), self._writing() as connection:
            for table in (RUNS, SCENARIOS, SHOTS, FINDINGS):
                connection.execute(select(table).limit(0))
            connection.execute(update(SCHEMA).values(version=VERSION))

    def add(self, run: RunResult, sealed: Sealed | None = None) -> bool:
        """Store a run whole or not at all. False where it is already stored; it then stays as it is. Raises
        RecordError.

        sealed: the run's folder. It is updated also where the run is already stored, as the folder may have moved.
        """
        row = run_row(run)
        place = {} if sealed is None else asdict(sealed)
        with self._told(f"cannot store run '{run.run_id}'"), self._writing() as connection:
            known = connection.execute(select(RUNS).where(RUNS.c.run_id == run.run_id)).mappings().first()
            if known is not None:
                # What an older release did not keep (its column is younger) is no other value.
                if other := [
                    n for n, v in row.items() if known[n] != v and not (n == "rules" and not known[n])
                ]:
                    raise RecordError(
                        f"stored already with another {', '.join(other)}; results are never overwritten. "
                        "`hil doctor` makes the database say what the folder says"
                    )
                if place:
                    connection.execute(update(RUNS).where(RUNS.c.run_id == run.run_id).values(**place))
                return False
            connection.execute(insert(RUNS), {**row, **place})
            for scenario in run.scenarios:
                _append_scenario(connection, run, scenario)
        return True

    def rows(self, query: Select[Any]) -> Sequence[Any]:
        """The answer to any question about the tables of `bench.record.schema`. Raises RecordError."""
        with self._told("cannot be read"), self._engine.connect() as connection:
            return connection.execute(query).all()

    def runs(self) -> tuple[Listed, ...]:
        """Every run, the aborted ones too, by id."""
        query = select(
            RUNS.c.run_id, RUNS.c.verdict, RUNS.c.aborted, RUNS.c.host, RUNS.c.folder, RUNS.c.chain
        ).order_by(RUNS.c.run_id)
        rows = [dict(row._mapping) for row in self.rows(query)]
        return tuple(
            Listed(
                run_id=row["run_id"],
                verdict=row["verdict"],
                aborted=row["aborted"] is not None,
                sealed=None
                if row["folder"] is None
                else Sealed(host=row["host"] or "", folder=row["folder"], chain=row["chain"] or ""),
            )
            for row in rows
        )

    def rows_of(self, run_id: str) -> tuple[list[dict[str, Any]], ...]:
        """All that is kept of a run, in its order: the run, scenarios, shots, findings. Raises RecordError."""
        its = SCENARIOS.c.run_id == run_id
        queries = (
            select(RUNS).where(RUNS.c.run_id == run_id),
            select(SCENARIOS).where(its).order_by(SCENARIOS.c.id),
            select(SHOTS).join(SCENARIOS).where(its).order_by(SHOTS.c.id),
            select(FINDINGS).join(SCENARIOS).where(its).order_by(FINDINGS.c.id),
        )
        with self._told("cannot be read"), self._engine.connect() as connection:
            return tuple([dict(row) for row in connection.execute(one).mappings()] for one in queries)

    def remove(self, run_id: str) -> bool:
        """Take a run off the list, whole; False where it is not on it. Its folder stays. Raises RecordError."""
        with self._told(f"cannot remove run '{run_id}'"), self._writing() as connection:
            its = select(SCENARIOS.c.id).where(SCENARIOS.c.run_id == run_id)
            for table in (FINDINGS, SHOTS):
                connection.execute(delete(table).where(table.c.scenario.in_(its)))
            connection.execute(delete(SCENARIOS).where(SCENARIOS.c.run_id == run_id))
            return bool(connection.execute(delete(RUNS).where(RUNS.c.run_id == run_id)).rowcount)

    def history(self, scenario_id: str, evidence: EvidenceClass) -> tuple[PastResult, ...]:
        """The scenario's results of one class of evidence, oldest first. Results of aborted runs are not among them."""
        return self.histories(evidence, None, [scenario_id]).get(scenario_id, ())

    def histories(
        self,
        evidence: EvidenceClass,
        chemistry: str | None,
        scenario_ids: Sequence[str] | None = None,
        *,
        newest: int | None = None,
    ) -> dict[str, tuple[PastResult, ...]]:
        """As `history`, of many scenarios. None: of any chemistry, of all scenarios.

        newest: how many of the newest runs of the class and chemistry are read; None: all.
        """
        of_runs = select(
            RUNS.c.run_id, RUNS.c.started_utc, RUNS.c.firmware, RUNS.c.firmware_identity, RUNS.c.chemistry,
            RUNS.c.rules, func.coalesce(RUNS.c.rig, "").label("rig"),
        ).where(*_whole(evidence, chemistry)).order_by(RUNS.c.started_utc.desc()).limit(newest)  # fmt: skip
        runs = {
            row["run_id"]: {**row, "rules": row["rules"] or 1, "evidence": evidence}
            for row in (dict(one._mapping) for one in self.rows(of_runs))
        }
        its = SCENARIOS.c
        query = select(
            its.run_id, its.scenario_id, its.shots, its.verdict, its.reasons, its.scenario_hash,
            its.fdti_max_high_ns, its.fhti_max_high_ns,
        ).order_by(its.id)  # fmt: skip
        if scenario_ids is not None:
            query = query.where(its.scenario_id.in_(scenario_ids))
        if newest is not None:
            query = query.where(its.run_id.in_(runs))
        found: dict[str, list[PastResult]] = {}
        for row in self.rows(query):
            run = runs.get(row.run_id)
            if run is not None:
                found.setdefault(row.scenario_id, []).append(_past(run, row))
        return {name: tuple(sorted(past, key=_started)) for name, past in found.items()}

    def counts(self, evidence: EvidenceClass, chemistry: str | None) -> dict[str, dict[tuple[str, str], int]]:
        """How many results `histories` has: by scenario, then by (rig, scenario file), both as hashes."""
        its, whole, rig = SCENARIOS.c, _whole(evidence, chemistry), func.coalesce(RUNS.c.rig, "")
        key = (its.scenario_id, func.coalesce(its.scenario_hash, ""))
        found: dict[str, dict[tuple[str, str], int]] = {}
        # Rig by rig, as SQLite takes ten times as long for one question that joins them all.
        for (one,) in self.rows(select(rig).where(*whole).distinct()):
            runs = select(RUNS.c.run_id).where(*whole, rig == one)
            query = select(*key, func.count()).where(its.run_id.in_(runs)).group_by(*key)
            for name, file, count in self.rows(query):
                found.setdefault(name, {})[one, file] = count
        return found


def _whole(evidence: EvidenceClass, chemistry: str | None) -> list[ColumnElement[bool]]:
    """Runs of a class that nobody aborted."""
    asked: list[ColumnElement[bool]] = [OF_CLASS.in_([evidence.value]), RUNS.c.aborted.is_(None)]
    if chemistry is not None:
        asked.append(RUNS.c.chemistry == chemistry)
    return asked


def _past(run: Mapping[str, Any], scenario: Any) -> PastResult:
    return PastResult(
        **run,
        shots=scenario.shots,
        verdict=Verdict[scenario.verdict],
        reasons=_reasons(scenario.verdict, scenario.reasons),
        fdti_max_high_ns=scenario.fdti_max_high_ns,
        fhti_max_high_ns=scenario.fhti_max_high_ns,
        scenario_hash=scenario.scenario_hash or "",
    )


def _reasons(verdict: str, stored: list[Any]) -> tuple[Reason, ...]:
    return decode(Judgement, {"verdict": verdict, "reasons": stored}).reasons if stored else ()


def _started(past: PastResult) -> str:
    return past.started_utc


def _append_scenario(connection: Connection, run: RunResult, scenario: ScenarioResult) -> None:
    row = scenario_row(scenario, run.hashes)
    stored = connection.execute(insert(SCENARIOS), {"run_id": run.run_id, **row})
    key = stored.inserted_primary_key
    if key is None:
        raise RecordError(f"the database gave no key for scenario '{scenario.scenario_id}'")
    if scenario.shots:
        shots = [{"scenario": key[0], **shot_row(scenario.timebase, shot)} for shot in scenario.shots]
        connection.execute(insert(SHOTS), shots)
    found = [*finding_rows(None, scenario.judgement)]
    for shot in scenario.shots:
        found += finding_rows(shot.index, shot.judgement)
    if found:
        connection.execute(insert(FINDINGS), [{"scenario": key[0], **one} for one in found])
