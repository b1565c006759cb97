"""Instruments and lines that misbehave, for every driver on a serial line: a clear error, in time, and no false safety.

An error names port, instrument, what was sent and what came back. `safe()` never says safe without proof.
"""

import re
from collections.abc import Callable

import pytest
from instrument_lanes import CELL_EMULATORS, PACK_SUPPLIES, RELAY_CARDS, Kind

from bench.errors import InstrumentError
from bench.links.simulated_serial import SimulatedSerial
from bench.timing.clock import Clock, Phase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.units import NS_PER_MS, NS_PER_S

KINDS = {**CELL_EMULATORS, **PACK_SUPPLIES, **RELAY_CARDS}
every_kind = pytest.mark.parametrize("kind", list(KINDS))
every_verb = pytest.mark.parametrize("verb", ["identify", "safe"])

PATIENCE_NS = 25 * NS_PER_S  # the NGI asks five times, 800 ms each, and twice on its way to the safe state

Write = Callable[[bytes], None]
Behaviour = Callable[[bytes, Write, Clock], None]
"""What the far end does with bytes that arrive."""


class Spoilt:
    """A device end between a true simulator and the line: `spoil(reply)` is what gets through."""

    def __init__(
        self, line: SimulatedSerial, clock: Clock, spoil: Callable[[bytes, Write, Clock], None]
    ) -> None:
        self._line, self._clock, self._spoil = line, clock, spoil

    def write(self, data: bytes) -> None:
        self._spoil(data, self._line.device.write, self._clock)

    def subscribe(self, listener: Callable[[int, bytes], None]) -> None:
        self._line.device.subscribe(listener)


def told(kind: Kind, verb: str, behaviour: Behaviour | None, spoil: Behaviour | None = None) -> str:
    """The error text of `verb` against a far end that behaves as given."""

    async def main(clock: SimulatedClock) -> str:
        line = SimulatedSerial(clock, "sim7", 115_200)
        if behaviour is not None:
            line.device.subscribe(lambda _, data: behaviour(data, line.device.write, clock))
        if spoil is not None:
            kind.play(Spoilt(line, clock, spoil), clock, None)
        driver = kind.driver(line.host, clock)
        with pytest.raises(InstrumentError) as caught:
            await getattr(driver, verb)()
        assert clock.now_ns() < PATIENCE_NS
        return str(caught.value)

    text: str = run_simulated(main)
    assert re.match(r"sim7 \[[^]]+\]: sent '[^']+', got .+: .+", text), text
    assert "\n" not in text
    return text


@every_verb
@every_kind
def test_silence(kind: str, verb: str) -> None:
    text = told(KINDS[kind], verb, None)
    assert "within" in text
    assert "is it powered, and is this the right port?" in text or "come back into step" in text


@pytest.mark.parametrize(
    "noise", [b"\xff\xfe\x80\x01>\r\n", b"hello\n\r>", b"Error:unknown command\n\r>", b"\x00\n"]
)
@every_verb
@every_kind
def test_garbage(kind: str, verb: str, noise: bytes) -> None:
    told(KINDS[kind], verb, lambda _, write, __: write(noise))


@every_verb
@every_kind
def test_an_endless_stream_of_noise_does_not_hang_anybody(kind: str, verb: str) -> None:
    def chatter(_data: bytes, write: Write, clock: Clock) -> None:
        for at_ms in range(0, 3000, 50):
            clock.call_at(clock.now_ns() + at_ms * NS_PER_MS, Phase.INSTRUMENT, lambda: write(b"1\n\r>\xf0"))

    told(KINDS[kind], verb, chatter)


@every_verb
@every_kind
def test_a_line_that_echoes(kind: str, verb: str) -> None:
    text = told(KINDS[kind], verb, lambda data, write, _: write(data))
    if not kind.startswith("numato"):  # which has to echo, and then says nothing more
        assert "echo" in text


@every_verb
@every_kind
def test_half_a_reply(kind: str, verb: str) -> None:
    told(KINDS[kind], verb, None, lambda data, write, _: write(data[: len(data) // 2]))


@every_verb
@every_kind
def test_a_slow_instrument(kind: str, verb: str) -> None:
    def late(data: bytes, write: Write, clock: Clock) -> None:
        clock.call_at(clock.now_ns() + 60 * NS_PER_S, Phase.INSTRUMENT, lambda: write(data))

    assert "within" in told(KINDS[kind], verb, None, late)


@every_kind
def test_another_instrument_behind_the_port(kind: str) -> None:
    for other, stranger in KINDS.items():
        if other.split("_")[0].split(",")[0] == kind.split("_")[0].split(",")[0]:
            continue

        async def main(clock: SimulatedClock, stranger: Kind = stranger) -> str:
            line = SimulatedSerial(clock, "sim7", 115_200)
            stranger.play(line.device, clock, None)
            with pytest.raises(InstrumentError) as caught:
                await KINDS[kind].driver(line.host, clock).identify()
            return str(caught.value)

        assert str(run_simulated(main)).startswith("sim7 ["), other


@every_verb
@every_kind
def test_a_line_torn_in_the_middle_of_a_question(kind: str, verb: str) -> None:
    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim7", 115_200)
        driver = KINDS[kind].driver(line.host, clock)
        clock.call_at(30 * NS_PER_MS, Phase.INSTRUMENT, line.tear)
        with pytest.raises(InstrumentError, match=r"sim7 \[.+\]: sent '.+', got .*torn.*: the line is torn"):
            await getattr(driver, verb)()
        assert clock.now_ns() < NS_PER_S  # at once, but for the spacing of a command that was still to come

    run_simulated(main)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in RELAY_CARDS])
def test_after_a_reply_given_up_no_answer_is_taken_for_another(kind: str) -> None:
    """Every ninth reply comes far too late: what the driver then returns is right, or an error."""

    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim7", 115_200)
        count = free_ns = 0

        def sometimes_late(data: bytes, write: Write, at: Clock) -> None:
            nonlocal count, free_ns
            count += 1
            delay_ns = 1_700 * NS_PER_MS if count % 9 == 0 else 0
            free_ns = max(
                free_ns, at.now_ns() + delay_ns
            )  # an instrument answers in the order of the questions
            at.call_at(free_ns, Phase.INSTRUMENT, lambda: write(data))

        sim = KINDS[kind].play(Spoilt(line, clock, sometimes_late), clock, None)
        driver = KINDS[kind].driver(line.host, clock)
        answered = 0
        if kind in CELL_EMULATORS:
            await _set_apart(driver)
            await clock.sleep_until(clock.now_ns() + NS_PER_S)
        for turn in range(40):
            try:
                if kind in CELL_EMULATORS:
                    cell = 1 + turn % 8
                    (volt,) = await driver.measure([cell])
                    assert abs(volt - sim.output_v(clock.now_ns())[cell - 1]) < 0.002
                else:
                    assert abs((await driver.measure()).voltage_v - 360.0) < 0.1
            except InstrumentError:
                continue
            answered += 1
        assert answered > 3

    run_simulated(main)


async def _set_apart(driver: object) -> None:
    """Every cell at a voltage of its own, however many tries that takes on a bad line."""
    for verb in ("set", "on"):
        for _ in range(60):
            try:
                if verb == "on":
                    await driver.outputs_on()  # type: ignore[attr-defined]
                else:
                    await driver.set_all([3.0 + 0.05 * n for n in range(driver.channels)])  # type: ignore[attr-defined]
            except InstrumentError:
                continue
            break
