"""The MEATEST resistance decade between a pole and chassis, as a bench file names it."""

from bench.instruments.kinds import LeakKind, played
from bench.instruments.meatest_decade.driver import MeatestDecade
from bench.instruments.meatest_decade.sim import MeatestDecadeSim
from bench.instruments.played_lines import attach_lines

KIND = LeakKind(
    title="MEATEST resistance decade",
    transports=("serial", "tcp"),
    use="insulation leak at one pole (`pole`)",
    lines="RS-232, USB, LAN",
    plays="SCPI with an error queue, a range, open terminals when off",
    source="MEATEST operation manuals M194, M631: command syntax, SCPI commands",
    baud=9600,
    drive=lambda link, clock, _: MeatestDecade(link, clock),
    play=played(lambda _: MeatestDecadeSim(), attach_lines),
)
