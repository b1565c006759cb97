"""How the cells of a group hang together."""

from typing import Protocol

from bench.rig.capabilities.actuation import Actuation


class CellJoints(Protocol):
    """Groups from 1, as a front end counts its cells; their own cells, the branches, from 1 too."""

    async def part(self, cells: tuple[int, ...], branch: int) -> Actuation:
        """This cell of each group is joined to its neighbours no more: a weld, a tab or a cell fuse has parted."""

    async def join(self, cells: tuple[int, ...], branch: int) -> None: ...
