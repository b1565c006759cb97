"""What the sensors that the bench plays show the DUT."""

from collections.abc import Callable
from typing import Protocol

Distort = Callable[[float | None], float | None]
"""True value to shown value; None is no reading."""


class Sensors(Protocol):
    """Quantities as bench.config.play names them, in SI; cells and sensors count from 0."""

    @property
    def distort(self) -> dict[tuple[str, int | None], Distort]:
        """(quantity, index) to what a faulty sensor makes of the truth; index None: of all its cells or sensors."""

    def read(self, quantity: str, index: int = 0) -> float | None:
        """What the sensor shows."""

    def true(self, quantity: str, index: int = 0) -> float | None:
        """The plant's own value, whatever the sensor shows."""
