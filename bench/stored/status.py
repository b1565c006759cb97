"""What the status sheet of a stored run rests on: the run, the newest of its build in other classes, notes, seals."""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.confidence.covered_again import Qualified, copy_of, qualified_by
from bench.confidence.qualified import NO_REFERENCE
from bench.errors import BenchError, RecordError
from bench.record.chain import FOOTER, SIGNATURE
from bench.record.evidence import of_header
from bench.record.folder import HEADER, OpenedRun, open_run
from bench.record.shot import read_json
from bench.report.status import Sheet, SheetCell, SheetFact, class_ground, status_rows
from bench.report.traceability import denominator
from bench.report.words import rules_words
from bench.stored.builds import load_neighbour
from bench.stored.notes import RunNotes, read_notes
from bench.stored.own_inputs import stored_goals, stored_library
from bench.timing.evidence_class import EvidenceClass
from bench.units import NS_PER_S
from bench.verdict.result import RunResult

_MOST_NEIGHBOURS = 200
_SEALED_LATER = "not known to this page, which is sealed with the run: `hil report RUN --status`"
_UNREAD = (BenchError, KeyError, ValueError, TypeError, AttributeError, RecursionError)


def status_of(
    run: RunResult,
    folder: Path,
    altered: Sequence[str] = (),
    texts: Mapping[str, str] | None = None,
    *,
    at_end: bool = False,
) -> Sheet:
    """From the folder, what lies beside it, and texts of requirements where they were given. Raises RecordError.

    at_end: as the run's own page has it, which is sealed before there is a footer, and does not change afterwards.
    """
    opened = open_run(folder)
    library = stored_library(opened)
    goals = stored_goals(opened)
    if library is not None:
        goals = denominator(goals, library.lent)
    kept = RunNotes() if at_end else read_notes(folder)
    approvals = [one for one in kept.notes if not one.anomaly]
    sheet = Sheet(
        title=run.firmware_identity,
        facts=(*_facts(run, opened), _approval(approvals, kept.trouble)),
        grounds=(
            SheetFact(name="evidence", cell=class_ground(run, of_header(opened.header, folder))),
            SheetFact(name="bench", cell=_qualified(opened)),
            *([SheetFact(name="rules", cell=SheetCell(no=old))] if (old := rules_words(run)) else ()),
            SheetFact(
                name="chain", cell=SheetCell(no=_SEALED_LATER) if at_end else _chain(folder, run, altered)
            ),
            SheetFact(name="signed", cell=SheetCell(no=_SEALED_LATER) if at_end else _signed(folder)),
        ),
        rows=status_rows(
            run, goals, other_classes(run, folder, at_end=at_end), kept.notes, kept.trouble, library
        ),
        altered=tuple(altered),
    )
    return with_texts(sheet, texts)


def with_texts(sheet: Sheet, texts: Mapping[str, str] | None) -> Sheet:
    """The wording of the requirements that the goals' scenarios name; a no where one has none."""
    wanted = dict.fromkeys(name for row in sheet.rows for name in row.requirements)
    known = texts or {}
    found = {name: known[name] for name in wanted if name in known}
    if texts is None:  # nothing is known of any wording
        cell = SheetCell(no="no file of requirements was given (--requirements)")
    elif missing := [name for name in wanted if name not in found]:
        more = f" and {len(missing) - 3} more" if missing[3:] else ""
        cell = SheetCell(
            text=f"{len(found)} of {len(wanted)}", no=f"no text for {', '.join(missing[:3])}{more}"
        )
    else:
        cell = SheetCell(text=f"{len(found)} of {len(wanted)}")
    return replace(sheet, facts=(*sheet.facts, SheetFact(name="requirements", cell=cell)), texts=found)


def other_classes(run: RunResult, folder: Path, *, at_end: bool) -> dict[EvidenceClass, RunResult]:
    """The newest whole run of the same build, chemistry and goals in each other class of evidence, beside this one.

    at_end: of those that were there when this one ended.
    """
    found: dict[EvidenceClass, RunResult] = {}
    beside = sorted((one.parent for one in folder.resolve().parent.glob(f"*/{FOOTER}")), reverse=True)
    for place in [one for one in beside if not at_end or one.name < folder.name][:_MOST_NEIGHBOURS]:
        if len(found) == len(EvidenceClass) - 1:
            break
        try:
            header = read_json(place / HEADER)
            evidence = of_header(header, place).evidence
            if evidence is run.evidence_class or evidence in found or header["firmware"] != run.firmware:
                continue
            stored = load_neighbour(place)
        except _UNREAD:
            continue  # what is no run of this build, or cannot be read, shows nothing
        its = stored.result
        like = (its.firmware_identity, its.chemistry, its.hashes.get("budgets"))
        if (
            not stored.altered
            and its.aborted is None
            and like
            == (
                run.firmware_identity,
                run.chemistry,
                run.hashes.get("budgets"),
            )
        ):
            found[evidence] = its
    return found


