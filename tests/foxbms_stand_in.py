"""A stand-in for foxBMS 2, written from facts about it: it checks every timing rule of what the bench sends.

It reads the bytes by hand, so that a mistake of the bench's own codec cannot hide. In process: a bench.dut.firmware
.Firmware, `foxbms_stand_in:build`; as a process: python foxbms_stand_in.py --bus INTERFACE:key=value,…
"""

import argparse
import sys
from collections import deque
from dataclasses import dataclass, field

from bench.timing.clock import Phase
from bench.timing.host import HostClock, run_on_host
from bench.trace.events import CanFrame
from firmware_stubs.can_process import listen, open_bus, to_frame, to_message, told_to_end

MS = 1_000_000
CELLS, SENSORS = 18, 8
OPENING, STANDBY, PRECHARGE, NORMAL, ERROR = 4, 5, 6, 7, 10
# Measured on v1.11.0 built for a host: from OPEN_CONTACTORS to the first coil, the last, and the message of it.
# With an unknown current the opening waits for 3 s, and then tells 81.
WAITS_NS = 3000 * MS
FIRST_COIL_NS, LAST_COIL_NS, TOLD_NS = 530 * MS, 630 * MS, 730 * MS
VALIDATED_EVERY = 5  # ticks: MRC_Validate... hands cell and pack values on
QUEUE_DEPTH = 5
IVT_IDS = range(0x521, 0x529)
# DIAG id: (events, task ms, delay ms until opening, flag bit of 0x240 or None)
FATAL = {
    5: (100, 10, 200, None),
    17: (50, 10, 200, 14),
    20: (50, 10, 200, 15),
    50: (1, 10, 100, 7),
    23: (500, 10, 1000, 8),
    26: (500, 10, 1000, 10),
    44: (10, 10, 100, 13),  # of the string, and told in the bit of the cell: bit 63 is never composed
    41: (10, 10, 100, 12),
    47: (10, 10, 100, None),
    48: (10, 10, 100, None),
    10: (100, 10, 200, None),
    81: (1, 10, 0, None),
    52: (10, 50, 100, 53),
    65: (1, 10, 100, 43),
    66: (1, 10, 100, 43),
    67: (1, 10, 100, 46),
    69: (1, 10, 100, 48),
    8: (100, 10, 1000, 44),
    9: (100, 10, 1000, 45),
}
ALL_CLEARED = 85


def bits(data: bytes, start: int, length: int, signed: bool = False) -> int:
    """A Motorola signal: `start` is its most significant bit, numbered as in a DBC."""
    value = 0
    byte, bit = divmod(start, 8)
    for _ in range(length):
        value = value << 1 | data[byte] >> bit & 1
        byte, bit = (byte, bit - 1) if bit else (byte + 1, 7)
    return value - (1 << length) if signed and value >> (length - 1) else value


def put(data: bytearray, start: int, length: int, value: int) -> None:
    byte, bit = divmod(start, 8)
    for shift in range(length - 1, -1, -1):
        data[byte] |= (value >> shift & 1) << bit
        byte, bit = (byte, bit - 1) if bit else (byte + 1, 7)


