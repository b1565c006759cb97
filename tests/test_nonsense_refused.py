"""Nonsense in the files that people write: refused, in one clear line that names the place, and soon."""

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.codec.database import Database
from bench.config.bench_file import load_bench
from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.links.slcan_text import read_line
from bench.plant.chemistry import Chemistry
from bench.plant.drive_cycle import read_cycle
from bench.scenario.load import load_scenario
from bench.units import parse_duration_ns, parse_quantity
from bench.verdict.budgets import load_budgets

ROOT = Path(__file__).resolve().parents[1]
BENCH, PROFILE = ROOT / "hil_config.toml", ROOT / "dbc/reference_bms.toml"
BUDGETS, NMC = ROOT / "scenarios/budgets.toml", ROOT / "bench/plant/chemistries/nmc.toml"
SCENARIO = ROOT / "scenarios/cells/ov_step_cell17.toml"


Load = Callable[[Path], object]


def refusal(load: Load, file: Path, old: str, new: str, tmp_path: Path) -> str:
    """What is said of a file in which `old` (the first place of it) is changed for `new`."""
    text = file.read_text()
    assert re.search(old, text, re.MULTILINE), f"{file.name} no longer has {old}"
    changed = re.sub(old, lambda _: new, text, count=1, flags=re.MULTILINE)
    changed = changed.replace('"dbc/', f'"{ROOT}/dbc/')
    path = tmp_path / file.name
    path.write_text(changed)
    with pytest.raises(ConfigError) as told:
        load(path)
    return str(told.value)


def is_one_line(text: str) -> None:
    assert "\n" not in text and len(text) < 1200 and text.isprintable(), text
    assert "found" in text and "expected" in text, text


@pytest.mark.parametrize(
    ("load", "file", "old", "new", "place"),
    [
        (load_budgets, BUDGETS, r'^fdti = .*$', 'fdti = "0 s"', "SG-OV.fdti"),
        (load_budgets, BUDGETS, r'^frti = .*$', 'frti = "0 ms"', "SG-OV.frti"),
        (load_budgets, BUDGETS, r'^ftti = .*$', 'ftti = "1_0 s"', "SG-OV.ftti"),
        (load_budgets, BUDGETS, r'^title = .*$', f'title = "{"a" * 5000}"', "title"),
        (load_profile, PROFILE, r'events = \d+', f"events = {2**63}", "debounce.events"),
        (load_profile, PROFILE, r'events = \d+', f"events = {2**62}", "debounce.events"),
        (load_profile, PROFILE, r'^name = .*$', f'name = "{"a" * 3000}"', "name"),
        (load_profile, PROFILE, r'^base_period = .*$', 'base_period = "1e9 d"', "base_period"),
        (load_scenario, SCENARIO, r'^phase = .*$', 'phase = "0 s"', "sweep.phase"),
        (load_scenario, SCENARIO, r'^phase = .*$', 'phase = "1_0 s"', "sweep.phase"),
        (load_scenario, SCENARIO, r'^title = .*$', f'title = "{"a" * 3000}"', "title"),
        (load_scenario, SCENARIO, r'^title = .*$', r'title = "\u001b[2JPASS"', "title"),
        (load_scenario, SCENARIO, r'^current = .*$', 'current = "1e999 A"', "start.current"),
        (load_scenario, SCENARIO, r'^repeat = .*$', f"repeat = {10**30}", "sweep.repeat"),
        (load_scenario, SCENARIO, r'^repeat = .*$', f"repeat = {'9' * 5000}", ""),
        (load_scenario, SCENARIO, r'^title = .*$', f'title = "a"\n{"k" * 5000} = 1', ""),
        (load_scenario, SCENARIO, r'^title = .*$', f"title = {'[' * 5000}{']' * 5000}", ""),
        (load_scenario, SCENARIO, r'^title = .*$', f"title = {'{a=' * 40}1{'}' * 40}", "title"),
        (load_bench, BENCH, r'^port = .*$', "port = 7", "instrument.cells.port"),
        (load_bench, BENCH, r'^port = .*$', "port = [7]", "instrument.cells.port"),
        (load_bench, BENCH, r'^name = .*$', f'name = "{"a" * 3000}"', "bench.name"),
        (load_bench, BENCH, r'^baud = .*$', f"baud = {2**64}", "serial.emulator.baud"),
        (load_bench, BENCH, r'^baud = .*$', f"baud = {2**40}", "serial.emulator.baud"),
        (load_bench, BENCH, r'^chemistry = .*$', "chemistry = nan", "pack.chemistry"),
        (load_bench, BENCH, r'^bitrate = .*$', 'bitrate = "1e17 bit/s"', "can.vehicle.bitrate"),
        (load_bench, BENCH, r'^dead_man = .*$', 'dead_man = "1e12 s"', "instrument.cells.dead_man"),
        (load_bench, BENCH, r'^dbc = .*$', r'dbc = ["a\u0000b"]', "dbc"),
        (load_bench, BENCH, r'^dbc = .*$', f'dbc = ["{"a" * 300}.dbc"]', "dbc"),
        (Chemistry.load, NMC, r'^areal_capacity_mAh_cm2 = .*$|^mass_kg = .*$', "mass_kg = nan", "mass_kg"),
        (Chemistry.load, NMC, r'^plated_H_J_mol = \{ v = [0-9.e+]+', "plated_H_J_mol = { v = -1e5", "plated_H_J_mol"),
        (Chemistry.load, NMC, r'^plated_Ea_J_mol = \{ v = [0-9.e+]+', "plated_Ea_J_mol = { v = -4e4", "overcharge"),
    ],
)  # fmt: skip
def test_nonsense_is_one_clear_line(
    load: Load, file: Path, old: str, new: str, place: str, tmp_path: Path
) -> None:
    told = refusal(load, file, old, new, tmp_path)
    is_one_line(told)
    assert place in told


