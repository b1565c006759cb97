"""A poisoned rig: `hil run` refuses it, `hil doctor` confirms the safe state and gives it free, or says why not."""

import dataclasses
from pathlib import Path

import pytest
from forked import HIL, run_forked

from bench.config.bench_file import BenchConfig, load_bench
from bench.config.instrument_kinds import CELLS
from bench.doctor.finding import Health
from bench.doctor.safe_state import confirm
from bench.errors import BenchError
from bench.instruments.scpi_cell_emulator.driver import ScpiCellEmulator
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim, attach_simulated
from bench.instruments.tcp_device import TcpDevice
from bench.links.tcp_stream import open_tcp
from bench.record.poison import marker_of, poison, rig_facts
from bench.timing.host import HostClock, run_on_host
from bench.wiring.switch_off import switch_off

ROOT = Path(__file__).parents[1]
BENCH = load_bench(ROOT / "hil_config.toml")
WHY = "sense_wire of a test is still on: relay 3 does not let go"


def hil(*words: str) -> tuple[int, str]:
    done = run_forked(HIL, *words, cwd=ROOT, timeout=100)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def recorded_in(folder: Path, port: str = "virtual") -> BenchConfig:
    instruments = {CELLS: dataclasses.replace(BENCH.instruments[CELLS], ports=(port,))}
    record = dataclasses.replace(BENCH.record, folder=folder, rig=folder)
    return dataclasses.replace(BENCH, instruments=instruments, record=record)


@pytest.mark.slow
def test_a_poisoned_rig_is_refused_until_the_doctor_lifts_it(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    bench = tmp_path / "bench.toml"
    bench.write_text((ROOT / "hil_config.toml").read_text().replace('"dbc/', f'"{ROOT}/dbc/'))
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    run = ("run", str(tmp_path / "scenarios"), "-c", str(bench), "-k", "weld-plus")
    run += ("--repeat", "1", "--workers", "1")
    marker = poison(folder, WHY, {"shot": "x, shot 0", **rig_facts(BENCH)})
    code, said = hil(*run)
    assert code == 3 and len(said.strip().splitlines()) == 1, said
    assert WHY in said and "hil doctor" in said
    code, elsewhere = hil(*run, "--out", str(tmp_path / "elsewhere"))
    assert code == 3 and elsewhere == said, "the rig is poisoned, wherever the run is to be written"
    assert not (tmp_path / "elsewhere").exists()
    code, said = hil("doctor", "-c", str(bench), "--seconds", "0.2")
    assert code == 0 and not marker.exists(), said
    (line,) = [one for one in said.splitlines() if "safe state" in one]
    assert WHY in line and "virtual" in line and "lifted" in line
    code, said = hil(*run)
    assert code == 0 and WHY not in said, said
    assert list(folder.glob("*/footer.json"))


@pytest.mark.parametrize(
    ("facts", "told"),
    [({"bench": "another"}, "is of bench 'another'"), ({}, "'unknown'"), (None, "cannot be read")],
)
def test_another_rigs_poison_is_not_lifted(tmp_path: Path, facts: dict[str, str] | None, told: str) -> None:
    config = recorded_in(tmp_path / "runs")
    marker = poison(config.record.rig, WHY, facts or {})
    if facts is None:
        marker.write_text("torn")
    found = confirm(config)
    assert found.state is Health.BAD and told in found.text and "not lifted" in found.text
    assert marker.exists() and "delete" in found.mend


def test_a_real_instrument_that_does_not_answer_leaves_the_rig_poisoned(tmp_path: Path) -> None:
    config = recorded_in(tmp_path / "runs", "/dev/there-is-none")
    poison(config.record.rig, WHY, rig_facts(config))
    found = confirm(config)
    assert found.state is Health.BAD and "NOT confirmed off" in found.text and "there-is-none" in found.text
    assert marker_of(config.record.rig).exists()


def test_a_real_cell_emulator_is_switched_off_and_read_back() -> None:
    async def main(clock: HostClock) -> None:
        async with TcpDevice(clock) as device:
            sim = CellEmulatorSim(channels=BENCH.pack.cells)
            attach_simulated(sim, device, clock)
            line = await open_tcp(device.port)
            emulator = ScpiCellEmulator(line, clock, channels=BENCH.pack.cells)
            await emulator.set_all([3.7] * BENCH.pack.cells)
            await emulator.outputs_on()
            line.close()
            await clock.sleep_until(clock.now_ns() + 50_000_000)
            assert max(sim.output_v(clock.now_ns())) > 3
            config = recorded_in(Path("runs"), device.port)
            await switch_off(config, clock)
            assert max(map(abs, sim.output_v(clock.now_ns()))) < 0.1
        with pytest.raises((BenchError, OSError)):
            await switch_off(config, clock)

    run_on_host(main)
