"""Single texts of a profile: roles, tests, limits, thresholds; every mistake is noted."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from bench.config.checksum import ChecksumConfig, CrcParameters
from bench.config.correction import Correction
from bench.config.lag import Lag
from bench.config.profile import (
    QUANTITIES,
    Limit,
    Role,
    RoleTest,
)
from bench.config.profile_shape import LagTable, ProfileShape
from bench.config.toml_file import TomlFile
from bench.config.user_file import Place
from bench.errors import choices, nearest
from bench.units import format_ns, parse_quantity

_THRESHOLD_UNITS = ("V", "degC", "A", "ohm/V")
_LIMIT = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*([A-Za-z_]\w*)(?:\s+in\s+(\w+))?\s*")
_TEST = re.compile(r"\s*(\w+)\s*(==|!=|>=|<=|>|<)\s*(\S+)\s*")


class ProfileTexts:
    """Reads one text at a time; the reader of the whole profile rests on it."""

    def __init__(self, file: TomlFile, shape: ProfileShape) -> None:
        self._file = file
        self._shape = shape
        self._roles: dict[str, Role] = {}
        self._lags: dict[Role, Lag] = {}

    def _message(self, text: str, place: Place) -> tuple[str, str]:
        channel, _, message = text.partition(".")
        if not message or "." in message:
            self._file.mistake(place, f"found '{text}'; expected \"channel.Message\"")
        return channel, message

    def _lagging(self, signal: str, table: LagTable, place: Place) -> Role:
        """The role of a signal, with the lag that its table states. One signal has one lag, whatever it is called."""
        role = self._role(signal, place)
        if table.lag is None:
            if table.lag_source:
                self._file.mistake((*place, "lag_source"), "found it without 'lag'; expected the lag, too")
            return role
        low_ns, high_ns = table.lag
        lag = Lag(low_ns=low_ns, high_ns=high_ns, source=table.lag_source)
        if low_ns > high_ns:
            found = f"found {format_ns(low_ns)} before {format_ns(high_ns)}; expected the shortest lag first"
            self._file.mistake((*place, "lag"), found)
        elif self._lags.setdefault(role, lag) != lag:
            self._file.mistake(
                (*place, "lag"), f"found another lag than before for {role}; expected the same"
            )
        return role

    def _role(self, text: str, place: Place) -> Role:
        parts = text.split(".", 2)
        if len(parts) != 3 or not all(parts):
            self._file.mistake(place, f"found '{text}'; expected \"channel.Message.Signal\"")
            return Role("", "", "")
        return Role(*parts)

    def _checksums(self) -> Iterator[ChecksumConfig]:
        for index, table in enumerate(self._shape.checksum):
            role = self._role(f"{table.message}.{table.signal}", ("checksum", index, "message"))
            if (table.crc is None) == (table.function is None):
                self._file.mistake(
                    ("checksum", index), "found neither or both of 'crc' and 'function'; expected one of them"
                )
            yield ChecksumConfig(
                channel=role.channel,
                message=role.message,
                signal=role.signal,
                counter=table.counter,
                crc=None if table.crc is None else CrcParameters(**table.crc.model_dump()),
                function=table.function,
                over=tuple(table.over),
            )

    def _corrections(self) -> Iterator[Correction]:
        """Each signal at most once."""
        known: set[Role] = set()
        for index, table in enumerate(self._shape.correction):
            place: Place = ("correction", index)
            role = self._role(table.signal, (*place, "signal"))
            span = None if table.range == "raw" else (float(table.range[0]), float(table.range[1]))
            if span is not None and not (
                math.isfinite(span[0]) and math.isfinite(span[1]) and span[0] < span[1]
            ):
                found = f"found {span[0]:g} to {span[1]:g}; expected the lower end first, both finite"
                self._file.mistake((*place, "range"), found)
            if not table.reason.strip():
                self._file.mistake((*place, "reason"), "found none; expected who says so, for the report")
            if role in known:
                self._file.mistake(place, f"found {role} corrected twice; expected each once")
            known.add(role)
            yield Correction(
                channel=role.channel,
                message=role.message,
                signal=role.signal,
                range=span,
                reason=table.reason.strip(),
            )

    def _threshold(self, name: str, text: object) -> float:
        for dimension in _THRESHOLD_UNITS:
            try:
                return parse_quantity(str(text), dimension)
            except ValueError:
                continue
        self._file.mistake(("threshold", name), f"found '{text}'; expected a quantity, such as \"2.8 V\"")
        return 0.0

    def _joined(self, texts: list[str], place: Place) -> tuple[RoleTest, ...]:
        """ "role op value", or several joined by "and", or by "or": of one message, to be seen in one frame."""
        tests = []
        for text in texts:
            word = " or " if " or " in text and " and " not in text else " and "
            first, *others = self._tests(text.split(word), place) or (None,)
            if first is None:
                continue
            for other in others:
                if other.role[:2] != first.role[:2]:
                    message, channel = other.role.message, other.role.channel
                    self._file.mistake(
                        place,
                        f"found '{text}' with a role of {channel}.{message}; expected roles of one message, here of "
                        f"{first.role.channel}.{first.role.message}",
                    )
            both = word == " and "
            tests.append(
                replace(first, together=tuple(others)) if both else replace(first, either=tuple(others))
            )
        return tuple(tests)

    def _tests(self, texts: list[str], place: Place) -> tuple[RoleTest, ...]:
        tests = []
        for text in texts:
            match = _TEST.fullmatch(text)
            if match is None:
                self._file.mistake(
                    place, f'found \'{text}\'; expected "role op value", such as "state == error"'
                )
                continue
            role, op, value = match.groups()
            if role not in self._roles:
                known = choices(role, self._roles)
                near = nearest(role, self._roles)
                self._file.mistake(place, f"found unknown role '{role}'; expected one of {known}{near}")
                continue
            number = self._value(role, value, place)
            if number is not None:
                tests.append(RoleTest(role=self._roles[role], op=op, value=number))
        return tuple(tests)

    def _value(self, role: str, text: str, place: Place) -> float | None:
        names = {"state": self._shape.state, "mode_request": self._shape.mode.model_dump()}.get(role, {})
        if text in names:
            return float(names[text])
        try:
            return float(text)
        except ValueError:
            expected = ", ".join(["a number", *names])
            self._file.mistake(place, f"found value '{text}'; expected {expected}{nearest(text, names)}")
            return None

    def _limit(self, text: str | None, place: Place) -> Limit | None:
        if text is None:
            return None
        found = _LIMIT.fullmatch(text)
        if found is None or found[1] not in QUANTITIES:
            near = nearest(text.split(" ")[0], QUANTITIES)
            expected = (
                f'"QUANTITY >= THRESHOLD [in MODE]" (or >, <=, <) with one of {", ".join(QUANTITIES)}{near}'
            )
            self._file.mistake(place, f"found '{text}'; expected {expected}")
            return None
        modes = self._shape.mode.model_dump()
        if found[4] is not None and found[4] not in modes:
            expected = f"one of {choices(found[4], modes)}{nearest(found[4], modes)}"
            self._file.mistake(place, f"found unknown mode '{found[4]}'; expected {expected}")
        return Limit(quantity=found[1], op=found[2], threshold=found[3], mode=found[4])

    def _tolerance(self, text: str | None, limit: str | None, place: Place) -> float:
        """Either way from the limit, in SI."""
        if text is None:
            return 0.0
        if limit is None:
            self._file.mistake(
                place, "found no 'limit' beside it; expected the limit that it is the tolerance of"
            )
            return 0.0
        quantity = QUANTITIES.get(limit.split(" ")[0])
        if quantity is None:  # told where the limit is read
            return 0.0
        try:
            found = parse_quantity(text, quantity)
        except ValueError as wrong:
            self._file.mistake(place, str(wrong))
            return 0.0
        if found < 0:
            self._file.mistake(place, f"found '{text}'; expected 0 or more: it counts either way")
        return max(0.0, found)
