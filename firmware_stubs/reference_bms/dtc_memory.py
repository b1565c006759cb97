"""Diagnostic trouble codes: stored once, sent in turn. The status byte is that of ISO 14229-1 annex D.2."""

from collections.abc import Mapping

# By bit of BMS_Faults and, from 32 on, BMS_Faults2. Code = two bytes of SAE J2012 fault and the failure type byte.
CODES: Mapping[int, int] = {
    1: 0x1A0117, 3: 0x1A0216, 5: 0x1A0398, 6: 0x1A0F98, 7: 0x1A0E19, 8: 0x1A0D19, 10: 0x0AA61A,
    11: 0x1A0687, 12: 0x0AA177, 13: 0x0AA477, 14: 0x0AE277, 15: 0x0AA277, 16: 0x0AA577, 17: 0x0AE377,
    18: 0x0C7707, 19: 0x0A0D13, 20: 0x1A0700, 21: 0x056216, 22: 0xC10087, 23: 0x1A0887, 24: 0x1A0987,
    25: 0x1A0A87, 26: 0x1A0B87, 27: 0x1A0C41, 28: 0x1A0D62, 29: 0x1A2D62, 30: 0x1A1162, 32: 0x1A1016,
    33: 0x1A1213, 34: 0x1A132A, 35: 0x1A1449, 36: 0x1A1587, 37: 0x1A1687, 38: 0x1A1A13, 39: 0x1A1962,
    40: 0x1A1798, 41: 0x1A1898, 42: 0x1A1B98, 43: 0x1A1C19, 44: 0x1A1D19, 45: 0x1A1E19, 46: 0x1A1F28,
    47: 0x1A2049, 48: 0x1A2162, 49: 0x1A2264, 50: 0x1A2349, 51: 0x1A2413, 52: 0x1A2577, 53: 0x1A2677,
    54: 0x1A2777, 55: 0x1A2977, 56: 0x1A2B13, 57: 0x1A2C00, 58: 0xC10187, 59: 0xC29887, 60: 0xC14081,
    61: 0x1A2862, 63: 0x1A2A16,
}  # fmt: skip

TEST_FAILED = 0x01
# failed this operation cycle, pending, confirmed, failed since last clear
STORED = 0x02 | 0x04 | 0x08 | 0x20
EMPTY_INDEX = 255


class DtcMemory:
    """Codes in the order of their first occurrence."""

    __slots__ = ("_codes", "_entries", "_turn", "fresh")

    def __init__(
        self, codes: Mapping[int, int] = CODES, entries: dict[int, tuple[int, int]] | None = None
    ) -> None:
        """`entries`, code -> (status, occurrences), are those of the NVM: what is stored stays there."""
        self._codes = codes
        self._entries = {} if entries is None else entries
        self._turn = 0
        self.fresh: list[int] = []  # indices to be sent at once

    def __len__(self) -> int:
        return len(self._entries)

    def failed(self, fault: int) -> None:
        code = self._codes.get(fault)
        if code is None:
            return
        _, occurrences = self._entries.get(code, (0, 0))
        self._entries[code] = (TEST_FAILED | STORED, min(occurrences + 1, 255))
        self.fresh.append(list(self._entries).index(code))

    def passed(self, fault: int) -> None:
        code = self._codes.get(fault)
        if code is not None and code in self._entries:
            status, occurrences = self._entries[code]
            self._entries[code] = (status & ~TEST_FAILED, occurrences)

    def __contains__(self, code: object) -> bool:
        return code in self._entries

    def entries(self) -> list[tuple[int, int]]:
        """(code, status) in the order of first occurrence."""
        return [(code, status) for code, (status, _) in self._entries.items()]

    def of(self, code: int) -> tuple[int, int]:
        """(status, occurrences) of a stored code."""
        return self._entries[code]

    def clear(self, code: int | None = None) -> None:
        """Forget one code, or all. A fault that is still there is stored again when it next fails."""
        for known in [*self._entries] if code is None else [code]:
            self._entries.pop(known, None)  # in place: the NVM shares them
        self.fresh.clear()
        self._turn = 0

    def next_index(self) -> int:
        """Whose turn it is; 255 when nothing is stored."""
        if not self._entries:
            return EMPTY_INDEX
        self._turn = (self._turn + 1) % len(self._entries)
        return self._turn

    def entry(self, index: int) -> tuple[int, int, int]:
        """(code, status, occurrences) at `index`; zeros for the empty index."""
        if index == EMPTY_INDEX:
            return 0, 0, 0
        code, (status, occurrences) = list(self._entries.items())[index]
        return code, status, occurrences
