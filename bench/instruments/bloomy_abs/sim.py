"""The Bloomy ABS, played: unit ids on a shared RS-485 line, error queue, fault relays, alarms."""

import random
from collections import deque
from collections.abc import Callable, Sequence

from bench.codec.scpi import Command, ScpiError, channels_of, number_of, take_apart
from bench.instruments.cell_outputs import CellOutputs, OutputTraits
from bench.instruments.ports import WireFault
from bench.units import NS_PER_MS, NS_PER_S

CHANNELS = 8
HIGHEST_V = 5.0
HIGHEST_A = 5.0
BROADCAST = 32
REBOOT_NS = 5 * NS_PER_S
PROCESSING_NS = 2 * NS_PER_MS
_QUEUE_DEPTH = 16
_TEXTS = {
    -104: "Data type error", -109: "Missing parameter", -113: "Undefined header", -114: "Header suffix out of range",
    -222: "Data out of range", -224: "Illegal parameter value", -350: "Queue overflow",
}  # fmt: skip
_SENT = {
    "NONE": WireFault.NONE, "OPEN": WireFault.OPEN, "SHORT": WireFault.SHORT, "POL": WireFault.REVERSED
}  # fmt: skip
_TOLD = {
    WireFault.NONE: "NONE", WireFault.OPEN: "OPENCIRCUIT",
    WireFault.SHORT: "SHORTCIRCUIT", WireFault.REVERSED: "POLARITY",
}  # fmt: skip

TRAITS = OutputTraits(
    rise_tau_ns=NS_PER_MS, fall_tau_ns=NS_PER_MS, set_step_v=1e-4, read_step_v=1e-4, noise_v=5e-5
)


