"""What the sensors the bench plays show of the plant: the truth, unless a fault stands between."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bench.rig.capabilities.sensors import Distort


class Senses:
    """`read(quantity, index)` in SI, as bench.config.play names them; cells and sensors count from 0.

    `plain` quantities have one value, `numbered` ones one for each cell or sensor.
    `distort`: (quantity, index) to what a faulty sensor makes of the truth; index None: of all its cells or sensors.
    Cell voltages are the cell emulator's; where the bench itself plays the front end, `cells` stands between.
    """

    def __init__(
        self,
        plain: Mapping[str, Callable[[], float | None]],
        numbered: Mapping[str, Callable[[int], float | None]],
    ) -> None:
        self._plain = dict(plain)
        self._numbered = dict(numbered)
        self.distort: dict[tuple[str, int | None], Distort] = {}

    def provide(self, quantity: str, value: Callable[[], float | None]) -> None:
        """What is known only once the instruments are there."""
        self._plain[quantity] = value

    def read(self, quantity: str, index: int = 0) -> float | None:
        value = self.true(quantity, index)
        if self.distort:
            for key in ((quantity, index), (quantity, None)):
                change = self.distort.get(key)
                if change is not None:
                    value = change(value)
        return value

    def bound(self, asked: Sequence[tuple[str, int]]) -> Callable[[], list[float | None]]:
        """What `read` gives for each of `asked`, found once: most of a shot no sensor is faulty."""
        truths: list[Callable[[], float | None]] = []
        distort, read = self.distort, self.read
        concerned = {*asked, *((quantity, None) for quantity, _ in asked)}

        def values() -> list[float | None]:
            if distort and not concerned.isdisjoint(distort):
                return [read(quantity, index) for quantity, index in asked]
            if not truths:  # looked up when first asked: by then everything is provided
                truths.extend([self._truth(quantity, index) for quantity, index in asked])
            return [truth() for truth in truths]

        return values

    def cells(self, outputs_v: Sequence[float | None]) -> Sequence[float | None]:
        """What a faulty front end shows of the emulator's outputs, cell 1 first."""
        if not any(quantity == "cell_voltage" for quantity, _ in self.distort):
            return outputs_v
        shown = list(outputs_v)
        for (quantity, index), change in self.distort.items():
            if quantity == "cell_voltage":
                for cell in range(len(shown)) if index is None else (index,):
                    shown[cell] = change(shown[cell])
        return shown

    def true(self, quantity: str, index: int = 0) -> float | None:
        """The plant's own value, whatever the sensor shows."""
        return self._truth(quantity, index)()

    def _truth(self, quantity: str, index: int) -> Callable[[], float | None]:
        of_one = self._numbered.get(quantity)
        return self._plain[quantity] if of_one is None else partial(of_one, index)
