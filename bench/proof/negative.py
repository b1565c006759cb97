"""Negative tests of the bench: where there is nothing to pass, or the bench is hurt, it must not pass, or not be moved.

Each hurts the bench itself: a shot of the virtual bench, the ruler, or a run of its own in a process (hurt_run). What
each has to come to stands in NEGATIVE (bench.confidence.qualified). A loop that is late and a clock that steps are of
the file's own timebase, all others of simulated time; each row says so.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.codec.database import Database
from bench.codec.layout import Layer
from bench.codec.message import Message
from bench.confidence.qualified import NEGATIVE
from bench.config.safety import SafetyInput, Source
from bench.errors import BenchError, LinkError
from bench.links.bus_faults import OwnedNode
from bench.proof.clock_step import wall_clock_steps
from bench.proof.hurt_run import stored
from bench.proof.mutant_matrix import in_simulated_time
from bench.proof.qualify import BITRATE
from bench.proof.qualify_simulated import qualify_simulated
from bench.record.latch import why_latched
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Phase, Timebase
from bench.timing.host import HostClock, host_now_ns
from bench.trace import facts
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S
from bench.wiring.common import Wired

LATE_NS = 60 * NS_PER_MS  # a loop that stands still for so long is beyond what a shot is judged by
EVERY_NS = 150 * NS_PER_MS
REAL_SHOTS = 16
STEPS = tuple(
    (n * 200 * NS_PER_MS, by_s * NS_PER_S) for n, by_s in enumerate((1, -3600, 0, 86_400, 0) * 4, start=2)
)
_SHOTS = 12
_FULL_BYTES = 66_000  # room for the lists of a run, and for a few of its shots
_ENDS_WITHIN_S = 120


def negative_tests(wired: Wired, prepared: Sequence[Prepared], seed: int) -> list[dict[str, Any]]:
    """One row per test: what was demanded, what happened, and in which time. `prepared` is for simulated time."""
    own = in_simulated_time(wired)
    one = next(p for p in prepared if _can_be_hurt(p))
    return [_row(name, hurt, own, wired, one, seed) for name, hurt in _HURTS.items()]


def _can_be_hurt(one: Prepared) -> bool:
    """A frame proves its stimulus, a flag answers, and both have their budgets: there is something to take away."""
    return bool(one.plan.onset and one.plan.detection) and one.plan.fhti_budget_ns is not None


def _row(name: str, hurt: "Hurt", own: Wired, wired: Wired, one: Prepared, seed: int) -> dict[str, Any]:
    timed = name in _TIMED and not wired.config.simulated
    try:
        found = _TIMED[name](wired, seed) if timed else hurt(own, one, seed)
    except BenchError as error:
        found = f"it could not be run: {error}"
    return {
        "test": name,
        "timebase": (Timebase.HOST if timed else Timebase.SIMULATED).value,
        "demanded": NEGATIVE[name],
        "found": found,
        "as_expected": found == NEGATIVE[name],
    }


def _no_capability(own: Wired, one: Prepared, seed: int) -> str:
    return _verdict(replace(own, capabilities=frozenset()), one, seed)


def _tiny_budget(own: Wired, one: Prepared, seed: int) -> str:
    plan = replace(one.plan, fdti_budget_ns=1, fhti_budget_ns=1, floor_ns=None)
    return _verdict(own, replace(one, plan=plan), seed)


def _unseen(own: Wired, one: Prepared, seed: int) -> str:
    onset = tuple(replace(test, op="==", value=-1e9) for test in one.plan.onset)
    return _verdict(own, replace(one, plan=replace(one.plan, onset=onset)), seed)


def _lost_frames(own: Wired, one: Prepared, seed: int) -> str:  # noqa: ARG001
    """The bus loses one answer of the ruler."""
    series = qualify_simulated(4, seed, lost=frozenset({2}))
    return "ERROR" if series.errors and not series.sound else "held"


def _second_node(own: Wired, one: Prepared, seed: int) -> str:
    """Another node repeats what the bench plays, every 10 ms, as a real unit does that was left on the bus."""
    played = own.played[0]
    message = played.message

    def watch(rig: Rig, scenario: str, index: int) -> None:  # noqa: ARG001
        link = rig.links[played.channel]
        if not isinstance(link, OwnedNode):
            raise LinkError(
                f"CAN '{played.channel}': found a bus without simulated nodes; expected one of them"
            )
        node = link.beside("second")
        frame = CanFrame(message.can_id, bytes(message.length), extended=message.extended)

        def send() -> None:
            node.send(frame)
            rig.clock.call_at(rig.clock.now_ns() + 10 * NS_PER_MS, Phase.RESTBUS, send)

        rig.clock.call_at(rig.clock.now_ns() + NS_PER_MS, Phase.RESTBUS, send)

    return shoot(own, one, 0, 1, seed, None, watch).judgement.verdict.name


def _emergency_stop(own: Wired, one: Prepared, seed: int) -> str:
    """Its contact opens while outputs are on. The latch lies in a folder of its own: the rig itself is not stopped."""
    contact = SafetyInput(name="estop", source=Source.PLAYED, opens_after_ns=NS_PER_S)
    with TemporaryDirectory(prefix="hil-") as folder:
        record = replace(own.config.record, rig=Path(folder) / "runs")
        rigs: list[Rig] = []
        result = shoot(
            replace(own, config=replace(own.config, safety=(contact,), record=record)),
            one, 0, 1, seed, None, lambda rig, *_: rigs.append(rig),
        )  # fmt: skip
        off = any(True for _ in rigs[0].trace.of(facts.SafetyOff))
        latched = why_latched(record.rig) is not None
    return ", ".join(
        (result.judgement.verdict.name, *(["off"] if off else []), *(["latched"] if latched else []))
    )


def _wrong_dbc(own: Wired, one: Prepared, seed: int) -> str:
    """The bench's description of the bus exchanges the flag that answers with one of its message that is not set."""
    test = one.plan.detection[0]
    database = own.databases[test.channel]
    message = database[test.message]
    rigs: list[Rig] = []
    shoot(own, one, 0, 1, seed, None, lambda rig, *_: rigs.append(rig))
    said = [message.decode(seen.frame.data) for seen in rigs[0].trace.frames
            if (seen.channel, seen.frame.can_id) == (test.channel, message.can_id)]  # fmt: skip
    asked = message.fields[test.signal]
    other = next(
        name
        for name, field in reversed(message.fields.items())
        if field.length == asked.length and not any(values[name] == test.value for values in said)
    )
    wrong = _exchanged(message, test.signal, other)
    messages = [wrong if each is message else each for each in database.messages]
    databases = {**own.databases, test.channel: Database(messages, database.troubles)}
    return _verdict(replace(own, databases=databases), one, seed)


