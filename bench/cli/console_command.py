"""`hil console`: the bench at a Python prompt, with a rig that is up. `await` works there."""

from __future__ import annotations

import ast
import code
import contextlib
import inspect
import signal
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.command import Command
from bench.cli.options import (
    DEFAULT_CONFIG,
    ChemistryOption,
    ConfigOption,
    FirmwareOption,
    TimeOption,
)

if TYPE_CHECKING:
    import asyncio

_BANNER = """\
`bench` is the bench, `rig` its rig: up, its DUT in {mode}. As: await rig.set_cell_voltage(17, 4.3)
await rig.wait(0.5); await rig.state(); await rig.signal("state"); help(rig). Ctrl-D: to the safe state."""


def console(
    config: ConfigOption = DEFAULT_CONFIG,
    time: TimeOption = None,
    firmware: FirmwareOption = None,
    chemistry: ChemistryOption = None,
    mode: Annotated[str, typer.Option("--mode", help="Of the DUT, which it is asked to enter.")] = "off",
) -> None:
    """Drive a rig by hand at a Python prompt. All of it is kept in a trace; the end is the safe state."""
    import asyncio

    import bench as public
    from bench.door.session import Bench

    bench = Bench.open(config, time=time, firmware=firmware, chemistry=chemistry)
    rig = bench.rig(mode=mode)
    known = {name: getattr(public, name) for name in public.__all__}
    with asyncio.Runner() as runner, _signals():
        runner.run(rig.__aenter__())
        try:
            _completed(prompt := _Prompt({**known, "bench": bench, "rig": rig}, runner))
            prompt.interact(banner=_BANNER.format(mode="standby" if mode == "off" else mode), exitmsg="")
        finally:
            runner.run(rig.__aexit__(None, None, None))
    typer.echo(f"trace  {rig.folder}", err=True)


class _Prompt(code.InteractiveConsole):
    """Python's own prompt, where a line with `await` runs on one loop, and a mistake of the bench is one line."""

    def __init__(self, known: dict[str, Any], runner: asyncio.Runner) -> None:
        super().__init__(known)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._runner = runner

    def runcode(self, code: types.CodeType) -> None:
        from bench.errors import BenchError

        try:
            made = types.FunctionType(code, self.locals)()
            if inspect.iscoroutine(made):
                self._runner.run(made)
        except SystemExit:
            raise
        except BenchError as error:
            self.write(f"{error}\n")
        except KeyboardInterrupt:
            self.write("KeyboardInterrupt\n")
        except BaseException:  # noqa: BLE001 - of the user's own line
            self.showtraceback()


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Ctrl-C ends the line, as at every prompt; SIGTERM and a closed terminal end the console."""
    from bench.timing.stopping import ENDING, remember

    def end(signum: int, frame: object) -> None:  # noqa: ARG001
        remember(signum)
        raise SystemExit(128 + signum)

    before = {one: signal.getsignal(one) for one in ENDING}
    for one in ENDING:
        signal.signal(one, signal.default_int_handler if one == signal.SIGINT else end)
    try:
        yield
    finally:
        for one, had in before.items():
            signal.signal(one, had)


def _completed(prompt: _Prompt) -> None:
    with contextlib.suppress(ImportError):
        import readline
        import rlcompleter

        readline.set_completer(rlcompleter.Completer(prompt.locals).complete)
        readline.parse_and_bind("tab: complete")


COMMAND = Command(name="console", call=console, place=205)
