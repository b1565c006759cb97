"""The NGI N83624, played: command spacing, busy times, interlocked fault relays, the 0 mA trap, slow readings.

Busy times are chosen so that reading 24 currents takes the 4.5 s seen in the field; the guide gives none.
"""

import math
import random
import re
from collections.abc import Callable

from bench.codec.scpi import Command, ScpiError, channels_of, number_of, take_apart
from bench.instruments.cell_outputs import CellOutputs, OutputTraits
from bench.instruments.ports import WireFault
from bench.units import NS_PER_MS, NS_PER_S

CHANNELS = 24
HIGHEST_V = 6.0
HIGHEST_MA = 5000.0
SPACING_NS = 250 * NS_PER_MS
LIST_SPACING_NS = 500 * NS_PER_MS
RESET_NS = 10 * NS_PER_S
AVERAGING_NS = {0: 10 * NS_PER_MS, 1: 120 * NS_PER_MS, 2: 480 * NS_PER_MS}
_SET_NS, _VOLT_NS, _CURR_NS = 20 * NS_PER_MS, 15 * NS_PER_MS, 175 * NS_PER_MS
_IDLE_V = 0.02
_LONG = {
    "SOURCE": "SOUR", "MEASURE": "MEAS", "OUTPUT": "OUTP", "VOLTAGE": "VOLT", "CURRENT": "CURR",
    "FAULT": "FAUL", "RANGE": "RANG", "STATE": "STAT", "EVENT": "EVEN", "POWER": "POW",
}  # fmt: skip
_RELAY = {
    0: WireFault.NONE, 1: WireFault.OPEN, 4: WireFault.OPEN, 8: WireFault.SHORT, 96: WireFault.REVERSED
}  # fmt: skip
_OFP, _OMP = 1 << 5, 1 << 6
_VALUE_AND_LIST = re.compile(r"([^(]*)(\(@.*\))?")

TRAITS = OutputTraits(
    rise_tau_ns=4 * NS_PER_MS, fall_tau_ns=4 * NS_PER_MS, set_step_v=1e-4, read_step_v=1e-4, noise_v=5e-5
)


