"""A run of the shipped bench with all its evidence, made in this process: one scenario and its twins, two shots."""

import dataclasses
from pathlib import Path

from bench.record.codable import run_to_dict
from bench.running.load import load_rig, load_scenarios
from bench.running.local import Campaign, run_all
from bench.running.results import Collector, open_evidence
from bench.scenario.library import list_library

ROOT = Path(__file__).parents[1]
FILE = ROOT / "scenarios/cells/ov_step_cell17.toml"
MORE = ROOT / "scenarios/contactors/weld_plus_at_opening.toml"


def a_run_of(firmware: str, folder: Path, seed: int = 1) -> Path:
    """A run of the shipped bench, as `hil run` makes it."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", firmware, None)
    record = dataclasses.replace(wired.config.record, folder=folder)
    wired = dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))
    prepared, budgets = load_scenarios(wired, [FILE], None)
    library = list_library([FILE, MORE])
    asked = "scenarios/cells/ov_step_cell17.toml"
    repeat = 2
    folder_, run_id, started, hashes = open_evidence(
        wired, prepared, budgets, seed, None, library, asked, repeat
    )
    campaign = Campaign(
        wired=wired, prepared=prepared, run_seed=seed, repeat=repeat, folder=folder_, workers=1
    )
    collector = Collector(campaign=campaign, run_id=run_id, started_utc=started, hashes=hashes)
    run_all(campaign, collector.add)
    folder_.finish(run_to_dict(collector.result(None)))
    return folder_.path
