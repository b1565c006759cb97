"""Makes the reference curves beside this file with PyBaMM (see README.md): `python make.py [nmc_udds_25C ...]`.

It is no part of the test suite and needs PyBaMM, which the bench does not. Each curve is one virtual cell of 50 Ah: a
Doyle-Fuller-Newman model with lumped heat, stepped under a current that is constant between two rows.
"""

import csv
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pybamm
from pybamm.input.parameters.lithium_ion import OKane2022, ORegan2022
from pybamm.input.parameters.sodium_ion import Chayambuka2022
from scipy.interpolate import PchipInterpolator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))  # the bench's car; it needs nothing but the standard library

from bench.plant.vehicle import Vehicle  # noqa: E402

KMH_PER_M_S, MPH_PER_M_S = 3.6, 1.0 / 0.44704
CAPACITY_AH = 50.0
FILM_W_M2K = 10.0
R, T_REF_K = 8.314462618, 298.15
COLUMNS = ("t_s", "current_A", "voltage_V", "temp_K", "soc")
PULSES_AT = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)
Hold = tuple[float, float, tuple[float, ...]]  # current in A, for s, rows kept at these seconds of it


def warmer(ea_j_mol: float, temp_k: pybamm.Symbol) -> pybamm.Symbol:
    return pybamm.exp(ea_j_mol / R * (1.0 / T_REF_K - 1.0 / temp_k))


def nmc() -> pybamm.ParameterValues:
    """Chen2020 with the Arrhenius terms of OKane2022 and the entropic change of ORegan2022: the same LG M50 cell."""
    values = pybamm.ParameterValues("Chen2020")
    values.update(
        {
            "Negative particle diffusivity [m2.s-1]": OKane2022.graphite_LGM50_diffusivity_Chen2020,
            "Positive particle diffusivity [m2.s-1]": OKane2022.nmc_LGM50_diffusivity_Chen2020,
            "Electrolyte diffusivity [m2.s-1]": OKane2022.electrolyte_diffusivity_Nyman2008_arrhenius,
            "Electrolyte conductivity [S.m-1]": OKane2022.electrolyte_conductivity_Nyman2008_arrhenius,
            "Negative electrode OCP entropic change [V.K-1]": (
                ORegan2022.graphite_LGM50_entropic_change_ORegan2022
            ),
            "Positive electrode OCP entropic change [V.K-1]": ORegan2022.nmc_LGM50_entropic_change_ORegan2022,
        }
    )
    return values


def lfp() -> pybamm.ParameterValues:
    """Prada2013; the set has no temperature dependence of transport: 17, 30 and 25 kJ/mol are estimates."""
    values = pybamm.ParameterValues("Prada2013")
    negative = values["Negative particle diffusivity [m2.s-1]"]
    positive = values["Positive particle diffusivity [m2.s-1]"]
    salt = values["Electrolyte diffusivity [m2.s-1]"]
    conducts = values["Electrolyte conductivity [S.m-1]"]
    values.update(
        {
            "Negative particle diffusivity [m2.s-1]": lambda sto, temp_k: negative * warmer(30e3, temp_k),
            "Positive particle diffusivity [m2.s-1]": lambda sto, temp_k: positive * warmer(25e3, temp_k),
            "Electrolyte diffusivity [m2.s-1]": lambda c_e, temp_k: salt * warmer(17e3, temp_k),
            "Electrolyte conductivity [S.m-1]": lambda c_e, temp_k: (
                conducts(c_e, temp_k) * warmer(17e3, temp_k)
            ),
        }
    )
    return values


