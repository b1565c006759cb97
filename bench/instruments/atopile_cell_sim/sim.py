"""The atopile cell-sim, played: boots ON at 3.5 V, 10 ms grid, falls with a tail of 100 ms unless bled."""

import random
from collections.abc import Callable

from bench.instruments.cell_outputs import CellOutputs, OutputTraits
from bench.instruments.ports import WireFault
from bench.units import NS_PER_MS

CHANNELS = 16
HIGHEST_V = 4.5
BOOT_V = 3.5
GRID_NS = 10 * NS_PER_MS
PROCESSING_NS = NS_PER_MS

TRAITS = OutputTraits(
    rise_tau_ns=2 * NS_PER_MS,
    fall_tau_ns=33 * NS_PER_MS,  # gone to 5 % after the 100 ms its README names
    set_step_v=HIGHEST_V / 65536,
    read_step_v=HIGHEST_V / 65536,  # 16-bit converter
    noise_v=5e-5,
)


class _Refused(Exception):
    pass


class AtopileCellSimSim:
    """One card."""

    line_end = b"\n"

    def __init__(self, *, seed: int = 0, number: int = 0) -> None:
        self.channels = CHANNELS
        self.outputs = CellOutputs(CHANNELS, TRAITS, random.Random(f"cell-sim {seed} {number}"))
        for channel in range(CHANNELS):
            self.outputs.on[channel] = True
            self.outputs.set_v[channel] = BOOT_V
            self.outputs.retarget(channel, -1_000 * NS_PER_MS)  # booted a second ago
        self._waiting: list[tuple[int, int, float]] = []  # (instant, channel, voltage) of set points to apply
        self._dmm: int | None = None
        self._commands: dict[str, Callable[[list[str], int], str]] = {
            "PING": lambda _, __: "PONG",
            "SETV": self._set_one,
            "SETALLV": self._set_every,
            "GETV": lambda words, now_ns: f"voltage:{self._read(self._cell(words), now_ns):.5f}",
            "GETALLV": lambda _, now_ns: "voltages:" + self._all(lambda c: f"{self._read(c, now_ns):.2f}"),
            "GETALLI": lambda _, __: "currents:" + self._all(lambda _: "0.00000"),
            "ENABLE_OUTPUT": lambda words, _: self._wire(words, WireFault.NONE),
            "DISABLE_OUTPUT": lambda words, _: self._wire(words, WireFault.OPEN),
            "ENABLE_OUTPUT_ALL": lambda _, __: self._wire(None, WireFault.NONE),
            "DISABLE_OUTPUT_ALL": lambda _, __: self._wire(None, WireFault.OPEN),
            "ENABLE_LOAD_SWITCH": lambda words, now_ns: self._bleed(words, True, now_ns),
            "DISABLE_LOAD_SWITCH": lambda words, now_ns: self._bleed(words, False, now_ns),
            "ENABLE_LOAD_SWITCH_ALL": lambda _, now_ns: self._bleed(None, True, now_ns),
            "DISABLE_LOAD_SWITCH_ALL": lambda _, now_ns: self._bleed(None, False, now_ns),
            "ENABLE_DMM": lambda words, _: f"dmm_enabled:{self._cell(words) + 1}",
            "DISABLE_DMM": lambda _, __: "dmm_disabled",
            "CALIBRATE": lambda words, _: f"calibrated:{self._cell(words) + 1}",
            "CALIBRATE_ALL": lambda _, __: "all_calibrated",
        }

    def output_v(self, now_ns: int) -> list[float]:
        """True outputs in V at the DUT, cell 1 first; nan where the series relay is open."""
        self._apply(now_ns)
        return self.outputs.all_v(now_ns)

    def stick(self, number: int, now_ns: int) -> None:
        """Cell `number` (from 1) stays at the voltage that it has; what is asked of it is acknowledged."""
        self._apply(now_ns)
        self.outputs.stick(number - 1, now_ns)

    def takes_ns(self, line: str, arrived_ns: int) -> int:  # noqa: ARG002
        return 2000 * NS_PER_MS if line.startswith("CALIBRATE") else PROCESSING_NS

    def handle(self, line: str, now_ns: int) -> bytes:
        self._apply(now_ns)
        name, *words = line.split()
        command = self._commands.get(name)
        try:
            reply = "Error:unknown command" if command is None else "OK:" + command(words, now_ns)
        except _Refused as refused:
            reply = f"Error:{refused}"
        return reply.encode("ascii", "replace") + b"\n"

    def _apply(self, now_ns: int) -> None:
        """Set points wait for the card's next grid point."""
        while self._waiting and self._waiting[0][0] <= now_ns:
            at_ns, channel, voltage_v = self._waiting.pop(0)
            self.outputs.set(channel, voltage_v, at_ns)

    def _set(self, channel: int, voltage_v: float, now_ns: int) -> None:
        at_ns = -(-now_ns // GRID_NS) * GRID_NS
        self._waiting.append((at_ns, channel, voltage_v))

    def _set_one(self, words: list[str], now_ns: int) -> str:
        channel = self._cell(words)
        voltage_v = self._volt(words[1:])
        self._set(channel, voltage_v, now_ns)
        return f"voltage_set:{voltage_v:g}"

    def _set_every(self, words: list[str], now_ns: int) -> str:
        voltage_v = self._volt(words)
        for channel in range(CHANNELS):
            self._set(channel, voltage_v, now_ns)
        return f"all_voltages_set:{voltage_v:g}"

    def _wire(self, words: list[str] | None, fault: WireFault) -> str:
        for channel in self._cells(words):
            self.outputs.fault[channel] = fault
        word = "enabled" if fault is WireFault.NONE else "disabled"
        return f"output_{word}"

    def _bleed(self, words: list[str] | None, on: bool, now_ns: int) -> str:
        for channel in self._cells(words):
            self.outputs.bleed[channel] = on
            self.outputs.retarget(channel, now_ns)
        return f"load_switch_{'enabled' if on else 'disabled'}"

    def _read(self, channel: int, now_ns: int) -> float:
        return self.outputs.read_v(channel, now_ns)

    @staticmethod
    def _all(word: Callable[[int], str]) -> str:
        return ",".join(word(channel) for channel in range(CHANNELS))

    def _cells(self, words: list[str] | None) -> range | list[int]:
        return range(CHANNELS) if words is None else [self._cell(words)]

    @staticmethod
    def _cell(words: list[str]) -> int:
        if not words or not words[0].isdecimal() or not 1 <= int(words[0]) <= CHANNELS:
            raise _Refused("cell number must be between 1 and 16")
        return int(words[0]) - 1

    @staticmethod
    def _volt(words: list[str]) -> float:
        try:
            voltage_v = float(words[0])
        except (IndexError, ValueError):
            raise _Refused("voltage must be between 0 and 4.5") from None
        if not 0 <= voltage_v <= HIGHEST_V:
            raise _Refused("voltage must be between 0 and 4.5")
        return voltage_v
