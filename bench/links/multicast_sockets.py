"""The two sockets of a multicast bus: which networks they take part in, and whose datagrams are this host's own.

Frames are sent over the loopback interface. If frames are to leave the host (`hop_limit` above 0), they are sent over
the interface that the route to the group names. Frames are received on both, because python-can joins and sends where
that route leads. A python-can on this host hears the loopback interface too. Linux gives a socket on the port every
group that any socket of the host has joined (IP_MULTICAST_ALL, on by default).
"""

import errno
import ipaddress
import socket
import struct
from contextlib import suppress
from pathlib import Path

from bench.links.kernel_stamps import ask_for_stamps

Address = tuple[str, int] | tuple[str, int, int, int]

_LOOPBACK = "127.0.0.1"
_LOOPBACK_INTERFACE = "lo"
# No such interface or address, no route, or already joined: the other membership may do.
_NOT_THERE = (errno.ENODEV, errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.ENETUNREACH)
_ANY_PORT = 9


def open_sockets(group: str, port: int, hop_limit: int) -> tuple[socket.socket, socket.socket]:
    """(receiver joined to the group, sender with a port of its own), both non-blocking. Raises OSError, ValueError."""
    if not ipaddress.ip_address(group).is_multicast:
        raise ValueError(f"{group} is no multicast group")
    family = socket.AF_INET6 if ":" in group else socket.AF_INET
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    sender = socket.socket(family, socket.SOCK_DGRAM)
    try:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            receiver.setsockopt(socket.SOL_SOCKET, option, 1)
        ask_for_stamps(receiver)
        receiver.bind((group, port))  # the group's address: other groups on this port stay out
        _join(receiver, group)
        if family == socket.AF_INET:
            _aim_v4(sender, group, hop_limit)
        else:
            sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hop_limit)
            _pin_v6(sender, group)
        sender.connect((group, port))
        receiver.setblocking(False)
        sender.setblocking(False)
    except OSError:
        receiver.close()
        sender.close()
        raise
    return receiver, sender


def is_own(address: Address) -> bool:
    """Whether a datagram's sender is one of this host's addresses, as the kernel's routes and interfaces have it."""
    host = address[0].partition("%")[0]
    if ipaddress.ip_address(host).is_loopback:  # from outside, the kernel refuses these itself
        return True
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    scope: tuple[int, ...] = tuple(address[2:])
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((host, _ANY_PORT, *scope))  # to itself, a host speaks from that very address
        if probe.getsockname()[0].partition("%")[0] == host:
            return True
    if _binds_anything(family):
        return False
    with (
        suppress(OSError),
        socket.socket(family, socket.SOCK_DGRAM) as probe,
    ):  # an interface's second address
        probe.bind((host, 0, *scope))
        return True
    return False


def _join(receiver: socket.socket, group: str) -> None:
    """Where the route to the group leads, and on loopback. OSError where neither can be had."""
    packed = socket.inet_pton(receiver.family, group)
    if receiver.family == socket.AF_INET:
        level, option = socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP
        wanted = [packed + struct.pack("@I", socket.INADDR_ANY), packed + socket.inet_aton(_LOOPBACK)]
    else:
        level, option = socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP
        wanted = [packed + struct.pack("@I", 0)]
        with suppress(OSError):
            wanted.append(packed + struct.pack("@I", socket.if_nametoindex(_LOOPBACK_INTERFACE)))
    joined = 0
    trouble: OSError | None = None
    for membership in wanted:
        try:
            receiver.setsockopt(level, option, membership)
            joined += 1
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
            trouble = trouble or error
    if not joined and trouble is not None:
        raise trouble


def _aim_v4(sender: socket.socket, group: str, hop_limit: int) -> None:
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, hop_limit)
    if hop_limit == 0:
        try:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(_LOOPBACK))
            return
        except (
            OSError
        ) as error:  # a network namespace whose loopback is down: the time to live of 0 holds as well
            if error.errno not in _NOT_THERE:
                raise
    own = _spoken_from(sender.family, group)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))


def _pin_v6(sender: socket.socket, group: str) -> None:
    """The interface that the route names: IPv6 has no multicast route over loopback, and a hop limit of 0 holds there.

    The kernel drops such a datagram, after giving it to this host, where the group is joined: as it is, just there.
    """
    own = _spoken_from(sender.family, group)
    for index, _ in socket.if_nameindex():
        with suppress(OSError), socket.socket(sender.family, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            probe.connect((group, _ANY_PORT))
            if probe.getsockname()[0] == own:
                sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
                return


def _spoken_from(family: int, group: str) -> str:
    """The address of this host that the route to the group starts from. Raises OSError without a route."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((group, _ANY_PORT))
        return str(probe.getsockname()[0])


def _binds_anything(family: int) -> bool:
    """Hosts that take over addresses of others (ip_nonlocal_bind) may bind to what is not theirs."""
    version = 6 if family == socket.AF_INET6 else 4
    try:
        return Path(f"/proc/sys/net/ipv{version}/ip_nonlocal_bind").read_text().strip() == "1"
    except OSError:
        return False
