"""The DUT does not say which build it is, or names another: what is on the desk is not what was ordered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from bench.errors import DutError
from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.rig import Rig
from bench.trace.events import CanFrame

if TYPE_CHECKING:
    from collections.abc import Callable


@runtime_checkable
class Tampered(Protocol):
    """A DUT between whose firmware and bus the bench can reach."""

    outgoing: "Callable[[str, CanFrame], CanFrame | None] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildIdentity(Fault):
    """`places`: channel, message, and a mask of the bits of the signals that name the build."""

    error: str
    places: tuple[tuple[str, str, bytes], ...]

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        if not isinstance(rig.dut, Tampered):
            raise DutError("build identity: this bench cannot reach between the DUT and its bus")
        masks = {
            (channel, rig.databases[channel][message].can_id): mask for channel, message, mask in self.places
        }

        def change(channel: str, frame: CanFrame) -> CanFrame | None:
            mask = masks.get((channel, frame.can_id))
            if mask is None:
                return frame
            if self.error == "missing":
                return None
            return frame._replace(data=bytes(a ^ b for a, b in zip(frame.data, mask)))

        rig.dut.outgoing = change
        return Actuation(low_ns=now_ns, high_ns=now_ns, readback=f"build identity {self.error}")

    async def clear(self, rig: Rig) -> None:
        if isinstance(rig.dut, Tampered):
            rig.dut.outgoing = None

    @property
    def passes(self) -> bool:
        return False


class BuildIdentityShape(InjectShape):
    error: Literal["missing", "wrong"]

    def resolve(self, at: Terminals) -> BuildIdentity:
        identity = at.profile.identity
        if identity is None:
            at.tell(
                "", "found a profile without [identity]; expected one, so that there is something to be wrong"
            )
            return BuildIdentity(error=self.error, places=())
        roles = identity.signals.values()
        places = tuple((role.channel, role.message, at.ones(*role)) for role in roles)
        return BuildIdentity(error=self.error, places=places)


KIND = Kind(
    name="build_identity",
    fault_class="supply",
    variants={"build_identity": "the DUT names no build, or another than expected: it must be refused"},
    shape=BuildIdentityShape,
    onset="before the DUT is started",
)
