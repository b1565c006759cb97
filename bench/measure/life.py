"""Signs of life: what was not seen counts only of a DUT that was heard for the whole of the time promised."""

from bench.measure.excused import excused_spans, longest_silence
from bench.measure.finding.bench import WindowCutShort
from bench.measure.finding.life import AliveUnproven, NeverHeard, SilentTooLong
from bench.measure.finding.standing import NothingAccepted
from bench.measure.questions import Address, address_of
from bench.measure.shot import Seen, Shot, Told


def listen_for_life(shot: Shot, onset: Seen | None, told: Told) -> None:
    """A gap longer than the profile allows is told of the DUT; a message never heard, of the bench too."""
    beats: list[tuple[str, str, int, Address]] = []
    for channel, message, longest_ns in shot.plan.heard:
        beats.append((channel, message, longest_ns, address_of(shot.decoders, channel, message)))
    refused = {(channel, frame[0], frame[2]) for _, channel, frame, _ in shot.refused}
    excused = excused_spans(shot)
    for channel, message, longest_ns, address in beats:
        stamps = shot.window.frames.stretch(address).t_ns
        if not len(stamps):
            if address in refused:
                told.broken.append(NothingAccepted(channel=channel, message=message))
                continue
            told.silent.append(NeverHeard(channel=channel, message=message))
            told.faults.append(AliveUnproven(channel=channel, message=message))
            continue
        gap_ns, at_ns = longest_silence(stamps, (shot.window.start_ns, shot.window.end_ns), excused)
        if gap_ns - 2 * sum(shot.half_widths(channel)) > longest_ns:
            since = shot.when(at_ns, onset)
            told.silent.append(
                SilentTooLong(message=message, gap_ns=gap_ns, since=since, allowed_ns=longest_ns)
            )


def check_length(shot: Shot, detected: Seen | None, told: Told) -> None:
    """Nothing seen counts only if one looked for the whole of the promised time."""
    commanded = shot.commanded()
    if commanded is None or (shot.plan.aim.asks_flag and detected is not None):
        return
    looked_ns = shot.window.end_ns - commanded.t_ns
    if looked_ns < shot.plan.window_ns:
        told.faults.append(WindowCutShort(looked_ns=looked_ns, expected_ns=shot.plan.window_ns))
