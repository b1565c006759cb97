"""What a DUT's memory says of one trouble code."""

from dataclasses import dataclass

_SHORTEST_FULL = 0xFF  # a counter of all ones stands still because it is full


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """What the memory said of a code; None where that was not said."""

    status: int | None = None
    occurrences: int | None = None

    @property
    def counts(self) -> bool:
        """Whether one occurrence more would be seen."""
        count = self.occurrences
        return count is not None and not (count >= _SHORTEST_FULL and count & (count + 1) == 0)
