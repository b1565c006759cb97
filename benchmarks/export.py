"""A stored shot's signals for Parquet: in columns against frame by frame, in one process and one run.

Exit 1 on a missed promise. Needs the extra 'parquet'. A short shot has no promise for decoding: numpy asks some
microseconds for each signal, which a thousand frames of four hundred signals do not repay; the writing does.
"""

import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # how it was done is kept there

from frame_by_frame import signal_rows  # noqa: E402

from bench.codec.database import Database  # noqa: E402
from bench.record.folder import open_run, read_shot  # noqa: E402
from bench.stored.export_parquet import signal_arrays, units_of, write_columns, write_table  # noqa: E402
from bench.stored.export_rows import SIGNAL_COLUMNS  # noqa: E402
from bench.stored.rejudge import stored_databases  # noqa: E402
from bench.stored.signal_columns import SignalColumns, signal_columns  # noqa: E402
from bench.trace.timeline import Trace  # noqa: E402

_COLUMNS = (*SIGNAL_COLUMNS, "unit")
_WANTED = 2.0
_TIMES = 30  # a long shot: the same frames again and again


def main(run: Path) -> int:
    opened = open_run(run)
    databases = stored_databases(opened)
    trace, _, _ = read_shot(next(iter(opened.shots())))
    long = Trace(timebase=trace.timebase)
    for again in range(_TIMES):
        for seen in trace.frames:
            long.frames.append(seen._replace(t_ns=seen.t_ns + again * 3_600 * 10**9))
    good = compared(trace, databases, 0.0)
    return 0 if compared(long, databases, _WANTED) and good else 1


def compared(trace: Trace, databases: dict[str, Database], wanted: float) -> bool:
    units = {name: units_of(one) for name, one in databases.items()}

    def rows(file: Path) -> None:
        found = signal_rows("s", "shot-000", trace, databases)
        told = ((*row, units[row[3]].get(f"{row[4]}.{row[5]}", "")) for row in found)
        write_table(file, _COLUMNS, told, {})

    def decode() -> SignalColumns:
        trace.frames._columns = None
        return signal_columns(trace, databases)

    def columns(file: Path) -> None:
        write_columns(file, _COLUMNS, signal_arrays("s", "shot-000", decode(), units), {})

    frames = len(trace.frames)
    print(f"{'a shot of ' + str(frames) + ' frames':28} {'before':>9} {'after':>9}  us a frame")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "signals.parquet"
        alone = best_us(lambda: list(signal_rows("", "", trace, databases)), decode, frames=frames)
        whole = best_us(lambda: rows(file), lambda: columns(file), frames=frames)
    good = row("decode", *alone, wanted)
    return row("decode and write", *whole, wanted) and good


def best_us(*calls: Callable[[], object], frames: int, rounds: int = 5) -> list[float]:
    """Rounds take turns and the best counts: noise hits all alike."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for at, call in enumerate(calls):
            best[at] = min(best[at], timeit.timeit(call, number=1) / frames * 1e6)
    return best


def row(what: str, before: float, after: float, wanted: float) -> bool:
    missed = "" if before / after >= wanted else "  MISSED"
    print(f"{what:28} {before:9.2f} {after:9.2f}  {before / after:6.1f}x  >= {wanted:g}{missed}")
    return before / after >= wanted


if __name__ == "__main__":
    stored = min((ROOT / "tests/data/runs_of_rules_1").glob("*-reference"))
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else stored))
