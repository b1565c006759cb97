"""Tool confidence (ISO 26262-8:2018, clause 11): the evidence file of `hil qualify --full`, and what it covers.

The file says what the bench is, what it is used for, and which malfunctions are known. It holds the result of the
ruler on this rig. It shows that every mutant of the reference BMS FAILs and the reference passes, and that negative
tests fail as they must.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import __version__
from bench.confidence.page import markdown
from bench.confidence.qualified import FORMAT, NO_REFERENCE, not_shown, parts
from bench.confidence.qualified_ruler import OWN_TIME
from bench.confidence.sealed import newest_covering, write_sealed
from bench.confidence.tool_facts import load_usage, malfunctions, recommended, requirements, strangers
from bench.proof.mutant_matrix import mutant_matrix
from bench.proof.negative import negative_tests
from bench.proof.qualify import RulerSeries, quantile_ns
from bench.running.equipment import equipment
from bench.running.results import Covered, environment, rig_hash, timebase_of
from bench.running.sources import source_hash
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S
from bench.wiring.common import Wired
from bench.wiring.core import chosen_core
from bench.wiring.mutants import mutant_classes
from bench.wiring.plug_ins import PLUG_INS, installed

__all__ = ["find_covering", "identity", "load_usage", "markdown", "qualify_fully", "write_qualification"]

OnStep = Callable[[str], None]


def identity(wired: Wired) -> dict[str, str]:
    """What must be the same in the qualification and in the run: software, and the rig in its timebase."""
    found = environment()
    if timebase_of(wired).value == "simulated":
        found.pop("host")
    brought = installed()  # any of them may have a part in a run
    core = chosen_core().told()["name"] if wired.config.simulated else None
    return {
        **found,
        **({"core": core} if core is not None else {}),
        **({PLUG_INS: brought} if brought else {}),
        "bench": __version__,
        "bench source": source_hash()[:16],
        "rig": rig_hash(wired),
        "timebase": timebase_of(wired).value,
    }


def qualify_fully(
    wired: Wired,
    prepared: Sequence[Prepared],
    usage: dict[str, Any],
    ruler: Sequence[RulerSeries],
    seed: int,
    on_step: OnStep = lambda _: None,
    classes: Mapping[str, Mapping[str, str]] | None = None,
    kept_in: Path | None = None,
    virtual: Wired | None = None,
) -> dict[str, Any]:
    """Everything the evidence file holds; each row says in which time it ran. `complete` is False when any part is
    below its minimum.

    kept_in: folder of qualifications, where a mutant matrix is kept for the next one. virtual: the same bench in
    simulated time, which can do other things than the real one, and for which `prepared` is; None where `wired` is it.
    """
    on = wired if virtual is None else virtual
    mutants = mutant_matrix(on, prepared, seed, on_step, classes, kept_in)
    on_step("negative tests: the bench is hurt on purpose")
    negative = negative_tests(wired, prepared, seed)
    now = datetime.datetime.fromtimestamp(wall_now_ns() // NS_PER_S, tz=datetime.UTC)
    content = {
        "format": FORMAT,
        "created_utc": now.isoformat(),
        "identity": identity(wired),
        "equipment": equipment(wired),
        "method": method_words(usage),
        "second_reference": reference_words(ruler, timebase_of(wired).value),
        "usage": usage,
        "requirements": requirements(),
        "malfunctions": malfunctions(),
        "strangers": strangers(),
        "ruler": [_ruler_facts(one) for one in ruler],
        "mutants": mutants,
        "negative_tests": negative,
    }
    table = mutant_classes() if classes is None else classes
    wanted = [name for names in table.values() for name in names]
    made = parts(content, wanted)
    told = [{**asdict(one), "shown": one.shown} for one in made]
    return {**content, "parts": told, "complete": not not_shown(content, wanted)}


def method_words(usage: Mapping[str, Any]) -> str:
    """In a line: which method of tables 4 and 5, and what they say of it for the levels of the uses."""
    asil = usage["highest_asil"]
    levels = sorted({one["tcl"] for one in usage["use_case"]})
    told = [f"{tcl} {found}" for tcl in levels if (found := recommended(tcl, usage["method"], asil))]
    return f"{usage['method'] or 'none'} ({', '.join(told) or 'none is asked for'} at ASIL {asil})"


def reference_words(ruler: Sequence[RulerSeries], timebase: str) -> str:
    """The second clocks by which the ruler was checked in this timebase."""
    if timebase == Timebase.SIMULATED.value:
        return OWN_TIME
    own = dict.fromkeys(one.reference for one in ruler if one.timebase.value == timebase)
    return "; ".join(own) or NO_REFERENCE


def _ruler_facts(series: RulerSeries) -> dict[str, Any]:
    sizes = series.error_sizes_ns()
    return {
        "timebase": series.timebase.value,
        "condition": series.condition,
        "shots": series.asked,
        "contained": series.contained,
        "u_ns": series.u_ns,
        "error_p50_ns": quantile_ns(sizes, 0.5),
        "error_max_ns": quantile_ns(sizes, 1.0),
        "load_per_s": round(series.load_per_s, 1),
        "spread_p": series.spread_p,
        "measured": [
            [shot.truth_ns, shot.measured.low_ns, shot.measured.high_ns, shot.stimulus_ns]
            for shot in series.shots
        ],
        "reference": series.reference,
        "by_reference": [shot.reference_ns for shot in series.shots],
        "errors": list(series.errors),
    }


def write_qualification(content: dict[str, Any], runs: Path, inputs: Sequence[Path] = ()) -> Path:
    """`runs/qualifications/<time>-<timebase>/`, sealed, never overwritten. Raises RecordError."""
    return write_sealed(content, markdown(content), runs, inputs)


def find_covering(wired: Wired, runs: Path) -> Covered:
    """The newest qualification that covers a run on this rig now, or the newest of its timebase and why not."""
    return newest_covering(identity(wired), runs)
