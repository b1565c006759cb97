"""A SocketCAN network interface as the kernel describes it: its driver, and so what its stamps are worth."""

import ctypes
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.units import NS_PER_MS, NS_PER_US

_NET = Path("/sys/class/net")
_SIOCETHTOOL = 0x8946
_SIOCSHWTSTAMP = 0x89B0
_GET_DRIVER, _GET_STAMPING = 0x3, 0x41
_HARDWARE_STAMPS = 1 << 2 | 1 << 6  # received frames stamped, stamps given raw
_IFF_UP = 0x1
_FD_MTU = 72

# Half-width of the kernel's stamp, by where the controller sits. Virtual: loopback as measured for multicast, the
# sender's own cost included. USB: ±900 µs of jitter reported (python-can #1881). SPI: a transfer and a threaded
# interrupt.
_KERNEL_STAMP_U_NS = {
    "virtual": 150 * NS_PER_US,
    "pci": 150 * NS_PER_US,
    "platform": 150 * NS_PER_US,
    "usb": NS_PER_MS,
    "spi": NS_PER_MS,
    "tty": 5 * NS_PER_MS,
}
_UNKNOWN_U_NS = NS_PER_MS
# With the adapter's stamps the jitter goes; what stays is the shortest way of a frame into the kernel. Argued, not
# measured: no adapter with hardware stamps was at hand.
ADAPTER_STAMP_U_NS = 250 * NS_PER_US


@dataclass(frozen=True, slots=True, kw_only=True)
class CanInterface:
    """`seat`: virtual, usb, pci, platform, spi or tty; `stamps`: the adapter stamps frames itself."""

    name: str
    driver: str
    seat: str
    up: bool
    fd: bool
    stamps: bool

    @property
    def kernel_stamp_u_ns(self) -> int:
        return _KERNEL_STAMP_U_NS.get(self.seat, _UNKNOWN_U_NS)


def interface_facts(name: str) -> CanInterface:
    """What the kernel knows of an interface. Raises OSError where no interface has this name."""
    folder = _NET / name
    up = bool(int((folder / "flags").read_text(), 16) & _IFF_UP)
    fd = int((folder / "mtu").read_text()) >= _FD_MTU
    device = folder / "device"
    driver = ""
    stamps = False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        with suppress(OSError):
            driver = _ethtool(ask, name, _GET_DRIVER, 196)[4:36].split(b"\0")[0].decode()
        with suppress(OSError):
            (able,) = struct.unpack_from("=I", _ethtool(ask, name, _GET_STAMPING, 44), 4)
            stamps = able & _HARDWARE_STAMPS == _HARDWARE_STAMPS
    without = "tty" if driver == "slcan" else "virtual"
    seat = (device / "subsystem").resolve().name if device.exists() else without
    return CanInterface(name=name, driver=driver or "unknown", seat=seat, up=up, fd=fd, stamps=stamps)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterIdentity:
    """What the kernel says of an adapter (ETHTOOL_GDRVINFO, sysfs); "" for what it does not say."""

    driver: str
    driver_version: str
    firmware: str
    bus: str
    product: str
    serial: str


def adapter_identity(name: str) -> AdapterIdentity:
    """The identity of any network interface. Raises OSError where no interface has this name."""
    folder = _NET / name
    if not folder.exists():
        raise OSError(f"no network interface '{name}'")
    fields = ["", "", "", ""]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask, suppress(OSError):
        fields = driver_fields(_ethtool(ask, name, _GET_DRIVER, 196))
    # A USB interface's parent is the device, which holds its strings.
    holders = [(folder / "device").resolve(), (folder / "device").resolve().parent]
    return AdapterIdentity(
        driver=fields[0],
        driver_version=fields[1],
        firmware="" if fields[2] == "N/A" else fields[2],
        bus=fields[3],
        product=_first_text(holders, "product"),
        serial=_first_text(holders, "serial"),
    )


def driver_fields(answer: bytes) -> list[str]:
    """driver, version, firmware version and bus of a struct ethtool_drvinfo."""
    return [
        answer[start : start + 32].split(b"\0")[0].decode(errors="replace").strip()
        for start in (4, 36, 68, 100)
    ]


def _first_text(folders: list[Path], file: str) -> str:
    for folder in folders:
        with suppress(OSError):
            return (folder / file).read_text(encoding="utf-8", errors="replace").strip()
    return ""


def can_interfaces() -> list[str]:
    """Every CAN interface of this machine (ARPHRD_CAN), up or not."""
    found = []
    for folder in sorted(_NET.iterdir()) if _NET.is_dir() else []:
        with suppress(OSError, ValueError):
            if int((folder / "type").read_text()) == 280:
                found.append(folder.name)
    return found


def is_up(name: str) -> bool:
    """Whether the network interface exists and is up."""
    try:
        return bool(int((_NET / name / "flags").read_text(), 16) & _IFF_UP)
    except (OSError, ValueError):
        return False


def switch_stamps_on(name: str) -> bool:
    """Ask the adapter to stamp all frames; False where it refuses or the right (CAP_NET_ADMIN) is missing."""
    import fcntl  # of Unix only, as these interfaces are

    config = ctypes.create_string_buffer(
        struct.pack("=iii", 0, 1, 1), 12
    )  # no flags, transmit on, receive all
    request = struct.pack("16sP16x", name.encode(), ctypes.addressof(config))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        try:
            fcntl.ioctl(ask, _SIOCSHWTSTAMP, request)
        except OSError:
            return False
    return True


def _ethtool(ask: socket.socket, name: str, command: int, size: int) -> bytes:
    import fcntl

    answer = ctypes.create_string_buffer(struct.pack("=I", command), size)
    fcntl.ioctl(ask, _SIOCETHTOOL, struct.pack("16sP16x", name.encode(), ctypes.addressof(answer)))
    return answer.raw
