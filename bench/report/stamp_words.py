"""What is wrong with the stamps of a shot, in words."""

from bench.measure.finding import stamps
from bench.measure.finding.base import Finding
from bench.report.bench_words import frames
from bench.units import format_ns


def stamp_words(finding: Finding) -> str:
    """One sentence without a full stop, for a finding of `bench.measure.finding.stamps`."""
    match finding:
        case stamps.StampsWentBack(channel=channel, count=count, back_ns=back_ns):
            return (
                f"stamps on '{channel}' went back: {frames(count)} stamped up to {format_ns(back_ns)} before what had "
                "come earlier"
            )
        case stamps.StampsAhead(channel=channel, count=count, ahead_ns=ahead_ns):
            return (
                f"stamps on '{channel}' are ahead: {frames(count)} stamped up to {format_ns(ahead_ns)} after the shot "
                "had ended"
            )
    raise AssertionError(finding)
