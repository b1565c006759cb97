"""What one buffer of frames is worth: digest, columns, BLF and measuring of one shot. Run: python -m benchmarks.frames

Each is timed beside how it was done with a list of frames, in one process and in turns, so that a busy machine slows
both. Exit 1 where a ratio falls below what is promised. The collector is off, as it is in a shot.
"""

import gc
import hashlib
import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # how it is done plainly is kept there

from plain_frames import measure_plainly  # noqa: E402
from shot_folders import write_blf as write_blf_one_by_one  # noqa: E402
from test_trace_digest import _of_version_1 as digest_one_by_one  # noqa: E402

from bench.measure.measure import measure  # noqa: E402
from bench.record.blf import write_blf  # noqa: E402
from bench.rig.rig import Rig  # noqa: E402
from bench.running.load import load_rig, load_scenarios  # noqa: E402
from bench.running.shots import shoot  # noqa: E402
from bench.trace.buffer import FrameBuffer, content_of  # noqa: E402
from bench.trace.columns import first_form  # noqa: E402
from bench.trace.events import FrameSeen, made  # noqa: E402
from bench.trace.timeline import Trace  # noqa: E402

_ROUNDS = 25
_WANTED = {"keep": 0.8, "digest": 2.0, "blf": 1.2, "measure": 2.0}


def best_ms(*calls: Callable[[], object]) -> list[float]:
    """Rounds take turns and the best counts: noise hits all alike."""
    best = [float("inf")] * len(calls)
    for _ in range(_ROUNDS):
        for at, call in enumerate(calls):
            best[at] = min(best[at], timeit.timeit(call, number=1) * 1e3)
    return best


def row(what: str, before: float, after: float, wanted: float) -> bool:
    """Prints one line of the table; False where a promise is missed."""
    ratio = before / after
    missed = "" if ratio >= wanted else "  MISSED"
    print(f"{what:44} {before:9.3f} {after:9.3f} ms {ratio:6.1f}x  >= {wanted:g}{missed}")
    return ratio >= wanted


def a_shot() -> tuple[Trace, Callable[[], object], Callable[[], object]]:
    """(its trace; measuring it; measuring it frame by frame)."""
    rigs: list[Rig] = []
    wired = load_rig(ROOT / "hil_config.toml", "simulated", None, None)
    prepared = load_scenarios(wired, None, "ov-step-cell17")[0][0]
    shoot(wired, prepared, 5, 59, 1, None, lambda rig, *_: rigs.append(rig))
    trace = rigs[0].trace

    def plainly() -> None:
        with pytest.MonkeyPatch.context() as patch:
            measure_plainly(patch)
            measure(trace, prepared.plan, wired.databases)

    return trace, lambda: measure(trace, prepared.plan, wired.databases), plainly


def main() -> int:
    trace, over_columns, plainly = a_shot()
    frames = list(trace.frames)
    gc.disable()
    numbers = {name: n for n, name in enumerate(dict.fromkeys(one.channel for one in frames), 1)}
    print(f"{'one shot of ' + str(len(frames)) + ' frames':44} {'list':>9} {'buffer':>9}")
    good = _kept(frames)

    again = FrameBuffer(frames)

    def columns_anew() -> None:
        again._columns = None
        again.columns()

    as_list = Trace(timebase=trace.timebase, marks=trace.marks)
    as_list.frames = _ListOnly(frames)
    columns = trace.frames.columns()
    one, other, making = best_ms(lambda: digest_one_by_one(as_list), trace.digest, columns_anew)
    good &= row("digest, of the columns", one, other, _WANTED["digest"])
    print(f"{'  these, once for all who read them':44} {'':9} {making:9.3f} ms")
    plain = b"".join(first_form(columns))
    hashed = best_ms(lambda: hashlib.sha256(plain))[0]
    print(f"{'  of it SHA-256 of ' + str(len(plain)) + ' bytes':44} {'':9} {hashed:9.3f} ms")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shot.blf"
        one, other = best_ms(
            lambda: write_blf_one_by_one(path, frames, numbers, "bench", 0),
            lambda: write_blf(path, columns, numbers, "bench", 0),
        )
    good &= row("its BLF, most of it deflate", one, other, _WANTED["blf"])
    one, other = best_ms(plainly, over_columns)
    good &= row("measure it; left: a list gone through anew", one, other, _WANTED["measure"])
    return 0 if good else 1


def _kept(frames: list[FrameSeen]) -> bool:
    """As the simulated bus does it, which knows of each frame what the trace keeps of it."""
    seen: list[FrameSeen] = []
    buffer = FrameBuffer()
    known = [(one.t_ns, buffer.end(one.channel, one.sender), content_of(one.frame)) for one in frames]

    def as_list() -> None:
        seen.clear()
        add = seen.append
        for t_ns, channel, frame, sender in frames:
            add(made(FrameSeen, (t_ns, channel, frame, sender)))

    def as_rows() -> None:
        put = FrameBuffer().put
        for t_ns, end, content in known:
            put(t_ns, end, content or b"")

    one, other = best_ms(as_list, as_rows)
    return row("keep its frames as they come", one, other, _WANTED["keep"])


class _ListOnly(FrameBuffer):
    """A list of frames that is there already."""

    def __init__(self, frames: list[FrameSeen]) -> None:
        super().__init__()
        self._frames = frames

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)


if __name__ == "__main__":
    sys.exit(main())
