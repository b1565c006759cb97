"""What opens the path besides the contactors: the pack's fuse and a pyrotechnic switch."""

from dataclasses import dataclass

# Two-parameter fuse: it warms towards (I/rated)^2 and melts at MELTS_AT. 2 x rated: about 2 s, 5 x: about 0.2 s.
# The shape of an EV fuse's curve, not the curve of one: engineering estimate.
MELTS_AT = 2.56
TAU_S = 2.0


@dataclass(slots=True, kw_only=True)
class Fuse:
    """`rated_a` for ever; `blown` by current, or set to inject an open fuse."""

    rated_a: float
    blown: bool = False
    warmth: float = 0.0

    def advance(self, dt_s: float, current_a: float) -> None:
        share = current_a / self.rated_a
        self.warmth += (share * share - self.warmth) * min(1.0, dt_s / TAU_S)
        if self.warmth >= MELTS_AT:
            self.blown = True

    def replace(self) -> None:
        self.blown, self.warmth = False, 0.0


@dataclass(slots=True, kw_only=True)
class Pyro:
    """One shot: `fire` opens the path for good, unless it does not `work`."""

    works: bool = True
    fired: bool = False

    def fire(self) -> None:
        self.fired = self.fired or self.works
