"""Steps a pack only as often as something in it changes: most of a shot, nothing but time passes."""

from bench.plant.pack import Load, Pack
from bench.units import NS_PER_MS, NS_PER_S

LONGEST_NS = 100 * NS_PER_MS  # the cells' own refresh, and the cell emulator's cycle

Commands = tuple[bool, ...]
"""(plus, minus, precharge) of each string in turn: what the coils are told."""


class Coasting:
    """The closed loop's way to its pack.

    `step` is called on a short grid. A change of command or load, and anything that moves (`Pack.calm`), is stepped
    on that grid; what stays the same is held and stepped at once, after 100 ms at the latest. The cells' model is
    exact for a constant current, so holding costs no truth. `settle` before reading cells, and before a hand is laid
    on the pack.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._held_ns = 0
        self._commands: Commands = (False, False, False)
        self._load = Load()

    def step(self, dt_ns: int, commands: Commands, load: Load) -> bool:
        """Let `dt_ns` pass under these coil commands and this load. False where that is only held."""
        if commands == self._commands and (load is self._load or load == self._load) and self._pack.calm:
            self._held_ns += dt_ns
            if self._held_ns >= LONGEST_NS:
                self.settle()
                return True
            return False
        self.settle()
        if commands != self._commands:
            self._pack.set_command(*commands)
            self._commands = commands
        self._load = load
        self._pack.step(dt_ns / NS_PER_S, load)
        return True

    def quiet_steps(self, dt_ns: int) -> int:
        """How many steps of this length from now on would only be held, if neither command nor load changes."""
        return max(0, -((self._held_ns - LONGEST_NS) // dt_ns) - 1) if self._pack.calm else 0

    def hold(self, dt_ns: int) -> None:
        """What that many steps would have held."""
        self._held_ns += dt_ns

    def settle(self) -> bool:
        """Bring the pack to the present. Whether it was not there."""
        if not self._held_ns:
            return False
        held_ns, self._held_ns = self._held_ns, 0
        self._pack.step(held_ns / NS_PER_S, self._load)
        return True
