"""A mark: something other than a frame that was done or seen."""

from typing import Generic, NamedTuple, TypeVar

from bench.trace.events import Kind
from bench.trace.facts import Fact

F = TypeVar("F", bound=Fact, covariant=True)


class Mark(NamedTuple, Generic[F]):
    """Instant, half-width of its uncertainty, who did it, and what it says."""

    t_ns: int
    u_ns: int
    source: str
    fact: F

    @property
    def kind(self) -> Kind:
        return self.fact.kind
