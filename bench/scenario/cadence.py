"""How often, and over how long, the frames come that show a scenario's stimulus."""

from dataclasses import dataclass

from bench.codec.layout import paths
from bench.config.play import Play
from bench.config.profile import Role
from bench.faults.port import page_of
from bench.measure.plan import Plan
from bench.scenario.lookup import Lookup
from bench.scenario.onset import Onset

Place = tuple[str, str, str | None]
"""(channel, message, signal); None: the message itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """cycle_ns: of the slowest message that can show the onset, 0 where none does. spread_ns: from the first of a
    sweep's pages that show it to the last, where they come one after the other.
    """

    cycle_ns: int
    spread_ns: int


def cadence_of(lookup: Lookup, plan: Plan) -> Cadence:
    """As the bench plays them, else as the DBC says."""
    places: list[Place] = [(one.channel, one.message, one.signal) for one in plan.onset]
    places += [(one.channel, one.message, one.signal) for one in plan.onset_irregular]
    return Cadence(cycle_ns=_cycle_ns(lookup, places), spread_ns=_spread_ns(lookup, places))


def onset_spread_ns(lookup: Lookup, onset: Onset) -> int:
    """How long after the first frame that shows a fault the last may come: a cycle, where it stands in several.

    0: one page shows it, or the fault itself is not there at once.
    """
    if not onset.at_once:
        return 0
    places: list[Place] = [(one.channel, one.message, one.signal) for one in onset.tests]
    places += [(one.channel, one.message, one.signal) for one in onset.irregular]
    pages = {page_of(lookup.databases, Role(*place[:2], place[2] or "")) for place in places}
    return _cycle_ns(lookup, places) if len(pages) > 1 else 0


def _cycle_ns(lookup: Lookup, places: list[Place]) -> int:
    plays = [(lookup.profile.play_of(channel, message), channel, message) for channel, message, _ in places]
    cycles = [
        (play.cycle_ns if play is not None else None) or lookup.message(channel, message)[1]
        for play, channel, message in plays
    ]
    return max(cycles, default=0)


def _spread_ns(lookup: Lookup, places: list[Place]) -> int:
    sweeps: dict[tuple[str, ...], list[Play]] = {}
    for play in lookup.profile.plays:  # what the emulator shows is one sweep, whatever messages it takes
        key = ("emulator",) if play.by == "emulator" else (play.channel, play.message)
        sweeps.setdefault(key, []).append(play)
    spread_ns = 0
    for plays in sweeps.values():
        numbers: list[int] = []
        first = 0
        for play in plays:
            if play.channel not in lookup.databases or play.message not in lookup.databases[play.channel]:
                continue  # told where it is bound
            message = lookup.databases[play.channel][play.message]
            keys = sorted(message.layout.branches[message.mux]) if message.mux is not None else [0]
            for channel, name, signal in places:
                if (channel, name) != (play.channel, play.message) or signal is None:
                    continue
                for above, _ in paths(message.layout, signal, ()):
                    numbers.append(first + (keys.index(above[0][1]) if above else 0))
            first += len(keys)
        if numbers:
            spread_ns = max(spread_ns, plays[0].gap_ns * (max(numbers) - min(numbers)))
    return spread_ns
