"""Which module imports which: each is reached from an entry point, and none imports itself by way of others."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bench", "firmware_stubs")

ENTRIES = {
    "bench.start",
    "bench.__main__",
    "bench.pytest_plugin",
    "bench.testing",
}  # pyproject.toml: hil, `python -m bench`, pytest; and what tests of a user's own driver import
BY_FOLDER = (  # found by their place
    "bench.cli.*_command*",
    "bench.faults.catalogue.*",
    "bench.scenario.variants.dimensions.*",
    "bench.instruments.*.kind",
    "bench.report.sections.*",
)
BY_HAND = {  # tools of the firmware under test, started by a user: `python -m …`, as README and docs tell
    "bench.stepped.__main__",  # docs/how-to/stepped_firmware.md
    "firmware_stubs.build_c",
    "firmware_stubs.string_bms.files",
    "firmware_stubs.string_bms.master",  # by its factory's name in a bench file
    "firmware_stubs.qemu_board",
    "firmware_stubs.reference_bms.__main__",
}
BY_BENCHMARKS = {"bench.plant.reference"}  # no command scores the plant: benchmarks/plant.py and a test do
LONGEST = 400  # lines of a file
ALIKE = {  # a name, one meaning: but these, each with what keeps the two apart for a reader
    # The front door's name is the one that scripts import; the other is what a rig is made from, inside of wiring.
    "Bench": {"bench.door.session", "bench.wiring.provide"},
    # What an instrument's simulator has at its terminals, and what a rig keeps there.
    "CellOutputs": {"bench.instruments.cell_outputs", "bench.rig.cell_outputs"},
    # Of a shot, of an evidence class, and of a chemistry: the last is a name of a JSON schema.
    "Claim": {"bench.measure.claim", "bench.verdict.claims", "bench.verdict.evidence"},
    "Command": {"bench.cli.command", "bench.codec.scpi"},  # of a terminal, and of a wire
    # The thing, and the way to it, which faults of others ask for by this name.
    "Contactors": {"bench.plant.contactors", "bench.rig.capabilities.contactors"},
    # `do = "drive"` of a scenario's step, and what drives a current through a cell: the trade's word for both.
    "Drive": {"bench.plant.shunts", "bench.scenario.model"},
    # Of an estimate: stored with the finding. Of a chemistry's file: a number with its pedigree.
    "Figure": {"bench.measure.finding.plant", "bench.plant.source"},
    "IdentityTable": {"bench.config.dut_table", "bench.config.profile_shape"},  # both names of a JSON schema
    "Kind": {"bench.faults.port", "bench.trace.events"},  # the first is promised to faults of others
    # Where a DUT has to set a flag, and what a cell can give at most.
    "Limit": {"bench.config.profile", "bench.plant.abuse_facts"},
    # What every supply's kind is handed to play at its terminals, and what the pack is loaded with.
    "Load": {"bench.instruments.kinds", "bench.plant.pack"},
    "Order": {"bench.door.run", "bench.plant.abuse_facts"},  # for a run, and of a reaction
    "Origin": {"bench.parts", "bench.trace.stamping"},  # of a plug-in, and of a stamp: the second is stored
    "Reaction": {"bench.measure.interval", "bench.plant.abuse_facts"},  # a DUT's (stored), and a chemical one
    "Source": {
        "bench.config.safety",
        "bench.plant.source",
    },  # how a contact is read, and a file of a chemistry
    "Told": {"bench.measure.shot", "bench.report.section"},  # what a shot told, and what a section tells
}


@cache
def modules() -> dict[str, ast.Module]:
    found = {}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(file.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.Module, known: Mapping[str, object]) -> set[str]:
    """Modules that it imports, wherever in the file, for types only too."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                full = f"{node.module}.{one.name}"
                found.add(full if full in known else node.module)
    return {name for name in found if name in known}


