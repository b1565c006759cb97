"""What a stored run says of itself as a whole, made again: its copies, its scenarios, and the sums over their shots.

A correct shot does not prove the run. A shot that failed may have been removed, with all that names it, and a table
may say something else than its shots. So every part that follows from another part of the folder is made again.
"""

import datetime
import math
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from bench.confidence.covered_again import why_not_covered, why_not_named
from bench.record.chain import FOOTER
from bench.record.contents import digest, plain
from bench.record.evidence import of_header, start_in_copy
from bench.record.folder import RESULT, OpenedRun
from bench.record.shot import read_json
from bench.record.statement import STATEMENT, statement
from bench.report.finding_words import reasons_words
from bench.report.junit import write_junit
from bench.report.junit_style import JUnitStyle
from bench.running.load import BY_ID, EARNED, matches
from bench.running.reach import with_must_reach
from bench.running.results import rig_hash, scenario_result
from bench.running.shots import why_not_driven
from bench.stored.judged_again import Job, ShotAgain, same, same_matter
from bench.units import NS_PER_S
from bench.verdict.result import RunResult, ScenarioResult, ShotResult

_OF_THE_HEADER = (
    "run_id", "started_utc", "timebase", "seed", "bench_version", "firmware", "chemistry", "hashes", "environment",
    "rules", "mismatch",
)  # fmt: skip
_JUNIT = "junit.xml"
_NO_FILE = "rig"  # the one hash in the header that is of no file


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAgain:
    """differences: one line each. scenarios: how many there are, and how many of them add up to what is recorded."""

    differences: tuple[str, ...]
    scenarios: int
    agreed: int


def judge_run_again(
    job: Job, opened: OpenedRun, recorded: RunResult | None, shots: Sequence[ShotAgain]
) -> RunAgain:
    """recorded: the run's own result, None where it was cut short before it."""
    told = [*_copies(opened), *_selection(job, opened)]
    if job.wired is not None and job.same_source and rig_hash(job.wired) != opened.header["hashes"]["rig"]:
        told.append("header.json: its rig is not that of the run's own files in inputs/")
    if (why := _qualification(job, opened)) is not None:
        told.append(why)
    if recorded is None:
        return RunAgain(differences=tuple(told), scenarios=0, agreed=0)
    told += [
        *_evidence(opened, recorded),
        *_statement(opened),
        *_junit(job, opened, recorded),
        *_header(opened.header, recorded),
    ]
    kept = {one.name: one for one in shots}
    made = _made(job, recorded, kept)
    agreed = 0
    for one in recorded.scenarios:
        again = made.get(one.scenario_id)
        wrong = [*_scenario(job, one, kept, recorded.aborted is not None), *_otherwise(job, one, again)]
        told += wrong
        agreed += again is not None and not wrong
    named = {shot.folder for one in recorded.scenarios for shot in one.shots}
    told += [
        f"{one.name}: result.json of the run does not name it"
        for one in shots
        if f"scenarios/{one.name}" not in named
    ]
    return RunAgain(
        differences=tuple(dict.fromkeys(told)),
        scenarios=len(recorded.scenarios),
        agreed=agreed,
    )


def _qualification(job: Job, opened: OpenedRun) -> str | None:
    """Whether the one that is claimed is there; of this very release also whether it covers the run."""
    if not job.todays:
        return None
    why = why_not_named(opened)
    return why_not_covered(opened) if why is None and job.same_source else why


def _statement(opened: OpenedRun) -> Iterator[str]:
    """What others read is what result and hashes make. A run of an older release has no statement."""
    if opened.footer is None or opened.result is None or plain(opened.path, STATEMENT) is not None:
        return
    stored = read_json(opened.path / RESULT)  # as it was written: an older release kept no class of evidence
    if read_json(opened.path / STATEMENT) != statement(stored, opened.footer["sha256"]):
        yield f"{STATEMENT}: not what result.json and the hashes in {FOOTER} make"


def _evidence(opened: OpenedRun, recorded: RunResult) -> Iterator[str]:
    """The class is what the header's own facts make, and these are what the run's files say."""
    found = of_header(opened.header, opened.path)
    if recorded.evidence is not found.evidence:
        said = recorded.evidence_class.value
        yield f"result.json: evidence is {said}; what header.json names makes {found.evidence.value}"
    if opened.header.get("evidence") not in (None, found.evidence.value):
        yield f"header.json: evidence is {opened.header['evidence']}; what it names makes {found.evidence.value}"
    start, copied = opened.header.get("dut_start"), start_in_copy(opened.header, opened.path)
    if start is not None and start != copied:
        yield f"header.json: its DUT is started as {start}; its copy of the bench file says {copied}"


