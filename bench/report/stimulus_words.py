"""What was wrong with a stimulus, in words."""

from bench.measure.finding import stimulus
from bench.measure.finding.base import Finding
from bench.report.word_parts import test_words
from bench.units import format_ns


def stimulus_words(finding: Finding) -> str:
    """A sentence for a finding on the stimulus."""
    match finding:
        case stimulus.NoStimulus():
            return "no stimulus was commanded"
        case stimulus.ScenarioAtFault(said=said):
            return said or "no DUT can answer this scenario rightly"
        case stimulus.StimulusOutlasted() as one:
            late = f"the bench came {format_ns(one.late_ns)} late to take it off"
            slow = f"this rig's instruments are too slow for it ({late})"
            return (
                f"{one.stimulus} was to last {format_ns(one.asked_ns)} and may have lasted {format_ns(one.lasted_ns)}: "
                f"{late if 2 * one.late_ns > one.lasted_ns - one.asked_ns else slow}"
            )
        case stimulus.StimulusUnproven():
            return "no proof that the stimulus reached the DUT's terminals"
        case stimulus.NoReadback():
            return "the stimulus was not confirmed by readback"
        case stimulus.OnsetBeforeReadback():
            return "the onset was seen before the readback says the stimulus was actuated"
        case stimulus.StimulusAlreadyPresent(test=test, held_ns=held_ns):
            return f"stimulus was already present: {test_words(test)} held {format_ns(held_ns)} before the command"
        case stimulus.MessageAlreadyIrregular(message=message):
            return f"stimulus was already present: {message} was already irregular"
        case stimulus.MessageUnheardBefore(message=message):
            return f"stimulus was already present: {message} was not heard before the command"
        case stimulus.MessageGapBefore(message=message, gap_ns=gap_ns):
            return (
                f"stimulus was already present: {message} had a gap of {format_ns(gap_ns)} before the command"
            )
        case stimulus.StimulusNotCarried() as missed:
            carried = "was never seen"
            if missed.lowest is not None and missed.highest is not None:
                carried = f"carried {missed.lowest:.6g} to {missed.highest:.6g}"
            where = f"{missed.message}.{missed.signal} {carried} after the command"
            return f"the stimulus never reached the DUT: {where}; expected {missed.wanted:.6g}"
        case stimulus.StimulusNotHeld() as lost:
            gone = f"{lost.message}.{lost.signal} carried {lost.found:.6g} {format_ns(lost.after_ns)} later"
            return f"the stimulus did not last: {gone}; expected {lost.wanted:.6g} all the while"
        case stimulus.NoRunaway(cells=cells):
            names = ", ".join(map(str, cells))
            return f"the plant brought no thermal runaway of cell {names} within the window"
        case stimulus.RunawayUnproven():
            return "no proof that the runaway reached the DUT's terminals"
        case stimulus.NoOnset():
            return "no onset was seen: the stimulus is not proven"
    raise AssertionError(finding)
