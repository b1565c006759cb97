"""One shot, bit for bit: the same trace in this process, in another one, under any hash seed, on any Python."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.rig.rig import Rig
from bench.running import shots
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.trace.events import Kind
from bench.trace.timeline import Trace
from bench.wiring.common import Wired
from firmware_stubs import mutants

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = "ov-step-cell17"
IDENTITY_ID = 0x1F0  # BMS_Identity carries a hash of the firmware's sources: a new comment there changes it
GOLDEN = "61b7bee442ac1c8accd34d78b041dbb421b6da596a0260c4a7e93d1fc77d8a5c"

HOW_TO_UPDATE = (
    "the trace of the golden shot has changed. If plant, firmware, bench timing or the scenario was changed on "
    "purpose, set GOLDEN in tests/test_golden_digest.py to the digest found (python tests/test_golden_digest.py "
    "prints it) and say in the commit why it moved; if nothing was changed on purpose, a run has stopped being "
    "reproducible"
)


def without_identity(trace: Trace) -> str:
    """The digest of everything but BMS_Identity, and what the bench read from it."""
    frames = [seen for seen in trace.frames if seen.frame.can_id != IDENTITY_ID]
    marks = [mark for mark in trace.marks if mark.kind is not Kind.DUT_IDENTIFIED]
    return replace(trace, frames=frames, marks=marks).digest()


def golden_shot(wired: Wired, prepared: dict[str, Prepared]) -> tuple[Trace, str]:
    """The trace of the shot with seed 1, index 0, and the digest `shoot` reports for it."""
    rigs: list[Rig] = []
    build = shots.build_simulated

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shots, "build_simulated", lambda *args: rigs.append(build(*args)) or rigs[-1])
        result = shoot(wired, prepared[SCENARIO], 0, 1, 1, None)
    (rig,) = rigs
    return rig.trace, result.digest


def test_the_golden_shot_is_the_stored_one(wired: Wired, prepared: dict[str, Prepared]) -> None:
    trace, _ = golden_shot(wired, prepared)
    assert any(seen.frame.can_id == IDENTITY_ID for seen in trace.frames)
    assert len(trace.frames) > 1000, "leaving out the identity must leave the shot"
    assert without_identity(trace) == GOLDEN, HOW_TO_UPDATE


def test_twice_in_one_process_gives_the_same_trace_identity_included(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    first, first_digest = golden_shot(wired, prepared)
    second, second_digest = golden_shot(wired, prepared)
    assert first_digest == second_digest == first.digest() == second.digest()
    assert first.frames == second.frames and first.marks == second.marks


def test_an_edit_of_the_firmware_that_changes_nothing_changes_only_the_identity(
    wired: Wired, prepared: dict[str, Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, whole = set(), set()
    # All zeros and all ones need most stuff bits, so these identity frames differ in length too.
    for build in (bytes(32), b"\xff" * 32, b"\x5a" * 32):
        monkeypatch.setattr(mutants, "build_hash", lambda name, build=build: build)
        trace, digest = golden_shot(wired, prepared)
        kept.add(without_identity(trace))
        whole.add(digest)
    assert (len(kept), len(whole)) == (1, 3)


def test_another_seed_gives_another_trace(wired: Wired, prepared: dict[str, Prepared]) -> None:
    digests = {shoot(wired, prepared[SCENARIO], 0, 1, run_seed, None).digest for run_seed in (1, 2, 3)}
    assert len(digests) == 3


@pytest.mark.timeout(600)  # two starts of the bench at once, and on a busy machine each has a tenth of a core
def test_neither_another_process_nor_the_hash_seed_changes_it(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "4711")
    ]
    said = [process.communicate()[0].split() for process in running]
    trace, digest = golden_shot(wired, prepared)
    expected = [without_identity(trace), digest]
    assert said == [expected, expected]


def main() -> None:
    """Print the golden shot's digest without and with the identity frames."""
    from bench.cli.options import load_rig, load_scenarios

    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    prepared = {one.scenario.id: one for one in load_scenarios(wired, None, SCENARIO)[0]}
    trace, digest = golden_shot(wired, prepared)
    sys.stdout.write(f"{without_identity(trace)} {digest}\n")


if __name__ == "__main__":
    main()
