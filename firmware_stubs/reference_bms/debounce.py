"""Debounce counters: how long a cause must last before it counts as a fault."""


class UpDown:
    """Up by one per bad sample, down by one per good one. Active at the limit, passive again at zero."""

    __slots__ = ("_limit", "active", "count")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0
        self.active = False

    def update(self, bad: bool) -> bool:
        if bad:
            if self.count < self._limit:
                self.count += 1
                if self.count == self._limit:
                    self.active = True
        elif self.count:
            self.count -= 1
            if not self.count:
                self.active = False
        return self.active


class Consecutive:
    """Active after `limit` bad samples in a row; one good sample clears it."""

    __slots__ = ("_limit", "count")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0

    def update(self, bad: bool) -> bool:
        self.count = min(self.count + 1, self._limit) if bad else 0
        return self.count == self._limit
