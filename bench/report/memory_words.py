"""Findings about diagnostics and codes stored before a shot, in words; and how a trouble code is written."""

from collections.abc import Sequence

from bench.measure.finding import memory
from bench.measure.finding.base import Finding


def dtc_words(code: int) -> str:
    """`0x1A0117`, everywhere."""
    return f"0x{code:06X}"


def memory_words(finding: Finding) -> str:
    """A sentence for a finding on the DUT's memory of trouble codes."""
    match finding:
        case memory.CodesStoredBefore(codes=codes, left=left, problem=problem):
            head = f"the DUT had stored {_named(codes)} before the shot"
            if not left:
                return f"{head}: cleared"
            why = f" ({problem})" if problem else ""
            kept = "not cleared" if left == codes else f"{_named(left)} not cleared"
            return f"{head}: {kept}{why}, and no answer to this shot's fault"
        case memory.CodesUnreadBefore(problem=problem):
            return f"what the DUT had stored before the shot could not be read: {problem}"
        case memory.DtcStoodBefore(dtc=dtc):
            return (
                f"DTC {dtc_words(dtc)} was stored before the shot: nothing tells whether it was reported anew; clear "
                "the memory, or name dtc_status or dtc_occurrences in the profile"
            )
        case memory.DtcStatusStood(dtc=dtc, bits=bits):
            return (
                f"DTC {dtc_words(dtc)} had {', '.join(bits)} before the shot: nothing tells whether it was set anew; "
                "clear the memory, or name occurrences under [uds]"
            )
        case memory.DtcNotStoredAnew(dtc=dtc, occurrences=count):
            return f"DTC {dtc_words(dtc)} was stored before the shot, and not anew: {count} occurrences as before"
        case memory.WrongDiagnosticAnswer(request=request, expected=expected, answer=answer, problem=problem):
            got = f"was answered with {answer}" if answer else "was not answered"
            why = f" ({problem})" if problem else ""
            return f"diagnostic request {request} {got}{why}; expected {expected}"
    raise AssertionError(finding)


def _named(codes: Sequence[int]) -> str:
    return "DTC " + ", ".join(map(dtc_words, codes))
