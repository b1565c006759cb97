"""Which builds of its DUT a bench can be asked for with `--firmware`, as far as they can be found."""

import importlib
import inspect
from collections.abc import Iterator

from bench.config.dut_adapters import WAYS
from bench.config.dut_life import DutConfig
from bench.errors import DutError
from bench.wiring.dut import build_firmware
from firmware_stubs.builds import descriptions

_NAME = "{firmware}"


def builds_of(dut: DutConfig) -> dict[str, str]:
    """By name, what each is. Those of this project where the DUT is one of them; else the DUT's own."""
    if dut.start == "in_process" and ":" not in dut.firmware:
        return descriptions()
    if dut.start == "in_process":
        return dict(_factories(dut.firmware))
    return dict(_of_commands(dut))


def _factories(firmware: str) -> Iterator[tuple[str, str]]:
    """What else the same module makes: its public functions and classes that need no argument."""
    yield firmware, "that of the bench file"
    name = firmware.partition(":")[0]
    try:
        build_firmware(firmware)
        module = importlib.import_module(name)
    except (DutError, ImportError):
        return  # `hil check` says why
    for factory, made in sorted(vars(module).items()):
        own = getattr(made, "__module__", "") == name and not factory.startswith("_")
        if own and inspect.isfunction(made) and f"{name}:{factory}" != firmware and _needs_nothing(made):
            yield f"{name}:{factory}", (inspect.getdoc(made) or "").partition("\n")[0]


def _needs_nothing(made: object) -> bool:
    parameters = inspect.signature(made).parameters.values()  # type: ignore[arg-type]
    bound = (
        one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) or one.default is not one.empty
        for one in parameters
    )
    return all(bound)


def _of_commands(dut: DutConfig) -> Iterator[tuple[str, str]]:
    """The one that the bench file names, and the files that a command with {firmware} in a path would find."""
    way = f"DUT adapter {dut.start}" if dut.start not in WAYS else dut.start
    yield dut.firmware, f"{way}: {' '.join(dut.command)}" if dut.command else way
    commands = [dut.command, *(one.words for one in (dut.flash, dut.reset) if one is not None)]
    for word in (word for words in commands for word in words if _NAME in word):
        before, after = word.split(_NAME, 1)
        if "{" in before + after:
            continue
        for file in sorted(dut.folder.glob(f"{before}*{after}")):
            text = str(file.relative_to(dut.folder)) if file.is_relative_to(dut.folder) else str(file)
            at = len(before.removeprefix("./"))
            found = text[at : len(text) - len(after)]
            if file.is_file() and found and "/" not in found and found != dut.firmware:
                yield found, f"the file {text}"
