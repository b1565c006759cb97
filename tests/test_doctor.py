"""`hil doctor` as a user meets it: what is there, what is not, the mend, and the exit code that CI reads."""

import json
from pathlib import Path
from typing import Any

import pytest
from forked import HIL, run_forked

from bench.doctor.finding import Health, spread
from bench.links.socketcan import missing

ROOT = Path(__file__).parents[1]


def doctor(*words: str) -> tuple[int, str]:
    done = run_forked(HIL, "doctor", "--seconds", "0.3", *words, cwd=ROOT, timeout=100)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def findings(*words: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    code, said = doctor("--json", *words)
    told = json.loads(said)
    assert told["usable"] is (code == 0)
    by_area: dict[str, list[dict[str, Any]]] = {}
    for one in told["findings"]:
        by_area.setdefault(one["area"], []).append(one)
    return code, by_area


def bench_file(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = (ROOT / "hil_config.toml").read_text().replace('"dbc/', f'"{ROOT}/dbc/')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "bench.toml"
    path.write_text(text)
    return path


def test_the_bench_as_delivered_is_usable_without_any_can_adapter() -> None:
    code, found = findings()
    assert code == 0
    assert {
        "bench",
        "safe state",
        "bus 'vehicle'",
        "bus 'sense'",
        "instrument 'cells'",
        "DUT",
        "machine",
        "results database",
    } == set(found)
    grids = [one for one in found["machine"] if "transmit grid" in one["text"]]
    assert grids and all(set(one["figures_us"]) == {"p50", "max"} for one in grids)  # of fewer than 299
    assert any("loop lag" in one["text"] for one in found["machine"])
    for one in (one for group in found.values() for one in group):
        assert one["state"] != "bad" and (one["state"] == "ok" or one["mend"]), one


@pytest.mark.slow
def test_what_is_missing_is_bad_names_its_mend_and_exits_with_3(tmp_path: Path) -> None:
    path = bench_file(tmp_path, ('port = "virtual"', 'port = "/dev/ttyUSB77"'))
    code, said = doctor("--config", str(path))
    assert code == 3
    assert "BAD  instrument 'cells': scpi_cell_emulator on /dev/ttyUSB77: there is no such device" in said
    assert "→ plug it in, or correct 'port'" in said and said.rstrip().endswith("mend what is marked BAD")


@pytest.mark.slow
def test_a_port_that_is_no_serial_device_is_told(tmp_path: Path) -> None:
    (tmp_path / "tty").write_text("")
    path = bench_file(tmp_path, ('port = "virtual"', f'port = "{tmp_path}/tty"'))
    code, said = doctor("--config", str(path))
    assert code == 3 and "this is no serial device" in said


@pytest.mark.skipif(
    missing("vcan0") is None, reason="this machine has a vcan0: the vcan lane tests the doctor on it"
)
@pytest.mark.slow
def test_a_socketcan_bench_without_socketcan_is_not_usable_in_real_time_but_checks_out_simulated() -> None:
    config = str(ROOT / "docs/benches/vcan.toml")
    code, found = findings("--config", config, "--firmware", "reference")
    assert code == 3
    (bus,) = found["bus 'vehicle'"]
    assert bus["state"] == "bad" and bus["mend"]
    assert "no SocketCAN" in bus["text"] or "no interface" in bus["text"]
    code, found = findings("--config", config, "--firmware", "reference", "--time", "simulated")
    assert code == 0 and found["bus 'vehicle'"][0]["state"] == "note"


def test_a_wrong_file_is_exit_code_2(tmp_path: Path) -> None:
    path = bench_file(tmp_path, ("[pack]", "[pakc]"))
    code, said = doctor("--config", str(path))
    assert code == 2 and "pakc" in said


def test_a_spread_names_the_worst() -> None:
    found = spread([*range(1_000, 101_000, 1_000)])
    assert (found.n, found.p50_ns, found.p99_ns, found.max_ns) == (100, 51_000, 100_000, 100_000)
    assert found.figures_us() == {"p50": 51.0, "max": 100.0}
    assert found.words() == "p50 51, max 100 µs (n = 100)"
    more = spread([*range(1_000, 300_000, 1_000)])
    assert more.words() == "p50 150, p99 297, max 299 µs (n = 299)"
    with pytest.raises(ValueError, match="nothing"):
        spread([])
    assert Health.BAD == "bad"
