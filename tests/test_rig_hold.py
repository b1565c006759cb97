"""One rig, one process: what a second one is told, what frees the rig, and what is held at all."""

import contextlib
import dataclasses
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked import ForkedPython
from small_bench import ONE, hil_here, small_bench
from test_guard import Desk, guards_of, until

from bench import Bench, BenchError, Verdict
from bench.config.bench_file import BenchConfig, load_bench
from bench.record.latch import latch
from bench.record.rig_hold import RigInUse, _device, real_things, rig_held, state_folder

HOLDS = """
import sys, time
from pathlib import Path
from bench.config.bench_file import load_bench
from bench.record.rig_hold import rig_held
with rig_held(load_bench(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""
ESTOP = '\n[safety]\nestop = { serial = "/dev/ttyRIG1" }\n'
IN_USE = (
    r"this rig is in use: .* is held by process {pid} since 20\d\d-\S+ \(bench file .*\); expected it to end"
)


def bench_on(folder: Path, port: str, *, more: str = "", kind: str = "devantech_relay") -> Path:
    """A bench file with a relay card on a port."""
    folder.mkdir(exist_ok=True)
    config = small_bench(folder) / "hil_config.toml"
    text = config.read_text().replace('mode = "simulated"', 'mode = "real"')
    card = f'\n[instrument.wires]\nkind = "{kind}"\nport = "{port}"\nopens = [1]\n'
    config.write_text(text + card + more)
    return config


@pytest.fixture
def holding() -> Iterator[Callable[[Path], "subprocess.Popen[str]"]]:
    """Another process that holds a bench's rig."""
    made: list[subprocess.Popen[str]] = []

    def start(config: Path) -> "subprocess.Popen[str]":
        made.append(ForkedPython([HOLDS, str(config)], stdout=subprocess.PIPE, text=True))
        assert made[-1].stdout is not None and made[-1].stdout.readline() == "held\n"
        return made[-1]

    yield start
    for one in made:
        one.kill()
        one.wait(10)
        assert one.stdout is not None
        one.stdout.close()


def test_a_rig_in_use_is_told_with_process_and_time_and_freed_by_a_kill(
    tmp_path: Path, holding: Callable[[Path], "subprocess.Popen[str]"], capsys: pytest.CaptureFixture[str]
) -> None:
    device = tmp_path / "ttyRIG0"
    device.touch()
    (tmp_path / "by-id").symlink_to(device)
    first = holding(bench_on(tmp_path / "one", str(device)))
    config = bench_on(tmp_path / "two", str(tmp_path / "by-id"), more=ESTOP)  # another file, the same card
    said = IN_USE.format(pid=first.pid)

    for words in (("run",), ("qualify", "--time", "real", "--shots", "1")):
        assert refused(capsys, *words, config=config, said=said)
    assert not (config.parent / "runs").exists(), "a run folder was made"
    with pytest.raises(RigInUse, match=said):
        Bench.open(config).shoot(ONE)
    latch(load_bench(config).record.rig, "emergency stop", "2026-01-01T00:00:00+00:00", ["no such"])
    assert refused(capsys, "rearm", "--operator", "ada", config=config, said=said)

    first.kill()
    first.wait(10)
    with rig_held(load_bench(config)):
        pass


def test_virtual_rigs_simulated_time_and_other_devices_keep_nobody_waiting(
    tmp_path: Path, holding: Callable[[Path], "subprocess.Popen[str]"]
) -> None:
    config = bench_on(tmp_path / "one", "virtual")
    adapter = 'interface = "socketcan"\noptions = { channel = "can7" }\n[can.sense]'
    text = re.sub(r"interface = .*?\[can.sense\]", adapter, config.read_text(), count=1, flags=re.DOTALL)
    config.write_text(text)
    holding(config)
    shot = Bench.open(config, time="simulated").shoot(ONE)
    assert shot.judgement.verdict is Verdict.PASS
    other = load_bench(bench_on(tmp_path / "two", str(tmp_path / "ttyRIG1")))
    with rig_held(other) as hold:
        assert len(hold.descriptors) == 2  # the card, and the bench file
    virtual = load_bench(small_bench(tmp_path / "three") / "hil_config.toml")
    assert real_things(dataclasses.replace(virtual, simulated=False)) == ()


def with_can(bench: BenchConfig, interface: str, **options: str | int) -> BenchConfig:
    can = dataclasses.replace(bench.can["vehicle"], interface=interface, options=options)
    return dataclasses.replace(bench, can={**bench.can, "vehicle": can})


