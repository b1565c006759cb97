"""The public names of `bench`, for Sphinx to read their docstrings."""

from collections.abc import Iterator

import bench

_ROOMS = {
    "door": "Run and judge",
    "verdict": "Verdicts",
    "measure": "Measurements",
    "errors": "Errors",
    "config": "Options of an instrument",
    "instruments": "Instruments",
    "links": "Links",
    "timing": "Time",
    "trace": "Trace",
    "dut": "DUT adapters",
    "cli": "Commands",
    "report": "Report sections",
}


def page() -> Iterator[str]:
    """The page, line by line: every name of `bench.__all__`, by the room that it comes from."""
    yield from ("# Python API", "")
    yield "What `from bench import …` offers, from the docstrings. A walk through it: [](/python.md); drivers and other"
    yield "parts of your own: [](/extending.md)."
    yield ""
    named = [name for name in bench.__all__ if not name.startswith("_")]
    rooms: dict[str, list[str]] = {}
    for name in named:
        module = getattr(getattr(bench, name), "__module__", "bench")
        rooms.setdefault(module.split(".")[1], []).append(name)
    for room in sorted(
        rooms, key=lambda one: (list(_ROOMS).index(one) if one in _ROOMS else len(_ROOMS), one)
    ):
        yield from (f"## {_ROOMS.get(room, room)}", "")
        for name in rooms[room]:
            kind = "autoclass" if isinstance(getattr(bench, name), type) else "autofunction"
            yield from ("```{eval-rst}", f".. {kind}:: bench.{name}")
            if kind == "autoclass":
                yield from ("   :members:", "   :undoc-members:")
            yield from ("```", "")
