"""Faults that distributions bring: none is without proof in silence, and one that is broken stops nobody else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_parts_closed import bench_file, scenario, site

from bench import Bench, Verdict
from bench.errors import ConfigError
from bench.faults.find import fault_names, faults
from bench.measure.finding.stimulus import StimulusOutlasted
from bench.units import NS_PER_MS
from bench.wiring.plug_ins import troubles

GONE_AT_ONCE = """
from dataclasses import dataclass
from typing import ClassVar

from bench.faults.catalogue.cell_voltage import CellVoltage, CellVoltageShape
from bench.faults.port import Kind
from bench.rig.capabilities import CellVoltages, Cooling, Actuation


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone(CellVoltage):
    async def apply(self, cells: CellVoltages) -> Actuation:
        made = await cells.force(self.cells, self.voltage_v)
        await cells.release(self.cells)
        return made

    def onset(self, at):
        return ()

    def carried(self):
        return ()


class GoneShape(CellVoltageShape):
    def resolve(self, at) -> Gone:
        made = CellVoltageShape.resolve(self, at)
        return Gone(cells=made.cells, voltage_v=made.voltage_v)


KIND = Kind(
    name="acme_over", fault_class="cells", variants={"acme_over": "cells (V)"}, shape=GoneShape,
)
"""
COOLS = "async def apply(self, cooling: Cooling) -> Actuation:\n        made = await cooling.lose()\n"
ANOTHER = GONE_AT_ONCE.replace(
    "async def apply(self, cells: CellVoltages) -> Actuation:\n"
    "        made = await cells.force(self.cells, self.voltage_v)\n"
    "        await cells.release(self.cells)\n",
    COOLS + "        await cooling.restore()\n",
).replace(
    "    def onset", "    async def clear(self, cooling: Cooling) -> None:\n        pass\n\n    def onset"
)
DECLARED = '    unshown: ClassVar[str] = "trust me"\n\n    async def apply'


Bring = Callable[[str, str], None]


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bring]:
    def cleared() -> None:
        faults.cache_clear()
        fault_names.cache_clear()

    def brought(text: str, name: str) -> None:
        folder = site(tmp_path / "site", {"bms_hil.faults": {"acme_over": f"{name}.over"}}, name)
        (folder / name / "over.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        cleared()

    yield brought
    monkeypatch.undo()
    cleared()


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("acme_forces", GONE_AT_ONCE, "it sets CellVoltages, which frames show"),
        (
            "acme_forces_declared",
            GONE_AT_ONCE.replace("    async def apply", DECLARED, 1),
            "it sets CellVoltages, which frames show",
        ),
        ("acme_cooling", ANOTHER, "its onset, carried and unshown are empty"),
    ],
    ids=["cells", "cells declared", "cooling"],
)
def test_a_stimulus_that_nothing_proves_is_neither_a_pass_nor_held_against_the_dut(
    tmp_path: Path, bring: Bring, name: str, text: str, why: str
) -> None:
    bring(text, name)
    bench = Bench.open(bench_file(tmp_path))
    one = scenario(tmp_path)
    checked = bench.check(one)
    told = [line.text for line in checked.lines if "which nothing proves" in line.text]
    assert not checked.ok and told and all(why in line for line in told)
    assert f"found fault 'acme_over' of {name.replace('_', '-')} 1.2 ({name}.over)" in told[0]
    assert "ov_step_cell17.toml:" in told[0] and "[step[1].fault]" in told[0]
    injecting = [id_ for id_ in checked.scenarios if not id_.endswith("--healthy")]
    assert len(injecting) >= 3
    run = bench.run(one, repeat=1, workers=1, out=tmp_path / "runs")
    verdicts = {one.scenario_id: one.judgement.verdict for one in run.scenarios}
    assert {verdicts[id_] for id_ in injecting} == {Verdict.ERROR} and run.exit_code == 3


def test_a_fault_of_others_that_no_frame_shows_says_so_and_is_told(bring: Bring) -> None:
    bring(ANOTHER.replace("    async def apply", DECLARED, 1), "acme_told")
    (line,) = troubles()
    assert "fault 'acme_over' of acme-told 1.2 (acme_told.over): no frame shows it (trust me)" in line


BROKEN = {
    "no return": ("-> Gone", "", "GoneShape.resolve", "expected `-> YourFault`"),
    "no argument": (
        "cells: CellVoltages",
        "cells",
        "Gone.apply",
        "found argument 'cells' without a capability",
    ),
    "unknown": ("cells: CellVoltages", "cells: 'Nowhere'", "Gone.apply", "name 'Nowhere' is not defined"),
    "union": ("cells: CellVoltages", "cells: CellVoltages | None", "Gone.apply", "without a capability"),
    "any": ("cells: CellVoltages", "*cells: CellVoltages", "Gone.apply", "without a capability"),
    "no fault": ("-> Gone", "-> int", "GoneShape.resolve", "found int, which has no apply"),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_fault_that_does_not_say_what_it_asks_for_is_one_line_and_stops_only_whoever_uses_it(
    bring: Bring, tmp_path: Path, wrong: str
) -> None:
    old, new, where, why = BROKEN[wrong]
    name = f"acme_{wrong.replace(' ', '_')}"
    bring(GONE_AT_ONCE.replace(old, new, 1), name)
    (line,) = troubles()
    assert f"fault 'acme_over' of {name.replace('_', '-')} 1.2 ({name}.over, " in line and why in line
    assert where in line and "over.py:" in line and "\n" not in line
    one = scenario(tmp_path)
    bench = Bench.open(bench_file(tmp_path))
    with pytest.raises(ConfigError) as refused:
        bench.check(one)
    assert why in str(refused.value)
    one.write_text(one.read_text().replace("acme_over", "cell_voltage"), encoding="utf-8")
    assert any(why in told.text for told in bench.check(one).lines)


OUTLASTS = (
    GONE_AT_ONCE.replace("        await cells.release(self.cells)\n", "", 1)
    .replace(
        "    def onset(self, at):\n        return ()\n\n    def carried(self):\n        return ()\n",
        "    async def clear(self, cells: CellVoltages) -> None:\n"
        "        await asyncio.sleep(0.3)\n"
        "        await cells.release(self.cells)\n",
    )
    .replace("from dataclasses", "import asyncio\nfrom dataclasses", 1)
)


def test_a_stimulus_that_its_instrument_takes_off_too_late_is_told_by_a_finding_of_its_own(
    tmp_path: Path, bring: Bring
) -> None:
    bring(OUTLASTS, "acme_outlasts")
    run = Bench.open(bench_file(tmp_path)).run(scenario(tmp_path), repeat=1, workers=1, out=tmp_path / "runs")
    (twin,) = (one for one in run.scenarios if one.scenario_id.endswith("--counter-reset"))
    assert twin.judgement.verdict is Verdict.ERROR
    found = next(one.finding for one in twin.judgement.reasons if one.finding.code == "stimulus-outlasted")
    assert isinstance(found, StimulusOutlasted) and found.stimulus == "acme_over"
    assert found.late_ns == 0 and 300 <= (found.lasted_ns - found.asked_ns) / NS_PER_MS < 310
