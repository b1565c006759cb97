"""[dut]: flash, power, reset and start by the user's commands; and no shot at a build that is not the expected one."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_bench import file_of
from starved import skip_when_starved

from bench.config.bench_file import load_bench
from bench.config.dut_life import DutConfig, LifeCommand, PowerConfig, RelayConfig, SupplyConfig
from bench.config.options import Options
from bench.dut.board import LivingDut, fill_in, words_for
from bench.dut.identity import fits
from bench.dut.process import ProcessDut
from bench.errors import ConfigError, DutError, InstrumentError
from bench.instruments.ea_psb.sim import EaPsbSim, attach_ea_psb
from bench.instruments.numato_relay.sim import NumatoRelaySim, attach_numato
from bench.instruments.tcp_device import TcpDevice
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.timing.host import HostClock, run_on_host
from bench.trace.events import Kind
from bench.trace.facts import DutIdentified
from bench.verdict.result import Verdict
from bench.wiring.power import power_switch
from firmware_stubs import builds

ROOT = Path(__file__).resolve().parents[1]
NOTE = 'import sys; open("log", "a").write(" ".join(sys.argv[1:]) + "\\n")'


def bench_file(folder: Path, dut: str, *, real: bool = True, profile: tuple[str, str] = ("", "")) -> Path:
    """The shipped bench with another [dut]."""
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
    head, rest = text.split("[dut]")
    text = f'{head}[dut]\nprofile = "dbc/reference_bms.toml"\n{dut}\n[pack]{rest.split("[pack]")[1]}'
    if real:
        text = text.replace('mode = "simulated"', 'mode = "real"')
    shutil.copytree(ROOT / "dbc", folder / "dbc", dirs_exist_ok=True)
    shutil.copytree(ROOT / "scenarios", folder / "scenarios", dirs_exist_ok=True)
    path = folder / "hil_config.toml"
    path.write_text(text, encoding="utf-8")
    edited = folder / "dbc" / "reference_bms.toml"
    edited.write_text(edited.read_text(encoding="utf-8").replace(*profile), encoding="utf-8")
    return path


def note(*words: str) -> list[str]:
    return [sys.executable, "-c", NOTE, *words]


def command(*words: str, timeout_ns: int = 20_000_000_000) -> LifeCommand:
    return LifeCommand(words=tuple(words), timeout_ns=timeout_ns)


def live(folder: Path, times: int = 1, **facts: Any) -> None:
    """Start and stop the DUT so many times, with what a run remembers."""
    config = DutConfig(profile=Path("x"), firmware="fw7", start="external", folder=folder, **facts)
    life: dict[str, str] = {}

    async def main(clock: HostClock) -> None:
        for _ in range(times):
            known = words_for(config, {"vehicle": "socketcan:channel=vcan0,fd=True"})
            dut = LivingDut(clock, config, known, None, life, power=power_switch(config, known, clock))
            assert not dut.alive()
            await dut.start()
            assert dut.alive() and not dut.died()
            await dut.stop()

    run_on_host(main)


def test_flash_once_then_power_and_reset_before_every_start(tmp_path: Path) -> None:
    image = tmp_path / "bms.hex"
    image.write_bytes(b"\x00")
    live(
        tmp_path,
        times=2,
        image=image,
        flash=command(*note("flash", "{image}", "{firmware}")),
        power=PowerConfig(on=command(*note("on")), off=command(*note("off")), off_time_ns=1_000_000),
        reset=command(*note("reset", "{vehicle.interface}", "{vehicle.channel}")),
    )
    assert (tmp_path / "log").read_text().splitlines() == [
        f"flash {image} fw7", "off", "on", "reset socketcan vcan0", "off", "off", "on", "reset socketcan vcan0", "off",
    ]  # fmt: skip


def test_a_relay_in_the_supply_cuts_it_before_and_after(tmp_path: Path) -> None:
    async def main(clock: HostClock) -> list[bool]:
        async with TcpDevice(clock) as device:
            sim = NumatoRelaySim(relays=8)
            attach_numato(sim, device, clock)
            relay = RelayConfig(kind="numato_relay", port=device.port, baud=9600, number=3)
            power = PowerConfig(off_time_ns=20_000_000, relay=relay)
            config = DutConfig(
                profile=Path("x"), firmware="f", start="external", folder=tmp_path, power=power
            )
            dut = LivingDut(clock, config, {}, None, {}, power=power_switch(config, {}, clock))
            seen = [sim.contacts(clock.now_ns())[2]]
            await dut.start()
            seen.append(sim.contacts(clock.now_ns())[2])
            await dut.stop()
            return [*seen, sim.contacts(clock.now_ns())[2]]

    assert run_on_host(main) == [False, True, False]


def by_supply(
    load_ohm: float, tail_ns: int, kind: str = "ea_psb", left_v: float = 0.0
) -> list[tuple[bool, float]]:
    """(output, V at the DUT) before its start, once started, and once stopped."""
    plate = {"nominal_voltage": 60.0, "nominal_current": 40.0, "nominal_power": 1500.0}

    async def main(clock: HostClock) -> list[tuple[bool, float]]:
        async with TcpDevice(clock, idle_ns=5_000_000_000) as device:
            sim = EaPsbSim(
                nominal_v=60.0,
                nominal_a=40.0,
                nominal_w=1500.0,
                battery_v=left_v,
                inner_ohm=load_ohm,
                tail_ns=tail_ns,
            )
            attach_ea_psb(sim, device, clock)
            supply = SupplyConfig(
                kind=kind, port=device.port, baud=115_200, voltage_v=12.0, current_a=2.0, off_below_v=1.0,
                settle_ns=400_000_000, options=Options(plate if kind == "ea_psb_modbus" else {}),
            )  # fmt: skip
            power = PowerConfig(off_time_ns=20_000_000, supply=supply)
            config = DutConfig(profile=Path("x"), firmware="f", start="external", power=power)
            dut = LivingDut(clock, config, {}, None, {}, power=power_switch(config, {}, clock))

            def seen() -> tuple[bool, float]:
                volts = sim.terminals(clock.now_ns())[0]
                return sim.on, volts

            states = [seen()]
            await dut.start()
            states.append(seen())
            await dut.stop()
            return [*states, seen()]

    found: list[tuple[bool, float]] = run_on_host(main)
    return found


@pytest.mark.parametrize("kind", ["ea_psb", "ea_psb_modbus"])
def test_a_pack_supply_feeds_the_dut_and_its_voltmeter_proves_on_and_off(kind: str) -> None:
    before, started, stopped = by_supply(load_ohm=12.0, tail_ns=30_000_000, kind=kind)
    assert before == (False, 0.0)
    assert started[0] and started[1] == pytest.approx(12.0, abs=0.1)
    assert not stopped[0] and stopped[1] < 1.0


@pytest.mark.parametrize(
    ("load_ohm", "tail_ns", "left_v", "says"),
    [
        (
            12.0,
            5_000_000_000,
            0.0,
            r"still 1[01]\.\d V 400.0 ms after its output went off; expected less than 1 V",
        ),
        (12.0, 0, 4.8, r"still 4.8 V 400.0 ms after its output went off"),
        (
            0.1,
            0,
            0.0,
            r"0.2 V 400.0 ms after its output went on; expected 12 V: a short, or is the limit of 2 A too low",
        ),
    ],
)
def test_a_dut_that_does_not_discharge_or_is_shorted_is_one_clear_error(
    load_ohm: float, tail_ns: int, left_v: float, says: str
) -> None:
    with pytest.raises(InstrumentError, match=says) as error:
        by_supply(load_ohm, tail_ns, left_v=left_v)
    assert "the DUT's supply ea_psb on tcp://127.0.0.1:" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            (sys.executable, "-c", "print('no probe'); raise SystemExit(3)"),
            "flash: ended with exit code 3.*no probe",
        ),
        (("no-such-flasher",), "'no-such-flasher' cannot be started: No such file"),
        ((sys.executable, "-c", "import time; time.sleep(9)"), "flash: not done within 300.0 ms"),
    ],
)
def test_a_command_that_fails_is_told_in_one_line(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    image = tmp_path / "x"
    image.touch()
    with pytest.raises(DutError, match=says) as error:
        live(
            tmp_path,
            image=image,
            flash=command(*words, timeout_ns=300_000_000 if "sleep" in words[-1] else 10**10),
        )
    assert "\n" not in str(error.value)


def test_an_unknown_placeholder_names_its_neighbour() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'vehicle.channel'"):
        fill_in(("a", "{vehicle.chanel}"), {"vehicle.channel": "x", "firmware": "y"})


@pytest.mark.parametrize(
    ("said", "expected", "fit"),
    [
        ("1a2b3c4d", "1a2b3c4d", True),
        ("v1.2 1a2b3c4d", "1a2b3c4d", True),
        ("1a2b3c4d", "1a2b", False),
        ("1a2b3c4d" * 8, "1a2b3c4d", True),
        ("v1.22", "v1.2", False),
    ],
)
def test_a_build_fits_by_the_whole_word(said: str, expected: str, fit: bool) -> None:
    assert fits(said, expected) is fit


@pytest.mark.parametrize(
    ("dut", "place", "says"),
    [
        ('start = "external"', "dut", "an unidentified build is not tested"),
        ('start = "subprocess"\nidentity = { by = "can" }', "dut.start", "without a 'command'"),
        ('command = ["x"]', "dut.command", "expected start = 'subprocess'"),
        ('start = "external"\nidentity = { by = "image" }', "dut.identity.by", "without [dut.flash]"),
        ('identity = { by = "cna" }', "dut.identity.by", "did you mean 'can'"),
        ('start = "external"\nidentity = {}\nreset = { }', "dut.reset", "expected one of them"),
        (
            'start = "external"\nidentity = {}\nflash = { command = ["a"], image = "no.hex" }',
            "dut.flash.image",
            "no such",
        ),
        ('start = "external"\nidentity = {}\npower = { on = ["a"] }', "dut.power", "no clear switch"),
        (
            'start = "external"\nidentity = {}\npower = { relay = "numato_relay" }',
            "dut.power.relay",
            "no 'port'",
        ),
        (
            'start = "external"\nidentity = {}\npower = { supply = "ea_psb", port = "/dev/ttyACM2" }',
            "dut.power.supply",
            "no 'voltage', 'current' beside it",
        ),
        ('flash = { command = ["a"], image = "hil_config.toml" }', "dut.flash", "under start = 'in_process'"),
    ],
)
def test_a_wrong_life_is_one_located_line(tmp_path: Path, dut: str, place: str, says: str) -> None:
    path = bench_file(tmp_path, dut)
    with pytest.raises(ConfigError) as error:
        load_bench(path)
    line = str(error.value)
    assert re.match(rf"{re.escape(str(path))}:\d+ \[{re.escape(place)}\]: found", line), line
    assert says in line and "\n" not in line


@pytest.mark.parametrize(
    ("dut", "real", "profile", "says"),
    [
        ('start = "external"\nidentity = {}', False, ("", ""), "in simulated time; expected in_process"),
        ('start = "external"\nidentity = {}', True, ("[identity]", "[test2]"), "unknown key"),
        ('start = "external"\nidentity = { by = "uds" }', True, ("[uds]", "[udz]"), "did you mean 'uds'"),
        (
            'start = "subprocess"\nidentity = {}\ncommand = ["a", "{vehicel}"]',
            True,
            ("", ""),
            "did you mean 'vehicle'",
        ),
        ('firmware = "nowhere:thing"', False, ("", ""), "No module named 'nowhere'"),
        ('firmware = "refrence"', False, ("", ""), "did you mean 'reference'"),
    ],
)
def test_what_does_not_fit_together_is_refused_before_anything_is_driven(
    tmp_path: Path, dut: str, real: bool, profile: tuple[str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        load_rig(bench_file(tmp_path, dut, real=real, profile=profile), None, None, None)


def one_shot(config: Path) -> tuple[Any, Any]:
    from bench.record.folder import RunFolder, read_shot

    wired = load_rig(config, None, None, None)
    (prepared,) = load_scenarios(wired, [file_of("ov-step-cell17")], "ov-step-cell17--inside")[0]
    folder = RunFolder.create(config.parent / "runs", "one", {})
    result = shoot(wired, prepared, 0, 1, 1, folder)
    return result, read_shot(folder.path / result.folder)[0]


@pytest.mark.parametrize("by", ["can", "uds"])
def test_the_identity_comes_from_the_dut(tmp_path: Path, by: str) -> None:
    result, trace = one_shot(bench_file(tmp_path, f'identity = {{ by = "{by}" }}', real=False))
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    assert result.identity == builds.build_hash("reference").hex()[:8]
    (mark,) = trace.of(DutIdentified)
    assert (mark.source, mark.fact.identity) == (by, result.identity)
    requests = [mark.t_ns for mark in trace.of_kind(Kind.REQUEST)]
    assert all(mark.t_ns <= t_ns for t_ns in requests), "before anything is asked of it"


def test_another_build_than_expected_is_an_error_and_nothing_is_asked_of_it(tmp_path: Path) -> None:
    result, trace = one_shot(bench_file(tmp_path, 'identity = { expected = "deadbeef" }', real=False))
    assert result.judgement.verdict is Verdict.ERROR
    assert "expected 'deadbeef'" in " ".join(reasons_words(result.judgement))
    assert not list(trace.of_kind(Kind.REQUEST, Kind.STIMULUS_COMMANDED))


def test_a_dut_that_does_not_name_its_build_is_refused_and_the_bench_does_not_answer_for_it(
    tmp_path: Path,
) -> None:
    played = (
        "vehicle.BMS_Identity.BuildHash",
        "vehicle.VCU_Vehicle.Gear",
    )  # a message that the bench itself sends
    path = bench_file(tmp_path, 'identity = { timeout = "1 s" }', real=False, profile=played)
    result, _ = one_shot(path)
    assert result.judgement.verdict is Verdict.ERROR
    assert "VCU_Vehicle.Gear was never heard" in " ".join(reasons_words(result.judgement))


def test_a_users_own_process_is_started_with_the_buses_of_the_run(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "firmware_stubs.reference_bms", "--mutant", "{firmware}"]
    words += ["--vehicle", "{vehicle}", "--sense", "{sense}"]
    dut = f'start = "subprocess"\ncommand = {json.dumps(words)}\nidentity = {{ by = "uds" }}'
    dut += '\nreset = { uds = "hard" }'
    result, trace = one_shot(bench_file(tmp_path, dut))
    reasons = " ".join(reasons_words(result.judgement))
    skip_when_starved(result, trace)
    assert result.judgement.verdict is Verdict.PASS, reasons
    assert result.identity == builds.build_hash("reference").hex()[:8]
    assert list(trace.of_kind(Kind.DUT_IDENTIFIED))
    answers = [seen.frame.data[:3].hex() for seen in trace.frames if seen.frame.can_id == 0x7E8]
    assert answers[0] == "025101", "reset by UDS first"


def test_a_process_that_says_nothing_is_started_at_once(tmp_path: Path) -> None:
    async def main(clock: HostClock) -> None:
        silent = ProcessDut(
            [sys.executable, "-c", "import time; time.sleep(60)"], "silent", says_ready=False, folder=tmp_path
        )
        await silent.start()
        assert silent.alive() and not silent.died()
        assert silent.pid is not None
        os.kill(silent.pid, 9)
        while not silent.died():
            await clock.sleep_until(clock.now_ns() + 10_000_000)
        await silent.stop()

    run_on_host(main)


@pytest.mark.slow
def test_a_process_is_power_cycled_by_a_supply_played_by_hand(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "firmware_stubs.reference_bms", "--mutant", "{firmware}"]
    words += ["--vehicle", "{vehicle}", "--sense", "{sense}"]
    dut = f'start = "subprocess"\ncommand = {json.dumps(words)}\nidentity = {{ by = "can" }}\npower = '
    power = '{ supply = "ea_psb", voltage = "12 V", current = "5 A", off_time = "100 ms", port = "PORT" }'
    config = bench_file(tmp_path, dut + power)
    play = [sys.executable, "-m", "bench", "play", "power", "--config", str(config), "--tcp"]
    with subprocess.Popen(play, stdout=subprocess.PIPE, text=True) as played:
        assert played.stdout is not None
        port = json.loads(played.stdout.readline())["port"]
        config.write_text(config.read_text(encoding="utf-8").replace("PORT", port), encoding="utf-8")
        result, trace = one_shot(config)
        played.terminate()
        states = [json.loads(line)["on"] for line in played.stdout]
    assert states == [False, True, False], "off, on for the shot, off again"
    skip_when_starved(result, trace)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