def _junit(job: Job, opened: OpenedRun, recorded: RunResult) -> Iterator[str]:
    """What a CI server reads of it is what this very release makes of result.json, in one of the two styles."""
    if not job.same_source or plain(opened.path, _JUNIT) is not None:
        return
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / _JUNIT
        for style in JUnitStyle:
            write_junit(recorded, made, style=style)
            if digest(made).sha256 == digest(opened.path / _JUNIT).sha256:
                return
    yield f"{_JUNIT}: not what result.json makes"


def _copies(opened: OpenedRun) -> Iterator[str]:
    """Every input has a copy with its hash, and there is no other."""
    hashes: Mapping[str, str] = opened.header.get("hashes", {})
    inputs = opened.path / "inputs"
    wanted = {
        sha256: key
        for key, sha256 in hashes.items()
        if key != _NO_FILE and re.fullmatch("[0-9a-f]{64}", str(sha256))
    }
    named = {sha256[:12] for sha256 in wanted}
    there = sorted(inputs.iterdir()) if inputs.is_dir() else []
    found = {file: digest(file).sha256 for file in there if file.is_file() and not file.is_symlink()}
    for sha256, key in wanted.items():
        if sha256 not in found.values():
            yield f"inputs/: no copy {sha256[:12]} of {key}, which header.json names"
    for file in there:
        if file.name[:13].removesuffix("-") not in named or found.get(file) not in wanted:
            yield f"inputs/{file.name}: not what header.json names"


def _selection(job: Job, opened: OpenedRun) -> Iterator[str]:
    """Scenarios that were asked for, by what the folder itself says of it, and are not in the header."""
    header = opened.header
    listed: Sequence[str] = header.get("scenarios", [])
    hashed = {
        key.removeprefix("scenario.") for key in header.get("hashes", {}) if key.startswith("scenario.")
    }
    for name in sorted(hashed.symmetric_difference(listed)):
        yield f"header.json: {name} stands in only one of its lists, scenarios and hashes"
    if "shots" in header and set(header["shots"]) != set(listed):
        yield "header.json: its numbers of shots are not of its scenarios"
    asked = str(header.get("selection") or "")
    for name, one in job.prepared.items():
        if name in listed or one.scenario.twin_kind == "healthy":  # of the same ones a run keeps one
            continue
        if job.todays and _was_asked(asked, name, Path(one.scenario.file)):
            yield f"{name}: made by its file in inputs/, and no scenario of header.json"
    library = opened.library()
    for entry in (library or {}).get("entries", []) if not asked and job.todays else []:
        kept_out = entry.get("long") or header.get("chemistry") in (entry.get("not_for") or {})
        if entry.get("scenario_id") not in listed and not kept_out:
            yield f"{entry.get('scenario_id')}: in library.json, all of which was asked for, and not in header.json"


def _was_asked(selection: str, name: str, file: Path) -> bool:
    """Whether a run of this selection has to have a scenario that its files make."""
    if selection.startswith(EARNED):  # of what the failure modes lacked then
        return False
    if selection.startswith(BY_ID):
        return name in selection.removeprefix(BY_ID).split()
    only = re.match("-k '([^']*)'", selection)
    return only is None or matches(only[1], name, file)


def _header(header: Mapping[str, Any], recorded: RunResult) -> Iterator[str]:
    for name in _OF_THE_HEADER:
        default = {"rules": 1, "mismatch": ""}.get(name)
        mine, its = getattr(recorded, name), header.get(name, default)
        if mine != its:
            yield f"result.json: {name} is {mine!s:.60}; header.json says {its!s:.60}"
    done = {one.scenario_id for one in recorded.scenarios}
    listed: Sequence[str] = header.get("scenarios", [])
    for name in listed if recorded.aborted is None else ():
        if name not in done:
            yield f"{name}: in header.json, and result.json has no such scenario"
    for name in sorted(done - set(listed)) if listed else ():
        yield f"{name}: in result.json, and no scenario of header.json"
    if len(done) != len(recorded.scenarios):
        yield "result.json: names a scenario twice"
    read = {shot.identity for one in recorded.scenarios for shot in one.shots if shot.identity}
    firmware, _, builds = recorded.firmware_identity.partition("@")
    if read and (firmware != header.get("firmware") or set(builds.split(" | ")) != read):
        named = ", ".join(sorted(read))
        yield f"result.json: firmware_identity is {recorded.firmware_identity}; its shots named {named}"


