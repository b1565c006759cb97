"""A scenario meets DUT, chemistry and budget: names and thresholds become numbers, or a clear mistake."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.config.profile import DutProfile, Flag, Role, RoleTest
from bench.errors import ScenarioError, nearest
from bench.faults.port import OnsetTest, Terminals
from bench.measure.plan import Aim, Plan, SignalTest
from bench.scenario.model import Inject, InjectText, Request, Scenario, Step, StepText
from bench.units import NS_PER_S, format_ns
from bench.verdict.result import Budget

if TYPE_CHECKING:
    from bench.codec.database import Database

# Longer than any shot: a fault without a ttl of its own ends with its shot, or here when the bench hangs.
LONGEST_TTL_NS = 120 * NS_PER_S


def resolve(
    scenario: Scenario,
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budget: Budget,
    cells: int,
    decoders: Mapping[str, "Database"],
) -> tuple[Plan, list[Step]]:
    """The questions and the steps of one scenario on one bench.

    thresholds: ov_*, uv_* in V, iso_* in ohm per volt of pack voltage. decoders: by channel. Raises
    ScenarioError, one line per mistake; nothing has been driven then.
    """
    resolver = _Resolver(scenario, profile, thresholds, budget, cells, decoders)
    steps = [step for n, text in enumerate(scenario.steps) if (step := resolver.step(text, n)) is not None]
    resolver.stop_on_mistakes()
    plan = resolver.plan(steps)
    resolver.stop_on_mistakes()
    return plan, steps


class _Resolver:
    """Looks names up, and notes every one that is not there."""

    def __init__(
        self,
        scenario: Scenario,
        profile: DutProfile,
        thresholds: Mapping[str, float],
        budget: Budget,
        cells: int,
        decoders: Mapping[str, "Database"],
    ) -> None:
        self._scenario = scenario
        self._profile = profile
        self._thresholds = thresholds
        self._budget = budget
        self._cells = cells
        self._decoders = decoders
        self._mistakes: dict[str, None] = {}  # the same mistake is told once, in order

    def stop_on_mistakes(self) -> None:
        if self._mistakes:
            raise ScenarioError("\n".join(self._mistakes))

    # --- steps -------------------------------------------------------------------------------------------

    def step(self, text: StepText, index: int) -> Step | None:
        match text:
            case CellVoltageText(cells=cells, voltage=voltage, duration_ns=duration_ns):
                for cell in cells:
                    if not 1 <= cell <= self._cells:
                        self._mistake(
                            ("step", index, "cells"), f"found cell {cell}; expected 1 to {self._cells}"
                        )
                value_v = self._value(voltage, ("step", index, "voltage"))
                return InjectCellVoltage(cells=cells, voltage_v=value_v, duration_ns=duration_ns)
            case InsulationText(pole=pole, resistance=resistance, duration_ns=duration_ns):
                value = self._value(resistance, ("step", index, "resistance"))
                if value < 0:
                    self._mistake(
                        ("step", index, "resistance"), f"found {value:g} ohm/V; expected a resistance above 0"
                    )
                return InjectInsulation(pole=pole, ohm_per_volt=value, duration_ns=duration_ns)
            case Request(mode=mode):
                self._known(mode, self._profile.modes, ("step", index, "mode"), "mode")
                return replace(text, mode_value=self._profile.modes.get(mode, -1))
            case _:
                return text

    def _value(self, expression: Expression, place: tuple[str | int, ...]) -> float:
        try:
            return value_of(expression, self._thresholds)
        except ValueError as unknown:
            self._mistake(place, str(unknown))
            return 0.0

    # --- plan --------------------------------------------------------------------------------------------

    def plan(self, steps: list[Step]) -> Plan:
        profile = self._profile
        heard = tuple((beat.channel, beat.message, beat.longest_gap_ns) for beat in profile.heartbeat)
        for channel, message, _ in heard:
            self._message(channel, message)
        injected = any(isinstance(step, _INJECTIONS) for step in steps)
        if self._scenario.aim is Aim.MUST_NOT_TRIP:
            return self._quiet_plan(steps, heard, injected)
        return self._trip_plan(steps, heard, injected)

    def _quiet_plan(self, steps: list[Step], heard: tuple[tuple[str, str, int], ...], injected: bool) -> Plan:
        quiet = self._scenario.quiet
        if quiet is None:
            raise ScenarioError(
                f"{self._scenario.file}: found no [quiet]; expected one under aim 'must_not_trip'"
            )
        return Plan(
            aim=Aim.MUST_NOT_TRIP,
            onset=self._onset(steps),
            detection=(),
            safe_state=(),
            forbidden=self._forbidden(quiet.forbidden, "quiet", None),
            heard=heard,
            dtc_test=None,
            confirm_by_readback=injected,
            hold_ns=0,
            window_ns=quiet.window_ns,
            floor_ns=None,
            ceiling_ns=None,
            fdti_budget_ns=None,
            fhti_budget_ns=None,
            ftti_ns=None,
        )

    def _trip_plan(self, steps: list[Step], heard: tuple[tuple[str, str, int], ...], injected: bool) -> Plan:
        expect, profile, budget = self._scenario.expect, self._profile, self._budget
        if expect is None:
            raise ScenarioError(
                f"{self._scenario.file}: found no [expect]; expected one under aim 'must_trip'"
            )
        self._known(expect.flag, profile.flags, ("expect", "flag"), "flag")
        self._known(expect.safe_state, profile.safe_states, ("expect", "safe_state"), "safe state")
        self.stop_on_mistakes()
        flag = profile.flags[expect.flag]
        detection = tuple(self._test(test) for test in flag.tests)
        safe_state = [self._test(test) for test in profile.safe_states[expect.safe_state]]
        if expect.safe_state in profile.safe_states_with_flag:
            safe_state.append(detection[0])
        self._check_budget(flag)
        floor_ns, ceiling_ns = self._bounds(flag)
        dtc = None
        if flag.dtc is not None:
            dtc = self._test(RoleTest(role=profile.roles["dtc_code"], op="==", value=float(flag.dtc)))
        return Plan(
            aim=Aim.MUST_TRIP,
            onset=self._opened(steps) if expect.onset == "open_command" else self._onset(steps),
            detection=detection,
            safe_state=tuple(safe_state),
            forbidden=self._forbidden(expect.forbidden, "expect", flag),
            heard=heard,
            dtc_test=dtc,
            confirm_by_readback=injected,
            hold_ns=expect.hold_ns,
            window_ns=expect.window_ns,
            floor_ns=floor_ns,
            ceiling_ns=ceiling_ns,
            fdti_budget_ns=budget.fdti_ns,
            fhti_budget_ns=budget.fhti_ns,
            ftti_ns=budget.ftti_ns,
        )

    def _bounds(self, flag: Flag) -> tuple[int | None, int | None]:
        """How early and how late detection may come: as the scenario says, or as the profile predicts."""
        expect = self._scenario.expect
        if expect is None:
            return None, None
        floor_ns, ceiling_ns = expect.floor_ns, expect.ceiling_ns
        if expect.floor_from_profile or expect.ceiling_from_profile:
            if flag.debounce is None:
                which = "floor" if expect.floor_from_profile else "ceiling"
                self._mistake(
                    ("expect", which),
                    f"found 'profile', but flag '{flag.name}' has no debounce there; expected a duration",
                )
                return None, None
            cycle_ns = self._cycle_ns(flag.role)
            if expect.floor_from_profile:
                floor_ns = flag.debounce.floor_ns(cycle_ns, self._profile.base_period_ns)
            if expect.ceiling_from_profile:
                ceiling_ns = flag.debounce.ceiling_ns(cycle_ns, self._profile.base_period_ns)
        if floor_ns is not None and ceiling_ns is not None and floor_ns > ceiling_ns:
            self._mistake(
                ("expect", "floor"),
                f"found {format_ns(floor_ns)}; expected at most the ceiling, {format_ns(ceiling_ns)}",
            )
        return floor_ns, ceiling_ns

    def _check_budget(self, flag: Flag) -> None:
        """A budget the rig cannot resolve is none: detection is seen once per cycle of the flag's message."""
        budget, cycle_ns = self._budget, self._cycle_ns(flag.role)
        for name, limit_ns in (("FDTI", budget.fdti_ns), ("FRTI", budget.frti_ns)):
            if limit_ns < cycle_ns:
                self._mistake(
                    ("safety_goal",),
                    f"found {budget.safety_goal} with {name} {format_ns(limit_ns)}, too fine for this rig; "
                    f"expected at least {format_ns(cycle_ns)}, the cycle of {flag.role.message}",
                )
        if budget.fhti_ns > budget.ftti_ns:
            self._mistake(
                ("safety_goal",),
                f"found {budget.safety_goal} with FDTI + FRTI = {format_ns(budget.fhti_ns)}; "
                f"expected at most its FTTI of {format_ns(budget.ftti_ns)}",
            )
        expect = self._scenario.expect
        if expect is not None and expect.window_ns < budget.fhti_ns:
            self._mistake(
                ("expect", "window"),
                f"found {format_ns(expect.window_ns)}; expected at least the budget's FDTI + FRTI of "
                f"{format_ns(budget.fhti_ns)}",
            )

    # --- tests -------------------------------------------------------------------------------------------

    def _onset(self, steps: list[Step]) -> tuple[SignalTest, ...]:
        """Where the stimulus shows at the DUT's terminals; empty where no frame shows it."""
        for step in steps:
            match step:
                case InjectCellVoltage(cells=cells, voltage_v=voltage_v):
                    op, value_v = self._voltage_bound(voltage_v)
                    return self._shown("cell_voltage", op, value_v, cells)
                case InjectChargerOverride():
                    trip_v = self._threshold("ov_trip")
                    return self._shown("cell_voltage", ">=", trip_v, range(1, self._cells + 1))
                case InjectInsulation(pole=pole, ohm_per_volt=ohm_per_volt):
                    return self._insulation_onset(pole, ohm_per_volt)
                case _:
                    continue
        return ()

    def _voltage_bound(self, voltage_v: float) -> tuple[str, float]:
        """The trip threshold where the stimulus crosses it; else (a twin below it) the stimulus itself."""
        over_v, under_v = self._threshold("ov_trip"), self._threshold("uv_trip")
        if voltage_v < (over_v + under_v) / 2:
            return "<=", under_v if voltage_v <= under_v else voltage_v + _SHOWN_WITHIN_V
        return ">=", over_v if voltage_v >= over_v else voltage_v - _SHOWN_WITHIN_V

    def _insulation_onset(self, pole: Pole, ohm_per_volt: float) -> tuple[SignalTest, ...]:
        """Pole resistance below the larger of fault threshold and stimulus.

        Taken at the highest pack voltage (all cells at their trip): the stimulus scales with the voltage of
        the moment, and a healthy pole is orders of magnitude above either.
        """
        value = max(self._threshold("iso_fault"), ohm_per_volt)
        ohm = value * self._cells * self._threshold("ov_trip")
        poles = ("plus", "minus") if pole is Pole.BOTH else (pole.value,)
        return tuple(test for name in poles for test in self._shown(f"insulation_{name}", "<=", ohm))

    def _shown(
        self, quantity: str, op: str, value_si: float, numbers: Iterable[int] = (0,)
    ) -> tuple[SignalTest, ...]:
        """What the bench plays of a quantity, in the unit and with the sign the DUT is shown it."""
        tests = [self._profile.shown(quantity, op, value_si, number) for number in numbers]
        if None in tests:
            self._mistake(
                ("step",), f"found a fault of {quantity}; expected a profile whose [[play]] shows it"
            )
        return tuple(self._test(test) for test in tests if test is not None)

    def _opened(self, steps: list[Step]) -> tuple[SignalTest, ...]:
        """The DUT's own open command to a welded contactor: from here on it can know."""
        welded = [step.contactors for step in steps if isinstance(step, InjectContactorWeld)]
        names = dict.fromkeys(name for contactors in welded for name in contactors) or {"plus": None}
        missing = [name for name in names if f"{name}_command" not in self._profile.roles]
        if missing:
            self._mistake(
                ("expect", "onset"),
                f"found 'open_command', but the profile has no output '{missing[0]}_command'; expected one",
            )
            return ()
        return tuple(
            self._test(RoleTest(role=self._profile.roles[f"{name}_command"], op="==", value=0.0))
            for name in names
        )

    def _forbidden(self, names: tuple[str, ...], table: str, own: Flag | None) -> tuple[SignalTest, ...]:
        profile = self._profile
        roles = profile.roles
        trips = [test for flag in profile.flags.values() for test in flag.tests]
        ours = own.tests if own is not None else ()
        mains = [roles[r] for r in ("plus_command", "minus_command") if r in roles]
        known: dict[str, tuple[RoleTest, ...]] = {
            "any_trip": tuple(trips),
            "other_trip": tuple(test for test in trips if test not in ours),
            "state_error": (RoleTest(role=roles["state"], op="==", value=float(profile.states["error"])),),
        }
        if mains:
            known["mains_open"] = tuple(RoleTest(role=role, op="==", value=0.0) for role in mains)
        if "precharge_command" in roles:
            known["precharge_closed"] = (RoleTest(role=roles["precharge_command"], op="==", value=1.0),)
        known |= profile.tests
        tests: list[SignalTest] = []
        for name in names:
            if self._known(name, known, (table, "forbidden"), "test") in known:
                tests.extend(self._test(test) for test in known[name])
        return tuple(dict.fromkeys(tests))

    def _test(self, test: RoleTest) -> SignalTest:
        role = test.role
        signals = self._message(role.channel, role.message)[0]
        if signals and role.signal not in signals:
            self._profile_mistake(
                f"signal '{role.signal}' of {role.channel}.{role.message}", role.signal, signals
            )
        return SignalTest(
            channel=role.channel, message=role.message, signal=role.signal, op=test.op, value=test.value
        )

    # --- names -------------------------------------------------------------------------------------------

    def _cycle_ns(self, role: Role) -> int:
        return self._message(role.channel, role.message)[1]

    def _message(self, channel: str, message: str) -> tuple[tuple[str, ...], int]:
        """(signal names, cycle in ns) of a message; empty, and a mistake noted, where there is none."""
        if channel not in self._decoders:
            self._profile_mistake(f"channel '{channel}'", channel, self._decoders)
            return (), 0
        known = {m.name: m for m in self._decoders[channel].messages}
        if message not in known:
            self._profile_mistake(f"message '{message}' on {channel}", message, known)
            return (), 0
        return known[message].signal_names, known[message].cycle_ns

    def _threshold(self, name: str) -> float:
        if name in self._thresholds:
            return self._thresholds[name]
        self._mistake(
            ("step",),
            f"found no threshold '{name}' of this chemistry; expected it among {', '.join(self._thresholds)}",
        )
        return 0.0

    def _known(self, name: str, known: Mapping[str, object], place: tuple[str | int, ...], what: str) -> str:
        if name not in known:
            near = nearest(name, known)
            self._mistake(place, f"found unknown {what} '{name}'; expected one of {', '.join(known)}{near}")
        return name

    def _profile_mistake(self, found: str, word: str, known: Mapping[str, object] | tuple[str, ...]) -> None:
        shown = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "")
        line = f"{self._profile.file}: found unknown {found}; expected one of {shown}{nearest(word, known)}"
        self._mistakes[line] = None

    def _mistake(self, place: tuple[str | int, ...], text: str) -> None:
        from bench.config.toml_file import located

        self._mistakes[located(self._scenario.file, self._scenario.lines, place, text)] = None
