"""How long after the fact a DUT reports it, as its profile states."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """At least `low_ns` and at most `high_ns` lie between a fact and the DUT's first report of it.

    source: who says so; "": nobody, it is assumed.
    """

    low_ns: int
    high_ns: int
    source: str = ""

    @property
    def width_ns(self) -> int:
        return self.high_ns - self.low_ns

    def together(self, other: "Lag | None") -> "Lag":
        """The lag of something that rests on both. It has a source only where both have one."""
        if other is None:
            return self
        sources = dict.fromkeys((self.source, other.source))
        return Lag(
            low_ns=min(self.low_ns, other.low_ns),
            high_ns=max(self.high_ns, other.high_ns),
            source="" if "" in sources else "; ".join(sources),
        )
