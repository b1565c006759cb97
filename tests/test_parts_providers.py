"""A closed fault and a closed provider of a capability, written with public names only, in a process of their own."""

import html
import json
import re
from pathlib import Path

import pytest
from small_bench import small_bench
from test_parts_closed import hil
from test_public_names import foreign

import bench.faults
from bench.config.bench_file import load_bench
from bench.errors import ConfigError, InstrumentError
from bench.faults import Contactors, Timers
from bench.record.shot import marks_of
from bench.rig.capabilities.provider import Provider
from bench.rig.provider_shelf import _lacks, asked_for, refuse_unkept
from bench.trace.facts import StimulusConfirmed

FAULT = '''
from dataclasses import dataclass
from typing import ClassVar

from bench.faults import Actuation, ContactorNames, Contactors, Fault, InjectShape, Kind, Terminals


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeWeld(Fault):
    """Acme's way to weld a contactor."""

    contactors: tuple[str, ...]

    unshown: ClassVar[str] = "welded contactors stand as they are until the DUT opens them"

    async def apply(self, contactors: Contactors) -> Actuation:
        return await contactors.weld(self.contactors)

    async def clear(self, contactors: Contactors) -> None:
        await contactors.heal(self.contactors)

    @property
    def passes(self) -> bool:
        return False


class AcmeWeldShape(InjectShape):
    contactors: ContactorNames

    def resolve(self, at: Terminals) -> AcmeWeld:
        return AcmeWeld(contactors=tuple(self.contactors))


KIND = Kind(
    name="acme_weld", fault_class="contactors", variants={"acme_weld": "contactors welded as Acme does"},
    shape=AcmeWeldShape, onset="the DUT's own open command",
)
'''

PROVIDER = '''
from bench.faults import Actuation, Contactors, Provider


class AcmeBridges:
    """Relay 1 of the card `wires` lies across the plus contactor; the rest is whoever's it was before."""

    def __init__(self, ground):
        self._card, self._before, self._timers = ground.drivers["wires"], ground.before[Contactors], ground.timers

    async def weld(self, names):
        low_ns = self._timers.now_ns()
        await self._card.switch(1, True)
        done = await self._before.weld(names)
        return Actuation(low_ns=low_ns, high_ns=self._timers.now_ns(), readback=f"Acme's bridge; {done.readback}")

    async def close(self, name):
        return await self._before.close(name)

    async def stick_open(self, names):
        return await self._before.stick_open(names)

    async def heal(self, names):
        await self._before.heal(names)
        await self._card.switch(1, False)


PROVIDER = Provider(title="Acme bridges", provides=(Contactors,), make=AcmeBridges)
'''
POINTS = """[bms_hil.faults]
acme_weld = acme_weld.fault
[bms_hil.providers]
acme_bridges = acme_weld.bridges
"""
CARD = '\n[instrument.wires]\nkind = "numato_relay"\nport = "virtual"\n'
WELD = "weld-plus-at-opening"


def site(folder: Path) -> Path:
    """As pip leaves a distribution."""
    (folder / "acme_weld").mkdir(parents=True)
    for file, text in {"__init__.py": "", "fault.py": FAULT, "bridges.py": PROVIDER}.items():
        (folder / "acme_weld" / file).write_text(text, encoding="utf-8")
    info = folder / "acme_weld-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-weld\nVersion: 2.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(POINTS, encoding="utf-8")
    return folder


def bench_with(folder: Path, providers: str) -> Path:
    file = small_bench(folder) / "hil_config.toml"
    text = file.read_text().replace('name = "desk bench"', f'name = "desk bench"\nproviders = {providers}')
    file.write_text(text + CARD)
    scenario = folder / "scenarios/contactors/weld_plus_at_opening.toml"
    text = scenario.read_text()
    assert '"contactor_weld"' in text
    text = text.replace('aim = "must_trip"\n', 'aim = "must_trip"\ntwins = "none: a weld has no inside"\n')
    scenario.write_text(text.replace('"contactor_weld"', '"acme_weld"'))
    return file


def test_both_are_written_with_public_names_only() -> None:
    assert foreign(FAULT) == foreign(PROVIDER) == []
    names = {name: getattr(bench.faults, name) for name in bench.faults.__all__}
    assert len(names) == len(set(names)) and all(one is not None for one in names.values())
    typed = re.findall(r" as (\w+)", Path(bench.faults.__file__).with_suffix(".pyi").read_text())
    assert sorted(typed) == sorted(names)


def test_a_closed_fault_runs_on_a_closed_provider_and_both_are_named(tmp_path: Path) -> None:
    installed = site(tmp_path / "site")
    (tmp_path / "desk").mkdir()
    config = bench_with(tmp_path / "desk", '["acme_bridges"]')
    words = ("--config", str(config))
    listed = hil(installed, "list", "faults", "--json", *words, inside=tmp_path)
    by = {one["fault"]: one["provided_by"] for one in json.loads(listed.stdout)["faults"]}
    assert by["acme_weld"] == by["contactor_weld"] == {"Contactors": "Acme bridges"}
    done = hil(installed, "run", "-k", WELD, "--repeat", "1", *words, inside=tmp_path / "desk")
    assert done.returncode == 0, done.stdout + done.stderr
    (header,) = (tmp_path / "desk/runs").glob("*/header.json")
    told = json.loads(header.read_text())
    assert told["equipment"]["plug-in provider acme_bridges"]["distribution"] == "acme-weld"
    assert told["plug_ins"].count("acme-weld 2.0") == 2
    alone = (
        "fault 'acme_weld' of acme-weld 2.0 (acme_weld.fault): no frame shows it (welded contactors stand as they "
        "are until the DUT opens them): its own readback alone proves it"
    )
    assert alone in html.unescape((header.parent / "report.html").read_text()), (
        "a PASS that rests on its word"
    )
    (confirmed,) = marks_of(header.parent / "scenarios" / WELD / "shot-000", StimulusConfirmed)
    assert str(confirmed.fact.value).startswith("Acme's bridge; closed: plus")


def test_a_provider_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    config = load_bench(bench_with(tmp_path, '["acme_bridge"]'))
    with pytest.raises(ConfigError) as wrong:
        asked_for(config)
    assert str(wrong.value).endswith(
        "[bench.providers]: found 'acme_bridge'; expected one of none is installed"
    )


class Half:
    async def weld(self, names: object) -> None: ...


def test_what_a_provider_lacks_is_told_before_anything_is_asked_of_it() -> None:
    whole = Provider(title="A", provides=(Contactors,), make=lambda _: Half())
    assert _lacks("a", whole) == ""
    assert "found Half in 'provides'" in _lacks("a", Provider(title="A", provides=(Half,), make=whole.make))
    assert "the rig has one clock" in _lacks("a", Provider(title="A", provides=(Timers,), make=whole.make))
    assert "no 'title'" in _lacks("a", Provider(title="", provides=(Contactors,), make=whole.make))
    assert "found nothing" in _lacks("a", Provider(title="A", provides=(), make=whole.make))
    with pytest.raises(
        InstrumentError, match="'a': found no close, heal, stick_open; expected all of Contactors"
    ):
        refuse_unkept("a", Half(), whole.provides)
