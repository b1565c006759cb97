"""What a process said on stderr before it ended: passed on as it comes, and the end of it kept."""

import asyncio
import contextlib
import os
import sys

_READ_BYTES = 1 << 16
_KEPT_BYTES = 4096
_MOST_SHOWN = 200


class LastWords:
    """A pipe for a process's stderr. `given`: the end the process gets, to be closed here once it has it."""

    def __init__(self) -> None:
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
        self._take()
        if self._descriptor >= 0:
            self._end()

    def line(self) -> str:
        """The last line that says something, short; "" where nothing was said."""
        self._take()  # a process that has ended has said all of it, and the loop may not have seen it yet
        lines = self._kept.decode(errors="replace").split("\n")
        said = next((one for one in map(_printable, reversed(lines)) if one), "")
        return said if len(said) <= _MOST_SHOWN else said[: _MOST_SHOWN - 3] + "..."

    def _take(self) -> None:
        while self._descriptor >= 0:
            try:
                news = os.read(self._descriptor, _READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                news = b""
            if not news:
                self._end()
                return
            self._kept = (self._kept + news)[-_KEPT_BYTES:]
            with contextlib.suppress(OSError, ValueError, AttributeError):  # the bench's own may be gone
                os.write(sys.__stderr__.fileno(), news)  # type: ignore[union-attr]

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1


def _printable(line: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())
