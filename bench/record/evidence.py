"""Which class of evidence a run is of: decided in one place, from what the bench drove as the header tells it.

The header keeps what is decided from (equipment, how the DUT was started), so that the class can be made again from the
folder alone. A run of an older release is decided from the same facts, and from its copy of the bench file.
"""

import re
import tomllib
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.config.instrument_kinds import instruments
from bench.links.interface_worth import INTERFACES
from bench.record.port_facts import ADAPTER, PSEUDO_TERMINAL, ports_of, why_no_device
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass, at_least_known

NOT_KNOWN = "not known"
_NO_ADAPTER = {
    "udp_multicast": "frames go over the host's network",
    "virtual": "a bus within one process",
    "socketcand": "another machine's bus, which may be virtual",
}
_VIRTUAL_DRIVERS = ("vcan", "vxcan", "virtual", "dummy")
# Line disciplines: a program says which line carries the frames, and the kernel does not tell.
_ON_ANY_LINE = ("slcan", "can327")
ON_SERIAL_LINES = ("slcan", "serial", "seeedstudio", "robotell")
_DUT = {
    "in_process": "the DUT is a process of this project",
    "subprocess": "the DUT is a process",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFound:
    """why: which parts keep a run from the next stronger class, one line each; none for hardware."""

    evidence: EvidenceClass
    why: tuple[str, ...]


def evidence_of(timebase: str, dut_start: str, equipment: Mapping[str, Mapping[str, str]]) -> ClassFound:
    """The weakest class among DUT, buses and instruments. A part that is not known to be hardware does not count as
    hardware.
    """
    if timebase == Timebase.SIMULATED.value:
        return ClassFound(evidence=EvidenceClass.SIMULATED, why=("the bench ran in simulated time",))
    parts = [] if dut_start == "external" else [_DUT.get(dut_start, f"how the DUT is started is {NOT_KNOWN}")]
    parts += _buses(equipment)
    for name, facts in equipment.items():
        if name.startswith("instrument.") and (why := _no_instrument(facts, equipment)):
            parts.append(f"{name}: {why}")
    return ClassFound(evidence=EvidenceClass.REAL_TIME if parts else EvidenceClass.HARDWARE, why=tuple(parts))


def _buses(equipment: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    buses = {name: facts for name, facts in equipment.items() if name.startswith("can.")}
    for name, facts in buses.items():
        if why := _no_adapter(facts):
            yield f"{name}: {why}"
    if not buses:
        yield "no bus is named"


def _no_adapter(facts: Mapping[str, str]) -> str:
    """Why a bus does not count as a physical bus; "" where an adapter of a known kind drives it."""
    interface = facts.get("interface", "")
    if interface in _NO_ADAPTER:
        return f"{interface}, {_NO_ADAPTER[interface]}"
    if interface not in INTERFACES:
        return f"'{interface}' is no kind of adapter that this bench knows"
    if interface == "socketcan":
        return _no_socketcan(facts)
    channel = facts.get("channel", "")
    played = facts.get("device") == PSEUDO_TERMINAL  # an option of some adapters has this name, too
    if interface in ON_SERIAL_LINES or "://" in channel or channel.startswith("/") or played:
        return why_no_device([channel], facts)
    return "virtual" if channel == "virtual" else ""


def _no_socketcan(facts: Mapping[str, str]) -> str:
    driver = facts.get("driver", "").lower()
    if not driver or driver.startswith(("cannot be asked", "unknown", "not given")):
        return "the kernel names no driver of this interface"
    if (
        driver.startswith(_VIRTUAL_DRIVERS) or driver == "can"
    ):  # "can": of the kernel's own frame, by no device
        return f"{driver}, a virtual interface"
    if driver in _ON_ANY_LINE:
        return f'{driver}, frames on a line that the kernel does not name: interface = "slcan" names it'
    behind = facts.get("device", ADAPTER)
    return "" if behind.startswith(ADAPTER) else f"{driver}, {behind}"


def _no_instrument(facts: Mapping[str, str], buses: Container[str]) -> str:
    if "simulated" in facts:
        return "virtual, played by this bench"
    if _on_can(facts):  # its bus is judged by itself
        return "" if f"can.{facts.get('link', '')}" in buses else "its bus is not named"
    return why_no_device(ports_of(facts), facts)


def _on_can(facts: Mapping[str, str]) -> bool:
    """A kind that is not of the house says so itself: it need not be installed where a run is read."""
    known, kind = instruments(), facts.get("kind", "")
    return known.get(kind).on_can if kind in known.house else facts.get("transport") == "can"


def of_header(header: Mapping[str, Any], folder: Path | None) -> ClassFound:
    """The class of evidence, from the facts of a stored header. For an older release the DUT's start is read in the
    run's copy of the bench file.
    """
    start = header.get("dut_start")
    if start is None and header.get("timebase") != Timebase.SIMULATED.value and folder is not None:
        start = start_in_copy(header, folder)
    equipment = header.get("equipment")
    return evidence_of(
        str(header.get("timebase", "")),
        str(start or NOT_KNOWN),
        equipment if isinstance(equipment, dict) else {},
    )


def start_in_copy(header: Mapping[str, Any], folder: Path) -> str:
    """How the DUT was started, from the run's copy of the bench file; "" where that cannot be read."""
    sha256 = str(dict(header.get("hashes") or {}).get("config", ""))
    for copy in folder.glob(f"inputs/{sha256[:12]}-*") if re.fullmatch("[0-9a-f]{64}", sha256) else ():
        try:
            table = tomllib.loads(copy.read_text(encoding="utf-8")).get("dut")
        except (OSError, ValueError):
            return NOT_KNOWN
        return str(table.get("start", "in_process")) if isinstance(table, dict) else NOT_KNOWN
    return NOT_KNOWN


def completed(result: dict[str, Any], header: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A stored result with its class; that of an older release is derived from what its folder holds."""
    if result.get("evidence") is not None or not isinstance(result.get("timebase"), str):
        return result
    return {**result, "evidence": of_header(header, folder).evidence.value}


def of_result(result: Mapping[str, Any]) -> str:
    """The class of evidence of a stored result, without its folder."""
    kept = result.get("evidence")
    return str(kept) if kept is not None else at_least_known(Timebase(str(result["timebase"]))).value
