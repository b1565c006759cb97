"""A section, a command, a chemistry or a fault that is broken costs itself only, and says so where it is missed."""

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.cli import found
from bench.config import instrument_kinds
from bench.config.instrument_kinds import instruments
from bench.config.report_sections import report_sections
from bench.errors import ConfigError
from bench.faults.find import faults
from bench.parts import Shelf, modules, unreadable
from bench.plant.find import chemistries
from bench.report.section import sections
from bench.wiring.plug_ins import shelves

ROOT = Path(__file__).resolve().parents[1]

SECTION = """
from bench import Place, Section, Told


def _tell(run, extras):
    rows = [(one.scenario_id, "<b>") for one in run.scenarios]
    return Told(lines=(f"{len(extras.goals)} goals, {len(rows)} scenarios.",), headings=("Which", "Mark"), rows=rows)


SECTION = Section(title="Notes of the lab", place=Place.COVERED - 1, tell=_tell)
"""
SECTIONS = {
    "notes": SECTION,
    "raises": "raise RuntimeError('no licence')",
    "place": SECTION.replace("Place.COVERED - 1", "'first'"),
    "fails": SECTION.replace("rows = [", "run.nowhere\n    rows = [").replace("Notes", "Failures"),
    "letters": SECTION.replace("lines=(f", "lines=(")
    .replace('",), head', '"), head')
    .replace("Notes", "Letters"),
    "widths": SECTION.replace('"<b>")', '"<b>", 3)').replace("Notes", "Widths"),
    "leaves": SECTION.replace("rows = [", "raise SystemExit\n    rows = [").replace("Notes", "Leavings"),
}
COMMAND = '''
import typer

from bench import Command


def call(number: int = 3) -> None:
    """Count to a number."""
    typer.echo(" ".join(str(one + 1) for one in range(number)))


COMMAND = Command(name="count", call=call, place=11)
'''
COMMANDS = {
    "count": COMMAND,
    "other": COMMAND,  # under another name than its own
    "boom": "import nosuchmodule",
    "check": COMMAND.replace('name="count"', 'name="check"'),
    "typo": COMMAND.replace('name="count"', 'name="typo"').replace("number: int", "number: 'Nothing'"),
    "mute": COMMAND.replace('name="count"', 'name="mute"').replace('"""Count to a number."""', "0"),
    "late": COMMAND.replace('name="count"', 'name="late"').replace("typer.echo(", "raise ValueError(str("),
}
COMMANDS["late"] = COMMANDS["late"].replace("range(number)))", "range(number))))")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site folder with the distribution as pip leaves it."""
    folder = tmp_path_factory.mktemp("site")
    package, info = folder / "lab_own", folder / "lab_own-3.1.dist-info"
    lines = []
    for group, texts in (("report_sections", SECTIONS), ("commands", COMMANDS)):
        (package / group).mkdir(parents=True)
        lines += [f"[bms_hil.{group}]", *(f"{name} = lab_own.{group}.{name}" for name in texts)]
        for name, text in {"__init__": "", **texts}.items():
            (package / group / f"{name}.py").write_text(text, encoding="utf-8")
    (package / "__init__.py").touch()
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-own\nVersion: 3.1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def here(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The distribution in this process."""
    monkeypatch.syspath_prepend(site)
    caches = (found.brought, report_sections, sections)
    for one in caches:
        one.cache_clear()
    yield
    monkeypatch.undo()
    for one in caches:
        one.cache_clear()


def hil(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(site))), "COLUMNS": "200"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


MISSED = {  # what is told in place of a section, by its heading
    "Section &#39;raises&#39;": "cannot be imported: RuntimeError: no licence",
    "Section &#39;place&#39;": "found &#39;first&#39; as its &#39;place&#39;; expected a whole number",
    "Failures of the lab": "AttributeError: &#39;RunResult&#39; object has no attribute &#39;nowhere&#39;",
    "Letters of the lab": "TypeError: found a text as &#39;lines&#39;; expected a sequence of texts",
    "Widths of the lab": "ValueError: found a row of 3 cells under 2 headings; expected as many",
    "Leavings of the lab": "SystemExit",
}


def test_a_broken_section_costs_its_own_place_only_in_every_format(site: Path, tmp_path: Path) -> None:
    one = "scenarios/cells/ov_step_cell17.toml"
    done = hil(site, "run", one, "--repeat", "1", "--workers", "1", "--out", str(tmp_path / "runs"))
    assert done.returncode == 0 and "INCOMPLETE" not in done.stdout, done.stdout + done.stderr
    (page,) = (tmp_path / "runs").glob("*/report.html")
    text = page.read_text(encoding="utf-8")
    own = dict(re.findall(r"<h2>([^<]* of the lab|Section [^<]*)</h2>(.*?)(?=<h2>|$)", text, re.S))
    assert {name for name, part in MISSED.items() if part not in own.get(name, "")} == set(), own
    assert "27 goals, 4 scenarios." in own["Notes of the lab"]
    assert "<td>&lt;b&gt;</td>" in own["Notes of the lab"]
    assert text.index("Notes of the lab") < text.index("What is covered, and what is not")
    assert "plug-in report section notes" in (page.parent / "header.json").read_text(encoding="utf-8")
    said = hil(site, "report", str(page.parent), "--markdown")
    assert said.returncode == 0, said.stderr
    for name, part in MISSED.items():
        words = [md.replace("&#39;", "'") for md in (name, part)]
        assert all(one.split("'")[0] in said.stdout for one in words), (words, said.stdout)
    assert "27 goals, 4 scenarios." in said.stdout


