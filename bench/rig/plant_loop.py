"""The plant's half of the closed loop: it hears what the DUT commands, and the vehicle's load, and moves on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.config.lag import Lag
from bench.plant.coasting import Coasting, Commands
from bench.plant.pack import Load, Pack
from bench.rig.fit_watch import FitWatch
from bench.rig.vehicle import PLANT_PERIOD_NS, VehicleSide
from bench.rig.view import TraceView
from bench.timing.clock import Clock
from bench.trace.facts import ContactorsFollowed
from bench.trace.timeline import Trace


@dataclass(slots=True, kw_only=True)
class PlantLoop:
    """`step` once every PLANT_PERIOD_NS.

    contactor_lag: how long after the fact `contactor_commands` may hear of it.
    """

    clock: Clock
    trace: Trace
    view: TraceView
    pack: Pack
    vehicle: VehicleSide
    contactor_commands: Callable[[], Commands | None]
    charge_limit_a: Callable[[], float | None]
    pyro_command: Callable[[], bool]
    contactor_lag: Lag | None
    fit: FitWatch = field(init=False)
    _coasting: Coasting = field(init=False)
    _commands: Commands = (False, False, False)
    _load: Load = field(default_factory=Load)

    def __post_init__(self) -> None:
        self._coasting = Coasting(self.pack)
        self.fit = FitWatch(clock=self.clock, trace=self.trace, pack=self.pack)

    def settle(self) -> None:
        """Bring the plant to the present, for whoever looks at its cells between two steps."""
        self._coasting.settle()

    def step(self) -> None:
        self.view.update()
        self._move(self.contactor_commands() or self._commands, self.charge_limit_a(), self.pyro_command())

    def _move(self, commands: Commands, limit_a: float | None, fires_pyro: bool) -> bool:
        """One period under what the DUT says. False where time has passed, and nothing else."""
        if self.contactor_lag is not None and commands != self._commands:
            self._tell_followed(commands, self.contactor_lag)
        self._commands = commands
        if fires_pyro:
            self.pack.fire_pyro()
        vehicle = self.vehicle
        charge_a = vehicle.charge_a
        if limit_a is not None and not vehicle.charger_ignores_limit:
            charge_a = min(charge_a, limit_a)
        load = self._load
        if load.current_a != vehicle.load_a or load.charge_current_a != charge_a:
            load = self._load = Load(current_a=vehicle.load_a, charge_current_a=charge_a)
        moved = self._coasting.step(PLANT_PERIOD_NS, self._commands, load)
        self.fit.look()
        return moved or fires_pyro

    def _tell_followed(self, commands: Commands, lag: Lag) -> None:
        """The bench can move the plant only when it hears of it; when it really was is told as an interval."""
        now_ns = self.clock.now_ns()
        plus, minus, precharge = commands[:3]
        followed = ContactorsFollowed(
            plus=plus,
            minus=minus,
            precharge=precharge,
            low_ns=now_ns - PLANT_PERIOD_NS - lag.high_ns,
            high_ns=now_ns - lag.low_ns,
        )
        self.trace.mark(now_ns, followed, "plant")
