"""Driver of the EA PSB in Modbus RTU, on the same port as its SCPI: values in per cent of the nominal ones.

Registers 121, 402, 500 to 502, 505 and 507 are in EA's guide; 405 (output), 498 and 499 (sink power and current)
and the bits of 505 are from a public driver of the series (docs/instruments.md).
"""

import math
import struct

from bench.codec import modbus_rtu as rtu
from bench.errors import InstrumentError
from bench.instruments.ea_psb.driver import EXECUTED_NS, SPACING_NS
from bench.instruments.exchange import tried_twice
from bench.instruments.frame_exchange import FrameExchange
from bench.instruments.ports import SupplyReading
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS

TIMEOUT_NS = 500 * NS_PER_MS
FULL = 0xCCCC  # 100 % of the nominal value
HIGHEST_PERCENT = 102
NOMINAL_V, REMOTE, OUTPUT = 121, 402, 405
SINK_CURRENT, VOLTAGE, CURRENT, STATE, ACTUAL = 499, 500, 501, 505, 507
STATE_ON, STATE_REMOTE, STATE_SINK, STATE_ALARM = 1 << 7, 1 << 11, 1 << 12, 1 << 15


class EaPsbModbus:
    """A PackSupply. `nominal_a` and `nominal_w` are those of the type plate; the voltage is read and compared."""

    def __init__(
        self,
        link: SerialLink,
        clock: Clock,
        *,
        nominal_v: float,
        nominal_a: float,
        nominal_w: float,
        address: int = 0,
    ) -> None:
        self._line = FrameExchange(
            link, clock, "EA PSB (Modbus)", timeout_ns=TIMEOUT_NS, spacing_ns=SPACING_NS
        )
        self._clock = clock
        self._nominal_v, self._nominal_a, self._nominal_w = nominal_v, nominal_a, nominal_w
        self._address = address

    async def identify(self) -> str:
        request, words = await self._read(NOMINAL_V, 2)
        (found_v,) = struct.unpack(">f", words)
        if not abs(found_v - self._nominal_v) <= 0.01 * self._nominal_v:
            expected = f"wrong model, expected a nominal voltage of {self._nominal_v:g} V"
            raise self._line.error(request, f"{found_v:g} V", expected)
        return f"EA PSB, {found_v:g} V nominal"

    async def limit(self, *, voltage_v: float, source_a: float, sink_a: float) -> None:
        await self._remote()
        for register, value, nominal in (
            (VOLTAGE, voltage_v, self._nominal_v),
            (CURRENT, source_a, self._nominal_a),
            (SINK_CURRENT, sink_a, self._nominal_a),
        ):
            if not 0 <= value < math.inf:
                raise InstrumentError(f"EA PSB (Modbus): asked for a limit of {value:g}; expected 0 or more")
            await self._write(rtu.WRITE_REGISTER, register, min(0xFFFF, round(value / nominal * FULL)))

    async def output(self, on: bool) -> None:
        await self._remote()
        await self._write(rtu.WRITE_COIL, OUTPUT, rtu.COIL_ON if on else rtu.COIL_OFF)
        await self._clock.sleep_until(self._clock.now_ns() + EXECUTED_NS)
        request, state = await self._state()
        if bool(state & STATE_ON) is not on:
            alarm = ", an alarm stands" if state & STATE_ALARM else ""
            raise self._line.error(
                request, f"state {state:#x}", f"expected output {'on' if on else 'off'}{alarm}"
            )

    async def measure(self) -> SupplyReading:
        _, words = await self._read(ACTUAL, 3)
        shares = [value / FULL for value in struct.unpack(">3H", words)]
        _, state = await self._state()
        sign = -1.0 if state & STATE_SINK else 1.0
        return SupplyReading(
            voltage_v=shares[0] * self._nominal_v,
            current_a=sign * shares[1] * self._nominal_a,
            power_w=sign * shares[2] * self._nominal_w,
        )

    async def safe(self) -> None:
        await tried_twice(lambda: self.output(False))

    async def _remote(self) -> None:
        await self._write(rtu.WRITE_COIL, REMOTE, rtu.COIL_ON)

    async def _state(self) -> tuple[bytes, int]:
        request, words = await self._read(STATE, 2)
        return request, int.from_bytes(words, "big")

    async def _read(self, first: int, count: int) -> tuple[bytes, bytes]:
        request = rtu.read(self._address, rtu.READ_REGISTERS, first, count)
        words = await self._line.modbus(request)
        if len(words) != 2 * count:
            raise self._line.error(
                request, f"'{words.hex(' ')}'", f"half a reply, expected {count} registers"
            )
        return request, words

    async def _write(self, function: int, where: int, value: int) -> None:
        await self._line.modbus(rtu.write_one(self._address, function, where, value))
