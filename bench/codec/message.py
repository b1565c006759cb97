"""One message of a bus description: its facts, and functions generated when they are first asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from bench.codec.compile import Compiler, Decode, Encode, Reader
from bench.codec.e2e import Protection
from bench.codec.layout import Field, Layer, all_fields, paths


@dataclass(frozen=True, slots=True, kw_only=True)
class EndToEnd:
    """How a message is protected end to end. protection: None where the profile is "none"."""

    profile: str = "none"
    data_id: int = 0
    protection: Protection | None = None


UNPROTECTED = EndToEnd()


class Message:
    """One message of a bus. `decode` and `encode` are generated when first asked for.

    sent: what of its layout the bench sends; a container of several PDUs is read in more ways than it is sent.
    """

    def __init__(
        self,
        *,
        name: str,
        can_id: int,
        extended: bool,
        fd: bool,
        length: int,
        layout: Layer,
        cycle_ns: int = 0,
        e2e: EndToEnd = UNPROTECTED,
        senders: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.can_id = can_id
        self.extended = extended
        self.fd = fd
        self.length = length
        self.layout = layout
        self.sent = layout
        self.cycle_ns = cycle_ns
        self.e2e = e2e
        self.protection = e2e.protection
        self.senders = senders
        self.receivers: tuple[str, ...] = ()  # as its file names them; nothing that is measured asks for them
        # A signal of several multiplexer values stands in several layers, but is one signal.
        self.fields: dict[str, Field] = {one.name: one for one in all_fields(layout)}
        self.signal_names: tuple[str, ...] = tuple(self.fields)
        self.choices: dict[str, dict[int, str]] = {
            f.name: dict(f.choices) for f in self.fields.values() if f.choices
        }
        self.mux: str | None = next(iter(layout.branches), None)
        self._compiler = Compiler(name, length, layout)
        self._readers: dict[str, Reader] = {}
        self._masks: dict[frozenset[str], tuple[bytes, bytes]] = {}
        self._extracts: dict[frozenset[str], Callable[[bytes], int | bytes]] = {}

    def protected_by(self, e2e: EndToEnd) -> "Message":
        """The same message, with another protection."""
        made = Message(
            name=self.name,
            can_id=self.can_id,
            extended=self.extended,
            fd=self.fd,
            length=self.length,
            layout=self.layout,
            cycle_ns=self.cycle_ns,
            e2e=e2e,
            senders=self.senders,
        )
        made.sent, made.receivers = self.sent, self.receivers
        return made

    def __repr__(self) -> str:
        return f"Message({self.name}, 0x{self.can_id:X})"

    @cached_property
    def decode(self) -> Decode:
        """`decode(data) -> {signal: number}`, active multiplexer only. CodecError if too short."""
        return self._compiler.decode()

    @cached_property
    def encode(self) -> Encode:
        """`encode(values) -> data`, strict: exactly the frame's signals, in range, or CodecError."""
        return self._compiler.encode()

    def reader(self, signal: str) -> Reader:
        """A function from payload to physical value; None where the multiplexer does not carry it."""
        if signal not in self._readers:
            self._readers[signal] = self._compiler.reader(signal)
        return self._readers[signal]

    def extract(self, signals: Iterable[str]) -> Callable[[bytes], int | bytes]:
        """What of a payload these signals depend on: equal for two payloads, equal all their values.

        To remember what has been made of a payload, where the rest of it, such as a counter, keeps moving.
        """
        asked = frozenset(signals)
        if asked not in self._extracts:
            self._extracts[asked] = self._extract(asked)
        return self._extracts[asked]

    def mask(self, signals: Iterable[str]) -> bytes:
        """The bits of a payload that these signals depend on."""
        return self._masks_of(frozenset(signals))[0]

    def page_mask(self, signals: Iterable[str]) -> bytes:
        """The bits of a payload that say whether it carries any of these signals; none where all do."""
        return self._masks_of(frozenset(signals))[1]

    def rising_mask(self, signal: str) -> bytes | None:
        """The signal's bits, where a larger number of them in a payload read from its lowest byte is a larger value.

        None: not so, or not every payload carries it.
        """
        one = self.fields.get(signal)
        if one is None or one not in self.layout.fields or one.is_float or one.signed or one.scale <= 0:
            return None
        if not (one.little_endian or one.in_one_byte):
            return None
        return one.mask(self.length).to_bytes(self.length, "little")

    def _masks_of(self, signals: frozenset[str]) -> tuple[bytes, bytes]:
        if signals not in self._masks:
            own, above = 0, 0
            for leading, one in (path for signal in signals for path in paths(self.layout, signal, ())):
                own |= one.mask(self.length)
                for selector, _ in leading:
                    above |= selector.mask(self.length)
            length = self.length
            self._masks[signals] = (own | above).to_bytes(length, "little"), above.to_bytes(length, "little")
        return self._masks[signals]

    def _extract(self, signals: Iterable[str]) -> Callable[[bytes], int | bytes]:
        mask, length = int.from_bytes(self.mask(signals), "little"), self.length

        def extract(data: bytes) -> int | bytes:
            return int.from_bytes(data, "little") & mask if len(data) == length else data

        return extract