@dataclass
class StandIn:
    """`violations`: every rule the bench has broken, in words. `late_ticks`: a mutant that counts so many more.

    `delay_ms`: a mutant that begins to open so long after its flag, whatever is published.
    `coils_off_ns`: when the first coil went off, and the last, which no message tells at once.
    """

    late_ticks: int = 0
    delay_ms: int | None = None
    version: tuple[int, int, int] = (1, 11, 0)
    tells_beside: tuple[int, ...] = ()  # a mutant: DIAG ids that it tells before each of its own
    request_slack_ms: float = 0.0  # for a process on a busy machine, whose own stamps jitter
    violations: list[str] = field(default_factory=list)
    period_ns: int = 10 * MS

    def __post_init__(self) -> None:
        self.channel = ""
        self.tick = 0
        self.started_ns: int | None = None
        self.requests: list[int] = []
        self.mode = 0
        self.voltage_queue: deque[bytes] = deque()
        self.temperature_queue: deque[bytes] = deque()
        self.taken_mv: list[int | None] = [None] * CELLS
        self.taken_c: list[int | None] = [None] * SENSORS
        self.cells_mv: list[int | None] = [None] * CELLS
        self.sensors_c: list[int | None] = [None] * SENSORS
        self.current_ma = 0
        self.ivt: dict[int, tuple[int, int]] = {}  # id -> (when, value)
        self.ivt_count: dict[int, int] = {}
        self.counts = dict.fromkeys(FATAL, 0)
        self.active: dict[int, int] = {}  # id -> when it became active
        self.state, self.entered_ns = 3, 0
        self.connected = 0
        self.coils_off_ns: list[int] = []
        self.asked = False
        self.out: list[CanFrame] = []

    # --- in ------------------------------------------------------------------------------------------------

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        self.channel = channel
        data = frame.data
        if frame.can_id == 0x210:
            self._request(now_ns, data)
        elif frame.can_id == 0x270:
            self._queue(self.voltage_queue, data, "AFE_CellVoltages")
        elif frame.can_id == 0x280:
            self._queue(self.temperature_queue, data, "AFE_CellTemperatures")
        elif frame.can_id in IVT_IDS:
            self._ivt(now_ns, frame.can_id, data)
        elif frame.can_id == 0x300 and data[0] == 0 and bits(data, 8, 1):
            self.asked = True

    def _request(self, now_ns: int, data: bytes) -> None:
        if len(data) != 8:
            self.violations.append(f"0x210 has {len(data)} bytes")
        self.mode = bits(data, 1, 2)
        if self.requests:
            gap_ms = (now_ns - self.requests[-1]) / MS
            if not 95 - self.request_slack_ms <= gap_ms <= 105 + self.request_slack_ms:
                self.violations.append(f"0x210 after {gap_ms:.3f} ms")
        self.requests.append(now_ns)

    def _queue(self, queue: deque[bytes], data: bytes, name: str) -> None:
        if len(queue) >= QUEUE_DEPTH:
            self.violations.append(f"the queue of {name} overflows")
            return
        queue.append(data)

    def _ivt(self, now_ns: int, can_id: int, data: bytes) -> None:
        if len(data) != 6 or data[0] != can_id - 0x521:
            self.violations.append(f"0x{can_id:X} is {data.hex()}")
        heard = self._age_ms(now_ns, can_id) < 250  # after a silence it may have counted on
        expected = self.ivt_count.get(can_id) if heard else None
        if expected is not None and data[1] & 0x0F != expected:
            self.violations.append(f"0x{can_id:X} counts {data[1] & 0x0F} after {(expected - 1) % 16}")
        self.ivt_count[can_id] = (data[1] + 1) & 0x0F
        if data[1] >> 4:
            self.violations.append(f"0x{can_id:X} sets error bits {data[1] >> 4:X}")
        self.ivt[can_id] = now_ns, bits(data, 23, 32, signed=True)

    # --- the 10 ms task --------------------------------------------------------------------------------------

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        if self.started_ns is None:
            self.started_ns = now_ns
        self._afe()
        self._diagnose(now_ns)
        self._run(now_ns)
        self._send()
        self.tick += 1
        frames, self.out = self.out, []
        return [(self.channel, frame) for frame in frames] if self.channel else []

    def _afe(self) -> None:
        """At most one frame of each kind per pass."""
        if self.voltage_queue:
            data = self.voltage_queue.popleft()
            for k, start in enumerate((11, 30, 33, 52)):
                if (cell := 4 * data[0] + k) < CELLS:
                    valid = bits(data, 12 + k, 1)  # named "invalid", but 1 is valid
                    self.taken_mv[cell] = bits(data, start, 13) if valid else None
        if self.temperature_queue:
            data = self.temperature_queue.popleft()
            for k, start in enumerate((23, 31, 39, 47, 55, 63)):
                if (sensor := 6 * data[0] + k) < SENSORS:
                    self.taken_c[sensor] = bits(data, start, 8, signed=True) if bits(data, 8 + k, 1) else None

        if self.tick % VALIDATED_EVERY == 0:
            self.cells_mv, self.sensors_c = self.taken_mv.copy(), self.taken_c.copy()
            if 0x521 in self.ivt:
                self.current_ma = self.ivt[0x521][1]

    def _age_ms(self, now_ns: int, can_id: int) -> float:
        seen = self.ivt.get(can_id)
        return (now_ns - seen[0]) / MS if seen else float("inf")

    def _diagnose(self, now_ns: int) -> None:
        if self.state < STANDBY and self.state != OPENING:
            return
        plausible = self._plausible_mv()
        current_ma = self.current_ma
        temps = [t for t in self.sensors_c if t is not None]
        age_ms = (now_ns - self.requests[-1]) / MS if self.requests else float("inf")
        gap_ms = (self.requests[-1] - self.requests[-2]) / MS if len(self.requests) > 1 else 100.0
        slack = self.request_slack_ms
        hot_c = max(temps, default=25)
        discharging = current_ma > 200
        self._count(now_ns, 5, not (95 - slack <= gap_ms <= 105 + slack and age_ms <= 105 + slack))
        self._count(now_ns, 17, bool(plausible) and max(plausible) >= 2800)
        low = bool(plausible) and min(plausible) <= 1500
        self._count(now_ns, 20, low)
        self._count(now_ns, 50, low and 20 in self.active)
        self._count(now_ns, 26, discharging and hot_c >= 55)
        self._count(now_ns, 23, not discharging and hot_c >= 45)
        self._count(now_ns, 44, current_ma > 2400)
        self._count(now_ns, 48, current_ma > 2400)
        self._count(now_ns, 41, current_ma < -2400)
        self._count(now_ns, 47, current_ma < -2400)
        self._count(now_ns, 10, self._age_ms(now_ns, 0x521) > 200)
        self._count(now_ns, 65, self._age_ms(now_ns, 0x521) > 250)
        self._count(now_ns, 67, self._age_ms(now_ns, 0x522) > 300)
        self._count(now_ns, 69, self._age_ms(now_ns, 0x524) > 300)
        self._count(now_ns, 8, self._age_ms(now_ns, 0x527) > 2000)
        self._count(now_ns, 9, self._age_ms(now_ns, 0x528) > 2000)
        if self.tick % 5 == 0:
            valid = [mv for mv in self.cells_mv if mv is not None]
            apart = abs(self.ivt[0x522][1] - sum(valid)) > 3000
            self._count(now_ns, 52, apart or len(valid) < CELLS)

    def _plausible_mv(self) -> list[int]:
        """Without the cells that are more than 300 mV from the mean."""
        valid = [mv for mv in self.cells_mv if mv is not None]
        mean = sum(valid) / len(valid) if valid else 0
        return [mv for mv in valid if abs(mv - mean) <= 300]

    def _count(self, now_ns: int, diag: int, bad: bool) -> None:
        events = max(1, FATAL[diag][0] + self.late_ticks)
        self.counts[diag] = min(events, max(0, self.counts[diag] + (1 if bad else -1)))
        if self.counts[diag] >= events and diag not in self.active:
            self.active[diag] = now_ns
            for other in self.tells_beside:
                self._fatal(other)
            self._fatal(diag)
        elif self.counts[diag] == 0 and diag in self.active and not bad:
            del self.active[diag]
            if not self.active:
                self._fatal(ALL_CLEARED)

    def _run(self, now_ns: int) -> None:
        assert self.started_ns is not None
        up_ms = (now_ns - self.started_ns) / MS
        delayed = [
            t_ns + (FATAL[diag][2] if self.delay_ms is None else self.delay_ms) * MS
            for diag, t_ns in self.active.items()
        ]
        if self.state == 3 and up_ms >= 1440:
            if any(self._age_ms(now_ns, can_id) > 1000 for can_id in IVT_IDS):
                self.violations.append("the current sensor is not on the bus 1.4 s after start")
            elif len([mv for mv in self.cells_mv if mv is not None]) == CELLS:
                self._enter(now_ns, STANDBY)
        elif self.state in (STANDBY, PRECHARGE, NORMAL) and delayed and now_ns >= min(delayed):
            if self.connected:
                self._enter(now_ns, OPENING)
            else:
                self._enter(now_ns, ERROR)
        elif self.state == OPENING:
            self._open(now_ns)
        elif self.state == STANDBY and self.mode in (1, 2) and not self.active:
            self._enter(now_ns, PRECHARGE)
        elif self.state == PRECHARGE and (now_ns - self.entered_ns) >= 200 * MS:
            apart_mv = abs(self.ivt[0x522][1] - self.ivt[0x524][1])
            if apart_mv < 1000 and abs(self.ivt[0x521][1]) < 50:
                self.connected = 1
                self._enter(now_ns, NORMAL)
            elif (now_ns - self.entered_ns) > 2000 * MS:
                self.violations.append(f"precharge: {apart_mv} mV apart after 2 s")
                self._enter(now_ns, ERROR)
        elif self.state == NORMAL and self.mode == 0:
            self.connected = 0
            self._enter(now_ns, STANDBY)

    def _open(self, now_ns: int) -> None:
        if 65 in self.active and 81 not in self.active and not self.coils_off_ns:
            if now_ns - self.entered_ns < WAITS_NS:
                return
            self._count(now_ns, 81, True)
            self.entered_ns = now_ns
        since_ns = now_ns - self.entered_ns
        for count, after_ns in enumerate((FIRST_COIL_NS, LAST_COIL_NS)):
            if since_ns >= after_ns and len(self.coils_off_ns) == count:
                self.coils_off_ns.append(now_ns)
        if since_ns >= TOLD_NS:
            self.connected = 0
            self._enter(now_ns, ERROR)

    def _enter(self, now_ns: int, state: int) -> None:
        self.state, self.entered_ns = state, now_ns
        self._bms_state()

    # --- out -----------------------------------------------------------------------------------------------

    def _send(self) -> None:
        if self.state >= STANDBY or self.state == OPENING or self.tick % 10 == 0:
            self._bms_state()  # its sub-state toggles, and each change is sent at once
        if self.tick % 10 == 0:
            self.out.append(CanFrame(0x219, bytes((0, 5, 0, 0, 0, 0, 0, 0))))
            for diag in self.active:
                self._fatal(diag)
        if self.tick % 10 == 4:
            self._string_state()
        if self.asked:
            self.asked = False
            data = bytearray(8)
            for start, number in zip((15, 23, 31), self.version):
                put(data, start, 8, number)
            self.out.append(CanFrame(0x301, bytes(data)))

    def _bms_state(self) -> None:
        data = bytearray(8)
        put(data, 3, 4, self.state)
        put(data, 7, 4, self.connected)
        put(data, 10, 1, bool(self.active))
        put(data, 24, 1, 5 in self.active)
        put(data, 25, 1, 47 in self.active)
        put(data, 26, 1, 48 in self.active)
        put(data, 27, 1, 81 in self.active)
        put(data, 37, 6, self.tick & 1)
        self.out.append(CanFrame(0x220, bytes(data)))

    def _string_state(self) -> None:
        data = bytearray(8)
        put(data, 4, 1, self.connected)
        for diag in self.active:
            flag = FATAL[diag][3]
            if flag is not None:
                put(data, flag, 1, 1)
        self.out.append(CanFrame(0x240, bytes(data)))

    def _fatal(self, diag: int) -> None:
        self.out.append(CanFrame(0x222, bytes((diag, 0, 0, 0, 0, 0, 0, 0))))


