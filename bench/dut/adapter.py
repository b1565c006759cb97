"""A DUT that a distribution brings: named as `start` in a bench file, with `[dut.options]` of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.config.dut_adapters import DutAdapterFacts
from bench.config.options import Options
from bench.dut.firmware import Firmware
from bench.dut.ports import Dut, Explained, Interruptible
from bench.errors import DutError


@dataclass(frozen=True, slots=True, kw_only=True)
class DutAdapter(DutAdapterFacts):
    """firmware: stepped in process, in simulated time; it is given the file of the chemistry. dut: in real time.

    `dut` is given what `Words` knows: "vehicle.channel" and the like of each bus. None: not in this time.
    """

    firmware: Callable[[Options, Path | None], Firmware] | None = None
    dut: Callable[[Options, Mapping[str, str]], Dut] | None = None


class AdaptedDut:
    """Whatever an adapter brings, asked for what a bench wants to know. It stands where a process would."""

    def __init__(self, dut: Dut, title: str) -> None:
        self._dut, self._title = dut, title
        self._started = False

    async def start(self) -> None:
        await self._dut.start()
        self._started = True

    async def stop(self) -> None:
        self._started = False
        await self._dut.stop()

    def alive(self) -> bool:
        return self._dut.alive()

    def died(self) -> bool:
        return self._started and not self._dut.alive()

    def how(self) -> str:
        return self._dut.how() if isinstance(self._dut, Explained) else ""

    def status(self) -> int | None:
        return self._dut.status() if isinstance(self._dut, Explained) else None

    def waited_ns(self) -> int:
        """Nothing is known of the processor that it runs on."""
        return 0

    async def hang(self) -> None:
        await self._able().hang()

    async def go_on(self) -> None:
        await self._able().go_on()

    async def reset(self) -> None:
        await self._able().reset()

    def _able(self) -> Interruptible:
        if not isinstance(self._dut, Interruptible):
            raise DutError(
                f"{self._title}: found no hang, go_on and reset; expected an adapter that has them"
            )
        return self._dut
