"""The quality of the stamp and the echo of each python-can interface (its source, 4.6.1, read line by line).

A stamp has one of four origins. KERNEL and SENDER: the host's realtime clock, converted for every frame. ADAPTER: a
clock of the adapter's own, correlated with the arrival of the same frames. This holds also where python-can adds an
offset once at open, since the clock drifts from then on (#1861). ARRIVAL: the interface has no usable stamp. The
frame is stamped as the bench reads it, so the stamp is late when the bench is late.
`u_ns` enters every verdict. It is an estimate with a margin above what is reported for each interface, not a
measurement: `hil qualify` measures it on your adapter.
"""

from typing import NamedTuple

from bench.trace.stamping import Origin
from bench.units import NS_PER_MS, NS_PER_US

ORIGIN_WORDS = {
    Origin.KERNEL: "kernel stamp",
    Origin.SENDER: "sender's clock read",
    Origin.ADAPTER: "device clock, correlated with the arrival",
    Origin.ARRIVAL: "read by the bench",
}


class Worth(NamedTuple):
    """`echo`: own frames come back and can be told from others'; without it they count from their hand-over."""

    origin: Origin
    u_ns: int
    echo: bool
    why: str


_MS = NS_PER_MS
INTERFACES = {
    "socketcan": Worth(Origin.KERNEL, 150 * NS_PER_US, True, "the bench's own adapter, not python-can's"),
    "udp_multicast": Worth(
        Origin.KERNEL, 150 * NS_PER_US, True, "the bench's own adapter on python-can's wire"
    ),
    "virtual": Worth(Origin.SENDER, 500 * NS_PER_US, True, "time.time() in the sender, one process only"),
    "kvaser": Worth(
        Origin.ADAPTER, _MS, True, "adapter clock and an offset taken at open; local tx acknowledge"
    ),
    "vector": Worth(Origin.ADAPTER, _MS, True, "adapter ns and an offset taken at open; tx receipts"),
    "pcan": Worth(
        Origin.ADAPTER, _MS, True, "since boot; epoch only where `uptime` is installed; echo frames"
    ),
    "gs_usb": Worth(Origin.ADAPTER, 2 * _MS, True, "device µs, wraps after 71.6 min; echo by its id"),
    "ixxat": Worth(Origin.ADAPTER, 2 * _MS, False, "adapter ticks; is_rx is not cleared on self-reception"),
    "neovi": Worth(Origin.ADAPTER, 2 * _MS, True, "device clock; echo by default"),
    "nixnet": Worth(Origin.ADAPTER, 2 * _MS, True, "device clock of 100 ns"),
    "etas": Worth(Origin.ADAPTER, 2 * _MS, True, "device ticks; self-reception is flagged"),
    "canalystii": Worth(Origin.ADAPTER, 2 * _MS, False, "device clock of 100 µs"),
    "systec": Worth(Origin.ADAPTER, 3 * _MS, False, "device ms; echoes are not told from others'"),
    "cantact": Worth(Origin.ARRIVAL, 5 * _MS, False, "device stamp of undocumented origin"),
    "nican": Worth(Origin.ARRIVAL, 5 * _MS, False, "absolute stamp of the driver, its clock not documented"),
    "usb2can": Worth(Origin.ARRIVAL, 5 * _MS, False, "device stamp of undocumented unit"),
    "slcan": Worth(Origin.ARRIVAL, 5 * _MS, False, "the bench's own link; stamped as read and as written"),
    "serial": Worth(Origin.ARRIVAL, 5 * _MS, False, "u32 ms in the frame, set by the sender"),
    "seeedstudio": Worth(Origin.ARRIVAL, 5 * _MS, False, "stamped when the bytes are parsed"),
    "robotell": Worth(Origin.ARRIVAL, 5 * _MS, False, "stamped when the bytes are parsed"),
    "iscan": Worth(Origin.ARRIVAL, 5 * _MS, False, "stamped when read"),
    "neousys": Worth(Origin.ARRIVAL, 5 * _MS, False, "time() in a callback of the driver"),
    "socketcand": Worth(Origin.ARRIVAL, 10 * _MS, False, "another machine's stamp over the network"),
}
UNKNOWN = Worth(Origin.ARRIVAL, 10 * _MS, False, "an interface this table does not know")


def worth_of(interface: str) -> Worth:
    """The quality of the stamps of a python-can interface; UNKNOWN for one that is not listed."""
    return INTERFACES.get(interface, UNKNOWN)
