"""The tables of the results database, the number of their schema, and the way from an older one to this one.

A newer release may have given the columns another meaning, so its database is neither read nor written.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import Connection

from bench.errors import RecordError
from bench.record.json_column import FiniteJson

WORDED = "words-of-version-1"  # the code of a reason that was stored in words
# 1: the first releases, which wrote no number; 2: reasons in words only; 3: no version of the rules; 4: not where the
# folder is; 5: not the stratum and place of a shot; 6: not the class of evidence; 7: not whether
# a run's BMS is made for another chemistry than its pack's; 8: rig and scenario file among the hashes only, neither
# lab nor label
VERSION = 9
ABORTED_LENGTH = 512

METADATA = MetaData()

# Seeds are text: they may have more bits than a database's integer. Times are BigInteger nanoseconds.
RUNS = Table(
    "runs",
    METADATA,
    Column("run_id", String(128), primary_key=True),
    Column("started_utc", String(40), nullable=False),
    Column("timebase", String(16), nullable=False),
    Column("seed", String(40), nullable=False),
    Column("bench_version", String(64), nullable=False),
    Column("firmware", String(256), nullable=False),
    Column("firmware_identity", String(256), nullable=False, index=True),
    Column("chemistry", String(64), nullable=False),
    Column("hashes", FiniteJson, nullable=False),
    Column("environment", FiniteJson, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("aborted", String(ABORTED_LENGTH)),
    Column("rules", Integer),
    Column("host", String(256)),
    Column("folder", String(4096)),
    Column("chain", String(64)),
    Column("evidence", String(16)),
    Column("mismatch", String(256)),
    Column("rig", String(64), index=True),
    Column("lab", String(256), index=True),
    Column("label", String(256), index=True),
)

# A row of an SQLite file is read from its begin, and the hashes of a run are longer than a page: what is asked of every
# run is read from an index that holds all of it. A server keeps long values elsewhere by itself.
Index(
    "ix_runs_asked_of_all",
    *(RUNS.c[name] for name in ("started_utc", "run_id", "timebase", "evidence", "aborted", "mismatch")),
    *(RUNS.c[name] for name in ("firmware", "firmware_identity", "chemistry", "rules", "rig")),
).ddl_if(dialect="sqlite")

SCENARIOS = Table(
    "scenarios",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.run_id"), nullable=False, index=True),
    Column("scenario_id", String(128), nullable=False),
    Column("title", String(256), nullable=False),
    Column("timebase", String(16), nullable=False),
    Column("aim", String(16), nullable=False),
    Column("safety_goal", String(64), nullable=False),
    Column("asil", String(16), nullable=False),
    Column("requirements", FiniteJson, nullable=False),
    Column("shots", Integer, nullable=False),
    Column("fdti_budget_ns", BigInteger, nullable=False),
    Column("fhti_budget_ns", BigInteger, nullable=False),
    Column("fdti_p50_high_ns", BigInteger),
    Column("fdti_max_low_ns", BigInteger),
    Column("fdti_max_high_ns", BigInteger),
    Column("fhti_max_low_ns", BigInteger),
    Column("fhti_max_high_ns", BigInteger),
    Column("verdict", String(16), nullable=False),
    Column("reasons", FiniteJson, nullable=False),
    Column("scenario_hash", String(64), index=True),
    Index("ix_scenarios_of_runs", "scenario_id", "run_id", "scenario_hash"),
)

SHOTS = Table(
    "shots",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("scenario", ForeignKey("scenarios.id"), nullable=False, index=True),
    Column("timebase", String(16), nullable=False),
    Column("shot", Integer, nullable=False),
    Column("seed", String(40), nullable=False),
    Column("phase_ns", BigInteger, nullable=False),
    Column("stratum", Integer),
    Column("place", Integer),
    Column("fdti_low_ns", BigInteger),
    Column("fdti_high_ns", BigInteger),
    Column("frti_low_ns", BigInteger),
    Column("frti_high_ns", BigInteger),
    Column("fhti_low_ns", BigInteger),
    Column("fhti_high_ns", BigInteger),
    Column("verdict", String(16), nullable=False),
    Column("reasons", FiniteJson, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("folder", String(256), nullable=False),
)

# What was found, to be asked by code. shot: None of the scenario's own verdict. reason: the place among the reasons.
FINDINGS = Table(
    "findings",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("scenario", ForeignKey("scenarios.id"), nullable=False, index=True),
    Column("shot", Integer),
    Column("reason", Integer, nullable=False),
    Column("code", String(64), nullable=False, index=True),
    Column("blame", String(16), nullable=False),
    Column("held", String(16), nullable=False),
    Column("shots", Integer),
    Column("figures", FiniteJson, nullable=False),
)

SCHEMA = Table("hil_schema", METADATA, Column("version", Integer, nullable=False))


def stored_version(connection: Connection) -> int:
    """0: an empty database."""
    found = inspect(connection)
    if found.has_table(SCHEMA.name):
        return int(connection.execute(select(func.max(SCHEMA.c.version))).scalar() or 0)
    return 1 if found.has_table(RUNS.name) else 0


def is_current(connection: Connection) -> bool:
    """Whether it can be used as it is. Raises RecordError for the schema of a newer release."""
    version = stored_version(connection)
    if version > VERSION:
        raise RecordError(
            f"its schema is version {version}, of a newer release of the bench; expected {VERSION} at most: "
            "use that release, or another database"
        )
    return version == VERSION


def bring_up_to_date(connection: Connection) -> int:
    """Make what is not there, in the transaction of `connection`; the version that it had, 0 where it was empty.

    Each step is told by what is missing, so that it can be taken from any older version. Raises RecordError for tables
    that are not ours.
    """
    if is_current(connection):  # another run was first
        return VERSION
    version = stored_version(connection)
    found = inspect(connection)
    before = set(found.get_table_names())
    kept_hashes_only = SCENARIOS.name in before and "scenario_hash" not in {
        column["name"] for column in found.get_columns(SCENARIOS.name)
    }
    METADATA.create_all(connection)
    if FINDINGS.name not in before and SHOTS.name in before:
        _add_findings(connection)
    for table in METADATA.sorted_tables:
        if table.name in before:
            _add_columns(connection, table)
            _add_indexes(connection, table)
    if kept_hashes_only:
        _add_hashes(connection)
    connection.execute(delete(SCHEMA))
    connection.execute(insert(SCHEMA), {"version": VERSION})
    return version


def _add_findings(connection: Connection) -> None:
    """What an older release stored in words only, so that the question for a code finds these runs too."""
    rows = [
        (key, None, reasons)
        for key, reasons in connection.execute(select(SCENARIOS.c.id, SCENARIOS.c.reasons))
    ]
    of_shots = select(SHOTS.c.scenario, SHOTS.c.shot, SHOTS.c.reasons)
    rows += [(key, shot, reasons) for key, shot, reasons in connection.execute(of_shots)]
    found = [
        {
            "scenario": key,
            "shot": shot,
            "reason": place,
            "code": WORDED,
            "blame": "nobody",
            "held": "against",
            "shots": None,
            "figures": {"said": words},
        }
        for key, shot, reasons in rows
        for place, words in enumerate(reasons)
        if isinstance(words, str)
    ]
    if found:
        connection.execute(insert(FINDINGS), found)


def _add_columns(connection: Connection, table: Table) -> None:
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    missing = [column for column in table.columns if column.name not in there]
    if needed := [column.name for column in missing if not column.nullable]:
        raise RecordError(
            f"its table '{table.name}' has no column {', '.join(needed)}; expected a database that `hil run` made"
        )
    for column in missing:
        kind = column.type.compile(connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")


def _add_indexes(connection: Connection, table: Table) -> None:
    there = {one["name"] for one in inspect(connection).get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in there:
            index.create(connection)


def _add_hashes(connection: Connection) -> None:
    """Rig and scenario file have columns of their own: nothing has to read all hashes of a run for one of them."""
    for run_id, hashes in connection.execute(select(RUNS.c.run_id, RUNS.c.hashes)).all():
        its = SCENARIOS.c.run_id == run_id
        connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(rig=hashes.get("rig", "")))
        rows = [
            {"key": key, "file": hashes.get(f"scenario.{name}", "")}
            for key, name in connection.execute(select(SCENARIOS.c.id, SCENARIOS.c.scenario_id).where(its))
        ]
        if rows:
            one = update(SCENARIOS).where(SCENARIOS.c.id == bindparam("key"))
            connection.execute(one.values(scenario_hash=bindparam("file")), rows)
