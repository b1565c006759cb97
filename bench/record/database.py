"""Results of many runs in a database: an SQLite file, or any server SQLAlchemy has a driver for.

Simulated and host time never share an answer: every query demands its timebase.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    select,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bench.errors import RecordError
from bench.measure.interval import Latency
from bench.timing.clock import Timebase
from bench.verdict.result import RunResult, ScenarioResult, ShotResult, Verdict

_METADATA = MetaData()

# Seeds are text: they may have more bits than a database's integer. Times are BigInteger nanoseconds.
RUNS = Table(
    "runs",
    _METADATA,
    Column("run_id", String(128), primary_key=True),
    Column("started_utc", String(40), nullable=False),
    Column("timebase", String(16), nullable=False),
    Column("seed", String(40), nullable=False),
    Column("bench_version", String(64), nullable=False),
    Column("firmware", String(256), nullable=False),
    Column("firmware_identity", String(256), nullable=False),
    Column("chemistry", String(64), nullable=False),
    Column("hashes", JSON, nullable=False),
    Column("environment", JSON, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("aborted", String(512)),
)

SCENARIOS = Table(
    "scenarios",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.run_id"), nullable=False, index=True),
    Column("scenario_id", String(128), nullable=False, index=True),
    Column("title", String(256), nullable=False),
    Column("timebase", String(16), nullable=False),
    Column("aim", String(16), nullable=False),
    Column("safety_goal", String(64), nullable=False),
    Column("asil", String(16), nullable=False),
    Column("requirements", JSON, nullable=False),
    Column("shots", Integer, nullable=False),
    Column("fdti_budget_ns", BigInteger, nullable=False),
    Column("fhti_budget_ns", BigInteger, nullable=False),
    Column("fdti_p50_high_ns", BigInteger),
    Column("fdti_max_low_ns", BigInteger),
    Column("fdti_max_high_ns", BigInteger),
    Column("fhti_max_low_ns", BigInteger),
    Column("fhti_max_high_ns", BigInteger),
    Column("verdict", String(16), nullable=False),
    Column("reasons", JSON, nullable=False),
)

SHOTS = Table(
    "shots",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("scenario", ForeignKey("scenarios.id"), nullable=False, index=True),
    Column("timebase", String(16), nullable=False),
    Column("shot", Integer, nullable=False),
    Column("seed", String(40), nullable=False),
    Column("phase_ns", BigInteger, nullable=False),
    Column("fdti_low_ns", BigInteger),
    Column("fdti_high_ns", BigInteger),
    Column("frti_low_ns", BigInteger),
    Column("frti_high_ns", BigInteger),
    Column("fhti_low_ns", BigInteger),
    Column("fhti_high_ns", BigInteger),
    Column("verdict", String(16), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("folder", String(256), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastResult:
    """One scenario in one earlier run. Times are upper ends of intervals, ns; None where not measured.

    rig, scenario_hash: of the bench and of the scenario's file; "" where an older release kept none.
    """

    run_id: str
    started_utc: str
    firmware: str
    firmware_identity: str
    chemistry: str
    shots: int
    verdict: Verdict
    reasons: tuple[str, ...]
    fdti_max_high_ns: int | None
    fhti_max_high_ns: int | None
    rig: str = ""
    scenario_hash: str = ""


class ResultsDatabase:
    """`where` is a path of an SQLite file (created when missing) or a database URL with '://'."""

    def __init__(self, where: str | Path) -> None:
        self._url = where if isinstance(where, str) and "://" in where else f"sqlite:///{where}"
        try:
            # No pool: appends are rare, and a run's worker processes must not inherit an open connection.
            self._engine = create_engine(self._url, poolclass=NullPool)
            _METADATA.create_all(self._engine)
        except (ArgumentError, SQLAlchemyError, ImportError) as error:
            raise RecordError(f"{where}: cannot open the results database: {_first_line(error)}") from error

    def append(self, run: RunResult) -> None:
        """Store a run whole or not at all. Raises RecordError when it is stored already or on any failure."""
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(RUNS), _run_row(run))
                for scenario in run.scenarios:
                    _append_scenario(connection, run.run_id, scenario)
        except IntegrityError as error:
            raise RecordError(
                f"{self._url}: run '{run.run_id}' is stored already; results are never overwritten"
            ) from error
        except SQLAlchemyError as error:
            raise RecordError(
                f"{self._url}: cannot store run '{run.run_id}': {_first_line(error)}"
            ) from error

    def scenario_ids(self, timebase: Timebase) -> tuple[str, ...]:
        """All scenarios with a result on one timebase, by name."""
        query = select(SCENARIOS.c.scenario_id).where(SCENARIOS.c.timebase == timebase.value).distinct()
        try:
            with self._engine.connect() as connection:
                return tuple(sorted(row[0] for row in connection.execute(query)))
        except SQLAlchemyError as error:
            raise RecordError(f"{self._url}: cannot be read: {_first_line(error)}") from error

    def history(self, scenario_id: str, timebase: Timebase) -> tuple[PastResult, ...]:
        """The scenario's results on one timebase, oldest first."""
        query = (
            select(
                RUNS.c.run_id, RUNS.c.started_utc, RUNS.c.firmware, RUNS.c.firmware_identity, RUNS.c.chemistry,
                RUNS.c.hashes,
                SCENARIOS.c.shots, SCENARIOS.c.verdict, SCENARIOS.c.reasons,
                SCENARIOS.c.fdti_max_high_ns, SCENARIOS.c.fhti_max_high_ns,
            )
            .join_from(SCENARIOS, RUNS)
            .where(SCENARIOS.c.scenario_id == scenario_id, SCENARIOS.c.timebase == timebase.value)
            .order_by(RUNS.c.started_utc, SCENARIOS.c.id)
        )  # fmt: skip
        try:
            with self._engine.connect() as connection:
                rows = [dict(row) for row in connection.execute(query).mappings()]
        except SQLAlchemyError as error:
            raise RecordError(f"{self._url}: cannot be read: {_first_line(error)}") from error
        return tuple(
            PastResult(
                **{key: value for key, value in row.items() if key not in ("hashes", "verdict", "reasons")},
                verdict=Verdict[row["verdict"]],
                reasons=tuple(row["reasons"]),
                rig=str(row["hashes"].get("rig", "")),
                scenario_hash=str(row["hashes"].get(f"scenario.{scenario_id}", "")),
            )
            for row in rows
        )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _run_row(run: RunResult) -> dict[str, Any]:
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
        "aborted": run.aborted,
    }


def _append_scenario(connection: Connection, run_id: str, scenario: ScenarioResult) -> None:
    fdti, fhti, budget = scenario.fdti, scenario.fhti, scenario.budget
    stored = connection.execute(
        insert(SCENARIOS),
        {
            "run_id": run_id,
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
            "reasons": list(scenario.judgement.reasons),
        },
    )
    key = stored.inserted_primary_key
    if key is None:
        raise RecordError(f"the database gave no key for scenario '{scenario.scenario_id}'")
    if scenario.shots:
        connection.execute(
            insert(SHOTS), [_shot_row(key[0], scenario.timebase, shot) for shot in scenario.shots]
        )


def _shot_row(scenario: int, timebase: Timebase, shot: ShotResult) -> dict[str, Any]:
    measured = shot.measurement
    row: dict[str, Any] = {
        "scenario": scenario,
        "timebase": timebase.value,
        "shot": shot.index,
        "seed": str(shot.seed),
        "phase_ns": shot.phase_ns,
        "verdict": shot.judgement.verdict.name,
        "reasons": list(shot.judgement.reasons),
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
