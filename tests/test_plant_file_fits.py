"""What has to fit together in a chemistry's file, and how a misfit is told."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from thin_chemistry import THIN, got, put, told, written

from bench.errors import ConfigError
from bench.plant.chemistry import Chemistry


@pytest.mark.parametrize(
    ("place", "due"), [("energy_Wh", 1.0), ("specific_energy_Wh_kg", 1.0), ("v_nominal", 1.0)]
)
def test_a_data_sheets_energy_may_be_off_by_five_percent(tmp_path: Path, place: str, due: float) -> None:
    """By capacity and the mean of the open-circuit voltage, which is the area under its straight pieces."""
    content = THIN["lfp"]
    soc, volt = np.array(content["ocv"]["soc"]), np.array(content["ocv"]["V"])
    mean_v = float(((volt[1:] + volt[:-1]) / 2 * np.diff(soc)).sum())
    due = {"energy_Wh": 50.0 * mean_v, "specific_energy_Wh_kg": 50.0 * mean_v / 1.02}.get(place, mean_v)
    words = {
        "energy_Wh": "capacity times mean open-circuit voltage",
        "specific_energy_Wh_kg": "energy over mass",
        "v_nominal": "the mean open-circuit voltage",
    }[place]
    for share in (0.951, 1.049):
        assert told(tmp_path, put(content, f"cell.{place}", due * share)) == ""
    for share in (0.949, 1.051):
        said = told(tmp_path, put(content, f"cell.{place}", due * share))
        assert f"[cell.{place}]: found {due * share:g}; expected about {due:.4g}, {words}" in said


def test_a_capacitance_beside_its_pair_may_be_rounded_by_a_hundredth(tmp_path: Path) -> None:
    content = THIN["lfp"]
    for key in ("C1_F", "C2_F"):
        was = content["ecm_bv"][key]
        for at in (0, 4):
            for share, refused in ((1.009, False), (1.011, True), (0.989, True)):
                values = [one * share if k == at else one for k, one in enumerate(was)]
                said = told(tmp_path, put(content, f"ecm_bv.{key}", values))
                assert (f"[ecm_bv.{key}]" in said) is refused, (key, at, share)
                assert not refused or f"at SoC {content['ecm_bv']['soc'][at]:g}; expected tau / R = " in said
    assert told(tmp_path, put(content, "ecm_bv.C1_F", None)) == ""


@pytest.mark.parametrize(
    "order",
    [
        "v_damage_low v_alarm_low v_warn_low v_warn_high v_alarm_high v_damage_high",
        "v_damage_low v_op_min v_op_max v_alarm_high",
        "T_op_min_C T_warn_C T_alarm_C T_damage_C",
        "T_op_min_C T_charge_min_C",
    ],
)
def test_limits_stand_in_their_order_and_may_be_equal(tmp_path: Path, order: str) -> None:
    keys = order.split()
    content = THIN["lfp"]
    values = {key: got(content, f"limits.{key}") for key in keys}
    for low, high in pairwise(keys):
        said = told(tmp_path, put(content, f"limits.{low}", values[high] + 0.01))
        beyond = f"{values[high] + 0.01:g} above {high} = {values[high]:g}; expected at most {high}"
        assert f"[limits.{low}]: {beyond}" in said
        assert "above" not in told(tmp_path, put(content, f"limits.{low}", values[high])) or len(keys) > 2


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("abuse", "T1_C T2_C T3_C"),
        ("abuse.overcharge", "V_side_start V_side_full"),
        ("validity", "T_min_C T_max_C"),
        ("validity", "soc_min soc_max"),
    ],
)
def test_what_ascends_elsewhere_is_told_by_both_names(tmp_path: Path, section: str, keys: str) -> None:
    content = put(THIN["zn_chitosan"], "abuse.T1_C", 10.0)
    for low, high in zip(keys.split(), keys.split()[1:], strict=False):
        top = got(content, f"{section}.{high}")
        beyond = top * 1.001 if top < 1.0 or top > 1.0 else 1.0
        if beyond > top:
            said = told(tmp_path, put(content, f"{section}.{low}", beyond))
            assert f"[{section}.{low}]: {beyond:g} above {high} = {top:g}; expected at most {high}" in said


def test_an_entropy_in_millivolts_is_told(tmp_path: Path) -> None:
    content = THIN["lfp"]
    assert told(tmp_path, put(content, "entropic.dUdT_V_per_K", [0.0, -5e-3])) == ""
    said = told(tmp_path, put(content, "entropic.dUdT_V_per_K", [0.0, -5.1e-3]))
    assert "[entropic.dUdT_V_per_K]: found 0.0051; expected below 0.005 V/K (is it mV/K?)" in said


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("abuse.model", "hatchard", "[abuse.model]: found 'hatchard'; expected 'arrhenius' or 'none'"),
        ("abuse.model", "none", "[abuse.model]: 'none' with 4 reactions; expected reactions to fit it"),
        (
            "abuse.T1_range_C",
            [80.0, 90.0],
            "[abuse.T1_range_C]: found 80, 90; expected two temperatures with T1_C = 95",
        ),
        (
            "abuse.T1_range_C",
            [80.0, 90.0, 100.0],
            "[abuse.T1_range_C]: found 80, 90, 100; expected two temperatures",
        ),
        (
            "abuse.nonflammable",
            True,
            "[abuse.nonflammable]: True like electrolyte_flammable; expected the opposite",
        ),
        (
            "abuse.reaction.1.order",
            "second",
            "[abuse.reaction.1.order]: found 'second'; expected one of first, auto",
        ),
        ("abuse.reaction", [], "[abuse.model]: 'arrhenius' with 0 reactions; expected reactions to fit it"),
        (
            "abuse.overdischarge.soc",
            [0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
            "[abuse.overdischarge.soc]: ends at 0.5; expected SoC that falls below 0",
        ),
        (
            "abuse.overcharge.soc",
            [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
            "[abuse.overcharge.soc]: ends at 0.4; expected SoC that rises above 1",
        ),
        ("entropic.soc", [0.1, 1.0], "[entropic.soc]: from 0.1 to 1; expected SoC from 0 to 1"),
        ("entropic.soc", [0.0, 0.9], "[entropic.soc]: from 0 to 0.9; expected SoC from 0 to 1"),
        (
            "ecm_bv.soc",
            [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
            "[ecm_bv.soc]: from 0 to 0.8; expected SoC from 0 to 1",
        ),
        (
            "abuse.overdischarge.soc",
            [-0.1, -0.2, -0.3, -0.4, -0.5, -0.6],
            "from -0.1 to -0.6; expected SoC from 0",
        ),
        ("entropic.soc", [0.0], "[entropic.soc]: found 1 of them; expected a list of at least two numbers"),
        ("entropic.soc", 0.5, "[entropic.soc]: found 0.5; expected a list of at least two numbers"),
        ("entropic.dUdT_V_per_K", [0.0, True], "found True as number 2 of 2; expected finite numbers"),
        ("entropic.dUdT_V_per_K", [0.0, "x"], "found 'x' as number 2 of 2; expected finite numbers"),
        (
            "entropic.dUdT_V_per_K",
            [0.0, 0.0, 0.0],
            "[entropic.dUdT_V_per_K]: 3 values; expected 2, as many as entropic.soc",
        ),
        ("meta.id", "", "[meta.id]: found ''; expected a text"),
        ("meta.id", 7, "[meta.id]: found 7; expected a text"),
        ("meta.name", None, "[meta.name]: missing; expected a text"),
        ("hysteresis.enabled", None, "[hysteresis.enabled]: missing; expected true or false"),
        ("entropic.soc", None, "[entropic.soc]: missing; expected a list of at least two numbers"),
        (
            "ocv.soc",
            [0.0, 0.1, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 1.0],
            "0.1 after 0.1; expected strictly monotonic SoC",
        ),
        ("hysteresis.enabled", 1, "[hysteresis.enabled]: found 1; expected true or false"),
        ("thermal.mass_kg", None, "[thermal.mass_kg]: missing; expected a positive number as { v = ... }"),
        (
            "limits.src",
            "ets",
            "[limits.src]: source 'ets'; expected an entry of [sources]; did you mean 'est'",
        ),
        ("limits.src_low", "ets", "[limits.src_low]: source 'ets'; expected an entry of [sources]"),
        ("limits.conf", "X", "[limits.conf]: confidence 'X'; expected one of M, Mr, P, F, D, E, B"),
        ("limits.conf_low", "X", "[limits.conf_low]: confidence 'X'; expected one of M, Mr, P, F, D, E, B"),
        ("abuse.T_vent_C", None, "[abuse.T_vent_C]: missing; expected a number as { v = ... }"),
        ("abuse.T_vent_C", "hot", "[abuse.T_vent_C]: found 'hot'; expected a number as { v = ... }"),
        (
            "abuse.reaction",
            {"name": "x"},
            "[abuse.reaction]: found something else; expected an array of tables [[abuse.reaction]]",
        ),
        ("cell.extra", 5.0, "[cell.extra]: unknown key 'extra'; expected one of "),
        (
            "limits.v_op_min",
            {"v": 2.0, "c": "X", "s": "est"},
            "[limits.v_op_min.c]: confidence 'X'; expected one of M, Mr, P, F, D, E, B",
        ),
        (
            "limits.v_op_min",
            {"v": 2.0, "c": "E", "s": "ets"},
            "[limits.v_op_min.s]: source 'ets'; expected an entry of [sources]; did you mean 'est'",
        ),
        (
            "limits.v_op_min",
            {"v": 2.0, "c": "E"},
            "[limits.v_op_min.s]: source ''; expected an entry of [sources]",
        ),
        (
            "limits.v_op_min",
            {"v": 2.0, "c": "E", "s": "est+ets"},
            "[limits.v_op_min.s]: source 'ets'; expected an entry of [sources]",
        ),
        ("limits.note", 5.0, "[limits.note]: unknown key 'note'; expected one of "),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(tmp_path: Path, place: str, value: Any, said: str) -> None:
    content = THIN["lfp"]
    content = put(content, place, None) if isinstance(value, dict) and got(content, place) else content
    heard = told(tmp_path, put(content, place, value))
    assert said in heard
    assert len(heard.splitlines()) == 1


def test_the_open_circuit_curve_rises_all_the_way_and_its_ends_may_stand_still(tmp_path: Path) -> None:
    content = THIN["lfp"]
    volt, soc = content["ocv"]["V"], content["ocv"]["soc"]
    flat = [*volt[:4], volt[3], *volt[5:]]
    said = told(tmp_path, put(content, "ocv.V", flat))
    assert (
        f"[ocv.V]: {volt[3]:g} V then {volt[3]:g} V at SoC {soc[4]:g}; expected a voltage that rises with SoC"
        in said
    )
    assert "[ocv.soc]: from 0 to 0.99; expected SoC from 0 to 1" in told(
        tmp_path, put(content, "ocv.soc", [*soc[:-1], 0.99])
    )
    high = content["abuse"]["overcharge"]
    for place, key in (("abuse.overcharge", "V_oc"), ("abuse.overdischarge", "V_oc")):
        values = got(content, f"{place}.{key}")
        assert told(tmp_path, put(content, f"{place}.{key}", [*values[:-1], values[-2]])) == ""
        turned = 2.0 * values[1] - values[-1]  # to the other side of the value before it
        said = told(tmp_path, put(content, f"{place}.{key}", [*values[:2], turned, *values[3:]]))
        assert values[1] != values[-1] and f"[{place}.{key}]: " in said
        assert "expected a voltage that rises with SoC" in said
    short = put(
        put(content, "abuse.overcharge.soc", high["soc"][:-2]), "abuse.overcharge.V_oc", high["V_oc"][:-2]
    )
    assert told(tmp_path, short) == "", "up to 1.3 is beyond full, too"


@pytest.mark.parametrize("remark", ["note", "form", "conf_extra", "src", "heat_note", "warning", "evidence"])
def test_a_remark_may_stand_anywhere_as_text(tmp_path: Path, remark: str) -> None:
    text = {"conf_extra": "E", "src": "est+prada"}.get(remark, "says")
    assert told(tmp_path, put(THIN["lfp"], f"limits.{remark}", text)) == ""
    assert told(tmp_path, put(THIN["lfp"], f"limits.{remark}", {"v": text, "c": "E", "s": "est"})) == "" or (
        remark in ("conf_extra", "src")
    )


def test_figures_are_told_with_place_mark_and_the_text_of_each_of_their_sources(tmp_path: Path) -> None:
    read = Chemistry.load(written(tmp_path, THIN["lfp"]))
    sources = THIN["lfp"]["sources"]
    limit = read.figures["limits.v_op_max"]
    assert (limit.value, limit.confidence, limit.source, limit.estimated) == (
        3.6,
        "P",
        sources["prada"],
        True,
    )
    both = read.figures["abuse.T2_C"]
    assert (both.value, both.confidence) == (205.0, "E")
    assert sources["golub"] in both.source and sources["zhao"] in both.source
    assert "abuse.reaction.0.A_1_s" not in read.figures, "plain numbers have the mark of their section"
    assert all(isinstance(one.value, float) for one in read.figures.values())
    marks = {place: one.estimated for place, one in read.figures.items()}
    assert marks["cell.capacity_Ah"] is False and marks["cell.cycle_life"] is True


def test_the_joined_curve_rises_at_empty_and_full_too(tmp_path: Path) -> None:
    """At empty and full the fitted curve wins, so that a range of abuse may meet it from the wrong side."""
    content = THIN["lfp"]
    for place, beside in (("abuse.overdischarge", 0), ("abuse.overcharge", -1)):
        volt = content["ocv"]["V"][beside] + (0.01 if beside == 0 else -0.01)
        last = got(content, f"{place}.V_oc")[2:]
        changed = put(content, f"{place}.V_oc", [volt, volt, *last])
        said = told(tmp_path, changed)
        assert "[ocv.V]: " in said and said.endswith("expected a voltage that rises with SoC")


def test_a_figure_in_the_place_of_a_section_lacks_all_that_the_section_holds(tmp_path: Path) -> None:
    for section, due in (
        ("ocv", "[ocv.soc]: missing; expected a list of at least two numbers"),
        ("thermal", "[thermal.mass_kg]: missing; expected a positive number as { v = ... }"),
    ):
        assert told(tmp_path, {**THIN["lfp"], section: 5.0}).endswith(due)


def test_a_key_that_is_written_wrong_is_named_beside_what_is_missing(tmp_path: Path) -> None:
    content = put(
        put(THIN["lfp"], "thermal.mass_kg", None), "thermal.mas_kg", {"v": 1.0, "c": "E", "s": "est"}
    )
    due = "[thermal.mass_kg]: missing; expected a positive number as { v = ... }; did you mean 'mas_kg'?"
    assert told(tmp_path, content).endswith(due)


def test_a_published_range_may_begin_or_end_with_the_figure_itself(tmp_path: Path) -> None:
    figure = got(THIN["lfp"], "abuse.T1_C")
    for values in ([figure, figure + 5.0], [figure - 5.0, figure], [figure, figure]):
        assert told(tmp_path, put(THIN["lfp"], "abuse.T1_range_C", values)) == ""


def test_the_charges_of_a_fit_ascend(tmp_path: Path) -> None:
    content = put(put(THIN["zn_chitosan"], "validity.soc_max", 0.8), "validity.soc_min", 0.81)
    assert told(tmp_path, content).endswith(
        "[validity.soc_min]: 0.81 above soc_max = 0.8; expected at most soc_max"
    )


def test_sources_that_are_no_table_name_nothing_near(tmp_path: Path) -> None:
    said = told(tmp_path, put(THIN["lfp"], "sources", "a book"))
    assert said.endswith("; expected an entry of [sources]"), said


def test_trouble_is_the_first_line_of_what_is_wrong() -> None:
    assert Chemistry.trouble("lfp") == ""
    assert Chemistry.trouble("lpf") == told_of("lpf")
    names = f"one of {', '.join(Chemistry.known())} or the path of a .toml file"
    assert told_of("lpf").endswith(f"unknown chemistry 'lpf'; expected {names}; did you mean 'lfp'?")
    assert set(Chemistry.shipped()) <= set(Chemistry.known())


def told_of(name: str) -> str:
    with pytest.raises(ConfigError) as raised:
        Chemistry.load(name)
    return str(raised.value).splitlines()[0]
