"""Debouncing: how long a cause must last before it counts as a fault, and how long it must be gone again."""


class InARow:
    """Active after `limit` bad samples in a row, passive again after as many good ones; a contrary one resets."""

    __slots__ = ("_limit", "active", "count")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0  # samples in a row that contradict `active`
        self.active = False

    def update(self, bad: bool) -> bool:
        if bad is self.active:
            self.count = 0
            return bad
        self.count += 1
        if self.count >= self._limit:
            self.active = bad
            self.count = 0
        return self.active

    @property
    def idle(self) -> bool:
        """Neither active nor counting: a good sample would change nothing."""
        return not (self.active or self.count)


class Consecutive:
    """Active after `limit` bad samples in a row; one good sample clears it."""

    __slots__ = ("_limit", "count")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0

    def update(self, bad: bool) -> bool:
        self.count = min(self.count + 1, self._limit) if bad else 0
        return self.count == self._limit
