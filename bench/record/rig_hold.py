"""A rig is held by the process that drives it. Two processes at one emulator, adapter or relay would each undo the
other's work.

The real things behind a bench file are held: each serial device, network port and CAN adapter by its own name. So
two bench files that share one of them cannot run together. The file itself is held too, where something real has no
port that names it. A private bus and simulated time hold nothing.

The kernel keeps the hold until the last process that has it ends, whatever the reason. The guard has the hold as
well, until outputs are read back as off.
"""

import contextlib
import datetime
import hashlib
import ipaddress
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.config.bench_file import BenchConfig, CanConfig
from bench.config.dut_life import DutConfig
from bench.config.safety import Source
from bench.errors import BenchError, RecordError
from bench.record.held import locked
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S

_PRIVATE = ("udp_multicast", "virtual")  # each process has a port, or a bus, of its own: see bench.wiring.can
_OWN_WAYS = ("in_process", "stepped", "subprocess")
_NETWORK = "://"
_MOST_BYTES = 4096
_V6 = 6


class RigInUse(BenchError):
    """Another process drives the rig, or a part of it; the text says which, and since when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RigHold:
    """descriptors: what keeps the rig held; a process that is to keep it, too, inherits them."""

    descriptors: tuple[int, ...]


def real_things(config: BenchConfig) -> tuple[str, ...]:
    """What only one process at a time may use, by names that do not depend on the bench file. None of a virtual rig."""
    ports = [port for one in config.instruments.values() if not one.virtual for port in one.ports]
    ports += _ports_of(config.dut)
    ports += [one.port for one in config.safety if one.source in (Source.SERIAL, Source.CARD)]
    things = {_device(port) for port in ports if port != "bus"}
    things |= {_adapter(can) for can in config.can.values() if can.interface not in _PRIVATE}
    dut = config.dut
    if things or dut.start not in _OWN_WAYS or dut.flash or dut.reset or dut.power:
        things.add(f"bench {os.path.realpath(config.file)}")
    return tuple(sorted(things))


def _ports_of(dut: DutConfig) -> list[str]:
    power = dut.power
    if power is None:
        return []
    return [one.port for one in (power.relay, power.supply) if one is not None]


def _device(port: str) -> str:
    """A device has many links (/dev/serial/by-id/…), and one node; a network port has one number and many spellings."""
    if _NETWORK not in port:
        return os.path.realpath(port)
    way, _, rest = port.lower().partition(_NETWORK)
    host, colon, number = rest.rstrip("/").rpartition(":")
    if not colon or not number.isdecimal():
        return port.lower()
    host = host.rstrip(".")
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host.strip("[]"))
        host = (
            "localhost" if address.is_loopback else f"[{address}]" if address.version == _V6 else str(address)
        )
    return f"{way}{_NETWORK}{host}:{int(number)}"


def _adapter(can: CanConfig) -> str:
    channel = str(can.options.get("channel", ""))
    if can.interface == "slcan":
        return _device(channel.partition("@")[0])
    if can.interface == "socketcan":  # one name stands for another interface in each network namespace
        with contextlib.suppress(OSError):
            channel += f" in net:[{Path('/proc/self/ns/net').stat().st_ino}]"
    else:
        channel = channel or " ".join(f"{key}={value}" for key, value in sorted(can.options.items()))
    return f"{can.interface} {channel}"


def state_folder() -> Path:
    """Where this user's holds are kept: XDG_STATE_HOME, else ~/.local/state. Raises RecordError."""
    named = os.environ.get("XDG_STATE_HOME", "")
    try:
        base = Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise RecordError(f"the rig cannot be held: {error}; expected XDG_STATE_HOME, a folder") from error
    return base / "bms-hil" / "rigs"


@contextlib.contextmanager
def rig_held(config: BenchConfig) -> Iterator[RigHold]:
    """Hold all that is real of the rig for the time of the block. Raises RigInUse or RecordError, and holds nothing."""
    with contextlib.ExitStack() as stack:
        locks = [_taken(thing, config.file, stack) for thing in real_things(config)]
        yield RigHold(descriptors=tuple(lock for lock in locks if lock is not None))


def _taken(thing: str, bench_file: Path, stack: contextlib.ExitStack) -> int | None:
    """The descriptor that holds it; None where this system can hold nothing."""
    file = state_folder() / f"{_slug(thing)}.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        lock = locked(file, os.O_RDWR)
        if lock is None:
            raise RigInUse(f"{bench_file}: this rig is in use: {thing} {_by_whom(file)}")
        if lock < 0:
            return None
        stack.callback(os.close, lock)
        os.truncate(lock, 0)
        os.pwrite(lock, _words(thing, bench_file), 0)
    except OSError as error:
        raise RecordError(
            f"{file}: cannot be written, so the rig cannot be held: {error.strerror or error}; "
            "expected a folder of this user's own (XDG_STATE_HOME names another)"
        ) from error
    return lock


def _slug(thing: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", thing).strip("-")[-40:]
    return f"{readable}-{hashlib.sha256(thing.encode()).hexdigest()[:12]}"


def _words(thing: str, bench_file: Path) -> bytes:
    since = datetime.datetime.fromtimestamp(wall_now_ns() // NS_PER_S, tz=datetime.UTC)
    said = {
        "pid": os.getpid(),
        "since_utc": since.isoformat(),
        "bench": str(bench_file.resolve()),
        "of": thing,
    }
    return json.dumps(said).encode()


def _by_whom(file: Path) -> str:
    try:
        with file.open("rb") as read:
            said = json.loads(read.read(_MOST_BYTES))
        pid, since, bench = int(said["pid"]), str(said["since_utc"]), str(said["bench"])
    except (OSError, ValueError, KeyError, TypeError):  # it has just taken it
        return "is held by a process that has not said which; ask again"
    if _lives(pid):
        return f"is held by process {pid} since {since} (bench file {bench}); expected it to end first"
    return f"is held since {since} by what process {pid} has left: its guard switches outputs off; ask again"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
