"""How long a million shots of ten simulated labs take to merge and to pool.

    python benchmarks/pool.py [--shots 100000]

Each lab's run folder is made up first, sealed as `hil run` seals one, and read, checked and merged as any other. Exit
code 1 where all of it takes a minute or more. Beside it stands what reading the same JSON alone takes.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.pooling.merge import merge
from bench.pooling.pooled import pool_of
from bench.record.chain import FOOTER, seal
from bench.record.codable import run_to_dict
from bench.record.folder import HEADER, RESULT
from bench.record.shot import write_json

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from sample_run import sample_run  # noqa: E402

LABS, SCENARIOS, PROMISED_S = 10, 335, 60.0


def lab_run(folder: Path, lab: int, shots: int) -> Path:
    """A sealed folder of one run with so many shots."""
    run = sample_run()
    one = run.scenarios[0]
    each = max(1, shots // SCENARIOS)
    scenarios = [
        dataclasses.replace(
            one,
            scenario_id=f"scenario-{place}",
            shots=tuple(
                dataclasses.replace(
                    one.shots[k % len(one.shots)],
                    seed=lab << 40 | place << 20 | k,
                    digest=f"{lab:x}-{place:x}-{k:x}",
                )
                for k in range(each)
            ),
        )
        for place in range(SCENARIOS)
    ]
    hashes = {"rig": f"{lab:064x}"}
    run = dataclasses.replace(
        run, run_id=f"run-{lab}", scenarios=tuple(scenarios), aborted=None, hashes=hashes
    )
    path = folder / f"run-{lab}"
    path.mkdir()
    header = {"run_id": run.run_id, "place": f"Lab {lab}", "timebase": "simulated", "hashes": hashes}
    write_json(path / HEADER, header)
    write_json(path / RESULT, {**run_to_dict(run), "evidence": "simulated"})
    write_json(path / FOOTER, seal(path, run.run_id))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shots", type=int, default=100_000, help="Of each lab.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        runs = [lab_run(Path(name), lab, asked.shots) for lab in range(LABS)]
        began = time.perf_counter()
        for run in runs:
            json.loads((run / RESULT).read_bytes())
        plain_s = time.perf_counter() - began
        began = time.perf_counter()
        merged = list(merge(Path(name) / "pool", runs))
        merged_s = time.perf_counter() - began
        assert all(one.added for one in merged), [one.words for one in merged]
        began = time.perf_counter()
        found = pool_of(Path(name) / "pool")
        pooled_s = time.perf_counter() - began
    took_s = merged_s + pooled_s
    print(
        f"{found.shots:,} shots of {found.labs} labs: merged in {merged_s:.1f} s, pooled in {pooled_s:.1f} s"
    )
    print(f"together {took_s / plain_s:.1f} times reading the same JSON alone ({plain_s:.1f} s)")
    print(f"all of it in {took_s:.1f} s (promised: less than {PROMISED_S:g})")
    return 0 if took_s < PROMISED_S else 1


if __name__ == "__main__":
    sys.exit(main())
