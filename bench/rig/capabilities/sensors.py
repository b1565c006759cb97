"""What the sensors that the bench plays show the DUT."""

from collections.abc import Callable, Collection
from enum import IntEnum
from typing import Protocol

Distort = Callable[[float | None], float | None]
"""True value to shown value; None is no reading."""

Place = tuple[str, int]
"""(quantity, index) of a reading; cells and sensors count from 0."""


class ReadingStage(IntEnum):
    """Where on the way from what is measured to the DUT a change of a reading acts."""

    THERE = 0
    """What is there to be measured: the temperature at a sensor, a supply that has dropped."""
    WIRE = 1
    """Between that and the input of the front end."""
    SENSOR = 2
    """What a sensor or a converter makes of it: an offset, a gain, a drift, noise."""
    HELD = 3
    """It stands still at what it showed."""
    SHOWN = 4
    """The value does not come out at all: a line that is open or shorted, a lost reading, a forced one."""


class Distortions:
    """What stands between the truth and each reading. All of one reading act: by stage, then as they came.

    Each is taken off by whom it was put on; what the others make of the reading stays.
    """

    def __init__(self) -> None:
        self._of: dict[Place, list[tuple[ReadingStage, object, Distort]]] = {}
        self.changed: Collection[Place] = self._of.keys()

    def put(
        self,
        quantity: str,
        index: int,
        change: Distort,
        *,
        by: object,
        stage: ReadingStage = ReadingStage.SHOWN,
    ) -> None:
        """`by`: any value that tells the owner apart from others at the same reading."""
        changes = self._of.setdefault((quantity, index), [])
        changes.append((stage, by, change))
        changes.sort(key=lambda one: one[0])

    def take(self, quantity: str, index: int, *, by: object) -> None:
        """The latest that `by` put on there; nothing where there is none."""
        changes = self._of.get((quantity, index), [])
        for place in reversed(range(len(changes))):
            if changes[place][1] == by:
                del changes[place]
                break
        if not changes:
            self._of.pop((quantity, index), None)

    def shown(self, quantity: str, index: int, true: float | None) -> float | None:
        """What becomes of the true value."""
        value = true
        for _, _, change in self._of.get((quantity, index), ()):
            value = change(value)
        return value

    def places(self) -> list[Place]:
        """The readings that are changed."""
        return list(self._of)

    def __contains__(self, place: Place) -> bool:
        return place in self._of

    def __len__(self) -> int:
        return len(self._of)


class Sensors(Protocol):
    """Quantities as bench.config.play names them, in SI; cells and sensors count from 0."""

    @property
    def distort(self) -> Distortions:
        """What faulty sensors make of the truth."""

    def read(self, quantity: str, index: int = 0) -> float | None:
        """What the sensor shows."""

    def true(self, quantity: str, index: int = 0) -> float | None:
        """The plant's own value, whatever the sensor shows."""
