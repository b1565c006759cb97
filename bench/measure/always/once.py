"""One fault of the DUT is told once: not again by a statement, where the scenario's own question has told it."""

from collections.abc import Iterable

from bench.measure.always.look import Looked
from bench.measure.finding.always import CodeWithoutFlag, OutputWithoutCause
from bench.measure.finding.answer import UnexpectedCode, UnexpectedReport
from bench.measure.finding.base import Finding
from bench.measure.plan import Plan


def told_once(looked: Looked, plan: Plan, wrong: Iterable[Finding]) -> Looked:
    """wrong: the wrong reports of the shot, whether they fail it or are only told."""
    names = {one.name for one in wrong if isinstance(one, UnexpectedReport)}
    said = [one for message in plan.unexpected for one in message.says if one[0] in names]
    signals = {signal for _, signal, _, _ in said}
    codes = {one.dtc for one in wrong if isinstance(one, UnexpectedCode)} | {code for *_, code in said}

    def is_new(one: Finding) -> bool:
        match one:
            case OutputWithoutCause():
                return one.signal not in signals
            case CodeWithoutFlag():
                return one.dtc not in codes
            case _:
                return True

    return looked._replace(always=tuple(filter(is_new, looked.always)))
