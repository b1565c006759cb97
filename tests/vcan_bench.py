"""What the vcan lane's tests share: skip visibly without a vcan0, run on the host clock, wait, use can-utils."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable

import pytest

from bench.links.socketcan import missing
from bench.timing.host import HostClock, run_on_host

_WHY = missing("vcan0")
needs_vcan = [
    pytest.mark.vcan,
    pytest.mark.skipif(_WHY is not None, reason=f"no vcan0: {_WHY}; .ci/vcan runs this test"),
]
PATIENCE_S = 20.0  # an emulated machine is some twenty times slower


async def until(done: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"waited {PATIENCE_S:g} s for {what}")


def on_host(body: Callable[[HostClock], Awaitable[None]]) -> None:
    run_on_host(body)


async def tool(*words: str) -> str:
    """Run one of can-utils or `ip` to its end, on the loop; what it said."""
    process = await asyncio.create_subprocess_exec(
        *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, (words, said)
    return said.decode()
