"""A scenario in the making: what comes before its fault, the fault, and what comes after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.faults.find import kind as kind_named
from bench.faults.shapes import keys_of
from bench.scenario.model import (
    Also,
    ConstantVoltage,
    DriveText,
    Expect,
    InjectText,
    Scenario,
    Start,
    StepText,
    Wait,
    longest_ns,
)
from bench.scenario.variants.subject import Subject


@dataclass(slots=True, kw_only=True)
class VariantDraft:
    """lead: before the file's own steps, in the start mode. near: directly before the fault. tail: after it.

    after_ns: what the tail has already waited for since the fault. id: of the variant, from which chance derives.
    """

    subject: Subject
    id: str
    start: Start
    expect: Expect
    fault: InjectText
    lead: list[StepText] = field(default_factory=list)
    near: list[StepText] = field(default_factory=list)
    tail: list[StepText] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    also: list[Also] = field(default_factory=list)
    after_ns: int = 0

    @classmethod
    def of(cls, subject: Subject, name: str) -> "VariantDraft":
        scenario = subject.scenario
        return cls(
            subject=subject,
            id=name,
            start=scenario.start,
            expect=subject.expect,
            fault=subject.fault,
        )

    def expects(self, **changes: Any) -> None:
        """Change what is expected, by the names of `Expect`."""
        self.expect = replace(self.expect, **changes)

    def forbids(self, *names: str, no_more: tuple[str, ...] = ()) -> None:
        """Forbid these as well, and those of `no_more` not any longer."""
        kept = [one for one in self.expect.forbidden if one not in no_more]
        self.expects(forbidden=tuple(dict.fromkeys([*kept, *names])))

    def injection(self, fault: str, keys: Mapping[str, Any]) -> InjectText:
        """Another fault, by the keys of its [[step]]."""
        chosen = kind_named(fault)
        shape = keys_of(chosen).model_validate({"do": "inject", "fault": fault, **keys})
        self.need(chosen.capability(shape))
        return InjectText(kind=chosen, shape=shape, duration_ns=shape.duration, ttl_ns=shape.ttl)

    def need(self, capability: str) -> None:
        if capability not in (*self.subject.scenario.needs, *self.needs):
            self.needs.append(capability)

    def wait_until(self, after_ns: int) -> None:
        """Let time pass until `after_ns` after the fault, as far as the steps tell."""
        if after_ns > self.after_ns:
            self.tail.append(Wait(duration_ns=after_ns - self.after_ns))
            self.after_ns = after_ns

    def spend(self, step: StepText, lasts_ns: int = 0) -> None:
        """A step of the tail, and how long it takes."""
        self.tail.append(step)
        self.after_ns += lasts_ns

    def scenario(self, title: str) -> Scenario:
        """The whole of it, in the order in which it happens."""
        subject = self.subject
        own = subject.scenario
        before = [*self.lead, *own.steps[: subject.place], *self.near]
        steps = [*before, self.fault, *self.tail, *own.steps[subject.place + 1 :]]
        # The window begins with the first step that does something, where the file names a command as its onset.
        led = [] if self.expect.onset == "stimulus" else [*self.lead, *self.near]
        waits = (one for one in (*led, *self.tail) if isinstance(one, Wait))
        expect = replace(
            self.expect,
            step=None if self.expect.step is None and not before else len(before),
            also=tuple(dict.fromkeys([*self.expect.also, *self.also])),
            window_ns=self.expect.window_ns + longest_ns(waits),
        )
        return replace(
            own,
            id=self.id,
            title=title,
            start=self.start,
            steps=tuple(_placed(step, n) for n, step in enumerate(steps)),
            expect=expect,
            needs=(*own.needs, *self.needs),
            sweep=replace(own.sweep, repeat=1),
            requirements=(),
            performs=(),
            standards=(),
            estimates=(),
            derivation="design-analysis",
            no_twins="none: it is a variant",
        )


def _placed(step: StepText, n: int) -> StepText:
    return replace(step, step=n) if isinstance(step, DriveText | ConstantVoltage) else step
