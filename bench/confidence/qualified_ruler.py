"""The parts of the evidence that the ruler makes: idle, loaded, by a second clock. By its shots, not by its word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.timing.rate import BOUND_PPB
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.spread import REFUSED_BELOW, kuiper_p

LEAST_SHOTS = (
    200  # of the ruler, in each condition: all right bounds the share of wrong ones below 1.5 % (95 %)
)
CYCLE_NS = 10 * NS_PER_MS  # of the bench's own tasks: the shots have to come everywhere in it
TIME = {"simulated": "simulated time", "host": "real time"}
NO_REFERENCE = "none"
OWN_TIME = "none is needed: simulated time is the model's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePart:
    """One part of the evidence. why: what keeps it from being shown; None where it is. time: in which it ran."""

    name: str
    least: str
    found: str
    time: str
    why: str | None

    @property
    def shown(self) -> bool:
        return self.why is None


def of_shots(measured: Sequence[Sequence[int]]) -> tuple[int, int, float | None]:
    """(how many, how many hold the truth, their spread) of the ruler's shots: truth, low, high, stimulus in ns."""
    if any(len(one) != 4 or any(type(value) is not int for value in one) for one in measured):
        raise ValueError("a shot of the ruler that is none")
    held = sum(low <= truth <= high for truth, low, high, _ in measured)
    places = [stimulus % CYCLE_NS / CYCLE_NS for *_, stimulus in measured]
    return len(measured), held, kuiper_p(places) if places else None


def ruler_part(content: Mapping[str, Any], timebase: str, *, loaded: bool) -> EvidencePart:
    """All rows of the ruler in the file's own timebase under this condition."""
    own = [
        row
        for row in content["ruler"]
        if row["timebase"] == timebase and (row["condition"] != "idle") is loaded
    ]
    whys = [why for row in own if (why := _why_no_ruler(row, loaded=loaded)) is not None]
    condition = "loaded" if loaded else "idle"
    return EvidencePart(
        name=f"ruler, {condition}",
        least=f"{LEAST_SHOTS} shots, each interval holds the truth, spread over the bench's cycle",
        found="; ".join(f"{row['contained']} of {row['shots']} hold the truth" for row in own) or "none",
        time=TIME[timebase],
        why=("; ".join(whys) or None) if own else f"it was not tried in {TIME[timebase]}",
    )


def _why_no_ruler(row: Mapping[str, Any], *, loaded: bool) -> str | None:
    shots, contained = row["shots"], row["contained"]
    if errors := list(row["errors"]):
        return f"{len(errors)} error(s), the first: {errors[0]}"
    if (shots, contained, row["spread_p"]) != of_shots(row["measured"]):
        return "its row is not what its shots make"
    if type(shots) is not int or shots < LEAST_SHOTS:
        return f"{'1 shot' if shots == 1 else f'{shots} shots'}, at least {LEAST_SHOTS}"
    if contained != shots:
        return f"{contained} of {shots} intervals hold the truth"
    if not row["spread_p"] >= REFUSED_BELOW:  # not a number is not spread either
        return f"shots at bunched phases of the bench's cycle (Kuiper p = {row['spread_p']:.1g}), copies of fewer"
    if loaded and not row["load_per_s"] > 0:
        return "no other traffic was on the bus"
    return None


def reference_part(content: Mapping[str, Any], timebase: str) -> EvidencePart:
    """The delays by a second clock, where there is one. Intervals carry the rate of the host's clock as a term."""
    own = [row for row in content["ruler"] if row["timebase"] == timebase]
    pairs = [pair for row in own for pair in zip(row["measured"], row["by_reference"], strict=False)]
    told = [(one, ns) for one, ns in pairs if ns is not None]
    wrong = sum(not _holds(one, ns) for one, ns in told)
    apart_ns = max((abs(ns - one[0]) for one, ns in told), default=0)
    found = (
        f"{len(told) - wrong} of {len(told)} hold it; both clocks at most {apart_ns} ns apart in one delay"
    )
    clocks = "; ".join(dict.fromkeys(str(row["reference"]) for row in own)) or NO_REFERENCE
    why = f"{wrong} of {len(told)} intervals do not hold the delay by the second clock" if wrong else None
    if any(len(row["measured"]) != len(row["by_reference"]) for row in own):
        why = "it is not told for each shot"
    if timebase == "simulated":
        found = OWN_TIME
    return EvidencePart(
        name="second time reference",
        least="each interval holds the delay by a second clock as well, where there is one",
        found=f"{clocks}: {found}"
        if told
        else found
        if timebase == "simulated"
        else f"{clocks}: no second clock",
        time=TIME[timebase],
        why=why,
    )


def _holds(measured: Sequence[int], reference_ns: int) -> bool:
    """Within the interval, widened by what the rate of the clock adds to every judged latency."""
    _, low_ns, high_ns, _ = measured
    rate_ns = -(-high_ns * BOUND_PPB // NS_PER_S)
    return low_ns - rate_ns <= reference_ns <= high_ns + rate_ns
