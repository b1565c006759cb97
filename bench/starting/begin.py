"""Write the first files of a bench: profile, bench file, safety goal, scenario."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.codec.database import Database
from bench.config.user_file import read_text, toml_of
from bench.errors import ConfigError, choices, nearest
from bench.starting.bench_page import Setup, bench_page, budgets_page, first_scenario, scenario_page
from bench.starting.guess import Guess, guess
from bench.starting.nodes import beside, buses_of, find_dut, names_of_buses, read_files
from bench.starting.numbered import MOST
from bench.starting.page import Ask, Draft, nobody_asked
from bench.starting.profile_page import profile_page
from bench.starting.signals import files_in_words, nodes_of

BENCH, PROFILE = "hil_config.toml", "profile.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a user says beside the files; "" for what nobody says.

    shipped: the folder of the package's example bench, whose instrument is taken; with its messages the firmware of
    this project is tested.
    """

    files: tuple[Path, ...]
    folder: Path
    shipped: Path
    dut: str = ""
    firmware: str = ""
    chemistry: str = ""
    chemistries: tuple[str, ...] = ()
    ask: Ask = nobody_asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What was written. notes: what a profile cannot say of these files, and which others name the DUT, too.

    deciding: what the guesses are about that decide a verdict.
    """

    files: tuple[Path, ...]
    notes: tuple[str, ...]
    guesses: int
    deciding: tuple[str, ...]
    open: int
    firmware: str


def begin(wanted: Beginning) -> Begun:
    """Raises ConfigError: a file that cannot be read, a node that is not there, a file that would be overwritten."""
    databases = read_files(wanted.files)
    notes: list[str] = []
    duts = _duts(wanted, databases)
    near = beside(wanted.files, duts[0]) if len(duts) == 1 else ()
    if near:
        them = "them, too, if they belong" if len(near) > 1 else "it, too, if it belongs"
        notes.append(f"also here with node '{duts[0]}': {files_in_words(near)}; name {them} to your BMS")
    groups = buses_of(databases, duts[0] if len(duts) == 1 else None)
    names = names_of_buses(groups, databases, duts[0] if len(duts) == 1 else None)
    buses = dict(zip(names, groups))
    loaded = {name: Database.load(*group, bus=name) for name, group in buses.items()}
    found = guess(loaded, duts)
    notes += _notes(found)
    firmware = wanted.firmware or ("reference" if _is_shipped(loaded, wanted.shipped) else "")
    example = toml_of(read_text(wanted.shipped / BENCH, "a bench file"))
    plan = Setup(
        buses=buses,
        databases=loaded,
        firmware=firmware,
        chemistry=wanted.chemistry or (example["pack"]["chemistry"] if firmware == "reference" else ""),
        chemistries=wanted.chemistries,
        lines=example["serial"],
        emulator=example["instrument"]["cells"],
    )
    first = first_scenario(found)
    pages = {name: Draft(wanted.ask) for name in (PROFILE, BENCH, "budgets", "scenario")}
    profile_page(pages[PROFILE], found, f"{found.dut or 'my BMS'}", in_process=bool(firmware))
    bench_page(pages[BENCH], found, plan, wanted.folder)
    budgets_page(pages["budgets"], first)
    scenario_page(pages["scenario"], found, first)
    places = {
        BENCH: wanted.folder / BENCH,
        PROFILE: wanted.folder / PROFILE,
        "budgets": wanted.folder / "scenarios" / "budgets.toml",
        "scenario": wanted.folder / "scenarios" / f"{re.sub('-', '_', first.id)}.toml",
    }
    _write({places[name]: page.text for name, page in pages.items()})
    return Begun(
        files=tuple(places.values()),
        notes=tuple(notes),
        guesses=sum(page.guesses for page in pages.values()),
        deciding=tuple(dict.fromkeys(one for page in pages.values() for one in page.deciding)),
        open=sum(page.open for page in pages.values()),
        firmware=firmware,
    )


def _duts(wanted: Beginning, databases: dict[Path, Database]) -> tuple[str, ...]:
    """The one that the user names; else those that are equally likely, one of which the user may name now."""
    known = nodes_of(databases.values())
    if wanted.dut:
        if wanted.dut not in known:
            near = nearest(wanted.dut, known)
            raise ConfigError(
                f"--dut: found '{wanted.dut}'; expected a node of the files, one of {choices(wanted.dut, known)}{near}"
            )
        return (wanted.dut,)
    duts = find_dut(databases)
    chosen = wanted.ask("which node is your BMS", duts) if len(duts) > 1 else None
    return (chosen,) if chosen else duts


def _is_shipped(loaded: dict[str, Database], shipped: Path) -> bool:
    """Whether the messages are those that the reference BMS of this project speaks."""
    if {"vehicle", "sense"} - loaded.keys():
        return False
    try:
        own = Database.load(*sorted((shipped / "dbc").glob("*.dbc")))
    except ConfigError:
        return False
    here = {_facts(one) for database in loaded.values() for one in database.messages}
    return {_facts(one) for one in own.messages} <= here


def _facts(message: object) -> tuple[object, ...]:
    return tuple(getattr(message, name) for name in ("name", "can_id", "length", "signal_names"))


def _notes(found: Guess) -> list[str]:
    """What a profile cannot express today, said where it bears on these files."""
    notes = []
    if found.stray is not None:
        notes.append(
            f"{found.stray.role}: one cell in each frame, with its number beside it; a profile cannot say that "
            "today: it takes a signal for each cell, in any number of messages"
        )
    for series in (*found.cells[:1], *found.sensors[:1]):
        what = f"{series.kind.index}s of {'.'.join(series.places[0])}"
        if len(series.members) > MOST:
            notes.append(f"{what}: found {len(series.members)}; the bench simulates {MOST} at most")
        if series.template is None:
            notes.append(
                f"{what}: no single number in their names; each is bound by its own name, in their order"
            )
    if not found.cells and found.stray is None:
        notes.append(
            "no message shows a BMS its cells: a profile wants one, for the bench proves on the bus what the BMS was "
            "shown; cells that are wired only to a BMS cannot be its stimulus today"
        )
    return notes


def _write(texts: dict[Path, str]) -> None:
    there: Sequence[Path] = [file for file in texts if file.exists()]
    if there:
        raise ConfigError(
            f"hil init: found {there[0]}; expected a folder without it, so that nothing is lost"
        )
    for file, text in texts.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"hil init: {file} cannot be written: {error.strerror or error}") from error
