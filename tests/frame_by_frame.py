"""How signals were decoded for export at first: kept to be held against the columns."""

from collections.abc import Iterator
from typing import Any

from bench.codec.database import CodecError, Database
from bench.trace.timeline import Trace


def signal_rows(
    scenario: str, name: str, trace: Trace, databases: dict[str, Database]
) -> Iterator[tuple[Any, ...]]:
    for t_ns, channel, frame, _ in trace.frames:
        message = databases[channel].by_id.get((frame.can_id, frame.extended))
        if message is None:
            continue
        try:
            told = message.decode(frame.data)
        except CodecError:  # too short, or a page that nobody has defined
            continue
        for signal, value in told.items():
            yield scenario, name, t_ns, channel, message.name, signal, float(value)
