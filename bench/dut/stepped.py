"""A firmware compiled for the host, stepped in simulated time over a pair of pipes (docs/how-to/stepped_firmware.md).

While the bench waits for an answer, its clock stands still: how long the process takes is seen by nobody.
"""

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from bench.config.dut_life import ANSWER_NS
from bench.errors import DutCrashed, DutError, clear
from bench.stepped import wire
from bench.stepped.wire import Malformed, MessageKind
from bench.trace.events import CanFrame
from bench.units import NS_PER_S, format_ns

_READ_BYTES = 1 << 16
_MOST_KEPT = 4096  # of what it says on standard error
_MOST_WORDS = 200
_LONGEST_LINE = 1000
_MOST_FRAMES = 10_000  # in one step
_LONGEST_PERIOD_NS = 10 * NS_PER_S
_STOP_TIMEOUT_S = 2.0


class SteppedProcess:
    """Implements bench.dut.firmware.Firmware by a process. It begins at the first power-on and ends with `end`.

    Raises DutCrashed where it ends by itself, DutError where it breaks the protocol or does not answer in time.
    """

    def __init__(
        self, command: Sequence[str], channels: Sequence[str], folder: Path, answer_ns: int = ANSWER_NS
    ) -> None:
        """channels: names of the buses. answer_ns: of real time, the longest silence before an answer."""
        self._command, self._channels, self._folder = list(command), tuple(channels), folder
        self._numbers = {name: number for number, name in enumerate(self._channels)}
        self._answer_ns = answer_ns
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = wire.MessageReader()
        self._unsent: list[bytes] = []  # frames for the next step
        self._words = b""
        self.period_ns = 0
        self.build = ""
        self.said: list[str] = []  # lines of its console that nobody has taken yet

    def begin(self) -> None:
        """Start the process and greet it. It has no supply yet."""
        self._begin()
        self._greet()

    def power_on(self, now_ns: int) -> None:
        if self._process is None:
            self.begin()
        self._ask(wire.power(now_ns, on=True), MessageKind.POWERED, "power on")

    def power_off(self, now_ns: int) -> None:
        self._unsent.clear()
        self._ask(wire.power(now_ns, on=False), MessageKind.POWERED, "power off")

    def pull_reset(self) -> None:
        self._ask(self._told(wire.packed(MessageKind.RESET)), MessageKind.WAS_RESET, "reset")

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        self._unsent.append(wire.frame_in(now_ns, self._numbers[channel], frame))

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        what = f"advance to {format_ns(now_ns)}"
        sent: list[tuple[str, CanFrame]] = []
        payload = self._ask(self._told(wire.advance(now_ns)), MessageKind.ADVANCED, what, sent)
        if payload != wire.TIME.pack(now_ns):
            reached = wire.TIME.unpack(payload)[0] if len(payload) == wire.TIME.size else -1
            raise self._broken(f"ran to {reached} ns; expected {now_ns} ns, to which it was to advance")
        return sent

    def said_since(self) -> list[str]:
        said, self.said = self.said, []
        return said

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end(self) -> int:
        """Closes its input, then SIGTERM, then SIGKILL. Never raises for one that is gone.

        Its exit code: 0 for one that ends when it should, negative where a signal had to end it.
        """
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(OSError):
            _pipe(process.stdin).close()
        for harder in (process.terminate, process.kill):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_TIMEOUT_S)
                break
            harder()
        status = process.wait()
        _pipe(process.stdout).close()
        _pipe(process.stderr).close()
        return status

    def _begin(self) -> None:
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=self._folder,
                start_new_session=True,
            )
        except OSError as error:
            raise DutError(
                f"the stepped firmware cannot be started ({error.strerror}); asked for {self._command}"
            ) from None
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            os.set_blocking(_pipe(pipe).fileno(), False)
        self._reader = wire.MessageReader()
        self._words = b""

    def _greet(self) -> None:
        said = self._ask(wire.hello(self._channels), MessageKind.GREETED, "hello")
        try:
            version, self.period_ns, self.build = wire.greeting_of(said)
        except Malformed as error:
            raise self._broken(str(error)) from None
        if version != wire.VERSION:
            raise self._broken(f"found version {version} of the protocol; expected {wire.VERSION}")
        if not 0 < self.period_ns <= _LONGEST_PERIOD_NS:
            raise self._broken(
                f"found a base task of {self.period_ns} ns; expected more than 0 and at most "
                f"{format_ns(_LONGEST_PERIOD_NS)}"
            )

    def _told(self, last: bytes) -> bytes:
        text = b"".join((*self._unsent, last))
        self._unsent.clear()
        return text

    def _ask(
        self, text: bytes, wanted: MessageKind, what: str, sent: list[tuple[str, CanFrame]] | None = None
    ) -> bytes:
        """The payload of the answer. What came before it goes into `sent`, or is against the protocol."""
        while True:
            text, news = self._exchanged(text, what)
            try:
                for kind, payload in self._reader.fed(news):
                    if kind is wanted:
                        return payload
                    self._take(kind, payload, what, sent)
            except Malformed as error:
                raise self._broken(f"{error}, asked to {what}") from None

    def _take(
        self, kind: MessageKind, payload: bytes, what: str, sent: list[tuple[str, CanFrame]] | None
    ) -> None:
        if kind is MessageKind.SAID:
            text = clear(payload.decode(errors="replace").rstrip("\r\n"), _LONGEST_LINE)
            self.said.append(text)
        elif kind is MessageKind.REFUSED:
            raise self._broken(f"{payload.decode(errors='replace')}, asked to {what}")
        elif kind is not MessageKind.SENT or sent is None:
            raise self._broken(f"found a message '{chr(kind)}', asked to {what}; expected none")
        elif len(sent) >= _MOST_FRAMES:
            raise self._broken(f"found more than {_MOST_FRAMES} frames, asked to {what}; expected fewer")
        else:
            number, frame = wire.frame_out_of(payload)
            if number >= len(self._channels):
                raise self._broken(
                    f"sent a frame on bus {number}; expected one of 0 to {len(self._channels) - 1}: "
                    f"{', '.join(self._channels)}"
                )
            sent.append((self._channels[number], frame))

    def _exchanged(self, text: bytes, what: str) -> tuple[bytes, bytes]:
        """What is still to be written, and what came from the process. Waits until either moves."""
        process = self._process
        if process is None:
            raise DutError(f"the stepped firmware was asked to {what} before it was started")
        out, into, words = (_pipe(one).fileno() for one in (process.stdout, process.stdin, process.stderr))
        while True:
            readable, writable, _ = select.select(
                [out] if process.stderr is None or process.stderr.closed else [out, words],
                [into] if text else [],
                [],
                self._answer_ns / NS_PER_S,
            )
            if not readable and not writable:
                raise self._broken(f"gave no answer within {format_ns(self._answer_ns)}, asked to {what}")
            if words in readable:
                self._hear(process)
            if writable:
                try:
                    text = text[os.write(into, text) :]
                except BlockingIOError:
                    pass
                except OSError:
                    raise self._gone(process, what) from None
            if out in readable:
                news = os.read(out, _READ_BYTES)
                if not news:
                    raise self._gone(process, what)
                return text, news

    def _hear(self, process: "subprocess.Popen[bytes]") -> None:
        """What it says on standard error goes on to the bench's own, and the end of it is kept."""
        pipe = _pipe(process.stderr)
        try:
            news = os.read(pipe.fileno(), _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            news = b""
        if not news:
            pipe.close()
            return
        self._words = (self._words + news)[-_MOST_KEPT:]
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.write(sys.__stderr__.fileno(), news)  # type: ignore[union-attr]

    def _gone(self, process: "subprocess.Popen[bytes]", what: str) -> DutError:
        """It ended by itself, or has closed its output and stays."""
        try:
            status = process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return self._broken(f"closed its output, asked to {what}")
        if not _pipe(process.stderr).closed:
            self._hear(process)
        how = f"exit code {status}" if status >= 0 else f"signal {-status}"
        lines = (
            " ".join(line.split()) for line in reversed(self._words.decode(errors="replace").split("\n"))
        )
        last = next((line for line in lines if line), "")[:_MOST_WORDS]
        said = f"; its last words: {last}" if last else ""
        return DutCrashed(f"the stepped firmware ended by itself ({how}{said}), asked to {what}", status)

    def _broken(self, text: str) -> DutError:
        return DutError(f"the stepped firmware {self._command[0]}: {text}")


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise DutError("the stepped firmware has no such pipe")
    return pipe
