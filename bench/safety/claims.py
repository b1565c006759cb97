"""Do the chemistries earn it? The four claims, each held against another chemistry, failure mode by failure mode."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bench.safety.failure_modes import Cell
from bench.safety.hazard_file import HazardFile
from bench.verdict.claims import (
    Basis,
    Claim,
    ClaimFound,
    ModeSays,
    Need,
    Needed,
    OfMode,
    Part,
    Ruling,
    SaidBy,
    ruling_of,
)

_FOR, _AGAINST, _NEITHER, _UNKNOWN = ModeSays.FOR, ModeSays.AGAINST, ModeSays.NEITHER, ModeSays.UNKNOWN
Pairs = Sequence[tuple[Cell, Cell]]  # (on the chemistry, on the one it is held against)


def claims(found: Sequence[Cell], hazards: HazardFile, against: str) -> tuple[ClaimFound, ...]:
    """The four claims on each chemistry except `against`. For `against` only the claim that its number is earned.

    The first three are about failure modes in which the cell takes part: those with a model of their hazard.
    """
    by_chemistry: dict[str, dict[str, Cell]] = {}
    for cell in found:
        by_chemistry.setdefault(cell.chemistry, {})[cell.mode.id] = cell
    base = by_chemistry.get(against, {})
    result: list[ClaimFound] = []
    for chemistry, cells in by_chemistry.items():
        pairs = [
            (one, base[mode]) for mode, one in cells.items() if one.mode.hazard is not None and mode in base
        ]
        if chemistry != against and pairs:
            result += [
                replace(_of_rating(Claim.SEVERITY, pairs), parts=(_harm(pairs, hazards),)),
                _of_rating(Claim.OCCURRENCE, pairs),
                _detection(pairs, hazards),
            ]
        result.append(_earned(chemistry, against, list(cells.values())))
    return tuple(result)


def _of_rating(claim: Claim, pairs: Pairs) -> ClaimFound:
    """Severity stays, or occurrence falls: only ratings carry that a source gives for each of both chemistries.

    One figure for all chemistries would confirm by itself that it is the same on two.
    """
    name, need = ("severity", Need.SEVERITY) if claim is Claim.SEVERITY else ("occurrence", Need.OCCURRENCE)
    holds: Callable[[int, int], bool] = (
        (lambda own, other: own == other) if claim is Claim.SEVERITY else (lambda own, other: own < other)
    )
    by_modes = []
    lacking: dict[str, list[str]] = {}
    for own, other in pairs:
        values = getattr(own.mode, name), getattr(other.mode, name)
        assumed = [one for one in (own, other) if name not in one.mode.given_here]
        for one in assumed:
            lacking.setdefault(one.chemistry, []).append(one.mode.id)
        says = _UNKNOWN if assumed else _FOR if holds(*values) else _AGAINST
        if claim is Claim.OCCURRENCE and not assumed and values[0] == values[1]:
            says = _NEITHER  # it need not fall in every failure mode
        by_modes.append(OfMode(mode=own.mode.id, says=says, carried=not assumed))
    if claim is Claim.OCCURRENCE and not lacking:
        by_modes = _none_falls(by_modes)
    falls = claim is Claim.OCCURRENCE and not lacking and any(one.says is _FOR for one in by_modes)
    against = any(one.says is _AGAINST for one in by_modes)
    ruling = Ruling.CONFIRMED if falls and not against else ruling_of(by_modes)
    return ClaimFound(
        claim=claim,
        chemistry=pairs[0][0].chemistry,
        against=pairs[0][1].chemistry,
        ruling=ruling,
        basis=Basis.ASSUMED if ruling is Ruling.NOT_DECIDABLE else Basis.STATED,
        by_modes=tuple(by_modes),
        needs=tuple(Needed(need=need, chemistry=c, of=tuple(modes)) for c, modes in lacking.items()),
    )


def _none_falls(by_modes: Sequence[OfMode]) -> list[OfMode]:
    """All are stated, none is lower and none higher: then each of them is against it, not beside the point."""
    if {one.says for one in by_modes} == {_NEITHER}:
        return [replace(one, says=_AGAINST) for one in by_modes]
    return list(by_modes)


def _detection(pairs: Pairs, hazards: HazardFile) -> ClaimFound:
    """More time and a better M, both, in each failure mode; less time, or a worse M, refutes it there."""
    times = [_time(own, other, hazards) for own, other in pairs]
    ratings = [_rating(own, other) for own, other in pairs]
    by_modes = []
    for time, rating in zip(times, ratings):
        against = [one for one in (time, rating) if one.says is _AGAINST]
        says = _AGAINST if against else _both(time.says, rating.says)
        carried = any(one.carried for one in against) if against else time.carried and rating.carried
        by_modes.append(OfMode(mode=time.mode, says=says, carried=carried))
    ruling = ruling_of(by_modes)
    classes = [
        Basis(one.earned.evidence) for pair in pairs for one in pair if one.earned and one.earned.evidence
    ]
    seen = min(classes, key=list(Basis).index, default=Basis.ASSUMED)
    by_hardware = any(one.carried and one.says is _AGAINST for one in ratings)
    basis = Basis.COMPUTED if hazards.left else seen
    return ClaimFound(
        claim=Claim.DETECTION,
        chemistry=pairs[0][0].chemistry,
        against=pairs[0][1].chemistry,
        ruling=ruling,
        basis=Basis.HARDWARE if ruling is Ruling.REFUTED and by_hardware else basis,
        by_modes=tuple(by_modes),
        needs=tuple(_detection_needs(pairs, hazards)) if ruling is Ruling.NOT_DECIDABLE else (),
        parts=(
            SaidBy(part=Part.TIME, basis=Basis.COMPUTED, by_modes=tuple(times)),
            SaidBy(part=Part.MONITORING, basis=seen, by_modes=tuple(ratings)),
        ),
    )


def _both(time: ModeSays, rating: ModeSays) -> ModeSays:
    if time is rating is _FOR:
        return _FOR
    return _NEITHER if _NEITHER in (time, rating) else _UNKNOWN


def _time(own: Cell, other: Cell, hazards: HazardFile) -> OfMode:
    """Is there more, by bounds that do not overlap? Carried: every figure behind them is measured."""
    fault, mode = own.mode.hazard or "", own.mode.id
    here, there = (hazards.left.get((one.chemistry, fault)) for one in (own, other))
    ends = (
        []
        if here is None or there is None
        else [here.floor_s, here.ceiling_s, there.floor_s, there.ceiling_s]
    )
    if not ends or None in ends:
        return OfMode(mode=mode, says=_UNKNOWN, carried=False)
    low, high, other_low, other_high = (one for one in ends if one is not None)
    says = _FOR if low > other_high else _AGAINST if high < other_low else _NEITHER
    measured = not any(hazards.guessed(one.chemistry, fault) for one in (own, other))
    return OfMode(mode=mode, says=says, carried=measured)


def _rating(own: Cell, other: Cell) -> OfMode:
    """Is M better, each from runs of its own chemistry? Carried: by runs on hardware.

    More attempts make a better M without any better detection, so they count for neither.
    """
    mode = own.mode.id
    if own.rated.assumed or other.rated.assumed or own.earned is None or other.earned is None:
        return OfMode(mode=mode, says=_UNKNOWN, carried=False)
    here, there = own.earned, other.earned
    better = here.rating < there.rating and (there.not_handled > 0 or here.attempts <= there.attempts)
    worse = here.rating > there.rating and (here.not_handled > 0 or here.attempts >= there.attempts)
    says = _FOR if better else _AGAINST if worse else _NEITHER
    return OfMode(mode=mode, says=says, carried=own.driven and other.driven)


def _harm(pairs: Pairs, hazards: HazardFile) -> SaidBy:
    by_modes = []
    for own, other in pairs:
        here, there = (hazards.left.get((one.chemistry, own.mode.hazard or "")) for one in (own, other))
        says = _UNKNOWN
        if here is not None and there is not None:
            says = _FOR if here.runs_away == there.runs_away else _AGAINST
        by_modes.append(OfMode(mode=own.mode.id, says=says, carried=False))
    return SaidBy(part=Part.HARM, basis=Basis.COMPUTED, by_modes=tuple(by_modes))


def _detection_needs(pairs: Pairs, hazards: HazardFile) -> Iterator[Needed]:
    unbound: dict[str, list[str]] = {}
    figures: dict[str, dict[str, None]] = {}
    undriven: dict[str, list[str]] = {}
    unasked: dict[str, list[str]] = {}
    for pair in pairs:
        fault = pair[0].mode.hazard or ""
        for one in pair:
            left = hazards.left.get((one.chemistry, fault))
            if left is None or left.floor_s is None:
                unbound.setdefault(one.chemistry, []).append(fault)
            figures.setdefault(one.chemistry, {}).update(dict.fromkeys(hazards.guessed(one.chemistry, fault)))
            if one.excused:
                unasked.setdefault(one.chemistry, []).append(one.mode.id)
            elif not one.driven:
                undriven.setdefault(one.chemistry, []).append(one.mode.id)
    for need, lacking in (
        (Need.BOUND, unbound),
        (Need.FIGURES, figures),
        (Need.HARDWARE, undriven),
        (Need.TEST, unasked),
    ):
        for chemistry, what in lacking.items():
            if what:
                yield Needed(need=need, chemistry=chemistry, of=tuple(dict.fromkeys(what)))


def _earned(chemistry: str, against: str, cells: Sequence[Cell]) -> ClaimFound:
    """S and O from a source, M from runs on hardware, in every failure mode. Worse than was assumed refutes."""
    by_modes = []
    asked = (Need.SEVERITY, Need.OCCURRENCE, Need.HARDWARE, Need.TEST)
    lacking: Mapping[Need, list[str]] = {need: [] for need in asked}
    classes: list[Basis] = []
    for one in cells:
        assumed = one.mode.monitoring_assumed
        worse = not one.rated.assumed and assumed is not None and one.rated.rating > assumed
        for name, need in (("severity", Need.SEVERITY), ("occurrence", Need.OCCURRENCE)):
            if name not in one.mode.given:
                lacking[need].append(one.mode.id)
        if not one.driven:
            lacking[Need.TEST if one.excused else Need.HARDWARE].append(one.mode.id)
        if one.earned is not None and one.earned.evidence is not None and not one.rated.assumed:
            classes.append(Basis(one.earned.evidence))
        says = _AGAINST if worse else _UNKNOWN if one.rated.assumed else _FOR
        carried = one.driven if worse else one.stands
        by_modes.append(OfMode(mode=one.mode.id, says=says, carried=carried))
    ruling = ruling_of(by_modes)
    return ClaimFound(
        claim=Claim.EARNED,
        chemistry=chemistry,
        against=against,
        ruling=ruling,
        basis=min(classes, key=list(Basis).index, default=Basis.ASSUMED),
        by_modes=tuple(by_modes),
        needs=tuple(
            Needed(need=need, chemistry=chemistry, of=tuple(modes))
            for need, modes in lacking.items()
            if modes
        )
        if ruling is Ruling.NOT_DECIDABLE
        else (),
    )
