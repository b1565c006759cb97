"""What lies behind the port of an adapter or instrument, judged from its name and from what was stored of it.

Whoever makes a run asks the system what a port is before the first shot, and the answer is stored as `device`, one part
for each port. A run is judged from that alone: on another machine the same name may lead elsewhere. Runs of older
releases hold at most that a port was a pseudo-terminal; of these the name has to say what it is.
"""

import ast
import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

PSEUDO_TERMINAL = "pseudo-terminal"
SERIAL_LINE = "serial line"
ADAPTER = "adapter"
OTHER_HOST = "another host"
THIS_MACHINE = "a service of this machine"
UNKNOWN = "not known"
BETWEEN = "; "
_NETWORK = ("tcp", "socket", "rfc2217")
_OF_LINES = re.compile(
    r"/dev/tty(?:[A-Z]\w*|mxc\d+)|/dev/serial/by-(?:id|path)/[^/]+|/dev/(?:cu|tty)\.[^/]+|(?:\\\\\.\\)?(?i:COM\d+)"
)
_PSEUDO_NAMES = re.compile(r"/dev/(pts/|ttyp)")


def ports_of(facts: Mapping[str, str]) -> list[str]:
    """The ports that the bench file names; one port without a name where it names none."""
    text = facts.get("ports", "")
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        if isinstance(found := ast.literal_eval(text), tuple | list):
            return [str(one) for one in found] or [""]
    return [text]


def why_no_device(ports: list[str], facts: Mapping[str, str]) -> str:
    """Why what lies behind these ports is no device; "" where each is known to be one."""
    found = facts.get("device")
    if found is None or found == PSEUDO_TERMINAL:
        behind = [found] * len(ports)
    else:
        behind = [*found.split(BETWEEN)]
        if len(behind) != len(ports):
            return f"what lies behind {len(ports)} port(s) is {UNKNOWN}: found '{found}'"
    whys = [_why(port, one) for port, one in zip(ports, behind, strict=True)]
    return BETWEEN.join(dict.fromkeys(filter(None, whys)))


def _why(port: str, behind: str | None) -> str:
    if not port:
        return "its port is a pseudo-terminal" if behind == PSEUDO_TERMINAL else "no port is named"
    if port == "virtual":
        return "virtual"
    if behind == PSEUDO_TERMINAL or _PSEUDO_NAMES.match(port):
        return f"{port} is a pseudo-terminal"
    if "://" in port:
        return _why_no_network(port, behind)
    if behind is not None:
        return "" if behind.startswith(SERIAL_LINE) else f"{port} is no serial line: {behind}"
    named = _OF_LINES.fullmatch(port)
    return "" if named else f"{port}: what it is was not recorded, and its name is none of a serial line"


def _why_no_network(port: str, behind: str | None) -> str:
    scheme, host = network_place(port)
    if scheme not in _NETWORK:
        return f"{port}: '{scheme}://' is no way to a device that this bench knows"
    if behind is not None and behind.startswith(THIS_MACHINE):
        return f"{port} is {THIS_MACHINE}"
    address = literal_address(host)
    if address is not None and of_any_machine_itself(address):
        return f"{port} is {THIS_MACHINE}"
    if host.lower().rstrip(".") in ("localhost", "ip6-localhost", "ip6-loopback"):
        return f"{port} is {THIS_MACHINE}"
    if behind is not None:
        return "" if behind.startswith(OTHER_HOST) else f"{port}: whose service it is is {UNKNOWN}: {behind}"
    return "" if address is not None else f"{port}: whose address '{host}' is was not recorded"


def network_place(port: str) -> tuple[str, str]:
    """(scheme, host) in lower case, split as pyserial and this bench split a URL. host is "" where the URL has none."""
    scheme = port.lower().partition("://")[0]
    try:
        return scheme, urlsplit(port).hostname or ""
    except ValueError:
        return scheme, ""


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def literal_address(host: str) -> Address | None:
    """An address that is written out; an IPv4 one also where it is wrapped into one of IPv6."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def of_any_machine_itself(address: Address) -> bool:
    """Loopback, or "any": both lead every machine to itself."""
    return address.is_loopback or address.is_unspecified