class NgiN83624Sim:
    """One unit. What it is told wrongly it ignores, as it has no error queue to read."""

    line_end = b"\n"

    def __init__(self, *, seed: int = 0, number: int = 0) -> None:
        self.channels = CHANNELS
        self.outputs = CellOutputs(CHANNELS, TRAITS, random.Random(f"N83624 {seed} {number}"))
        self._identity = f"NGI,N83624,{number},V1.00"
        self._mode = [0] * CHANNELS
        self._range = [3] * CHANNELS  # auto, as delivered
        self._limit_ma = [{0: 1000.0, 2: 0.0, 3: 0.0} for _ in range(CHANNELS)]
        self._on = [False] * CHANNELS
        self._refused = [0] * CHANNELS  # state bits of the last relay command
        self._averaging = [0] * CHANNELS
        self._free_ns = 0
        self._settings: dict[str, Callable[[int, float, int], None]] = {
            "SOUR:VOLT": self._set_voltage, "SOUR:OUTCURR": self._set_limit, "SOUR:RANG": self._set_range,
            "OUTP:ONOFF": self._set_output, "OUTP:MODE": self._set_mode, "FAUL:SIMU": self._set_relay,
            "MEAS:CAPR": self._set_averaging,
        }  # fmt: skip
        self._readings: dict[str, Callable[[int, int], str]] = {
            "MEAS:VOLT": lambda channel, now_ns: f"{self.outputs.read_v(channel, now_ns):.4f}",
            "MEAS:CURR": lambda _channel, _now_ns: "0.000",
            "SOUR:VOLT": lambda channel, _: f"{self.outputs.set_v[channel]:.4f}",
            "SOUR:OUTCURR": lambda channel, _: f"{self._limit_ma[channel][self._range[channel]]:.3f}",
            "SOUR:RANG": lambda channel, _: str(self._range[channel]),
            "OUTP:ONOFF": lambda channel, _: str(int(self._on[channel])),
            "OUTP:MODE": lambda channel, _: str(self._mode[channel]),
            "OUTP:STAT": lambda channel, _: str(int(self._on[channel]) | self._refused[channel]),
        }

    def output_v(self, now_ns: int) -> list[float]:
        """True outputs in V at the DUT, channel 1 first; nan where a wire is open."""
        return self.outputs.all_v(now_ns)

    def stick(self, number: int, now_ns: int) -> None:
        """Cell `number` (from 1) stays at the voltage that it has; what is asked of it is acknowledged."""
        self.outputs.stick(number - 1, now_ns)

    def takes_ns(self, line: str, arrived_ns: int) -> int | None:
        """Too early a command is lost without a word."""
        if arrived_ns < self._free_ns:
            return None
        try:
            command = take_apart(line)
        except ScpiError:
            return _SET_NS
        if command.header == "*RST":
            self._free_ns = arrived_ns + RESET_NS
            return RESET_NS
        listed = "(@" in command.parameters
        self._free_ns = arrived_ns + (LIST_SPACING_NS if listed else SPACING_NS)
        channels = command.parameters.count(",") + 1 if listed else 1
        leaf = self._normal(command.header)
        if not command.query:
            return _SET_NS
        each = _CURR_NS if leaf == "MEAS:CURR" else _VOLT_NS
        averaging = AVERAGING_NS[max(self._averaging)] if leaf.startswith("MEAS:") else 0
        return _SET_NS + averaging + each * channels

    def handle(self, line: str, now_ns: int) -> bytes:
        try:
            return self._obey(take_apart(line), now_ns)
        except ScpiError:
            return b""

    def _obey(self, command: Command, now_ns: int) -> bytes:
        header = self._normal(command.header)
        if header == "*IDN" and command.query:
            return f"{self._identity}\r\n".encode("ascii")
        if header == "*OPC":
            return b"1\r\n" if command.query else b""
        if header == "*RST":
            self._reset(now_ns)
            return b""
        match = _VALUE_AND_LIST.fullmatch(command.parameters)
        if match is None:
            raise ScpiError(-102, command.parameters)
        value, listed = match[1].strip(), match[2]
        if listed is not None and ":" in listed:
            raise ScpiError(-102, listed)  # the guide knows no ranges
        channels = channels_of(listed, CHANNELS) if listed else [command.suffix or 1]
        if not all(1 <= channel <= CHANNELS for channel in channels):
            raise ScpiError(-114, command.header)
        if command.query:
            reading = self._readings.get(header)
            if reading is None:
                raise ScpiError(-115, header)
            return (",".join(reading(channel - 1, now_ns) for channel in channels) + "\r\n").encode("ascii")
        setting = self._settings.get(header)
        if setting is None:
            raise ScpiError(-113, header)
        number = number_of(value)
        for channel in channels:
            setting(channel - 1, number, now_ns)
        return b""

    @staticmethod
    def _normal(header: str) -> str:
        return ":".join(_LONG.get(node, node) for node in header.split(":"))

    def _drive(self, channel: int, now_ns: int) -> None:
        limit_ma = self._limit_ma[channel][self._range[channel]]
        live = self._on[channel] and self._mode[channel] == 0 and limit_ma >= 1.0
        self.outputs.switch(channel, live, now_ns)

    def _set_voltage(self, channel: int, value: float, now_ns: int) -> None:
        if 0 <= value <= HIGHEST_V:
            self.outputs.set(channel, value, now_ns)

    def _set_limit(self, channel: int, value: float, now_ns: int) -> None:
        if 0 <= value <= HIGHEST_MA:
            self._limit_ma[channel][self._range[channel]] = value
            self._drive(channel, now_ns)

    def _set_range(self, channel: int, value: float, now_ns: int) -> None:
        if value in (0, 2, 3):
            self._range[channel] = int(value)
            self._drive(channel, now_ns)

    def _set_output(self, channel: int, value: float, now_ns: int) -> None:
        if value in (0, 1):
            self._on[channel] = value == 1
            self._drive(channel, now_ns)

    def _set_mode(self, channel: int, value: float, now_ns: int) -> None:
        if value in (0, 1, 3, 128):
            self._mode[channel] = int(value)
            self._drive(channel, now_ns)

    def _set_averaging(self, channel: int, value: float, _now_ns: int) -> None:
        if value in AVERAGING_NS:
            self._averaging[channel] = int(value)

    def _set_relay(self, channel: int, value: float, now_ns: int) -> None:
        """The interlock: source mode only, output off, nothing left on the terminals."""
        fault = _RELAY.get(int(value)) if math.isfinite(value) else None
        if fault is None:
            return
        if self._mode[channel] != 0:
            self._refused[channel] = _OMP
        elif self._on[channel] or self.outputs.inner_v(channel, now_ns) > _IDLE_V:
            self._refused[channel] = _OFP
        else:
            self._refused[channel] = 0
            self.outputs.fault[channel] = fault

    def _reset(self, now_ns: int) -> None:
        for channel in range(CHANNELS):
            self._on[channel] = False
            self._mode[channel], self._range[channel], self._averaging[channel] = 0, 3, 0
            self._limit_ma[channel] = {0: 1000.0, 2: 0.0, 3: 0.0}
            self.outputs.set_v[channel] = 0.0
            self._drive(channel, now_ns)
