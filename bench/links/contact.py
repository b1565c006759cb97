"""A contact that stops the bench when it opens, read from a control line, a GPIO, a card's input or a script.

Whatever cannot be read is open: a wire that is off, an adapter that is unplugged, a driver that does not answer.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bench.config.instrument_kinds import instruments
from bench.config.safety import SafetyInput, Source
from bench.errors import LinkError
from bench.timing.host import host_now_ns
from bench.units import NS_PER_MS, NS_PER_S

FOLLOWS_WITHIN_NS = 50 * NS_PER_MS  # a control line behind a USB adapter, with room

ANSWERS_WITHIN_S = 0.05  # half of what may pass without a reading
LONGEST_ANSWER = 256


class Contact(Protocol):
    """Closed while all is well. What it raises (OSError, LinkError, ValueError) counts as open."""

    def prove(self) -> str:
        """Show that the input can open, where the bench can do that; in words. LinkError where it cannot open."""

    def closed(self) -> bool: ...

    def close(self) -> None: ...


class SerialContact:
    """Between the line that feeds it and the line that reads it; both belong to one serial port, which is its own."""

    def __init__(self, wanted: SafetyInput, wait: Callable[[float], object]) -> None:
        import serial

        self._wanted, self._wait = wanted, wait
        try:
            self._port: Any = serial.serial_for_url(wanted.port, timeout=0)
        except (OSError, ValueError) as error:
            raise LinkError(f"{wanted.port}: cannot be opened: {error}") from error
        self._feed(True)

    def prove(self) -> str:
        """Its feed is taken away for a moment: a contact that is bridged behind it stays closed, and stops nothing."""
        if self._wanted.feed == "outside":
            return "fed from outside: that it opens is seen only when it is pressed"
        self._feed(False)
        opened = self._comes_to(closed=False)
        self._feed(True)
        if not opened:
            raise LinkError(
                f"{self._wanted.port}: {self._wanted.line.upper()} stays closed without its feed "
                f"{self._wanted.feed.upper()}: it would stop nothing; look for a bridge or another feed in the loop"
            )
        self._comes_to(closed=True)
        return f"opens and closes with its feed {self._wanted.feed.upper()}"

    def closed(self) -> bool:
        return bool(getattr(self._port, self._wanted.line))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._port.close()

    def _feed(self, on: bool) -> None:
        if self._wanted.feed != "outside":
            setattr(self._port, self._wanted.feed, on)

    def _comes_to(self, *, closed: bool) -> bool:
        until_ns = host_now_ns() + FOLLOWS_WITHIN_NS
        while self.closed() is not closed:
            if host_now_ns() > until_ns:
                return False
            self._wait(NS_PER_MS / NS_PER_S)
        return True


class GpioContact:
    """The value file of a GPIO, as the kernel keeps it: 0 or 1. A line that floats has to be pulled to open."""

    def __init__(self, wanted: SafetyInput) -> None:
        self._file, self._closed = Path(wanted.port), "1" if wanted.closed_high else "0"

    def prove(self) -> str:
        return "that it opens is seen only when it is pressed"

    def closed(self) -> bool:
        said = self._file.read_text(encoding="ascii").strip()
        if said not in ("0", "1"):
            raise LinkError(f"{self._file}: found '{said:.20}'; expected 0 or 1")
        return said == self._closed

    def close(self) -> None: ...


class CardContact:
    """An input of a card's own, asked over the card's line. One that floats has to be pulled to open."""

    def __init__(self, wanted: SafetyInput) -> None:
        import serial

        kind, _, number = wanted.line.partition(" ")
        inputs = instruments().get(kind).inputs
        if inputs is None:
            raise LinkError(f"{wanted.port}: {kind} has no inputs that can be asked")
        self._where, self._closed = (
            f"{wanted.port} [{kind}]",
            inputs.high if wanted.closed_high else inputs.low,
        )
        self._ask = inputs.ask.format(index=number).encode()
        self._until, self._levels = inputs.until.encode(), (inputs.high, inputs.low)
        try:
            self._port: Any = serial.serial_for_url(
                wanted.port, baudrate=instruments().get(kind).baud, timeout=ANSWERS_WITHIN_S
            )
        except (OSError, ValueError) as error:
            raise LinkError(f"{wanted.port}: cannot be opened: {error}") from error

    def prove(self) -> str:
        self.closed()
        return "it answers; that it opens is seen only when it is pressed"

    def closed(self) -> bool:
        self._port.reset_input_buffer()  # said before the question: no answer to it
        self._port.write(self._ask)
        got = self._port.read_until(self._until, LONGEST_ANSWER)
        words = got.decode("ascii", "replace").removesuffix(self._until.decode()).split()
        if not got.endswith(self._until) or not words or words[-1] not in self._levels:
            raise LinkError(
                f"{self._where}: sent {self._ask!r}, found {got[:60]!r}; expected its input's level"
            )
        return bool(words[-1] == self._closed)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._port.close()


class PlayedContact:
    """A contact on the run's clock. It opens when it is told to, or a given time after it was first asked."""

    def __init__(self, wanted: SafetyInput, now_ns: Callable[[], int]) -> None:
        self._after_ns, self._now_ns = wanted.opens_after_ns, now_ns
        self._since_ns: int | None = None

    def open_now(self) -> None:
        self._after_ns = 0

    def prove(self) -> str:
        return "played"

    def closed(self) -> bool:
        if self._since_ns is None:
            self._since_ns = self._now_ns()
        return self._after_ns is None or self._now_ns() < self._since_ns + self._after_ns

    def close(self) -> None: ...


def open_contact(
    wanted: SafetyInput, now_ns: Callable[[], int], wait: Callable[[float], object], *, simulated: bool
) -> Contact:
    """Raises LinkError. simulated: nothing real is driven, so that a real contact is played as closed."""
    if simulated or wanted.source is Source.PLAYED:
        return PlayedContact(wanted, now_ns)
    if wanted.source is Source.CARD:
        return CardContact(wanted)
    return SerialContact(wanted, wait) if wanted.source is Source.SERIAL else GpioContact(wanted)
