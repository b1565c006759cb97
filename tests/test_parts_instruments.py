"""An instrument is one folder: found by its place, known to nobody by name, with the same options wherever it is."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from bench.cli.list_kinds import list_kinds
from bench.config.bench_file import load_bench
from bench.config.bench_schema import bench_schema
from bench.config.instrument_kinds import instruments
from bench.config.options import NO_OPTIONS, Options
from bench.errors import ConfigError
from bench.instruments.numato_relay.kind import RELAYS
from bench.record.evidence import evidence_of
from bench.running.load import load_rig
from bench.running.results import rig_hash

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = sorted(path.parent for path in ROOT.glob("bench/instruments/*/kind.py"))


def test_every_folder_is_a_kind_with_its_driver_and_nothing_else_is_one() -> None:
    assert [folder.name for folder in FOLDERS] == list(instruments().house)
    assert len(FOLDERS) >= 12
    for folder in FOLDERS:
        assert (folder / "driver.py").is_file()
        assert instruments().get(folder.name).title


def test_no_line_of_the_house_names_an_instrument_but_in_its_own_folder() -> None:
    """But for one device that speaks two languages: the second kind is played by the simulator of the first."""
    variants = {"ea_psb_modbus": {"ea_psb"}}
    named = re.compile(r"\b(" + "|".join(folder.name for folder in FOLDERS) + r")\b")
    told = []
    for file in sorted(ROOT.glob("bench/**/*.py")):
        own = file.parent.name
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            told += [
                f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
                for name in named.findall(line)
                if name != own and name not in variants.get(own, ())
            ]
    assert told == []


def with_power(folder: Path, power: str) -> Path:
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
    (folder / "dbc").symlink_to(ROOT / "dbc")
    (folder / "scenarios").symlink_to(ROOT / "scenarios")
    (profile,) = re.findall(r'^profile = "(.*)"$', text, re.M)
    text = text.replace(f'profile = "{profile}"', f'profile = "{ROOT / profile}"').replace(
        "in_process", "external"
    )
    file = folder / "bench.toml"
    file.write_text(f'{text}\n[dut.identity]\nby = "can"\n[dut.power]\n{power}\n', encoding="utf-8")
    return file


def test_a_relay_in_the_duts_supply_takes_the_options_of_its_card(tmp_path: Path) -> None:
    power = 'relay = "numato_relay"\nport = "/dev/ttyACM0"\nnumber = 30\nrelays = 32'
    found = load_bench(with_power(tmp_path, power)).dut.power
    assert found is not None and found.relay is not None
    assert found.relay.options[RELAYS] == 32
    assert NO_OPTIONS[RELAYS] == 8 and Options({"relays": 4})[RELAYS] == 4


PLATE = 'nominal_voltage = "80 V"\nnominal_current = "40 A"\nnominal_power = "1500 W"\n'
FED = 'supply = "ea_psb_modbus"\nport = "/dev/ttyACM0"\nvoltage = "12 V"\ncurrent = "5 A"\n'


@pytest.mark.parametrize(
    ("power", "told"),
    [
        ('relay = "numato_rely"\nport = "x"', r"\[dut.power.relay\]: found 'numato_rely'.*did you mean"),
        ('relay = "ea_psb"\nport = "x"', r"\[dut.power.relay\]: found 'ea_psb'; expected one of devantech_relay"),
        ('relay = "waveshare_relay"\nport = "x"\naddress = 300', r"\[dut.power.address\]: found 300"),
        ('relay = "numato_relay"\nport = "x"\naddress = 3', r"found it for Numato relay; expected it for .*Waveshare"),
        ('relay = "numato_relay"\nport = "x"\nrelays = 5', r"\[dut.power.relays\]: found 5"),
        (
            'relay = "numato_relay"\nport = "x"\nnumber = 9',
            r"\[dut.power.number\]: found relay 9 of a board with 8",
        ),
        (FED, r"\[dut.power.supply\]: found no 'nominal_voltage', 'nominal_current', 'nominal_power' beside it"),
        (FED + PLATE + "adress = 1", r"unknown key 'adress'.*did you mean 'address'"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_options_of_the_duts_supply_is_one_line(
    tmp_path: Path, power: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        load_bench(with_power(tmp_path, power))
    assert len(str(caught.value).splitlines()) == 1


def test_the_address_of_a_supply_counts_where_it_feeds_the_dut(tmp_path: Path) -> None:
    found = load_bench(with_power(tmp_path, FED + PLATE + "address = 0")).dut.power
    assert found is not None and found.supply is not None
    assert dict(found.supply.options.given)["address"] == 0


@pytest.mark.parametrize(
    ("bench", "digest"),
    [
        ("hil_config.toml", "de78fc0cd1d6"),
        ("docs/benches/bloomy_bs1200.toml", "35e9577d0b51"),
        ("docs/benches/whole_desk.toml", "76662420b9e8"),
    ],
)
def test_a_rig_has_the_hash_that_it_had_in_the_runs_of_earlier_releases(bench: str, digest: str) -> None:
    """Else its stored runs could no longer be compared with new ones. A changed bench file has another."""
    assert rig_hash(load_rig(ROOT / bench, "simulated", None, None))[:12] == digest


def test_the_tables_of_the_page_are_those_that_the_kinds_bring(capsys: pytest.CaptureFixture[str]) -> None:
    list_kinds(as_json=False)
    page = (ROOT / "docs/instruments.md").read_text(encoding="utf-8")
    shown = page.partition("<!-- hil list kinds -->\n")[2].partition("<!-- end of hil list kinds -->")[0]
    assert shown == capsys.readouterr().out, "`hil list kinds` prints the tables of today"
    assert all(f"| `{folder.name}` |" in shown for folder in FOLDERS)


def test_a_closed_sensor_on_a_bus_is_judged_by_its_bus_where_its_driver_is_not_installed() -> None:
    bus = {"can.sensors": {"interface": "pcan", "channel": "PCAN_USBBUS1"}}
    sensor = {"kind": "acme_shunt", "link": "sensors", "ports": "('bus',)", "transport": "can"}
    assert evidence_of("host", "external", {**bus, "instrument.shunt": sensor}).why == ()
    no_bus = evidence_of("host", "external", {**bus, "instrument.shunt": {**sensor, "link": "other"}})
    assert no_bus.why == ("instrument.shunt: its bus is not named",)
    house = {"kind": "bender_iso165c", "link": "sensors", "ports": "('bus',)"}
    assert evidence_of("host", "external", {**bus, "instrument.imd": house}).why == ()


def test_the_schema_of_a_bench_file_holds_the_options_of_every_kind() -> None:
    schema = bench_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    fits = jsonschema.Draft202012Validator(schema)
    files = [ROOT / "hil_config.toml", *sorted(ROOT.glob("docs/benches/*.toml"))]
    tables = {file.name: tomllib.loads(file.read_text(encoding="utf-8")) for file in files}
    for name, table in tables.items():
        assert not [error.message for error in fits.iter_errors(table)], name
    desk = tables["whole_desk.toml"]
    for key, value in (("relays", 5), ("adress", 1), ("lost_replies", 0.5), ("kind", "numato")):
        wires = {**desk["instrument"]["wires_low"], key: value}
        wrong = {**desk, "instrument": {**desk["instrument"], "wires_low": wires}}
        assert not fits.is_valid(wrong), key
    for power, good in (
        ({"relay": "numato_relay", "port": "x", "relays": 32, "off_time": "1 s"}, True),
        ({"relay": "numato_relay", "port": "x", "address": 1}, False),
        ({"on": ["a"], "off": ["b"]}, True),
        ({"on": ["a"], "of": ["b"]}, False),
    ):
        assert fits.is_valid({**desk, "dut": {**desk["dut"], "power": power}}) is good, power


def test_a_kind_may_have_ids_and_units_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """One unit is the whole pack, whatever its size: its id is checked as any other."""
    one_unit = replace(instruments().get("bloomy_abs"), cells=0)
    monkeypatch.setitem(instruments()._found, "bloomy_abs", one_unit)
    cells = load_bench(ROOT / "docs/benches/bloomy_abs.toml").instruments["cells"]
    assert cells.units(96) == 1
