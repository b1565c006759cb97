"""Which build this is, as the DUT itself says: a message of its profile, or an identifier read by UDS."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.codec.database import Database
from bench.codec.heard import heard
from bench.codec.page_layout import compile_pages
from bench.config.profile import Identity
from bench.errors import UnidentifiedBuild
from bench.links.ports import CanLink
from bench.timing.clock import Clock
from bench.trace.events import BENCH, CanFrame, FrameSeen
from bench.units import NS_PER_MS, format_ns

_POLL_NS = 20 * NS_PER_MS
_ASK_AGAIN_NS = 500 * NS_PER_MS


class Said:
    """Gathers the signals of an [identity] from frames as they come; pages of a multiplexed message one by one."""

    def __init__(self, identity: Identity, databases: Mapping[str, Database]) -> None:
        self._text = identity.text
        self._readers = {
            name: (
                role.channel,
                databases[role.channel][role.message].can_id,
                heard(databases[role.channel][role.message].reader(role.signal)),
            )
            for name, role in identity.signals.items()
        }
        self._values: dict[str, int | float] = {}

    def hear(self, seen: FrameSeen) -> None:
        if seen.sender == BENCH:  # what the bench plays is no word of the DUT
            return
        for name, (channel, can_id, read) in self._readers.items():
            if seen.channel == channel and seen.frame.can_id == can_id:
                value = read(seen.frame.data)
                if value is not None:
                    self._values[name] = int(value) if float(value).is_integer() else value

    def text(self) -> str | None:
        """None until every signal was heard."""
        if len(self._values) < len(self._readers):
            return None
        return self._text.format(**self._values)

    def missing(self) -> list[str]:
        return [name for name in self._readers if name not in self._values]


async def said_on_can(
    clock: Clock,
    identity: Identity,
    databases: Mapping[str, Database],
    links: Mapping[str, CanLink],
    news: Callable[[], list[FrameSeen]],
    timeout_ns: int,
) -> str:
    """Listen (and ask, where the profile says how) until the DUT has named its build. Raises UnidentifiedBuild."""
    said = Said(identity, databases)
    question: tuple[CanLink, CanFrame] | None = None
    if identity.ask is not None:
        message = databases[identity.ask.channel][identity.ask.message]
        payload = compile_pages(identity.ask, message, {}, "profile [identity.ask]").payload(
            0, lambda *_: None
        )
        question = (
            links[identity.ask.channel],
            CanFrame(message.can_id, payload, message.extended, message.fd),
        )
    deadline_ns = clock.now_ns() + timeout_ns
    ask_ns = clock.now_ns()
    while True:
        for seen in news():
            said.hear(seen)
        text = said.text()
        if text is not None:
            return text
        if clock.now_ns() >= deadline_ns:
            missing = ", ".join(str(identity.signals[name]) for name in said.missing())
            raise UnidentifiedBuild(
                f"the DUT did not name its build within {format_ns(timeout_ns)}: {missing} was never heard"
            )
        if question is not None and clock.now_ns() >= ask_ns:
            question[0].send(question[1])
            ask_ns += _ASK_AGAIN_NS
        await clock.sleep_until(clock.now_ns() + _POLL_NS)


def image_hash(image: Path) -> str:
    """SHA-256 of the file, as hex."""
    return hashlib.sha256(image.read_bytes()).hexdigest()


def fits(named: str, expected: str) -> bool:
    """`expected` is the whole of what was named, one word of it, or the beginning of a long hash."""
    parts = re.split(r"[\s,;@]+", named)
    return expected in (named, *parts) or (len(expected) >= 8 and named.startswith(expected))
