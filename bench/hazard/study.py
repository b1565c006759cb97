"""All chemistries under all cases, on as many processes as there are cores, and what their figures are worth."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from bench.errors import ConfigError, choices, nearest
from bench.hazard.cases import CASES, Case
from bench.hazard.result import Assumed, CaseResult, HazardStudy
from bench.hazard.sampling import VARIED
from bench.hazard.simulate import simulate
from bench.plant.chemistry import Chemistry
from bench.timing.parent import end_with

_DECISIVE = (
    "limits.v_alarm_low",
    "limits.v_alarm_high",
    "limits.v_damage_low",
    "limits.v_damage_high",
    "limits.T_alarm_C",
    "limits.T_damage_C",
    "thermal.mass_kg",
    "thermal.cp_J_kgK",
    "thermal.R_th_ambient_K_W",
    "thermal.R_th_neighbour_K_W",
    "abuse.T2_C",
    "abuse.T_vent_C",
    "abuse.limit.C_rate",
    "abuse.limit.shutdown_C",
    "abuse.isc.T_trigger_C",
    "abuse.isc.fraction_of_electric_energy",
    "abuse.overcharge.V_side_start",
    "abuse.overcharge.plating_soc",
    "abuse.overdischarge.isc_soc",
    "abuse.boiling.T_C",
    "abuse.boiling.dryout_fraction_lost",
    "abuse.gas.headspace_m3",
    "abuse.gas.vent_gauge_Pa",
    "abuse.gas.recombination",
    "abuse.dendrite.overplate_soc",
)
_DOES_NOT_EXIST = 9.0  # the files write 9 or 1e4 for a threshold that a chemistry does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    chemistry: Chemistry
    cases: tuple[Case, ...]
    samples: int
    seed: int
    horizon_s: float


def chosen_cases(ids: Sequence[str]) -> tuple[Case, ...]:
    """The cases of these ids, all where none is named. Raises ConfigError for an unknown one."""
    known = {case.id: case for case in CASES}
    for one in ids:
        if one not in known:
            raise ConfigError(
                f"--fault: found '{one}'; expected one of {choices(one, known)}{nearest(one, known)}"
            )
    return tuple(case for case in CASES if not ids or case.id in ids)


def study(
    chemistries: Sequence[Chemistry],
    cases: tuple[Case, ...],
    *,
    samples: int,
    seed: int,
    horizon_s: float,
    workers: int | None = None,
) -> HazardStudy:
    """The same seed gives the same study, whatever the number of workers (default: one per core)."""
    tasks = [
        _Task(chemistry=chemistry, cases=cases, samples=samples, seed=seed, horizon_s=horizon_s)
        for chemistry in chemistries
    ]
    results = _spread_out(tasks, min(len(tasks), workers or os.cpu_count() or 1))
    return HazardStudy(
        seed=seed,
        samples=samples,
        horizon_s=horizon_s,
        results=tuple(result for group in results for result in group),
        assumed=tuple(mark for chemistry in chemistries for mark in _assumed(chemistry)),
        varied=VARIED,
    )


def _spread_out(tasks: list[_Task], workers: int) -> list[tuple[CaseResult, ...]]:
    if workers > 1 and "fork" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(workers, context, _begin, (os.getpid(),)) as pool:
            try:
                return list(pool.map(_simulate, tasks))
            except BaseException:
                for process in list((pool._processes or {}).values()):
                    process.terminate()
                raise
    return [_simulate(task) for task in tasks]


def _begin(parent: int) -> None:
    """A worker is ended by its parent, and has nothing to keep."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    end_with(parent)


def _simulate(task: _Task) -> tuple[CaseResult, ...]:
    return simulate(
        task.chemistry, task.cases, samples=task.samples, seed=task.seed, horizon_s=task.horizon_s
    )


def _assumed(chemistry: Chemistry) -> list[Assumed]:
    figures = chemistry.figures
    return [
        Assumed(
            chemistry=chemistry.id,
            place=place,
            value=figures[place].value,
            confidence=figures[place].confidence,
            source=figures[place].source,
        )
        for place in _DECISIVE
        if place in figures and not _absent(place, figures[place].value)
    ]


def _absent(place: str, value: float) -> bool:
    return (place.endswith("_soc") and abs(value) >= _DOES_NOT_EXIST) or (
        value >= 1e4 and place.endswith("_C")
    )
