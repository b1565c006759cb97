"""A closed distribution beside the house: found by its entry points, named in the header, harmless where it is broken.

Each test runs in a fresh process, with a site folder that holds real metadata as an installer writes it.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.config import instrument_kinds
from bench.config.bench_file import load_bench
from bench.config.bench_shape import InstrumentTable
from bench.config.instrument_kinds import instruments
from bench.config.power_table import PowerTable
from bench.dut.adapter import AdaptedDut
from bench.errors import ConfigError, DutError
from bench.faults.find import faults
from bench.plant.find import chemistries
from bench.proof.qualification import identity
from bench.running.load import load_rig
from bench.wiring.plug_ins import PLUG_INS, installed

ROOT = Path(__file__).resolve().parents[1]

DRIVER = '''
from bench import InstrumentError, Switched


class AcmeRelays:
    """A RelayCard that speaks lines: "on 3", "off 3", "all off", "states"; it answers each."""

    def __init__(self, link, clock, relays):
        self._link, self._clock, self.relays = link, clock, relays

    async def _ask(self, text):
        self._link.write(text.encode() + b"\\n")
        reply = (await self._link.read_until(b"\\n")).decode().strip()
        if reply.startswith("?"):
            raise InstrumentError(f"{self._link.port} [Acme]: sent '{text}', got '{reply}'")
        return reply

    async def identify(self):
        return await self._ask("who")

    async def switch(self, relay, on):
        low_ns = self._clock.now_ns()
        await self._ask(f"{'on' if on else 'off'} {relay}")
        return Switched(low_ns=low_ns, high_ns=self._clock.now_ns())

    async def states(self):
        return [letter == "1" for letter in await self._ask("states")]

    async def safe(self):
        await self._ask("all off")
        if any(await self.states()):
            raise InstrumentError(f"{self._link.port} [Acme]: a relay is still on")
'''

SIM = '''
from bench import RelayBank


class AcmeRelaysSim(RelayBank):
    """Plays the card as a LineSimulator does."""

    line_end = b"\\n"

    def takes_ns(self, line, arrived_ns):
        return 1_000_000

    def handle(self, line, now_ns):
        word, _, rest = line.partition(" ")
        if line == "who":
            return b"Acme relays, version 7\\n"
        if line == "states":
            return "".join("01"[coil] for coil in self.coils).encode() + b"\\n"
        if line == "all off":
            for relay in range(len(self.coils)):
                self.set_coil(relay, False, now_ns)
            return b"ok\\n"
        if word in ("on", "off") and rest.isdecimal():
            self.set_coil(int(rest) - 1, word == "on", now_ns)
            return b"ok\\n"
        return b"?\\n"
'''

KIND = """
from acme_hil.relays.driver import AcmeRelays
from acme_hil.relays.sim import AcmeRelaysSim
from bench import Option, RelayKind, attach_lines

RELAYS = Option(name="relays", meaning="relays of the board", form="whole", default=8, choices=(1, 2, 4, 8, 16, 32, 64))
COLOUR = Option(name="colour", meaning="of the card's light", form="text", default="green", choices=("green", "red"))


def _play(device, clock, asked):
    sim = AcmeRelaysSim(asked[RELAYS])
    attach_lines(sim, device, clock)
    return sim


KIND = RelayKind(
    title="Acme relays", transports=("serial",), use="relays", lines="USB serial", plays="all of it", source="Acme",
    options=(RELAYS, COLOUR), drive=lambda link, clock, asked: AcmeRelays(link, clock, asked[RELAYS]), play=_play,
)
"""

FAULT = """
from bench.faults.catalogue.cell_voltage import CellVoltageShape
from bench.faults.port import Kind

KIND = Kind(
    name="acme_over", fault_class="cells", variants={"acme_over": "cells as Acme's charger leaves them (V)"},
    shape=CellVoltageShape, shows=("cell_voltage",),
)
"""

ADAPTER = """
from bench import DutAdapter, Option
from firmware_stubs.builds import build
from firmware_stubs.reference_bms.limits import Limits

BUILD = Option(
    name="build", meaning="which of Acme's builds", form="text", default="reference", choices=("reference", "other")
)


def _firmware(asked, chemistry):
    return build(asked[BUILD], limits=None if chemistry is None else Limits.from_toml(chemistry))


