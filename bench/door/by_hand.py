"""A rig by hand in the process apart: built, driven by the script's requests, and its trace kept."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from bench.door.fire import STOPPED, recording_into
from bench.door.hand_driver import HandDriver, answer
from bench.errors import BenchError, CalledWrongly, choices, nearest
from bench.measure.plan import NOTHING
from bench.record.chain import FOOTER, seal
from bench.record.codable import plan_to_dict, shot_to_dict
from bench.record.folder import RunFolder, shot_folder
from bench.record.held import held
from bench.record.latch import refuse_if_latched, refuse_if_not_kept
from bench.record.poison import poison, refuse_if_poisoned, rig_facts, stuck_fault
from bench.record.shot import write_json
from bench.record.targets import try_folder
from bench.running.crash import crash_line
from bench.running.equipment import equipment
from bench.running.held_rig import rig_of_ones_own
from bench.running.load import load_rig
from bench.running.results import environment, new_run_id, timebase_of
from bench.running.shots import watched_over
from bench.running.sources import source_hash
from bench.scenario.by_hand import drive_by_hand
from bench.scenario.model import Start
from bench.timing.hold import Hold
from bench.timing.host import run_on_host
from bench.timing.simulated import run_simulated
from bench.trace.timeline import Trace
from bench.verdict.result import Judgement, ShotResult, Verdict
from bench.wiring.common import Wired
from bench.wiring.plug_ins import installed
from bench.wiring.simulated import build_simulated

NAME = "by-hand"


class Leads(Protocol):
    """Whoever says what is to be done next."""

    def tell(self, *words: Any) -> None: ...

    def words(self) -> tuple[Any, ...]: ...

    async def words_in_real_time(self) -> tuple[Any, ...]: ...


class RigByHand:
    """A rig that a script drives, request by request. soc: 0 to 1, None for the bench file's."""

    def __init__(
        self, opened: dict[str, Any], mode: str, soc: float | None, seed: int, out: str | None
    ) -> None:
        self._opened, self._mode, self._soc, self._seed, self._out = opened, mode, soc, seed, out
        self._trouble: str | None = STOPPED

    def drive(self, line: Leads) -> None:
        """From the first word to the safe state; the trace is kept, whatever happened."""
        wired = load_rig(Path(self._opened.pop("config")), **self._opened)
        if self._out is not None:
            wired = recording_into(Path(self._out), wired)
        modes = dict.fromkeys(["off", *wired.profile.modes])
        if self._mode not in modes:
            raise CalledWrongly(
                f"rig: found mode '{self._mode}'; expected one of {choices(self._mode, modes)}"
                f"{nearest(self._mode, modes)}"
            )
        with rig_of_ones_own(wired) as own:
            self._drive(own, line)

    def _drive(self, wired: Wired, line: Leads) -> None:
        refuse_if_poisoned(wired.config.record.rig)
        refuse_if_latched(wired.config.record.rig)
        try_folder("run folders", wired.config.record.folder)
        folder = _new_folder(wired, self._seed)
        traces: list[Trace] = []
        try:
            with _kept(wired, folder, traces, self._seed), watched_over(wired, folder) as guarded:
                self._driven(guarded, line, traces)
        except Exception as failed:  # noqa: BLE001 - it never came up, or its end went wrong: the script is told
            self._trouble = str(failed) if isinstance(failed, BenchError) else crash_line(failed, folder.path)
        finally:
            line.tell("ended", str(folder.path) if traces else None, self._trouble)

    def _driven(self, wired: Wired, line: Leads, traces: list[Trace]) -> None:
        start, rng = Start(mode=self._mode, soc=self._soc, current_a=0.0), random.Random(self._seed)

        async def main(clock: Any) -> None:
            if wired.config.simulated:
                rig = build_simulated(wired, clock, start.soc, rng, start)
            else:
                from bench.wiring.real import build_real

                rig = await build_real(wired, clock, start.soc, rng, start)
            traces.append(rig.trace)
            driver = HandDriver(rig=rig, wired=wired)

            async def serve() -> None:
                line.tell("done", None)
                while True:
                    simulated = wired.config.simulated
                    name, *words = line.words() if simulated else await line.words_in_real_time()
                    if name == "end":
                        return
                    line.tell(*await answer(driver, name, tuple(words)))
                    if simulated:
                        await asyncio.sleep(0)  # noqa: TID251 - lets what this request has ended be noticed

            self._trouble = await drive_by_hand(rig, wired.profile, start, serve)

        run = run_simulated if wired.config.simulated else run_on_host
        run(main)


def _new_folder(wired: Wired, seed: int) -> RunFolder:
    run_id, started_utc, _ = new_run_id(wired)
    config = wired.config
    header = {
        "kind": "rig by hand",
        "started_utc": started_utc,
        "timebase": timebase_of(wired).value,
        "seed": seed,
        "bench_source": source_hash(),
        "firmware": config.dut.firmware,
        "chemistry": config.pack.chemistry,
        "environment": environment(),
        "equipment": equipment(wired),
        **({"plug_ins": brought} if (brought := installed()) else {}),
        "rig_name": config.name,
        "place": config.place,
    }
    folder = RunFolder.create(config.record.folder, f"{run_id}-{NAME}", header)
    folder.add_input(config.file)
    folder.add_input(config.dut.profile)
    for can in config.can.values():
        for file in can.dbc:
            folder.add_input(file)
    return folder


@contextlib.contextmanager
def _kept(wired: Wired, folder: RunFolder, traces: list[Trace], seed: int) -> Iterator[None]:
    """Whatever ends the block, the trace is kept, and until then nobody else completes the folder (`hil store`)."""
    hold = Hold(lambda: f"{folder.path} is not complete")
    hold.armed()
    with held(folder.path, wait=True):
        try:
            yield
        finally:
            hold.on()  # one more signal must not cost the trace
            try:
                if traces:
                    _keep(wired, folder, traces[0], seed)
            finally:
                hold.off()


def _keep(wired: Wired, folder: RunFolder, trace: Trace, seed: int) -> None:
    """The trace with no verdict, sealed; and a rig that a fault is stuck on is told as such."""
    if (stuck := stuck_fault(trace)) is not None and not wired.config.simulated:
        poison(wired.config.record.rig, stuck, {"shot": "by hand", **rig_facts(wired.config)})
    result = ShotResult(
        index=0,
        seed=seed,
        phase_ns=0,
        judgement=Judgement.of(Verdict.NONE),
        measurement=None,
        digest=trace.digest(),
        folder=shot_folder(NAME, 0),
        simulated_ns=0,
    )
    folder.write_shot(NAME, 0, trace, plan_to_dict(NOTHING), shot_to_dict(result))
    write_json(folder.path / FOOTER, seal(folder.path, folder.path.name))
    refuse_if_not_kept(wired.config.record.rig, trace)