def _facts(run: RunResult, opened: OpenedRun) -> Iterator[SheetFact]:
    header = opened.header
    yield SheetFact(name="run", cell=SheetCell(text=run.run_id))
    yield SheetFact(name="chemistry", cell=SheetCell(text=run.chemistry))
    yield SheetFact(name="started", cell=SheetCell(text=_minute(run.started_utc)))
    ended = _ended(run)
    yield SheetFact(
        name="ended",
        cell=SheetCell(text=ended, no="" if ended else "not recorded by the release that made it"),
    )
    for name, key, how in (
        ("rig", "rig_name", "not recorded by the release that made it"),
        ("place", "place", "not named: `place` in [bench] of the bench file"),
        ("operator", "operator", "not named: `hil run --operator NAME`"),
    ):
        said = str(header.get(key) or "")
        yield SheetFact(name=name, cell=SheetCell(text=said, no="" if said else how))
    serial = str(header.get("dut_serial") or "")
    if serial or run.evidence_class is EvidenceClass.HARDWARE:
        how = "" if serial else "not named: `hil run --dut-serial SERIAL`"
        yield SheetFact(name="DUT serial", cell=SheetCell(text=serial, no=how))
    if label := str(header.get("label") or ""):
        yield SheetFact(name="label", cell=SheetCell(text=label))


def _ended(run: RunResult) -> str:
    if run.took_ns is None:
        return ""
    end = datetime.datetime.fromisoformat(run.started_utc) + datetime.timedelta(
        seconds=run.took_ns / NS_PER_S
    )
    return _minute(end.isoformat())


def _minute(utc: str) -> str:
    return f"{utc[:10]} {utc[11:19]} UTC" if "T" in utc else utc


def _approval(approvals: Sequence[Any], trouble: str) -> SheetFact:
    if trouble:
        cell = SheetCell(no=trouble)
    elif not approvals:
        cell = SheetCell(no="nobody yet: `hil note RUN --approve --by NAME`")
    else:
        cell = SheetCell(text=f"{approvals[-1].by}, {_minute(approvals[-1].utc)}")
    return SheetFact(name="approved by", cell=cell)


def _chain(folder: Path, run: RunResult, altered: Sequence[str]) -> SheetCell:
    if altered:
        return SheetCell(no=f"ALTERED: {altered[0]}")
    if not (folder / FOOTER).is_file():
        return SheetCell(no="the run has no footer: nothing vouches for it yet")
    if run.aborted is not None:
        return SheetCell(text="intact", no=f"the run did not come to its end: {run.aborted}")
    return SheetCell(text=f"verified, {str(read_json(folder / FOOTER).get('chain', ''))[:12]}")


def _signed(folder: Path) -> SheetCell:
    if not (folder / SIGNATURE).is_file():
        return SheetCell(no="nobody: `hil sign RUN --key KEY`")
    try:
        key = str(read_json(folder / SIGNATURE)["public_key"])
    except (RecordError, KeyError) as error:
        return SheetCell(no=f"its signature cannot be read: {error}")
    return SheetCell(text=f"key {key[:16]}…")


def _qualified(opened: OpenedRun) -> SheetCell:
    """Method, reviewer, ruler, second clock and strangers' mutants, each said or missed."""
    found = qualified_by(opened) or Qualified(trouble="no qualification is known to this run")
    content = copy_of(opened)
    told, missed = _rows_of(content, str(opened.header.get("timebase"))) if content else ([], [])
    if found.trouble is not None:
        return SheetCell(text="; ".join(told), no=f"not qualified for this run: {found.trouble}")
    words = "; ".join([found.by, *told])
    return SheetCell(text=words, no=f"the qualification does not say: {', '.join(missed)}" if missed else "")


def _rows_of(content: Mapping[str, Any], timebase: str) -> tuple[list[str], list[str]]:
    """(what it says, what it does not) of the things that a reader asks for first."""
    told, missed = [], []
    asked: dict[str, Callable[[], str]] = {
        "method": lambda: str(content["method"]) if content["usage"]["method"] else "",
        "ruler": lambda: _ruler_words(content["ruler"], timebase),
        "second reference clock": lambda: _reference_words(content["second_reference"]),
        "strangers' mutants": lambda: _strangers_words(content["strangers"]),
    }
    for name, words_of in asked.items():
        try:
            words = words_of()
        except (KeyError, TypeError, ValueError, IndexError):
            words = ""
        if words:
            told.append(f"{name}: {words}")
        else:
            missed.append(name)
    return told, missed


def _reference_words(said: object) -> str:
    return "" if said in (None, NO_REFERENCE) else str(said)


def _ruler_words(ruler: Sequence[Mapping[str, Any]], timebase: str) -> str:
    """`n = 200 idle, 200 under load`, in the timebase of the run."""
    own = [f"{int(row['shots'])} {row['condition']}" for row in ruler if row["timebase"] == timebase]
    return f"n = {', '.join(own)}" if own else ""


def _strangers_words(counts: Sequence[Mapping[str, Any]]) -> str:
    """The first count of strangers' defects of a BMS, which the library was to catch before it knew them."""
    return f"{int(counts[0]['caught'])} of {int(counts[0]['planted'])}, first count"
