"""What `hil doctor` says of real instruments: who answers, who does not, who holds the port, who may open it."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

from bench.config.bench_file import BenchConfig, load_bench
from bench.config.instruments import InstrumentConfig
from bench.doctor.devices import examine_instruments, trouble_of
from bench.doctor.finding import Health
from bench.units import NS_PER_S

ROOT = Path(__file__).resolve().parents[1]
DESK = load_bench(ROOT / "docs/benches/whole_desk.toml")


def with_only(one: InstrumentConfig, port: str, hang_ns: int = 10 * NS_PER_S) -> BenchConfig:
    real = dataclasses.replace(one, ports=(port,))
    return dataclasses.replace(DESK, instruments={one.name: real}, guard_hang_ns=hang_ns)


def test_a_supply_behind_a_port_says_who_it_is_and_the_guard_is_told_of() -> None:
    words = [sys.executable, "-m", "bench", "play", "supply", "--config", str(DESK.file), "--tcp"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as played:
        assert played.stdout is not None
        port = played.stdout.readline().split('"')[3]
        right, guard = examine_instruments(with_only(DESK.instruments["supply"], port))
        wrong, none = examine_instruments(with_only(DESK.instruments["wires_high"], port, hang_ns=0))
        played.terminate()
    assert right.state is Health.OK and "answers as EA Elektro-Automatik" in right.text
    assert guard.state is Health.OK and "supply; a guard process switches" in guard.text
    assert wrong.state is Health.BAD and port in wrong.text and "Numato" in wrong.text
    assert none.state is Health.NOTE and "outputs without a dead-man stay on" in none.text


def test_a_port_in_use_names_the_process_that_has_it() -> None:
    master, slave = os.openpty()
    port = os.ttyname(slave)
    os.close(slave)
    hold = f"import time; f = open({port!r}, 'rb+', buffering=0); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        found, _ = examine_instruments(with_only(DESK.instruments["supply"], port))
        holder.kill()
    assert found.state is Health.BAD
    assert f"ea_psb on {port}: in use by python" in found.text and f"(process {holder.pid})" in found.text
    assert trouble_of(port) is None, "nobody has it now"
    os.close(master)
