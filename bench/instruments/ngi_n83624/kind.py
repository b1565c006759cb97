"""NGI N83624, as a bench file names it."""

from bench.instruments.kinds import CellKind
from bench.instruments.ngi_n83624.driver import NgiN83624
from bench.instruments.ngi_n83624.sim import NgiN83624Sim
from bench.instruments.virtual_cells import a_line_each, each_on_its_line

KIND = CellKind(
    title="NGI N83624",
    transports=("serial", "tcp"),
    use="24 cells a unit; wires open, short, reversed",
    lines="RS-232 115200, TCP 7000",
    plays="one command every 250 ms (500 ms for lists), what comes earlier is lost; slow readings (24 currents: "
    "4.5 s); lost replies; no error replies; 0 mA limit in the low and auto ranges keeps the output at 0 V; fault "
    "relay only in source mode, off and without voltage; `*RST` 10 s",
    source="NGI programming guides SCPI V20240130 and field driver, github.com/ami3go/NGI-N83624-Battery-simulator",
    cells=24,
    safe_ns=30_000_000_000,
    wire_faults=NgiN83624.wire_faults,
    drive=each_on_its_line(NgiN83624),
    play=a_line_each(lambda seed, number: NgiN83624Sim(seed=seed, number=number)),
)
