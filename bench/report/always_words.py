"""The words of the findings about what holds in every shot. Nothing decides on them."""

from bench.config.always import STATEMENTS
from bench.measure.finding import always
from bench.measure.finding.base import Finding
from bench.report.word_parts import short_dtc, test_words, when_words

_WHY = {
    always.WhyUnjudged.NEVER_TOLD: "{of} was not heard",
    always.WhyUnjudged.NEVER_SHOWN: "the bench showed no {of}",
    always.WhyUnjudged.LENGTHS_VARY: "frames of {of} came in several lengths, or too short",
    always.WhyUnjudged.NO_READING: "{of} had no clear reading",
    always.WhyUnjudged.TOO_EARLY: "it was told only before the DUT can have known {of}",
    always.WhyUnjudged.DISTURBED: "the stimulus disturbs how {of} reaches the DUT, or restarts the DUT",
}


def statement_words(name: str) -> str:
    """What holds, in words; the name itself where a later release has it."""
    return STATEMENTS[name].words if name in STATEMENTS else name


def always_words(finding: Finding) -> str:
    """A sentence for a finding about what always holds."""
    match finding:
        case always.ToldOtherThanShown() as one:
            shown = _value(one.low, one.unit)
            if one.low != one.high:
                shown = f"{_number(one.low)} to {_value(one.high, one.unit)}"
            return f"{_head(one.statement)}: {one.signal} said {_value(one.said, one.unit)}, shown {shown}{_tail(one)}"
        case always.WrongOneNamed() as one:
            was = (
                "there is none"
                if one.value is None or one.bound is None
                else _was(one.value, one.bound, one.unit)
            )
            return f"{_head(one.statement)}: {one.signal} said {one.said}, and {was}{_tail(one)}"
        case always.LimitAboveBound() as one:
            bound = _value(one.bound, one.unit)
            said = _value(one.said, one.unit)
            return (
                f"{_head(one.statement)}: {one.signal} said {said}, at most {bound} may be told{_tail(one)}"
            )
        case always.StatementUnjudged(statement=statement, frames=frames, judged=judged) as one:
            some = f" in {frames} of {frames + judged} frames" if judged else ""
            return f"not judged{some}: {statement_words(statement)} ({unjudged_words(one)})"
    return _doing_words(finding)


def _doing_words(finding: Finding) -> str:
    match finding:
        case always.OutputWithoutCause() as one:
            told = f"{one.signal} at {when_words(one.when)} without any flag that it comes with"
        case always.DoneThoughInhibited() as one:
            told = f"{test_words(one.test)} from {when_words(one.when)} on, though inhibited"
        case always.OpenedInWrongOrder() as one:
            told = f"{one.other} opened before {one.first} at {when_words(one.when)}"
        case always.CodeWithoutFlag() as one:
            code = short_dtc(one.dtc)
            told = f"trouble code {code} at {when_words(one.when)} without its flag {one.flag}"
        case always.FailedThoughHealed() as one:
            code = short_dtc(one.dtc)
            told = (
                f"trouble code {code} says 'test failed' at {when_words(one.when)}, and {one.flag} is not set"
            )
        case always.FramesUnacceptable() as one:
            refused = f"{one.frames} frames of 0x{one.can_id:X} that no receiver accepts"
            told = f"{refused}, first at {when_words(one.when)}"
        case _:
            raise AssertionError(finding)
    return f"{_head(one.statement)}: {told}"


def unjudged_words(found: always.StatementUnjudged) -> str:
    """Why it was not judged."""
    return _WHY[found.why].format(of=found.of)


def _head(statement: str) -> str:
    return f"always '{statement}'"


def _number(value: float) -> str:
    return f"{value:.6g}"


def _value(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}".rstrip()


def _was(value: float, bound: float, unit: str) -> str:
    return f"that one was shown {_value(value, unit)}, the one meant {_value(bound, unit)}"


def _tail(one: always.ToldOtherThanShown | always.WrongOneNamed | always.LimitAboveBound) -> str:
    return f", first at {when_words(one.when)} ({one.frames} of {one.judged} frames judged)"
