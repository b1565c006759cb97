"""A relay card's own input as emergency stop or interlock: read over its line, and open where it does not answer."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_bench import small_bench

from bench.config.bench_file import load_bench
from bench.config.safety import SafetyInput, Source
from bench.errors import ConfigError, LinkError
from bench.instruments.numato_relay.sim import NumatoRelaySim
from bench.links.contact import open_contact
from bench.record.rig_hold import real_things
from bench.rig.safety_inputs import SafetyInputs, SafetyOpen
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.trace import facts
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS


class PlayedBoard:
    """A Numato board behind a pseudo-terminal, in a thread: its reader blocks, as a real port's does."""

    def __init__(self) -> None:
        self.sim, self.silent = NumatoRelaySim(relays=8), False
        self._ours, self._theirs = os.openpty()
        self.port = os.ttyname(self._theirs)
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        pending = b""
        while True:
            try:
                pending += os.read(self._ours, 256)
            except OSError:
                return
            *lines, pending = pending.split(b"\r")
            for line in lines:
                command = line.decode().strip()
                if command == "quit":
                    return
                if not self.silent:
                    said = self.sim.handle(command, 0)
                    os.write(self._ours, f"{command}\n\r{said}\n\r>".encode())

    def close(self) -> None:
        os.write(self._theirs, b"quit\r")
        self._thread.join(5)
        os.close(self._theirs)
        os.close(self._ours)


@pytest.fixture
def board() -> Iterator[PlayedBoard]:
    one = PlayedBoard()
    yield one
    one.close()


def input_of(board: PlayedBoard, *, closed_high: bool = True) -> SafetyInput:
    return SafetyInput(
        name="estop", source=Source.CARD, port=board.port, line="numato_relay 3", closed_high=closed_high
    )


def test_the_level_of_the_input_is_read_and_silence_is_no_level(board: PlayedBoard) -> None:
    board.sim.inputs[3] = True
    contact = open_contact(input_of(board), lambda: 0, lambda _: None, simulated=False)
    assert contact.prove().startswith("it answers") and contact.closed()
    board.sim.inputs[3] = False
    assert not contact.closed()
    other = open_contact(input_of(board, closed_high=False), lambda: 0, lambda _: None, simulated=False)
    assert other.closed()
    other.close()
    board.silent = True
    with pytest.raises(LinkError, match="expected its input's level"):
        contact.closed()
    contact.close()


@pytest.mark.parametrize("how", ["pressed", "silent"])
def test_an_input_that_opens_or_falls_silent_ends_what_is_driven(board: PlayedBoard, how: str) -> None:
    board.sim.inputs[3] = True
    trace, latched = Trace(timebase=Timebase.HOST), list[str]()

    async def main(clock: HostClock) -> None:
        watched = SafetyInputs(
            inputs=(input_of(board),), clock=clock, trace=trace, latch=lambda why, _: latched.append(why)
        )
        try:
            async with watched.watched():
                if how == "pressed":
                    board.sim.inputs[3] = False
                else:
                    board.silent = True
                await clock.sleep_until(clock.now_ns() + 5_000 * NS_PER_MS)
        finally:
            watched.outputs_are_off(confirmed=True)

    began = time.monotonic()
    with pytest.raises((SafetyOpen, ExceptionGroup)):
        run_on_host(main)
    assert time.monotonic() - began < 4
    (opened,) = trace.of(facts.SafetyOpened)
    told = "the contact is open" if how == "pressed" else "cannot be read, which counts as open"
    assert told in opened.fact.why and opened.fact.closed_before
    assert "input 3 of numato_relay on" in latched[0] and len(latched) == 1


def with_safety(folder: Path, line: str, more: str = "") -> Path:
    file = small_bench(folder) / "hil_config.toml"
    file.write_text(file.read_text() + f"\n[safety]\nestop = {{ {line} }}\n{more}")
    return file


def test_it_is_read_from_a_bench_file_and_is_this_rigs_alone(tmp_path: Path) -> None:
    line = 'card = "numato_relay", port = "/dev/ttyACM9", input = 3, closed = "low"'
    bench = load_bench(with_safety(tmp_path, line))
    (one,) = bench.safety
    assert one.words == "emergency stop: input 3 of numato_relay on /dev/ttyACM9, low while closed"
    assert "/dev/ttyACM9" in real_things(bench)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('card = "numato", port = "/dev/x"', "found 'numato'; expected a card with inputs: numato_relay"),
        ('card = "devantech_relay", port = "/dev/x"', "expected a card with inputs"),
        ('card = "numato_relay"', "port]: found ''; expected the card's own port"),
        ('card = "numato_relay", port = "virtual"', "found 'virtual'; expected the card's own port"),
        ('card = "numato_relay", port = "/dev/x", input = 8', "input]: found 8; expected 0 to 7"),
        ('card = "numato_relay", port = "/dev/x", line = "cts"', "expected it with serial only"),
        ('gpio = "/x", input = 2', "expected it with card only"),
        ('card = "numato_relay", port = "/dev/ttyACM0"', "which an instrument of the rig is on"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, line: str, told: str) -> None:
    card = '[instrument.wires]\nkind = "numato_relay"\nport = "/dev/ttyACM0"\n'
    with pytest.raises(ConfigError) as wrong:
        load_bench(with_safety(tmp_path, line, card))
    assert told in str(wrong.value)
