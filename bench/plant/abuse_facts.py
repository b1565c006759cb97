"""What a cell does outside its limits, as facts of its chemistry: reactions, shorts, gas, boiling."""

import math
from dataclasses import dataclass
from enum import StrEnum

from bench.plant.source import Source


class Order(StrEnum):
    """The rate law of a decomposition reaction; `c` is what is left of its reactant, 1 at the start.

    first: k c. autocatalytic: k a (1 - a), a is what has reacted. sei_regen: k c, and the anode's reaction forms
    new SEI. sei_limited_c: k c exp(-c_sei), the SEI that is left shields the anode (Feng 2015). sei_limited_z:
    k c exp(-z/z0), the layer z grows by the reaction itself (Hatchard 2001).
    """

    FIRST = "first"
    AUTOCATALYTIC = "autocatalytic"
    SEI_REGEN = "sei_regen"
    SEI_LIMITED_C = "sei_limited_c"
    SEI_LIMITED_Z = "sei_limited_z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One Arrhenius reaction, k = A exp(-Ea/RT); its heat is H (J/kg) times the mass of its reactant."""

    name: str
    order: Order
    a_1_s: float
    ea_j_mol: float
    heat_j: float  # of the whole cell's reactant, negative for an endotherm
    c0: float
    t_on_c: float  # does nothing below
    z0: float  # sei_limited_z: start and scale of the layer
    regen: float  # sei_regen: SEI formed per anode reacted
    a2_1_s: float  # frequency factor above t_switch_c
    t_switch_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a cell can give at most, as a C-rate, once what lies ready for `tau_s` is used up.

    None: it has no separator that shuts.
    """

    c_rate: float
    tau_s: float
    shutdown_c: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Water:
    """An aqueous cell's own failures: gas from side reactions and corrosion, boiling, dendrites.

    `boiling_c` is at the pressure of the air.
    """

    boiling_c: float
    latent_j_kg: float
    water_kg: float
    dryout_fraction: float
    gel_degrades_c: float | None  # the polymer's own limit; no cell with water in it comes there
    headspace_m3: float
    vent_gauge_pa: float
    recombination: float
    thermoneutral_v: float
    dendrite_soc: float
    dendrite_ohm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseFacts:
    """Temperatures in degC; `t1` self-heating, `t2` runaway, `t3` peak, each as published (not from the model)."""

    reactions: tuple[Reaction, ...]
    t1_c: float
    t2_c: float
    t3_c: float
    t1_range_c: tuple[
        float, float
    ]  # over the published cells; the figure itself where the file gives no range
    t2_range_c: tuple[float, float]
    t3_range_c: tuple[float, float]
    t_vent_c: float
    isc_trigger_c: float
    isc_fraction: float
    isc_tau_s: float
    v_side_start: float
    v_side_full: float
    r_growth_per_10pct: float
    plating_soc: float
    plated_a_1_s: float
    plated_ea_j_mol: float
    plated_h_j_mol: float
    overdischarge_isc_soc: float
    flammable: bool
    limit: Limit
    water: Water | None


def read_abuse(source: Source) -> AbuseFacts:
    """Raises ConfigError for what is missing, of another unit, or in the wrong order."""

    def number(key: str) -> float:
        return source.number(f"abuse.{key}")

    def unsigned(key: str) -> float:
        return source.number(f"abuse.{key}", within=(0.0, math.inf))

    model = source.text("abuse.model")
    if model not in ("arrhenius", "none"):
        raise source.fail("abuse.model", f"found '{model}'", "'arrhenius' or 'none'")
    reactions = tuple(
        _read_reaction(source, f"abuse.reaction.{k}") for k in range(source.tables("abuse.reaction"))
    )
    if (model == "arrhenius") != bool(reactions):
        raise source.fail("abuse.model", f"'{model}' with {len(reactions)} reactions", "reactions to fit it")
    t1_c, t2_c, t3_c = number("T1_C"), number("T2_C"), number("T3_C")
    source.ascending("abuse", T1_C=t1_c, T2_C=t2_c, T3_C=t3_c)
    v_start, v_full = number("overcharge.V_side_start"), number("overcharge.V_side_full")
    source.ascending("abuse.overcharge", V_side_start=v_start, V_side_full=v_full)
    return AbuseFacts(
        reactions=reactions,
        t1_c=t1_c,
        t2_c=t2_c,
        t3_c=t3_c,
        t1_range_c=_read_range(source, "T1", t1_c),
        t2_range_c=_read_range(source, "T2", t2_c),
        t3_range_c=_read_range(source, "T3", t3_c),
        t_vent_c=number("T_vent_C") if reactions else float("inf"),
        isc_trigger_c=number("isc.T_trigger_C"),
        isc_fraction=source.number("abuse.isc.fraction_of_electric_energy", within=(0.0, 1.0)),
        isc_tau_s=source.number("abuse.isc.tau_s", positive=True),
        v_side_start=v_start,
        v_side_full=v_full,
        r_growth_per_10pct=unsigned("overcharge.R_growth_per_10pct"),
        plating_soc=number("overcharge.plating_soc"),
        plated_a_1_s=unsigned("overcharge.plated_A_1_s"),
        plated_ea_j_mol=unsigned("overcharge.plated_Ea_J_mol"),
        plated_h_j_mol=unsigned("overcharge.plated_H_J_mol"),
        overdischarge_isc_soc=number("overdischarge.isc_soc"),
        flammable=_read_flammable(source),
        limit=_read_limit(source),
        water=_read_water(source) if source.has("abuse.boiling") else None,
    )


def _read_limit(source: Source) -> Limit:
    shuts = source.has("abuse.limit.shutdown_C")
    return Limit(
        c_rate=source.number("abuse.limit.C_rate", within=(1.0, 1000.0)),
        tau_s=source.number("abuse.limit.tau_s", within=(0.1, 1000.0)),
        shutdown_c=source.number("abuse.limit.shutdown_C", within=(80.0, 400.0)) if shuts else None,
    )


def _read_range(source: Source, name: str, value_c: float) -> tuple[float, float]:
    place = f"abuse.{name}_range_C"
    if not source.has(place):
        return value_c, value_c
    values = source.numbers(place)
    if values.size != 2 or not values[0] <= value_c <= values[1]:
        found = ", ".join(f"{one:g}" for one in values)
        raise source.fail(
            place, f"found {found}", f"two temperatures with {name}_C = {value_c:g} between them"
        )
    return float(values[0]), float(values[1])


def _read_flammable(source: Source) -> bool:
    flammable = source.flag("abuse.electrolyte_flammable")
    if source.has("abuse.nonflammable") and source.flag("abuse.nonflammable") == flammable:
        raise source.fail("abuse.nonflammable", f"{flammable} like electrolyte_flammable", "the opposite")
    return flammable


def _read_reaction(source: Source, place: str) -> Reaction:
    order = source.text(f"{place}.order")
    if order not in list(Order):
        raise source.fail(f"{place}.order", f"found '{order}'", f"one of {', '.join(Order)}")

    def optional(key: str, default: float) -> float:
        return source.number(f"{place}.{key}") if source.has(f"{place}.{key}") else default

    a_1_s = source.number(f"{place}.A_1_s", positive=True)
    return Reaction(
        name=source.text(f"{place}.name"),
        order=Order(order),
        a_1_s=a_1_s,
        ea_j_mol=source.number(f"{place}.Ea_J_mol", within=(1e3, 1e6)),
        heat_j=source.number(f"{place}.H_J_kg") * source.number(f"{place}.mass_kg", positive=True),
        c0=source.number(f"{place}.c0", within=(0.0, 1.0)),
        t_on_c=optional("T_on_C", -273.15),
        z0=optional("z0", 1.0),
        regen=optional("regen", 0.0),
        a2_1_s=optional("A2_1_s", a_1_s),
        t_switch_c=optional("T_switch_C", float("inf")),
    )


def _read_water(source: Source) -> Water:
    def number(key: str) -> float:
        return source.number(f"abuse.{key}", positive=True)

    return Water(
        boiling_c=number("boiling.T_C"),
        latent_j_kg=number("boiling.latent_J_kg"),
        water_kg=source.number("thermal.water_mass_kg", positive=True),
        dryout_fraction=number("boiling.dryout_fraction_lost"),
        gel_degrades_c=number("boiling.polymer_degradation_C")
        if source.has("abuse.boiling.polymer_degradation_C")
        else None,
        headspace_m3=number("gas.headspace_m3"),
        vent_gauge_pa=number("gas.vent_gauge_Pa"),
        recombination=source.number("abuse.gas.recombination", within=(0.0, 1.0)),
        thermoneutral_v=number("gas.thermoneutral_V"),
        dendrite_soc=number("dendrite.overplate_soc"),
        dendrite_ohm=number("dendrite.R_short_ohm"),
    )
