"""The DUT does not say which build it is, or names another: what is on the desk is not what was ordered."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from bench.faults.port import Actuation, Fault, Kind, Terminals
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import DutIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildIdentity(Fault):
    """`places`: channel, message, and a mask of the bits of the signals that name the build."""

    error: str
    places: tuple[tuple[str, str, bytes], ...]

    unshown: ClassVar[str] = "the DUT is refused before anything is asked of it"

    async def apply(self, identity: DutIdentity) -> Actuation:
        if self.error == "missing":
            return await identity.hide(tuple((channel, message) for channel, message, _ in self.places))
        return await identity.falsify(self.places)

    async def clear(self, identity: DutIdentity) -> None:
        await identity.leave()

    @property
    def passes(self) -> bool:
        return False


class BuildIdentityShape(InjectShape):
    error: Literal["missing", "wrong"]

    MEANS: ClassVar = {
        "error": "whether the DUT does not say its build, or names another one",
    }

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
