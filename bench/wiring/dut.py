"""The DUT of a rig, as [dut] describes it, and how the rig learns which build it has before it."""

import functools
import importlib
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from bench.config.bench_file import BenchConfig
from bench.config.dut_adapters import WAYS, dut_adapters
from bench.config.dut_life import DutConfig
from bench.config.profile import DutProfile
from bench.dut.adapter import AdaptedDut, DutAdapter
from bench.dut.board import LivingDut, fill_in, words_for
from bench.dut.firmware import HOW_TO_WRITE, Firmware
from bench.dut.identity import fits, image_hash, said_on_can
from bench.dut.process import ProcessDut
from bench.dut.raised import raised_by_firmware
from bench.dut.stepped import SteppedProcess
from bench.dut.uds import Address, UdsTester
from bench.errors import ConfigError, DutError, UnidentifiedBuild
from bench.links.ports import CanLink
from bench.rig.view import news_of
from bench.timing.clock import Clock
from bench.timing.failures import FAILED
from bench.trace.facts import DutIdentified
from bench.trace.timeline import Trace
from bench.trace.trouble import line_of, place_of
from bench.wiring.common import Wired
from bench.wiring.power import power_switch
from firmware_stubs import builds
from firmware_stubs.builds import Implementation
from firmware_stubs.reference_bms.limits import Limits

_FIRMWARE = ("period_ns", "receive", "step")


@functools.cache
def _limits(chemistry: Path, parallel: int) -> Limits:
    """Read once, because every shot builds its firmware again."""
    return Limits.from_toml(chemistry).beside(parallel)


def build_firmware(name: str, chemistry: Path | None = None, parallel: int = 1) -> Firmware:
    """A firmware that runs in process: a build of this project, or `module:factory`. Raises DutError.

    A build of this project takes its limits and OCV table from the file `chemistry`, for `parallel` cells at each of
    its wires; another keeps its own.
    """
    module, colon, factory = name.partition(":")
    if not colon:
        return builds.build(name, limits=None if chemistry is None else _limits(chemistry, parallel))
    if not (factory.isidentifier() and all(one.isidentifier() for one in module.split("."))):
        raise DutError(
            f"firmware '{name}': found no {'factory after' if module else 'module before'} the colon that could be "
            "imported; expected module:factory, such as my_firmware:make, or a build that `hil list` names"
        )
    try:
        make = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise DutError(
            f"firmware '{name}': {error}; expected module:factory that can be imported: `PYTHONPATH=. hil …` "
            f"finds one in this folder, {HOW_TO_WRITE} says how to write one"
        ) from error
    except FAILED as error:
        raise DutError(f"firmware '{name}': {line_of(error)}{place_of(error)}") from error
    except BaseException as error:
        raise raised_by_firmware(error) from error
    return _made(name, make)


def firmware_of(
    config: DutConfig, chemistry: Path | None = None, parallel: int = 1, channels: Sequence[str] = ()
) -> Firmware:
    """What is stepped in simulated time: `firmware`, a process, or what the DUT adapter brings. Raises DutError.

    A process is not begun here. channels: names of its buses.
    """
    if config.start == "stepped":
        words = fill_in(config.command, words_for(config, {}))
        return SteppedProcess(words, channels, config.folder, config.answer_ns)
    if config.start in WAYS:
        return build_firmware(config.firmware, chemistry, parallel)
    make = _adapter(config).firmware
    if make is None:
        raise DutError(f"DUT adapter '{config.start}': it has no firmware; expected one, or real time")
    return _made(config.start, lambda: make(config.options, chemistry))


def _adapter(config: DutConfig) -> DutAdapter:
    found = dut_adapters().get(config.start)
    if not isinstance(found, DutAdapter):
        raise DutError(f"DUT adapter '{config.start}': it is no bench.dut.adapter.DutAdapter; expected one")
    return found


