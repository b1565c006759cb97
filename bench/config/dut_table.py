"""`[dut]` of hil_config.toml: how the DUT is started, flashed, reset, power-cycled, and how its build is known."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from bench.config.dut_adapters import WAYS, dut_adapters
from bench.config.dut_life import ANSWER_NS, DutConfig, IdentityConfig, LifeCommand
from bench.config.option_shape import given, table_of
from bench.config.options import NO_OPTIONS, Options
from bench.config.power_table import read_power
from bench.config.toml_file import DurationNs, Shape, TomlFile
from bench.config.user_file import is_file
from bench.errors import ConfigError, choices, nearest
from bench.units import NS_PER_S

_COMMANDED = ("subprocess", "stepped")
_IN_STEP = ("in_process", "stepped")


class FlashTable(Shape):
    command: list[str] = Field(min_length=1)
    image: str
    timeout: DurationNs = Field(default=120 * NS_PER_S, gt=0)

    MEANS: ClassVar = {
        "command": "words of the command that flashes the image",
        "image": "the file that is flashed; {image} stands for it in the command",
        "timeout": "how long the command may take",
    }


class ResetTable(Shape):
    command: list[str] | None = Field(default=None, min_length=1)
    uds: Literal["hard", "key_off_on", "soft"] | None = None
    timeout: DurationNs = Field(default=10 * NS_PER_S, gt=0)

    MEANS: ClassVar = {
        "command": "words of the command that resets the DUT",
        "uds": "the reset that is asked for by UDS; in place of command",
        "timeout": "how long it may take",
    }


class IdentityTable(Shape):
    by: Literal["can", "uds", "image"] = "can"
    expected: str | None = Field(default=None, min_length=1)
    timeout: DurationNs = Field(default=5 * NS_PER_S, gt=0)

    MEANS: ClassVar = {
        "by": "how the build is known: from its frames, by UDS, or by the hash of the flashed image",
        "expected": "the build that has to be there; absent: any, the same in all shots",
        "timeout": "how long the DUT may take to say it",
    }


class DutTable(Shape):
    profile: str
    firmware: str = "reference"
    chemistry: str | None = None
    start: str = "in_process"  # or the name of a DUT adapter
    command: list[str] | None = Field(default=None, min_length=1)
    ready: Literal["line", "at_once"] = "line"
    answer: DurationNs | None = Field(default=None, gt=0)
    flash: FlashTable | None = None
    reset: ResetTable | None = None
    power: dict[str, Any] | None = None  # a PowerTable with the options of its relay card or supply
    identity: IdentityTable | None = None
    options: dict[str, Any] = Field(default_factory=dict)  # those of the DUT adapter

    MEANS: ClassVar = {
        "profile": "the DUT profile, relative to the bench file",
        "firmware": "the build to be tested; `hil list` shows those of this project",
        "chemistry": "the chemistry that the firmware is made for; absent: that of the pack",
        "start": "how it runs: in_process, stepped, subprocess, external, or the name of a DUT adapter",
        "command": "words that start it, for stepped and subprocess",
        "ready": "when a process is ready: after it has printed a line, or at once",
        "answer": "of real time, how long firmware under start = 'stepped' may be silent; absent: 30 s",
        "flash": "how it is flashed, once a run",
        "reset": "how it is reset, before every shot",
        "power": "what switches its supply, before every shot",
        "identity": "how its build is known; demanded unless it runs in_process",
        "options": "what the DUT adapter takes",
    }


def read_dut(file: TomlFile, table: DutTable, base: Path) -> DutConfig:
    """Facts of `[dut]`; notes mistakes that only show when keys are seen together."""
    options = _adapter_options(file, table)
    if table.start in _COMMANDED and table.command is None:
        file.mistake(
            ("dut", "start"), f"found '{table.start}' without a 'command'; expected the words that start it"
        )
    if table.start not in _COMMANDED and table.command is not None:
        file.mistake(
            ("dut", "command"),
            f"found one under start = '{table.start}'; expected start = 'subprocess' or 'stepped'",
        )
    if table.start != "stepped" and table.answer is not None:
        file.mistake(
            ("dut", "answer"), f"found one under start = '{table.start}'; expected start = 'stepped'"
        )
    if table.start in _IN_STEP:
        for name in ("flash", "reset", "power"):
            if getattr(table, name) is not None:
                file.mistake(
                    ("dut", name),
                    f"found one under start = '{table.start}'; expected 'subprocess' or 'external'",
                )
    if table.start != "in_process" and table.identity is None:
        file.mistake(
            ("dut",),
            "found no 'identity'; expected one, as in { by = \"can\" }: an unidentified build is not tested",
        )
    if table.reset is not None and (table.reset.command is None) == (table.reset.uds is None):
        file.mistake(("dut", "reset"), "found neither or both of 'command' and 'uds'; expected one of them")
    image = None
    if table.flash is not None:
        image = base / table.flash.image
        if not is_file(image):
            file.mistake(
                ("dut", "flash", "image"), f"found '{table.flash.image}', no such file; expected the image"
            )
    if table.identity is not None and table.identity.by == "image" and image is None:
        file.mistake(
            ("dut", "identity", "by"), "found 'image' without [dut.flash]; expected a flashed image to hash"
        )
    return DutConfig(
        profile=base / table.profile,
        firmware=table.firmware,
        chemistry=table.chemistry,
        start=table.start,
        options=options,
        command=tuple(table.command or ()),
        ready=table.ready,
        answer_ns=table.answer or ANSWER_NS,
        folder=base,
        flash=_command(table.flash.command, table.flash.timeout) if table.flash else None,
        image=image,
        reset=_command(table.reset.command, table.reset.timeout)
        if table.reset and table.reset.command
        else None,
        reset_by_uds=table.reset.uds if table.reset else None,
        power=read_power(file, table.power) if table.power else None,
        identity=IdentityConfig(
            by=table.identity.by, expected=table.identity.expected, timeout_ns=table.identity.timeout
        )
        if table.identity
        else IdentityConfig(),
    )


def _adapter_options(file: TomlFile, table: DutTable) -> Options:
    """The options of the DUT adapter that `start` names. Empty where `start` is one of the bench's own ways."""
    known, start = dut_adapters(), table.start
    if start in WAYS:
        if table.options:
            file.mistake(
                ("dut", "options"), f"found some under start = '{start}'; expected them for an adapter only"
            )
        return NO_OPTIONS
    if start not in known:
        names = (*WAYS, *known.names())
        file.mistake(
            ("dut", "start"),
            f"found '{start}'; expected one of {choices(start, names)}{nearest(start, names)}",
        )
        return NO_OPTIONS
    try:
        facts = known.get(start)
    except ConfigError as broken:
        file.mistake(("dut", "start"), f"found '{start}', which cannot be used: {broken}")
        return NO_OPTIONS
    read = file.check(table_of(Shape, facts.options), table.options, "dut", "options")
    return Options(given(read, facts.options)) if read is not None else NO_OPTIONS


def _command(words: list[str], timeout_ns: int) -> LifeCommand:
    return LifeCommand(words=tuple(words), timeout_ns=timeout_ns)
