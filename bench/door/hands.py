"""`Bench.rig()`: a rig in the hands of a script. Nothing is judged; everything is marked in a trace."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bench.door.apart import Apart, not_cut_short, opened_by
from bench.door.arguments import shown
from bench.door.fire import STOPPED
from bench.errors import BenchError, CalledWrongly

if TYPE_CHECKING:
    from bench.door.put import Put
    from bench.wiring.common import Wired

TTL_S = 600.0


class HandRig:
    """A rig that is up: cells at their voltages, the DUT booted and heard, in the mode that was asked for.

    Use it as `async with bench.rig() as rig:`. It runs in a process of its own, in simulated or real time as the bench
    says. In simulated time nothing passes but by `wait`, and while a request is done. On any way out of the block, and
    when the script is killed, every output goes to the safe state; `folder` keeps the trace.
    Every request raises BenchError, one line, for what cannot be done; the rig goes on then. Where the rig itself is in
    trouble it walks to its safe state, and the request says why.
    """

    def __init__(self, wired: Wired, mode: str, soc: float | None, seed: int, out: Path | None) -> None:
        self._start = (opened_by(wired), mode, soc, seed, None if out is None else str(out))
        self._apart: Apart | None = None
        self._waiting = self._stopped = False
        self._ended: tuple[str | None, str | None] | None = None
        self._inside = asyncio.Lock()

    @property
    def folder(self) -> Path | None:
        """Where the trace is kept, once the rig is in its safe state; None before, and where it never came up."""
        return None if self._ended is None or self._ended[0] is None else Path(self._ended[0])

    @property
    def trouble(self) -> str | None:
        """Why the rig ended by itself; None where it did not."""
        return None if self._ended is None else self._ended[1]

    async def __aenter__(self) -> HandRig:
        if self._apart is not None:
            raise CalledWrongly("rig: found it entered twice; expected a new `bench.rig()` for each block")
        self._apart = await Apart.start()
        try:
            await self._ask("rig", *self._start)
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()
        if kind is None and self.trouble is not None:
            raise BenchError(self.trouble)

    async def set_cell_voltage(
        self, cell: int | Sequence[int], voltage_v: float, *, ttl_s: float = TTL_S
    ) -> Put:
        """Force cells (from 1) to a voltage in V, proven by readback. ttl_s: the rig releases them by itself after
        this time, in s.
        """
        volts = _finite("voltage_v", voltage_v)
        return await self.inject("cell_voltage", cells=_many(cell), voltage=f"{volts} V", ttl_s=ttl_s)

    async def open_sense_wire(self, cell: int | Sequence[int], *, ttl_s: float = TTL_S) -> Put:
        """Open the sense wire of cells (from 1). Where the rig has no relay in it, CalledWrongly says so."""
        return await self.inject("sense_wire", cells=_many(cell), wire="open", ttl_s=ttl_s)

    async def inject(self, fault: str, *, ttl_s: float = TTL_S, **table: Any) -> Put:
        """Put on any fault of the catalogue, with the keys that its [[step]] has in a scenario file.

        As `inject("insulation", resistance="50 ohm/V", pole="plus")`; `hil list faults` shows all.
        """
        if not isinstance(fault, str):
            raise CalledWrongly(
                f"inject: found {shown(fault)}; expected the name of a fault: `hil list faults`"
            )
        if timed := sorted({"duration", "ttl"} & set(table)):
            raise CalledWrongly(
                f"inject: found '{timed[0]}'; expected ttl_s, in s, or `wait` and then `clear`"
            )
        if (lasts_s := _finite("ttl_s", ttl_s)) <= 0:
            raise CalledWrongly(f"ttl_s: found {shown(ttl_s)}; expected a time above 0 s")
        put: Put = await self._ask("inject", fault, lasts_s, table)
        return put

    async def clear(self, put: Put | int | None = None) -> None:
        """Take a fault off; None: all of them, the latest first."""
        await self._ask("clear", put if put is None or isinstance(put, int) else put.number)

    async def request(self, mode: str) -> None:
        """Ask the DUT for a mode of its profile, as "drive"; `state` tells when it is there."""
        if not isinstance(mode, str):
            raise CalledWrongly(f"request: found {shown(mode)}; expected a mode of the profile")
        await self._ask("request", mode)

    async def reset_faults(self, seconds: float = 0.5) -> None:
        """Ask the DUT for this time (s) to forget its latched faults."""
        await self._ask("reset_faults", _finite("reset_faults", seconds))

    async def draw(self, current_a: float) -> None:
        """Load the pack: A that the vehicle draws; below 0 what a charger delivers."""
        await self._ask("draw", _finite("draw", current_a))

    async def wait(self, seconds: float) -> int:
        """Let this time (s) of the rig's clock pass. Returns the clock's reading afterwards, in ns."""
        if (lasts_s := _finite("wait", seconds)) < 0:
            raise CalledWrongly(f"wait: found {shown(seconds)}; expected a time from 0 s on")
        at_ns: int = await self._ask("wait", lasts_s)
        return at_ns

    async def now_ns(self) -> int:
        """The rig's clock, in ns: what the stamps of its trace are in."""
        at_ns: int = await self._ask("now_ns")
        return at_ns

    async def measure_cells(self, cells: Sequence[int] = ()) -> list[float]:
        """The emulator's outputs in V as read back; no cells: all. nan for one that is open."""
        volts: list[float] = await self._ask("measure_cells", _many(cells))
        return volts

    async def signal(self, name: str) -> float | None:
        """The newest value on the bus, in the unit of the DBC file; None where it was not heard yet.

        name: a role of the profile, as "state"; or "Message.Signal"; or "channel.Message.Signal".
        """
        if not isinstance(name, str):
            raise CalledWrongly(f"signal: found {shown(name)}; expected a role, or Message.Signal")
        value: float | None = await self._ask("signal", name)
        return value

    async def state(self) -> str | None:
        """The DUT's state by the name that its profile gives it, as "drive"."""
        name: str | None = await self._ask("state")
        return name

    async def _ask(self, *words: Any) -> Any:
        if self._apart is None:
            raise CalledWrongly(
                "rig: found no `async with` around it; expected `async with bench.rig() as rig:`"
            )
        async with self._inside:
            if self._waiting and self._ended is None:
                # its answer to a request that was cut short is still to come
                self._heard(await self._apart.told())
            if self._ended is not None:
                raise BenchError(
                    self._ended[1] or "the rig is in its safe state; expected it to be asked before"
                )
            self._apart.ask(*words)
            self._waiting = True
            kind, *rest = await self._apart.told()
            self._heard((kind, *rest))
        if kind == "done":
            return rest[0]
        if kind == "wrong":
            raise rest[0]
        raise BenchError(self.trouble or "the rig has gone to its safe state")

    def _heard(self, message: tuple[Any, ...]) -> None:
        self._waiting = False
        if message[0] == "ended":
            folder, trouble = message[1:]
            self._ended = (folder, None if self._stopped and trouble == STOPPED else trouble)

    async def _leave(self) -> None:
        """To the safe state, and wait for it, however often this task is cancelled."""
        apart = self._apart
        assert apart is not None  # noqa: S101
        if self._ended is None:
            if self._waiting:  # what was cut short may take long: the way to safety does not wait for it
                self._stop()
            else:
                apart.ask("end")
        try:
            await not_cut_short(asyncio.ensure_future(self._until_ended(apart)), self._stop)
        finally:
            apart.close()

    def _stop(self) -> None:
        self._stopped = True
        if self._apart is not None:
            self._apart.stop()

    async def _until_ended(self, apart: Apart) -> None:
        while self._ended is None:
            try:
                self._heard(await apart.told())
            except BenchError as error:
                self._ended = (None, str(error))


def _finite(what: str, value: float) -> float:
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise CalledWrongly(f"{what}: found {shown(value)}; expected a finite number") from None
    if not math.isfinite(number):
        raise CalledWrongly(f"{what}: found {number}; expected a finite number")
    return number


def _many(cell: int | Sequence[int]) -> list[int]:
    if isinstance(cell, int):
        return [cell]
    if isinstance(cell, str | bytes) or not isinstance(cell, Iterable):
        raise CalledWrongly(f"cells: found {shown(cell)}; expected a cell's number, or several")
    return list(cell)
