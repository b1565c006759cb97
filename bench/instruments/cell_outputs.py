"""The outputs of a simulated cell emulator: first-order lags, relays, and readings with noise.

Shared by all simulators of cell emulators; their time constants, limits and resolutions differ.
"""

import math
import random
from dataclasses import dataclass

from bench.instruments.ports import WireFault

SETTLED_V = 1e-5  # an output this close to its aim holds it


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTraits:
    """How a channel's output moves and how it is read back."""

    rise_tau_ns: int
    fall_tau_ns: int
    set_step_v: float  # set points are rounded to it
    read_step_v: float  # readings too
    noise_v: float  # standard deviation of a reading


class CellOutputs:
    """Channels counted from 0. Instants handed in do not go backwards."""

    def __init__(self, channels: int, traits: OutputTraits, rng: random.Random) -> None:
        self.channels = channels
        self.set_v = [0.0] * channels
        self.on = [False] * channels
        self.fault = [WireFault.NONE] * channels
        self.bleed = [False] * channels  # a load across the output: it falls as fast as it rises
        self._traits = traits
        self._rng = rng
        self._stuck_v: dict[int, float] = {}
        self._aim_v = [0.0] * channels
        self._moving: dict[int, tuple[float, int, int]] = {}  # channel → (offset from the aim, start, tau)

    def set(self, channel: int, voltage_v: float, now_ns: int) -> None:
        step = self._traits.set_step_v
        self.set_v[channel] = round(voltage_v / step) * step if step else voltage_v
        self.retarget(channel, now_ns)

    def switch(self, channel: int, on: bool, now_ns: int) -> None:
        self.on[channel] = on
        self.retarget(channel, now_ns)

    def retarget(self, channel: int, now_ns: int) -> None:
        """Set out for what set point, switch and bleed now ask for."""
        present_v = self.inner_v(channel, now_ns)
        aim_v = self.set_v[channel] if self.on[channel] else 0.0
        falls = aim_v < present_v and not self.bleed[channel]
        tau_ns = self._traits.fall_tau_ns if falls else self._traits.rise_tau_ns
        self._aim_v[channel] = aim_v
        if tau_ns and abs(present_v - aim_v) > SETTLED_V:
            self._moving[channel] = (present_v - aim_v, now_ns, tau_ns)
        else:
            self._moving.pop(channel, None)

    def stick(self, channel: int, now_ns: int) -> None:
        """The output stays at the voltage that it has, whatever set point and switch ask for."""
        self._stuck_v[channel] = self.inner_v(channel, now_ns)

    def inner_v(self, channel: int, now_ns: int) -> float:
        """The voltage before the fault relays."""
        if channel in self._stuck_v:
            return self._stuck_v[channel]
        moving = self._moving.get(channel)
        if moving is None:
            return self._aim_v[channel]
        offset_v, start_ns, tau_ns = moving
        rest_v = offset_v * math.exp((start_ns - now_ns) / tau_ns)
        if abs(rest_v) <= SETTLED_V:
            del self._moving[channel]
            return self._aim_v[channel]
        return self._aim_v[channel] + rest_v

    def outer_v(self, channel: int, now_ns: int) -> float:
        """What arrives at the DUT: nan when open, 0 when short, negative when reversed."""
        match self.fault[channel]:
            case WireFault.OPEN:
                return math.nan
            case WireFault.SHORT:
                return 0.0
            case WireFault.REVERSED:
                return -self.inner_v(channel, now_ns)
            case _:
                return self.inner_v(channel, now_ns)

    def all_v(self, now_ns: int) -> list[float]:
        return [self.outer_v(channel, now_ns) for channel in range(self.channels)]

    def read_v(self, channel: int, now_ns: int) -> float:
        """A reading of the inner voltage, as the instrument's converter gives it."""
        traits = self._traits
        seen_v = 0.0 if self.fault[channel] is WireFault.SHORT else self.inner_v(channel, now_ns)
        seen_v += self._rng.gauss(0.0, traits.noise_v)
        return round(seen_v / traits.read_step_v) * traits.read_step_v
