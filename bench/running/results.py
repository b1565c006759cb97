"""A whole `hil run`: shots into results, results into the evidence folder and the database."""

import datetime
import hashlib
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from bench import __version__
from bench.config.profile import DutProfile
from bench.measure.finding.scenario import MismatchCaught, MismatchUnnoticed
from bench.measure.interval import Latency
from bench.record.codable import encode
from bench.record.evidence import ClassFound, evidence_of
from bench.record.folder import RunExists, RunFolder
from bench.record.said import NOTHING_SAID, About
from bench.record.time_zero import TimeZero
from bench.report.known_by import known_by_notes, state_notes
from bench.running.always import stated
from bench.running.both_ways import under_format_2
from bench.running.equipment import equipment
from bench.running.known_gap import with_known_gap
from bench.running.local import Campaign
from bench.running.reach import with_must_reach
from bench.running.rig_text import rig_text
from bench.running.sources import in_repository, source_hash
from bench.running.watching import watching_notes
from bench.scenario.library import Library
from bench.scenario.model import Follow, Inject, Mismatch, Start
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.timing.host import host_now_ns, wall_now_ns
from bench.timing.keeping import timekeeping
from bench.units import NS_PER_S, format_ns
from bench.verdict.result import Held, Judgement, Reason, RunResult, ScenarioResult, ShotResult, Verdict
from bench.verdict.rules import RULES
from bench.verdict.spread import spread_p
from bench.verdict.statistics import conclude, latency_statistics
from bench.wiring import plug_ins
from bench.wiring.common import Wired
from bench.wiring.core import chosen_core
from bench.wiring.dut import expected_build, implementation_of

