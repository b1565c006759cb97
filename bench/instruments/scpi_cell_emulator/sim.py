"""The open reference cell emulator, played in software. Protocol: docs/cell_emulator_protocol.md.

Transport-free and clock-free: lines and instants come in, replies go out. A first-order lag has no memory,
so one start instant serves all channels, and an output is exact at whatever instant it is asked for.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import product

from bench.errors import LinkError
from bench.instruments.ports import DeviceEnd
from bench.timing.clock import Clock, Phase
from bench.units import NS_PER_MS, NS_PER_S

RESOLUTION_V = 1e-4
HIGHEST_V = 6.0
LONGEST_WATCHDOG_S = 60.0
LONGEST_LINE = 4096  # bytes without a terminator before the input counts as noise
NOT_A_NUMBER = "9.91E+37"  # SCPI-1999's way to write nan

_ERROR_TEXTS = {
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -120: "Numeric data error",
    -131: "Invalid suffix",
    -221: "Settings conflict",
    -222: "Data out of range",
    -224: "Illegal parameter value",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
}
_QUEUE_DEPTH = 16


class _Refused(Exception):
    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def _number(text: str) -> float:
    text = text.strip()
    if not text:
        raise _Refused(-109)
    try:
        value = float(text)
    except ValueError:
        raise _Refused(-131 if text[0] in "+-.0123456789" else -104, text) from None
    if value != value or "_" in text:
        raise _Refused(-120, text)
    return value


def _forms(header: str) -> list[str]:
    """Every spelling of a header: `SOURce:VOLTage` → SOUR:VOLT, SOURCE:VOLT, …"""
    nodes = []
    for node in header.split(":"):
        short = "".join(letter for letter in node if not letter.islower())
        nodes.append(dict.fromkeys((short, node.upper() if node[-1] != "?" else node[:-1].upper() + "?")))
    return [":".join(spelling) for spelling in product(*nodes)]


class CellEmulatorSim:
    """One emulator. `handle` and `output_v` must be called with instants that do not go backwards."""

    def __init__(
        self, channels: int = 96, *, settle_tau_ns: int = 2 * NS_PER_MS, serial: str = "SIM"
    ) -> None:
        self.channels = channels
        self.tripped_ns: int | None = None  # instant at which the dead-man last switched the outputs off
        self._tau_ns = settle_tau_ns
        self._identity = f"BMS-HIL,CELL-EMULATOR-{channels},{serial},1.0"
        self._errors: deque[tuple[int, str]] = deque()
        self._set_v = [0.0] * channels
        self._open: frozenset[int] = frozenset()
        self._stuck_v: dict[int, float] = {}
        self._on = False
        self._watchdog_ns = 0
        self._heard_ns = 0
        # Output of a channel at t: target + offset * exp(-(t - start) / tau).
        self._target_v = self._set_v
        self._offset_v: list[float] = [0.0] * channels
        self._start_ns = 0
        self._settled_ns = 0
        self._actions: dict[str, Callable[[str, int], str | None]] = {
            form: action
            for header, action in {
                "*IDN?": lambda _, __: self._identity,
                "*RST": self._reset,
                "*CLS": self._clear,
                "SYSTem:ERRor?": self._next_error,
                "SYSTem:SYNC?": lambda text, _: f"SYNC {text.strip()}",
                "SYSTem:WDOG": self._watchdog,
                "SYSTem:WDOG?": lambda _, __: f"{self._watchdog_ns / NS_PER_S:g}",
                "SYSTem:WDOG:TRIP?": lambda _, __: "0" if self.tripped_ns is None else "1",
                "SOURce:VOLTage": self._source,
                "SOURce:VOLTage?": lambda text, _: self._listed(self._set_v, text),
                "SOURce:VOLTage:ALL": self._source_all,
                "MEASure:VOLTage?": lambda text, now_ns: self._listed(self.output_v(now_ns), text),
                "MEASure:VOLTage:ALL?": lambda _, now_ns: self._written(self.output_v(now_ns)),
                "OUTPut": self._output,
                "OUTPut?": lambda _, __: str(self.channels if self._on else 0),
                "OUTPut:FAULt": self._fault,
            }.items()
            for form in _forms(header)
        }

    @property
    def is_on(self) -> bool:
        """Outputs on, as of the last instant given in."""
        return self._on

    @property
    def dead_man_armed(self) -> bool:
        """Armed with the outputs on: it will switch them off if the silence lasts."""
        return self._on and self._watchdog_ns > 0

    def handle(self, line: bytes, now_ns: int) -> bytes:
        """Execute one line (its LF may be missing); the reply with its LF, or b"" where nothing was asked."""
        self._dead_man(now_ns)
        replies = []
        for command in line.decode("ascii", "replace").split(";"):
            header, _, parameters = command.strip().removeprefix(":").partition(" ")
            if not header:
                continue
            action = self._actions.get(header) or self._actions.get(header.upper())
            try:
                if action is None:
                    plain = "".join(letter for letter in header.upper() if not letter.isdigit())
                    raise _Refused(-114 if plain in self._actions else -113, header)
                self._heard_ns = now_ns  # noise on the line does not feed the dead-man, a known header does
                reply = action(parameters, now_ns)
            except _Refused as refused:
                self._queue(refused.code, refused.detail)
            else:
                if reply is not None:
                    replies.append(reply)
        return (";".join(replies) + "\n").encode("ascii", "replace") if replies else b""

    def overrun(self) -> None:
        """Note that the line carried LONGEST_LINE bytes without a terminator."""
        self._queue(-363, "")

    def output_v(self, now_ns: int) -> list[float]:
        """True outputs of all channels in V at `now_ns`, channel 1 first; nan where the channel is open."""
        self._dead_man(now_ns)
        volts = self._closed_v(now_ns)
        for channel in self._open:
            volts[channel] = math.nan
        return volts

    def stick(self, number: int, now_ns: int) -> None:
        """Channel `number` (from 1) stays at the voltage that it has; what is asked of it is acknowledged."""
        self._dead_man(now_ns)
        self._stuck_v[number - 1] = self._closed_v(now_ns)[number - 1]

    def _closed_v(self, now_ns: int) -> list[float]:
        volts = self._moving_v(now_ns)
        for channel, volt in self._stuck_v.items():
            volts[channel] = volt
        return volts

    def _moving_v(self, now_ns: int) -> list[float]:
        if now_ns >= self._settled_ns:
            return self._target_v.copy()
        left = math.exp((self._start_ns - now_ns) / self._tau_ns)
        return [
            target if -RESOLUTION_V <= (rest := offset * left) <= RESOLUTION_V else target + rest
            for target, offset in zip(self._target_v, self._offset_v, strict=True)
        ]

    def _dead_man(self, now_ns: int) -> None:
        if self._on and self._watchdog_ns and now_ns - self._heard_ns >= self._watchdog_ns:
            self.tripped_ns = self._heard_ns + self._watchdog_ns
            self._on = False
            self._retarget(self.tripped_ns)

    def _retarget(self, now_ns: int) -> None:
        volts = self._closed_v(now_ns)
        target = self._set_v if self._on else [0.0] * self.channels
        self._offset_v = [volt - aim for volt, aim in zip(volts, target, strict=True)]
        self._target_v = target
        self._start_ns = now_ns
        farthest = max(max(self._offset_v), -min(self._offset_v))
        settling = math.log(farthest / RESOLUTION_V) if farthest > RESOLUTION_V else 0.0
        self._settled_ns = now_ns + math.ceil(settling * self._tau_ns)

    def _queue(self, code: int, detail: str) -> None:
        if len(self._errors) >= _QUEUE_DEPTH:
            self._errors[-1] = (-350, "")
        else:
            self._errors.append((code, detail[:60].replace('"', "'").replace(";", ",").replace("\n", " ")))

    # -- commands: (parameters, now_ns) -> reply or None -------------------------------------------------

    def _next_error(self, _text: str, _now_ns: int) -> str:
        if not self._errors:
            return '0,"No error"'
        code, detail = self._errors.popleft()
        return f'{code},"{_ERROR_TEXTS[code]}{", " if detail else ""}{detail}"'

    def _clear(self, _text: str, _now_ns: int) -> None:
        self._errors.clear()

    def _reset(self, _text: str, now_ns: int) -> None:
        self._set_v = [0.0] * self.channels
        self._open = frozenset()
        self._on = False
        self._watchdog_ns = 0
        self.tripped_ns = None
        self._retarget(now_ns)

    def _watchdog(self, text: str, _now_ns: int) -> None:
        seconds = _number(text)
        if not 0 <= seconds <= LONGEST_WATCHDOG_S:
            raise _Refused(-222, text)
        self._watchdog_ns = round(seconds * NS_PER_S)
        self.tripped_ns = None

    def _output(self, text: str, now_ns: int) -> None:
        word = text.strip().upper()
        if word not in ("ON", "OFF", "1", "0"):
            raise _Refused(-224 if word else -109, text)
        on = word in ("ON", "1")
        if on and self.tripped_ns is not None:
            raise _Refused(-221, "dead-man has tripped")
        self._on = on
        self._retarget(now_ns)

    def _source_all(self, text: str, now_ns: int) -> None:
        words = text.split(",")
        if len(words) != self.channels:
            few = len(words) < self.channels
            raise _Refused(-109 if few else -108, f"{len(words)} of {self.channels} values")
        try:
            volts = list(map(float, words))
            # int() both rounds to the resolution and refuses nan and inf
            steps = [int(volt * 10_000 + 0.5) for volt in volts]
        except (ValueError, OverflowError):
            volts = [_number(word) for word in words]  # names the word that is wrong
            raise _Refused(-222, "infinite") from None
        if min(volts) < 0 or max(volts) > HIGHEST_V:
            raise _Refused(-222, f"{min(volts):g} to {max(volts):g} V")
        self._set_v = [step / 10_000 for step in steps]
        if self._on:
            self._retarget(now_ns)

    def _source(self, text: str, now_ns: int) -> None:
        value, _, where = text.partition(",")
        volt = _number(value)
        channels = self._channels(where)
        if not 0 <= volt <= HIGHEST_V:
            raise _Refused(-222, f"{volt:g} V")
        volts = self._set_v.copy()
        for channel in channels:
            volts[channel] = round(volt * 10_000) / 10_000
        self._set_v = volts
        if self._on:
            self._retarget(now_ns)

    def _fault(self, text: str, _now_ns: int) -> None:
        word, _, where = text.partition(",")
        kind = word.strip().upper()
        if kind not in ("NONE", "OPEN"):
            raise _Refused(-224 if kind else -109, word)
        channels = self._channels(where)
        self._open = self._open.union(channels) if kind == "OPEN" else self._open.difference(channels)

    def _channels(self, text: str) -> list[int]:
        """`(@1,5:8)` as indices from 0."""
        text = text.strip()
        if not text:
            raise _Refused(-109, "channel list")
        if not (text.startswith("(@") and text.endswith(")")):
            raise _Refused(-104, text)
        channels: list[int] = []
        for piece in text[2:-1].split(","):
            first, _, last = piece.strip().partition(":")
            if not (first.isdecimal() and (last.isdecimal() or not last)):
                raise _Refused(-104, piece)
            low, high = int(first), int(last or first)
            if not 1 <= low <= high <= self.channels:
                raise _Refused(-222, f"channel {piece}")
            channels.extend(range(low - 1, high))
        return channels

    def _listed(self, volts: list[float], text: str) -> str:
        return self._written([volts[channel] for channel in self._channels(text)])

    @staticmethod
    def _written(volts: Iterable[float]) -> str:
        return ",".join([f"{volt:.4f}" if volt == volt else NOT_A_NUMBER for volt in volts])


def attach_simulated(
    sim: CellEmulatorSim, device: DeviceEnd, clock: Clock, *, processing_ns: int = NS_PER_MS
) -> None:
    """Let `sim` answer on the instrument's end of a line; each command line takes it `processing_ns`."""
    pending = bytearray()
    busy_until_ns = 0

    def execute(line: bytes) -> None:
        reply = sim.handle(line, clock.now_ns())
        if reply:
            with suppress(LinkError):  # the line was torn meanwhile: the command acted, the reply is lost
                device.write(reply)

    def arrived(now_ns: int, data: bytes) -> None:
        nonlocal busy_until_ns
        pending.extend(data)
        while (end := pending.find(b"\n")) >= 0:
            line = bytes(pending[:end])
            del pending[: end + 1]
            busy_until_ns = max(busy_until_ns, now_ns) + processing_ns
            clock.call_at(busy_until_ns, Phase.INSTRUMENT, partial(execute, line))
        if len(pending) > LONGEST_LINE:
            pending.clear()
            sim.overrun()

    device.subscribe(arrived)
