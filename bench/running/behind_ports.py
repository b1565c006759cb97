"""What lies behind a port on this machine, asked once before the first shot, and stored as `device`."""

import os
import re
import socket
import stat
from pathlib import Path

from bench.record.port_facts import (
    ADAPTER,
    OTHER_HOST,
    PSEUDO_TERMINAL,
    SERIAL_LINE,
    THIS_MACHINE,
    UNKNOWN,
    Address,
    literal_address,
    network_place,
    of_any_machine_itself,
)  # fmt: skip

_PTY_MAJORS = (3, *range(136, 144))  # BSD's and Unix 98's, as in the kernel's devices.txt
_SYSFS = Path("/sys")
_NO_HARDWARE = (
    "virtual",
    "dummy_hcd",
)  # folders of the kernel's tree of devices: no bus; a host controller played
_ANY_PORT = 9


def behind_port(place: str) -> str:
    """One of the words of bench/record/port_facts.py, with what is known beside it. Blocks while a name is resolved."""
    if place in ("", "virtual"):
        return UNKNOWN if not place else "played by this bench"
    if "://" in place:
        return _behind_address(network_place(place)[1])
    if os.name == "nt":
        named = re.fullmatch(r"(?:\\\\\.\\)?COM\d+", place, re.IGNORECASE)
        return SERIAL_LINE if named else f"{UNKNOWN}, no COM port"
    return _behind_file(place)


def _behind_file(place: str) -> str:
    try:
        found = Path(place).stat()
        real = Path(place).resolve()
    except (OSError, ValueError, RuntimeError):
        return f"{UNKNOWN}, there is nothing"
    if not stat.S_ISCHR(found.st_mode):
        return f"{UNKNOWN}, no character device"
    major, minor = os.major(found.st_rdev), os.minor(found.st_rdev)
    if major in _PTY_MAJORS:
        return PSEUDO_TERMINAL
    numbers = _SYSFS / "dev/char"
    if numbers.is_dir():
        return _in_tree(numbers / f"{major}:{minor}")
    # A system without the kernel's tree: what a name says after all links.
    named = re.fullmatch(r"/dev/(?:tty[A-Z]+\w*|(?:cu|tty)\..+)", str(real))
    return SERIAL_LINE if named else f"{UNKNOWN}, {real.name} is no name of a serial line"


def _in_tree(device: Path) -> str:
    """What is behind a character device, by its place in the kernel's tree: a line of a bus, or a line that the
    kernel or a program plays.
    """
    real = device.resolve()
    if not real.is_dir():
        return f"{UNKNOWN}, the kernel has no such device"
    if (real / "subsystem").resolve().name != "tty":
        return f"{UNKNOWN}, the kernel has it as '{(real / 'subsystem').resolve().name}'"
    if _is_played(real):
        return f"{UNKNOWN}, the kernel has no hardware behind it"
    driver = (real / "device/driver").resolve().name if (real / "device/driver").exists() else ""
    return f"{SERIAL_LINE} ({driver})" if driver else SERIAL_LINE


def _is_played(real: Path) -> bool:
    return any(part.partition(".")[0] in _NO_HARDWARE for part in real.parts)


def behind_interface(name: str) -> str:
    """The bus on which the adapter of a SocketCAN interface sits, or that there is no adapter."""
    device = _SYSFS / "class/net" / name / "device"
    try:
        real = device.resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return f"{UNKNOWN}, the kernel has no hardware behind it"
    bus = (real / "subsystem").resolve().name
    if bus == "tty" or _is_played(real):
        return f"{UNKNOWN}, the kernel has no hardware behind it"
    return f"{ADAPTER} ({bus})"


def _behind_address(host: str) -> str:
    if not host:
        return f"{UNKNOWN}, it names no host"
    try:
        found = socket.getaddrinfo(host, _ANY_PORT, type=socket.SOCK_DGRAM)
    except (OSError, ValueError):
        return f"{UNKNOWN}, '{host}' cannot be resolved".replace(";", ",")
    for family, kind, protocol, _, where in found:
        address = literal_address(str(where[0]))
        if (
            address is None
            or of_any_machine_itself(address)
            or _is_own(family, kind, protocol, where, address)
        ):
            return f"{THIS_MACHINE} ({where[0]})"
    return f"{OTHER_HOST} ({found[0][4][0]})"


def _is_own(
    family: socket.AddressFamily,
    kind: socket.SocketKind,
    protocol: int,
    where: "tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]",
    address: Address,
) -> bool:
    """Whether it is one of this machine's: a way there begins where it ends. Nothing is sent."""
    try:
        with socket.socket(family, kind, protocol) as ask:
            ask.connect(where)
            return literal_address(str(ask.getsockname()[0])) == address
    except OSError:
        return False