ADAPTER = DutAdapter(title="Acme BMS", options=(BUILD,), firmware=_firmware)
"""

POINTS = {
    "bms_hil.dut_adapters": {"acme_bms": "acme_hil.board"},
    "bms_hil.instruments": {"acme_relays": "acme_hil.relays.kind"},
    "bms_hil.faults": {"acme_over": "acme_hil.over"},
    "bms_hil.chemistries": {"acme_nmc": "acme_hil.cells:NMC"},
}
FILES = {
    "relays/__init__.py": "",
    "relays/driver.py": DRIVER,
    "relays/sim.py": SIM,
    "relays/kind.py": KIND,
    "over.py": FAULT,
    "board.py": ADAPTER,
    "cells.py": "from pathlib import Path\n\nNMC = Path(__file__).with_name('nmc.toml')\n",
}


def site(folder: Path, points: dict[str, dict[str, str]] | None = None, name: str = "acme_hil") -> Path:
    """A site folder with the distribution as pip leaves it."""
    package = folder / name
    for file, text in {"__init__.py": "", **FILES}.items():
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        (package / file).write_text(text.replace("acme_hil", name), encoding="utf-8")
    nmc = (ROOT / "bench/plant/chemistries/nmc.toml").read_text(encoding="utf-8")
    (package / "nmc.toml").write_text(nmc, encoding="utf-8")
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    title = name.replace("_", "-")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {title}\nVersion: 1.2\n", encoding="utf-8")
    lines = [
        line
        for group, entries in (points or POINTS).items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def bench_file(folder: Path, more: str = "", chemistry: str = "nmc", dut: str = "") -> Path:
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
    text = text.replace('"dbc/', f'"{ROOT}/dbc/').replace('chemistry = "nmc"', f'chemistry = "{chemistry}"')
    text = text.replace('start = "in_process"', dut or 'start = "in_process"')
    file = folder / "bench.toml"
    file.write_text(f"{text}\n{more}", encoding="utf-8")
    return file


def scenario(folder: Path) -> Path:
    text = (ROOT / "scenarios/cells/ov_step_cell17.toml").read_text(encoding="utf-8")
    text = text.replace('fault = "cell_voltage"', 'fault = "acme_over"').replace(
        'needs = ["cell_voltage"]', 'needs = ["acme_over"]'
    )
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "budgets.toml").write_bytes((ROOT / "scenarios/budgets.toml").read_bytes())
    file = folder / "scenarios" / "ov_step_cell17.toml"
    file.write_text(text, encoding="utf-8")
    return file


def hil(site_folder: Path, *words: str, inside: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(ROOT), str(site_folder)))
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        cwd=inside,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


CARD = '[instrument.wires]\nkind = "acme_relays"\nrelays = 4\ncolour = "red"\nopens = [3, 70]\n'


BOARD = 'start = "acme_bms"\nidentity = { by = "can" }\noptions = { build = "reference" }'


def test_a_closed_instrument_fault_chemistry_and_dut_run_and_the_header_names_them(tmp_path: Path) -> None:
    folder = site(tmp_path / "site")
    config, one = bench_file(tmp_path, CARD, "acme_nmc", BOARD), scenario(tmp_path)
    done = hil(folder, "run", str(one), "--config", str(config), "--repeat", "2", inside=tmp_path)
    assert "ERROR" not in done.stdout and done.returncode in (0, 3), done.stdout + done.stderr
    (run,) = (path for path in (tmp_path / "runs").iterdir() if (path / "header.json").is_file())
    header = json.loads((run / "header.json").read_text(encoding="utf-8"))
    named = {name: facts for name, facts in header["equipment"].items() if name.startswith("plug-in ")}
    assert set(named) == {
        "plug-in instrument acme_relays", "plug-in fault acme_over", "plug-in chemistry acme_nmc",
        "plug-in DUT adapter acme_bms",
    }  # fmt: skip
    for facts in named.values():
        assert (facts["distribution"], facts["version"]) == ("acme-hil", "1.2")
        assert len(facts["sha256"]) == 64
    assert header["plug_ins"].count("acme-hil 1.2") == 4
    assert header["dut_start"] == "acme_bms"
    assert header["equipment"]["instrument.wires"]["colour"] == "red"
    report = "".join(path.read_text(encoding="utf-8") for path in run.glob("*.html"))
    assert "plug-in fault acme_over" in report and "acme-hil" in report
    said = json.loads((run / "equipment.json").read_text(encoding="utf-8"))
    assert said["instrument.wires"]["answered"] == "Acme relays, version 7"


BROKEN = {
    "bms_hil.instruments": {
        "acme_relays": "acme_hil.relays.kind",
        "acme_gone": "acme_hil.nowhere",
        "numato_relay": "acme_hil.relays.kind",
        "acme_half": "acme_hil.cells",
    },
    "bms_hil.faults": {"acme_other": "acme_hil.over"},
    "bms_hil.chemistries": {"acme_none": "acme_hil.none:NMC"},
}


def test_a_broken_plug_in_is_one_line_and_stops_only_a_bench_that_uses_it(tmp_path: Path) -> None:
    folder = site(tmp_path / "site", BROKEN)
    site(folder, {"bms_hil.instruments": {"acme_relays": "acme_two.relays.kind"}}, name="acme_two")
    config, one = bench_file(tmp_path), scenario(tmp_path)
    one.write_text(one.read_text().replace("acme_over", "cell_voltage"), encoding="utf-8")
    words = ("check", str(one), "--config", str(config))
    checked = hil(folder, *words, inside=tmp_path)
    told = [line for line in checked.stdout.splitlines() if "acme" in line]
    assert checked.returncode == 0 and len(told) == 6, checked.stdout + checked.stderr
    for part in (
        r"'acme_gone' of acme-hil 1.2 (acme_hil.nowhere, entry point of bms_hil.instruments): cannot be imported",
        "its name is that of a part of the house, which is taken",
        "found no KIND that is a InstrumentKind",
        "its KIND is not complete: found the name 'acme_over'; expected 'acme_other'",
        "found it in several distributions (acme-hil 1.2, acme-two 1.2), and none is taken",
        "'acme_none'",
    ):
        assert sum(part in line for line in told) == 1, (part, told)
    for start, said in (
        (BOARD, "[dut.start]: found 'acme_bms'; expected one of in_process, stepped, subprocess, external"),
        (
            'start = "in_process"\noptions = { build = "x" }',
            "[dut.options]: found some under start = 'in_process'",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            load_bench(bench_file(tmp_path, dut=start))
        assert said in str(caught.value)
    bench_file(tmp_path, CARD)
    refused = hil(folder, *words, inside=tmp_path)
    assert refused.returncode == 2 and "Traceback" not in refused.stderr
    (line,) = refused.stderr.strip().splitlines()
    assert "[instrument.wires.kind]: found 'acme_relays', which cannot be used" in line


@pytest.mark.parametrize("changed", ["over.py", "relays/sim.py", "nmc.toml"])
def test_a_changed_file_of_a_plug_in_changes_what_a_qualification_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    name = f"acme_{changed.partition('.')[0].replace('/', '_')}"
    points = {"bms_hil.instruments": {"acme_relays": f"{name}.relays.kind"}}
    monkeypatch.syspath_prepend(site(tmp_path / "site", points, name))

    wired = load_rig(ROOT / "hil_config.toml", "simulated", None, None)

    def named() -> str:
        for shelf in (instruments, faults, chemistries):
            shelf.cache_clear()
        assert identity(wired)[PLUG_INS] == installed()
        return installed()

    try:
        before = named()
        assert before.count("1.2") == 1 and named() == before
        with (tmp_path / "site" / name / changed).open("a", encoding="utf-8") as file:
            file.write("\n# another\n")
        assert named() != before
    finally:
        monkeypatch.undo()
        for shelf in (instruments, faults, chemistries):
            shelf.cache_clear()
    assert installed() == "" and PLUG_INS not in identity(wired)


class Board:
    """What a DUT adapter brings in real time."""

    def __init__(self) -> None:
        self.on = False

    async def start(self) -> None:
        self.on = True

    async def stop(self) -> None:
        self.on = False

    def alive(self) -> bool:
        return self.on


def test_an_adapted_dut_in_real_time_is_started_found_dead_and_asked_only_for_what_it_can() -> None:
    async def main() -> None:
        board = Board()
        dut = AdaptedDut(board, "Acme BMS")
        await dut.start()
        assert dut.alive() and not dut.died() and dut.how() == "" and dut.status() is None
        with pytest.raises(DutError, match="Acme BMS: found no hang"):
            await dut.hang()
        board.on = False
        assert dut.died()
        await dut.stop()
        assert not dut.died()

    asyncio.run(main())


def test_an_option_never_takes_the_name_of_a_key_of_its_table() -> None:
    """The names are written down beside the kinds, which are listed without pydantic: here they are held to it."""
    assert set(InstrumentTable.model_fields) == instrument_kinds._TAKEN
    assert set(PowerTable.model_fields) == instrument_kinds._TAKEN_BY_POWER | {"port", "baud"}
