"""A Weiss or Vötsch climate chamber around the pack, as a bench file names it."""

from bench.config.options import whole
from bench.instruments.kinds import ChamberKind, played
from bench.instruments.weiss_simserv.driver import WeissSimserv
from bench.instruments.weiss_simserv.sim import WeissSimservSim, attach_simserv

DOOR = whole("door_input", "digital input of the door's contact; 0: not looked at", 0, 0, 32)

KIND = ChamberKind(
    title="Weiss or Vötsch chamber",
    transports=("tcp", "serial"),
    use="climate chamber around the pack",
    lines="TCP 2049",
    plays="set point, gradient, actual value, door; codes for what it refuses; moves at its gradient",
    source="SIMSERV command numbers as in the public drivers VotschTechnik-climate-chamber-Python and "
    "ClimateChamberMonitor, after the maker's S!MPAC simserv manual",
    options=(DOOR,),
    drive=lambda link, clock, asked: WeissSimserv(link, clock, door_input=asked[DOOR]),
    play=played(lambda asked: WeissSimservSim(door_input=asked[DOOR]), attach_simserv),
)
