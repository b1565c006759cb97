"""The usual way to time a DUT on CAN, as the yardstick of what `hil qualify` gains.

An asyncio script reads the wall clock around python-can's calls. It fires the stimuli, so that bench and
script measure the very same shots. The only place where a wall clock is a stopwatch; and deliberately nothing
else here is clever either.
"""

import argparse
import asyncio
import json
import random
import sys
import time

from bench.errors import BenchError
from bench.lean_can import can
from bench.units import NS_PER_MS, NS_PER_S, NS_PER_US
from firmware_stubs.can_process import open_bus
from firmware_stubs.ruler import ANSWER_ID, STIMULUS_ID

_GIVE_UP_S = 1.0
_GAP_NS = (10 * NS_PER_MS, 20 * NS_PER_MS)  # random, so that no shot keeps step with other traffic


async def time_shots(bus: can.BusABC, delays_ns: list[int], first: int, seed: int) -> list[int | None]:
    """What the script takes each delay for, in ns; None where it saw no answer within 1 s.

    Shots are numbered from `first`.
    """
    gaps = random.Random(f"{seed}/{first}")
    reader = can.AsyncBufferedReader()
    notifier = can.Notifier(bus, [reader], loop=asyncio.get_running_loop())
    taken: list[int | None] = []
    try:
        for shot, delay_ns in enumerate(delays_ns, first):
            await asyncio.sleep(gaps.randint(*_GAP_NS) / NS_PER_S)
            data = shot.to_bytes(2, "little") + (delay_ns // NS_PER_US).to_bytes(4, "little")
            message = can.Message(arbitration_id=STIMULUS_ID, data=data, is_extended_id=False)
            start_s = time.time()  # the habit under test: steps with the clock, and stamps nothing on the bus
            bus.send(message)
            try:
                async with asyncio.timeout(_GIVE_UP_S):
                    await _answer_to(shot, reader)
            except TimeoutError:
                taken.append(None)
            else:
                taken.append(round((time.time() - start_s) * NS_PER_S))
        await asyncio.sleep(_GAP_NS[0] / NS_PER_S)
    finally:
        notifier.stop()
    return taken


async def _answer_to(shot: int, reader: can.AsyncBufferedReader) -> None:
    while True:
        message = await reader.get_message()
        if message.arbitration_id == ANSWER_ID and int.from_bytes(message.data[:2], "little") == shot:
            return


def main() -> int:
    """Measure the ruler's delays as a plain script would. The exit code is 0 when it ended by itself."""
    parser = argparse.ArgumentParser(prog="python -m bench.proof.naive", description=__doc__)
    parser.add_argument("--bus", required=True, help="INTERFACE:key=value,...")
    parser.add_argument("--delays-us", required=True, help="one delay for each shot, comma separated")
    parser.add_argument("--first", type=int, default=0, help="number of the first shot")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    delays_ns = [int(delay) * NS_PER_US for delay in arguments.delays_us.split(",")]
    try:
        with open_bus(arguments.bus) as bus:
            taken = asyncio.run(time_shots(bus, delays_ns, arguments.first, arguments.seed))
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    json.dump(taken, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
