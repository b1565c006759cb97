"""What a faulty sensor makes of the truth. The plant stays as it is; only what the DUT is shown changes."""

import random
from abc import abstractmethod
from dataclasses import dataclass

from bench.faults.port import Actuation, Fault, Terminals
from bench.rig.capabilities import Distort, ReadingStage, Sensors, Timers
from bench.trace.irregular import Irregularity
from bench.units import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Distorted(Fault):
    """`quantity` of the listed `numbers` (from 1; 0 for an unnumbered one) is shown as `distortion` makes it."""

    quantity: str
    numbers: tuple[int, ...]

    @abstractmethod
    def distortion(self, timers: Timers, number: int) -> Distort:
        """What becomes of the true reading of `number`, in SI, each time it is shown."""

    def put_on(self, sensors: Sensors, timers: Timers) -> Actuation:
        now_ns = timers.now_ns()
        for number in self.numbers:
            change = self.distortion(timers, number)
            sensors.distort.put(self.quantity, max(0, number - 1), change, by=self, stage=self.stage)
        return Actuation(low_ns=now_ns, high_ns=timers.now_ns(), readback=self.shown_now(sensors))

    def take_off(self, sensors: Sensors) -> None:
        for number in self.numbers:
            sensors.distort.take(self.quantity, max(0, number - 1), by=self)

    @property
    def at_once(self) -> bool:
        return True

    @property
    def stage(self) -> ReadingStage:
        return ReadingStage.SHOWN

    def changes(self) -> tuple[tuple[str, int], ...]:
        return tuple((self.quantity, number) for number in self.numbers)

    def shown_now(self, sensors: Sensors) -> str:
        # The front end samples when it sends: there is nothing to read before.
        if self.quantity == "cell_voltage":
            return f"{len(self.numbers)} cells distorted"
        values = [sensors.read(self.quantity, max(0, number - 1)) for number in self.numbers]
        return ", ".join("no reading" if value is None else f"{value:g}" for value in values[:4])

    def next_frame(
        self, at: Terminals, jump: float | None = None, share: float | None = None
    ) -> tuple[Irregularity, ...]:
        """The onset of what no single value shows: the next frame that carries the reading.

        jump, share: how far the reading moves at once, in SI or of itself. Half of it is more than the truth moves
        within a cycle.
        """
        return at.next_of(self.quantity, self.numbers, jump, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Distorted):
    """A wrong reading of a sensor that the bench plays. Cell voltages are not among them; the front end shows those."""

    async def apply(self, sensors: Sensors, timers: Timers) -> Actuation:
        return self.put_on(sensors, timers)

    async def clear(self, sensors: Sensors) -> None:
        self.take_off(sensors)


def forced(value: float | None) -> Distort:
    """Show `value` (SI) whatever the truth is; None: no reading."""
    return lambda _: value


def offset(by: float) -> Distort:
    """Show the true value plus `by` (SI)."""
    return lambda true: None if true is None else true + by


def scaled(gain: float) -> Distort:
    """Show the true value times `gain`."""
    return lambda true: None if true is None else true * gain


def drifting(timers: Timers, per_s: float) -> Distort:
    """Show the true value plus a drift of `per_s` (SI units a second) since now."""
    start_ns = timers.now_ns()

    def change(true: float | None) -> float | None:
        return None if true is None else true + per_s * (timers.now_ns() - start_ns) / NS_PER_S

    return change


def stuck() -> Distort:
    """Stands still at what it shows first."""
    held: list[float | None] = []

    def change(true: float | None) -> float | None:
        if not held:
            held.append(true)
        return held[0]

    return change


def noisy(amplitude: float, seed: int) -> Distort:
    """Show the true value plus uniform noise of ± `amplitude` (SI), drawn from `seed`."""
    rng = random.Random(seed)
    return lambda true: None if true is None else true + rng.uniform(-amplitude, amplitude)
