"""`python -m firmware_stubs.qemu_board`: a bare-metal board that QEMU emulates, with flash, power switch and reset.

    flash IMAGE     put an image into the board's flash (a file in --folder); it runs from the next power-on
    run             power on, say "ready", and stay on until stdin ends, SIGTERM, or a line's end is pulled out
    power-cycle     of a board that runs: QEMU is ended and started again, as nothing in RAM survives
    reset           of a board that runs: the reset line of the processor; RAM keeps its content

--vehicle and --sense are the serial devices that the board's first two UARTs are wired to. What QEMU says goes to
stderr. The emulated clock follows the host's.
"""

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import stat
import sys
from pathlib import Path
from typing import Any

from bench.errors import DutError
from firmware_stubs.can_process import ToldToEnd

_QEMU = "qemu-system-arm"
_MACHINE = "mps2-an385"
_FLASH, _CONTROL, _PID = "flash.elf", "control.sock", "board.pid"
_ANSWER_TIMEOUT_S = 10.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Board:
    """One QEMU process after another on the same lines, for as long as the board is wired up."""

    def __init__(self, folder: Path, lines: tuple[str, str]) -> None:
        self._folder = folder
        self._lines = lines
        self._process: asyncio.subprocess.Process | None = None
        self.ended = ToldToEnd()
        self.cycle_wanted = asyncio.Event()

    async def power_on(self) -> None:
        """Returns once the machine runs. Raises DutError for an empty flash, a missing line, a missing QEMU."""
        image = self._folder / _FLASH
        if not image.is_file():
            raise DutError(f"board in {self._folder}: its flash is empty; expected `flash IMAGE` first")
        for line in self._lines:
            if not _is_serial(line):
                raise DutError(f"board in {self._folder}: '{line}' is no serial device")
        control = self._folder / _CONTROL
        control.unlink(missing_ok=True)
        serial = [word for line in self._lines for word in ("-serial", line)]
        try:
            self._process = await asyncio.create_subprocess_exec(
                _QEMU, "-M", _MACHINE, "-kernel", str(image), "-display", "none", "-monitor", "none",
                "-qmp", f"unix:{control},server=on,wait=off", *serial,
                stdin=asyncio.subprocess.DEVNULL, stdout=sys.stderr, preexec_fn=_die_with_parent,
            )  # fmt: skip
        except FileNotFoundError:
            raise DutError(f"the emulated board needs {_QEMU}, which is not on PATH") from None
        await ask(self._folder, "query-status")

    async def power_off(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # a supply gives no notice either
            await process.wait()

    async def serve(self) -> None:
        """Until told to end. Raises DutError when QEMU ends by itself."""
        while not self.ended.is_set():
            assert self._process is not None  # noqa: S101
            gone = asyncio.ensure_future(self._process.wait())
            waits = [gone, *map(asyncio.ensure_future, (self.ended.wait(), self.cycle_wanted.wait()))]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()
            if self.ended.is_set():
                return
            if self.cycle_wanted.is_set():
                self.cycle_wanted.clear()
                await self.power_off()
                await self.power_on()
            elif self._process.returncode is not None:
                raise DutError(
                    f"board in {self._folder}: QEMU ended with exit code {self._process.returncode}"
                )


def _die_with_parent() -> None:
    """In the child: a killed board (SIGKILL cannot be caught) takes its emulated processor with it. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _is_serial(line: str) -> bool:
    path = Path(line)
    return path.exists() and stat.S_ISCHR(path.stat().st_mode)


async def ask(folder: Path, command: str) -> Any:
    """Ask the running QEMU over its control socket (QMP). Raises DutError where nobody answers."""
    path = folder / _CONTROL
    try:
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            while True:  # QEMU makes the socket a little after its start
                try:
                    reader, writer = await asyncio.open_unix_connection(path)
                    break
                except (FileNotFoundError, ConnectionRefusedError):
                    await _pause()
            try:
                await reader.readline()  # its greeting
                for words in ("qmp_capabilities", command):
                    writer.write(json.dumps({"execute": words}).encode() + b"\n")
                    answer: dict[str, Any] = {"event": ""}
                    while "event" in answer:
                        answer = json.loads(await reader.readline())
                if "return" not in answer:
                    raise DutError(f"board in {folder}: QEMU refused '{command}': {answer}")
                return answer["return"]
            finally:
                writer.close()
    except (TimeoutError, OSError, ValueError) as error:
        raise DutError(
            f"board in {folder}: no answer to '{command}' ({error or 'timeout'}); is it on?"
        ) from None


async def _pause() -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.02, done.set_result, None)
    await done


async def _run(folder: Path, lines: tuple[str, str]) -> int:
    """Until told to end; the exit code."""
    board = Board(folder, lines)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, board.ended.by, number)
    loop.add_signal_handler(signal.SIGUSR1, board.cycle_wanted.set)

    def on_stdin() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            board.ended.set()

    pid = folder / _PID
    try:
        await board.power_on()
        pid.write_text(str(os.getpid()))
        loop.add_reader(sys.stdin.fileno(), on_stdin)
        print("ready", flush=True)
        await board.serve()
    finally:
        pid.unlink(missing_ok=True)
        await board.power_off()
    return board.ended.exit_code


def _power_cycle(folder: Path) -> None:
    try:
        os.kill(int((folder / _PID).read_text()), signal.SIGUSR1)
    except (OSError, ValueError):
        raise DutError(f"board in {folder}: is not on, so it cannot be power-cycled") from None


def _flash(folder: Path, image: Path) -> None:
    try:
        if image.read_bytes()[:4] != b"\x7fELF":
            raise DutError(f"'{image}' is no ELF image; expected one of `build_c NAME --host mps2`")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, folder / (_FLASH + ".new"))
        (folder / (_FLASH + ".new")).replace(folder / _FLASH)
    except OSError as error:
        raise DutError(f"'{image}' cannot be flashed: {error}") from None


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m firmware_stubs.qemu_board",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("flash", "run", "power-cycle", "reset"):
        one = commands.add_parser(name)
        one.add_argument(
            "--folder", type=Path, required=True, help="the board: its flash and its control socket"
        )
        if name == "flash":
            one.add_argument("image", type=Path)
        if name == "run":
            one.add_argument("--vehicle", required=True, help="serial device")
            one.add_argument("--sense", required=True, help="serial device")
    arguments = parser.parse_args()
    try:
        if arguments.command == "flash":
            _flash(arguments.folder, arguments.image)
        elif arguments.command == "run":
            return asyncio.run(_run(arguments.folder, (arguments.vehicle, arguments.sense)))
        elif arguments.command == "reset":
            asyncio.run(ask(arguments.folder, "system_reset"))
        else:
            _power_cycle(arguments.folder)
    except DutError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
