"""What ended a scenario's protection tests, in words for the reports."""

from collections import Counter

from markupsafe import Markup, escape

from bench.measure.ending import EndedBy, EndFound
from bench.units import format_ns
from bench.verdict.result import ScenarioResult


def ending_words(scenario: ScenarioResult) -> str:
    """`ended by signal, then watched for 1 h`; with counts where shots differ; "" where no end is asked for."""
    ends = [
        shot.measurement.end
        for shot in scenario.shots
        if shot.measurement is not None and shot.measurement.end is not None
    ]
    if not ends:
        return ""
    counts = Counter(_by(one) for one in ends)
    by = ", ".join(name if len(counts) == 1 else f"{name} ({n})" for name, n in counts.items())
    watched = [one.observed_ns for one in ends if one.at_ns is not None]
    after = f", then watched for {format_ns(min(watched))} or more" if watched else ""
    return f"ended by {by}{after}"


def _by(found: EndFound) -> str:
    asked = found.question
    match found.by:
        case EndedBy.HOTTER:
            return f"hottest cell above {asked.hotter_c:g} degC"
        case EndedBy.SHARE:
            return f"pack at {100 * (asked.share or 0.0):g} % of its nominal voltage"
        case EndedBy.TIME:
            return f"{format_ns(asked.after_ns)} have passed"
        case EndedBy.STABLE:
            return f"temperature stable within {asked.stable_k:g} K for {format_ns(asked.stable_ns)}"
        case EndedBy.SIGNAL if asked.stop_request:
            return "the DUT's request to stop the current, a told limit of 0 A"
        case None:
            return "nothing"
    return found.by.value


def ending_block(scenario: ScenarioResult) -> Markup:
    """What ended a protection test, as HTML; empty for any other scenario."""
    words = ending_words(scenario)
    return Markup("<p>Protection test: {}.</p>").format(escape(words)) if words else Markup("")
