"""Whether the DUT could have said what the plan asks: a report that never came proves no silence about a fault.

Only cyclic messages are looked at. A message that comes back after a gap tells again what it would have told in the
gap.
"""

from bench.measure.excused import excused_spans
from bench.measure.finding.life import ReportsStopped, SilentInHold
from bench.measure.questions import address_of
from bench.measure.shot import Seen, Shot, Told


def check_reports(shot: Shot, onset: Seen | None, told: Told) -> None:
    """No frame of it in the window, or none from some instant on to its end.

    What was told of the same message already is not told twice.
    """
    beats = {(channel, message) for channel, message, _ in shot.plan.heard}
    mute = {one.message for one in told.silent if isinstance(one, SilentInHold)}
    asked = [
        one
        for one in shot.plan.reports
        if (one.channel, one.message) not in beats and one.message not in mute
    ]
    if not asked:
        return
    excused = excused_spans(shot)
    for one in asked:
        address = address_of(shot.decoders, one.channel, one.message)
        last_ns = shot.window.frames.last_stamps([address]).get(address)
        from_ns = shot.window.start_ns if last_ns is None else last_ns
        from_ns = max([from_ns, *(until_ns for _, until_ns in excused)])
        if shot.window.end_ns - from_ns - 2 * sum(shot.half_widths(one.channel)) <= one.longest_ns:
            continue
        refused = sum(
            t_ns > from_ns and (channel, frame[0], frame[2]) == address
            for t_ns, channel, frame, _ in shot.refused
        )
        since = None if last_ns is None else shot.when(last_ns, onset)
        stopped = ReportsStopped(channel=one.channel, message=one.message, since=since, refused=refused)
        (told.broken if refused else told.silent).append(stopped)  # whoever sends wrong frames is not silent