@pytest.mark.parametrize(
    "text", ["1_0 s", "1e999 s", "1e17 d", "1e-12 s", "٣ s", "1 s" + " " * 50_000 + "x", "inf s", "nan s"]
)
def test_no_duration(text: str) -> None:
    began_s = time.process_time()
    with pytest.raises(ValueError, match="expected"):
        parse_duration_ns(text)
    assert time.process_time() - began_s < 1


@pytest.mark.parametrize("text", ["1_000 V", "1e999 V", "1e19 V", "nan V", "٣ V"])
def test_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_quantity(text, "V")


@pytest.mark.parametrize("kind", ["FIFO", "endless device"])
def test_what_never_ends_is_no_bench_file(kind: str, tmp_path: Path) -> None:
    """In a process of its own: what waits for a writer must not hold the tests."""
    path = tmp_path / "bench.toml"
    if kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    ask = f"from bench.config.bench_file import load_bench; from pathlib import Path; load_bench(Path({str(path)!r}))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, cwd=ROOT)
    last = done.stderr.strip().splitlines()[-1]
    assert "ConfigError" in last and f"found {'a FIFO' if kind == 'FIFO' else 'a device'}; expected" in last


@pytest.mark.parametrize(("path", "what"), [("/dev/null", "a device"), ("/", "a folder")])
@pytest.mark.parametrize(
    "load", [load_bench, load_profile, load_budgets, load_scenario, Chemistry.load, read_cycle, Database.load]
)
def test_no_file_of_a_bench(path: str, what: str, load: Load) -> None:
    with pytest.raises(ConfigError, match=f"found {what}; expected .*, a plain file"):
        load(Path(path))


@pytest.mark.parametrize(
    "text",
    [
        b"t_123",
        b"t0x11",
        b"t1\r21",
        b"t12_1FF",
        b"t 121FF",
        b"t+121FF",
        b"T0000_1230",
        b"t1231FFzzzz",
        b"t12311_",
    ],
)
def test_no_frame_of_slcan(text: bytes) -> None:
    found = read_line(text)
    assert found.frame is None and found.wrong


def test_a_quote_in_a_drive_cycle_takes_no_row_away(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('time_s,current_a\n0,1\n1,"2\n2,3\n3,4"\n4,5\n')
    with pytest.raises(ConfigError, match=r"own.csv \[line 3\]: found .*; expected one row of CSV"):
        read_cycle(path)


@pytest.mark.parametrize("row", ["1_5,2", "٣,2", "1," + "9" * 200_000, '1,"' + "a" * 200_000 + '"'])
def test_numbers_of_a_drive_cycle(row: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"time_s,current_a\n0,1\n{row}\n9,5\n")
    with pytest.raises(ConfigError) as told:
        read_cycle(path)
    is_one_line(str(told.value))


def test_lines_are_counted_in_time_that_goes_with_their_length(tmp_path: Path) -> None:
    """Spaces behind a bracket, within a text of several lines, took the cube of their number."""
    path = tmp_path / "scenario.toml"
    path.write_text('title = """\n[' + " " * 10_000 + '\n"""\n')
    assert tomllib.loads(path.read_text())
    began_s = time.process_time()
    with pytest.raises(ConfigError):
        load_scenario(path)
    assert time.process_time() - began_s < 2


def test_names_in_a_bus_description_run_no_code(tmp_path: Path) -> None:
    """Codecs are generated as Python: a name of a KCD file, which may be any text, stays a name."""
    path, proof = tmp_path / "bus.kcd", tmp_path / "proof"
    name = f"S'] = 0; __import__('pathlib').Path('{proof}').touch() #"
    path.write_text(
        '<NetworkDefinition xmlns="http://kayak.2codeornot2code.org/1.0"><Document/><Bus name="b">'
        f'<Message id="0x100" name="M {name}" length="8"><Signal name="{name}" offset="0" length="8"/>'
        '<Signal name="T&quot;&#10;import os&#10;" offset="9" length="5"><Value slope="0.5"/></Signal>'
        "</Message></Bus></NetworkDefinition>"
    )
    (message,) = Database.load(path).messages
    assert message.signal_names == (name, 'T"\nimport os\n')
    values = message.decode(bytes((7, 4, *bytes(6))))
    assert values == {name: 7, 'T"\nimport os\n': 1.0}
    assert message.encode(values) == bytes((7, 4, *bytes(6)))
    assert message.reader(name)(bytes(8)) == 0
    assert not proof.exists()
