"""A run that goes on and on: do its memory, descriptors and threads stay what they are? `--soak 20m`

The run is a real one, on two workers. Each worker must stay flat. The run itself keeps each shot's result for its
report and its statistics, so it grows with their number; that is measured too, and bounded.
"""

import re
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.record.folder import open_run

from .outcome import Outcome
from .runs import Run, a_bench, check, start

_EVERY_S = 1.0
_WARM = 0.3  # the share of the time in which caches fill and pools grow to their size
MOST_B_A_SHOT = {"run": 8_192.0, "worker": 256.0}
_SLACK_B = 4 << 20  # pages that an allocator takes and gives back
_WORDS = ("-k", "weld-plus-at-opening--", "--repeat", "1000000", "--workers", "2")


@dataclass(slots=True, kw_only=True)
class Life:
    """Of one process: (shots so far, bytes it has for itself, descriptors, threads), sampled."""

    name: str
    samples: list[tuple[int, int, int, int]] = field(default_factory=list)

    def growth_b_a_shot(self) -> float:
        """The slope through the medians of the first and the last third: a single page more is no growth."""
        third = max(1, len(self.samples) // 3)
        (shots_0, bytes_0), (shots_1, bytes_1) = (
            _middle(self.samples[:third]),
            _middle(self.samples[-third:]),
        )
        return max(0.0, bytes_1 - bytes_0 - _SLACK_B) / max(1, shots_1 - shots_0)

    def wrong(self) -> list[str]:
        found = []
        if len(self.samples) < 6:
            return [f"{self.name}: only {len(self.samples)} samples"]
        most = MOST_B_A_SHOT[self.name.partition(" ")[0]]
        if (growth := self.growth_b_a_shot()) > most:
            found.append(f"{self.name}: grows by {growth:.0f} bytes a shot; expected {most:.0f} at most")
        third = len(self.samples) // 3
        for what, at in (("descriptors", 2), ("threads", 3)):  # in mid-shot there are a few more
            first, last = (
                sorted(one[at] for one in part)[third // 2]
                for part in (self.samples[:third], self.samples[-third:])
            )
            if last > first:
                found.append(f"{self.name}: {first} {what} at first, {last} in the end")
        return found

    def line(self) -> str:
        shots, memory, descriptors, threads = self.samples[-1]
        return (
            f"{self.name}: {self.growth_b_a_shot():.0f} bytes a shot over {shots - self.samples[0][0]} shots; in the "
            f"end {memory / 2**20:.1f} MB, {descriptors} descriptors, {threads} threads"
        )


def _middle(samples: list[tuple[int, int, int, int]]) -> tuple[int, int]:
    ordered = sorted(samples, key=lambda one: one[1])
    return samples[len(samples) // 2][0], ordered[len(ordered) // 2][1]


def seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text)
    if found is None:
        raise ValueError(f"found '{text}'; expected a time, as 90s, 20m or 1h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def _sample(pid: int, shots: int) -> tuple[int, int, int, int] | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        smaps = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        own = sum(int(one) for one in re.findall(r"^Private_\w+:\s+(\d+) kB", smaps, re.MULTILINE)) << 10
        threads = int(re.findall(r"^Threads:\s+(\d+)", status, re.MULTILINE)[0])
        return shots, own, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()), threads
    except (OSError, IndexError):
        return None


def _shots(run: Run) -> int:
    return sum(1 for one in run.begun() for _ in open_run(one).shots())


def soak(lasts_s: float) -> int:
    """Prints what each process came to; 1 where something grows that must not, or the run's end is not in order."""
    lives: dict[int, Life] = {}
    with a_bench() as folder:
        run = start(folder, words=_WORDS)
        began_s = time.monotonic()
        while (at_s := time.monotonic() - began_s) < lasts_s and not run.over():
            time.sleep(max(_EVERY_S, lasts_s / 200))
            if at_s < _WARM * lasts_s:
                continue
            shots = _shots(run)
            for pid in (run.pid, *run.children()):
                life = lives.setdefault(pid, Life(name="run" if pid == run.pid else f"worker {pid}"))
                if (sample := _sample(pid, shots)) is not None:
                    life.samples.append(sample)
        run.strike()
        run.send(run.pid, signal.SIGTERM)
        told, outcome = run.wait(), Outcome(fault="soak", struck=True)
        check(outcome, run, told, complete=False)
    wrong = [f"{kind}: {words}" for kind, words in outcome.wrong]
    wrong += [line for life in lives.values() for line in life.wrong()]
    lines = [life.line() for life in lives.values() if life.samples]
    sys.stdout.write("\n".join([*lines, *(f"WRONG soak: {line}" for line in wrong), ""]))
    return 1 if wrong else 0
