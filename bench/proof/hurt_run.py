"""A run of its own in a process of its own, to be hurt: a disk that gets full, a bench that is killed.

    python -m bench.proof.hurt_run CONFIG FOLDER SCENARIO SHOTS [BYTES]

BYTES: no file may grow beyond it, as on a disk that is full. The results database is not touched.
"""

import json
import sys
from pathlib import Path

from bench.errors import BenchError
from bench.record.folder import open_run, read_shot, verify_run
from bench.running.local import Campaign, run_all
from bench.running.results import Collector, open_evidence
from bench.scenario.prepare import Prepared
from bench.stored.finish import complete
from bench.wiring.common import Wired


def run(wired: Wired, one: Prepared, budgets_file: Path, shots: int) -> str:
    """One run with all its evidence, in the folder that `wired` names; what it comes to, in one JSON line."""
    folder, run_id, started_utc, hashes = open_evidence(wired, [one], budgets_file, 1, repeat=shots)
    campaign = Campaign(wired=wired, prepared=[one], run_seed=1, repeat=shots, folder=folder, workers=1)
    collector = Collector(campaign=campaign, run_id=run_id, started_utc=started_utc, hashes=hashes)
    aborted = None
    try:
        run_all(campaign, collector.add)
    except BenchError as error:
        aborted = str(error)
    result = collector.result(aborted)
    written = complete(result, folder, None, None)
    finished = sum(len(one.shots) for one in result.scenarios)
    told = {
        "verdict": result.verdict.name,
        "aborted": aborted,
        "finished": finished,
        "troubles": written.troubles,
    }
    return json.dumps(told)


def stored(runs: Path) -> tuple[int, bool]:
    """(shots that can be read back from the one run in `runs`, whether anything vouches for it as complete)."""
    folders = [one.parent for one in runs.glob("*/header.json")]
    if len(folders) != 1:
        return 0, False
    whole = 0
    for shot in open_run(folders[0]).shots():
        try:
            read_shot(shot)
        except BenchError:
            continue
        whole += 1
    return whole, verify_run(folders[0])[0] is not None


def main() -> int:
    """Make a run whose process is limited in memory or files. The exit code is the run's."""
    import resource
    from dataclasses import replace

    from bench.proof.mutant_matrix import REFERENCE
    from bench.running.load import load_rig, load_scenarios

    config, runs, scenario, shots, *limit = sys.argv[1:]
    wired = load_rig(Path(config), "simulated", REFERENCE, None)
    record = replace(wired.config.record, folder=Path(runs))
    wired = replace(wired, config=replace(wired.config, record=record, mqtt=None))
    prepared, budgets_file = load_scenarios(wired, None, scenario)
    one = next(one for one in prepared if one.scenario.id == scenario)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), int(limit[0])))
    sys.stdout.write(run(wired, one, budgets_file, int(shots)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
