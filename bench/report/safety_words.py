"""What emergency stop and interlock did, in words."""

from bench.measure.finding.base import Finding
from bench.measure.finding.safety import SafetyInputOpen
from bench.units import format_ns


def safety_words(finding: Finding) -> str:
    """One sentence without a full stop, for a finding of `bench.measure.finding.safety`."""
    if not isinstance(finding, SafetyInputOpen):
        raise AssertionError(finding)
    if not finding.in_the_shot:
        return f"{finding.input}: {finding.said}; nothing was driven"
    off = finding.off_within_ns
    took = (
        "nothing shows when the outputs were off" if off is None else f"outputs off within {format_ns(off)}"
    )
    return f"{finding.input}: {finding.said}; {took}"