def _exchanged(message: Message, a: str, b: str) -> Message:
    names = {a: b, b: a}

    def layer(one: Layer) -> Layer:
        fields = tuple(replace(field, name=names.get(field.name, field.name)) for field in one.fields)
        branches = {
            mux: {value: layer(below) for value, below in table.items()}
            for mux, table in one.branches.items()
        }
        return replace(one, fields=fields, branches=branches)

    return Message(
        name=message.name,
        can_id=message.can_id,
        extended=message.extended,
        fd=message.fd,
        length=message.length,
        layout=layer(message.layout),
        cycle_ns=message.cycle_ns,
        e2e=message.e2e,
        senders=message.senders,
    )


def _full_disk(own: Wired, one: Prepared, seed: int) -> str:  # noqa: ARG001
    """A run whose files cannot grow any more: it says so, passes nothing, and what had finished can be read."""
    with TemporaryDirectory(prefix="hil-") as runs:
        done = _process(own, one, Path(runs), str(_FULL_BYTES)).communicate(timeout=_ENDS_WITHIN_S)[0]
        whole, vouched = stored(Path(runs))
    told = json.loads(done)
    kept = 0 < whole < _SHOTS and whole >= told["finished"] - 1  # the last one told is the one that failed
    good = kept and told["aborted"] and not vouched and told["verdict"] != "PASS"
    return (
        NEGATIVE["a full disk"] if good else f"{told['verdict']}, {whole} shots kept, vouched for: {vouched}"
    )


def _killed(own: Wired, one: Prepared, seed: int) -> str:  # noqa: ARG001
    """A run that is killed in mid-run: what had finished can be read, and nothing vouches for a result."""
    with TemporaryDirectory(prefix="hil-") as runs:
        process = _process(own, one, Path(runs))
        deadline_ns = host_now_ns() + _ENDS_WITHIN_S * NS_PER_S
        try:
            while stored(Path(runs))[0] < 2 and process.poll() is None and host_now_ns() < deadline_ns:
                _wait(process)
        finally:
            process.kill()
            process.communicate()
        whole, vouched = stored(Path(runs))
    good = 0 < whole < _SHOTS and not vouched and process.returncode < 0
    return NEGATIVE["a killed bench"] if good else f"{whole} shots kept, vouched for: {vouched}"