def na_ion() -> pybamm.ParameterValues:
    """Chayambuka2022, 16 times faster in the solid and at its surface; the Arrhenius terms are estimates.

    As published the cell takes only 72 % of a charge at C/20. Its tables are joined by a monotonic cubic, without the
    kinks of linear interpolation.
    """
    published = Chayambuka2022
    values = pybamm.ParameterValues("Chayambuka2022")
    for side, letter in (("Negative", "n"), ("Positive", "p")):
        c_max = values[f"Maximum concentration in {side.lower()} electrode [mol.m-3]"]
        values.update(
            {
                f"{side} electrode OCP [V]": _table(getattr(published, f"U_{letter}_data")),
                f"{side} particle diffusivity [m2.s-1]": _diffusivity(
                    _table(getattr(published, f"D_{letter}_data")), c_max
                ),
                f"{side} electrode exchange-current density [A.m-2]": _exchange_current(
                    _table(getattr(published, f"k_{letter}_data"))
                ),
            }
        )
    salt, conducts = _table(published.D_e_data), _table(published.sigma_e_data)
    values.update(
        {
            "Electrolyte diffusivity [m2.s-1]": lambda c_e, temp_k: salt(c_e) * warmer(17e3, temp_k),
            "Electrolyte conductivity [S.m-1]": lambda c_e, temp_k: conducts(c_e) * warmer(17e3, temp_k),
            "Open-circuit voltage at 0% SOC [V]": 2.3,  # where the table ends
        }
    )
    return values


def _table(data: Any) -> Callable[[pybamm.Symbol], pybamm.Symbol]:
    """A monotonic cubic through the published points, straight on beyond them (a full cell lies at the last one)."""
    name, (x, y) = data
    x, y = np.ravel(x), np.ravel(y)
    slopes = PchipInterpolator(x, y).derivative()(x[[0, -1]])
    beyond = 0.02 * (x[-1] - x[0])
    wider_x = np.concatenate(([x[0] - beyond], x, [x[-1] + beyond]))
    wider_y = np.concatenate(([y[0] - slopes[0] * beyond], y, [y[-1] + slopes[1] * beyond]))
    return lambda at: pybamm.Interpolant(wider_x, wider_y, at, name, interpolator="pchip")


def _diffusivity(table: Callable[..., pybamm.Symbol], c_max: float) -> Callable[..., pybamm.Symbol]:
    return lambda sto, temp_k: 16.0 * table(sto * c_max) * warmer(25e3, temp_k)


def _exchange_current(table: Callable[..., pybamm.Symbol]) -> Callable[..., pybamm.Symbol]:
    def density(
        c_e: pybamm.Symbol, c_s_surf: pybamm.Symbol, c_s_max: pybamm.Symbol, temp_k: pybamm.Symbol
    ) -> pybamm.Symbol:
        k = 16.0 * table(c_s_surf) * warmer(30e3, temp_k)
        c_e0 = pybamm.Parameter("Initial concentration in electrolyte [mol.m-3]")
        roots = (c_e / c_e0) ** 0.5 * c_s_surf**0.5 * (c_s_max - c_s_surf) ** 0.5
        return pybamm.constants.F * k * roots / 2

    return density


SETS = {
    "nmc": (nmc, 850.0, 0.0423),
    "lfp": (lfp, 1071.0, 0.0423),
    "na_ion": (na_ion, 2139.0, 0.0610),
}  # heat capacity of the can in J/K, its surface in m2: 148 x 27 x 98 mm, and 148 x 65 x 98 mm for sodium


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    start_soc: float
    temp_k: float
    holds: tuple[Hold, ...]


def rows(seconds: float, *wanted: float) -> tuple[float, ...]:
    return (*(one for one in wanted if one < seconds - 1e-6), seconds)


def pulses(temp_k: float) -> Case:
    """At each charge: an hour of rest, 10 s at 1C, 40 s of rest, 10 s of charge at 0.75C, 60 s of rest; C/3 between."""
    rest = rows(3600.0, 1, 2, 5, 10, 20, 40, 60, 120, 240, 480, 900, 1800)
    pulse, pause = rows(10.0, 0.1, 1, 2, 5), rows(40.0, 1, 5, 20)
    holds: list[Hold] = [(0.0, 60.0, rows(60.0, 0.1))]
    soc = 1.0
    for wanted in PULSES_AT:
        seconds = (soc - wanted) * CAPACITY_AH * 3600.0 / (CAPACITY_AH / 3.0)
        holds.append((CAPACITY_AH / 3.0, seconds, rows(seconds, 1, 5, 20, *np.arange(60.0, seconds, 60.0))))
        holds += [(0.0, 3600.0, rest), (CAPACITY_AH, 10.0, pulse), (0.0, 40.0, pause)]
        holds += [(-0.75 * CAPACITY_AH, 10.0, pulse), (0.0, 60.0, rows(60.0, 1, 5, 20))]
        soc = wanted - (10.0 - 7.5) / 3600.0
    return Case(start_soc=1.0, temp_k=temp_k, holds=tuple(holds))


