"""How the cells of the plant model's groups hang together."""

from dataclasses import dataclass

from bench.plant.string_pack import StringPack
from bench.rig.capabilities import Actuation, Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantJoints:
    """Provides CellJoints."""

    pack: StringPack
    timers: Timers

    async def part(self, cells: tuple[int, ...], branch: int) -> Actuation:
        now_ns = self.timers.now_ns()
        for cell in cells:
            self.pack.disconnect(cell - 1, branch - 1)
        left_ah = float(min(self.pack.mesh.capacity_ah()[cell - 1] for cell in cells))
        return Actuation(low_ns=now_ns, high_ns=self.timers.now_ns(), readback=f"{left_ah:.2f} Ah left")

    async def join(self, cells: tuple[int, ...], branch: int) -> None:
        for cell in cells:
            self.pack.reconnect(cell - 1, branch - 1)
