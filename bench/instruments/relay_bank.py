"""What every played relay board has: coils that obey at once, and contacts that follow later."""

from bench.units import NS_PER_MS

CONTACT_NS = 10 * NS_PER_MS


class RelayBank:
    """`coils[0]` is relay 1. Times in ns on the bench's clock."""

    def __init__(self, relays: int) -> None:
        self.coils = [False] * relays
        self._contacts = [False] * relays
        self._changed: list[tuple[int, int, bool]] = []  # (instant, relay index, state) of the contacts

    def contacts(self, now_ns: int) -> list[bool]:
        """Which contacts are closed by now."""
        while self._changed and self._changed[0][0] <= now_ns:
            _, relay, state = self._changed.pop(0)
            self._contacts[relay] = state
        return list(self._contacts)

    def set_coil(self, relay: int, state: bool, now_ns: int) -> None:
        """`relay` from 0."""
        if self.coils[relay] is not state:
            self.coils[relay] = state
            self._changed.append((now_ns + CONTACT_NS, relay, state))
