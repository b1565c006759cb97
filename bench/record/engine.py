"""The way to a results database, whichever it is, and its name for people."""

from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bench.errors import RecordError, UnusableUrl

WRITES = "hil_writes"  # the execution option of a transaction that writes
_OURS = 0x68696C  # the advisory lock of the bench's writers on a PostgreSQL server: "hil" as a number
_DRIVER = "psycopg"  # of `bms-hil[postgres]`
_DRIVERS = dict.fromkeys(("postgresql", "postgres"), f"postgresql+{_DRIVER}")


def engine_of(where: str | Path, wait_s: float) -> Engine:
    """An SQLAlchemy engine for a path or URL. wait_s: how long to wait for a lock. Raises UnusableUrl."""
    place = str(where)
    try:
        url = make_url(place) if isinstance(where, str) and "://" in place else make_url("sqlite://")
        if url.drivername.startswith("sqlite") and url.database is None and "://" not in place:
            url = url.set(database=place)
        if url.drivername in _DRIVERS:
            url = url.set(drivername=_DRIVERS[url.drivername])
        lite = url.get_backend_name() == "sqlite"
        # No pool: appends are rare, and a run's worker processes must not inherit an open connection.
        engine = create_engine(url, poolclass=NullPool, connect_args=_waiting(url, wait_s))
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        # a port that is no number; it is not said which, for without its '@' a URL has a password there
        why = "its port is no number" if type(error) is ValueError else first_line(error)
        if isinstance(error, ImportError) and error.name == _DRIVER:
            why = "its driver is not installed: pip install 'bms-hil[postgres]'"
        raise UnusableUrl(
            f"{named(where)}: cannot open the results database: {why}; expected a path, or a URL "
            "whose driver is installed"
        ) from error
    if lite:
        _lock_at_once(engine)
    elif url.get_backend_name() == "postgresql":
        _one_writer(engine)
    return engine


def _waiting(url: URL, wait_s: float) -> dict[str, Any]:
    """How long the driver waits for a lock, and for a server that does not answer."""
    match url.get_backend_name():
        case "sqlite":
            return {"timeout": wait_s}
        case "postgresql":
            return {
                "connect_timeout": max(2, round(wait_s)),  # whole seconds, two at least: libpq
                "options": f"-c lock_timeout={max(1, round(wait_s * 1000))}",
            }
        case _:
            return {}


def _lock_at_once(engine: Engine) -> None:
    """An SQLite transaction that reads before it writes fails at once where another one writes: no wait helps it."""

    @event.listens_for(engine, "connect")
    def by_hand(connection: Any, _: object) -> None:
        connection.isolation_level = None  # sqlite3 would begin where it thinks fit

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _one_writer(engine: Engine) -> None:
    """Runs that store theirs at once wait for each other, also for who makes the tables: as in an SQLite file."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITES, False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_OURS})")


def refuse_special(where: str | Path) -> None:
    """Raises RecordError where a folder, a device or a pipe is in the place of the file: it could block, or lose what
    is written. Missing parent folders are made.
    """
    if isinstance(where, str) and "://" in where:
        return
    path = Path(where)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise RecordError("found no plain file; expected an SQLite file")


def named(where: str | Path) -> str:
    """Without the password of a URL."""
    place = str(where)
    if "://" not in place:
        return place
    try:
        return make_url(place).render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError):
        return place.partition("://")[0] + "://…"


def first_line(error: Exception) -> str:
    """The first line of an error's text, else its type's name."""
    return str(error).partition("\n")[0] or type(error).__name__
