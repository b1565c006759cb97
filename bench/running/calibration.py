"""Which calibrations had run out on a day: of a bench file before a run, of a stored run after it. Days are UTC."""

import datetime
from collections.abc import Iterable, Mapping

from bench.config.bench_file import BenchConfig
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S


def overdue(due: Iterable[tuple[str, str]], day: str) -> tuple[str, ...]:
    """A line for each (instrument, ISO date on which it was due, "" for none) whose date has passed on `day`."""
    late = [(name, when) for name, when in due if when and when < day]
    return tuple(f"the calibration of {name} was due on {when}" for name, when in late)


def overdue_in(facts: Mapping[str, Mapping[str, str]], day: str) -> tuple[str, ...]:
    """The overdue calibrations in the equipment of a run."""
    return overdue(((name, one.get("calibration_due", "")) for name, one in facts.items()), day)


def overdue_now(config: BenchConfig) -> tuple[str, ...]:
    """The overdue calibrations among the real instruments of a bench, today. Played instruments have no calibration."""
    real = [(f"instrument.{name}", one) for name, one in config.instruments.items() if not one.virtual]
    return overdue(((name, one.calibration_due) for name, one in real), today())


def today() -> str:
    """The date in UTC, as YYYY-MM-DD."""
    return datetime.datetime.fromtimestamp(wall_now_ns() // NS_PER_S, tz=datetime.UTC).date().isoformat()
