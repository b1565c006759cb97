"""When a run's own clock began: what makes a date of its stamps.

In simulated time every shot begins at 0; all are dated to the start of the run. In real time stamps are those of the
machine's clock, which counts from its start, so the run's header keeps where it stood.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from bench.errors import RecordError, at_place
from bench.units import NS_PER_MS, NS_PER_S

HEADER = "header.json"
_MOST_NS = 1 << 62  # the year 2116
_RUN_ID = re.compile(r"(\d{8}T\d{6})(\d{3})Z-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A stamp of `clock_ns` was at `utc_ns` since 1970, a whole number of ms, as far as file formats go."""

    clock_ns: int
    utc_ns: int

    @property
    def utc(self) -> datetime.datetime:
        return self.utc_of(self.clock_ns)

    def utc_of(self, clock_ns: int) -> datetime.datetime:
        """When a stamp was, to the µs."""
        utc_ns = self.utc_ns + clock_ns - self.clock_ns
        whole = datetime.datetime.fromtimestamp(utc_ns // NS_PER_S, tz=datetime.UTC)
        return whole.replace(microsecond=utc_ns % NS_PER_S // 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZero:
    """The zero of a run's times. clock_ns: None where an older release did not keep it; then each shot counts from
    its first frame.
    """

    clock_ns: int | None
    utc_ns: int

    @classmethod
    def of_now(cls, wall_ns: int, host_ns: int, *, simulated: bool) -> Self:
        """wall_ns, host_ns: both clocks, read one after the other."""
        part = wall_ns % NS_PER_MS
        return cls(clock_ns=0 if simulated else host_ns - part, utc_ns=wall_ns - part)

    @classmethod
    def of_run(cls, header: Mapping[str, Any]) -> Self:
        """As the header has it; of an older run by its id, to the ms, or by its start, to the second.

        Where nothing is known: 1970, with the stamps as they are. Raises RecordError for what is no time.
        """
        kept = header.get("time_zero")
        if kept is not None:
            return cls(clock_ns=_whole(kept, "clock_ns"), utc_ns=_whole(kept, "utc_ns"))
        utc_ns = _began_ns(str(header.get("run_id")), header.get("started_utc"))
        if utc_ns is None:
            return cls(clock_ns=0, utc_ns=0)
        return cls(clock_ns=0 if header.get("timebase") == "simulated" else None, utc_ns=utc_ns)

    def before(self, first_ns: int) -> Dated:
        """The zero of a file whose first stamp is `first_ns`; earlier by whole ms where that lies before the run."""
        clock_ns = first_ns if self.clock_ns is None else self.clock_ns
        early = max(0, -((first_ns - clock_ns) // NS_PER_MS)) * NS_PER_MS
        return Dated(clock_ns=clock_ns - early, utc_ns=self.utc_ns - early)


def _began_ns(run_id: str, started_utc: object) -> int | None:
    told = _RUN_ID.match(run_id)
    try:
        if told is not None:
            began = datetime.datetime.strptime(told[1], "%Y%m%dT%H%M%S").replace(tzinfo=datetime.UTC)
            return int(began.timestamp()) * NS_PER_S + int(told[2]) * NS_PER_MS
        if started_utc is not None:
            return int(datetime.datetime.fromisoformat(str(started_utc)).timestamp()) * NS_PER_S
    except ValueError as error:
        found = f"run {run_id!r}, started {started_utc!r}"
        raise RecordError(at_place(HEADER, "", found, "the time at which it began")) from error
    return None


def _whole(kept: Any, name: str) -> int:
    value = kept.get(name) if isinstance(kept, Mapping) else None
    if type(value) is not int or not 0 <= value < _MOST_NS:
        raise RecordError(at_place(HEADER, f"time_zero.{name}", repr(value), "ns, from 0 to 2^62"))
    return value
