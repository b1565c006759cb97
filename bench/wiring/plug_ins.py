"""What others have brought to this bench by entry point: named with its code in headers, reports and qualifications."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bench.config.bench_file import BenchConfig
from bench.config.dut_adapters import dut_adapters
from bench.config.instrument_kinds import instruments
from bench.config.report_sections import report_sections
from bench.errors import clear
from bench.faults.asks import made_by
from bench.faults.find import faults
from bench.parts import Shelf, unreadable
from bench.plant.chemistry import Chemistry
from bench.plant.find import chemistries
from bench.rig.provider_shelf import providers

Facts = dict[str, str]
UNSHOWN = "proven by its own readback alone"
PLUG_INS = "plug-ins"  # what a qualification calls them


def shelves() -> tuple[Shelf[Any], ...]:
    """Every sort of part that others may bring."""
    return (instruments(), faults(), chemistries(), dut_adapters(), providers(), report_sections())


def installed() -> str:
    """All plug-ins with version and hash, in one line; "" without any. Nothing is imported for it."""
    return "; ".join(
        f"{shelf.what} {name}: {origin.distribution} {origin.version} {origin.sha256[:16]}"
        for shelf in shelves()
        for name in shelf.brought
        if (origin := shelf.origin(name)) is not None
    )


def in_use(config: BenchConfig, kinds_of_faults: Iterator[str]) -> dict[str, Facts]:
    """Those that a run rests on, as the run's header has them."""
    power = config.dut.power
    switch = None if power is None else power.relay or power.supply
    asked: dict[Shelf[Any], list[str]] = {
        instruments(): [one.kind for one in config.instruments.values()] + ([switch.kind] if switch else []),
        faults(): list(kinds_of_faults),
        chemistries(): [config.pack.chemistry, config.dut.chemistry or ""],
        dut_adapters(): [config.dut.start],
        providers(): list(config.providers),
        report_sections(): list(report_sections().brought),  # a report is made with all of them
    }
    return {
        f"plug-in {shelf.what} {name}": {**asdict(origin), **(_unshown(name) if shelf is faults() else {})}
        for shelf, names in asked.items()
        for name in dict.fromkeys(names)
        if (origin := shelf.origin(name)) is not None
    }


def _unshown(name: str) -> Facts:
    """What a report says of a fault that its own word proves."""
    return {UNSHOWN: told} if (told := _by_its_word(name)) else {}


def troubles() -> list[str]:
    """What is wrong with parts of others, a line each. None of it stops a bench that does not use the part."""
    told = [*unreadable(), *(line for shelf in shelves() for line in shelf.troubles())]
    sound = [name for name in chemistries().names() if not chemistries().broken(name)]
    told += [line for name in sound if (line := Chemistry.trouble(name))]
    return told + [line for name in faults().brought if (line := _by_its_word(name))]


def _by_its_word(name: str) -> str:
    """A fault of others that says of itself that no frame can show it; "" of every other."""
    origin = faults().origin(name)
    if origin is None or name not in faults().all():
        return ""
    made = made_by(faults().get(name))
    why = "" if made.__module__.partition(".")[0] == "bench" else getattr(made, "unshown", "")
    whose = f"fault '{name}' of {origin.distribution} {origin.version} ({origin.module})"
    return why and f"{whose}: no frame shows it ({clear(str(why), 200)}): its own readback alone proves it"
