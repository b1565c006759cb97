"""A closed cell emulator with nothing but public names: found, played in simulated time, and driven through a shot."""

from pathlib import Path

import pytest
from small_bench import ONE, small_bench

from bench import Bench, Verdict
from bench.config.instrument_kinds import instruments

ACME = """
import math

from bench import (
    CellKind,
    Confirmation,
    InstrumentError,
    Manners,
    TextExchange,
    a_line_each,
    each_on_its_line,
)

CELLS, HIGHEST_V = 12, 5.0
LAG_NS = 3_000_000


class AcmeCells:
    channels, highest_v, has_dead_man, wire_faults = CELLS, HIGHEST_V, False, frozenset()

    def __init__(self, link, clock):
        self._line, self._clock = TextExchange(link, clock, Manners(instrument="Acme cells")), clock

    async def identify(self):
        return await self._line.ask("*IDN?")

    async def set_all(self, voltages_v):
        await self._told("all " + " ".join(f"{one:.4f}" for one in voltages_v))

    async def set_cells(self, cells, voltage_v):
        for cell in cells:
            await self._told(f"cell {cell} {voltage_v:.4f}")

    async def measure(self, cells):
        volts = await self._line.numbers("read", CELLS)
        return [volts[cell - 1] for cell in cells]

    async def set_and_confirm(self, cells, voltage_v, tolerance_v):
        low_ns = self._clock.now_ns()
        await self.set_cells(cells, voltage_v)
        await self._clock.sleep_until(self._clock.now_ns() + LAG_NS)
        found = await self.measure(cells)
        if any(abs(one - voltage_v) > tolerance_v for one in found):
            raise self._line.error("read", str(found), f"not within {tolerance_v} V of {voltage_v} V")
        return Confirmation(low_ns=low_ns, high_ns=self._clock.now_ns(), readback_v=tuple(found))

    async def safe(self):
        await self._told("off")
        await self._clock.sleep_until(self._clock.now_ns() + LAG_NS)
        if any(abs(one) > 0.05 for one in await self._line.numbers("read", CELLS)):
            raise InstrumentError(f"{self._line.port} [Acme cells]: outputs are still on")

    async def outputs_on(self):
        await self._told("on")

    async def arm_dead_man(self, timeout_ns):
        if timeout_ns:
            raise self._line.no_dead_man(timeout_ns)

    async def insert(self, cells, fault):
        raise self._line.cannot(fault, "nothing")

    async def mend(self, cells):
        return None

    async def wires(self, cells):
        raise InstrumentError(f"{self._line.port} [Acme cells]: it has no relays")

    async def _told(self, sent):
        if (reply := await self._line.ask(sent)) != "ok":
            raise self._line.error(sent, reply, "refused")


class AcmeCellsPlayed:
    line_end, channels = b"\\n", CELLS

    def __init__(self):
        self.volts, self.on = [0.0] * CELLS, False

    def takes_ns(self, line, arrived_ns):
        return 1_000_000

    def output_v(self, now_ns):
        return list(self.volts) if self.on else [0.0] * CELLS

    def handle(self, line, now_ns):
        word, *rest = line.split()
        if word == "*IDN?":
            return b"Acme,cells,1,2\\n"
        if word == "read":
            return (",".join(f"{one:.4f}" for one in self.output_v(now_ns)) + "\\n").encode()
        if word in ("on", "off"):
            self.on = word == "on"
        else:
            volts = [float(one) for one in rest]
            if not all(math.isfinite(one) and 0 <= one <= HIGHEST_V for one in (volts if word == "all" else volts[1:])):
                return b"no\\n"
            if word == "all":
                self.volts = volts
            else:
                self.volts[int(volts[0]) - 1] = volts[1]
        return b"ok\\n"


KIND = CellKind(
    title="Acme cells",
    transports=("serial",),
    use="12 cells a unit",
    lines="USB serial",
    plays="all of it, without noise",
    source="Acme",
    cells=CELLS,
    wire_faults=frozenset(),
    drive=each_on_its_line(AcmeCells),
    play=a_line_each(lambda seed, number: AcmeCellsPlayed()),
    quiet=True,
)
"""


def test_a_closed_cell_emulator_is_played_and_driven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "site" / "acme_cells-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-cells\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[bms_hil.instruments]\nacme_cells = acme_cells\n")
    (tmp_path / "site" / "acme_cells.py").write_text(ACME)
    monkeypatch.syspath_prepend(tmp_path / "site")
    instruments.cache_clear()
    try:
        config = small_bench(tmp_path) / "hil_config.toml"
        text = config.read_text().replace('kind = "scpi_cell_emulator"', 'kind = "acme_cells"')
        config.write_text("\n".join(line for line in text.splitlines() if not line.startswith("dead_man")))
        run = Bench.open(config).run(ONE, repeat=1, workers=1)
    finally:
        monkeypatch.undo()
        instruments.cache_clear()
    assert run.verdict is Verdict.PASS
    said = (run.folder / "equipment.json").read_text()
    assert said.count("Acme,cells,1,2") == 1 + said.count(" + Acme,cells,1,2")
    assert "plug-in instrument acme_cells" in said
