"""Two firmwares fed with the same frames at the same instants; the first frame they differ in ends the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.dut.firmware import Firmware
from bench.trace.events import CanFrame
from bench.wiring import dut
from bench.wiring.dut import build_firmware
from firmware_stubs import mutants
from firmware_stubs.builds import C_SUFFIX, CORE, build


class InStep:
    """Implements bench.dut.firmware.Firmware: `leader` answers, `follower` has to say the same."""

    def __init__(self, leader: Firmware, follower: Firmware) -> None:
        self._leader = leader
        self._follower = follower
        self.period_ns = leader.period_ns
        self.compared = 0
        assert follower.period_ns == leader.period_ns

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        self._leader.receive(now_ns, channel, frame)
        self._follower.receive(now_ns, channel, frame)

    def pull_reset(self) -> None:
        for one in (self._leader, self._follower):
            one.pull_reset()  # type: ignore[attr-defined]

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        sent = self._leader.step(now_ns)
        assert self._follower.step(now_ns) == sent, f"at {now_ns / 1e9:.3f} s"
        self.compared += len(sent)
        return sent


def python_and_c(name: str) -> InStep:
    """Firmware `name` in Python, and beside it the same in C."""
    return InStep(mutants.build(name), build(name + C_SUFFIX))


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[InStep]]:
    """Every rig built in this test gets both firmwares; the list says which were."""
    built: list[InStep] = []
    monkeypatch.setenv(CORE, "python")

    def both(name: str, chemistry: Path | None = None, parallel: int = 1) -> InStep:
        one, other = (build_firmware(known, chemistry, parallel) for known in (name, name + C_SUFFIX))
        built.append(InStep(one, other))
        return built[-1]

    monkeypatch.setattr(dut, "build_firmware", both)
    yield built
    # A single shot may be short: an unnamed build is refused before anything is asked of it.
    assert sum(one.compared for one in built) > 200, "no shot was compared"
