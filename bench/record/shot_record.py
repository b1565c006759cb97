"""One shot as a record of its scenario's container: everything that is known of it, in two zlib streams.

The first holds lines of JSON: the head, the marks, and the result last. The second holds the frames in columns.
"""

import dataclasses
import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from bench.errors import DAMAGED, RecordError, clear
from bench.record.columns import (
    columns_of,
    deflated,
    inflated,
    numbers_of,
    pack,
    table_from,
    unpack,
)
from bench.record.container import FILE, Known, append_shot, has_shot, read_body, read_plan, shot_name
from bench.record.marks import from_line, name_of, to_line
from bench.timing.clock import Timebase
from bench.trace.columns import Columns
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.trace.refill import buffer_of
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

FORMAT = "hil-shot-3"
F = TypeVar("F", bound=Fact)
_NAME = re.compile(r"shot-(\d{3,})")


def number_of(shot: Path) -> int | None:
    """The number of the shot that a path such as `scenarios/<id>/shot-007` names."""
    found = _NAME.fullmatch(shot.name)
    return int(found[1]) if found is not None else None


def is_in_container(shot: Path) -> bool:
    """Whether this shot is a whole record of the container beside it. Raises RecordError."""
    number = number_of(shot)
    return number is not None and has_shot(shot.parent / FILE, number)


def append_trace(
    folder: Path, index: int, trace: Trace, plan: dict[str, Any], result: dict[str, Any], known: Known
) -> None:
    """Add the shot to the container in `folder`. Raises RecordError."""
    file = folder / FILE
    try:
        text = json.dumps(plan).encode()
        made_of = hashlib.sha256(text).digest()
        if known.packed[0] != made_of:  # all shots of a scenario answer the same questions
            known.packed = made_of, deflated(text)
        plan_bytes = known.packed[1]
        body = _body(trace, hashlib.sha256(plan_bytes).hexdigest(), result)
        append_shot(file, index, plan_bytes, body, known)
    except RecordError as error:
        raise RecordError(f"{folder / shot_name(index)}: {error}") from error
    except (OSError, TypeError, OverflowError) as error:
        raise RecordError(f"{folder / shot_name(index)}: cannot write the shot: {error}") from error


def _body(trace: Trace, plan: str, result: dict[str, Any]) -> bytes:
    columns = columns_of(trace.frames)
    head = {
        "format": FORMAT,
        "timebase": trace.timebase,
        "stamping": {name: dataclasses.asdict(stamping) for name, stamping in trace.stamping.items()},
        "frames": len(columns),
        "marks": len(trace.marks),
        "series": columns.table,
        "plan": plan,
    }
    lines = [json.dumps(head), *(json.dumps(to_line(mark)) for mark in trace.marks), json.dumps(result)]
    return deflated("\n".join(lines).encode()) + pack(columns)


def read_record(shot: Path) -> tuple[Trace, dict[str, Any], dict[str, Any]]:
    """(trace, plan, result) of a shot in the container beside it. Raises RecordError."""
    head, marks, result, columns = _opened(shot)
    try:
        trace = Trace(
            timebase=Timebase(head["timebase"]),
            stamping={name: stamping_of(stored) for name, stored in head["stamping"].items()},
            frames=buffer_of(columns),
            marks=[from_line(line) for line in _lines(marks)],
        )
        plan = _plan(read_plan(shot.parent / FILE, bytes.fromhex(head["plan"])))
    except DAMAGED as error:
        raise _unreadable(shot, error) from error
    return trace, plan, result


def _lines(marks: list[str]) -> list[Any]:
    """All lines at once. One that is no line of its own is read alone, so that it is told as what it is."""
    read: list[Any] = json.loads(f"[{','.join(marks)}]")
    return read if len(read) == len(marks) else [json.loads(line) for line in marks]


@lru_cache(maxsize=4)
def _plan(body: bytes) -> dict[str, Any]:
    """The plan in a record. All shots of a scenario have the same: it is not to be changed."""
    return _object(json.loads(inflated(body)[0]), "plan")


def columns_in(shot: Path) -> tuple[Columns, dict[str, int]]:
    """A shot's frames as they are kept, and the number of each channel, from 1. Raises RecordError."""
    head, _, _, columns = _opened(shot)
    stamping = head.get("stamping")
    stamped = stamping if isinstance(stamping, dict) else ()
    return columns, numbers_of(stamped, (one[0] for one in columns.table))


def marks_in(shot: Path, wanted: type[F]) -> list[Mark[F]]:
    """As `marks_of`, without unpacking the frames."""
    try:
        text, _ = inflated(_stored(shot))
        name = f'"{name_of(wanted)}"'
        lines = text.decode().split("\n")[1:-1]
        marks = [from_line(json.loads(line)) for line in lines if name in line]
    except DAMAGED as error:
        raise _unreadable(shot, error) from error
    return [cast(Mark[F], mark) for mark in marks if isinstance(mark.fact, wanted)]


def lines_in(shot: Path) -> str:
    """What is kept of a shot but its frames: lines of JSON, the head, the marks, and the result last."""
    try:
        return inflated(_stored(shot))[0].decode() + "\n"
    except DAMAGED as error:
        raise _unreadable(shot, error) from error


def _opened(shot: Path) -> tuple[dict[str, Any], list[str], dict[str, Any], Columns]:
    """Head, lines of marks, result, frames."""
    body = _stored(shot)
    try:
        text, packed = inflated(body)
        first, *marks, last = text.decode().split("\n")
        head, result = _object(json.loads(first), "head"), _object(json.loads(last), "result")
        if head["format"] != FORMAT:
            raise RecordError(f"{shot}: found format '{head['format']}'; expected '{FORMAT}'")
        if len(marks) != head["marks"]:
            raise RecordError(f"{shot}: found {len(marks)} marks; expected {head['marks']}")
        columns = unpack(packed, table_from(head["series"]), head["frames"])
    except RecordError as error:
        raise RecordError(f"{shot}: {error}") from error
    except DAMAGED as error:
        raise _unreadable(shot, error) from error
    return head, marks, result, columns


def _object(content: Any, what: str) -> dict[str, Any]:
    """Raises TypeError, which is damage like any other."""
    if not isinstance(content, dict):
        raise TypeError(f"its {what} is a JSON {type(content).__name__}, no object")
    return content


def _stored(shot: Path) -> bytes:
    number = number_of(shot)
    if number is None:
        raise RecordError(f"{shot}: found no number; expected a shot such as '{shot_name(7)}'")
    return read_body(shot.parent / FILE, number)


def _unreadable(shot: Path, error: Exception) -> RecordError:
    return RecordError(f"{shot}: cannot be read: {clear(repr(error), 200)}; expected what write_shot wrote")


def stamping_of(stored: dict[str, Any]) -> Stamping:
    """The stamping as it was stored."""
    return Stamping(**{**stored, "origin": Origin(stored["origin"])})
