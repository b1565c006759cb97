"""What a results database costs at a million shots: storing a run of 100,000, and every question that the bench asks.

    python benchmarks/database.py [--runs 1000] [--sqlite-only]

Fills an SQLite file and a PostgreSQL server of its own, where Debian's `postgresql` is installed, with runs of 335
scenarios. Beside each question stands how often a plain `SELECT 1` of a new connection fits in it. Exit code 1 where a
promise is missed: 20 s for the run of 100,000 shots, 200 ms for a question, 2 s for the trend of all scenarios.
"""

import argparse
import contextlib
import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import func, select

from bench.hazard.margin import measured_fhti
from bench.record.database import ResultsDatabase
from bench.record.schema import FINDINGS, RUNS, SCENARIOS, SHOTS
from bench.stored.trend import trends
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.result import RunResult

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from postgres import postgres_server  # noqa: E402  the server of the tests
from sample_run import sample_run  # noqa: E402

SCENARIO_COUNT, SHOTS_OF_LARGE = 335, 299
STORE_S, QUESTION_S, TREND_S = 20.0, 0.2, 2.0


def build(number: int, shots: int) -> RunResult:
    """A run of one more build: every scenario with a worst time of its own."""
    run = sample_run()
    one = run.scenarios[0]
    assert one.fdti is not None and one.fhti is not None
    few = tuple(dataclasses.replace(one.shots[0], index=index) for index in range(shots))
    scenarios = tuple(
        dataclasses.replace(
            one,
            scenario_id=f"scenario-{place}",
            shots=few,
            fhti=dataclasses.replace(one.fhti, max_high_ns=one.fhti.max_high_ns + 1000 * number + place),
        )
        for place in range(SCENARIO_COUNT)
    )
    hashes = {f"scenario.scenario-{place}": f"{place:064x}" for place in range(SCENARIO_COUNT)} | {
        "rig": "a" * 64
    }
    return dataclasses.replace(
        run,
        run_id=f"run-{number:05d}",
        started_utc=f"2026-{1 + number // 2500:02d}-{1 + number // 100 % 25:02d}T00:00:{number % 60:02d}.{number:05d}Z",
        firmware="reference",
        firmware_identity=f"reference@{number:08x}",
        hashes=hashes,
        scenarios=scenarios,
        aborted=None,
    )


def took_s(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(where: str | Path, runs: int, name: str) -> bool:
    database = ResultsDatabase(where)
    large = build(0, SHOTS_OF_LARGE)
    stored_s = took_s(lambda: database.add(large))
    kept = stored_s < STORE_S
    print(
        f"{name}: a run of {SCENARIO_COUNT * SHOTS_OF_LARGE:,} shots is stored in {stored_s:.1f} s"
        f" (promised {STORE_S:g})"
    )
    filled_s = took_s(lambda: [database.add(build(number, 3)) for number in range(1, runs)])
    ((shots,),) = database.rows(select(func.count()).select_from(SHOTS))
    print(f"{name}: {runs:,} runs, {shots:,} shots, the others in {filled_s:.0f} s")
    simulated, newest = EvidenceClass.SIMULATED, f"run-{runs - 1:05d}"
    questions: dict[str, Callable[[], object]] = {
        "the history of one scenario (trend -k)": lambda: database.history("scenario-7", simulated),
        "every run (doctor)": database.runs,
        "how many runs each scenario has": lambda: database.counts(simulated, None),
        "all of one run (doctor)": lambda: database.rows_of(newest),
        "measured FHTI of a build (hazard, safety)": lambda: measured_fhti(where, None, "reference"),
        "the runs of one lab and label": lambda: database.rows(
            select(RUNS.c.run_id).where(RUNS.c.lab == "Lab 3", RUNS.c.label == "nightly")
        ),
        "a build's verdicts": lambda: database.rows(
            select(SCENARIOS.c.scenario_id, SCENARIOS.c.verdict)
            .join(RUNS)
            .where(RUNS.c.firmware_identity == f"reference@{runs - 1:08x}")
        ),
        "a scenario's file over all runs": lambda: database.rows(
            select(SCENARIOS.c.run_id).where(SCENARIOS.c.scenario_hash == f"{7:064x}")
        ),
        "where a finding was told": lambda: database.rows(
            select(SCENARIOS.c.run_id).join(FINDINGS).where(FINDINGS.c.code == "no-such-code")
        ),
    }
    plain_s = min(took_s(lambda: database.rows(select(1))) for _ in range(5))
    for question, ask in questions.items():
        best_s = min(took_s(ask) for _ in range(3))
        kept &= best_s < QUESTION_S
        print(f"{name}: {question}: {1000 * best_s:.1f} ms, {best_s / plain_s:.1f} times a plain question")
    chemistry = sample_run().chemistry
    whole_s = took_s(lambda: trends(database, simulated, chemistry, "fhti", last=20))
    print(
        f"{name}: the trend of {SCENARIO_COUNT} scenarios over {runs:,} builds: {whole_s:.2f} s"
        f" (promised {TREND_S:g})"
    )
    return kept and whole_s < TREND_S


@contextlib.contextmanager
def places(sqlite_only: bool) -> Iterator[dict[str, str | Path]]:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        found: dict[str, str | Path] = {"SQLite": Path(folder) / "results.sqlite"}
        if not sqlite_only:
            found["PostgreSQL"] = stack.enter_context(postgres_server())
        yield found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--sqlite-only", action="store_true")
    asked = parser.parse_args()
    with places(asked.sqlite_only) as found:
        kept = [measure(where, asked.runs, name) for name, where in found.items()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
