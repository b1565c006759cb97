"""The quality of each configured bus: whether it exists, the error of its stamps where no device is connected, and
how to improve it.

Frames are sent on virtual buses only. A bus with an adapter may have a DUT behind it, so the doctor only listens
there.
"""

import asyncio
from collections.abc import Iterator

from bench.config.bench_file import CanConfig
from bench.doctor.finding import Checkup, Health, Percentiles, spread
from bench.errors import LinkError
from bench.links.interface_worth import INTERFACES, worth_of
from bench.links.ports import CanLink
from bench.links.python_can import open_can
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly, LinkBroke
from bench.trace.stamping import Origin
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S, format_ns
from bench.wiring.can import claimed

_PROBES = 200
_PROBE_GAP_NS = 5 * NS_PER_MS
_LISTEN_NS = NS_PER_S
_PATIENCE_S = 3.0
_PROBE_ID = 0x7FF  # the weakest identifier


def examine_bus(can: CanConfig, real_time: bool) -> Iterator[Checkup]:
    """One or two findings; a bus that cannot be had is bad only where the bench runs in real time."""
    name = f"bus '{can.channel}'"
    worth = worth_of(can.interface)
    if can.interface not in INTERFACES:
        yield Checkup(
            area=name,
            state=Health.NOTE,
            text=f"interface '{can.interface}' is unknown to the bench: its stamps count as ±{format_ns(worth.u_ns)}",
            mend=f"known are {', '.join(INTERFACES)}",
        )
    yield from _reach(can, name)
    try:
        mine, claim = claimed(can)
        try:
            yield run_on_host(lambda clock: _try(clock, mine, name))
        finally:
            if claim is not None:
                claim.close()
    except (LinkError, OSError) as error:
        state = Health.BAD if real_time else Health.NOTE
        unused = "" if real_time else " (not needed in simulated time)"
        yield Checkup(area=name, state=state, text=f"{error}{unused}", mend=_mend(can))


def _reach(can: CanConfig, name: str) -> Iterator[Checkup]:
    """What a virtual bus has to do with other hosts: nothing, unless the bench file says so."""
    if can.interface != "udp_multicast":
        return
    hop_limit, foreign = can.options.get("hop_limit", 0), can.options.get("foreign_hosts", False)
    leaves = f"frames leave this host (hop_limit = {hop_limit})" if hop_limit else ""
    enters = "frames of other hosts are taken (foreign_hosts = true)" if foreign is True else ""
    if leaves or enters:
        yield Checkup(
            area=name,
            state=Health.NOTE,
            text="; ".join(filter(None, (leaves, enters))),
            mend="leave both options out of a bus that lives on this host alone",
        )


async def _try(clock: HostClock, can: CanConfig, name: str) -> Checkup:
    trace = Trace(timebase=Timebase.HOST)
    link = open_can(can.channel, can.interface, can.options, clock, trace, "doctor")
    try:
        if _virtual(can, link):
            return await _measured(clock, can, link, trace, name)
        return await _listened(clock, can, link, trace, name)
    finally:
        link.close()


def _virtual(can: CanConfig, link: CanLink) -> bool:
    seat = getattr(getattr(link, "interface", None), "seat", "")
    return can.interface in ("udp_multicast", "virtual") or seat == "virtual"


