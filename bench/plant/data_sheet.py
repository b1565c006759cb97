"""What a chemistry's file tells of its cell beyond what the plant computes with: energy, life, claims of its maker."""

from dataclasses import dataclass

from bench.errors import ConfigError
from bench.plant.source import Curve, Source

_CLOSE = 0.05  # a data sheet's energy holds the losses of its discharge


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSheet:
    """None where the file says nothing. No step of the plant depends on these; they are checked against what does."""

    energy_wh: float | None
    specific_energy_wh_kg: float | None
    nominal_v: float | None
    cycle_life: float | None
    peak_charge_c_rate: float | None
    usable_share_at_m40_c: float | None
    active_capacity_mah_g: float | None
    active_energy_wh_kg: float | None
    anode_cycle_life: float | None
    anode_coulombic_efficiency: float | None
    areal_capacity_mah_cm2: float | None
    ionic_conductivity_s_m: float | None
    r_thermal_barrier_k_w: float | None  # to the neighbour, with a barrier between them
    sloping_ocv: Curve | None  # the shape of a layered-oxide cathode, for sensitivity


def read_data_sheet(source: Source, *, capacity_ah: float, mean_v: float, mass_kg: float) -> DataSheet:
    """Raises ConfigError, a line each, where energy, specific energy or nominal voltage belongs to another cell."""

    def told(place: str) -> float | None:
        return source.number(place, positive=True) if source.has(place) else None

    shape = "ocv_layered_oxide_estimate"
    sheet = DataSheet(
        energy_wh=told("cell.energy_Wh"),
        specific_energy_wh_kg=told("cell.specific_energy_Wh_kg"),
        nominal_v=told("cell.v_nominal"),
        cycle_life=told("cell.cycle_life"),
        peak_charge_c_rate=told("cell.peak_charge_C_rate"),
        usable_share_at_m40_c=told("cell.usable_capacity_at_m40C"),
        active_capacity_mah_g=told("cell.active_capacity_mAh_g"),
        active_energy_wh_kg=told("cell.active_energy_Wh_kg_PANI"),
        areal_capacity_mah_cm2=told("cell.areal_capacity_mAh_cm2"),
        anode_coulombic_efficiency=told("cell.coulombic_efficiency_zn_anode_50mA_cm2"),
        anode_cycle_life=told("cell.cycle_life_zn_anode_50mA_cm2"),
        ionic_conductivity_s_m=told("cell.ionic_conductivity_S_m"),
        r_thermal_barrier_k_w=told("thermal.R_th_neighbour_barrier_K_W"),
        sloping_ocv=source.curve(shape, "V", first=0.0, last=1.0) if source.has(shape) else None,
    )
    energy_wh = capacity_ah * mean_v
    wrong = [
        str(source.fail(place, f"found {found:g}", f"about {due:.4g}, {of}"))
        for place, found, due, of in (
            ("cell.energy_Wh", sheet.energy_wh, energy_wh, "capacity times mean open-circuit voltage"),
            (
                "cell.specific_energy_Wh_kg",
                sheet.specific_energy_wh_kg,
                energy_wh / mass_kg,
                "energy over mass",
            ),
            ("cell.v_nominal", sheet.nominal_v, mean_v, "the mean open-circuit voltage"),
        )
        if found is not None and abs(found / due - 1.0) > _CLOSE
    ]
    if wrong:
        raise ConfigError("\n".join(wrong))
    return sheet
