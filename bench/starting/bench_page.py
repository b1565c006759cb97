"""The texts of a first bench file, its safety goal and its first scenario."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.codec.database import Database
from bench.starting.guess import Guess
from bench.starting.numbered import MOST
from bench.starting.page import Draft, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What else a bench needs to know. chemistry: "" where nobody has said it.

    firmware: a build that runs in simulated time, in the bench's process; "" for a DUT outside.
    lines, emulator: [serial] and [instrument.cells] of the example bench.
    """

    buses: Mapping[str, Sequence[Path]]
    databases: Mapping[str, Database]
    firmware: str
    chemistry: str
    chemistries: Sequence[str]
    lines: Mapping[str, Mapping[str, int]]
    emulator: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A first scenario: what is done to the DUT, and what is published or usual of the goal behind it."""

    flag: str
    id: str
    title: str
    goal: str
    goal_title: str
    needs: str
    step: tuple[str, ...]
    window: str
    times: tuple[str, str, str]
    also: tuple[str, ...]


_CELL = ('fault = "cell_voltage"', "cells = [1]")
FIRST = (
    First(
        flag="overvoltage",
        id="ov-cell1",
        title="Cell 1 jumps above the overvoltage trip while driving",
        goal="SG-OV",
        goal_title="cell overcharge",
        needs="cell_voltage",
        step=(*_CELL, 'voltage = "ov_trip + 20 mV"'),
        window="6 s",
        times=("4000 ms", "2700 ms", "500 ms"),
        also=("overvoltage_warning", "cell_imbalance"),
    ),
    First(
        flag="undervoltage",
        id="uv-cell1",
        title="Cell 1 falls below the undervoltage trip while driving",
        goal="SG-UV",
        goal_title="cell deep discharge",
        needs="cell_voltage",
        step=(*_CELL, 'voltage = "uv_trip - 20 mV"'),
        window="6 s",
        times=("5000 ms", "3500 ms", "500 ms"),
        also=("undervoltage_warning", "cell_imbalance"),
    ),
    First(
        flag="overtemperature",
        id="ot-sensor1",
        title="Sensor 1 shows 2 K above the overtemperature trip while driving",
        goal="SG-OTD",
        goal_title="overtemperature while driving",
        needs="temperature",
        step=('fault = "temperature"', "sensors = [1]", 'temperature = "ot_trip + 2 degC"'),
        window="12 s",
        times=("10000 ms", "6000 ms", "1500 ms"),
        also=("overtemperature_warning",),
    ),
    First(
        flag="overcurrent_discharge",
        id="oc-discharge",
        title="Discharge above the limit",
        goal="SG-OCD",
        goal_title="overcurrent while driving",
        needs="pack_current",
        step=('fault = "current"', 'direction = "discharge"', 'current = "oc_discharge + 15 A"'),
        window="3 s",
        times=("500 ms", "200 ms", "200 ms"),
        also=(),
    ),
)


def first_scenario(found: Guess) -> First:
    """The first flag that is known decides; else the first that is asked for; else overvoltage."""
    sure = (one for one in FIRST if found.flags[one.flag].sure is not None)
    asked = (one for one in FIRST if found.flags[one.flag].best)
    return next(sure, None) or next(asked, FIRST[0])


def bench_page(page: Draft, found: Guess, plan: Setup, folder: Path) -> None:
    """hil_config.toml. folder: where it will lie."""
    page.line(
        "# The bench: which buses, instrument, DUT and pack. Paths are relative to this file. See README.md."
    )
    page.line("[bench]")
    page.line('name = "first bench"')
    page.line()
    page.line("[time]")
    if plan.firmware:
        page.line('mode = "simulated"', 'or "real": wall-clock time')
    else:
        page.guess(
            'mode = "real"', 'your BMS is a board or a program; "simulated" takes a firmware in Python'
        )
    for number, (bus, files) in enumerate(plan.buses.items()):
        page.line()
        page.line(f"[can.{bus}]")
        page.line(f"dbc = [{', '.join(quoted(_relative(one, folder)) for one in files)}]")
        page.guess('bitrate = "500 kbit/s"', "usual; no bus description says it")
        if any(one.fd for one in plan.databases[bus].messages):
            page.guess('data_bitrate = "2 Mbit/s"', "usual; it has messages of CAN FD")
        if not plan.firmware:
            page.guess(
                'interface = "socketcan"', "python-can's name of your adapter; `hil doctor` looks for it"
            )
            page.guess(f'options = {{ channel = "can{number}" }}', "what your adapter is called")
    page.line()
    for name, line in plan.lines.items():
        page.line(f"[serial.{name}]")
        page.line(f"baud = {line['baud']}")
        page.line()
    page.line("[instrument.cells]")
    for key, value in plan.emulator.items():
        comment = 'or a device: "/dev/ttyUSB0"; `hil list kinds` has others' if key == "port" else ""
        page.line(f"{key} = {quoted(value)}", comment)
    _dut(page, plan)
    _pack(page, found, plan)


def _relative(file: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return file.resolve().as_posix()


def _dut(page: Draft, plan: Setup) -> None:
    page.line()
    page.line("[dut]")
    page.line('profile = "profile.toml"')
    if plan.firmware:
        page.line(f"firmware = {quoted(plan.firmware)}")
        page.line('start = "in_process"')
        return
    page.guess(
        'start = "external"',
        'it runs already; a program: start = "subprocess", command = ["./bms", "{can1}"]',
    )
    page.guess('identity = { by = "can" }', "[identity] of the profile; an unidentified build is not tested")


def _pack(page: Draft, found: Guess, plan: Setup) -> None:
    page.line()
    page.line("[pack]")
    if plan.chemistry:
        page.line(f"chemistry = {quoted(plan.chemistry)}")
    else:
        text, comment = page.answer("its cells, one of", list(plan.chemistries))
        page.line(f"chemistry = {text}", comment)
    for key, series in (("cells", found.cells), ("sensors", found.sensors)):
        count = len(series[0].members) if series else 1
        if not series:
            page.guess(f"{key} = {count}", "no message shows any")
        elif count > MOST:
            page.guess(f"{key} = {MOST}", f"the files have {count}; the bench simulates {MOST} at most")
        else:
            page.guess(f"{key} = {count}", "as many as the files have; yours may have fewer")
    page.line('soc = "50 %"')


def budgets_page(page: Draft, first: First) -> None:
    """scenarios/budgets.toml: one safety goal."""
    ftti, fdti, frti = first.times
    page.line(
        "# Safety goals and their times. ISO 26262 gives no numbers: these are the item's, out of your safety analysis."
    )
    page.line(f"[{first.goal}]")
    page.line(f"title = {quoted(first.goal_title)}")
    page.guess('asil = "C"', "of your hazard analysis")
    page.guess(f'ftti = "{ftti}"', "from the fault to the harm", "times of the safety goal")
    page.guess(f'fdti = "{fdti}"', "within this time the BMS has to report it", "times of the safety goal")
    page.guess(f'frti = "{frti}"', "and after it be in the safe state", "times of the safety goal")
    page.line('safe_state = "hv_open"')
    page.line("latched = true")
    page.line('provenance = "guessed by hil init: no evidence until your safety analysis stands here"')


def scenario_page(page: Draft, found: Guess, first: First) -> None:
    """The first scenario."""
    also = [one for one in first.also if found.flags[one].best]
    page.line(f"# {first.title}: the BMS has to say so, and to open its contactors.")
    page.line("format = 2")
    page.line(f"id = {quoted(first.id)}")
    page.line(f"title = {quoted(first.title)}")
    page.line(f"safety_goal = {quoted(first.goal)}", "a section of budgets.toml")
    page.line('aim = "must_trip"')
    page.line(f"needs = [{quoted(first.needs)}]", "a rig that cannot do this gives BLOCKED")
    for line in ("", "[start]", 'mode = "drive"', 'soc = "50 %"'):
        page.line(line)
    page.line('current = "20 A"', "> 0 discharges")
    for line in ("", "[[step]]", 'do = "inject"', *first.step[:-1]):
        page.line(line)
    reason = "the chemistry's threshold; your BMS's own: [threshold] of the profile"
    page.guess(first.step[-1], reason, "level of the fault")
    page.line()
    page.line("[expect]")
    page.line(f"flag = {quoted(first.flag)}")
    page.line('safe_state = "hv_open"')
    if also:
        page.guess(
            f"also = [{', '.join(map(quoted, also))}]", "may come with it; any other report is wrong", "also"
        )
    page.line('hold = "500 ms"', "it has to stay for this time")
    page.line(f'window = "{first.window}"', "the wait ends here; the time stamps make the verdict")
    for line in ("", "[sweep]"):
        page.line(line)
    page.guess('phase = "100 ms"', "the slowest cycle in which it samples")
    page.line("repeat = 10", "59 bound 95 % of its latencies with 95 % confidence")
