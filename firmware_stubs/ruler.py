"""The ruler: answers after a programmed delay and tells the truth about it, to qualify a rig.

0x500 stimulus: u16 shot, u32 delay in µs. 0x501 answer: u16 shot. 0x502 truth: u16 shot, u48 delay in ns from
reception to transmission; as a process, from the kernel's receive stamp to just before the hand-over. 0x503,
sent by the process only: u16 shot, u48 delay in ns until the hand-over had returned. The answer left in
between, so a ruler that was interrupted while sending says so. 0x504, by the process only and where there is a
second clock: u16 shot, u48 the delay of 0x502 as CLOCK_MONOTONIC_RAW counts it, which nobody slews. All little-endian.
"""

import argparse
import asyncio
import heapq
import random
import sys
from collections.abc import Sequence

from bench.errors import BenchError
from bench.lean_can import can
from bench.timing.clock import Phase
from bench.timing.correlation import correlate
from bench.timing.host import HostClock, host_now_ns, run_on_host
from bench.timing.rate import ClockPair, read_both
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S, NS_PER_US
from firmware_stubs.can_process import listen, open_bus, to_frame, to_message, told_to_end

STIMULUS_ID = 0x500
ANSWER_ID = 0x501
TRUTH_ID = 0x502
RETURNED_ID = 0x503
REFERENCE_ID = 0x504
# A sleeping process is woken late by some 100 µs; so it sleeps until shortly before, and spins the rest.
_SPIN_NS = 400 * NS_PER_US


def answer_frame(shot: int) -> CanFrame:
    return CanFrame(ANSWER_ID, shot.to_bytes(2, "little"))


def truth_frame(shot: int, delay_ns: int) -> CanFrame:
    return CanFrame(TRUTH_ID, shot.to_bytes(2, "little") + delay_ns.to_bytes(6, "little"))


def returned_frame(shot: int, delay_ns: int) -> CanFrame:
    return CanFrame(RETURNED_ID, shot.to_bytes(2, "little") + delay_ns.to_bytes(6, "little"))


def reference_frame(shot: int, delay_ns: int) -> CanFrame:
    return CanFrame(REFERENCE_ID, shot.to_bytes(2, "little") + delay_ns.to_bytes(6, "little"))


def by_the_second_clock(start_ns: int, at_start: ClockPair, end_ns: int, at_end: ClockPair) -> int:
    """How long it was from start to end (host clock) by the raw clock, from looks at both clocks near each."""
    apart_ns = (end_ns - at_end.host_ns) - (start_ns - at_start.host_ns)
    return max(0, at_end.raw_ns - at_start.raw_ns + apart_ns)


class Ruler:
    """Implements bench.dut.firmware.Firmware, and `next_due_ns` so that simulated time can be exact.

    Shot n takes entry n of `delays_ns`, modulo its length; without entries the stimulus says the delay.
    Jitter is uniform in 0..jitter_ns, and depends on seed and shot alone.
    """

    period_ns = 10 * NS_PER_MS

    def __init__(self, delays_ns: Sequence[int] = (), jitter_ns: int = 0, seed: int = 0) -> None:
        self._delays_ns = tuple(delays_ns)
        self._jitter_ns = jitter_ns
        self._seed = seed
        self._due: list[tuple[int, int, int, str]] = []  # when, shot, received, channel

    def delay_ns(self, shot: int, asked_ns: int) -> int:
        """The delay this ruler gives `shot`, jitter included."""
        programmed = self._delays_ns[shot % len(self._delays_ns)] if self._delays_ns else asked_ns
        return programmed + random.Random(f"{self._seed}/{shot}").randint(0, self._jitter_ns)

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        if frame.can_id != STIMULUS_ID or frame.extended or len(frame.data) < 6:
            return
        shot = int.from_bytes(frame.data[:2], "little")
        asked_ns = int.from_bytes(frame.data[2:6], "little") * NS_PER_US
        heapq.heappush(self._due, (now_ns + self.delay_ns(shot, asked_ns), shot, now_ns, channel))

    def next_due_ns(self) -> int | None:
        """When `step` has something to send next."""
        return self._due[0][0] if self._due else None

    def take_due(self, now_ns: int) -> list[tuple[int, int, str]]:
        """(shot, instant of reception, channel) of the answers due by now; they are then no longer due."""
        taken = []
        while self._due and self._due[0][0] <= now_ns:
            _, shot, received_ns, channel = heapq.heappop(self._due)
            taken.append((shot, received_ns, channel))
        return taken

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        """Answer and truth of every shot due; the truth holds when `step` is called at `next_due_ns`."""
        return [
            (channel, frame)
            for shot, received_ns, channel in self.take_due(now_ns)
            for frame in (answer_frame(shot), truth_frame(shot, now_ns - received_ns))
        ]


def reception_ns(message: can.Message) -> int:
    """When the kernel received `message`, on the monotonic clock; without its stamp, now."""
    now_ns = host_now_ns()
    # Correlated, since an interruption between two plain clock reads would pass for age.
    received_ns = correlate().monotonic_ns(round(message.timestamp * NS_PER_S))
    return received_ns if now_ns - NS_PER_S < received_ns <= now_ns else now_ns


async def _serve(clock: HostClock, ruler: Ruler, bus: can.BusABC) -> None:
    armed: list[asyncio.TimerHandle] = []
    looks: dict[int, ClockPair | None] = {}  # at both clocks, when the stimulus of a shot came

    def answer() -> None:
        due_ns = ruler.next_due_ns()
        if due_ns is None or due_ns - clock.now_ns() > _SPIN_NS:
            arm()
            return
        while clock.now_ns() < due_ns:
            pass
        for shot, received_ns, _ in ruler.take_due(clock.now_ns()):
            message = to_message(answer_frame(shot))
            # Read before the hand-over: it wakes every listener, and they may run before it returns.
            handed_ns = clock.now_ns()
            bus.send(message)
            returned_ns = clock.now_ns()
            bus.send(to_message(truth_frame(shot, handed_ns - received_ns)))
            bus.send(to_message(returned_frame(shot, returned_ns - received_ns)))
            at_start, at_end = looks.pop(shot, None), read_both()
            if at_start is not None and at_end is not None:
                delay_ns = by_the_second_clock(received_ns, at_start, handed_ns, at_end)
                bus.send(to_message(reference_frame(shot, delay_ns)))
        arm()

    def arm() -> None:
        while armed:
            armed.pop().cancel()
        due_ns = ruler.next_due_ns()
        if due_ns is not None:
            armed.append(clock.call_at(due_ns - _SPIN_NS, Phase.DUT, answer))

    def receive(message: can.Message) -> None:
        frame = to_frame(message)
        ruler.receive(reception_ns(message), "vehicle", frame)
        if frame.can_id == STIMULUS_ID:
            looks[int.from_bytes(frame.data[:2], "little")] = read_both()
        arm()

    stop = listen(clock, bus, receive)
    told = told_to_end()
    print("ready", flush=True)
    try:
        await told.wait()
    finally:
        stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m firmware_stubs.ruler", description=__doc__)
    parser.add_argument("--bus", required=True, help="INTERFACE:key=value,...")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jitter-us", type=int, default=0)
    arguments = parser.parse_args()
    try:
        with open_bus(arguments.bus) as bus:
            ruler = Ruler(jitter_ns=arguments.jitter_us * NS_PER_US, seed=arguments.seed)
            run_on_host(lambda clock: _serve(clock, ruler, bus))
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
