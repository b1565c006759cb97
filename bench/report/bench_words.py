"""What the bench did wrong, or cannot vouch for, in words. `finding_words` has those of every finding."""

from bench.measure.finding import bench
from bench.measure.finding.base import Finding
from bench.units import format_ns


def frames(count: int) -> str:
    """`1 frame`, `76 frames`."""
    return "1 frame" if count == 1 else f"{count} frames"


def bench_words(finding: Finding) -> str:
    """One sentence without a full stop, for a finding of `bench.measure.finding.bench`."""
    match finding:
        case bench.NeverArmed():
            return "the observers were never armed"
        case bench.NeverClosed():
            return "the observation window was never closed"
        case bench.HoldCutShort(short_ns=short_ns):
            return f"the window closed {format_ns(short_ns)} before the hold time had passed"
        case bench.WindowCutShort(looked_ns=looked_ns, expected_ns=expected_ns):
            return (
                f"the window closed {format_ns(looked_ns)} after the stimulus; "
                f"expected {format_ns(expected_ns)}"
            )
        case bench.ObservationCutShort(observed_ns=observed_ns, expected_ns=expected_ns):
            return (
                f"observed for {format_ns(observed_ns)} after the end of the test; "
                f"expected {format_ns(expected_ns)}"
            )
        case bench.HoldUnknown():
            return "nothing shows whether the safe state was held"
        case bench.NotRefused():
            return "a build that cannot be known was not refused"
        case bench.NothingToPass():
            return "the plan asks for no detection or no safe state: there is nothing to pass"
        case bench.NothingForbidden():
            return "the plan forbids nothing: there is nothing to pass"
        case bench.NoProofOfLife():
            return "the plan names no message that proves the DUT alive"
    return _bench_told(finding)


def _bench_told(finding: Finding) -> str:
    match finding:
        case bench.FramesLost(source=source, count=count):
            return f"{count} frames were lost by the bench ({source})"
        case bench.PreconditionMissed(source=source, said=said):
            return f"precondition missed: {source}: {said}"
        case bench.BenchError(source=source, said=said):
            return f"error of the bench: {source}: {said}"
        case bench.DutRefused(source=source, said=said):
            return f"the DUT was refused: {source}: {said}"
        case bench.DutKilled(source=source, said=said):
            return f"{source}: the DUT was killed from outside: {said}"
        case bench.WorkerDied(how=how):
            return f"the process that fired the shot died, and so did the next one, {how}"
        case bench.DutNotUp(source=source, said=said):
            return f"{source}: the DUT did not come up: {said}"
        case bench.Aborted(source=source, said=said):
            return f"the shot was aborted: {source}: {said}"
        case bench.SafeStateUnconfirmed(said=said):
            return f"the rig's safe state is not confirmed: {said}"
        case bench.OffUnwitnessed():
            return "the cells' outputs are off by the emulator's own word: no second witness spoke in time"
        case bench.NotMeasured(said=said):
            return f"the shot could not be measured: {said}"
        case bench.CalibrationOverdue(said=said):
            return f'{said}, and [evidence] overdue = "inconclusive"'
        case bench.AnomalySeen(source=source, said=said):
            return f"{source}: {said}"
    return _doubt(finding)


def _doubt(finding: Finding) -> str:
    match finding:
        case bench.BenchLate(late_ns=late_ns, limit_ns=limit_ns):
            limit = format_ns(limit_ns)
            return f"the bench was {format_ns(late_ns)} late inside the window; the limit is {limit}"
        case bench.DutWaited(waited_ns=waited_ns, span_ns=span_ns, limit_ns=limit_ns):
            return (
                "the DUT's process came late to a processor of this machine: it waited "
                f"{format_ns(waited_ns)} within {format_ns(span_ns)}; the limit is {format_ns(limit_ns)}"
            )
        case bench.DutStarved() as starved:
            return (
                f"the bench was late with {starved.message}: {format_ns(starved.gap_ns)} without one, "
                f"{format_ns(starved.since_arming_ns)} into the window; "
                f"the DUT tolerates {format_ns(starved.tolerated_ns)}"
            )
        case bench.ForeignClocks(clocks=clocks):
            named = " and ".join(f"'{channel}' by {clock}" for channel, clock in clocks)
            return f"onset and answer are stamped by clocks that nobody has correlated: {named}"
        case bench.OutputBeyondRange() | bench.OutputHeldAtEnd():
            return (
                f"the plant's cell {finding.cell} is at {finding.cell_voltage_v:.3f} V, its output goes "
                f"from 0 to {finding.highest_v:g} V and is held at the nearer end"
            )
        case bench.FaultTakenOff() as off:
            answer = "given its whole answer" if off.before_read else "reached its safe state"
            answer = "borne it to the end" if off.before_end else answer
            return (
                f"the rig took '{off.fault}' off before the DUT had {answer}: "
                f"its time to live of {format_ns(off.time_to_live_ns)} ended"
            )
        case bench.SignalClipped() | bench.SignalHeldAtEnd():
            shown = f"{finding.signal} showed {finding.carried:.6g} where {finding.quantity} was"
            return f"{shown} {finding.value:.6g}: its range ends there"
        case bench.OwnFrames(message=message, count=count):
            return f"{frames(count)} of {message} came from the bench itself: no answer of the DUT"
        case bench.SecondSender(channel=channel, can_id=can_id, senders=senders):
            return f"0x{can_id:X} on {channel} came from more than one node: {senders}"
        case bench.GlitchTooLong(message=message, shown_ns=shown_ns, limit_ns=limit_ns):
            return (
                f"{message} showed the glitch for {format_ns(shown_ns)}; "
                f"the DUT's debounce may fill from {format_ns(limit_ns)} on"
            )
    raise AssertionError(finding)