def named(tree: ast.Module, known: Mapping[str, object]) -> set[str]:
    """Modules whose whole name stands in it as a string, as a process to start or firmware to load."""
    strings = [
        one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    return {name for text in strings for name in [text.partition(":")[0]] if name in known}


def with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def reached(from_here: set[str], graph: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    to_do = sorted(from_here)
    while to_do:
        name = to_do.pop()
        if name not in seen and name in graph:
            seen.add(name)
            to_do += [*with_parents(name), *graph[name]]
    return seen


def orphans(graph: Mapping[str, set[str]]) -> set[str]:
    by_folder = [re.compile(one.replace(".", r"\.").replace("*", r"\w*")) for one in BY_FOLDER]
    found = {name for name in graph if any(one.fullmatch(name) for one in by_folder)}
    benches = [ROOT / "hil_config.toml", *sorted((ROOT / "docs/benches").glob("*.toml"))]
    texts = [file.read_text(encoding="utf-8") for file in benches]
    loaded = {name for text in texts for name in re.findall(r'"(firmware_stubs[\w.]*)', text)}
    return set(graph) - reached(ENTRIES | BY_HAND | found | loaded, graph)


def circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Sets of modules that import each other, directly or by way of others (Tarjan)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(name: str) -> None:
        number[name] = low[name] = len(number)
        stack.append(name)
        for other in graph[name]:
            if other not in number:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], number[other])
        if low[name] == number[name]:
            at = stack.index(name)
            ring = frozenset(stack[at:])
            del stack[at:]
            if len(ring) > 1 or name in graph[name]:
                found.add(ring)

    for name in graph:
        if name not in number:
            visit(name)
    return found


@cache
def all_reached() -> dict[str, set[str]]:
    return {name: imported(tree, modules()) | named(tree, modules()) for name, tree in modules().items()}


def test_every_module_is_reached_from_an_entry_point() -> None:
    assert orphans(all_reached()) == BY_BENCHMARKS, (
        "no entry point reaches these: wire them in, or remove them"
    )
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "benchmarks").glob("*.py")]
    assert set().union(*(imported(ast.parse(text), modules()) for text in texts)) >= BY_BENCHMARKS


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name: imported(tree, modules()) - {name} for name, tree in modules().items()}
    assert circles(graph) == set()


def test_no_file_is_longer_than_the_limit() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    lines = {
        file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8").count("\n") for file in files
    }
    assert {name: n for name, n in lines.items() if n > LONGEST} == {}


def test_an_orphan_is_seen() -> None:
    graph = {**all_reached(), "bench.codec.nobody": {"bench.codec.e2e"}}
    assert "bench.codec.nobody" in orphans(graph)
    graph["bench.start"] = graph["bench.start"] | {"bench.codec.nobody"}
    assert "bench.codec.nobody" not in orphans(graph)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from bench.codec import e2e", {"bench.codec.e2e"}),
        ("def f():\n    from bench.codec.e2e import Crc", {"bench.codec.e2e"}),
        ("import bench.codec.e2e", {"bench.codec.e2e"}),
        ('run("-m", "bench.codec.e2e")', {"bench.codec.e2e"}),
        ('"see bench.codec.e2e"', set()),
    ],
)
def test_an_import_is_seen(source: str, expected: set[str]) -> None:
    known = {"bench.codec", "bench.codec.e2e"}
    tree, graph = ast.parse(source), dict.fromkeys(known)
    assert imported(tree, graph) | named(tree, graph) == expected


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, set()),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, {frozenset("abc")}),
        ({"a": {"a"}}, {frozenset("a")}),
        ({"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"c"}}, {frozenset("ab"), frozenset("cd")}),
    ],
)
def test_a_circle_is_seen(graph: dict[str, set[str]], expected: set[frozenset[str]]) -> None:
    assert circles(graph) == expected


def is_what_was_seen(rooms: set[str]) -> bool:
    """A fact of the trace, the error that it is stored from, and the finding that rests on it bear one name."""
    places = ("bench.trace.", "bench.measure.finding.", "bench.errors")
    of_each = [sum(room.startswith(place) for room in rooms) for place in places]
    return sum(of_each) == len(rooms) and max(of_each) <= 1


def test_a_name_of_a_class_has_one_meaning() -> None:
    found: dict[str, set[str]] = {}
    for name, tree in modules().items():
        for node in tree.body:
            if name.startswith("bench.") and isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, set()).add(name)
    alike = {name: rooms for name, rooms in found.items() if len(rooms) > 1 and not is_what_was_seen(rooms)}
    assert alike == ALIKE, "a name of two meanings is renamed; one that has a single meaning leaves the list"


def test_a_name_of_two_meanings_is_seen() -> None:
    assert is_what_was_seen({"bench.trace.facts", "bench.measure.finding.life", "bench.errors"})
    assert not is_what_was_seen({"bench.trace.facts", "bench.report.status"})
    assert not is_what_was_seen({"bench.trace.facts", "bench.trace.plant_facts"})
