"""Which node of the files is the DUT, which files share a bus, and which files beside them are about it, too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.codec.database import Database
from bench.errors import ConfigError
from bench.starting.numbered import CELLS, find_series
from bench.starting.rules import OUTPUTS, score
from bench.starting.signals import NOBODY, nodes_of, signals_of, words

ENDINGS = (".dbc", ".kcd", ".sym", ".arxml")
_IS_BMS = r"\b(bms\w*|bmu|bcu|bcm|batt?(ery)?|hvb\w*|ress|becm|vcb|bdu)\b"
_MOST_BESIDE = 20


def read_files(files: Sequence[Path]) -> dict[Path, Database]:
    """Each file by itself. Raises ConfigError, a line for each that cannot be read."""
    found, mistakes = {}, []
    for file in files:
        try:
            found[file] = Database.load(file)
        except ConfigError as wrong:
            mistakes += str(wrong).splitlines()
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return found


def find_dut(databases: Mapping[Path, Database]) -> tuple[str, ...]:
    """The nodes that are likeliest the DUT, equally good ones side by side; none where the files name no nodes."""
    points: dict[str, float] = {}
    state = OUTPUTS[0]
    for node in nodes_of(databases.values()):
        signals = signals_of({str(file): one for file, one in databases.items()}, node)
        named = 10.0 if re.search(_IS_BMS, words(node)) else 0.0
        states = any(node in one.message.senders and score(state, one) >= 12 for one in signals)
        told = any(node in one.members[0].message.receivers for one in find_series(CELLS, signals))
        points[node] = named + 3.0 * states + 4.0 * told
    most = max(points.values(), default=0.0)
    best = tuple(node for node, one in points.items() if one == most)
    return best if most or len(best) > 1 else ()


def beside(files: Sequence[Path], dut: str) -> tuple[Path, ...]:
    """Files in the folder of the first that name the DUT too; such as of a second bus."""
    try:
        near = sorted(one for one in files[0].parent.iterdir() if one.suffix.lower() in ENDINGS)
    except OSError:
        return ()
    here = {one.resolve() for one in files}
    found = []
    for one in near[:_MOST_BESIDE]:
        if one.resolve() in here:
            continue
        try:
            database = Database.load(one)
        except ConfigError:
            continue
        if dut in nodes_of([database]):
            found.append(one)
    return tuple(found)


def buses_of(databases: Mapping[Path, Database], dut: str | None) -> list[list[Path]]:
    """The files of each bus: those that share a node besides the DUT, and no id."""
    buses: list[list[Path]] = []
    for file, database in databases.items():
        near = set(nodes_of([database])) - {dut}
        ids = {(one.can_id, one.extended) for one in database.messages}
        for bus in buses:
            others = {node for one in bus for node in nodes_of([databases[one]])} - {dut}
            taken = {(one.can_id, one.extended) for other in bus for one in databases[other].messages}
            if near & others and not ids & taken:
                bus.append(file)
                break
        else:
            buses.append([file])
    return buses


def names_of_buses(
    buses: Sequence[Sequence[Path]], databases: Mapping[Path, Database], dut: str | None
) -> list[str]:
    """ "vehicle": what the DUT speaks on. "sense": where it is only told. "can1" where there is one alone."""
    if len(buses) == 1:
        return ["can1"]
    names: list[str] = []
    for bus in buses:
        speaks = any(dut in one.senders for file in bus for one in databases[file].messages)
        name = "vehicle" if speaks or dut in (None, *NOBODY) else "sense"
        names.append(name if name not in names else f"{name}{len(names) + 1}")
    return names