def _made(name: str, make: Callable[[], Firmware]) -> Firmware:
    try:
        made = make()
    except FAILED as error:  # somebody else's code: whatever it raises is told in a line
        raise DutError(
            f"firmware '{name}': it could not be made: {line_of(error)}{place_of(error)}"
        ) from error
    except BaseException as error:
        raise raised_by_firmware(error) from error
    lacking = [one for one in _FIRMWARE if not hasattr(made, one)]
    if lacking:
        raise DutError(
            f"firmware '{name}': {type(made).__name__} has no {', '.join(lacking)}; expected a Firmware "
            f"({HOW_TO_WRITE})"
        )
    return made


def expected_build(config: DutConfig) -> str | None:
    """What the DUT has to say of itself; None where nobody knows beforehand."""
    if config.identity.expected is not None:
        return config.identity.expected
    if config.identity.by == "image" and config.image is not None:
        return image_hash(config.image)
    if config.start == "in_process" and ":" not in config.firmware:
        return builds.build_hash(config.firmware).hex()[:8]
    return None


def implementation_of(config: BenchConfig) -> Implementation | None:
    """Which implementation of this project's firmware is stepped in simulated time; None where another thing is."""
    dut = config.dut
    if not config.simulated or dut.start != "in_process" or ":" in dut.firmware:
        return None
    return builds.implementation(dut.firmware)


def check_life(config: BenchConfig, profile: DutProfile) -> None:
    """What can be known of the DUT's life before anything is driven. Raises ConfigError."""
    dut = config.dut
    place = f"{config.file} [dut"
    _check_time(config, place)
    if dut.start not in WAYS:
        _check_adapter(config, place)
    if dut.start == "in_process" or (dut.start not in WAYS and config.simulated):
        try:
            firmware_of(dut)
        except DutError as error:
            key = "firmware" if dut.start in WAYS else "start"
            raise ConfigError(f"{place}.{key}]: {error}") from error
    if dut.identity.by == "can" and profile.identity is None:
        raise ConfigError(
            f"{place}.identity]: found by = 'can', but {profile.file} has no [identity]; expected it there, or another "
            "way: an unidentified build is not tested"
        )
    if dut.identity.by == "uds" and profile.uds is None:
        raise ConfigError(
            f"{place}.identity]: found by = 'uds', but {profile.file} has no [uds]; expected it there"
        )
    if dut.reset_by_uds and profile.uds is None:
        raise ConfigError(f"{place}.reset]: found 'uds', but {profile.file} has no [uds]; expected it there")
    if dut.start == "stepped":
        _check_program(dut, place)
    else:
        _check_words(config)


def _check_time(config: BenchConfig, place: str) -> None:
    """Whether this way to start a DUT is one of simulated or of real time."""
    start = config.dut.start
    if config.simulated and start in ("subprocess", "external"):
        raise ConfigError(
            f"{place}.start]: found '{start}' in simulated time; expected in_process, stepped, or [time] mode = "
            '"real"'
        )
    if not config.simulated and start == "stepped":
        raise ConfigError(
            f"{place}.start]: found 'stepped' in real time, which waits for nobody; expected [time] mode = "
            '"simulated", or start = "subprocess"'
        )
    if not config.simulated and start == "in_process" and ":" in config.dut.firmware:
        raise ConfigError(
            f"{place}.firmware]: found '{config.dut.firmware}' in real time; expected a process or a board"
        )


def _check_adapter(config: BenchConfig, place: str) -> None:
    dut = config.dut
    if not config.simulated and _adapter(dut).dut is None:
        raise ConfigError(
            f"{place}.start]: found '{dut.start}', which has no DUT in real time; expected simulated time"
        )
    if config.simulated and (dut.flash or dut.reset or dut.power):
        raise ConfigError(
            f"{place}]: found a flash, reset or power in simulated time, where '{dut.start}' is a firmware that is "
            "stepped; expected none"
        )


def _check_words(config: BenchConfig) -> None:
    """The {placeholders} of all commands."""
    dut = config.dut
    known = words_for(dut, dict.fromkeys(config.can, ""))
    options = {f"{channel}.{key}" for channel, can in config.can.items() for key in can.options}
    known |= dict.fromkeys(options, "")
    for command in (
        dut.flash,
        dut.reset,
        dut.power.on if dut.power else None,
        dut.power.off if dut.power else None,
    ):
        if command is not None:
            fill_in(command.words, known)
    fill_in(dut.command, known)


