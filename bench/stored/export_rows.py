"""What an exporter gets, and the rows of its tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.codec.database import Database
from bench.record.folder import OpenedRun, read_shot
from bench.record.time_zero import Dated, TimeZero
from bench.report.finding_words import joined_words
from bench.report.junit_style import JUnitStyle
from bench.trace.timeline import Trace
from bench.verdict.result import RunResult

FRAME_COLUMNS = (
    "scenario",
    "shot",
    "t_ns",
    "channel",
    "can_id",
    "extended",
    "fd",
    "sender",
    "message",
    "data",
)


SIGNAL_COLUMNS = ("scenario", "shot", "t_ns", "channel", "message", "signal", "value")


SHOT_COLUMNS = (
    "scenario", "operating_point", "shot", "phase_ns", "verdict", "fdti_low_ns", "fdti_high_ns", "frti_low_ns",
    "frti_high_ns", "fhti_low_ns", "fhti_high_ns", "reasons", "digest", "stratum", "place",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What an exporter gets: the opened run, its result, its DBC files by channel, the chosen shots."""

    opened: OpenedRun
    result: RunResult
    databases: dict[str, Database]
    dbc_files: dict[str, list[Path]]
    shots: tuple[Path, ...]
    out: Path
    junit_style: JUnitStyle = JUnitStyle.FULL

    def traces(self) -> Iterator[tuple[str, str, Trace]]:
        """(scenario, shot folder's name, trace) one after the other: a run's traces do not fit into memory."""
        for folder in self.shots:
            trace, _, _ = read_shot(folder)
            yield folder.parent.name, folder.name, trace

    @property
    def zero(self) -> TimeZero:
        return TimeZero.of_run(self.opened.header)

    def dated(self, trace: Trace) -> Dated:
        """What the stamps of a file of these frames count from."""
        return self.zero.before(min((seen.t_ns for seen in trace.frames), default=0))


def frame_rows(job: Export) -> Iterator[tuple[Any, ...]]:
    """A row for each frame of each shot. Times in ns."""
    for scenario, name, trace in job.traces():
        for t_ns, channel, (can_id, data, extended, fd, _), sender in trace.frames:
            message = job.databases[channel].by_id.get((can_id, extended))
            told = message.name if message is not None else ""
            yield scenario, name, t_ns, channel, can_id, extended, fd, sender, told, data


def shot_rows(result: RunResult) -> Iterator[tuple[Any, ...]]:
    """A row for each shot, with its verdict and latencies. Times in ns."""
    for scenario in result.scenarios:
        for shot in scenario.shots:
            measured = shot.measurement
            ends: list[int | None] = []
            for latency in (measured.fdti, measured.frti, measured.fhti) if measured else (None, None, None):
                ends += [latency.interval.low_ns, latency.interval.high_ns] if latency else [None, None]
            verdict = shot.judgement.verdict.name
            # what a DUT says may be no UTF-8
            reasons = joined_words(shot.judgement).encode(errors="backslashreplace").decode()
            yield (
                scenario.scenario_id, scenario.operating_point, shot.index, shot.phase_ns, verdict, *ends,
                reasons, shot.digest, shot.stratum, shot.place,
            )  # fmt: skip
