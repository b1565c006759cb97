"""Who watches over real outputs while a rig is driven."""

from typing import Protocol


class Guard(Protocol):
    """Who watches over real outputs, and switches them off when this process is killed or hangs."""

    def driving(self) -> None:
        """From now on outputs may be on, and `beat` has to come."""

    def beat(self) -> None: ...

    def at_rest(self, confirmed: bool) -> None:
        """No more beats. Not confirmed: outputs may still be on, and are switched off when the bench has ended."""

    def trouble(self) -> str | None: ...