def test_an_adapter_is_one_thing_by_whatever_name_and_whichever_part_of_the_bench_has_it(
    tmp_path: Path,
) -> None:
    tty = tmp_path / "ttyACM0"
    tty.touch()
    (tmp_path / "link").symlink_to(tty)
    bench = load_bench(small_bench(tmp_path / "bench") / "hil_config.toml")
    assert str(tty) in real_things(with_can(bench, "slcan", channel=f"{tmp_path / 'link'}@115200"))
    same = [real_things(with_can(bench, "socketcan", channel=name)) for name in ("can0", "can0", "can1")]
    assert same[0] == same[1] != same[2] and len(same[0]) == 2
    boxes = [real_things(with_can(bench, "gs_usb", index=number)) for number in (0, 1)]
    assert boxes[0] != boxes[1]
    safety = load_bench(bench_on(tmp_path / "two", "tcp://Card:4001", more=ESTOP, kind="waveshare_relay"))
    assert {"tcp://card:4001", "/dev/ttyRIG1"} < set(real_things(safety))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("tcp://card:4001", "tcp://CARD.:04001/", True),
        ("tcp://localhost:4001", "tcp://127.0.0.1:4001", True),
        ("tcp://localhost:4001", "tcp://[::1]:4001", True),
        ("tcp://[fe80::1]:4001", "tcp://[FE80:0::1]:4001", True),
        ("tcp://card:4001", "tcp://card:4002", False),
        ("tcp://10.0.0.1:4001", "tcp://10.0.0.11:4001", False),
    ],
)
def test_a_network_port_is_one_thing_however_it_is_spelt(one: str, other: str, same: bool) -> None:
    assert (_device(one) == _device(other)) is same


def test_a_state_folder_that_cannot_be_written_keeps_the_rig_from_being_driven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with (
        pytest.raises(BenchError, match="so the rig cannot be held: Not a directory; expected a folder"),
        rig_held(load_bench(bench_on(tmp_path / "one", "/dev/ttyRIG0"))),
    ):
        pass
    monkeypatch.setenv("XDG_STATE_HOME", "relative")  # as its specification says: ignored
    assert state_folder() == Path.home() / ".local/state/bms-hil/rigs"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_bench_is_followed_once_its_guard_has_switched_off(tmp_path: Path) -> None:
    """Two runs at one rack in real time: the second is refused, until the first one's guard is done."""
    desk = Desk(tmp_path)
    try:
        first = desk.run()
        until(lambda: desk.on or first.poll() is not None, "outputs on")
        assert len(guards_of(first)) == 1
        second = desk.run()
        assert second.wait(240) == 3
        assert second.stderr is not None and f"is held by process {first.pid} since" in second.stderr.read()
        first.kill()
        first.wait(10)
        if desk.on:  # its guard is at it
            with pytest.raises(RigInUse, match=f"by what process {first.pid} has left"), held(desk):
                pass
        until(lambda: free(desk), "the rig free again")
        assert not desk.on
        assert first.stderr is not None
        first.stderr.close()
    finally:
        desk.close()


def held(desk: Desk) -> "contextlib.AbstractContextManager[object]":
    return rig_held(load_bench(desk.config))


def free(desk: Desk) -> bool:
    try:
        with held(desk):
            return True
    except RigInUse:
        return False


def refused(capsys: pytest.CaptureFixture[str], *words: str, config: Path, said: str) -> bool:
    """Whether a command ends with 3 and one line."""
    capsys.readouterr()
    assert hil_here(*words, "--config", str(config)) == 3
    told = capsys.readouterr().err.strip().splitlines()
    return len(told) == 1 and re.search(said, told[0]) is not None


@pytest.mark.slow
def test_by_hand_and_for_the_doctor_the_same_holds(
    tmp_path: Path, holding: Callable[[Path], "subprocess.Popen[str]"], capsys: pytest.CaptureFixture[str]
) -> None:
    config = bench_on(tmp_path / "one", str(tmp_path / "ttyRIG0"))
    said = IN_USE.format(pid=holding(config).pid)
    assert refused(capsys, "console", config=config, said=said)
    assert hil_here("doctor", "--seconds", "0.2", "--config", str(config)) == 3
    told = capsys.readouterr().out
    assert re.search("BAD  rig: .*" + said, told) and "instrument" not in told
