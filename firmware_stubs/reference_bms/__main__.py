"""`python -m firmware_stubs.reference_bms`: the BMS or a mutant in real time on python-can buses."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from bench.errors import BenchError
from bench.lean_can import can
from bench.timing.clock import Phase
from bench.timing.host import HostClock, run_on_host
from firmware_stubs.can_process import listen, open_bus, to_frame, to_message, told_to_end
from firmware_stubs.mutants import REFERENCE, build
from firmware_stubs.reference_bms.bms import ReferenceBms
from firmware_stubs.reference_bms.limits import Limits


async def _serve(clock: HostClock, bms: ReferenceBms, buses: dict[str, can.BusABC]) -> int:
    """Until told to end; the exit code."""

    def task() -> None:
        for channel, frame in bms.step(clock.now_ns()):
            try:
                buses[channel].send(to_message(frame))
            except can.CanOperationError:
                # A full or disturbed bus loses the frame, as on a real controller; the next cycle sends anew.
                continue

    with ExitStack() as stack:
        for channel, bus in buses.items():

            def receive(message: can.Message, channel: str = channel) -> None:
                bms.receive(clock.now_ns(), channel, to_frame(message))

            stack.callback(listen(clock, bus, receive))
        stack.callback(clock.every(bms.period_ns, Phase.DUT, task, first_ns=clock.now_ns()).cancel)
        told = told_to_end()
        print("ready", flush=True)
        await told.wait()
    return told.exit_code


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m firmware_stubs.reference_bms", description=__doc__)
    parser.add_argument("--mutant", default=REFERENCE, help="name of a mutant, or 'reference'")
    parser.add_argument("--vehicle", required=True, help="INTERFACE:key=value,...")
    parser.add_argument("--sense", required=True, help="INTERFACE:key=value,...")
    parser.add_argument("--chemistry", type=Path, help="chemistry TOML the limits are taken from")
    parser.add_argument("--parallel", type=int, default=1, help="cells at each wire of the front end")
    arguments = parser.parse_args()
    buses: dict[str, can.BusABC] = {}
    try:
        limits = (
            Limits.from_toml(arguments.chemistry).beside(arguments.parallel)
            if arguments.chemistry
            else Limits()
        )
        bms = build(arguments.mutant, limits=limits)
        for channel in ("vehicle", "sense"):
            buses[channel] = open_bus(getattr(arguments, channel))
        code: int = run_on_host(lambda clock: _serve(clock, bms, buses))
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        for bus in buses.values():
            bus.shutdown()
    return code


if __name__ == "__main__":
    sys.exit(main())
