"""What the DUT answered to a fault, in words."""

from bench.measure.finding import answer
from bench.measure.finding.base import Finding
from bench.report.memory_words import dtc_words
from bench.report.word_parts import short_dtc, test_words, when_words
from bench.units import format_ns


def answer_words(finding: Finding) -> str:
    """A sentence for a finding on the DUT's answer."""
    match finding:
        case answer.SafeStateBeforeFault():
            return "safe state already held before the fault"
        case answer.ReportedBeforeFault(test=test):
            return f"reported before the fault: {test_words(test)}"
        case answer.ForbiddenSeen(test=test, when=when):
            return f"{test_words(test)} at {when_words(when)}"
        case answer.SafeStateNotHeld(test=test, when=when, after_ns=after_ns):
            return (
                f"safe state was not held: {test_words(test)} no longer at {when_words(when)}, "
                f"{format_ns(after_ns)} after it was reached"
            )
        case answer.SafeStateNotHeldFor(hold_ns=hold_ns):
            return f"safe state was not held for {format_ns(hold_ns)}"
        case answer.NotDetected(window_ns=window_ns):
            return f"fault not detected within {format_ns(window_ns)}"
        case answer.DetectedAfterWindow(window_ns=window_ns):
            return f"fault detected only after the window of {format_ns(window_ns)}"
        case answer.SafeStateNotReached(window_ns=window_ns):
            return f"safe state not reached within {format_ns(window_ns)}"
        case answer.NuisanceTrip():
            return "nuisance trip: the DUT reported a fault under a stimulus it must tolerate"
        case answer.NuisanceDtc(dtc=dtc):
            return f"nuisance DTC {dtc_words(dtc)} was reported"
        case answer.DtcNotReported(dtc=dtc):
            return f"the demanded DTC {dtc_words(dtc)} was not reported"
        case answer.DtcStatusUnread(dtc=dtc, problem=problem):
            return f"the status of DTC {dtc_words(dtc)} could not be read: {problem}"
        case answer.DtcNotStored(dtc=dtc):
            return f"DTC {dtc_words(dtc)} is not in the DUT's memory"
        case answer.DtcStatusLacks(dtc=dtc, status=status, bits=bits, lacking=lacking):
            found = ", ".join(bits) or "no bit"
            return (
                f"DTC {dtc_words(dtc)} has status 0x{status:02X} ({found}); {', '.join(lacking)} is not set"
            )
        case answer.UnexpectedReport(what=what, name=name, when=when):
            return f"{what} {name} was not expected, and came at {when_words(when)}"
        case answer.UnexpectedCode(dtc=dtc, when=when, stored=True):
            return f"trouble code {short_dtc(dtc)} was not expected, and stood in the memory read at {when_words(when)}"
        case answer.UnexpectedCode(dtc=dtc, when=when):
            return f"trouble code {short_dtc(dtc)} was not expected, and came at {when_words(when)}"
        case answer.SpreadBeforeAlarm(cell=cell):
            return f"the runaway had spread to cell {cell} before the alarm"
    raise AssertionError(finding)