async def _measured(clock: HostClock, can: CanConfig, link: CanLink, trace: Trace, name: str) -> Checkup:
    """Send probes and look where their echo's stamp lies against two reads of the clock around the sending."""
    sent: list[tuple[int, int]] = []
    for number in range(_PROBES):
        before_ns = clock.now_ns()
        link.send(CanFrame(_PROBE_ID, number.to_bytes(4, "big")))
        sent.append((before_ns, clock.now_ns()))
        await clock.sleep_until(clock.now_ns() + _PROBE_GAP_NS // 5)
    errors: list[int] = []
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while len(errors) < _PROBES:
                await clock.sleep_until(clock.now_ns() + _PROBE_GAP_NS)
                errors = _errors(trace, sent)
    except TimeoutError:
        pass
    where = f"{can.interface} {_address(can)}".strip()
    if not errors:
        text = f"{where}: opened, but none of {_PROBES} own frames came back"
        return Checkup(area=name, state=Health.BAD, text=text, mend=_mend(can))
    found = spread(errors)
    claimed_ns = link.stamping.u_ns
    stamps = (
        f"stamps ({link.stamping.source}) are off by {found.words()}, ±{format_ns(claimed_ns)} is claimed"
    )
    text = f"{where}: reachable; {stamps}"
    if len(errors) < _PROBES:
        return Checkup(
            area=name, state=Health.BAD, text=f"{text}; {_PROBES - len(errors)} frames lost", mend=_mend(can)
        )
    return _held(name, text, found, claimed_ns)


def _held(name: str, text: str, found: Percentiles, claimed_ns: int) -> Checkup:
    if found.p99_ns <= claimed_ns:
        return Checkup(area=name, state=Health.OK, text=text, figures_us=found.figures_us())
    mend = (
        "this machine is too busy or too slow for the claim: free a processor, then `hil qualify --time real`"
    )
    return Checkup(area=name, state=Health.NOTE, text=text, mend=mend, figures_us=found.figures_us())


def _errors(trace: Trace, sent: list[tuple[int, int]]) -> list[int]:
    """How far each echo's stamp may lie from the instant of its sending, in ns: an upper bound, sending included."""
    errors = []
    for seen in trace.frames:
        number = int.from_bytes(seen.frame.data, "big") if seen.sender == "doctor" else -1
        if seen.frame.can_id == _PROBE_ID and 0 <= number < len(sent):
            before_ns, after_ns = sent[number]
            errors.append(max(abs(seen.t_ns - before_ns), abs(after_ns - seen.t_ns)) // 2)
    return errors


async def _listened(clock: HostClock, can: CanConfig, link: CanLink, trace: Trace, name: str) -> Checkup:
    await clock.sleep_until(clock.now_ns() + _LISTEN_NS)
    worth = worth_of(can.interface)
    where = f"{can.interface} {_address(can)}".strip()
    echo = (
        "own frames are stamped when the bus has taken them"
        if worth.echo
        else "own frames count from their hand-over"
    )
    stamps = f"stamps ({link.stamping.source}) are worth ±{format_ns(link.stamping.u_ns)}; {echo}"
    told = [mark.fact.text for mark in trace.marks if isinstance(mark.fact, LinkBroke | Anomaly)]
    if told:
        text = f"{where}: opened; {told[0]}"
        return Checkup(
            area=name, state=Health.BAD, text=text, mend="cable, termination, bit rate; is the DUT powered?"
        )
    heard = len(trace.frames)
    if not heard:
        text = f"{where}: opened; nothing was heard in 1 s; {stamps}"
        return Checkup(
            area=name, state=Health.NOTE, text=text, mend="is the DUT powered, and the bit rate right?"
        )
    late = worth.origin is Origin.ARRIVAL
    mend = "an adapter with stamps of its own, or SocketCAN, narrows every interval" if late else ""
    text = f"{where}: {heard} frames heard in 1 s; {stamps}"
    return Checkup(area=name, state=Health.NOTE if late else Health.OK, text=text, mend=mend)


def _address(can: CanConfig) -> str:
    return " ".join(str(can.options[key]) for key in ("channel", "port") if key in can.options)


def _mend(can: CanConfig) -> str:
    if can.interface == "udp_multicast":
        return "sudo ip route add 224.0.0.0/4 dev lo; sudo ip link set lo multicast on"
    if can.interface == "socketcan":
        return "see docs/benches/vcan.toml for the two commands; without rights ask whoever administers this machine"
    return f"the driver of '{can.interface}', its cable and the options in [can.{can.channel}]"
