"""Set points on their way to a slow instrument: the newest wish of every channel wins, the largest step goes first.

Filling a 24-channel emulator that takes one command every 250 ms lasts seconds. A fault that is injected
meanwhile must not wait for that, and must not be overwritten by an older wish still under way.
"""

import math
from collections.abc import Sequence

from bench.errors import InstrumentError


class SetPoints:
    """What is wanted of channels counted from 1, and what the instrument has been sent. In V."""

    def __init__(self, channels: int, step_v: float) -> None:
        self._step_v = step_v
        self._wanted: list[float] = [0.0] * channels
        self._sent: list[float | None] = [None] * channels

    def want(self, channels: Sequence[int], voltage_v: float) -> None:
        for channel in channels:
            self._wanted[channel - 1] = self._rounded(voltage_v)

    def want_all(self, voltages_v: Sequence[float]) -> None:
        self._wanted = [self._rounded(volt) for volt in voltages_v]

    def sent(self, channels: Sequence[int], voltage_v: float) -> None:
        for channel in channels:
            self._sent[channel - 1] = self._rounded(voltage_v)

    def doubt(self, channels: Sequence[int]) -> None:
        """Nobody knows what the instrument holds for these: they will be sent again."""
        for channel in channels:
            self._sent[channel - 1] = None

    def sent_of(self, channels: Sequence[int]) -> list[float | None]:
        """What these were sent last; None where nobody knows."""
        return [self._sent[channel - 1] for channel in channels]

    def next(self) -> tuple[float, list[int]] | None:
        """(voltage, channels) of the next command: all channels that want what the farthest one wants."""
        farthest, at = 0.0, None
        for index, (wanted, sent) in enumerate(zip(self._wanted, self._sent)):
            apart = abs(wanted - sent) if sent is not None else float("inf")
            if apart > farthest:
                farthest, at = apart, index
        if at is None:
            return None
        value = self._wanted[at]
        same = [
            index + 1
            for index, (wanted, sent) in enumerate(zip(self._wanted, self._sent))
            if wanted == value and sent != wanted
        ]
        return value, same

    def _rounded(self, voltage_v: float) -> float:
        if not math.isfinite(voltage_v):
            raise InstrumentError(f"asked for {voltage_v:g} V; expected a number")
        return round(round(voltage_v / self._step_v) * self._step_v, 6)
