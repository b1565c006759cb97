"""Cyclic messages that the core sends: Python is asked what one shows only where that may have changed."""

from collections.abc import Callable

from bench.codec.database import Message
from bench.codec.e2e import Profile1, Profile2, Profile5, Protection
from bench.codec.pages import Bind, Pages, Slot
from bench.core.bus import CoreCanNode
from bench.core.clock import CoreClock
from bench.core.library import NOW_NS
from bench.restbus.cyclic import CyclicMessage, Lasts
from bench.timing.clock import grid_point_ns

_CLASSIC = 8


class CoreCyclicMessage(CyclicMessage):
    """Only for messages that `core_sends` names. Muted or disturbed it is sent by Python."""

    def __init__(
        self,
        clock: CoreClock,
        link: CoreCanNode,
        message: Message,
        pages: Pages,
        bind: Bind,
        *,
        cycle_ns: int | None = None,
        tell: Callable[[Slot, float], None] | None = None,
        lasts: Callable[[], Lasts] = lambda: Lasts.NOT,
    ) -> None:
        """lasts: for how long it shows what it shows now."""
        self._time, self._node, self._core, self._lasts = clock, link, clock.core, lasts
        what = f"message '{message.name}'"
        self._number = self._core.made(
            what, "cyclic", link.number, message.can_id, message.extended, pages.length
        )
        if message.protection is not None:
            self._core.made(what, "protect", self._number, *_protected(message.protection))
        clock.sends.append(self._due)
        super().__init__(clock, link, message, pages, bind, cycle_ns=cycle_ns, tell=tell)

    @property
    def _counter(self) -> int:
        return self._core.counters[self._number]

    @_counter.setter
    def _counter(self, counter: int) -> None:
        self._core.counters[self._number] = counter

    def start(self, first_ns: int) -> None:
        self._core.words[NOW_NS] = now_ns = self._time.now
        first_ns = grid_point_ns(first_ns, self.cycle_ns, now_ns)
        self._core.call("cyclic_start", self._number, first_ns, self.cycle_ns)

    def stop(self) -> None:
        self._core.call("cyclic_stop", self._number)

    def _due(self) -> None:
        if self.muted or self.disturbance is not None or self._node.closed:
            self._send(0)
        else:
            core, payload = self._core, self._payloads.of(0)
            core.cyclic_send(core.at, self._number, payload, self._lasts())


def core_sends(message: Message, pages: Pages, gap_ns: int) -> bool:
    """Whether the core keeps this message's grid: one page of a classic frame, on a bus of its own."""
    return (
        len(pages.pages) == 1
        and not gap_ns
        and not message.fd
        and pages.length <= _CLASSIC
        and isinstance(message.protection, Profile1 | Profile2 | Profile5 | None)
        and pages.length >= (0 if message.protection is None else message.protection.shortest)
        and not any(slot.quantity == "counter" for slot in pages.pages[0].slots)
    )


def _protected(protection: Protection) -> tuple[int, int, int, bytes]:
    """(profile, counters, nibble, ids) as core.h's core_protect takes them."""
    if isinstance(protection, Profile1):
        nibble = -1 if protection.nibble is None else protection.nibble
        return 1, protection.counters, nibble, bytes(protection.start).ljust(16, b"\0")
    if isinstance(protection, Profile2):
        return 2, protection.counters, -1, protection.ids
    assert isinstance(protection, Profile5)  # noqa: S101
    return 3, protection.counters, -1, protection.id.ljust(16, b"\0")
