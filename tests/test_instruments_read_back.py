"""Reading back ends, also where a reading is there at once and time passes by turns of the loop only."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bench.errors import InstrumentError
from bench.instruments.read_back import ReadBack
from bench.units import NS_PER_MS


class _Turns:
    """A clock that goes on by 10 ms with every turn of the loop, as that of `run_among_ourselves` does."""

    def __init__(self) -> None:
        self._now_ns = 0
        self._go_on()

    def _go_on(self) -> None:
        self._now_ns += 10 * NS_PER_MS
        asyncio.get_running_loop().call_soon(self._go_on)

    def now_ns(self) -> int:
        return self._now_ns

    async def sleep_until(self, when_ns: int) -> None:
        turned = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turned.set_result, None)
        await turned
        while self._now_ns < when_ns:
            await self.sleep_until(when_ns)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("what", ["near", "below"])
def test_a_reading_that_is_there_at_once_and_wrong_is_told_when_it_has_had_its_time(what: str) -> None:
    """It hung for ever: the loop never turned, so neither a frame nor time came."""
    asked: list[Sequence[int]] = []

    async def measure(cells: Sequence[int]) -> list[float]:
        asked.append(cells)
        assert len(asked) < 1_000, "it reads on and on"
        return [3.0 for _ in cells]

    async def main() -> None:
        clock: Any = _Turns()
        read_back = ReadBack(
            clock=clock,
            measure=measure,
            complain=lambda *words: InstrumentError(" ".join(words)),
            settle_ns=200 * NS_PER_MS,
        )
        if what == "near":
            await read_back.near([1], 4.0, 0.001, low_ns=clock.now_ns(), sent="set")
        else:
            await read_back.below([1], 0.1, sent="off")

    with pytest.raises(InstrumentError, match=r"3\.0000 V at cell 1"):
        asyncio.run(main())
    assert len(asked) > 10
