"""A shot's evidence: container against the folder it replaced, in one process and one run. Exit 1 on a missed promise.

Both get the same trace. Time is that of writing one shot; size is what 59 of them take on the disk.
"""

import shutil
import sys
import tempfile
import timeit
from collections.abc import Callable
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # how it was done is kept there

from shot_folders import write_blf as write_blf_one_by_one  # noqa: E402
from shot_folders import write_shot_files  # noqa: E402

from bench.record.blf import write_blf  # noqa: E402
from bench.record.columns import columns_of  # noqa: E402
from bench.record.folder import RunFolder, read_shot  # noqa: E402
from bench.running.load import load_rig, load_scenarios  # noqa: E402
from bench.running.shots import shoot  # noqa: E402

_SHOTS = 59
_BLOCK = 4096
_WANTED = {"time": 1.5, "blf": 1.0, "bytes": 5.0, "files": 59.0}


def on_disk(folder: Path) -> tuple[int, int]:
    """(files, bytes in whole blocks)."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return len(files), sum(-(-file.stat().st_size // _BLOCK) * _BLOCK for file in files)


def row(what: str, before: float, after: float, unit: str, wanted: float) -> bool:
    """Prints one line of the table; False where a promise is missed."""
    ratio = before / after
    missed = "" if ratio >= wanted else "  MISSED"
    print(f"{what:28} {before:10.2f} {after:10.2f} {unit:3} {ratio:6.1f}x  >= {wanted:g}{missed}")
    return ratio >= wanted


def best_ms(*calls: Callable[[], object], rounds: int = 25) -> list[float]:
    """Rounds take turns and the best counts: noise hits all alike."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for at, call in enumerate(calls):
            best[at] = min(best[at], timeit.timeit(call, number=1) * 1e3)
    return best


def main() -> int:
    base = Path(tempfile.mkdtemp())
    try:
        return compared(base)
    finally:
        shutil.rmtree(base)


def compared(base: Path) -> int:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", None, None)
    prepared = load_scenarios(wired, None, "ov-step-cell17")[0][0]
    fired = RunFolder.create(base, "fired", {})
    result = shoot(wired, prepared, 5, _SHOTS, 1, fired)
    trace, plan, stored = read_shot(fired.path / result.folder)
    old, new, numbers = base / "old", RunFolder.create(base, "new", {}), count()

    def as_folder() -> None:
        folder = old / f"shot-{next(numbers)}"
        folder.mkdir(parents=True)
        write_shot_files(folder, trace, plan, stored)

    def as_record() -> None:
        new.write_shot("ov", next(numbers), trace, plan, stored)

    columns = columns_of(trace.frames)
    channels = {name: n for n, name in enumerate(dict.fromkeys(one[0] for one in columns.table), 1)}
    print(f"{'one shot of ' + str(len(trace.frames)) + ' frames':28} {'before':>10} {'after':>10}")
    write = best_ms(as_folder, as_record)
    good = row("write it", write[0], write[1], "ms", _WANTED["time"])
    blf = best_ms(
        lambda: write_blf_one_by_one(base / "a.blf", trace.frames, channels, "bench", 0),
        lambda: write_blf(base / "b.blf", columns, channels, "bench", 0),
    )
    good &= row("its BLF, mostly deflate", blf[0], blf[1], "ms", _WANTED["blf"])
    shutil.rmtree(old)
    shutil.rmtree(new.path / "scenarios")
    new = RunFolder.create(base, "again", {})
    for _ in range(_SHOTS):
        as_folder()
        as_record()
    (files, size), (fewer, less) = on_disk(old), on_disk(new.path / "scenarios")
    good &= row(f"files of {_SHOTS} shots", files, fewer, "", _WANTED["files"])
    good &= row(f"{_SHOTS} shots on the disk", size / 1e6, less / 1e6, "MB", _WANTED["bytes"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
