"""The ruler that the plant is judged with, on curves whose error is known; and the charge that reaches a voltage."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import ConfigError
from bench.plant.cells import Cells
from bench.plant.charge_range import ChargeRange
from bench.plant.chemistry import Chemistry
from bench.plant.reach import soc_reaching
from bench.plant.reference import COLUMNS, CurveErrors, read_curve, score
from bench.plant.source import Curve
from bench.plant.spread import Spread

NMC = Chemistry.load("nmc")
ALIKE = Spread(capacity=0.0, resistance=0.0)
AMPERES = 100.0
SPANS_S = (1.0, 2.5, 0.5, 4.0)  # of rows that follow each other


def a_cell(soc: float, temp_c: float = 25.0, chemistry: Chemistry = NMC) -> Cells:
    return Cells(chemistry, count=1, soc=soc, temp_c=temp_c, rng=random.Random(0), spread=ALIKE)


def simulated(soc: float, hours: float, temp_c: float = 25.0) -> np.ndarray:
    """A curve by a cell without side reactions, at rows of uneven length; each span in steps of at most a second."""
    cells = a_cell(soc, temp_c, replace(NMC, coulombic_efficiency=1.0, self_discharge_1_s=0.0))
    rows, now_s, k = [], 0.0, 0
    while now_s < hours * 3600.0:
        span_s, current_a = SPANS_S[k % 4], AMPERES if k % 8 < 6 else -AMPERES / 4
        steps = int(np.ceil(span_s))
        for _ in range(steps):
            cells.step(span_s / steps, current_a)
        now_s, k = now_s + span_s, k + 1
        rows.append(
            (
                now_s,
                current_a,
                cells.voltage_v[0],
                cells.temp_c[0] + 273.15,
                soc_of(soc, rows, current_a, span_s),
            )
        )
    return np.array(rows)


def soc_of(start: float, rows: list[tuple[float, ...]], current_a: float, span_s: float) -> float:
    return (rows[-1][4] if rows else start) - current_a * span_s / 3600.0 / 50.0


def test_a_curve_of_the_plant_itself_has_no_error() -> None:
    found = score(NMC, simulated(0.97, 0.55))
    for name in CurveErrors.__slots__:
        assert getattr(found, name) < 1e-6, name


def test_an_error_counts_by_the_time_that_it_stands_in_the_part_of_the_charge_that_it_is_asked_of() -> None:
    """Root mean square by hand: 4, 5 and 7 mV above, between and below 95 and 20 %, 9 mV below 10 %."""
    curve = simulated(0.99, 0.72)
    soc, spans_s = curve[:, 4], np.diff(curve[:, 0], prepend=0.0)
    for end in (0.95, 0.2, 0.1):  # a row at each end itself
        soc[np.argmin(np.abs(soc - end))] = end
    off_mv = np.select([soc > 0.95, soc >= 0.2, soc > 0.1], [4.0, 5.0, 7.0], 9.0)
    assert set(off_mv) == {4.0, 5.0, 7.0, 9.0}
    curve[:, 2] -= 1e-3 * off_mv
    curve[:, 3] += np.where(soc > 0.5, 0.3, -0.1)
    found = score(NMC, curve)

    def by_time(where: np.ndarray, error: np.ndarray) -> float:
        return float(np.sqrt((error[where] ** 2 * spans_s[where]).sum() / spans_s[where].sum()))

    assert found.whole_mv == pytest.approx(by_time(soc > -9, off_mv), rel=1e-4)
    assert found.above_10_mv == pytest.approx(by_time(soc > 0.1, off_mv), rel=1e-4)
    assert found.middle_mv == pytest.approx(5.0, rel=1e-4)
    assert found.temperature_k == pytest.approx(by_time(soc > -9, np.where(soc > 0.5, 0.3, -0.1)), rel=1e-4)


def test_the_run_begins_at_the_curves_charge_and_whole_degree_and_at_the_capacity_it_is_told() -> None:
    assert score(NMC, simulated(0.8, 0.05, temp_c=10.0)).whole_mv < 1e-6
    warm = simulated(0.8, 0.05, temp_c=10.0)
    warm[:, 3] += 0.4
    assert score(NMC, warm).temperature_k == pytest.approx(0.4, abs=1e-6)
    small = simulated(0.8, 0.05)
    assert score(NMC, small, nominal_ah=5.0).whole_mv > 1.0, "a tenth of the capacity begins elsewhere"


def test_a_curve_without_the_middle_has_no_middles_error() -> None:
    curve = simulated(0.15, 0.01)
    assert np.isnan(score(NMC, curve).middle_mv)
    assert score(NMC, curve).above_10_mv < 1e-6


HEAD = "t_s,current_A,voltage_V,temp_K,soc\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("t,i\n1,2\n", " [line 1]: columns t, i; expected t_s, current_A, voltage_V, temp_K, soc"),
        (HEAD + "1,2,3,300,x\n", "a CSV curve"),
        (HEAD + "1,2,3,300,0.5\n2,2,nan,300,0.5\n", " [line 3]: a value that is not finite; expected numbers"),
        (HEAD + "1,2,3,300,0.5\n1,2,3,300,0.5\n", " [line 3]: time does not advance; expected rising t_s"),
        (HEAD + "1,2,3,300,0.5\n2,2,3,300,0.5\n1.5,2,3,300,1\n", "4]: time does not advance; expected rising t_s"),
    ],
)  # fmt: skip
def test_a_curve_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "curve.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read_curve(path)
    assert str(raised.value).startswith(str(path)) and str(raised.value).endswith(told)


def test_a_curve_of_one_row_is_read_and_an_absent_one_told(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text(HEAD + "1,2,3,300,0.5\n", encoding="utf-8")
    assert read_curve(path).tolist() == [[1.0, 2.0, 3.0, 300.0, 0.5]]
    assert ",".join(COLUMNS) == HEAD.strip()
    with pytest.raises(ConfigError, match=r"gone.csv: cannot be read \(.*\); expected a CSV curve"):
        read_curve(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("voltage_v", "current_a", "after_s", "temp_c"),
    [(3.2, 50.0, 2.0, 25.0), (4.22, -50.0, 3.0, 25.0), (3.4, 100.0, 1.0, 0.0), (3.7, 0.0, 0.0, 25.0)],
)
def test_from_the_charge_that_it_names_a_current_reaches_the_voltage_in_that_time(
    voltage_v: float, current_a: float, after_s: float, temp_c: float
) -> None:
    soc = soc_reaching(NMC, voltage_v=voltage_v, current_a=current_a, after_s=after_s, temp_c=temp_c)
    around_v = []
    for start in (soc - 1e-4, soc + 1e-4):
        cells = a_cell(start, temp_c)
        for _ in range(max(1, round(after_s * 10))):
            cells.step(0.1, current_a)
        around_v.append(float(cells.voltage_v[0]))
    assert around_v[0] < voltage_v < around_v[1]


def test_a_charge_is_sought_from_a_little_empty_to_well_beyond_full() -> None:
    assert soc_reaching(NMC, voltage_v=-9.0, current_a=0.0, after_s=0.1) == pytest.approx(-0.05, abs=1e-4)
    assert soc_reaching(NMC, voltage_v=9.0, current_a=0.0, after_s=0.1) == pytest.approx(1.2, abs=1e-4)
    beyond = soc_reaching(NMC, voltage_v=NMC.ocv_v(1.15), current_a=0.0, after_s=0.1)
    assert beyond == pytest.approx(1.15, abs=2e-3)


def test_the_mean_of_a_curve_is_the_area_under_its_pieces_over_the_charge_that_it_spans() -> None:
    curve = Curve(soc=np.array([0.2, 0.4, 0.8]), value=np.array([1.0, 3.0, 2.0]))
    assert curve.mean_over_soc() == pytest.approx((0.2 * 2.0 + 0.4 * 2.5) / 0.6)


def test_the_charge_is_looked_at_as_soon_as_enough_has_flowed_to_take_the_smallest_cell_out() -> None:
    """0.1 of 0.1 Ah is 36 As: less takes no cell beyond full."""
    watch, soc, capacity_ah = ChargeRange(), np.array([0.5, 0.9]), np.array([0.2, 0.1])
    assert not watch.left(soc, capacity_ah) and watch.moved_as == 0.0
    soc[1] = 1.001
    watch.moved_as = 36.0
    assert watch.left(soc, capacity_ah)
    soc[1] = 0.95
    assert not watch.left(soc, capacity_ah), "what is out is looked at each time"
    soc[0] = -0.001
    watch.moved_as = 18.1
    assert watch.left(soc, capacity_ah)
    soc[:] = [0.0, 1.0]
    assert not watch.left(soc, capacity_ah), "empty and full are inside"