class BloomyAbsSim:
    """One unit. `unit_id` is None behind a TCP port, where lines carry no prefix."""

    line_end = b"\n"

    def __init__(self, *, unit_id: int | None = None, seed: int = 0) -> None:
        self.channels = CHANNELS
        self.outputs = CellOutputs(CHANNELS, TRAITS, random.Random(f"ABS {seed} {unit_id}"))
        self.alarms = 0
        self._prefix = None if unit_id is None else f"@{unit_id}"
        self._identity = f"Bloomy Controls,ABS-8,{unit_id if unit_id is not None else 0:06d},1.4.0"
        self._errors: deque[tuple[int, str]] = deque()
        self._free_ns = 0
        self._settings: dict[str, Callable[[int, str, int], None]] = {
            "SOUR:VOLT": self._set_voltage,
            "SOUR:CURR:SRC": lambda _, text, __: self._current(text, 0.0),
            "SOUR:CURR:SNK": lambda _, text, __: self._current(text, -HIGHEST_A),
            "OUTP": self._set_output,
            "OUTP:FAUL": self._set_fault,
        }
        self._readings: dict[str, Callable[[int, int], str]] = {
            "SOUR:VOLT": lambda channel, _: f"{self.outputs.set_v[channel]:.4f}",
            "OUTP": lambda channel, _: str(int(self.outputs.on[channel])),
            "OUTP:FAUL": lambda channel, _: _TOLD[self.outputs.fault[channel]],
            "OUTP:MODE": lambda _, __: "CV",
            "MEAS:VOLT": lambda channel, now_ns: f"{self.outputs.read_v(channel, now_ns):.4f}",
            "MEAS:VOLT:AVG": lambda channel, now_ns: f"{self.outputs.read_v(channel, now_ns):.4f}",
            "MEAS:CURR": lambda _, __: "0.0000",
        }

    def output_v(self, now_ns: int) -> list[float]:
        """True outputs in V at the DUT, cell 1 first; nan where the wire is open."""
        return self.outputs.all_v(now_ns)

    def stick(self, number: int, now_ns: int) -> None:
        """Cell `number` (from 1) stays at the voltage that it has; what is asked of it is acknowledged."""
        self.outputs.stick(number - 1, now_ns)

    def raise_alarm(self, bits: int, now_ns: int) -> None:
        """0x100 to 0x800: a fan has failed and its pair of cells goes off."""
        self.alarms |= bits
        for fan in range(4):
            if bits & 0x100 << fan:
                for channel in (2 * fan, 2 * fan + 1):
                    self.outputs.switch(channel, False, now_ns)

    def takes_ns(self, line: str, arrived_ns: int) -> int | None:
        """Lines for other units pass by unheard; a rebooting unit hears nothing."""
        if self._mine(line) is None or arrived_ns < self._free_ns:
            return None
        if "*RST" in line.upper():
            self._free_ns = arrived_ns + REBOOT_NS
        return PROCESSING_NS

    def handle(self, line: str, now_ns: int) -> bytes:
        text = self._mine(line)
        replies = []
        for piece in (text or "").split(";"):
            if not piece.strip():
                continue
            try:
                reply = self._obey(take_apart(piece), now_ns)
            except ScpiError as refused:
                self._queue(refused.code, str(refused).partition(": ")[2])
            else:
                if reply is not None:
                    replies.append(reply)
        silent = not replies or line.startswith(f"@{BROADCAST} ")
        return b"" if silent else ";".join(replies).encode("ascii") + b"\r\n"

    def _mine(self, line: str) -> str | None:
        if self._prefix is None:
            return line
        address, _, text = line.partition(" ")
        return text if address in (self._prefix, f"@{BROADCAST}") else None

    def _obey(self, command: Command, now_ns: int) -> str | None:
        plain = command.header + ("?" if command.query else "")
        match plain:
            case "*IDN?":
                return self._identity
            case "*CLS":
                self._errors.clear()
                return None
            case "*RST":
                self._reset(now_ns)
                return None
            case "SYST:ERR?":
                code, detail = self._errors.popleft() if self._errors else (0, "")
                text = _TEXTS.get(code, "No error") + (f", {detail}" if detail else "")
                return f'{code},"{text}"'
            case "SYST:ERR:COUN?":
                return str(len(self._errors))
            case "SYST:ALARM?":
                return str(self.alarms)
            case "SYST:ALARM:CLEAR":
                self.alarms = 0
                return None
        if command.query:
            reading = self._readings.get(command.header)
            if reading is None:
                raise ScpiError(-113, command.header)
            channels = self._channels(command.suffix, command.parameters)
            return ",".join(reading(channel - 1, now_ns) for channel in channels)
        setting = self._settings.get(command.header)
        if setting is None:
            raise ScpiError(-113, command.header)
        value, _, where = command.parameters.partition(",")
        for channel in self._channels(command.suffix, where):
            setting(channel - 1, value.strip(), now_ns)
        return None

    @staticmethod
    def _channels(suffix: int | None, listed: str) -> Sequence[int]:
        if suffix is None:
            if not listed:
                raise ScpiError(-109, "channel list")
            return channels_of(listed, CHANNELS)
        if not 1 <= suffix <= CHANNELS:
            raise ScpiError(-114, f"channel {suffix}")
        return [suffix]

    def _set_voltage(self, channel: int, text: str, now_ns: int) -> None:
        value = number_of(text)
        if not 0 <= value <= HIGHEST_V:
            raise ScpiError(-222, f"{value:g} V")
        self.outputs.set(channel, value, now_ns)

    @staticmethod
    def _current(text: str, lowest: float) -> None:
        value = number_of(text)
        if not lowest <= value <= HIGHEST_A:
            raise ScpiError(-222, f"{value:g} A")

    def _set_output(self, channel: int, text: str, now_ns: int) -> None:
        if text not in ("0", "1"):
            raise ScpiError(-224, text)
        fan_failed = bool(self.alarms & 0x100 << channel // 2) or bool(self.alarms & 0x1)
        self.outputs.switch(channel, text == "1" and not fan_failed, now_ns)

    def _set_fault(self, channel: int, text: str, _now_ns: int) -> None:
        fault = _SENT.get(text.upper())
        if fault is None:
            raise ScpiError(-224, text)
        self.outputs.fault[channel] = fault

    def _reset(self, now_ns: int) -> None:
        self._errors.clear()
        for channel in range(CHANNELS):
            self.outputs.fault[channel] = WireFault.NONE
            self.outputs.set_v[channel] = 0.0
            self.outputs.switch(channel, False, now_ns)

    def _queue(self, code: int, detail: str) -> None:
        if len(self._errors) >= _QUEUE_DEPTH:
            self._errors[-1] = (-350, "")
        else:
            self._errors.append((code, detail[:60].replace('"', "'")))
