"""What a user waits for. Run: python -m benchmarks.run [--base FOLDER] [--repeat N] [ROW ...]

Each row is measured in turns in one run, so that a busy machine slows all alike: with the base, with this bench on the
Python core and on the native one. What counts is the ratio to the base: processor seconds, or bytes. The base is an
older checkout (`git worktree add FOLDER REVISION`), whose own Python core is taken; without one, this bench's Python
core. Exit 1 where a row misses what it promises against that base. `wanted` is the aim, and no promise. What is
promised has been measured against the Python core of the same bench, with some scenarios (`-k`) on a busy machine: 1.1
for one command, 1.6 and 1.9 for the processor time of a run. Of the rows rejudge, hour and shots nothing is promised.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHEMISTRIES = ("nmc", "lfp", "na_ion", "na_nfm")
HOUR = "=protection-overcharge"
MB = 1e6
JUDGED = (0, 1, 3)  # exit codes of a run that was made to its end, whatever its verdict


@dataclass(frozen=True, slots=True)
class Side:
    """One bench that is measured: its checkout, and which core it runs on."""

    name: str
    root: Path
    core: str

    @property
    def environment(self) -> dict[str, str]:
        """Python keeps what it has compiled, as for a user: without, a short command takes 0.6 s more."""
        own = {"PYTHONPATH": str(self.root), "BMS_HIL_CORE": self.core}
        others = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**others, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "hil-benchmark"), **own}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: processor time of it and its children, wall time, and the largest process's memory."""

    cpu_s: float
    wall_s: float
    memory_mb: float


def cost(side: Side, command: Sequence[str], folder: Path) -> Cost:
    """Raises SystemExit where the command could not do its work."""
    before = os.times()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=side.root,
        env=side.environment,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "stderr.txt").open("w"),
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in JUDGED:
        told = (folder / "stderr.txt").read_text(errors="replace")[-500:]
        raise SystemExit(f"{side.name}: {' '.join(command)} ended with {process.returncode}\n{told}")
    after = os.times()
    return Cost(
        after.children_user + after.children_system - before.children_user - before.children_system,
        after.elapsed - before.elapsed,
        used.ru_maxrss * 1024 / MB if sys.platform != "darwin" else used.ru_maxrss / MB,
    )


def hil(*words: str) -> list[str]:
    return ["-m", "bench", *words]


class Rows:
    """The measurements, each for one side: name of a figure → value; less is better."""

    def __init__(self, folder: Path, repeat: int, only: str) -> None:
        self._folder, self._repeat = folder, repeat
        self._only = ("-k", only) if only else ()
        self._runs: dict[str, Path] = {}

    def library(self, side: Side, *more: str) -> dict[str, float]:
        out = Path(tempfile.mkdtemp(dir=self._folder))
        found = cost(
            side, hil("run", "--repeat", str(self._repeat), "--out", str(out), *self._only, *more), out
        )
        self._runs[side.name] = next(one.parent for one in out.glob("*/footer.json"))
        return {"wall s": found.wall_s, "CPU s": found.cpu_s}

    def chemistries(self, side: Side) -> dict[str, float]:
        found = [self.library(side, "--chemistry", one) for one in CHEMISTRIES]
        return {name: sum(one[name] for one in found) for name in found[0]}

    def rejudge(self, side: Side) -> dict[str, float]:
        """Of the library run of this side, made before."""
        if side.name not in self._runs:
            self.library(side)
        found = cost(side, hil("rejudge", str(self._runs[side.name])), self._folder)
        return {"wall s": found.wall_s, "CPU s": found.cpu_s}

    def one(self, side: Side) -> dict[str, float]:
        """The first command of whoever writes a scenario."""
        out = Path(tempfile.mkdtemp(dir=self._folder))
        words = ("run", "-k", "ov-step-cell17", "--repeat", "1", "--out", str(out))
        cost(side, hil(*words), out)  # compiles what is not yet compiled
        return {"CPU s": statistics.median(cost(side, hil(*words), out).cpu_s for _ in range(3))}

    def hour(self, side: Side) -> dict[str, float]:
        out = Path(tempfile.mkdtemp(dir=self._folder))
        found = cost(side, hil("run", "-k", HOUR, "--repeat", "1", "--workers", "1", "--out", str(out)), out)
        kept = sum(file.stat().st_size for file in out.glob("*/scenarios/*/*"))
        return {"memory MB": found.memory_mb, "frames MB": kept / MB, "CPU s": found.cpu_s}

    def shots(self, side: Side) -> dict[str, float]:
        """Without evidence, in one process."""
        return {
            "CPU s for a simulated hour, healthy drive": _simulated(side, "drive"),
            "CPU s for a simulated hour, library": _simulated(side, "library"),
        }


