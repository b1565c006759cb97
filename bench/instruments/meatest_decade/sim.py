"""The decade, played: relays that take 10 ms, a range beyond which a value is refused, open terminals when off."""

from collections import deque

from bench.codec.scpi import Command, ScpiError, number_of, take_apart
from bench.units import NS_PER_MS

IDENTITY = "MEATEST,M194,000000,1.00"
MOST_OHM = 1.2e12  # of the high resistance decade
WORD_NS = 2 * NS_PER_MS
_OFF, _ON = ("OFF", "0"), ("ON", "1")


class MeatestDecadeSim:
    """`ohm` between the terminals; `on`: they are connected."""

    line_end = b"\r\n"

    def __init__(self, *, least_ohm: float = 1e3, most_ohm: float = MOST_OHM) -> None:
        self.ohm = most_ohm
        self.on = False
        self.stuck = False  # the output relay does not move
        self._range = least_ohm, most_ohm
        self._errors: deque[str] = deque()

    def takes_ns(self, line: str, arrived_ns: int) -> int | None:  # noqa: ARG002
        return WORD_NS

    def handle(self, line: str, now_ns: int) -> bytes:  # noqa: ARG002
        replies = []
        for text in line.split(";"):
            try:
                said = self._one(take_apart(text))
            except ScpiError as error:
                self._errors.append(f'{error.code},"{error}"')
                continue
            replies += [said] if said is not None else []
        return ";".join(replies).encode("ascii") + self.line_end if replies else b""

    def _one(self, command: Command) -> str | None:
        header = command.header.removeprefix("SOUR:")
        match header, command.query:
            case "*IDN", True:
                return IDENTITY
            case (("SYST:ERR" | "SYST:ERROR"), True):
                return self._errors.popleft() if self._errors else '0,"No Error"'
            case (("RES" | "RESISTANCE"), True):
                return f"{self.ohm:.6E}"
            case (("RES" | "RESISTANCE"), False):
                self._set(number_of(command.parameters))
            case (("OUTP" | "OUTPUT"), True):
                return str(int(self.on))
            case (("OUTP" | "OUTPUT"), False):
                self._switch(command.parameters.upper())
            case (("*RST" | "*CLS"), False):
                self.on = False
                self._errors.clear()
            case _:
                raise ScpiError(-113, command.header)
        return None

    def _set(self, ohm: float) -> None:
        least_ohm, most_ohm = self._range
        if not least_ohm <= ohm <= most_ohm:
            raise ScpiError(-222, f"{ohm:g} ohm is outside {least_ohm:g} to {most_ohm:g}")
        self.ohm = ohm

    def _switch(self, word: str) -> None:
        if word not in (*_ON, *_OFF):
            raise ScpiError(-104, word)
        if not self.stuck:
            self.on = word in _ON
