"""A diagnostic tester on a CAN link: ISO-TP and UDS in the run's own time, simulated or real, without a thread."""

import asyncio
from dataclasses import dataclass

from bench.codec import isotp, uds
from bench.errors import DutError
from bench.links.ports import CanLink, SelectiveLink
from bench.timing.clock import Clock
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly, Odd
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S, format_ns

N_BS_NS = 1000 * NS_PER_MS  # ISO 15765-2: until a flow control
N_CR_NS = 1000 * NS_PER_MS  # until the next consecutive frame
# After P2 the bench listens on for as long again: a late answer is told with its time, not as silence.
_GRACE_NS = 500 * NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Identifiers and time-outs. p2_ns: request's end to the first frame of the response; p2_star_ns: after 0x78."""

    request_id: int
    response_id: int
    extended: bool
    p2_ns: int
    p2_star_ns: int


class NoAnswer(DutError):
    """The DUT has not answered at all."""


class UdsTester:
    """One request at a time. A P2 that is not kept becomes an anomaly in the trace; no answer at all a DutError."""

    def __init__(self, clock: Clock, trace: Trace, link: CanLink, address: Address) -> None:
        self._clock = clock
        self._trace = trace
        self._link = link
        self._address = address
        self._inbox: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self.first_frame_ns: int | None = None  # of the last response, after the end of its request
        if isinstance(link, SelectiveLink):
            link.subscribe_to(self._heard, address.response_id, address.extended)
        else:
            link.subscribe(self._heard)

    async def request(self, payload: bytes) -> bytes:
        """The response's body without the echo. DutError: no answer. UdsRefused, UdsBroken, IsoTpError: a wrong one."""
        return uds.checked(payload, await self._answered(payload))

    async def exchange(self, payload: bytes) -> bytes | None:
        """The whole response, positive or negative, once it is no longer pending; None where none came.

        Raises DutError, IsoTpError where it broke off.
        """
        try:
            return await self._answered(payload)
        except NoAnswer:
            return None

    async def _answered(self, payload: bytes) -> bytes:
        while not self._inbox.empty():
            self._inbox.get_nowait()
        sent_ns = await self._send(payload)
        response = await self._response(payload, sent_ns, self._address.p2_ns, "P2")
        while uds.is_pending(payload, response):
            response = await self._response(payload, self._clock.now_ns(), self._address.p2_star_ns, "P2*")
        return response

    async def tester_present(self) -> None:
        """Keeps a session; wants no answer."""
        await self._send(uds.tester_present())

    async def read_dtcs(self, mask: int = 0xFF) -> tuple[uds.StoredDtc, ...]:
        return uds.dtcs_in(await self.request(uds.read_dtcs(mask)))

    async def occurrences(self, code: int, record: int) -> int | None:
        """How often the code has occurred, as its extended data record says. None: it has no such record."""
        return uds.occurrences_in(await self.request(uds.read_extended(code, record)), code, record)

    async def clear_dtcs(self) -> None:
        await self.request(uds.clear_dtcs())

    async def reset(self, how: str) -> None:
        await self.request(uds.reset(how))

    async def session(self, name: str) -> None:
        await self.request(uds.session(name))

    async def read_text(self, identifier: int) -> str:
        """A data record as text, or in hex where it is not text."""
        body = await self.request(uds.read_data(identifier))
        trimmed = body.rstrip(b"\x00 \xff")
        if trimmed and all(32 <= byte < 127 for byte in trimmed):
            return trimmed.decode("ascii")
        return body.hex()

    # --- transport ---------------------------------------------------------------------------------------

    def _heard(self, t_ns: int, frame: CanFrame) -> None:
        if frame.can_id == self._address.response_id and frame.extended == self._address.extended:
            self._inbox.put_nowait((t_ns, frame.data))

    def _put(self, data: bytes) -> int:
        now_ns = self._clock.now_ns()
        self._link.send(CanFrame(self._address.request_id, data, self._address.extended))
        return now_ns

    async def _next(self, deadline_ns: int) -> tuple[int, bytes] | None:
        """The next frame of the DUT, None when it does not come in time."""
        try:
            return self._inbox.get_nowait()
        except asyncio.QueueEmpty:
            pass
        left_ns = deadline_ns - self._clock.now_ns()
        if left_ns <= 0:
            return None
        try:
            async with asyncio.timeout(left_ns / NS_PER_S):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _send(self, payload: bytes) -> int:
        """All frames of a request; the instant at which the last was handed over."""
        first, *rest = isotp.segment(payload)
        sent_ns = self._put(first)
        while rest:
            flow = await self._flow_control()
            count = flow.block or len(rest)
            for data in rest[:count]:
                sent_ns = self._put(data)
                if flow.gap_ns:  # counts from the frame's end, which is less than 1 ms after the hand-over
                    await self._clock.sleep_until(sent_ns + flow.gap_ns + NS_PER_MS)
            rest = rest[count:]
        return sent_ns

    async def _flow_control(self) -> isotp.FlowControl:
        deadline_ns = self._clock.now_ns() + N_BS_NS
        while (seen := await self._next(deadline_ns)) is not None:
            flow = isotp.read_flow_control(seen[1])
            if flow is None:
                continue
            if flow.status is isotp.FlowStatus.OVERFLOW:
                raise isotp.IsoTpError(
                    "the DUT says that the request is too long for it (flow control: overflow)"
                )
            if flow.status is isotp.FlowStatus.CONTINUE:
                return flow
            deadline_ns = self._clock.now_ns() + N_BS_NS
        raise DutError(f"UDS: the DUT gave no flow control within {format_ns(N_BS_NS)}")

    async def _response(self, request: bytes, from_ns: int, limit_ns: int, limit: str) -> bytes:
        """The next response. Its first frame counts against the limit, however long the rest takes."""
        parts = isotp.Reassembler()
        deadline_ns = from_ns + limit_ns + max(limit_ns, _GRACE_NS)
        first = True
        while (seen := await self._next(deadline_ns)) is not None:
            t_ns, data = seen
            if isotp.read_flow_control(data) is not None:
                continue
            response = parts.feed(data)
            if first:
                self._judge(request, t_ns - from_ns, limit_ns, limit)
                first = False
            if parts.wants_flow_control:
                self._put(isotp.flow_control())
            deadline_ns = self._clock.now_ns() + N_CR_NS
            if response is not None:
                if uds.answers(request, response):
                    return response
                parts, first = isotp.Reassembler(), True
        if first:
            raise NoAnswer(f"UDS {request.hex(' ')}: no answer within {format_ns(deadline_ns - from_ns)}")
        raise DutError(f"UDS {request.hex(' ')}: the response broke off for {format_ns(N_CR_NS)}")

    def _judge(self, request: bytes, took_ns: int, limit_ns: int, limit: str) -> None:
        self.first_frame_ns = took_ns
        if took_ns > limit_ns:
            self._trace.mark(
                self._clock.now_ns(),
                Anomaly(
                    what=Odd.ANSWER_LATE,
                    about=f"{request.hex(' ')} {limit}",
                    text=f"UDS {request.hex(' ')}: first frame of the response after {format_ns(took_ns)}; "
                    f"expected {limit} of {format_ns(limit_ns)}",
                ),
                "uds",
            )
