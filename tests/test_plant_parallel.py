"""Cells in parallel: one voltage to a group, currents that share out, a cell that has parted, a short that is fed."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.config.bench_file import load_bench
from bench.errors import ConfigError
from bench.plant.build import PackShape, draw_as_made, made_of
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.plant.spread import Spread
from bench.plant.string_pack import StringPack

ROOT = Path(__file__).resolve().parents[1]
NMC = Chemistry.load("nmc")
ALIKE = Spread(capacity=0.0, resistance=0.0)


def grouped(parallel: int = 4, cells: int = 6, spread: Spread | None = None, soc: float = 0.6) -> StringPack:
    """Closed onto a link that stands at its voltage."""
    pack = StringPack(
        NMC, rng=random.Random(3), parallel=parallel, cells=cells, sensors=2, soc=soc, spread=spread
    )
    pack.link.voltage_v = pack.pack_voltage_v
    pack.set_command(True, True, False)
    run(pack, 0.1, Load(), dt_s=0.01)
    return pack


def run(pack: Pack, duration_s: float, load: Load, dt_s: float = 0.1) -> None:
    for _ in range(round(duration_s / dt_s)):
        pack.step(dt_s, load)


def test_four_equal_cells_in_parallel_are_one_of_four_times_the_size() -> None:
    pack = grouped(spread=ALIKE)
    single = Pack(NMC, rng=random.Random(3), cells=6, sensors=2, soc=0.6, spread=ALIKE)
    single.link.voltage_v = single.pack_voltage_v
    single.set_command(True, True, False)
    run(single, 0.1, Load(), dt_s=0.01)
    for load_a in (100.0, -30.0, 0.0):
        run(pack, 20.0, Load(current_a=4 * load_a))
        run(single, 20.0, Load(current_a=load_a))
        assert pack.pack_current_a == pytest.approx(4 * load_a, abs=1e-9)
        assert pack.cell_voltage_v == pytest.approx(single.cell_voltage_v, abs=2e-5)
        assert pack.soc == pytest.approx(single.soc, abs=1e-9)


def test_cells_of_a_group_share_its_voltage_and_its_current() -> None:
    """By the equation of sources side by side: each carries (E - U) / R, and together what the string carries."""
    pack = grouped()
    run(pack, 30.0, Load(current_a=200.0))
    shape = pack.mesh.open.shape
    own_v = pack.cells.voltage_v.reshape(shape)
    assert np.ptp(own_v, axis=0).max() < 1e-4
    assert pack.mesh.cell_a.sum(axis=0) == pytest.approx(np.full(6, 200.0), abs=1e-9)
    # a cell of more resistance carries less: current times resistance is alike, to what the charge has moved apart
    drop = pack.mesh.cell_a * pack.cells.resistance_scale.reshape(shape)
    assert np.ptp(drop, axis=0).max() / 50.0 < 0.01
    assert np.ptp(pack.mesh.cell_a, axis=0).max() > 1.0


def test_charge_that_cells_exchange_is_not_lost() -> None:
    """Two cells of one group at 80 and 40 % meet at what they hold together; nothing leaves the group."""
    pack = grouped(parallel=2, cells=3, spread=ALIKE)
    pack.cells.set_soc(0, 0.8)
    pack.cells.set_soc(3, 0.4)
    pack.mesh.look()
    run(pack, 1.0, Load())
    assert abs(pack.mesh.cell_a[0, 0]) > 20.0
    assert pack.mesh.cell_a[0, 0] == pytest.approx(-pack.mesh.cell_a[1, 0], abs=1e-9)
    run(pack, 7200.0, Load(), dt_s=1.0)
    assert pack.cells.soc[0] == pytest.approx(pack.cells.soc[3], abs=0.01)
    efficient = NMC.coulombic_efficiency
    assert pack.cells.soc[0] + pack.cells.soc[3] == pytest.approx(1.2, abs=0.4 * (1 - efficient) + 1e-4)


def test_a_parted_cell_takes_its_share_of_the_capacity_and_the_group_drops_more() -> None:
    pack = grouped(spread=ALIKE)
    run(pack, 1.0, Load())
    at_rest = pack.cell_voltage_v.copy()
    pack.disconnect(2, branch=1)
    run(pack, 1.0, Load())
    assert pack.cell_voltage_v == pytest.approx(at_rest, abs=1e-4)  # at rest nobody sees it
    assert pack.mesh.capacity_ah()[2] == pytest.approx(0.75 * 4 * NMC.capacity_ah)
    assert pack.soh[2] == pytest.approx(0.75)
    before = pack.soc.copy()
    run(pack, 60.0, Load(current_a=200.0))
    lost = before - pack.soc
    assert lost[2] / lost[0] == pytest.approx(4 / 3, rel=1e-4)  # but for the self-discharge
    healthy_v, parted_v = pack.cell_voltage_v[0], pack.cell_voltage_v[2]
    assert healthy_v - parted_v > 0.015  # three carry what four did: a third more drop
    assert pack.mesh.cell_a[1, 2] == 0.0
    assert pack.mesh.cell_a[[0, 2, 3], 2] == pytest.approx(np.full(3, 200.0 / 3), rel=2e-3)
    pack.reconnect(2, branch=1)
    run(pack, 600.0, Load())
    assert pack.mesh.cell_a[1, 2] > 0.0  # the fuller one gives to those that worked for it


def test_a_group_without_any_cell_interrupts_its_string() -> None:
    pack = grouped(parallel=2)
    for branch in (0, 1):
        pack.disconnect(4, branch=branch)
    run(pack, 1.0, Load(current_a=50.0))
    assert pack.pack_current_a == 0.0
    assert np.abs(pack.mesh.cell_a).max() < 1e-9


def test_an_internal_short_is_fed_by_the_neighbours() -> None:
    """At 0.1 ohm across four cells of one voltage: I = U/R, a quarter from each, and all the heat in one."""
    pack = grouped(spread=ALIKE)
    pack.cells.short_ohm[2] = 0.1  # the first cell of group 3
    run(pack, 1.0, Load())
    volt = float(pack.cell_voltage_v[2])
    from_neighbours_a = pack.mesh.cell_a[1:, 2]
    assert from_neighbours_a == pytest.approx(np.full(3, volt / 0.1 / 4), rel=0.01)
    assert pack.mesh.cell_a[0, 2] == pytest.approx(-from_neighbours_a.sum(), abs=1e-9)
    assert pack.pack_current_a == pytest.approx(0.0, abs=1e-9)
    run(pack, 60.0, Load())
    temp_c = pack.cells.temp_c.reshape(pack.mesh.open.shape)[:, 2]
    assert temp_c[0] > temp_c[1:].max() + 1.0
    alone = Pack(NMC, rng=random.Random(3), cells=6, sensors=2, soc=0.6, spread=ALIKE)
    alone.cells.short_ohm[2] = 0.1
    run(alone, 61.0, Load())
    assert pack.soc[2] - alone.soc[2] == pytest.approx(0.75 * (0.6 - alone.soc[2]), rel=0.05)


def test_a_hard_short_in_a_group_stays_a_passive_circuit() -> None:
    pack = grouped(spread=ALIKE)
    pack.cells.short_ohm[2] = 1e-3
    for _ in range(300):
        pack.step(0.1, Load(current_a=20.0))
        assert np.isfinite(pack.cell_voltage_v).all()
        assert pack.cell_voltage_v.min() > -0.05
        assert pack.mesh.cell_a.sum(axis=0) == pytest.approx(np.full(6, 20.0), abs=1e-6)
    assert pack.temp_c[2] > pack.temp_c[5] + 20.0


def test_heat_flows_along_the_row_of_cells_and_none_is_lost() -> None:
    pack = grouped(parallel=3, cells=4, spread=ALIKE)
    thermal = pack.cells.thermal
    thermal.ambient_k_w[:] = 1e12
    thermal.cooling = 0.0
    temp_c = np.full(12, 25.0)
    temp_c[2 * 4 + 1] = 85.0  # last cell of group 2: beside its own middle cell, and the first of group 3
    flow_w = thermal.flow_w(temp_c).copy().reshape(3, 4)
    out_w = 60.0 / NMC.r_thermal_neighbour_k_w
    assert flow_w[2, 1] == pytest.approx(-2 * out_w)
    assert flow_w[1, 1] == pytest.approx(out_w)
    assert flow_w[0, 2] == pytest.approx(out_w)
    assert flow_w.sum() == pytest.approx(0.0, abs=1e-6)


def test_energy_that_a_group_gives_is_what_its_cells_lose() -> None:
    """Each second: sum of U_oc I over the cells is what leaves at the terminals and what stays as heat."""
    pack = grouped()
    run(pack, 5.0, Load(current_a=200.0))
    inner_w = (pack.cells.open_circuit_v.reshape(4, 6) * pack.mesh.cell_a).sum()
    heat_w = ((pack.cells.open_circuit_v - pack.cells.voltage_v).reshape(4, 6) * pack.mesh.cell_a).sum()
    joints_w = pack.taps.busbar_ohm.sum() * 200.0**2
    assert inner_w - heat_w == pytest.approx(pack.pack_voltage_v * 200.0 + joints_w, rel=1e-5)


def test_one_string_of_single_cells_is_the_plain_pack() -> None:
    shape = PackShape(series=96, sensors=24)
    assert type(made_of(NMC, shape, rng=random.Random(1), soc=0.5)) is Pack
    made = made_of(NMC, replace(shape, parallel=2), rng=random.Random(1), soc=0.5)
    assert isinstance(made, StringPack)
    assert made.cell_voltage_v.size == 96


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("parallel", "1.5", "pack.parallel"),
        ("parallel", "0", "pack.parallel"),
        ("strings", "0", "pack.strings"),
        ("strings", '"two"', "pack.strings"),
    ],
)
def test_nonsense_in_the_bench_file_is_one_line(tmp_path: Path, key: str, value: str, told: str) -> None:
    text = (
        (ROOT / "hil_config.toml")
        .read_text(encoding="utf-8")
        .replace("cells = 96", f"cells = 96\n{key} = {value}")
    )
    text = text.replace('"dbc/', f'"{ROOT}/dbc/')
    (tmp_path / "hil_config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_bench(tmp_path / "hil_config.toml")
    lines = str(wrong.value).splitlines()
    assert len(lines) == 1
    assert told in lines[0] and value.strip('"') in lines[0] and "expected" in lines[0]


@pytest.mark.parametrize("chemistry", ["nmc", "lfp", "na_nfm"])
def test_a_cell_that_burns_in_its_group_is_fed_by_no_more_than_the_others_can_give(chemistry: str) -> None:
    """Without a load the currents of the group sum to none; each cell gives what lies ready in a step, and no more."""
    facts = Chemistry.load(chemistry)
    pack = StringPack(facts, rng=random.Random(4), parallel=4, cells=6, sensors=2, soc=0.9)
    pack.cells.heat_w[2] = 3000.0
    pack.stand(150.0)
    assert pack.cells.runaway is not None and pack.cells.runaway.runaway[2]
    limit = facts.abuse.limit
    ready_a = limit.c_rate * facts.capacity_ah / -np.expm1(-1.0 / limit.tau_s)
    largest_a = 0.0
    for _ in range(30):
        pack.stand(1.0)
        assert pack.mesh.cell_a.sum(axis=0) == pytest.approx(np.zeros(6), abs=1e-6)
        largest_a = max(largest_a, float(pack.mesh.cell_a.max()))
        assert -0.1 < pack.cell_voltage_v[2] < facts.v_op_max
    assert largest_a < 1.1 * ready_a


def test_a_dry_zinc_cell_neither_gives_nor_takes_current_in_its_group() -> None:
    pack = StringPack(
        Chemistry.load("zn_chitosan"), rng=random.Random(4), parallel=4, cells=6, sensors=2, soc=0.9
    )
    pack.link.voltage_v = pack.pack_voltage_v
    pack.set_command(True, True, False)
    pack.cells.heat_w[2] = 3000.0
    run(pack, 500.0, Load(current_a=20.0), dt_s=1.0)
    assert pack.cells.aqueous is not None and pack.cells.aqueous.dry[2]
    assert abs(pack.mesh.cell_a[0, 2]) < 1.0
    assert pack.mesh.cell_a[1:, 2].sum() == pytest.approx(20.0, abs=1.0)


@pytest.mark.parametrize(
    "shape",
    [
        PackShape(series=96, sensors=24),
        PackShape(series=6, sensors=2, parallel=3),
        PackShape(series=6, sensors=6, strings=3, parallel=2),
    ],
)
def test_what_is_drawn_behind_a_pack_is_known_without_one(shape: PackShape) -> None:
    made, alone = random.Random(7), random.Random(7)
    made_of(NMC, shape, rng=made, soc=0.5)
    draw_as_made(shape, alone)
    assert alone.getstate() == made.getstate() != random.Random(7).getstate()
