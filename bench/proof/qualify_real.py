"""The ruler in real time: a process on a real bus, a naive script that fires the shots, and other traffic.

The bench only listens. On UDP multicast the frames are kept off the network (hop limit 0) and off the rig's
own port.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from bench.confidence.qualified import NO_REFERENCE
from bench.dut.process import ProcessDut
from bench.errors import DutError
from bench.links.python_can import open_can
from bench.links.udp_multicast import BENCH_ONLY
from bench.proof.qualify import JITTER_NS, RulerSeries, RulerShot, delay_of, ruler_shots
from bench.proof.traffic import FIRST_ID
from bench.rig.safety_inputs import SafetyInputs, SafetyOpen
from bench.timing.clock import Clock, Timebase
from bench.timing.host import HostClock, run_on_host
from bench.trace.facts import LinkBroke
from bench.trace.stamping import Origin
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S, NS_PER_US

PORT = 43199  # of its own, so that a rig at work on the configured port is not disturbed
_OWN_CLOCK = (Origin.HARDWARE, Origin.ADAPTER)
_WITHOUT_BIT_TIMING = ("udp_multicast", "virtual")
_SETTLE_NS = 50 * NS_PER_MS
_PER_SHOT_NS = (
    1_100 * NS_PER_MS
)  # gap between shots, and what the script waits for an answer that never comes
_SPARE_NS = 20 * NS_PER_S
_LOAD_REACHED = 0.9
Contacts = Callable[[Clock, Trace], SafetyInputs | None]  # those that stop the rig, where it has some
_ROUNDS = 3  # shots the ruler cannot vouch for are fired again, twice at most


def qualify_real(
    interface: str,
    options: Mapping[str, Any],
    bitrate: int,
    shots: int,
    seed: int,
    loads_per_s: Sequence[int],
    *,
    port: int = PORT,
    disturb: Callable[[HostClock], None] = lambda _: None,
    contacts: Contacts = lambda *_: None,
) -> list[RulerSeries]:
    """One series for each load, in turn; `disturb` may hurt the bench's loop meanwhile.

    Raises LinkError or DutError where something does not start, SafetyOpen where one of the contacts is open.
    """
    arguments = dict(options)
    if interface == "udp_multicast":
        arguments |= {"port": port, "hop_limit": 0}
    timed = None if interface in _WITHOUT_BIT_TIMING else bitrate
    return [
        run_on_host(
            partial(
                _series,
                interface=interface,
                options=arguments,
                bitrate=timed,
                shots=shots,
                seed=seed,
                load_per_s=load_per_s,
                disturb=disturb,
                contacts=contacts,
            )
        )
        for load_per_s in loads_per_s
    ]


async def _series(
    clock: HostClock,
    *,
    interface: str,
    options: Mapping[str, Any],
    bitrate: int | None,
    shots: int,
    seed: int,
    load_per_s: int,
    disturb: Callable[[HostClock], None],
    contacts: Contacts,
) -> RulerSeries:
    bus = (
        interface
        + ":"
        + ",".join(f"{key}={value}" for key, value in options.items() if key not in BENCH_ONLY)
    )
    trace = Trace(timebase=Timebase.HOST)
    decided: list[RulerShot] = []
    errors: list[str] = []
    waiting = [delay_of(shot) for shot in range(shots)]
    fired = 0
    async with _watched(contacts(clock, trace)), AsyncExitStack() as stack:
        link = open_can("vehicle", interface, options, clock, trace, "bench")
        stack.callback(link.close)
        jitter_us = str(JITTER_NS // NS_PER_US)
        await _start(
            stack, "ruler", "firmware_stubs.ruler", bus, "--seed", str(seed), "--jitter-us", jitter_us
        )
        if load_per_s:
            seconds = str(_ROUNDS * _limit_ns(waiting) / NS_PER_S)
            await _start(
                stack,
                "traffic",
                "bench.proof.traffic",
                bus,
                "--rate",
                str(load_per_s),
                "--seconds",
                seconds,
            )
        disturb(clock)
        start_ns = clock.now_ns()
        for _ in range(_ROUNDS):
            if not waiting or errors:
                break
            taken = dict(enumerate(await _naive(bus, waiting, fired, seed), fired))
            await clock.sleep_until(clock.now_ns() + _SETTLE_NS)
            seen, wrong = ruler_shots(trace.frames, list(taken), link.stamping.u_ns, bitrate, taken)
            errors.extend(wrong)
            decided.extend(shot for shot in seen if not shot.undecided)
            waiting = [waiting[shot.number - fired] for shot in seen if shot.undecided]
            fired += len(taken)
        end_ns = clock.now_ns()
    if waiting and not errors:
        errors.append(
            f"the ruler was interrupted in {len(waiting)} shots, {_ROUNDS} times over; free a core for it"
        )
    others = sum(
        1 for seen in trace.frames if start_ns <= seen.t_ns <= end_ns and seen.frame.can_id >= FIRST_ID
    )
    reached_per_s = others * NS_PER_S / (end_ns - start_ns)
    if dropped := getattr(link, "dropped", 0):
        errors.append(f"the kernel dropped {dropped} frames: the bench was too slow for this bus")
    errors.extend(f"{mark.source}: {mark.fact.text}" for mark in trace.of(LinkBroke))
    if reached_per_s < _LOAD_REACHED * load_per_s:
        errors.append(
            f"traffic reached {reached_per_s:.0f} frames/s; asked for {load_per_s}; "
            "this host is too slow or too busy, lower --load"
        )
    return RulerSeries(
        timebase=Timebase.HOST,
        condition=f"{load_per_s} frames/s" if load_per_s else "idle",
        asked=shots,
        u_ns=link.stamping.u_ns,
        load_per_s=reached_per_s,
        shots=tuple(decided),
        undecided=max(0, fired - shots) + len(waiting),
        errors=tuple(errors),
        reference=_reference(link.stamping.origin, decided),
    )


def _reference(origin: Origin, shots: Sequence[RulerShot]) -> str:
    """Which second clock stood beside the host's."""
    raw = (
        "CLOCK_MONOTONIC_RAW: the host's oscillator, slewed by nobody"
        if shots and shots[0].reference_ns
        else ""
    )
    own = "the adapter's clock: an oscillator of its own, stamps both frames" if origin in _OWN_CLOCK else ""
    return "; ".join(one for one in (own, raw) if one) or NO_REFERENCE