def drive(start_soc: float) -> Case:
    """The UDDS current profile, again and again for an hour, scaled to a peak of 1.5C."""
    with (HERE / "udds_current.csv").open(encoding="utf-8") as file:
        amps = [float(row[1]) for row in csv.reader(file) if row[0][0].isdigit()]
    scale = 1.5 * CAPACITY_AH / max(map(abs, amps))
    holds = tuple((round(scale * amps[k % len(amps)], 4), 1.0, (1.0,)) for k in range(3600))
    return Case(start_soc=start_soc, temp_k=T_REF_K, holds=holds)


def discharge(temp_k: float = T_REF_K) -> Case:
    return Case(
        start_soc=1.0, temp_k=temp_k, holds=((CAPACITY_AH, 3600.0, tuple(np.arange(10.0, 3601.0, 10.0))),)
    )


def charge() -> Case:
    """At 1C from 10 % to the upper voltage limit, seen by the row's voltage."""
    return Case(
        start_soc=0.1, temp_k=T_REF_K, holds=((-CAPACITY_AH, 3240.0, tuple(np.arange(10.0, 3241.0, 10.0))),)
    )


def hard_pulses() -> Case:
    """10 s at 3C, a minute of rest, 10 s of charge at 2C, five minutes of rest; from 90 % down to 30 %, at 25 degC."""
    pulse, pause = rows(10.0, 0.1, 1, 2, 5), rows(60.0, 1, 5, 20)
    holds: list[Hold] = []
    for _ in range(4):
        holds += [(3.0 * CAPACITY_AH, 10.0, pulse), (0.0, 60.0, pause), (-2.0 * CAPACITY_AH, 10.0, pulse)]
        holds += [(0.0, 300.0, rows(300.0, 1, 5, 20, 60)), (CAPACITY_AH / 2.0, 1440.0, rows(1440.0, 60, 600))]
        holds += [(0.0, 1800.0, rows(1800.0, 1, 5, 20, 60, 240, 600))]
    return Case(start_soc=0.9, temp_k=T_REF_K, holds=tuple(holds))


def driven(name: str, unit_per_m_s: float, temp_k: float, most_c_rate: float = 10.0) -> Case:
    """A schedule as the bench's car drives it (bench.plant.vehicle), from 80 %."""
    with (ROOT / f"bench/plant/cycles/{name}.csv").open(encoding="utf-8") as file:
        read = [tuple(map(float, row)) for row in csv.reader(file) if row[0][0].isdigit()]
    car, most_a = Vehicle(), most_c_rate * CAPACITY_AH
    powers_w = car.powers_w([row[0] for row in read], [row[1] / unit_per_m_s for row in read])
    currents = (min(most_a, car.current_a(power, CAPACITY_AH)) for power in powers_w)
    return Case(start_soc=0.8, temp_k=temp_k, holds=tuple((round(one, 4), 1.0, (1.0,)) for one in currents))


CASES = {
    "1c_discharge_25C": lambda chemistry: discharge(),
    "udds_25C": lambda chemistry: drive(0.6 if chemistry == "na_ion" else 0.8),
    "hppc_10C": lambda chemistry: pulses(283.15),
    "hppc_25C": lambda chemistry: pulses(298.15),
    "hppc_40C": lambda chemistry: pulses(313.15),
    "1c_discharge_0C": lambda chemistry: discharge(273.15),
    "1c_charge_25C": lambda chemistry: charge(),
    "3c_pulses_25C": lambda chemistry: hard_pulses(),
    "wltc_m10C": lambda chemistry: driven("wltc_3b", KMH_PER_M_S, 263.15),
    "us06_25C": lambda chemistry: driven(
        "us06", MPH_PER_M_S, T_REF_K, 3.2
    ),  # what the pack's own limit leaves
}


