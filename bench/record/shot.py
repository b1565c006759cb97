"""One shot's evidence: a record of its scenario's container.

Earlier releases kept a folder: frames.blf, events.jsonl (head, then marks), and result.json, written last.
"""

import json
from pathlib import Path
from typing import Any, TypeVar, cast

from bench.config.user_file import MOST_RECORDED_BYTES, read_text
from bench.errors import DAMAGED, RecordError, at_place, clear
from bench.record import version_1
from bench.record.blf import read_blf
from bench.record.container import FILE
from bench.record.contents import json_bytes
from bench.record.marks import from_line, name_of
from bench.record.shot_record import is_in_container, marks_in, read_record, stamping_of
from bench.timing.clock import Timebase
from bench.trace.events import BENCH, CanFrame, FrameSeen
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.trace.timeline import Trace

FORMAT = "hil-shot-2"
BENCH_SENDER = BENCH
F = TypeVar("F", bound=Fact)
FRAMES, EVENTS, RESULT = "frames.blf", "events.jsonl", "result.json"


def read_shot(folder: Path) -> tuple[Trace, dict[str, Any], dict[str, Any]]:
    """(trace, plan, result) of one finished shot. The trace has the digest of the one written.

    folder: its place in the run, whether a folder or a record lies there. Raises RecordError for what is no shot, is
    unfinished or damaged, or whose content no longer gives the digest that its result states.
    """
    trace, plan, result = read_record(folder) if _is_record(folder) else _read_folder(folder)
    stated = result.get("digest")
    try:
        found = trace.digest()
    except DAMAGED as error:  # of a name that is none, or a frame that no trace has
        raise RecordError(f"{folder}: cannot be read: {clear(repr(error), 200)}") from error
    if stated and stated != found:
        raise RecordError(
            at_place(folder, "digest", found, f"{stated}, as its result states: the evidence was altered")
        )
    return trace, plan, result


def is_there(folder: Path) -> bool:
    """Whether a finished shot has its place here. Raises RecordError for a container that cannot be read."""
    return (folder / RESULT).is_file() or is_in_container(folder)


def _is_record(folder: Path) -> bool:
    return not folder.exists() and (folder.parent / FILE).is_file()


def _read_folder(folder: Path) -> tuple[Trace, dict[str, Any], dict[str, Any]]:
    if not (folder / EVENTS).is_file():
        raise RecordError(at_place(folder, "", "no events.jsonl", "the place of a shot"))
    if not (folder / RESULT).is_file():
        raise RecordError(at_place(folder, "", "no result.json: the shot was cut short", "a finished shot"))
    result = read_json(folder / RESULT)
    try:
        head_line, *mark_lines = (folder / EVENTS).read_text(encoding="utf-8").splitlines()
        head = json.loads(head_line)
        old = head["format"] == version_1.FORMAT
        if not old and head["format"] != FORMAT:
            expected = f"'{FORMAT}' or '{version_1.FORMAT}'"
            raise RecordError(at_place(folder / EVENTS, "line 1", f"format '{head['format']}'", expected))
        stamping_as = version_1.stamping_of if old else stamping_of
        trace = Trace(
            timebase=Timebase(head["timebase"]),
            stamping={name: stamping_as(stored) for name, stored in head["stamping"].items()},
        )
        _read_frames(folder / FRAMES, head, trace)
        read = version_1.mark_of if old else from_line
        trace.marks.extend(read(json.loads(line)) for line in mark_lines)
        plan: dict[str, Any] = {**head["plan"]}
        counts = (head["frames"], head["marks"])
    except DAMAGED as error:
        raise RecordError(
            f"{folder / EVENTS}: cannot be read: {clear(repr(error), 200)}; expected what write_shot wrote"
        ) from error
    if counts != (len(trace.frames), len(trace.marks)):
        found = f"{len(trace.frames)} frames and {len(trace.marks)} marks"
        raise RecordError(at_place(folder, "", found, f"{counts[0]} and {counts[1]}"))
    return trace, plan, result


def marks_of(folder: Path, wanted: type[F]) -> list[Mark[F]]:
    """The marks that say one type of fact, without reading the frames. Raises RecordError."""
    if _is_record(folder):
        return marks_in(folder, wanted)
    try:
        head_line, *lines = (folder / EVENTS).read_text(encoding="utf-8").splitlines()
        old = json.loads(head_line)["format"] == version_1.FORMAT
        name, read = (wanted.kind.value, version_1.mark_of) if old else (name_of(wanted), from_line)
        marks = [read(json.loads(line)) for line in lines if f'"{name}"' in line]
        return [cast(Mark[F], mark) for mark in marks if isinstance(mark.fact, wanted)]
    except DAMAGED as error:
        raise RecordError(f"{folder / EVENTS}: cannot be read: {clear(repr(error), 200)}") from error


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write whole or not at all: a reader never meets half a file."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(json_bytes(content))
    part.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises RecordError for any other content."""
    text = read_text(path, "a JSON object", error=RecordError, most=MOST_RECORDED_BYTES)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(
            f"{path}: cannot be read: {clear(str(error), 200)}; expected a JSON object"
        ) from error
    if not isinstance(content, dict):
        raise RecordError(at_place(path, "", f"a JSON {type(content).__name__}", "a JSON object"))
    return content


def _read_frames(path: Path, head: dict[str, Any], trace: Trace) -> None:
    names = {number: name for name, number in head["channels"].items()}
    usual = {(number, can_id, extended): sender for number, can_id, extended, sender in head["senders"]}
    unusual = dict(map(tuple, head["sender_exceptions"]))
    frame: CanFrame
    for index, (t_ns, number, frame) in enumerate(read_blf(path, head["origin_ns"])):
        sender = unusual[index] if index in unusual else usual[number, frame.can_id, frame.extended]
        trace.frames.append(FrameSeen(t_ns, names[number], frame, sender))
