"""The analogue front end, where the bench itself plays it."""

from typing import Protocol

from bench.rig.capabilities.sensors import Sensors


class FrontEnd(Sensors, Protocol):
    """Also what the cells read: `distort` of "cell_voltage" is what the front end makes of its inputs. Cells from 1."""

    def lose_all(self) -> None:
        """Nothing comes any more."""

    def lose_from(self, first_cell: int, cells: int) -> None:
        """Nothing of the cells from `first_cell` to `cells` comes any more."""

    def freeze(self, status: str) -> None:
        """The last sweep is sent again and again; status: "channel.Message" that stands still with it."""

    def corrupt(self, cell: int) -> None:
        """One bit of the frame of this cell is wrong in each sweep."""

    def mend(self, status: str) -> None:
        """Every sweep comes whole again."""