def test_a_broken_command_costs_itself_only_and_says_why_when_it_is_called(site: Path) -> None:
    helped = hil(site, "--help").stdout
    assert "count    Count to a number." in helped and "boom     Cannot be used" in helped, helped
    assert (done := hil(site, "count", "--number", "4")).stdout == "1 2 3 4\n", done.stderr
    for name, why in (
        ("boom", "command 'boom' of lab-own 3.1"),
        ("typo", "command 'typo' of lab_own.commands.typo: no command line can be made of its signature"),
    ):
        done = hil(site, name)
        assert done.returncode == 2 and why in done.stderr and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.usefixtures("here")
def test_each_broken_command_is_told_in_one_line() -> None:
    told = found.troubles()
    for part in (
        "'other' of lab-own 3.1 (lab_own.commands.other, entry point of bms_hil.commands): its COMMAND is not "
        "complete: found the name 'count'; expected 'other'",
        "'boom' of lab-own 3.1 (lab_own.commands.boom, entry point of bms_hil.commands): cannot be imported: "
        "ModuleNotFoundError",
        "command 'check' of lab_own.commands.check: its name is that of a command of the house",
        "command 'typo' of lab_own.commands.typo: no command line can be made of its signature: NameError",
        "found no docstring of its function; expected what `hil --help` says of it",
    ):
        assert sum(part in line for line in told) == 1, (part, told)
    assert len(told) == 5, told
    house = {one.name: one for one in found.commands()}["check"]
    assert house.call.__module__ == "bench.cli.check_command"


def test_no_part_of_the_house_is_broken() -> None:
    """A broken one is left out of lists and told by `hil check`: here it may not be."""
    assert [line for shelf in shelves() for line in shelf.troubles()] == []
    assert found.troubles() == []
    assert len(instruments().all()) > 10 and len(faults().all()) > 30 and len(chemistries().all()) == 5


def test_a_broken_file_of_the_house_stops_only_whoever_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sound.py").write_text("KIND = 7\n")
    (tmp_path / "torn.py").write_text("import nosuchmodule\n")
    monkeypatch.syspath_prepend(tmp_path)
    shelf = Shelf(what="number", group="none", house=lambda: {"sound": "sound", "torn": "torn"}, kind=int)
    assert shelf.all() == {"sound": 7}
    (told,) = shelf.troubles()
    assert told.startswith("number 'torn' of torn: cannot be imported: ModuleNotFoundError")
    with pytest.raises(ConfigError, match="'torn'"):
        shelf.get("torn")
    assert "nmc" not in modules("bench.report.sections", "*.py")()


@pytest.mark.parametrize(
    "content", [b"[numbers]\nx\n", b"\xff\xfe[numbers]\nx = y\n"], ids=["no value", "no text"]
)
def test_a_torn_list_of_entry_points_costs_its_own_distribution_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    for name, text in (("torn", content), ("whole", b"[numbers]\nseven = seven_of_mine\n")):
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "entry_points.txt").write_bytes(text)
    (tmp_path / "seven_of_mine.py").write_text("KIND = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    shelf = Shelf(what="number", group="numbers", house=dict, kind=int)
    assert list(shelf.brought) == ["seven"]
    (told,) = unreadable()
    assert (
        told.startswith(f"distribution torn 1 (in {tmp_path}") and "entry_points.txt cannot be read" in told
    )


@pytest.mark.parametrize("value", ["not a module!!", ""])
def test_an_entry_point_that_names_no_module_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    info = tmp_path / "odd-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[numbers]\nx = {value}\n")
    monkeypatch.syspath_prepend(tmp_path)
    shelf = Shelf(what="number", group="numbers", house=dict, kind=int)
    (told,) = shelf.troubles()
    assert "'x' of odd 1" in told and "names no module; expected 'package.module'" in told
    assert shelf.origin("x") is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"transports": "serial"}, "found transports 'serial'; expected some of"),
        ({"transports": ("usb",)}, "found transports ('usb',); expected some of"),
        ({"drive": None}, "found None as its 'drive'; expected a function"),
        ({"play_loaded": 3}, "found 3 as its 'play_loaded'; expected a function"),
    ],
)
def test_a_kind_of_the_wrong_types_is_not_complete(wrong: dict[str, Any], told: str) -> None:
    kind = dataclasses.replace(instruments().get("ea_psb"), **wrong)
    assert instrument_kinds._lacks("acme", kind).startswith(told)
