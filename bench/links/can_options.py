"""What `[can.<name>] options` may say of the bench's own CAN links; other interfaces are python-can's to judge."""

import ipaddress
from collections.abc import Callable, Container, Mapping

from bench.config.bench_file import BenchConfig
from bench.config.toml_file import describe, read_toml
from bench.errors import choices, nearest
from bench.links.slcan_text import BITRATES

Option = tuple[Callable[[object], bool], str]
"""Whether a value fits, and what is expected, in words."""


def _whole(allowed: Container[int]) -> Callable[[object], bool]:
    return lambda value: type(value) is int and value in allowed


def _in_digits(allowed: Container[int]) -> Callable[[object], bool]:
    """As a number or as text."""
    return lambda value: _whole(allowed)(
        int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
    )


def _true_or_false(value: object) -> bool:
    return type(value) is bool


def _switch(value: object) -> bool:
    return isinstance(value, int) and value in (0, 1)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _named(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _group(value: object) -> bool:
    try:
        return isinstance(value, str) and ipaddress.ip_address(value).is_multicast
    except ValueError:
        return False


UDP_MULTICAST: Mapping[str, Option] = {
    "channel": (_group, "a multicast group"),
    "port": (_whole(range(1, 65_536)), "a number from 1 to 65535"),
    "hop_limit": (_whole(range(256)), "a number from 0 to 255"),
    "foreign_hosts": (_true_or_false, "true or false"),
    "fd": (_true_or_false, "true or false"),
    "foreign": (_text, "text"),
}
SOCKETCAN: Mapping[str, Option] = {
    "channel": (_named, "the name of an interface, such as 'can0'"),
    "fd": (_switch, "true or false"),
    "kernel_cycles": (_switch, "true or false"),
    "hardware_stamps": (_switch, "true or false"),
}
SLCAN: Mapping[str, Option] = {
    "channel": (_named, "a device, or 'virtual'"),
    "bitrate": (_in_digits(BITRATES), f"one of {', '.join(str(rate) for rate in BITRATES)} bit/s"),
    "tty_baudrate": (_in_digits(range(1, 1 << 31)), "a number of baud, 1 or more"),
}
_OF_INTERFACE = {"udp_multicast": UDP_MULTICAST, "socketcan": SOCKETCAN, "slcan": SLCAN}


def refuse_wrong_options(bench: BenchConfig) -> None:
    """Raises ConfigError, one line for each option with which no bus could be opened.

    This is not part of reading the bench file, because a simulated run may have been stored with such options and has
    to be judged again.
    """
    wrong: list[tuple[str, str, str]] = []
    for channel, can in bench.can.items():
        known = _OF_INTERFACE.get(can.interface)
        if known is None:
            continue
        for key, value in can.options.items():
            if key not in known:
                wrong.append(
                    (
                        channel,
                        key,
                        f"found no such option; expected {choices(key, known)}{nearest(key, known)}",
                    )
                )
            elif not known[key][0](value):
                wrong.append((channel, key, f"found {describe(value)}; expected {known[key][1]}"))
    if wrong:
        file = read_toml(bench.file)
        for channel, key, why in wrong:
            file.mistake(("can", channel, "options", key), why)
        file.stop_on_mistakes()
