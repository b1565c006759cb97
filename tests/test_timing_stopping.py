"""The end of a run: no task outlives it, whatever its tasks end by."""

import asyncio
import gc

import pytest

from bench.timing.simulated import SimulatedClock, run_simulated
from bench.timing.stopping import is_a_stop, noticing, run_stoppably, stop_run


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, ValueError])
def test_every_task_ends_where_several_end_by_an_exception_that_stops_the_loop(
    error: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []

    async def stray(number: int) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ended.append(number)
            raise error(f"from {number}")

    async def main() -> None:
        strays = [asyncio.create_task(stray(number)) for number in range(4)]
        await asyncio.sleep(0)
        assert len(strays) == 4
        raise SystemExit("first")

    with pytest.raises(SystemExit, match="first"):
        run_stoppably(asyncio.Runner, main)
    gc.collect()
    assert sorted(ended) == [0, 1, 2, 3]
    assert capsys.readouterr().err == ""


def test_what_walks_to_safety_comes_to_its_end_beside_a_task_that_stops_the_loop(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As in a shot: the main task is cancelled, and shields what must not be cut short."""
    steps: list[str] = []
    left: list[str] = []
    others: list[asyncio.Task[None]] = []

    async def walk() -> None:
        for step in ("emulator off", "DUT off", "outputs read back"):
            await asyncio.sleep(1)
            steps.append(step)

    async def stray() -> None:
        await asyncio.sleep(0.5)
        raise SystemExit("stray")

    async def main(_: SimulatedClock) -> None:
        beside = asyncio.create_task(stray())
        others.append(asyncio.create_task(reading()))
        safe = asyncio.create_task(walk())
        while not safe.done():
            try:
                await asyncio.wait({safe})
            except asyncio.CancelledError:
                continue
        assert beside.done()

    async def reading() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            left.append(steps[-1])

    with pytest.raises(SystemExit, match="stray"):
        run_simulated(main)
    gc.collect()
    assert steps == ["emulator off", "DUT off", "outputs read back"]
    assert left == ["outputs read back"]  # what the way needs is not cancelled before it has ended
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("end", [None, ValueError("broke meanwhile"), SystemExit(3)])
def test_a_stop_in_the_last_moment_of_a_shot_ends_the_run_around_it(end: BaseException | None) -> None:
    """The shot came to its own end before the stop could cancel it: the shots to come were fired nevertheless."""

    async def main(_: SimulatedClock) -> None:
        assert stop_run()
        if end is not None:
            raise end

    with pytest.raises(KeyboardInterrupt), noticing() as asked:
        with pytest.raises(KeyboardInterrupt if end is None else type(end)) as ended:
            run_simulated(main)
        assert asked.stopped
        assert is_a_stop(ended.value) == (end is None)
