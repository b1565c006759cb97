"""The chain of front ends is lost, partly lost, frozen, corrupt, or reports what it found itself."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.readings import forced
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import FrontEnd, Timers
from bench.trace.irregular import Irregular, Irregularity

_STATUS = {"pec_error": 1.0, "timeout": 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class AfeChain(Fault):
    """ "partly_lost": cells from `first_cell` on come no more. "adc_fault" is what the front end's own check says.

    "frozen": the last sweep is sent again and again, and its number stands. "corrupt": one bit of `first_cell`'s frame
    is wrong in each sweep, which only the sweep's checksum tells. `status`: the message with number and checksum.
    """

    error: str
    first_cell: int
    cells: int
    status: str = ""

    async def apply(self, front_end: FrontEnd, timers: Timers) -> Actuation:
        now_ns, distort = timers.now_ns(), front_end.distort
        if self.error == "lost":
            front_end.lose_all()
        elif self.error == "frozen":
            front_end.freeze(self.status)
        elif self.error == "corrupt":
            front_end.corrupt(self.first_cell)
        elif self.error == "partly_lost":
            front_end.lose_from(self.first_cell, self.cells)
            distort.put("afe_modules_lost", 0, forced(1.0), by=self)
        elif self.error == "no_value":
            for cell in range(self.first_cell, self.cells + 1):
                distort.put("cell_voltage", cell - 1, forced(None), by=self)
        elif self.error == "adc_fault":
            distort.put("afe_adc_fault", 0, forced(1.0), by=self)
        else:
            distort.put("afe_chain_status", 0, forced(_STATUS[self.error]), by=self)
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=self.error)

    async def clear(self, front_end: FrontEnd) -> None:
        front_end.mend(self.status)
        for quantity in ("afe_modules_lost", "afe_adc_fault", "afe_chain_status"):
            front_end.distort.take(quantity, 0, by=self)
        for cell in range(self.first_cell, self.cells + 1):
            front_end.distort.take("cell_voltage", cell - 1, by=self)

    @property
    def whole(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        if self.error == "adc_fault":
            return at.shown("afe_adc_fault", "==", 1.0)
        if self.error in _STATUS:
            return at.shown("afe_chain_status", "==", _STATUS[self.error])
        if self.error == "frozen":
            channel, message = at.shown_in("afe_chain_status")
            return (Irregularity(channel=channel, message=message, what=Irregular.NEXT),)
        cell = self.first_cell if self.error == "corrupt" else self.cells
        test = next(iter(at.shown("cell_voltage", "==", 0.0, (cell,))), None)
        if test is None:
            return ()
        role = test.role
        what = Irregular.NEXT if self.error in ("no_value", "corrupt") else Irregular.MISSING
        return (Irregularity(channel=role.channel, message=role.message, what=what, signal=role.signal),)


class AfeChainShape(InjectShape):
    error: Literal[
        "lost", "partly_lost", "no_value", "frozen", "corrupt", "pec_error", "timeout", "adc_fault"
    ]
    first_cell: int = Field(default=1, ge=1)

    MEANS: ClassVar = {
        "error": "what is wrong with the chain of front ends",
        "first_cell": "the first cell that is affected, for partly_lost, no_value and corrupt; from 1",
    }

    def resolve(self, at: Terminals) -> AfeChain:
        at.known_cells((self.first_cell,), "first_cell")
        status = "" if self.error != "frozen" else ".".join(at.shown_in("afe_chain_status"))
        return AfeChain(error=self.error, first_cell=self.first_cell, cells=at.cells, status=status)


KIND = Kind(
    name="afe_chain",
    fault_class="communication",
    variants={
        "afe_chain": "front-end chain lost, partly lost, without values, frozen, a bit corrupt, PEC errors, timeout, "
        "ADC fault"
    },
    shape=AfeChainShape,
    shows=("cell_voltage",),
    onset="the first frame that shows it; of an absence the first missed due time",
)