@asynccontextmanager
async def _watched(safety: SafetyInputs | None) -> AsyncIterator[None]:
    """As a shot is: nothing is sent unless all are closed, and all ends when one opens. That sets the rig's latch."""
    if safety is None:
        yield
        return
    try:
        async with safety.watched():
            yield
    except* SafetyOpen:
        pass  # `opened` has it, without the group
    finally:
        safety.outputs_are_off(confirmed=False)
    if safety.opened is not None:
        raise safety.opened


def _limit_ns(delays_ns: Sequence[int]) -> int:
    """Longer than the script needs for all these shots, answered or not."""
    return sum(delays_ns) + len(delays_ns) * _PER_SHOT_NS + _SPARE_NS


async def _start(stack: AsyncExitStack, name: str, module: str, bus: str, *arguments: str) -> None:
    process = ProcessDut([sys.executable, "-m", module, "--bus", bus, *arguments], name)
    await process.start()
    stack.push_async_callback(process.stop)


async def _naive(bus: str, delays_ns: Sequence[int], first: int, seed: int) -> list[int | None]:
    """Let the naive script fire one shot for each delay; what it took each for."""
    delays = ",".join(str(delay_ns // NS_PER_US) for delay_ns in delays_ns)
    arguments = ["--bus", bus, "--delays-us", delays, "--first", str(first), "--seed", str(seed)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.proof.naive",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    limit_s = _limit_ns(delays_ns) / NS_PER_S
    try:
        async with asyncio.timeout(limit_s):
            told, _ = await process.communicate()
    except TimeoutError as exc:
        raise DutError(f"naive script: not done after {limit_s:.0f} s, for {len(delays_ns)} shots") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise DutError(f"naive script: ended with exit code {process.returncode}; its last words are above")
    taken: list[int | None] = json.loads(told)
    return taken
