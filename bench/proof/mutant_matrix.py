"""The mutant matrix of a qualification: made once for a library and a build of bench and firmware, then kept.

It takes about a minute. Its result stays the same as long as its files are the same.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.errors import RecordError
from bench.proof.mutants import MatrixFound, Proof, prove
from bench.record.shot import read_json, write_json
from bench.running.local import workers_by_default
from bench.running.results import rig_hash
from bench.running.sources import SHOWING, hash_of, package_files, source_hash
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S
from bench.wiring.common import Wired
from bench.wiring.mutants import mutant_classes
from bench.wiring.plug_ins import installed

REFERENCE = "reference"
FORMAT = "hil-mutant-matrix-1"
VALID_DAYS = 90  # as of a qualification

OnStep = Callable[[str], None]
Rows = list[dict[str, Any]]


def mutant_matrix(
    wired: Wired,
    prepared: Sequence[Prepared],
    seed: int,
    on_step: OnStep = lambda _: None,
    classes: Mapping[str, Mapping[str, str]] | None = None,
    kept_in: Path | None = None,
) -> Rows:
    """The reference must pass every scenario, each mutant be caught by one (`hil mutants`). In simulated time.

    kept_in: folder where a matrix in which all was as expected is kept, and taken from while it is fresh.
    """
    bench = in_simulated_time(wired)
    proof = Proof(
        wired=bench,
        prepared=[one for one in prepared if not set(map(str, one.scenario.needs)) - wired.capabilities],
        classes=mutant_classes() if classes is None else classes,
        reference=REFERENCE,
        seeds=range(seed, seed + 1),
        workers=workers_by_default(),
    )
    if kept_in is not None and (kept := _kept(matrix_file(proof, kept_in))) is not None:
        on_step(f"mutant matrix of {kept['created_utc'][:16]} taken over: nothing it rests on has changed")
        return [{**row, "timebase": Timebase.SIMULATED.value} for row in kept["rows"]]
    on_step(
        f"mutant matrix: {len(proof.prepared)} scenarios of the reference first, then every mutant; some minutes"
    )
    found = prove(proof, lambda name, _: on_step(name) if name != REFERENCE else None)
    if found.unreached:  # a matrix with gaps qualifies nothing
        raise KeyboardInterrupt
    if kept_in is not None:
        keep_matrix(proof, found, kept_in)
    return _rows(found)


def keep_matrix(proof: Proof, found: MatrixFound, folder: Path) -> Path | None:
    """Store a finished matrix in which all was as expected; None where it is not one: it qualifies nothing.

    It is found again by its key, which names the scenarios and mutants: one of a part stands for that part only. With
    several seeds each mutant was caught on each of them, so it stands for the first of them too.
    """
    rows = _rows(found)
    if found.unreached or not all(row["as_expected"] for row in rows):
        return None
    file = matrix_file(proof, folder)
    folder.mkdir(parents=True, exist_ok=True)
    content = {"format": FORMAT, "created_utc": _now().isoformat(), "seeds": list(proof.seeds), "rows": rows}
    write_json(file, {**content, "sha256": _hash(content)})
    return file


def _hash(content: Mapping[str, Any]) -> str:
    import hashlib
    import json

    kept = {key: value for key, value in content.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def matrix_file(proof: Proof, folder: Path) -> Path:
    """Where the matrix of this proof is kept in `folder`."""
    return folder / f"mutants-{matrix_key(proof)[:16]}.json"


def matrix_key(proof: Proof) -> str:
    """A hash over everything the matrix rests on: code, plug-ins, rig, scenarios, budgets, mutants, first seed.

    The rooms that only show results are left out: a new word in a report does not make a matrix stale.
    """
    import firmware_stubs

    config = proof.wired.config
    files = {f"scenario/{one.scenario.file.name}": one.scenario.file for one in proof.prepared}
    files |= {f"budgets/{one.parent}": one / "budgets.toml" for one in _budget_folders(proof)}
    files |= {f"dbc/{dbc.name}": dbc for can in config.can.values() for dbc in can.dbc}
    files["profile"] = config.dut.profile
    parts = (
        source_hash(SHOWING),
        hash_of([*package_files(Path(next(iter(firmware_stubs.__path__)))), *files.items()]),
        rig_hash(proof.wired),
        config.pack.chemistry,
        repr({kind: sorted(table) for kind, table in proof.classes.items()}),
        repr([one.scenario.id for one in proof.prepared]),
        repr(proof.seeds[:1]),
        *filter(None, [installed()]),  # nothing where nobody has brought any
    )
    import hashlib

    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _budget_folders(proof: Proof) -> set[Path]:
    folders = {parent for one in proof.prepared for parent in one.scenario.file.parents}
    return {one for one in folders if (one / "budgets.toml").is_file()}


def _kept(file: Path) -> dict[str, Any] | None:
    """A stored matrix that may be used. None where it is missing, altered, too old, or dated in the future."""
    try:
        content = read_json(file)
        age = _now() - datetime.datetime.fromisoformat(content["created_utc"])
        good = content["format"] == FORMAT and all(row["as_expected"] for row in content["rows"])
        as_written = content["sha256"] == _hash(content)
    except (RecordError, KeyError, ValueError, TypeError, RecursionError):
        return None
    return content if good and as_written and 0 <= age.days <= VALID_DAYS else None


def _now() -> datetime.datetime:
    return datetime.datetime.fromtimestamp(wall_now_ns() // NS_PER_S, tz=datetime.UTC)


def _rows(found: MatrixFound) -> Rows:
    from bench.report.finding_words import reason_words  # words are for readers: no shot needs them

    bad = [*found.false_alarms, *found.unclear]
    rows: Rows = [
        {
            "firmware": REFERENCE,
            "timebase": Timebase.SIMULATED.value,
            "failed_in": bad[0].scenario if bad else None,
            "reason": reason_words(bad[0].reason) if bad and bad[0].reason else "",
            "as_expected": not bad,
        }
    ]
    for score in found.scores:
        caught = next(iter(score.fails), None)
        rows.append(
            {
                "firmware": score.firmware,
                "timebase": Timebase.SIMULATED.value,
                "failed_in": caught.scenario if caught else None,
                "reason": reason_words(caught.reason) if caught and caught.reason else score.description,
                "as_expected": score.caught,
            }
        )
    return rows


def in_simulated_time(wired: Wired) -> Wired:
    """The same bench in simulated time, with the reference firmware in process."""
    config = wired.config
    dut = replace(config.dut, firmware=REFERENCE)
    return replace(wired, config=replace(config, simulated=True, dut=dut))
