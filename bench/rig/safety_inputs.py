"""Emergency stop and interlock: the rig is driven only while their contacts are closed.

A contact that opens, is silent or cannot be read ends the shot at once. The rig walks its own way to the safe state.
A latch keeps it from being driven until a person releases it by hand.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.config.safety import SafetyInput
from bench.errors import BenchError
from bench.links.contact import Contact, open_contact
from bench.timing.clock import Clock, Timebase
from bench.trace import facts
from bench.trace.timeline import Trace
from bench.trace.trouble import line_of
from bench.units import NS_PER_MS, NS_PER_S, format_ns

POLL_NS = 5 * NS_PER_MS
SILENT_NS = 100 * NS_PER_MS  # without a new reading for so long, a contact counts as open
ARMED_WITHIN_NS = (
    2 * NS_PER_S
)  # for the first reading, before anything is driven: its port is opened and proven


class ContactReading(NamedTuple):
    """One reading, begun and ended at these instants. why: in words, where it is not closed."""

    before_ns: int
    after_ns: int
    closed: bool
    why: str


class SafetyOpen(BenchError):
    """A contact is open. low_ns, high_ns: when it opened; closed_before: it was seen closed before."""

    def __init__(self, wanted: SafetyInput, last: ContactReading | None, seen_ns: int, why: str) -> None:
        super().__init__(f"{wanted.words}: {why}")
        self.input = wanted.title
        self.why = why
        self.closed_before = last is not None and last.closed
        self.low_ns = last.before_ns if last is not None and last.closed else seen_ns
        self.high_ns = seen_ns


class _Reader:
    """Reads one contact: here where time is simulated, else in a thread, for a driver may not answer."""

    def __init__(self, wanted: SafetyInput, clock: Clock) -> None:
        self.wanted = wanted
        self.contact: Contact | None = None
        self._clock = clock
        self._simulated = clock.timebase is Timebase.SIMULATED
        self._last: ContactReading | None = None
        self._newest: ContactReading | None = None
        self._looked_ns, self._silent_ns = clock.now_ns(), 0
        self._ended = threading.Event()
        if not self._simulated:
            # Daemonic: a driver that never answers must not keep the bench from ending.
            threading.Thread(target=self._read_on, name=wanted.name, daemon=True).start()  # noqa: TID251

    def look(self) -> bool:
        """Whether it has been read and is closed. Raises SafetyOpen."""
        newest = self._read() if self._simulated else self._newest
        now_ns = self._clock.now_ns()
        # Of a long time away little is counted: it may have been this process that stood still, and its thread, too.
        away_ns = min(now_ns - self._looked_ns, SILENT_NS // 2)
        self._silent_ns = 0 if newest is not self._last else self._silent_ns + away_ns
        self._looked_ns = now_ns
        if newest is not None and not newest.closed:
            raise SafetyOpen(self.wanted, self._last, newest.after_ns, newest.why)
        self._last = newest
        if newest is not None and self._silent_ns > SILENT_NS:
            raise SafetyOpen(
                self.wanted, newest, now_ns, f"not read for {format_ns(SILENT_NS)}, which counts as open"
            )
        return newest is not None

    def end(self) -> None:
        self._ended.set()
        if self._simulated and self.contact is not None:
            self.contact.close()

    def _read_on(self) -> None:
        try:
            while not self._ended.is_set():
                self._newest = newest = self._read()
                if not newest.closed:
                    return
                self._ended.wait(POLL_NS / NS_PER_S)
        finally:
            if self.contact is not None:
                self.contact.close()

    def _read(self) -> ContactReading:
        before_ns = self._clock.now_ns()
        try:
            if self.contact is None:
                self.contact = open_contact(
                    self.wanted, self._clock.now_ns, self._ended.wait, simulated=self._simulated
                )
                self.contact.prove()
                before_ns = self._clock.now_ns()
            closed, why = self.contact.closed(), "the contact is open"
        except Exception as error:  # noqa: BLE001 - whatever it is: what cannot be read is open
            closed, why = False, f"it cannot be read, which counts as open: {line_of(error)}"
        return ContactReading(before_ns, self._clock.now_ns(), closed, why)


@dataclass(slots=True, kw_only=True)
class SafetyInputs:
    """The contacts of one rig. latch: called with words, and with those that are open, once the outputs are off.

    may_drive: raises BenchError while the rig is latched.
    """

    inputs: Sequence[SafetyInput]
    clock: Clock
    trace: Trace
    latch: Callable[[str, Sequence[SafetyInput]], None]
    may_drive: Callable[[], None] = lambda: None
    opened: SafetyOpen | None = None
    _readers: list[_Reader] = field(default_factory=list)
    _watching: bool = False

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """All are closed when the block begins; it is cancelled, and SafetyOpen raised, when one opens.

        They are read on until `outputs_are_off`, which has to follow.
        """
        self.may_drive()
        self._readers = [_Reader(one, self.clock) for one in self.inputs]
        await self._armed()
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._watch())
            self._watching = True
            try:
                yield
            finally:
                self._watching = False
                watch.cancel()

    def refuse_unwatched(self) -> None:
        """Raises BenchError where nobody watches: no way to drive a rig goes past its emergency stop."""
        if not self._watching:
            raise BenchError("the contacts of [safety] are not watched: nothing is driven")

    def played(self, name: str) -> Contact | None:
        """The contact of that name, once it is watched: for whoever plays it."""
        return next((one.contact for one in self._readers if one.wanted.name == name), None)

    def outputs_are_off(self, *, confirmed: bool) -> None:
        """All outputs were told to be off. Confirmed by readback: say how long that took. Sets the latch.

        Also for a contact that has opened since the watch has ended, on the way here.
        """
        open_now = [one.wanted for one in self._readers if self._opened_since(one)]
        for one in self._readers:
            one.end()
        opened = self.opened
        if opened is None:
            return
        now_ns = self.clock.now_ns()
        if confirmed and opened.closed_before:
            off = facts.SafetyOff(input=opened.input, within_ns=now_ns - opened.low_ns)
            self.trace.mark(now_ns, off, "rig")
        self.latch(str(opened), open_now)

    async def _armed(self) -> None:
        """Read all of them once. What is open here was open before anything was driven."""
        deadline_ns = self.clock.now_ns() + ARMED_WITHIN_NS
        while unread := [one.wanted for one in self._readers if not self._look(one)]:
            now_ns = self.clock.now_ns()
            if now_ns > deadline_ns:
                why = f"no answer within {format_ns(ARMED_WITHIN_NS)}, which counts as open"
                raise self._open(SafetyOpen(unread[0], None, now_ns, why))
            await self.clock.sleep_until(now_ns + POLL_NS)
        words = "; ".join(one.words for one in self.inputs)
        self.trace.mark(self.clock.now_ns(), facts.SafetyWatched(inputs=words), "rig")

    async def _watch(self) -> None:
        while True:
            await self.clock.sleep_until(self.clock.now_ns() + POLL_NS)
            for one in self._readers:
                self._look(one)

    def _look(self, one: _Reader) -> bool:
        try:
            return one.look()
        except SafetyOpen as opened:
            raise self._open(opened) from None

    def _opened_since(self, one: _Reader) -> bool:
        """Whether it is open, or was seen open before. The first of all is marked."""
        try:
            one.look()
        except SafetyOpen as opened:
            if self.opened is None:
                self._open(opened)
            return True
        return self.opened is not None and one.wanted.title == self.opened.input

    def _open(self, opened: SafetyOpen) -> SafetyOpen:
        self.opened = opened
        told = facts.SafetyOpened(
            input=opened.input,
            why=opened.why,
            low_ns=opened.low_ns,
            high_ns=opened.high_ns,
            closed_before=opened.closed_before,
        )
        self.trace.mark(self.clock.now_ns(), told, "rig")
        return opened
