"""The four claims and the FTTI of each chemistry in words, for the terminal, Markdown and HTML alike."""

from collections.abc import Sequence

from bench.report.safety_tables import seconds
from bench.verdict.claims import Basis, Claim, ClaimFound, ModeSays, Need, Needed, Part, Ruling, SaidBy
from bench.verdict.ftti_bound import FttiBound

CLAIMS = ("claim", "chemistry", "finding", "rests on", "what there is", "what would decide it")
FTTI = ("goal", "chemistry", "FTTI", "earliest harm in the model", "under", "FTTI and model")

CLAIM_WORDS = {
    Claim.SEVERITY: "severity stays",
    Claim.OCCURRENCE: "occurrence falls",
    Claim.DETECTION: "detection improves, since there is more time",
    Claim.EARNED: "the number is earned by data",
}
RULING_WORDS = {
    Ruling.CONFIRMED: "confirmed",
    Ruling.REFUTED: "refuted",
    Ruling.NOT_DECIDABLE: "not decidable with these inputs",
}
BASIS_WORDS = {
    Basis.ASSUMED: "assumptions",
    Basis.COMPUTED: "the cell model, computed",
    Basis.SIMULATED: "runs in simulated time",
    Basis.REAL_TIME: "runs in real time without a board",
    Basis.HARDWARE: "runs on hardware",
    Basis.STATED: "stated data",
}
_PART_WORDS = {
    Part.HARM: ("same worst harm", "another worst harm (a runaway in one of both only)", "undecided"),
    Part.TIME: ("more time", "less time", "bands overlap"),
    Part.MONITORING: ("better M", "worse M", "no difference shown"),
}
_NEED_WORDS = {
    Need.SEVERITY: "severity with a source for it",
    Need.OCCURRENCE: "occurrence with a source for it",
    Need.BOUND: "a bound of the time to the hazard",
    Need.FIGURES: "measured figures in place of estimates",
    Need.HARDWARE: "runs on hardware",
    Need.TEST: "a test that asks it there",
}
_NEED_MEANS = {
    Need.SEVERITY: "abuse tests of that cell, or a hazard analysis that speaks of it: a table of its own, or given_for",
    Need.OCCURRENCE: "field or production data of that cell, in a table of its own or with given_for; no event "
    "among n cells bounds their share at 3/n, with 95 %",
    Need.BOUND: "`hil hazard`, 59 draws or more",
    Need.FIGURES: "in a file of your own for that cell (docs/chemistries.md)",
    Need.TEST: "its scenarios say nothing there (not_for): neither handled nor impossible is shown",
    Need.HARDWARE: "each with so many clean attempts as the rating takes",
}
HOW_TO_READ = (
    "Claims are held against another chemistry, over the failure modes in which the cell takes part (those with a "
    "model of their hazard). Only stated data, measured figures and runs on hardware confirm or refute; what "
    "estimates and simulated runs say stands in brackets. The same by default, or by one figure for all, is no finding."
)


def claim_rows(found: Sequence[ClaimFound]) -> list[tuple[str, ...]]:
    """Chemistry by chemistry within a claim."""
    ordered = sorted(found, key=lambda one: list(Claim).index(one.claim))
    return [
        (
            CLAIM_WORDS[one.claim],
            one.chemistry if one.chemistry == one.against else f"{one.chemistry} against {one.against}",
            RULING_WORDS[one.ruling],
            BASIS_WORDS[one.basis],
            evidence_words(one),
            _needs_words(one.needs) or "–",
        )
        for one in ordered
    ]


def evidence_words(one: ClaimFound) -> str:
    """Counts of failure modes; in brackets what carries nothing."""
    total = len(one.by_modes)
    carried = [mode for mode in one.by_modes if mode.carried]
    by = {says: sum(mode.says is says for mode in carried) for says in ModeSays}
    words = [f"decided in {by[ModeSays.FOR] + by[ModeSays.AGAINST]} of {total} failure modes"]
    if by[ModeSays.AGAINST]:
        words.append(f"against it: {_named([m.mode for m in carried if m.says is ModeSays.AGAINST])}")
    if one.claim is Claim.EARNED:
        rated = total - one.count(ModeSays.UNKNOWN)
        words.append(f"({rated} have an M from {BASIS_WORDS[one.basis]})" if rated else "no M from runs")
    return "; ".join([*words, *(_part_words(part) for part in one.parts)])


def _part_words(part: SaidBy) -> str:
    """`(the cell model, computed: more time in 5, less time in 6, bands overlap in 11)`."""
    names = _PART_WORDS[part.part]
    counts = (part.count(says) for says in (ModeSays.FOR, ModeSays.AGAINST, ModeSays.NEITHER))
    told = [f"{name} in {count}" for name, count in zip(names, counts) if count]
    unknown = part.count(ModeSays.UNKNOWN)
    if unknown:
        told.append(f"nothing known in {unknown}")
    text = f"{BASIS_WORDS[part.basis]}: {', '.join(told)}"
    return text if part.by_modes and all(one.carried for one in part.by_modes) else f"({text})"


def _needs_words(needs: Sequence[Needed]) -> str:
    """`severity with a source (lfp 10, nmc 10)`: of how many failure modes, faults or figures."""
    grouped: dict[Need, list[str]] = {}
    for one in needs:
        grouped.setdefault(one.need, []).append(f"{one.chemistry} {len(one.of)}")
    return "; ".join(f"{_NEED_WORDS[need]} ({', '.join(counts)})" for need, counts in grouped.items())


def need_words(need: Needed, most: int | None = None) -> str:
    """A sentence that says what is needed. most: the largest number of names in it, None for all."""
    what = f"{need.chemistry}: {_NEED_WORDS[need.need]} ({_NEED_MEANS[need.need]})"
    return f"{what}, for {_named(need.of, len(need.of) if most is None else most)}"


def need_lines(found: Sequence[ClaimFound], most: int | None = None) -> list[str]:
    """Everything that would decide one of the claims, each once. `most`: the largest number of failure modes or
    figures that a line names.
    """
    every: dict[tuple[Need, str], dict[str, None]] = {}
    for one in found:
        for need in one.needs:
            every.setdefault((need.need, need.chemistry), {}).update(dict.fromkeys(need.of))
    ordered = sorted(every, key=lambda key: list(Need).index(key[0]))
    return [need_words(Needed(need=need, chemistry=c, of=tuple(every[need, c])), most) for need, c in ordered]


def _named(names: Sequence[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def ftti_rows(found: Sequence[FttiBound]) -> list[tuple[str, ...]]:
    """A row of text for each FTTI and the bound beside it."""
    return [
        (
            one.goal,
            one.chemistry,
            f"{seconds(one.ftti_s)} ({'own' if one.own else 'the same for all'})",
            _bound_words(one),
            one.fault or "–",
            {None: "–", True: "(TOO LONG in the model)", False: "(below it in the model)"}[one.too_long],
        )
        for one in found
    ]


def _bound_words(one: FttiBound) -> str:
    if one.fault is None:
        return "no model"
    if one.warns:
        return "a warning, counted from the runaway: no harm in the model ends it"
    if one.bound_s is None:
        return "no bound" if one.draws is None else f"no bound: {one.draws} of 59 draws"
    return f"({seconds(one.bound_s)}, computed)"
