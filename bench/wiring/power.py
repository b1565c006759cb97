"""What switches the DUT's supply: the user's commands, a relay, or a pack supply whose voltmeter proves it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from bench.config.dut_life import DutConfig, RelayConfig, SupplyConfig
from bench.config.instrument_kinds import instruments
from bench.dut.board import CommandedPower, PowerSwitch
from bench.errors import BenchError, ConfigError, InstrumentError
from bench.instruments.kinds import SupplyKind
from bench.instruments.ports import PackSupply
from bench.instruments.virtual_cards import card_kind
from bench.timing.clock import Clock
from bench.units import NS_PER_MS, format_ns
from bench.wiring.instruments import open_stream

_LOOK_NS = 50 * NS_PER_MS
_ON_SHARE = 0.95
_GAP_NS = 15 * NS_PER_MS  # between messages, as EA advises


def supply_kind(name: str) -> SupplyKind:
    """Raises ConfigError for a kind that is no supply."""
    kind = instruments().get(name)
    if not isinstance(kind, SupplyKind):
        raise ConfigError(f"[dut.power]: found '{name}', {kind.title}; expected a supply")
    return kind


class RelayPower:
    """A relay in the DUT's supply. Its line is open only while it is switched: others may use the card between."""

    def __init__(self, relay: RelayConfig, clock: Clock) -> None:
        self._relay = relay
        self._clock = clock

    async def on(self) -> None:
        await self._switch(True)

    async def off(self) -> None:
        await self._switch(False)

    async def _switch(self, on: bool) -> None:
        relay = self._relay
        line = await open_stream(relay.port, relay.baud)
        try:
            card = card_kind(relay.kind).drive(line, self._clock, relay.options)
            await card.identify()
            await card.switch(relay.number, on)
            states = await card.states()
        finally:
            line.close()
        if len(states) < relay.number or states[relay.number - 1] is not on:
            raise InstrumentError(
                f"{relay.kind} on {relay.port}: relay {relay.number} does not read back {on}"
            )


class SupplyPower:
    """A PackSupply as the DUT's supply. Its line is open only while it is switched: on TCP an EA drops it otherwise."""

    def __init__(self, supply: SupplyConfig, clock: Clock) -> None:
        self._supply = supply
        self._clock = clock

    async def on(self) -> None:
        """Output on at the DUT's voltage, proven by the supply's voltmeter; off again where it is not reached."""
        wanted = self._supply
        async with self._opened() as unit:
            await unit.limit(voltage_v=wanted.voltage_v, source_a=wanted.current_a, sink_a=0.0)
            await unit.output(True)
            least_v = _ON_SHARE * wanted.voltage_v
            seen_v = await self._settled(unit, lambda volts: volts >= least_v)
            if seen_v < least_v:
                await unit.safe()
                raise self._error(
                    f"{seen_v:.3g} V {format_ns(wanted.settle_ns)} after its output went on; expected "
                    f"{wanted.voltage_v:g} V: a short, or is the limit of {wanted.current_a:g} A too low for this DUT?"
                )

    async def off(self) -> None:
        """Output off, and the DUT's terminals discharged, proven by the supply's voltmeter."""
        wanted = self._supply
        async with self._opened() as unit:
            await unit.safe()
            seen_v = await self._settled(unit, lambda volts: volts < wanted.off_below_v)
            if seen_v >= wanted.off_below_v:
                raise self._error(
                    f"still {seen_v:.3g} V {format_ns(wanted.settle_ns)} after its output went off; expected less than "
                    f"{wanted.off_below_v:g} V: the DUT is not without supply (another source, or a longer 'settle')"
                )

    async def _settled(self, unit: PackSupply, good: Callable[[float], bool]) -> float:
        """The first voltage that is good, or the last one of `settle_ns`."""
        until_ns = self._clock.now_ns() + self._supply.settle_ns
        while True:
            seen_v = (await unit.measure()).voltage_v
            if good(seen_v) or self._clock.now_ns() >= until_ns:
                return seen_v
            await self._clock.sleep_until(min(until_ns, self._clock.now_ns() + _LOOK_NS))

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[PackSupply]:
        wanted = self._supply
        line = await open_stream(wanted.port, wanted.baud)
        try:
            # A new line knows nothing of the last one's message, and a supply loses what comes too soon after it.
            await self._clock.sleep_until(self._clock.now_ns() + _GAP_NS)
            unit = supply_kind(wanted.kind).drive(line, self._clock, wanted.options)
            await unit.identify()
            yield unit
        finally:
            line.close()

    def _error(self, text: str) -> BenchError:
        return InstrumentError(f"the DUT's supply {self._supply.kind} on {self._supply.port}: {text}")


def power_switch(config: DutConfig, known: Mapping[str, str], clock: Clock) -> PowerSwitch | None:
    """The relay or supply that feeds the DUT; None where the bench file names none."""
    power = config.power
    if power is None:
        return None
    if power.relay is not None:
        return RelayPower(power.relay, clock)
    if power.supply is not None:
        return SupplyPower(power.supply, clock)
    if power.on is None or power.off is None:
        raise ConfigError(
            "[dut.power]: found neither commands nor a relay nor a supply; expected one of them"
        )
    return CommandedPower(power.on, power.off, known, config)
