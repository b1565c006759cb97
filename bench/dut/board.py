"""A DUT that the bench does not simulate: the user's own commands flash, reset and power it."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from bench.config.dut_life import DutConfig, LifeCommand
from bench.dut.adapter import AdaptedDut
from bench.dut.last_words import LastWords
from bench.dut.process import ProcessDut
from bench.errors import ConfigError, DutError, nearest
from bench.timing.clock import Clock
from bench.units import NS_PER_S, format_ns

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LAST_WORDS = 300


def words_for(config: DutConfig, buses: Mapping[str, str]) -> dict[str, str]:
    """What the {placeholders} of a command stand for. `buses`: by channel, as `interface:key=value,…`.

    {firmware}, {image}; {vehicle} the whole bus, {vehicle.interface} and {vehicle.channel} (or any other option).
    """
    known = {"firmware": config.firmware, "image": str(config.image.resolve()) if config.image else ""}
    for channel, text in buses.items():
        interface, _, rest = text.partition(":")
        known[channel] = text
        known[f"{channel}.interface"] = interface
        for pair in filter(None, rest.split(",")):
            key, _, value = pair.partition("=")
            known[f"{channel}.{key}"] = value
    return known


def fill_in(words: tuple[str, ...], known: Mapping[str, str]) -> list[str]:
    """Raises ConfigError for a placeholder that stands for nothing."""

    def one(match: re.Match[str]) -> str:
        name = match[1]
        if name not in known:
            expected = ", ".join(f"{{{key}}}" for key in known)
            raise ConfigError(f"[dut]: found '{{{name}}}'; expected one of {expected}{nearest(name, known)}")
        return known[name]

    return [_PLACEHOLDER.sub(one, word) for word in words]


async def run_command(command: LifeCommand, known: Mapping[str, str], config: DutConfig, what: str) -> None:
    """Raises DutError naming the command, how it ended, and its last words."""
    words = fill_in(command.words, known)
    said = LastWords(passed_on=False)
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=config.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=said.given,
            stderr=said.given,
            start_new_session=True,  # Ctrl-C must not end what cuts a supply
        )
    except OSError as error:
        said.close()
        raise DutError(
            f"{what}: '{words[0]}' cannot be started: {error.strerror}; asked for {words}"
        ) from None
    said.handed_over()
    try:
        async with asyncio.timeout(command.timeout_ns / NS_PER_S):
            await process.wait()  # not for the end of what it says: a child it leaves behind may go on
    except TimeoutError:
        raise DutError(
            f"{what}: not done within {format_ns(command.timeout_ns)}; asked for {words}"
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        last = " ".join(said.text().split())[-_LAST_WORDS:]
        said.close()
    if process.returncode:
        raise DutError(
            f"{what}: ended with exit code {process.returncode}; asked for {words}; it said: {last}"
        )


class PowerSwitch(Protocol):
    """What stands between the DUT and its supply. Both raise DutError or InstrumentError where it does not move."""

    async def on(self) -> None: ...

    async def off(self) -> None: ...


class CommandedPower:
    """The user's own two commands."""

    def __init__(
        self, on: LifeCommand, off: LifeCommand, known: Mapping[str, str], config: DutConfig
    ) -> None:
        self._on, self._off = on, off
        self._known, self._config = known, config

    async def on(self) -> None:
        await run_command(self._on, self._known, self._config, "power on")

    async def off(self) -> None:
        await run_command(self._off, self._known, self._config, "power off")


class LivingDut:
    """Flash (once a run), power-cycle or reset, and start, in this order, by the user's commands.

    `core`: the started process, None for a board that runs by itself. `life`: kept for the run, says what was flashed.
    """

    def __init__(
        self,
        clock: Clock,
        config: DutConfig,
        known: Mapping[str, str],
        core: ProcessDut | AdaptedDut | None,
        life: dict[str, str],
        reset: Callable[[], Awaitable[None]] | None = None,
        power: PowerSwitch | None = None,
    ) -> None:
        self._clock = clock
        self._config = config
        self._known = known
        self._core = core
        self._life = life
        self._reset = reset
        self._power = power
        self._on = False

    async def start(self) -> None:
        config = self._config
        if config.flash is not None and self._life.get("flashed") != str(config.image):
            await run_command(config.flash, self._known, config, "flash")
            self._life["flashed"] = str(config.image)
        if self._power is not None and config.power is not None:
            await self._power.off()
            await self._clock.sleep_until(self._clock.now_ns() + config.power.off_time_ns)
            await self._power.on()
        if config.reset is not None:
            await run_command(config.reset, self._known, config, "reset")
        if self._core is not None:
            await self._core.start()
        self._on = True
        if self._reset is not None:
            await self._reset()

    async def stop(self) -> None:
        """Raises DutError or InstrumentError where the supply cannot be switched off: then the DUT is not safe."""
        self._on = False
        if self._core is not None:
            await self._core.stop()
        if self._power is not None:
            await self._power.off()

    def waited_ns(self) -> int:
        """How long the DUT's process has waited for a processor, in ns; 0 for a board, which has a processor of its
        own.
        """
        return 0 if self._core is None else self._core.waited_ns()

    async def hang(self) -> None:
        if self._core is None:
            raise DutError("a board: found no process to be stopped; expected one that this bench starts")
        await self._core.hang()

    async def go_on(self) -> None:
        if self._core is not None:
            await self._core.go_on()

    async def reset(self) -> None:
        """By the user's command, else as after each start."""
        if self._config.reset is not None:
            await run_command(self._config.reset, self._known, self._config, "reset")
        elif self._reset is not None:
            await self._reset()
        elif self._core is not None:
            await self._core.reset()
        else:
            raise DutError("a board: found no [dut.reset]; expected a command, or UDS in its profile")

    def alive(self) -> bool:
        return self._on and (self._core is None or self._core.alive())

    def died(self) -> bool:
        return self._core is not None and self._core.died()

    def how(self) -> str:
        return "" if self._core is None else self._core.how()

    def status(self) -> int | None:
        return None if self._core is None else self._core.status()
