"""Parts of sentences that many findings have."""

from bench.measure.finding.base import Since, When
from bench.measure.signal_test import SignalTest
from bench.report.memory_words import dtc_words
from bench.units import format_ns

_SINCE = {Since.ONSET: "onset", Since.COMMAND: "the command", Since.ARMING: "arming"}


def test_words(test: SignalTest) -> str:
    """`PrechargeCommand == 1`."""
    return test.words


def when_words(when: When) -> str:
    """An instant relative to the onset, the command or the arming."""
    since = _SINCE[when.since]
    if when.offset_ns < 0:
        return f"{format_ns(-when.offset_ns)} before {since}"
    return f"+{format_ns(when.offset_ns)} after {since}"


def short_dtc(code: int) -> str:
    """A DUT's own diagnosis number as its sources have it."""
    return dtc_words(code) if code > 0xFFFF else str(code)


def percent(share: float) -> str:
    """A share (0 to 1) in per cent, with two decimals."""
    return f"{100 * share:.2f} %"


def signed(share: float) -> str:
    """A share (-1 to 1) in per cent, with sign and two decimals."""
    return f"{100 * share:+.2f} %"
