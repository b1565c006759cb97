"""A DUT (or a piece of virtual bench hardware) as a process of its own, in real time."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bench.dut.last_words import FirstLine, LastWords
from bench.errors import DutCrashed, DutError
from bench.units import NS_PER_S

READY_NS = 15 * NS_PER_S
_STOP_TIMEOUT_S = 2.0


class ProcessDut:
    """Starts `command` and waits for its first line on stdout, unless it never says one. Stops it by closing stdin,
    then SIGTERM, then SIGKILL.

    It has a session of its own. A signal that a terminal sends to all its processes (Ctrl-C, hang-up) is for the
    bench, which may be set to ignore it. A DUT that ended by it would count as a DUT that failed.

    Both of its outputs are read while it runs, so that it may log without limit. stderr goes on to the bench's own
    stderr. Lines on stdout after the first are dropped. The last line is kept, to tell why the process ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        *,
        says_ready: bool = True,
        folder: Path | None = None,
        ready_ns: int = READY_NS,
    ) -> None:
        """ready_ns: how long its first line may take."""
        self._ready_ns = ready_ns
        self._command = list(command)
        self._name = name
        self._says_ready = says_ready
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._words: tuple[LastWords, ...] = ()  # the more telling first
        self._waits: dict[str, int] = {}  # of each thread, in ns, as the kernel counts them
        self.first_line = ""
        self.reset_by: Callable[[], Awaitable[None]] | None = None  # a process has no reset line of its own

    async def start(self) -> None:
        words = LastWords(passed_on=True)
        said = FirstLine() if self._says_ready else LastWords(passed_on=False)
        self._words = (words, said)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=said.given,
                stderr=words.given,
                cwd=self._folder,
                start_new_session=True,
            )
        except OSError as error:
            words.close()
            said.close()
            raise DutError(
                f"{self._name}: cannot be started ({error.strerror}); asked for {self._command}"
            ) from None
        finally:
            words.handed_over()
            said.handed_over()
        self._process = process
        if isinstance(said, FirstLine):
            await self._until_ready(process, said)

    async def _until_ready(self, process: asyncio.subprocess.Process, said: FirstLine) -> None:
        try:
            async with asyncio.timeout(self._ready_ns / NS_PER_S):
                line = await said.first
                if not line:
                    await process.wait()
        except TimeoutError as exc:
            await self.stop()
            raise DutError(
                f"{self._name}: not ready within {self._ready_ns / NS_PER_S:g} s: it said no line, expected one on "
                f'stdout; a DUT that prints none needs [dut] ready = "at_once", one that needs longer [wait] ready in '
                f"its profile; started as {self._command}"
            ) from exc
        if not line:
            told = f"{self._name}: ended before it was ready{self.how()}; started as {self._command}"
            raise DutCrashed(told, self.status())
        self.first_line = line.decode(errors="replace").strip()

    async def stop(self) -> None:
        process, self._process = self._process, None
        words, self._words = self._words, ()
        try:
            if process is not None:
                await self._end(process)
        finally:
            for one in words:
                one.close()

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()  # of one that has ended, too: a child of its own may hold the other end
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)  # a stopped process would not hear that it has to end
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_TIMEOUT_S):
                    await process.wait()
        finally:  # whoever cancels this, as a loop that is being closed does, leaves no process behind
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()

    async def hang(self) -> None:
        """SIGSTOP: the process stands still, and its buses fill up behind it."""
        if self._process is None or self._process.returncode is not None:
            raise DutError(f"{self._name}: found no process to be stopped; expected it to run")
        self._process.send_signal(signal.SIGSTOP)

    async def go_on(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)

    async def reset(self) -> None:
        if self.reset_by is None:
            raise DutError(
                f"{self._name}: found no way to reset it; expected [dut.reset], or UDS in its profile"
            )
        await self.reset_by()

    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def died(self) -> bool:
        """It was started, nobody stopped it, and it is gone."""
        return self._process is not None and self._process.returncode is not None

    def how(self) -> str:
        """How it ended: " (exit code 1; its last words: ...)"; "" while it runs."""
        if self._process is None or (code := self._process.returncode) is None:
            return ""
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        said = next((line for words in self._words if (line := words.line())), "")
        return f" ({how}; its last words: {said})" if said else f" ({how})"

    def status(self) -> int | None:
        return None if self._process is None else self._process.returncode

    def waited_ns(self) -> int:
        """How long it has waited for a processor since the last call: the thread that waited longest. 0 if untold."""
        if self._process is None:
            return 0
        before, self._waits = self._waits, {}
        for task in Path(f"/proc/{self._process.pid}/task").glob("*/schedstat"):
            with contextlib.suppress(
                OSError, ValueError, IndexError
            ):  # it ended meanwhile, or the kernel keeps none
                self._waits[task.parent.name] = int(task.read_text(encoding="ascii").split()[1])
        return max((now - before[name] for name, now in self._waits.items() if name in before), default=0)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None