BUILT: list[StandIn] = []


def build() -> StandIn:
    BUILT.append(StandIn())
    return BUILT[-1]


def build_late() -> StandIn:
    """A mutant: 20 events more than published."""
    BUILT.append(StandIn(late_ticks=20))
    return BUILT[-1]


def build_hasty() -> StandIn:
    """A mutant: 7 events less than published, 3 in place of 10."""
    BUILT.append(StandIn(late_ticks=-7))
    return BUILT[-1]


def build_without_delay() -> StandIn:
    """A mutant: it opens at once."""
    BUILT.append(StandIn(delay_ms=0))
    return BUILT[-1]


def build_slow_to_open() -> StandIn:
    """A mutant: 600 ms from flag to opening."""
    BUILT.append(StandIn(delay_ms=600))
    return BUILT[-1]


def build_opens_with_76() -> StandIn:
    """A mutant: with whatever makes it open it tells a code that no flag of the profile owns."""
    BUILT.append(StandIn(tells_beside=(76,)))
    return BUILT[-1]


def build_54_and_55_first() -> StandIn:
    """A mutant: it tells of both contactors' feedback before it tells of what is wrong."""
    BUILT.append(StandIn(tells_beside=(54, 55)))
    return BUILT[-1]


def build_other_version() -> StandIn:
    BUILT.append(StandIn(version=(1, 10, 0)))
    return BUILT[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bus", required=True)
    options = parser.parse_args()
    dut = StandIn(request_slack_ms=15.0)

    async def serve(clock: HostClock) -> None:
        with open_bus(options.bus) as bus:

            def step() -> None:
                for _, frame in dut.step(clock.now_ns()):
                    bus.send(to_message(frame))

            stop = listen(clock, bus, lambda m: dut.receive(clock.now_ns(), "can1", to_frame(m)))
            told = told_to_end()
            timer = clock.every(dut.period_ns, Phase.DUT, step, first_ns=clock.now_ns())
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await told.wait()
            timer.cancel()
            stop()

    run_on_host(serve)
    for line in dut.violations:
        sys.stderr.write(f"stand-in: {line}\n")
    return bool(dut.violations)


if __name__ == "__main__":
    sys.exit(main())