def _process(own: Wired, one: Prepared, runs: Path, *limit: str) -> subprocess.Popen[str]:
    words = [str(own.config.file), str(runs), one.scenario.id, str(_SHOTS), *limit]
    command = [sys.executable, "-m", "bench.proof.hurt_run", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _wait(process: "subprocess.Popen[str]") -> None:
    try:
        process.wait(timeout=0.02)
    except subprocess.TimeoutExpired:
        return


def _late_loop(own: Wired, one: Prepared, seed: int) -> str:
    """Simulated time knows no lateness: a host that stands still again and again changes no frame of the trace."""

    def watch(rig: Rig, scenario: str, index: int) -> None:  # noqa: ARG001
        start_ns = rig.clock.now_ns()
        for n in range(1, 6):
            rig.clock.call_at(start_ns + n * NS_PER_S, Phase.TASK, lambda: _stand_still(LATE_NS))

    return _unmoved(own, one, seed, watch)


def _clock_step(own: Wired, one: Prepared, seed: int) -> str:
    with wall_clock_steps(((0, 3600 * NS_PER_S),)):
        return _unmoved(own, one, seed, lambda *_: None)


def _unmoved(own: Wired, one: Prepared, seed: int, hurting: Callable[[Rig, str, int], None]) -> str:
    """`held`, where a shot that is hurt is, frame by frame and mark by mark, the same as one that is not."""
    traces: list[str] = []
    for hurt in (None, hurting):
        rigs: list[Rig] = []

        def watch(rig: Rig, scenario: str, index: int, hurt: Any = hurt, rigs: list[Rig] = rigs) -> None:
            rigs.append(rig)
            if hurt is not None:
                hurt(rig, scenario, index)

        verdict = shoot(own, one, 0, 1, seed, None, watch).judgement.verdict.name
        traces.append(f"{verdict} {rigs[0].trace.digest()}")
    return "held" if traces[0] == traces[1] else "moved"


def _late_loop_in_real_time(wired: Wired, seed: int) -> str:
    def block(clock: HostClock) -> None:
        clock.every(EVERY_NS, Phase.TASK, lambda: _stand_still(LATE_NS), first_ns=clock.now_ns() + EVERY_NS)

    return _ruler(wired, seed, block)


def _clock_step_in_real_time(wired: Wired, seed: int) -> str:
    with wall_clock_steps(STEPS):
        return _ruler(wired, seed, lambda _: None)


def _ruler(wired: Wired, seed: int, disturb: Callable[[HostClock], None]) -> str:
    """`held`, where every interval of the ruler holds the truth in spite of the disturbance."""
    from bench.proof.qualify_real import qualify_real

    can = wired.config.can["vehicle"]
    bitrate = can.bitrate or BITRATE
    (series,) = qualify_real(can.interface, can.options, bitrate, REAL_SHOTS, seed, (0,), disturb=disturb)
    if series.errors:
        return f"ERROR: {series.errors[0]}"
    return "held" if series.sound else f"{len(series.missed)} of {series.asked} missed the truth"


def _stand_still(for_ns: int) -> None:
    until_ns = host_now_ns() + for_ns
    while host_now_ns() < until_ns:
        pass


def _verdict(wired: Wired, one: Prepared, seed: int) -> str:
    return shoot(wired, one, 0, 1, seed, None).judgement.verdict.name


Hurt = Callable[[Wired, Prepared, int], str]
_HURTS: dict[str, Hurt] = {
    "a rig without the capability": _no_capability,
    "a budget of 1 ns": _tiny_budget,
    "a stimulus that never reaches the DUT": _unseen,
    "lost frames": _lost_frames,
    "a clock step": _clock_step,
    "a wrong DBC": _wrong_dbc,
    "a full disk": _full_disk,
    "a killed bench": _killed,
    "a late loop": _late_loop,
    "a second node with an id of ours": _second_node,
    "an emergency stop that opens": _emergency_stop,
}
_TIMED: dict[str, Callable[[Wired, int], str]] = {
    "a clock step": _clock_step_in_real_time,
    "a late loop": _late_loop_in_real_time,
}
