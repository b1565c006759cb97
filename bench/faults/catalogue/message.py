"""A message of the restbus is lost, late, frozen, corrupt, too short, out of range, or sent twice."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import Field

from bench.codec.layout import paths
from bench.config.toml_file import DurationNs
from bench.errors import choices, nearest
from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.shapes import InjectShape
from bench.restbus.disturbance import Disturbance
from bench.rig.capabilities import BusTraffic
from bench.trace.irregular import Irregular, Irregularity

CRC_BITS = 0x5A


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFault(Fault):
    """`late_ns` with "late", `one_in` with "lost", `signal` with "out_of_range": all ones, with a good CRC."""

    channel: str
    message: str
    error: str
    late_ns: int
    mask: bytes
    length: int
    crc_at: int = 0
    only: Callable[[bytes], bool] | None = field(default=None, repr=False, compare=False)
    page: str | None = None  # a signal that the disturbed page alone carries
    cycle_ns: int | None = None
    one_in: int = 1

    async def apply(self, traffic: BusTraffic) -> Actuation:
        return await traffic.disturb(self.channel, self.message, self.disturbance, self.error)

    def disturbance(self) -> Disturbance:
        made = self._made()
        made.only = self.only
        return made

    def _made(self) -> Disturbance:
        match self.error:
            case "lost":
                return Disturbance(lost=True, one_in=self.one_in)
            case "late":
                return Disturbance(late_ns=self.late_ns)
            case "frozen_counter":
                return Disturbance(freeze_counter=True)
            case "skipped_counter":
                return Disturbance(skip=4)
            case "wrong_crc":
                return Disturbance(crc_xor=CRC_BITS, crc_at=self.crc_at)
            case "wrong_length":
                return Disturbance(length=max(1, self.length - 2))
            case "duplicated":
                return Disturbance(twice=True)
            case _:
                return Disturbance(change=lambda data: bytes(a | b for a, b in zip(data, self.mask)))

    async def clear(self, traffic: BusTraffic) -> None:
        await traffic.calm(self.channel, self.message)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:  # noqa: ARG002
        what = {
            "lost": Irregular.MISSING,
            "late": Irregular.MISSING,
            "frozen_counter": Irregular.COUNTER,
            "skipped_counter": Irregular.COUNTER,
            "wrong_crc": Irregular.CRC,
            "wrong_length": Irregular.LENGTH,
            "duplicated": Irregular.SOONER,
        }.get(self.error, Irregular.NEXT)
        return (
            Irregularity(
                channel=self.channel,
                message=self.message,
                what=what,
                signal=self.page,
                cycle_ns=self.cycle_ns,
            ),
        )


class MessageShape(InjectShape):
    message: str
    error: Literal[
        "lost",
        "late",
        "frozen_counter",
        "skipped_counter",
        "wrong_crc",
        "wrong_length",
        "out_of_range",
        "duplicated",
    ]
    late: DurationNs | None = Field(default=None, gt=0)
    one_in: int | None = Field(default=None, ge=2, le=100_000)
    signal: str | None = None
    page: int | None = Field(default=None, ge=0)

    MEANS: ClassVar = {
        "message": "the message that the bench or the emulator plays, as channel.Message",
        "error": "what is wrong with it",
        "late": "how late it comes, for late",
        "one_in": "of this number of frames one is lost, for lost; without it every frame is",
        "signal": "the signal that is set out of its range, for out_of_range",
        "page": "of a multiplexed message, the multiplexer's value: only this page",
    }

    def resolve(self, at: Terminals) -> MessageFault:
        channel, _, name = self.message.partition(".")
        sent = at.messages(channel)
        described = at.databases.get(channel)
        if described is not None and (trouble := described.trouble(name)) is not None:
            at.tell("message", trouble)
        elif name not in sent:
            known = sorted(f"{one}.{other}" for one in at.databases for other in at.messages(one))
            at.tell(
                "message",
                f"found '{self.message}'; expected one the bench sends: "
                f"{choices(self.message, known)}{nearest(self.message, known)}",
            )
        if (self.late is not None) != (self.error == "late"):
            at.tell("error", f"found '{self.error}'; expected 'late = ...' with 'late' and only there")
        if (self.signal is not None) != (self.error == "out_of_range"):
            at.tell("error", f"found '{self.error}'; expected 'signal' with 'out_of_range' and only there")
        if self.one_in is not None and self.error != "lost":
            at.tell("one_in", f"found {self.one_in} with '{self.error}'; expected it with 'lost' alone")
        mask = b""
        if self.signal is not None and name in sent:
            mask = at.ones(channel, name, self.signal)
        only, carried = self._page(at, channel, name)
        play = at.profile.play_of(channel, name)
        protection = described[name].protection if described is not None and name in described else None
        return MessageFault(
            channel=channel,
            message=name,
            error=self.error,
            late_ns=self.late or 0,
            one_in=self.one_in or 1,
            mask=mask,
            length=sent.get(name, 8),
            crc_at=0 if protection is None else protection.crc_byte,
            only=only,
            page=carried,
            cycle_ns=None if play is None else play.cycle_ns,
        )

    def _page(
        self, at: Terminals, channel: str, name: str
    ) -> tuple[Callable[[bytes], bool] | None, str | None]:
        """Which payloads are meant, and a signal that these alone carry."""
        if self.page is None or name not in at.messages(channel):
            return None, None
        message = at.databases[channel][name]
        pages = message.layout.branches.get(message.mux or "", {})
        if self.page not in pages:
            at.tell("page", f"found {self.page}; expected one of {choices(str(self.page), map(str, pages))}")
            return None, None
        read, page = message.reader(message.mux or ""), self.page
        own = [one.name for one in pages[page].fields if len(paths(message.layout, one.name, ())) == 1]
        return (lambda data: read(data) == page), next(iter(own), None)


KIND = Kind(
    name="message",
    fault_class="communication",
    variants={
        "message": "a message that the bench or the emulator plays, or one page of it, lost (or one of many frames), "
        "late (ms), counter frozen or skipped, CRC or length wrong, a signal out of range, sent twice"
    },
    shape=MessageShape,
    onset="the first irregular frame; of an absence the first missed due time",
)
