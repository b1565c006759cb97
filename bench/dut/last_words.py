"""What a process says on stdout or stderr: read as it comes, whoever wants it or not, and the end of it kept."""

import asyncio
import contextlib
import os
import sys

_READ_BYTES = 1 << 16
_READS_AT_END = 16  # as much as a pipe can hold; a grandchild may still talk into it, without end
_KEPT_BYTES = 4096
_MOST_SHOWN = 200
_LONGEST_FIRST_LINE = 1 << 16


class LastWords:
    """A pipe for what a process says. `given`: the end the process gets, to be closed here once it has it.

    `passed_on`: what is heard goes on to the bench's own stderr.
    """

    def __init__(self, *, passed_on: bool) -> None:
        self._passed_on = passed_on
        self._descriptor, self.given = os.pipe()
        os.set_blocking(self._descriptor, False)
        self._kept = b""
        asyncio.get_running_loop().add_reader(self._descriptor, self._take)

    def handed_over(self) -> None:
        """The process has its end, or never will."""
        if self.given >= 0:
            os.close(self.given)
            self.given = -1

    def close(self) -> None:
        """Passes on what is left; what a grandchild says later is lost."""
        self.handed_over()
        self._take_all()
        if self._descriptor >= 0:
            self._end()

    def line(self) -> str:
        """The last line that says something, short; "" where nothing was said."""
        lines = self.text().split("\n")
        said = next((one for one in map(_printable, reversed(lines)) if one), "")
        return said if len(said) <= _MOST_SHOWN else said[: _MOST_SHOWN - 3] + "..."

    def text(self) -> str:
        """The end of all it said, as it said it."""
        self._take_all()  # a process that has ended has said all of it, and the loop may not have seen it yet
        return self._kept.decode(errors="replace")

    def _take_all(self) -> None:
        for _ in range(_READS_AT_END):
            if not self._take():
                return

    def _take(self) -> bool:
        """One piece only: a process that never stops talking must not hold up the loop. False: there is no more."""
        if self._descriptor < 0:
            return False
        try:
            news = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            news = b""
        if not news:
            self._end()
            return False
        self._hear(news)
        return True

    def _hear(self, news: bytes) -> None:
        self._kept = (self._kept + news)[-_KEPT_BYTES:]
        if self._passed_on:
            with contextlib.suppress(OSError, ValueError, AttributeError):  # the bench's own may be gone
                os.write(sys.__stderr__.fileno(), news)  # type: ignore[union-attr]

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1


class FirstLine(LastWords):
    """The last words of a process that says on stdout that it is ready. That line does not count as last words.
    `first`: that line, b"" for none.
    """

    def __init__(self) -> None:
        super().__init__(passed_on=False)
        self._opening = b""
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def _hear(self, news: bytes) -> None:
        if self.first.done():
            super()._hear(news)
            return
        self._opening += news
        line, end, more = self._opening.partition(b"\n")
        if end or len(line) >= _LONGEST_FIRST_LINE:
            self.first.set_result(line)
            super()._hear(more)

    def _end(self) -> None:
        super()._end()
        if not self.first.done():
            self.first.set_result(self._opening)


def _printable(line: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())
