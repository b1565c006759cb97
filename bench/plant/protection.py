"""What opens the path permanently besides the fuse: a pyrotechnic switch."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Pyro:
    """It fires once: `fire` opens the path permanently, unless it does not `work`."""

    works: bool = True
    fired: bool = False

    def fire(self) -> None:
        self.fired = self.fired or self.works
