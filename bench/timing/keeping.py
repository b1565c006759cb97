"""What keeps this machine's time and what may disturb it, for a run's header. What is not known is no failure."""

import ctypes
import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.timing.reference import ask_chrony

NOT_TOLD = "not told by this system"
_UNSYNCHRONISED, _PPS_FREQUENCY, _PPS_TIME = 0x40, 0x2, 0x4
_STATES = (
    "no leap second due",
    "a leap second to be inserted",
    "a leap second to be deleted",
    "in a leap second",
    "after a leap second",
    "in error",
)
_CONTAINERS = (".dockerenv", "run/.containerenv", "run/systemd/container")


class _Timex(ctypes.Structure):
    """struct timex of Linux, as adjtimex(2) fills it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", ctypes.c_int),
        *(
            (name, ctypes.c_long)
            for name in ("constant", "precision", "tolerance", "seconds", "micros", "tick")
        ),
        *((name, ctypes.c_long) for name in ("ppsfreq", "jitter")),
        ("shift", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("stabil", "jitcnt", "calcnt", "errcnt", "stbcnt")),
        ("tai", ctypes.c_int),
        ("spare", ctypes.c_int * 11),
    )


def timekeeping(root: Path = Path("/")) -> dict[str, str]:
    """Clock source, who corrects it, kernel, governor, load, container, in words. root: of this machine's files."""
    asked: dict[str, Callable[[], str]] = {
        "clock source": lambda: _clock_source(root),
        "kernel's time": _kernel_time,
        "time daemon": lambda: _daemon(root),
        "kernel": lambda: f"{platform.system()} {platform.release()} {platform.version()}".strip(),
        "governor": lambda: _governor(root),
        "load": _load,
        "machine is": lambda: _machine(root),
    }
    return {name: _told(ask) for name, ask in asked.items()}


def _told(ask: Callable[[], str]) -> str:
    try:
        return ask() or NOT_TOLD
    except (OSError, ValueError, AttributeError, TypeError, IndexError) as error:
        return f"{NOT_TOLD} ({type(error).__name__})"


def _clock_source(root: Path) -> str:
    info = time.get_clock_info("monotonic")
    said = f"{info.implementation}, resolution {info.resolution:g} s"
    source = root / "sys/devices/system/clocksource/clocksource0/current_clocksource"
    return f"{source.read_text().strip()}, {said}" if source.is_file() else said


def _kernel_time() -> str:
    """Whether the kernel takes its time for right, and by how much it corrects the rate of its clock."""
    if platform.system() != "Linux":
        return ""
    asked = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked))
    if not 0 <= state < len(_STATES):
        return ""
    unsynchronised = bool(asked.status & _UNSYNCHRONISED)
    told = [
        "not synchronised" if unsynchronised else f"synchronised, {_STATES[state]}",
        f"rate corrected by {asked.freq / 65536:+.3f} ppm",
        f"tick {asked.tick} µs",
    ]
    if not unsynchronised:
        told.append(f"at most {asked.maxerror / 1000:g} ms off")
    if asked.status & (_PPS_FREQUENCY | _PPS_TIME):
        told.append("PPS")
    return ", ".join(told)


def _daemon(root: Path) -> str:
    """chrony tells by itself; of the others it is known that they run."""
    if said := _chrony():
        return said
    if (root / "run/systemd/timesync/synchronized").exists():
        return "systemd-timesyncd, synchronised"
    found = [
        name
        for name in ("ntpd", "chronyd", "ptp4l", "phc2sys", "gpsd")
        if (root / f"run/{name}.pid").exists()
    ]
    return f"{', '.join(found)} (state not asked)" if found else "none seen"


def _chrony() -> str:
    if (said := ask_chrony()) is None:
        return ""
    rates = (("rate", said.rate_ppb), ("residual", said.residual_ppb), ("skew", said.skew_ppb))
    told = [f"{name} {ppb / 1000:g} ppm" for name, ppb in rates]
    reference = f"reference {said.reference} (stratum {said.stratum})"
    return ", ".join(["chrony", said.leap.lower(), reference, f"{said.offset_us:.1f} µs off", *told])


def _governor(root: Path) -> str:
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    found = Counter(path.read_text().strip() for path in files)
    return ", ".join(f"{name} on {count} processors" for name, count in sorted(found.items()))


def _load() -> str:
    one, five, fifteen = os.getloadavg()
    return f"{one:.2f}, {five:.2f}, {fifteen:.2f} over 1, 5 and 15 min, on {os.cpu_count()} processors"


def _machine(root: Path) -> str:
    said = [name for name in _CONTAINERS if (root / name).exists()]
    cpu = root / "proc/cpuinfo"
    virtual = cpu.is_file() and " hypervisor" in cpu.read_text()
    parts = [*(["a container"] if said else []), *(["a virtual machine"] if virtual else [])]
    return " on ".join(parts) or "no container and no virtual machine that could be seen"
