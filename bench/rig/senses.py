"""What the sensors the bench plays show of the plant: the truth, unless a fault stands between."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from statistics import fmean

from bench.config.play import AGGREGATES
from bench.restbus.cyclic import Lasts
from bench.rig.capabilities.sensors import Distortions


class Senses:
    """`read(quantity, index)` in SI, as bench.config.play names them; cells and sensors count from 0.

    `plain` quantities have one value, `numbered` ones one for each cell or sensor.
    `distort`: what faulty sensors make of the truth.
    Cell voltages are the cell emulator's; where the bench itself plays the front end, `cells` stands between.
    """

    def __init__(
        self,
        plain: Mapping[str, Callable[[], float | None]],
        numbered: Mapping[str, Callable[[int], float | None]],
        unmoved: Collection[str] = (),
    ) -> None:
        """unmoved: quantities that no step of the plant changes."""
        self._plain = dict(plain)
        self._numbered = dict(numbered)
        self._unmoved = set(unmoved)
        self.distort = Distortions()

    def provide(self, quantity: str, value: Callable[[], float | None]) -> None:
        """What is known only once the instruments are there."""
        self._plain[quantity] = value
        self._unmoved.discard(quantity)

    def provide_sums(self, of: str, each: Callable[[], Iterable[float | None]]) -> None:
        """The least, the largest and the mean of what is shown of all cells or sensors; None where none has a reading.

        each: of one reading per cell or sensor, None or nan for no reading.
        """
        for name, make in (("min", min), ("max", max), ("mean", fmean)):
            self.provide(f"{of}_{name}", partial(_summed, make, each))

    def read(self, quantity: str, index: int = 0) -> float | None:
        value = self.true(quantity, index)
        return self.distort.shown(quantity, index, value) if self.distort else value

    def bound(self, asked: Sequence[tuple[str, int]]) -> Callable[[], list[float | None]]:
        """What `read` gives for each of `asked`, found once: most of a shot no sensor is faulty."""
        truths: list[Callable[[], float | None]] = []
        changed, read = self.distort.changed, self.read
        concerned = set(asked)

        def values() -> list[float | None]:
            if changed and not concerned.isdisjoint(changed):
                return [read(quantity, index) for quantity, index in asked]
            if not truths:  # looked up when first asked: by then everything is provided
                truths.extend([self._truth(quantity, index) for quantity, index in asked])
            return [truth() for truth in truths]

        return values

    def lasts(self, asked: Sequence[tuple[str, int]]) -> Callable[[], Lasts]:
        """For how long these stay as they are. What a fault makes of a reading may change with time alone, or with
        each look at it.
        """
        changed, concerned, named = self.distort.changed, set(asked), {quantity for quantity, _ in asked}
        otherwise: list[Lasts] = []
        if any(quantity in AGGREGATES for quantity in named):
            return lambda: Lasts.NOT  # cells whose outputs may be on their way, sensors that may be faulty

        def lasts() -> Lasts:
            if changed and not concerned.isdisjoint(changed):
                return Lasts.NOT
            if not otherwise:  # found when first asked: by then everything is provided
                otherwise.append(Lasts.UNTIL_DONE if named <= self._unmoved else Lasts.UNTIL_MOVED)
            return otherwise[0]

        return lasts

    def cells(self, outputs_v: Sequence[float | None]) -> Sequence[float | None]:
        """What a faulty front end shows of the emulator's outputs, cell 1 first."""
        changed = [cell for quantity, cell in self.distort.places() if quantity == "cell_voltage"]
        if not changed:
            return outputs_v
        shown = list(outputs_v)
        for cell in changed:
            shown[cell] = self.distort.shown("cell_voltage", cell, shown[cell])
        return shown

    def true(self, quantity: str, index: int = 0) -> float | None:
        """The plant's own value, whatever the sensor shows."""
        return self._truth(quantity, index)()

    def _truth(self, quantity: str, index: int) -> Callable[[], float | None]:
        of_one = self._numbered.get(quantity)
        return self._plain[quantity] if of_one is None else partial(of_one, index)


def _summed(make: Callable[[list[float]], float], each: Callable[[], Iterable[float | None]]) -> float | None:
    known = [one for one in each() if one is not None and one == one]
    return make(known) if known else None
