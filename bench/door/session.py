"""`Bench`: a test bench as a script holds it. Everything the command line does with runs is asked of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.door.apart import done_apart
from bench.door.arguments import name_in, names_in, refuse_wrong
from bench.door.choosing import Select, chosen, selection_of
from bench.door.hands import HandRig
from bench.door.progress import OnProgress, unheard
from bench.door.run import Order, Run, make_run
from bench.door.single import scenario_of, shoot_one, shots_of
from bench.errors import CalledWrongly
from bench.record.said import NOTHING_SAID, About
from bench.running.load import load_rig
from bench.running.results import evidence_class

if TYPE_CHECKING:
    from bench.door.checked import Checked
    from bench.door.stored import Results, SecondJudgement
    from bench.timing.evidence_class import EvidenceClass
    from bench.verdict.compare import Comparison
    from bench.verdict.result import ScenarioResult, ShotResult
    from bench.wiring.common import Wired


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A bench file that has been read and checked. Nothing is driven before `run`, `shoot` or `rig` is asked.

    wired: what the bench file and its profile, DBC files and chemistry make; for the rooms of this package.
    seed: everything random derives from it.
    """

    wired: Wired
    seed: int = 1

    @classmethod
    def open(
        cls,
        config: str | Path = "hil_config.toml",
        *,
        time: str | None = None,
        firmware: str | None = None,
        chemistry: str | Path | None = None,
        firmware_chemistry: str | Path | None = None,
        seed: int = 1,
    ) -> Bench:
        """Read a bench file. The other arguments replace what it says, as the options of `hil run` do.

        time: "simulated" or "real". firmware: a build of `hil list`, or what the bench file's DUT names one by.
        chemistry: of the pack; firmware_chemistry: that the firmware is made for. seed: of all its runs and shots.
        Raises ConfigError, one line a mistake: file, place, what was found, what was expected.
        """
        refuse_wrong(config=config, time=time, firmware=firmware, chemistry=chemistry)
        refuse_wrong(firmware_chemistry=firmware_chemistry, seed=seed)
        cells, made_for = (None if one is None else str(one) for one in (chemistry, firmware_chemistry))
        return cls(wired=load_rig(Path(config), time, firmware, cells, made_for), seed=seed)

    @property
    def config(self) -> Path:
        return self.wired.config.file

    @property
    def name(self) -> str:
        return self.wired.config.name

    @property
    def simulated(self) -> bool:
        """Whether it runs in simulated time, without any hardware."""
        return self.wired.config.simulated

    @property
    def capabilities(self) -> frozenset[str]:
        """What this rig can do to a DUT, by the names that `hil list faults` shows."""
        return self.wired.capabilities

    @property
    def evidence(self) -> EvidenceClass:
        """What a run on this bench is worth: simulated, real time without a board, or hardware."""
        return evidence_class(self.wired).evidence

    def scenarios(
        self, select: Select = None, *, only: str | None = None, long: bool = True
    ) -> tuple[str, ...]:
        """The ids of what `run` would fire. Raises ScenarioError as `run` does."""
        refuse_wrong(only=only, long=long)
        return tuple(
            one.scenario.id for one in chosen(self.wired, names_in(select), only, long=long).prepared
        )

    def check(self, select: Select = None, *, only: str | None = None) -> Checked:
        """Hold bench file, profile, DBC, budgets and scenarios against each other. Nothing is driven.

        Raises ConfigError (ScenarioError for a scenario) with every mistake on a line of its own.
        """
        from bench.door.checked import checked, refuse_unusable_bench

        names = names_in(select)
        refuse_wrong(only=only)
        refuse_unusable_bench(self.wired)
        return checked(self.wired, names, only)

    def run(
        self,
        select: Select = None,
        *,
        only: str | None = None,
        long: bool = False,
        repeat: int | None = None,
        seed: int | None = None,
        workers: int | None = None,
        about: About = NOTHING_SAID,
        out: str | Path | None = None,
        progress: OnProgress = unheard,
    ) -> Run:
        """Fire scenarios, judge them and keep the evidence in `Run.folder`, as `hil run` does.

        select: scenario ids, files or folders; None: the whole library. only: as `-k`. long: with the long lane.
        repeat: shots of each scenario; None: as the scenario says in simulated time, 1 in real time.
        seed: None: the bench's own. workers: processes, in simulated time; None: all processors.
        about: what its reports say of it, as `About(label="supply 3", operator="A. Person")`; any of them is enough.
        out: where the run folder goes; None: as the bench file says. progress: called with each event of the run.
        Raises ConfigError, ScenarioError before anything is driven; Stopped when Ctrl-C or a signal ended it; and what
        `progress` raises, when what had finished is kept.
        """
        self._refuse_inside_a_loop("run")
        names = names_in(select)
        refuse_wrong(only=only, long=long, repeat=repeat, seed=seed, workers=workers)
        refuse_wrong(about=about, out=out, progress=progress)
        selected = chosen(self.wired, names, only, long=long)
        order = Order(
            selection=selection_of(names, only, selected),
            seed=self._seed(seed),
            repeat=repeat,
            workers=workers,
            operator=about.operator,
            label=about.label,
            note=about.note,
            dut_serial=about.dut_serial,
            out=None if out is None else Path(out),
        )
        return make_run(self.wired, selected, order, progress)

    def shoot(
        self, scenario: str | Path, index: int = 0, *, repeat: int | None = None, seed: int | None = None
    ) -> ShotResult:
        """Fire one shot and judge it. It is the same shot as that of `run`; no evidence of it is kept.

        index: which of `repeat` shots, from 0. repeat: None: the scenario's own number of shots, and in real time at
        least index + 1.
        Raises ScenarioError for an unknown scenario, CalledWrongly for an index out of range.
        """
        self._refuse_inside_a_loop("shoot")
        refuse_wrong(index=index, repeat=repeat, seed=seed)
        return shoot_one(
            self.wired, scenario_of(self.wired, name_in(scenario)), index, repeat, self._seed(seed)
        )

    def judge(
        self, scenario: str | Path, *, repeat: int | None = None, seed: int | None = None
    ) -> ScenarioResult:
        """Fire all shots of one scenario and add them up. As `run`, but no evidence is kept: for tests in Python."""
        self._refuse_inside_a_loop("judge")
        refuse_wrong(repeat=repeat, seed=seed)
        return shots_of(self.wired, scenario_of(self.wired, name_in(scenario)), repeat, self._seed(seed))

    async def run_async(
        self,
        select: Select = None,
        *,
        only: str | None = None,
        long: bool = False,
        repeat: int | None = None,
        seed: int | None = None,
        workers: int | None = None,
        about: About = NOTHING_SAID,
        out: str | Path | None = None,
        progress: OnProgress = unheard,
    ) -> Run:
        """`run` inside a running loop (a notebook, an async function): in a process of its own, which nothing delays.

        Where this task is cancelled, the run is stopped in order first, and what had finished is kept.
        """
        words: dict[str, Any] = {"only": only, "long": long, "repeat": repeat, "workers": workers}
        words |= {"seed": self._seed(seed), "about": about, "out": out}
        refuse_wrong(**words, progress=progress)
        words["select"] = names_in(select)
        made: Run = await done_apart("run", self.wired, words, progress)
        return made

    async def shoot_async(
        self, scenario: str | Path, index: int = 0, *, repeat: int | None = None, seed: int | None = None
    ) -> ShotResult:
        """`shoot` inside a running loop."""
        words: dict[str, Any] = {"index": index, "repeat": repeat, "seed": self._seed(seed)}
        refuse_wrong(**words)
        words["scenario"] = name_in(scenario)
        made: ShotResult = await done_apart("shoot", self.wired, words)
        return made

    async def judge_async(
        self, scenario: str | Path, *, repeat: int | None = None, seed: int | None = None
    ) -> ScenarioResult:
        """`judge` inside a running loop."""
        words: dict[str, Any] = {"repeat": repeat, "seed": self._seed(seed)}
        refuse_wrong(**words)
        words["scenario"] = name_in(scenario)
        made: ScenarioResult = await done_apart("judge", self.wired, words)
        return made

    def rig(
        self,
        *,
        mode: str = "off",
        soc: float | None = None,
        seed: int | None = None,
        out: str | Path | None = None,
    ) -> HandRig:
        """The rig by hand: `async with bench.rig(mode="drive") as rig: await rig.set_cell_voltage(17, 4.3)`.

        mode: of the DUT's profile, which it is asked to enter first; "off": it is left in standby. soc: of the pack,
        0..1; None: the bench's own. out: where the folder with the trace goes.
        """
        refuse_wrong(mode=mode, soc=soc, seed=seed, out=out)
        return HandRig(self.wired, mode, soc, self._seed(seed), None if out is None else Path(out))

    def rejudge(self, run: Run | str | Path, *, budgets: str | Path | None = None) -> SecondJudgement:
        """Judge a stored run again from its frames and events alone, as `hil rejudge`. budgets: other safety goals.

        Raises NotARun for what is no run; RecordError where its evidence cannot be read.
        """
        from bench.door.stored import folder_of, rejudged

        refuse_wrong(budgets=budgets)
        return rejudged(folder_of(run, self.wired.config.record.folder), budgets)

    def compare(
        self, base: Run | str | Path, new: Run | str | Path, *, shift: str | None = None
    ) -> Comparison:
        """Has `new` become slower or worse than `base`? Each is a run, its folder, its id, or a firmware's newest.

        shift: the smallest one worth an alarm, as "2 ms"; None: 2 %.
        """
        from bench.door.stored import compared, name_of

        refuse_wrong(shift=shift)
        return compared([name_of(base)], [name_of(new)], self.wired.config.record.folder, shift)

    def results(self, *, firmware: str | None = None, newest: int | None = None) -> Results:
        """The stored runs of this bench, the newest first. firmware: only of this build. newest: the largest number
        of runs.

        A run that was altered says so in its `troubles`, and has not passed.
        """
        from bench.door.stored import stored_runs

        refuse_wrong(firmware=firmware, newest=newest)
        return stored_runs(self.wired.config.record.folder, firmware, newest)

    def _seed(self, asked: int | None) -> int:
        return self.seed if asked is None else asked

    def _refuse_inside_a_loop(self, name: str) -> None:
        """A run needs a loop of its own: on that of a notebook it would wait for itself."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        raise CalledWrongly(
            f"Bench.{name}: found a running event loop (a notebook, an async function); "
            f"expected none; write `await bench.{name}_async(...)` there"
        )
