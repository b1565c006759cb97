"""What a hand on the rig may ask, done in the rig's own process: see `bench.door.hands` for the script's side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from bench.codec.heard import heard
from bench.config.toml_file import explain
from bench.door.put import Put
from bench.errors import BenchError, CalledWrongly, choices, nearest
from bench.faults.find import fault_names, kind
from bench.faults.port import Terminals
from bench.rig.live_faults import LiveFault
from bench.rig.rig import Rig
from bench.scenario.engine import drive, inject, request
from bench.scenario.fault_reset import reset_faults
from bench.scenario.model import Inject
from bench.units import NS_PER_S
from bench.wiring.common import Wired, why_not


@dataclass(slots=True, kw_only=True)
class HandDriver:
    """Each public method is a request by its name; what it returns is sent back."""

    rig: Rig
    wired: Wired
    _live: dict[int, LiveFault] = field(default_factory=dict)
    _asked: int = 0

    async def inject(self, fault: str, ttl_s: float, table: dict[str, Any]) -> Put:
        step = self._resolved(fault, ttl_s, table)
        await inject(self.rig, step)
        live = self.rig.faults.latest_first[0]
        self._live[step.step] = live
        confirmed = self._confirmed(step.step)
        return Put(
            number=step.step,
            fault=fault,
            low_ns=confirmed.low_ns,
            high_ns=confirmed.high_ns,
            readback=str(confirmed.value),
        )

    def _confirmed(self, step: int) -> Any:
        from bench.trace.facts import StimulusConfirmed

        marks = self.rig.trace.of(StimulusConfirmed)
        return next(mark.fact for mark in reversed(list(marks)) if mark.fact.step == step)

    def _resolved(self, fault: str, ttl_s: float, table: dict[str, Any]) -> Inject:
        if fault not in fault_names():
            known = fault_names()
            raise CalledWrongly(
                f"inject: found no fault '{fault}'; `hil list faults` shows all{nearest(fault, known)}"
            )
        from bench.faults.shapes import keys_of

        chosen, mistakes = kind(fault), list[str]()
        keys = keys_of(chosen)
        try:
            shape = keys.model_validate({"do": "inject", "fault": fault, **table})
        except ValidationError as wrong:
            told = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {explain(keys, dict(one))}" for one in wrong.errors()
            )
            raise CalledWrongly(f"inject {fault}: {told}") from None
        if missing := why_not(self.wired, [chosen.capability(shape)]):
            raise CalledWrongly(f"inject {fault}: this rig cannot do it: {'; '.join(missing)}")
        resolved = shape.resolve(
            Terminals(
                profile=self.wired.profile,
                thresholds=self.wired.thresholds(),
                cells=self.wired.config.pack.cells,
                sensors=self.wired.config.pack.sensors,
                tell=lambda key, text: mistakes.append(f"{key}: {text}" if key else text),
                databases=self.wired.databases,
                bitrates={name: can.bitrate for name, can in self.wired.config.can.items()},
            )
        )
        if mistakes:
            raise CalledWrongly(f"inject {fault}: {'; '.join(mistakes)}")
        self._asked += 1
        return Inject(
            kind=fault, fault=resolved, duration_ns=None, ttl_ns=round(ttl_s * NS_PER_S), step=self._asked
        )

    async def clear(self, number: int | None) -> None:
        if number is None:
            await self.rig.faults.take_all_off()
            self._live.clear()
            return
        if number not in self._live:
            on = ", ".join(map(str, self._live)) or "none"
            raise CalledWrongly(
                f"clear: found no fault {number}; expected one that was put on and not cleared: {on}"
            )
        await self.rig.faults.take_off(self._live.pop(number))

    async def request(self, mode: str) -> None:
        modes = self.wired.profile.modes
        if mode not in modes:
            raise CalledWrongly(
                f"request: found mode '{mode}'; expected one of {choices(mode, modes)}{nearest(mode, modes)}"
            )
        request(self.rig, mode, modes[mode])

    async def reset_faults(self, seconds: float) -> None:
        await reset_faults(self.rig, round(seconds * NS_PER_S))

    async def draw(self, current_a: float) -> None:
        self._asked += 1
        await drive(self.rig, current_a, self._asked)

    async def wait(self, seconds: float) -> int:
        await self.rig.clock.sleep_until(self.rig.clock.now_ns() + round(seconds * NS_PER_S))
        return self.rig.clock.now_ns()

    async def now_ns(self) -> int:
        return self.rig.clock.now_ns()

    async def measure_cells(self, cells: Sequence[int]) -> list[float]:
        count = self.wired.config.pack.cells
        wrong = [one for one in cells if not isinstance(one, int) or not 1 <= one <= count]
        if wrong:
            raise CalledWrongly(f"measure_cells: found cell {wrong[0]!r}; expected 1 to {count}")
        return await self.rig.outputs.emulator.measure(list(cells) or range(1, count + 1))

    async def signal(self, name: str) -> float | None:
        channel, message, signal = self._place(name)
        found = self.wired.databases[channel][message]
        self.rig.view.update()
        seen = self.rig.view.latest((channel, found.can_id))
        return None if seen is None else heard(found.reader(signal))(seen.frame.data)

    def _place(self, name: str) -> tuple[str, str, str]:
        """The place of a role of the profile, of "channel.Message.Signal", or of "Message.Signal" where only one bus
        has it.
        """
        roles = self.wired.profile.roles
        if name in roles:
            role = roles[name]
            return role.channel, role.message, role.signal
        parts = name.split(".")
        channel, message, signal = (
            ["", *parts] if len(parts) == 2 else parts if len(parts) == 3 else ["", "", ""]
        )
        places = [
            (bus, message, signal)
            for bus, database in self.wired.databases.items()
            if channel in ("", bus) and message in database and signal in database[message].fields
        ]
        if len(places) == 1:
            return places[0]
        known = [*roles, *(f"{bus}.{one.name}.{field}" for bus, db in self.wired.databases.items()
                           for one in db.messages for field in one.fields)]  # fmt: skip
        what = f"{len(places)} signals" if places else "no signal"
        raise CalledWrongly(
            f"signal: found {what} '{name}'; expected a role of the profile, Message.Signal or "
            f"channel.Message.Signal{nearest(name, known)}"
        )

    async def state(self) -> str | None:
        value = await self.signal("state")
        names = {number: name for name, number in self.wired.profile.states.items()}
        return None if value is None else names.get(int(value), f"{value:g}")


async def answer(driver: HandDriver, name: str, words: tuple[Any, ...]) -> tuple[str, Any]:
    """("done", value), or ("wrong", error) where the request cannot be done and the rig goes on."""
    try:
        return "done", await getattr(driver, name)(*words)
    except BenchError as error:
        return "wrong", error
