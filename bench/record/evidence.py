"""Which class of evidence a run is of: decided in one place, from what the bench drove as the header tells it.

The header keeps what is decided from (equipment, how the DUT was started), so that the class can be made again from the
folder alone. A run of an older release is decided from the same facts, and from its copy of the bench file.
"""

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.links.interface_worth import INTERFACES
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass, at_least_known

PSEUDO_TERMINAL = "pseudo-terminal"
NOT_KNOWN = "not known"
_NO_ADAPTER = {
    "udp_multicast": "frames go over the host's network",
    "virtual": "a bus within one process",
    "socketcand": "another machine's bus, which may be virtual",
}
_PTY_MAJORS = (3, *range(136, 144))  # BSD's and Unix 98's, as in the kernel's devices.txt
_VIRTUAL_DRIVERS = ("vcan", "vxcan", "virtual")
_DUT = {
    "in_process": "the DUT is a process of this project",
    "subprocess": "the DUT is a process",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """why: which parts keep a run from the next stronger class, one line each; none for hardware."""

    evidence: EvidenceClass
    why: tuple[str, ...]


def evidence_of(timebase: str, dut_start: str, equipment: Mapping[str, Mapping[str, str]]) -> Found:
    """The weakest of what is driven: DUT, every bus, every instrument. What is not known to be hardware is none."""
    if timebase == Timebase.SIMULATED.value:
        return Found(evidence=EvidenceClass.SIMULATED, why=("the bench ran in simulated time",))
    parts = [] if dut_start == "external" else [_DUT.get(dut_start, f"how the DUT is started is {NOT_KNOWN}")]
    parts += _buses(equipment)
    for name, facts in equipment.items():
        if name.startswith("instrument.") and (why := _no_instrument(facts)):
            parts.append(f"{name}: {why}")
    return Found(evidence=EvidenceClass.REAL_TIME if parts else EvidenceClass.HARDWARE, why=tuple(parts))


def _buses(equipment: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    buses = {name: facts for name, facts in equipment.items() if name.startswith("can.")}
    for name, facts in buses.items():
        if why := _no_adapter(facts):
            yield f"{name}: {why}"
    if not buses:
        yield "no bus is named"


def _no_adapter(facts: Mapping[str, str]) -> str:
    """Why a bus is none of copper; "" where an adapter of a known kind drives it."""
    interface = facts.get("interface", "")
    if interface in _NO_ADAPTER:
        return f"{interface}, {_NO_ADAPTER[interface]}"
    if interface not in INTERFACES:
        return f"'{interface}' is no kind of adapter that this bench knows"
    if interface == "socketcan":
        driver = facts.get("driver", "").lower()
        if not driver or driver.startswith(("cannot be asked", "unknown", "not given")):
            return "the kernel names no driver of this interface"
        return f"{driver}, a virtual interface" if driver.startswith(_VIRTUAL_DRIVERS) else ""
    return _no_device(facts.get("channel", ""), facts)


def _no_instrument(facts: Mapping[str, str]) -> str:
    if "simulated" in facts:
        return "virtual, played by this bench"
    return "; ".join(dict.fromkeys(filter(None, (_no_device(port, facts) for port in _ports(facts)))))


def _ports(facts: Mapping[str, str]) -> list[str]:
    return re.findall(r"'([^']*)'", facts.get("ports", "")) or [facts.get("ports", "")]


def is_pseudo_terminal(place: str) -> bool:
    """Whether a device is one whose other end is a program of this machine, whatever name leads there."""
    try:
        found = Path(place).stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) in _PTY_MAJORS


def _no_device(place: str, facts: Mapping[str, str]) -> str:
    """Why what lies behind a port is no device; "" where nothing speaks against it."""
    if facts.get("device") == PSEUDO_TERMINAL or place.startswith(("/dev/pts/", "/dev/ttyp")):
        return f"{place or 'its port'} is a pseudo-terminal"
    if place == "virtual":
        return "virtual"
    if re.match(r"(tcp|socket|rfc2217)://(localhost|127\.|\[?::1)", place):
        return f"{place} is a service of this machine"
    return ""


def of_header(header: Mapping[str, Any], folder: Path | None) -> Found:
    """From the facts of a stored header. Of an older release the DUT's start is read in its copy of the bench file."""
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
    """Of a result as it is stored, without its folder."""
    kept = result.get("evidence")
    return str(kept) if kept is not None else at_least_known(Timebase(str(result["timebase"]))).value