_SHOTS = """
import dataclasses, sys, time
from pathlib import Path
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
wired = load_rig(Path("hil_config.toml"), "simulated", "reference", None)
prepared = load_scenarios(wired, None, None)[0]
if sys.argv[1] == "drive":
    drive = next(one for one in prepared if one.scenario.id == "healthy-drive")
    prepared = [dataclasses.replace(drive, plan=dataclasses.replace(drive.plan, window_ns=60 * 10**9))]
    shots = range(3)
else:
    shots = range(1)
for one in prepared[::8]:  # the first shots compile and cache
    shoot(wired, one, 0, 5, 1, None)
begun_ns = time.process_time_ns()
simulated_ns = sum(shoot(wired, one, index, 5, 1, None).simulated_ns for one in prepared for index in shots)
print(3600 * (time.process_time_ns() - begun_ns) / simulated_ns)
"""


def _simulated(side: Side, what: str) -> float:
    told = subprocess.run(
        [sys.executable, "-c", _SHOTS, what],
        cwd=side.root,
        env=side.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(told.stdout.split()[-1])


ROWS: Mapping[str, tuple[Callable[[Rows, Side], dict[str, float]], Mapping[str, tuple[float, float]]]] = {
    "one": (Rows.one, {"CPU s": (1.0, 2.6)}),
    "library": (Rows.library, {"wall s": (1.0, 5.5), "CPU s": (1.25, 5.5)}),
    "rejudge": (Rows.rejudge, {"wall s": (0.0, 7.7), "CPU s": (0.0, 7.7)}),
    "hour": (Rows.hour, {"memory MB": (0.0, 3.9), "frames MB": (0.0, 3.1)}),
    "shots": (Rows.shots, {}),
    "chemistries": (Rows.chemistries, {"wall s": (1.0, 5.3)}),
}
"""Row → (how it is measured, figure → (promised, wanted): how many times less than the base)."""


def told(row: str, figure: str, found: Sequence[tuple[Side, float]]) -> bool:
    """Prints one line; False where a promise is missed by the better core."""
    base = found[0][1]
    ratios = [base / value for _, value in found[1:]]
    promised, wanted = ROWS[row][1].get(figure, (0.0, 0.0))
    kept = not ratios or max(ratios) >= promised
    words = "".join(f"{value:11.2f} {base / value:5.2f}x" for _, value in found[1:])
    more = f"  >= {promised:g}x" if promised else ""
    more += f" (wanted {wanted:g}x)" if wanted else ""
    print(f"{row:12} {figure:42} {base:9.2f} {words}{more}{'' if kept else '  MISSED'}", flush=True)
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, help="an older checkout to compare with")
    parser.add_argument(
        "--repeat", type=int, default=5, help="shots of each scenario (59 is what a user has)"
    )
    parser.add_argument("-k", default="", help="of the library and of all chemistries only these scenarios")
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)} (default: all but chemistries)")
    asked = parser.parse_args()
    rows = asked.rows or [name for name in ROWS if name != "chemistries"]
    if unknown := [one for one in rows if one not in ROWS]:
        parser.error(f"found {', '.join(unknown)}; expected some of {', '.join(ROWS)}")
    sides = [Side("python", ROOT, "python"), Side("native", ROOT, "native")]
    base = sides[0] if asked.base is None else Side("base", asked.base.resolve(), "python")
    heads = "".join(f"{one.name:>11} {'':6}" for one in sides)
    print(
        f"{os.cpu_count()} processors, {asked.repeat} shots of each scenario, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':12} {'':42} {base.name:>9} {heads}")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        measured = Rows(Path(folder), asked.repeat, asked.k)
        for row in rows:
            found = {one.name: ROWS[row][0](measured, one) for one in dict.fromkeys((base, *sides))}
            for figure in found[base.name]:
                values = [(one, found[one.name][figure]) for one in (base, *sides)]
                good &= told(row, figure, values)
    return 0 if good else 1


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