def _scenario(
    job: Job, recorded: ScenarioResult, kept: Mapping[str, ShotAgain], aborted: bool
) -> Iterator[str]:
    """The shots that the run's result has, against their own and against how many there had to be."""
    name = recorded.scenario_id
    if recorded.timebase.value != job.header.get("timebase"):
        yield f"{name}: in {recorded.timebase.value} time, the run in {job.header.get('timebase')}"
    wanted = job.shots_of(name)
    indices = [shot.index for shot in recorded.shots]
    if aborted:  # what was in hand is missing, and which shots these were is chance
        if indices != sorted(set(indices)) or (wanted is not None and indices[-1:] >= [wanted]):
            yield f"{name}: its shots are numbered {_numbers(indices)}; expected each once, below {wanted}"
    elif not indices or indices != list(range(len(indices))):
        yield f"{name}: its shots are numbered {_numbers(indices)}; expected all from 0 on, each once"
    elif wanted is not None and len(indices) != wanted:
        yield f"{name}: {len(indices)} shots; header.json says {wanted}"
    prepared = job.prepared.get(name)
    for shot in recorded.shots:
        own = kept.get(shot.folder.removeprefix("scenarios/"))
        if shot.folder and (own is None or own.recorded != shot or own.scenario_id != name):
            yield f"{shot.folder}: {'missing' if own is None else 'not what result.json of the run says of it'}"
        elif not shot.folder and prepared is not None and job.wired is not None and job.todays:
            why = why_not_driven(job.wired, prepared)
            if why is None or why.verdict is not shot.judgement.verdict:
                yield f"{name}, shot {shot.index}: has no evidence, and this bench could have driven it"


def _numbers(indices: Sequence[int]) -> str:
    shown = ", ".join(map(str, indices[:5]))
    return shown + (" …" if indices[5:] else "") if indices else "not at all"


def _made(job: Job, recorded: RunResult, kept: Mapping[str, ShotAgain]) -> dict[str, ScenarioResult]:
    """What the shots, as judged now, add up to; without the scenarios that cannot be made again."""
    if job.wired is None:
        return {}
    made = [
        scenario_result(
            job.prepared[one.scenario_id],
            [_today(shot, kept) for shot in one.shots],
            one.timebase,
            job.wired.profile,
            recorded.chemistry,
            _day(recorded),
        )
        for one in recorded.scenarios
        if one.scenario_id in job.prepared
    ]
    return {one.scenario_id: one for one in with_must_reach(made)}


def _today(shot: ShotResult, kept: Mapping[str, ShotAgain]) -> ShotResult:
    own = kept.get(shot.folder.removeprefix("scenarios/"))
    if own is None:
        return shot
    return replace(shot, measurement=own.today.measurement, judgement=own.today.judgement)


def _day(recorded: RunResult) -> str:
    """The day on which the run was concluded: a known gap may have ended since."""
    started = datetime.datetime.fromisoformat(recorded.started_utc)
    return (started + datetime.timedelta(seconds=(recorded.took_ns or 0) / NS_PER_S)).date().isoformat()


def _otherwise(job: Job, recorded: ScenarioResult, made: ScenarioResult | None) -> list[str]:
    name = recorded.scenario_id
    if made is None:
        lost = job.todays and job.wired is not None
        return [f"{name}: not made by its file in inputs/"] if lost else []
    told = []
    alike = (
        same if job.same_source else same_matter
    )  # which shot stands for all, and what is noted, may be another
    if not alike(recorded.judgement, made.judgement):
        was, now = (
            f"{one.verdict.name} {reasons_words(one)}" for one in (recorded.judgement, made.judgement)
        )
        told.append(f"{name}: {was} → {now}")
    if not job.todays:
        return told
    # Another release has other words, and may have measured otherwise: its questions are told by the shots.
    others = set() if job.same_source else {"notes", "under_format_2"}
    left_out = {"shots", "judgement", "file", *others}
    odd = [
        field.name
        for field in fields(ScenarioResult)
        if field.name not in left_out and not _alike(getattr(recorded, field.name), getattr(made, field.name))
    ]
    if Path(recorded.file).name != Path(made.file).name:
        odd.append("file")
    told += [
        f"{name}: its {one} is {_text(getattr(recorded, one))}; its files and shots make {_text(getattr(made, one))}"
        for one in odd
    ]
    return told


def _text(value: object) -> str:
    return f"{value!s:.80}"


def _alike(one: Any, other: Any) -> bool:
    """Whether two values are equal. Last digits of a float may differ: machines round differently."""
    if type(one) is float and type(other) is float:
        return math.isclose(one, other, rel_tol=1e-9)
    if is_dataclass(one) and type(one) is type(other):
        return all(_alike(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return bool(one == other)