_DISTRIBUTION = "bms-hil-bench"
SIMULATED_CLOCK = "simulated: no clock of this machine is in any stamp"
# In a run's id. "real" is what older releases called both of the others.
_KINDS = {EvidenceClass.SIMULATED: "sim", EvidenceClass.REAL_TIME: "noboard", EvidenceClass.HARDWARE: "hw"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What a run may refer to. `trouble` is None where the sealed evidence in `path` covers the run.

    review: the file that says who has reviewed it; None where nobody has.
    """

    path: Path | None
    trouble: str | None
    review: Path | None = None


@dataclass(slots=True, kw_only=True)
class Collector:
    """Shots as they come in, in whatever order; `result` may be asked at any time."""

    campaign: Campaign
    run_id: str
    started_utc: str
    hashes: dict[str, str]
    shots: dict[str, list[ShotResult]] = field(default_factory=dict)

    def add(self, scenario_id: str, result: ShotResult) -> None:
        self.shots.setdefault(scenario_id, []).append(result)

    @property
    def folder(self) -> Path | None:
        return self.campaign.folder.path if self.campaign.folder is not None else None

    def result(self, aborted: str | None) -> RunResult:
        wired = self.campaign.wired
        return RunResult(
            run_id=self.run_id,
            started_utc=self.started_utc,
            timebase=timebase_of(wired),
            seed=self.campaign.run_seed,
            bench_version=__version__,
            firmware=wired.config.dut.firmware,
            firmware_identity=identity_read(wired, self.shots),
            chemistry=wired.config.pack.chemistry,
            hashes=self.hashes,
            environment=environment(),
            scenarios=with_must_reach(
                scenario_result(
                    one, self.shots[one.scenario.id], timebase_of(wired), wired.profile, wired.chemistry.id
                )
                for one in self.campaign.prepared
                if one.scenario.id in self.shots
            ),
            aborted=aborted,
            rules=RULES,
            evidence=evidence_class(wired).evidence,
            mismatch=mismatch_of(wired),
        )


def mismatch_of(wired: Wired) -> str:
    """What does not fit in the whole run, in words; "" where the firmware is made for the pack's chemistry."""
    if wired.firmware_chemistry.id == wired.chemistry.id:
        return ""
    return Mismatch(pack=wired.chemistry.id, firmware=wired.firmware_chemistry.id, hazard="").words


def identity_read(wired: Wired, shots: Mapping[str, Sequence[ShotResult]]) -> str:
    """The build as the DUT itself named it in this run; several only where shots disagree, and then some are ERROR."""
    read = dict.fromkeys(shot.identity for ones in shots.values() for shot in ones if shot.identity)
    return f"{wired.config.dut.firmware}@{' | '.join(read) or 'unidentified'}"


def timebase_of(wired: Wired) -> Timebase:
    """The timebase in which this bench runs."""
    return Timebase.SIMULATED if wired.config.simulated else Timebase.HOST


def evidence_class(wired: Wired) -> ClassFound:
    """The class of evidence of a run on this bench, and the reason why it is not a stronger one, as in the header."""
    return evidence_of(timebase_of(wired).value, wired.config.dut.start, equipment(wired))


def _with_mismatch(mismatch: Mismatch | None, judgement: Judgement, shots: Sequence[ShotResult]) -> Judgement:
    """A BMS on the wrong pack passes where every shot fails: the library has noticed.

    Shots that were not decided have noticed nothing: then it is as open as they are.
    """
    if mismatch is None or judgement.verdict not in (Verdict.PASS, Verdict.FAIL):
        return judgement
    passed = sum(shot.judgement.verdict is Verdict.PASS for shot in shots)
    if passed:
        unnoticed = MismatchUnnoticed(
            mismatch=mismatch.words, hazard=mismatch.hazard, passed=passed, shots=len(shots)
        )
        return Judgement.of(Verdict.FAIL, unnoticed)
    if open_shots := [shot.judgement.verdict for shot in shots if not shot.judgement.verdict.decided]:
        return replace(judgement, verdict=max(Verdict.INCONCLUSIVE, *open_shots))
    caught = Reason(finding=MismatchCaught(mismatch=mismatch.words, hazard=mismatch.hazard))
    why = dict.fromkeys(reason for shot in shots[:1] for reason in shot.judgement.reasons)
    seen = (replace(reason, held=Held.SEEN) for reason in why)
    return Judgement(verdict=Verdict.PASS, reasons=(caught, *seen))


def _with_levels(prepared: Prepared, judgement: Judgement) -> Judgement:
    """A FAIL beside what the DUT was shown, and the limit that it was shown beside."""
    if judgement.verdict is not Verdict.FAIL or prepared.scenario.mismatch is not None:
        return judgement
    shown = (Reason(finding=one, held=Held.NOTED) for one in prepared.shown)
    return replace(judgement, reasons=(*judgement.reasons, *shown))


def scenario_result(
    prepared: Prepared,
    shots: Sequence[ShotResult],
    timebase: Timebase,
    profile: DutProfile,
    chemistry: str = "",
    day: str | None = None,
) -> ScenarioResult:
    """What the shots of one scenario add up to. Every attempt counts. day: of the run; None: today."""
    scenario = prepared.scenario
    ordered = tuple(sorted(shots, key=lambda shot: shot.index))
    fdti: list[Latency] = []
    fhti: list[Latency] = []
    mismatch = scenario.mismatch
    for shot in ordered if mismatch is None else ():  # its latencies are no property of this DUT
        if shot.measurement is not None:
            if shot.measurement.fdti is not None:
                fdti.append(shot.measurement.fdti)
            if shot.measurement.fhti is not None:
                fhti.append(shot.measurement.fhti)
    spread = spread_p(ordered) if mismatch is None else None

    def concluded(of: Sequence[ShotResult]) -> Judgement:
        return _with_mismatch(mismatch, with_known_gap(scenario.known_gap, conclude(of), chemistry, day), of)

    judgement = _with_levels(prepared, concluded(ordered))
    stricter = under_format_2(prepared.plan, ordered, concluded)
    notes = [*known_by_notes(prepared.plan), *state_notes(ordered), *watching_notes(prepared.plan, ordered)]
    if any(profile.plays_message(test.channel, test.message) for test in prepared.plan.onset):
        first = prepared.plan.onset[0]
        notes.append(
            f"onset at the DUT's terminals is the frame {first.message} on '{first.channel}', which the bench plays: "
            "the sensor's own response time is not included"
        )
    return ScenarioResult(
        scenario_id=scenario.id,
        title=scenario.title,
        file=in_repository(scenario.file),
        line=scenario.lines.get("id", 0),
        aim=str(scenario.aim),
        timebase=timebase,
        budget=prepared.budget,
        requirements=scenario.requirements,
        standards=scenario.standards,
        shots=ordered,
        judgement=judgement,
        under_format_2=stricter
        if stricter is not None and stricter.verdict is not judgement.verdict
        else None,
        fdti=latency_statistics(fdti, spread),
        fhti=latency_statistics(fhti, spread),
        notes=tuple(notes),
        operating_point=(f"{mismatch.words}, " if mismatch is not None else "")
        + operating_point(scenario.start),
        floor_ns=prepared.plan.floor_ns,
        ceiling_ns=prepared.plan.ceiling_ns,
        fully_verifies=scenario.fully_verifies,
        derivation=scenario.derivation,
        test_type=prepared.test_type,
        safe_state=scenario.expect.safe_state if scenario.expect is not None else "",
        performs=scenario.performs,
        mismatch=mismatch.words if mismatch is not None else "",
        own_times=prepared.own_times,
    )


def operating_point(start: Start) -> str:
    """`drive, SOC 50 %, 20 A`: results of different points are never pooled."""
    reaches = start.reaches
    if reaches is not None:
        reached = f"{reaches.current_a:g} A to {reaches.voltage.text} in {format_ns(reaches.after_ns)}"
        return f"{start.mode}, SOC from which {reached}, {start.current_a:g} A"
    soc = "SOC as configured" if start.soc is None else f"SOC {start.soc * 100:g} %"
    return f"{start.mode}, {soc}, {start.current_a:g} A"


def new_run_id(wired: Wired) -> tuple[str, str, TimeZero]:
    """(run id, start in UTC, what makes dates of its stamps): sortable, and unique to the millisecond."""
    now_ns, host_ns = wall_now_ns(), host_now_ns()
    now = datetime.datetime.fromtimestamp(now_ns // NS_PER_S, tz=datetime.UTC)
    stamp = now.strftime("%Y%m%dT%H%M%S") + f"{now_ns // 1_000_000 % 1000:03d}Z"
    kind = _KINDS[evidence_class(wired).evidence]
    firmware = re.sub(r"[^A-Za-z0-9._+-]", "-", wired.config.dut.firmware)
    zero = TimeZero.of_now(now_ns, host_ns, simulated=wired.config.simulated)
    return f"{stamp}-{kind}-{firmware}", now.isoformat(), zero


def open_evidence(
    wired: Wired,
    prepared: Sequence[Prepared],
    budgets_file: Path,
    run_seed: int,
    qualification: Covered | None = None,
    library: Library | None = None,
    selection: str = "",
    repeat: int | None = None,
    said: About = NOTHING_SAID,
) -> tuple[RunFolder, str, str, dict[str, str]]:
    """Create the run's folder with its header and a copy of every input, the qualification included.

    library: what there is to be run, so that the folder alone can say what was not; selection: why not. repeat: in
    place of the scenarios' own number of shots. said: by whom, under which name, on which device.
    """
    config = wired.config
    sources: dict[str, Path] = {"config": config.file, "profile": config.dut.profile, "budgets": budgets_file}
    for channel, can in config.can.items():
        for number, dbc in enumerate(can.dbc):
            sources[f"dbc.{channel}.{number}"] = dbc
    for one in prepared:
        sources[f"scenario.{one.scenario.id}"] = one.scenario.file
        for step in one.steps:
            if isinstance(step, Follow):
                for number, source in enumerate(step.sources):
                    part = f".{number}" if number else ""
                    sources[f"load.{one.scenario.id}.{step.step + 1}{part}"] = source
    if wired.chemistry.based_on:
        sources["chemistry"] = wired.chemistry.path
    if qualification is not None and qualification.path is not None:
        sources["qualification"] = qualification.path / "qualification.json"
        if qualification.review is not None:
            sources["qualification_review"] = qualification.review
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sources.items()}
    hashes["rig"] = rig_hash(wired)
    faults = (step.kind for one in prepared for step in one.steps if isinstance(step, Inject))
    driven = {**equipment(wired), **plug_ins.in_use(config, faults)}
    found = evidence_of(timebase_of(wired).value, config.dut.start, driven)
    facts = {
        "timebase": timebase_of(wired).value,
        "seed": run_seed,
        "bench_version": __version__,
        "rules": RULES,
        "bench_source": source_hash(),
        "firmware": config.dut.firmware,
        "firmware_expected": expected_build(config.dut),
        "firmware_identified_by": config.dut.identity.by,
        "firmware_implementation": _implementation(wired),
        "core": chosen_core().told() if config.simulated else None,
        "chemistry": config.pack.chemistry,
        "firmware_chemistry": wired.firmware_chemistry.id,
        "dbc": {channel: [dbc.name for dbc in can.dbc] for channel, can in config.can.items()},
        "warnings": [line for one in wired.databases.values() for line in one.warnings()],
        **stated(wired),
        "hashes": hashes,
        "environment": environment(),
        **({"plug_ins": brought} if (brought := plug_ins.installed()) else {}),
        "timekeeping": {"clock": SIMULATED_CLOCK} if config.simulated else timekeeping(),
        "equipment": driven,
        "rig_name": config.name,
        "place": config.place,
        **said.header(),
        "dut_start": config.dut.start,
        "mismatch": mismatch_of(wired),
        "evidence": found.evidence.value,
        "evidence_why": list(found.why),
        "qualification": None
        if qualification is None
        else {
            "file": qualification.path.name if qualification.path else None,
            "sha256": hashes.get("qualification"),
            "trouble": qualification.trouble,
            "review": hashes.get("qualification_review"),
        },
        "selection": selection,
        "scenarios": [one.scenario.id for one in prepared],
        "shots": {one.scenario.id: repeat or one.scenario.sweep.repeat for one in prepared},
        "files": {one.scenario.id: in_repository(one.scenario.file) for one in prepared},
    }
    folder, run_id, started_utc = _new_folder(wired, facts)
    for path in sources.values():
        folder.add_input(path)
    if library is not None:
        folder.add_library(encode(library))
    return folder, run_id, started_utc, hashes


def _implementation(wired: Wired) -> dict[str, str] | None:
    """Two implementations of one build send the same frames; which of them ran here, and the hash of its file."""
    found = implementation_of(wired.config)
    if found is None:
        return None
    return {"language": found.language, "file": found.file.name, "sha256": found.sha256}


def _new_folder(wired: Wired, facts: dict[str, Any]) -> tuple[RunFolder, str, str]:
    """(folder, run id, start): of runs that begin within one millisecond all but the first look at the time again."""
    while True:
        run_id, started_utc, zero = new_run_id(wired)
        try:
            header = {"started_utc": started_utc, "time_zero": encode(zero), **facts}
            return RunFolder.create(wired.config.record.folder, run_id, header), run_id, started_utc
        except RunExists:
            continue


def rig_hash(wired: Wired) -> str:
    """A hash of the bench, without what may differ between comparable runs: firmware, chemistry, where to record."""
    config = wired.config
    beside = config.pack.strings, config.pack.parallel
    kept = (
        config.simulated,
        config.can,
        config.serial,
        {name: rig_text(one) for name, one in config.instruments.items()},
        config.pack.cells,
        config.pack.sensors,
        *((("strings, parallel", beside),) if beside != (1, 1) else ()),
        *((config.safety,) if config.safety else ()),
        *((config.providers,) if config.providers else ()),
    )
    dbc = {can: [path.name for path in one.dbc] for can, one in config.can.items()}
    text = re.sub(r"(?:Posix|Windows)Path\([^)]*\)", "path", repr((kept, dbc)))
    return hashlib.sha256(text.encode()).hexdigest()


def environment() -> dict[str, str]:
    """Everything installed that could matter to a result: interpreter, system, host, every required library."""
    found: dict[str, str] = {
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "machine": platform.machine(),
        "host": platform.node(),
    }
    for name in _required_libraries():
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def _required_libraries() -> list[str]:
    """By the package's own metadata, so that no list has to be kept; extras are left out."""
    try:
        needs = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        needs = ["numpy", "python-can", "cantools"]  # run from a source tree that is not installed
    names = (re.match(r"[A-Za-z0-9._-]+", need) for need in needs if "extra ==" not in need)
    return sorted(match[0] for match in names if match)
