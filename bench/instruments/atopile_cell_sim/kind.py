"""atopile cell-sim, as a bench file names it."""

from bench.instruments.atopile_cell_sim.driver import AtopileCellSim
from bench.instruments.atopile_cell_sim.sim import AtopileCellSimSim
from bench.instruments.kinds import CellKind
from bench.instruments.virtual_cells import a_line_each, each_on_its_line

KIND = CellKind(
    title="atopile cell-sim",
    transports=("serial",),
    use="16 cells a card; wires open",
    lines="USB serial",
    plays="protocol v1: boots ON at 3.5 V, 10 ms grid of set points, tail of 100 ms downwards unless the load switch "
    "bleeds, `Error:` lines, two decimals in `GETALLV`",
    source="SOFTWARE.md of github.com/atopile/cell-sim",
    cells=16,
    wire_faults=AtopileCellSim.wire_faults,
    drive=each_on_its_line(AtopileCellSim),
    play=a_line_each(lambda seed, number: AtopileCellSimSim(seed=seed, number=number)),
)