def prepared(chemistry: str, temp_k: float) -> pybamm.ParameterValues:
    """The set in its can, at its ambient, with so many cells in parallel that 50 Ah lie between its voltages."""
    made, heat_capacity_j_k, surface_m2 = SETS[chemistry]
    values = made()
    layers = ("Negative electrode", "Separator", "Positive electrode")
    stack_m = sum(values[f"{layer} thickness [m]"] for layer in layers)
    area_m2 = values["Electrode height [m]"] * values["Electrode width [m]"]
    values.update({"Current function [A]": "[input]", "Reference temperature [K]": T_REF_K})
    values.update({"Ambient temperature [K]": temp_k, "Initial temperature [K]": temp_k})
    empty, full, _, _ = pybamm.lithium_ion.get_min_max_stoichiometries(values, pybamm.lithium_ion.DFN().param)
    per_cell_ah = (
        (full - empty)
        * values["Maximum concentration in negative electrode [mol.m-3]"]
        * values["Negative electrode active material volume fraction"]
        * values["Negative electrode thickness [m]"]
        * area_m2
        * 96485.33212
        / 3600.0
    )
    parallel = CAPACITY_AH / per_cell_ah
    volume_m3 = stack_m * area_m2 * parallel
    values.update(
        {
            "Number of electrodes connected in parallel to make a cell": parallel,
            "Nominal cell capacity [A.h]": CAPACITY_AH,
            "Cell volume [m3]": volume_m3,
            "Cell cooling surface area [m2]": surface_m2,
            "Total heat transfer coefficient [W.m-2.K-1]": FILM_W_M2K,
            "Contact resistance [Ohm]": 0.0,
            "Upper voltage cut-off [V]": values["Upper voltage cut-off [V]"]
            + 0.5,  # a full cell at rest is on it
        },
        check_already_exists=False,
    )
    for layer in (*layers, "Negative current collector", "Positive current collector"):
        values.update(
            {
                f"{layer} density [kg.m-3]": heat_capacity_j_k / volume_m3 / 1000.0,
                f"{layer} specific heat capacity [J.kg-1.K-1]": 1000.0,
                f"{layer} thermal conductivity [W.m-1.K-1]": 1.0,
            },
            check_already_exists=False,
        )
    for side in ("Negative", "Positive"):
        values.update(
            {
                f"{side} current collector thickness [m]": 0.0,
                f"{side} current collector conductivity [S.m-1]": 1e7,
            },
            check_already_exists=False,
        )
    return values


def curve(chemistry: str, case: Case) -> Iterator[tuple[float, ...]]:
    values = prepared(chemistry, case.temp_k)
    model = pybamm.lithium_ion.DFN({"thermal": "lumped", "heat of mixing": "true"})
    points = {"x_n": 10, "x_s": 6, "x_p": 10, "r_n": 16, "r_p": 16}
    simulation = pybamm.Simulation(
        model,
        parameter_values=values,
        var_pts=points,
        solver=pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8),
    )
    simulation.build(initial_soc=case.start_soc)
    lowest_v = values["Lower voltage cut-off [V]"]
    now_s, soc = 0.0, case.start_soc
    for current_a, seconds, kept in case.holds:
        offset = 0.0
        for at in kept:
            simulation.step(
                at - offset, inputs={"Current function [A]": current_a}, save=False, starting_solution=None
            )
            offset = at
            solution = simulation.solution
            volt = float(solution["Terminal voltage [V]"].entries[-1])
            if solution.termination != "final time" or volt <= lowest_v:
                return
            kelvin = float(solution["Volume-averaged cell temperature [K]"].entries[-1])
            yield now_s + at, current_a, volt, kelvin, soc - current_a * at / 3600.0 / CAPACITY_AH
        now_s += seconds
        soc -= current_a * seconds / 3600.0 / CAPACITY_AH


def main(names: list[str]) -> None:
    every = [f"{chemistry}_{case}" for chemistry in SETS for case in CASES]
    for name in names or every:
        chemistry = next(one for one in SETS if name.startswith(f"{one}_"))
        case = CASES[name.removeprefix(f"{chemistry}_")](chemistry)
        with (HERE / f"{name}.csv").open("w", encoding="utf-8", newline="\n") as file:
            file.write(",".join(COLUMNS) + "\n")
            for t_s, current_a, volt, kelvin, soc in curve(chemistry, case):
                file.write(f"{t_s:g},{current_a:g},{volt:.5f},{kelvin:.3f},{soc:.6f}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
