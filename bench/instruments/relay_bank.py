"""What every played relay board has: coils that obey at once, and contacts that follow later."""

from bench.units import NS_PER_MS

CONTACT_NS = 10 * NS_PER_MS


class RelayBank:
    """`coils[0]` is relay 1. Times in ns on the bench's clock."""

    def __init__(self, relays: int) -> None:
        self.coils = [False] * relays
        self._contacts = [False] * relays
        self._stuck: set[int] = set()
        self._changed: list[tuple[int, int, bool]] = []  # (instant, relay index, state) of the contacts

    def contacts(self, now_ns: int) -> list[bool]:
        """Which contacts are closed by now."""
        while self._changed and self._changed[0][0] <= now_ns:
            _, relay, state = self._changed.pop(0)
            self._contacts[relay] = state
        return list(self._contacts)

    def stick(self, number: int, now_ns: int) -> None:
        """Relay `number` (from 1) stays as it is from now on, and reads back so; orders to it are acknowledged."""
        self.contacts(now_ns)
        self._changed = [change for change in self._changed if change[1] != number - 1]
        self.coils[number - 1] = self._contacts[number - 1]
        self._stuck.add(number - 1)

    def set_coil(self, relay: int, state: bool, now_ns: int) -> None:
        """`relay` from 0."""
        if relay not in self._stuck and self.coils[relay] is not state:
            self.coils[relay] = state
            self._changed.append((now_ns + CONTACT_NS, relay, state))
