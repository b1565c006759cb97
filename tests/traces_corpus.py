"""Some thousand traces made by hand of chance, with a plan for each, and what the judge says of them.

Times lie on a coarse grid, so that bounds, stamps and marks meet at one instant as often as not. What no shot of the
library holds is here: signs of life with none, codes that stood, takings back, restarts, ends of a protection test.
`PYTHONPATH=.:tests python tests/traces_corpus.py` writes what is judged today.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neighbours import rounded
from traces_asked import BUS, CODE, Asked

from bench.codec.database import Database
from bench.measure.measure import measure
from bench.measure.plan import Aim
from bench.record.codable import encode
from bench.timing.clock import Timebase
from bench.trace import facts
from bench.trace.events import CanFrame, PlantStage
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS as MS
from bench.verdict.judge import judge

STORED = Path(__file__).parent / "data" / "traces_corpus.txt"
GROUPS, CASES = 25, 60
DATABASE = Database.load(Path(__file__).parents[1] / "dbc" / "bms.dbc")
DECODERS = {BUS: DATABASE}
# Named, so that no draw moves when another one joins them.
STAGES = (PlantStage.SIGNATURE, PlantStage.VENTING, PlantStage.RUNAWAY, PlantStage.DRY_OUT)
ODD = (
    facts.Odd.UNREADABLE, facts.Odd.NOT_A_DATA_FRAME, facts.Odd.BUS_ERROR, facts.Odd.BUS_OFF, facts.Odd.FRAME_LOST,
    facts.Odd.LINK_BACK, facts.Odd.ANSWER_LATE, facts.Odd.FOREIGN, facts.Odd.OTHER,
)  # fmt: skip
_FRAMES: dict[tuple[Any, ...], CanFrame] = {}


class Drawn(Asked):
    """One case: what the DUT does, and when, beside what is asked of it."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.timebase = rng.choice((Timebase.SIMULATED, Timebase.SIMULATED, Timebase.HOST))
        self.end = rng.choice((500, 600, 800))
        self.onset = self.one(110, 100, 130, 90, None)
        self.detect = self.one(210, 190, 150, 105, 50, None)
        self.safe = self.one(260, 250, 215, 310, 30, None)
        self.late_code = self.one(300, 200, 20, 560, None)
        self.trace = self._trace()

    def _trace(self) -> Trace:
        stamping = {
            BUS: Stamping(
                origin=Origin.SIMULATED if self.timebase is Timebase.SIMULATED else Origin.ARRIVAL,
                source="by chance",
                u_ns=self.one(0, MS, 20_000),
            )
        }
        trace = Trace(timebase=self.timebase, stamping=stamping)
        for at_ns, fact, source in self._marks():
            trace.mark(at_ns, fact, source)
        trace.marks.sort(key=lambda one: one.t_ns)
        for at_ns, frame, sender in sorted(self._frames(), key=lambda one: one[0]):
            trace.frame(at_ns, BUS, frame, sender)
        return trace

    def _marks(self) -> Iterator[tuple[int, facts.Fact, str]]:
        step = self.one(None, 0)
        yield 0, facts.RunStarted(phase_ns=0), "bench"
        if self.chance(0.6):
            yield self.ms(1, 4), facts.DutStarted(), "dut"
        if self.chance(0.9):
            yield self.ms(2, 6), facts.DutHeard(state="init"), "bench"
        if self.chance(0.98):
            yield 10 * MS, facts.ObserversArmed(), "bench"
        if self.plan.aim is Aim.MUST_REACH or self.chance(0.15):
            yield self.ms(100, 100, 270, 300), facts.Requested(mode="drive", value=1), "bench"
        if self.chance(0.98):
            yield 100 * MS, facts.StimulusCommanded(fault="x", step=step), "cells"
            if self.chance(0.9):
                low_ns = self.one(100 * MS, None, 111 * MS, 110 * MS)
                confirmed = facts.StimulusConfirmed(
                    readback=self.chance(0.8), low_ns=low_ns, high_ns=self.one(111 * MS, None), step=step
                )
                yield 105 * MS, confirmed, "cells"
        yield from self._odd_marks()
        yield self.end * MS, facts.WindowClosed(), "bench"
        if self.chance(0.98):
            yield self.end * MS, facts.SafeStateReached(readback=self.chance(0.97)), "rig"
        yield (self.end + 60) * MS, facts.RunEnded(), "bench"

    def _odd_marks(self) -> Iterator[tuple[int, facts.Fact, str]]:
        if self.plan.estimates:
            for at in range(0, self.end, 20):
                soc = 0.5 + 0.0001 * at
                yield (
                    at * MS,
                    facts.Truth(soc=soc, soc_low=soc - 0.01, soc_high=soc + 0.02, soh=0.97, current_a=9.0),
                    "plant",
                )
        if self.plan.end is not None:
            hottest, opened = self.rng.choice((25.0, 39.0)), self.one(self.safe or 999, 200)
            for at in range(self.rng.choice((0, 20)), self.end, 10):
                hottest += self.rng.choice((0.0, 0.0, 0.3, 1.0)) * (at < 250)
                state = facts.PlantState(
                    closed=at < opened or at == opened + 60,
                    current_a=0.0,
                    hottest_c=hottest,
                    nominal_v=400.0,
                    pack_v=self.rng.choice((400.0, 400.0, 361.0, 360.0)),
                    iso_ohm_per_v=self.one(500.0, 100.0, 99.0),
                )
                yield at * MS, state, "plant"
        if self.chance(0.3) or self.plan.onset_runaway:
            stage = self.rng.choice((PlantStage.RUNAWAY, PlantStage.RUNAWAY, *STAGES))
            at = self.rng.choice((10, 110, 120, 200, 210, self.end, self.end + 10))
            yield (
                at * MS,
                facts.StageReached(
                    stage=stage,
                    cell=self.rng.choice((7, 7, 8)),
                    low_ns=(at - 10) * MS,
                    high_ns=at * MS,
                    temp_c=180.0,
                    voltage_v=3.0,
                ),
                "plant",
            )
        for _ in range(self.rng.choice((0, 0, 1, 2, 4))):
            at = self.rng.choice((1, 3, 5, 8, 20, 105, 150, 200, 210, 260, 300, self.end - 1, self.end))
            yield at * MS, self._odd(), self.rng.choice(("bench", "dut", "cells"))  # fmt: skip

    def _odd(self) -> facts.Fact:
        read = facts.DtcRead(
            code=self.rng.choice((CODE, CODE, 7, 0x30099, 0)), status=self.rng.choice((0, 1, 8, 9, 0x2F)), bits="",
            occurrences=self.rng.choice((None, 3, 4, 255)),
        )  # fmt: skip
        off_scale = self.chance(0.5)
        unsafe: tuple[facts.Fact, ...] = (
            facts.FaultStuck(fault="x", owner="step 0", reason="no readback"),
            facts.SafeStateReached(readback=False),
            facts.SafeStateMissed(problem="no readback"),
        )
        followed = facts.ContactorsFollowed(
            plus=False, minus=self.chance(0.5), precharge=False, low_ns=200 * MS, high_ns=self.ms(210, 290)
        )
        return self.rng.choice((
            read, read, read,
            facts.DtcsCleared(problem=self.one("", "no answer")),
            facts.DtcUnread(problem="no answer"),
            followed,
            facts.BenchLate(late_ns=self.ms(1, 20, 60)),
            facts.DutWaited(waited_ns=self.ms(20, 40)),
            facts.StimulusCleared(fault="x", owner="step 0", why="done"),
            facts.StimulusCleared(fault="x", owner="step 0", why="time to live", outlived_ns=50 * MS),
            self.rng.choice(unsafe),
            facts.SignalClipped(signal="S", quantity="cell voltage", value=5.0, carried=4.2, off_scale=off_scale),
            facts.OutputBeyondRange(cell=7, cell_voltage_v=5.2, highest_v=5.0, beyond_v=0.2),
            facts.Anomaly(what=self.rng.choice(ODD), text="odd", about=BUS, dropped=self.one(None, 2)),
            facts.ClockRate(bound_ppb=self.rng.choice((100, 200_000)), why="chance", slewed_ppb=self.one(None, 500)),
            facts.TimeLapsed(lapsed_ns=3600_000 * MS, note="rest"),
            facts.Requested(mode="off", value=0),
            self._end_of_all() if self.chance(0.3) else read,
        ))  # fmt: skip

    def _end_of_all(self) -> facts.Fact:
        status = self.rng.choice((None, 3, -9, -11, 137, 139))
        return self.rng.choice((
            facts.PreconditionMissed(reason="not in drive", mode=self.one(None, "drive")),
            facts.DutRefused(reason="another build"),
            facts.DutCrashed(reason="it ended", status=status, stopped=self.chance(0.3)),
            facts.LinkBroke(text="gone", bus_off=self.one(None, True)),
            facts.BenchBroke(reason="broke"),
            facts.Aborted(reason="Ctrl-C"),
        ))  # fmt: skip

    def _frames(self) -> Iterator[tuple[int, CanFrame, str]]:
        rng, high = self.rng, self.rng.choice((4270.0, 4280.0, 4300.0))
        silent, other = self.one(None, (150, 230), (300, 380), (10, 90)), self.one(None, 40, 150, 4)
        flicker, reopen = self.one(None, 250, 330), self.one(None, 300, 380, 450)
        lost, step_up = self.one(None, 170, 210), self.one(None, 150, 190)
        restart, builds = self.one(None, 12, 180, 320), self.one(1, 2)
        forged = 200 if self.chance(0.15) else None
        for at in range(-10, self.end + 60, 10):
            speaks = silent is None or not silent[0] <= at < silent[1]
            if at % 20 == 10 and not (
                lost is not None and lost <= at < lost + 40 and self.plan.onset_irregular
            ):
                shown = self.onset is not None and at >= self.onset and not (lost and lost <= at < lost + 40)
                top = (high + (20 if step_up and at >= step_up else 0)) if shown else 3700.0 + (at % 3)
                yield (
                    at * MS,
                    _frame("BMS_CellMinMax", CellVoltageMax=top),
                    rng.choice(("dut",) * 40 + ("bench",)) if self.plan.own else "dut",
                )
            if not speaks:
                continue
            told = self.detect is not None and at >= self.detect and flicker != at - at % 20 + 10
            is_open = (
                self.safe is not None and at >= self.safe and not (reopen and reopen <= at < reopen + 50)
            )
            if at % 20 == 10:
                yield (
                    at * MS,
                    _frame(
                        "BMS_Faults",
                        CellOvervoltage=told,
                        CellUndervoltage=bool(other and other <= at),
                        Overtemperature=bool(other and other + 20 <= at < other + 80),
                    ),
                    "dut",
                )
                yield at * MS + 1, _frame("BMS_Contactors", PyroCommand=bool(other and at > 2 * other)), "dut"
                if self.plan.estimates:
                    yield (
                        at * MS,
                        _frame("BMS_PackValues", StateOfCharge=50 + 0.01 * at + rng.choice((0, 0, 1.5))),
                        "dut",
                    )
            yield (
                at * MS,
                _frame(
                    "BMS_State",
                    State=5 if is_open else 3,
                    ContactorPlusCommand=not is_open,
                    ErrorLatched=told,
                    ContactorMinusCommand=not is_open and at < 400,
                    PrechargeCommand=at == reopen,
                ),
                "dut",
            )
            if at % 50 == 0:
                since = self.late_code is not None and at >= self.late_code
                code = CODE if since and (at // 50) % 2 else (0, 7)[bool(other and other > 100 and since)]
                yield (
                    at * MS,
                    _frame(
                        "BMS_Dtc",
                        DtcCode=code,
                        DtcStatus=(8, 9)[at >= 300],
                        DtcOccurrences=(3, 4)[at >= 400],
                        DtcCount=(100 + at // 10) if not restart or at < restart else (at - restart) // 10,
                    ),
                    "dut",
                )
                again = restart is not None and at >= restart
                yield (
                    at * MS + 2,
                    _frame(
                        "BMS_Identity",
                        IdentityPage=0,
                        ResetCount=(3, 4)[again],
                        ResetCause=(0, 2)[again],
                        VersionMajor=1,
                    ),
                    "dut",
                )
                yield (
                    at * MS + 3,
                    _frame("BMS_Identity", IdentityPage=1, BuildHash=builds if again else 1),
                    "dut",
                )
            if at == forged:
                frame = _frame("BMS_Faults", CellOvervoltage=1)
                yield at * MS, frame, rng.choice(("bench", "dut", "restbus"))
                yield at * MS, frame._replace(data=frame.data[: rng.choice((1, 7, 8))]), "dut"  # fmt: skip


def _frame(name: str, **values: float) -> CanFrame:
    key = (name, *values.items())
    if key not in _FRAMES:
        message = DATABASE[name]
        zeros = message.decode(bytes([int(values.get("IdentityPage", 0)), *bytes(message.length - 1)]))
        data = message.encode({**zeros, **{signal: float(value) for signal, value in values.items()}})
        _FRAMES[key] = CanFrame(message.can_id, data, message.extended)
    return _FRAMES[key]


def judged(group: int) -> Iterator[str]:
    """One line a case: verdict, codes, and a digest over all that was measured and judged."""
    for case in range(CASES):
        drawn = Drawn(random.Random(f"trace {group}/{case}"))
        try:
            found = measure(drawn.trace, drawn.plan, DECODERS)
            said = judge(found, drawn.plan)
        except Exception as error:  # noqa: BLE001 - a type of error is an answer too
            yield f"{group}/{case} raises {type(error).__name__}"
            continue
        content = json.dumps(rounded(encode([found, said])), sort_keys=True)
        codes = " ".join(f"{one.held.value}:{one.finding.code}" for one in said.reasons)
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        yield f"{group}/{case} {said.verdict.name} {digest} {codes}".rstrip()


if __name__ == "__main__":
    STORED.write_text(
        "".join(f"{line}\n" for group in range(GROUPS) for line in judged(group)), encoding="utf-8"
    )
