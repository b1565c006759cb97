"""What the tables of a scenario file must not say together."""

from typing import TYPE_CHECKING

from bench.errors import choices, nearest
from bench.measure.plan import Aim
from bench.scenario.model import (
    InjectText,
    Park,
    Request,
    StepText,
)

if TYPE_CHECKING:
    from bench.config.toml_file import TomlFile
    from bench.scenario.shape import ScenarioShape

TIME_LAPSE = "time_lapse"  # the capability of letting days pass
_TABLE_OF = {"must_trip": "expect", "must_stay_safe": "expect", "must_not_trip": "quiet"}


def check_together(file: "TomlFile", shape: "ScenarioShape", steps: list[StepText], *, whole: bool) -> None:
    """What single keys cannot tell: aim and expect/quiet, steps and needs, id and the file's name.

    whole: no step is wrong, so that nothing said of all of them follows from one.
    """
    wanted = _TABLE_OF.get(shape.aim)
    if wanted is not None and getattr(shape, wanted) is None:
        file.mistake(("aim",), f"found aim '{shape.aim}' without [{wanted}]; expected [{wanted}]")
    for other in ("expect", "quiet"):
        if other != wanted and getattr(shape, other) is not None:
            only = f"[{wanted}] only" if wanted is not None else "neither [expect] nor [quiet]"
            file.mistake((other,), f"found [{other}] under aim '{shape.aim}'; expected {only}")
    if file.path.stem != shape.id.replace("-", "_"):
        expected = f"{shape.id.replace('-', '_')}.toml or id {file.path.stem.replace('_', '-')}"
        file.mistake(("id",), f"found id '{shape.id}' in {file.path.name}; expected file {expected}")
    _check_skips(file, shape)
    if shape.expect is not None and shape.expect.window <= shape.expect.hold:
        file.mistake(("expect", "window"), "found a window not longer than hold; expected a longer one")
    if whole:
        _check_steps(file, shape, steps)


def _check_skips(file: "TomlFile", shape: "ScenarioShape") -> None:
    """Levels of the space by name, under an aim that has variants."""
    skips = {} if shape.space is None or isinstance(shape.space, str) else shape.space.skip
    if not skips:
        return
    from bench.scenario.variants.find import level_names

    for name in skips:
        if name not in level_names():
            near = nearest(name, level_names())
            known = choices(name, level_names())
            file.mistake(
                ("space", "skip", name), f"found '{name}'; expected a level of the space: {known}{near}"
            )
    if shape.aim != "must_trip":
        file.mistake(
            ("space",), f"found it under aim '{shape.aim}', of which no variants are made; expected none"
        )


def _check_steps(file: "TomlFile", shape: "ScenarioShape", steps: list[StepText]) -> None:
    """Steps and needs, steps and aim."""
    injections = [step for step in steps if isinstance(step, InjectText)]
    needed = {step.kind.capability(step.shape) for step in injections}
    needed |= {TIME_LAPSE for step in steps if isinstance(step, Park)}
    for missing in sorted(needed - set(shape.needs)):
        file.mistake(("needs",), f"found no '{missing}', which a step uses; expected needs to list it")
    for spare in sorted(set(shape.needs) - needed):
        file.mistake(("needs",), f"found '{spare}', which no step uses; expected only what the steps use")
    if shape.aim != "must_not_trip" and not injections:
        file.mistake(("step",), f"found no inject step under aim '{shape.aim}'; expected one")
    if Aim(shape.aim) is Aim.MUST_REFUSE and len(injections) < len(steps):
        file.mistake(
            ("step",),
            "found another step than inject under aim 'bench_must_refuse', which ends before the DUT is asked for "
            "anything; expected inject steps only",
        )
    if Aim(shape.aim) is Aim.MUST_STAY_SAFE:
        _check_refusal(file, shape, steps)
    elif shape.start.control and shape.start.mode != "off":
        file.mistake(
            ("start", "control"),
            f"found a control before mode '{shape.start.mode}', which shows as much; expected none, or mode 'off'",
        )
    if shape.quiet is not None and shape.quiet.reaches and not any(isinstance(one, Request) for one in steps):
        file.mistake(("quiet", "reaches"), "found no request that could be obeyed; expected a step {request}")
    if shape.expect is not None and shape.expect.onset == "open_command":
        asks = any(isinstance(step, Request) and step.mode == "off" for step in steps)
        welded = {name for step in injections for name in getattr(step.shape, "contactors", ())}
        if not asks and welded != {"precharge"}:  # which the DUT opens by itself, when the link is charged
            file.mistake(
                ("expect", "onset"),
                "found onset 'open_command' without a step {request, mode off}; expected one",
            )


def _check_refusal(file: "TomlFile", shape: "ScenarioShape", steps: list[StepText]) -> None:
    """A refusal is shown by a DUT that has closed before, is open now, and is asked again with a fault."""
    if shape.start.mode != "off":
        file.mistake(
            ("start", "mode"),
            f"found mode '{shape.start.mode}' under aim 'must_stay_safe'; expected 'off': what is closed has to trip",
        )
    injected = next((n for n, step in enumerate(steps) if isinstance(step, InjectText)), len(steps))
    asked = [(n, step.mode) for n, step in enumerate(steps) if isinstance(step, Request)]
    if not asked or asked[-1][1] == "off" or asked[-1][0] < injected:
        file.mistake(
            ("step",),
            "found no request to close after the fault under aim 'must_stay_safe'; expected one, and no other after it",
        )
    for mode in dict.fromkeys(mode for _, mode in asked if mode != "off" and mode not in shape.start.control):
        file.mistake(
            ("start", "control"),
            f"found no control for mode '{mode}' under aim 'must_stay_safe'; expected control = \"{mode}\" in [start]: "
            "a DUT that never closes refuses everything",
        )