def _check_program(dut: DutConfig, place: str) -> None:
    program = fill_in(dut.command, words_for(dut, {}))[0]
    if shutil.which(program) is None and shutil.which(dut.folder / program) is None:
        raise ConfigError(
            f"{place}.command]: found '{program}', no program that can be started; expected one, built for this machine"
        )


def tester_of(wired: Wired, clock: Clock, trace: Trace, links: Mapping[str, CanLink]) -> UdsTester | None:
    """A diagnostic tester, where the profile says that the DUT speaks UDS."""
    how = wired.profile.uds
    if how is None:
        return None
    database = wired.databases[how.channel]
    request, response = database[how.request], database[how.response]
    address = Address(
        request_id=request.can_id,
        response_id=response.can_id,
        extended=response.extended,
        p2_ns=how.p2_ns,
        p2_star_ns=how.p2_star_ns,
    )
    return UdsTester(clock, trace, links[how.channel], address)


def real_dut(
    wired: Wired, clock: Clock, buses: Mapping[str, str], tester: UdsTester | None
) -> ProcessDut | LivingDut:
    """The DUT of a rig in real time: a stub of this project, the user's process, or a board. `buses`: see Words."""
    config, ready_ns = wired.config.dut, wired.profile.waits.ready_ns
    if config.start == "in_process":
        words = builds.process_command(
            config.firmware, wired.firmware_chemistry.path, wired.config.pack.parallel
        )
        words += [word for channel, bus in buses.items() for word in (f"--{channel}", bus)]
        return _resettable(ProcessDut(words, f"DUT {config.firmware}", ready_ns=ready_ns), tester)
    known = words_for(config, buses)
    core: ProcessDut | AdaptedDut | None = None
    if config.start not in WAYS and (bring := _adapter(config).dut) is not None:
        core = AdaptedDut(bring(config.options, known), _adapter(config).title)
    if config.start == "subprocess":
        core = started = ProcessDut(
            fill_in(config.command, known),
            f"DUT {config.firmware}",
            says_ready=config.ready == "line",
            folder=config.folder,
            ready_ns=ready_ns,
        )
        _resettable(started, tester)
    reset = None
    how = config.reset_by_uds
    if how is not None and tester is not None:
        reset = functools.partial(tester.reset, how)
    return LivingDut(clock, config, known, core, wired.life, reset, power_switch(config, known, clock))


def _resettable(process: ProcessDut, tester: UdsTester | None) -> ProcessDut:
    """A process has no reset pin: it is told by UDS (0x11, hard reset), where it speaks that."""
    if tester is not None:
        process.reset_by = functools.partial(tester.reset, "hard")
    return process


def identifier(
    wired: Wired, clock: Clock, trace: Trace, links: Mapping[str, CanLink], tester: UdsTester | None
) -> Callable[[], Awaitable[None]]:
    """A coroutine that reads the build from the DUT, writes it into the trace, and refuses any but the expected."""
    dut, profile = wired.config.dut, wired.profile

    async def identify() -> None:
        how = dut.identity
        if how.by == "uds" and tester is not None and profile.uds is not None:
            said = await tester.read_text(profile.uds.identity_did)
        elif how.by == "image" and dut.image is not None:
            said = image_hash(dut.image)
        elif profile.identity is not None:
            said = await said_on_can(
                clock, profile.identity, wired.databases, links, news_of(trace), how.timeout_ns
            )
        else:
            raise DutError(f"{profile.file} has no [identity]: an unidentified build is not tested")
        expected = expected_build(dut) or wired.life.setdefault("identity", said)
        trace.mark(clock.now_ns(), DutIdentified(identity=said, expected=expected), how.by)
        if not fits(said, expected):
            raise UnidentifiedBuild(
                f"the DUT says it is build '{said}'; expected '{expected}' ([dut.identity] or the firmware)"
            )

    return identify
