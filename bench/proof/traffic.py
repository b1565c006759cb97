"""Other traffic on a bus while the bench measures: a process that sends at a steady rate for a bounded time.

Identifiers 0x600..0x6FF lose arbitration against everything the ruler sends.
"""

import argparse
import asyncio
import sys

from bench.errors import BenchError
from bench.lean_can import can
from bench.timing.clock import Phase
from bench.timing.host import HostClock, run_on_host
from bench.timing.parent import told
from bench.units import NS_PER_MS, NS_PER_S
from firmware_stubs.can_process import open_bus, told_to_end

FIRST_ID = 0x600
_IDS = 256
_TICK_NS = NS_PER_MS
_BURST = 64  # what a late tick makes up for at most


async def send_traffic(clock: HostClock, bus: can.BusABC, rate_per_s: int, for_ns: int) -> None:
    """`rate_per_s` frames per second until `for_ns` have passed, stdin ends or a signal comes."""
    messages = [
        can.Message(arbitration_id=FIRST_ID + number, data=bytes([number] * 8), is_extended_id=False)
        for number in range(_IDS)
    ]
    start_ns = clock.now_ns()
    sent = 0

    def tick() -> None:
        nonlocal sent
        owed = (clock.now_ns() - start_ns) * rate_per_s // NS_PER_S - sent
        for _ in range(min(owed, _BURST)):
            bus.send(messages[sent % _IDS])
            sent += 1

    timer = clock.every(_TICK_NS, Phase.RESTBUS, tick, first_ns=start_ns)
    ends = told_to_end()
    if not told("ready"):
        ends.set()
    try:
        async with asyncio.timeout(for_ns / NS_PER_S):
            await ends.wait()
    except TimeoutError:
        pass
    finally:
        timer.cancel()


def main() -> int:
    """Send other traffic on a bus, at a given rate, until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m bench.proof.traffic", description=__doc__)
    parser.add_argument("--bus", required=True, help="INTERFACE:key=value,...")
    parser.add_argument("--rate", type=int, required=True, help="frames per second")
    parser.add_argument("--seconds", type=float, required=True, help="end after this long at the latest")
    arguments = parser.parse_args()
    try:
        with open_bus(arguments.bus) as bus:
            for_ns = round(arguments.seconds * NS_PER_S)
            run_on_host(lambda clock: send_traffic(clock, bus, arguments.rate, for_ns))
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
