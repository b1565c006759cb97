"""Each mutant differs from the reference in its defect, and in nothing else."""

from collections.abc import Callable
from functools import cache

import pytest
from firmware_pack import MS, Pack

from bench.errors import DutError
from firmware_stubs.mutants import MUTANTS, build, build_hash

IDENTITY_ID = 0x1F0


def _quiet(pack: Pack) -> None:
    pack.run(1200)


def _long_drive(pack: Pack) -> None:
    pack.run(2000)


def _overvoltage(pack: Pack) -> None:
    pack.cells_v[40] = 4.3
    pack.run(4200)


def _overvoltage_of_cell_17(pack: Pack) -> None:
    pack.cells_v[16] = 4.3
    pack.run(3000)


def _glitch(pack: Pack) -> None:
    pack.cells_v[40] = 4.3
    pack.run(600)
    pack.cells_v[40] = 3.7
    pack.run(600)


def _one_pole(pack: Pack) -> None:
    pack.minus_kohm = 90 * 0.355
    pack.run(3500)


def _both_poles(pack: Pack) -> None:
    pack.minus_kohm = pack.plus_kohm = 180 * 0.355
    pack.run(3500)


def _weak_pole(pack: Pack) -> None:
    pack.minus_kohm = 130 * 0.355
    pack.run(3500)


def _weld(pack: Pack) -> None:
    pack.welded = {"Minus"}
    pack.mode = 0
    pack.run(600)


def _crash(pack: Pack) -> None:
    pack.crash = True
    pack.run(500)


def _undervoltage(pack: Pack) -> None:
    pack.cells_v[40] = 2.4
    pack.run(300)


SITUATIONS: dict[str, Callable[[Pack], None]] = {
    "quiet": _quiet, "long drive": _long_drive, "overvoltage": _overvoltage,
    "cell 17": _overvoltage_of_cell_17, "glitch": _glitch, "one pole": _one_pole, "both poles": _both_poles,
    "weak pole": _weak_pole, "weld": _weld, "crash": _crash, "undervoltage": _undervoltage,
}  # fmt: skip

_TRIPS = {"overvoltage", "cell 17"}
# Where the defect must show. Everywhere else every frame is that of the reference, bit for bit.
SHOWS = {
    "late_overvoltage": _TRIPS,
    "never_detects_overvoltage": _TRIPS,
    "wrong_overvoltage_dtc": _TRIPS,
    "nuisance_trip": {"long drive", "overvoltage", "cell 17", "one pole", "both poles", "weak pole"},
    "ignores_cell_17": {"cell 17"},
    "recloses_precharge": {"overvoltage", "cell 17", "weld", "crash"},
    "misses_weld": {"weld"},
    "misses_symmetric_insulation": {"both poles"},
    "trips_on_glitch": {"overvoltage", "cell 17", "glitch", "undervoltage"},
    "flag_without_opening": {"overvoltage", "cell 17", "crash"},
    "insulation_too_sensitive": {"weak pole"},
}


@cache
def played(firmware: str, situation: str) -> Pack:
    pack = Pack(build(firmware))
    pack.start()
    SITUATIONS[situation](pack)
    return pack


def frames(pack: Pack) -> list[tuple[int, int, bytes]]:
    return [entry for entry in pack.log if entry[1] != IDENTITY_ID]


@pytest.mark.parametrize("name", SHOWS)
def test_differs_where_its_defect_shows_and_nowhere_else(name: str) -> None:
    differs = {s for s in SITUATIONS if frames(played(name, s)) != frames(played("reference", s))}
    assert differs == SHOWS[name]


def _flagged_ms(pack: Pack, flag: str) -> float | None:
    first_ns = pack.first_ns("BMS_Faults", flag, 1)
    return None if first_ns is None else first_ns / MS - 600


def test_late_is_eight_sweeps_late() -> None:
    in_time = _flagged_ms(played("reference", "overvoltage"), "CellOvervoltage")
    assert in_time is not None
    assert _flagged_ms(played("late_overvoltage", "overvoltage"), "CellOvervoltage") == in_time + 800


def test_blind_ones_stay_blind_and_still_warn() -> None:
    for name, situation in (("never_detects_overvoltage", "overvoltage"), ("ignores_cell_17", "cell 17")):
        assert _flagged_ms(played(name, situation), "CellOvervoltage") is None
        assert played(name, situation).coils == (1, 1, 0)
    assert played("never_detects_overvoltage", "overvoltage").flag("CellOvervoltageWarning")
    assert not played("misses_weld", "weld").flag("WeldMinus")
    assert played("reference", "weld").flag("WeldMinus")
    assert not played("misses_symmetric_insulation", "both poles").flag("InsulationFault")
    assert played("reference", "both poles").flag("InsulationFault")


def test_wrong_code_in_the_right_moment() -> None:
    pack = played("wrong_overvoltage_dtc", "overvoltage")
    assert 0x1A0216 in pack.codes() and 0x1A0117 not in pack.codes()
    assert pack.flag("CellOvervoltage") and not pack.flag("CellUndervoltage")


def test_nuisance_trip_comes_in_drive_without_a_cause() -> None:
    pack = played("nuisance_trip", "long drive")
    entered_ns = pack.first_ns("BMS_State", "State", 3)
    tripped_ns = pack.first_ns("BMS_Faults", "CellOvervoltage", 1)
    assert entered_ns is not None and tripped_ns is not None
    assert tripped_ns - entered_ns == 1500 * MS
    assert (pack.state, pack.coils) == (5, (0, 0, 0))
    assert played("reference", "long drive").state == 3


def test_recloses_150_ms_after_opening() -> None:
    pack = played("recloses_precharge", "overvoltage")
    opened_ns = pack.first_ns("BMS_State", "State", 5)
    assert opened_ns is not None
    again_ns = pack.first_ns("BMS_State", "PrechargeCommand", 1, opened_ns)
    assert again_ns == opened_ns + 150 * MS
    assert pack.state == 5


def test_flags_but_keeps_the_contactors_closed() -> None:
    pack = played("flag_without_opening", "overvoltage")
    assert (pack.state, pack.coils, pack.flag("CellOvervoltage")) == (5, (1, 1, 0), True)


def test_sensitive_ones_trip_where_the_reference_does_not() -> None:
    assert played("trips_on_glitch", "glitch").flag("CellOvervoltage")
    assert not played("reference", "glitch").flag("CellOvervoltage")
    assert played("insulation_too_sensitive", "weak pole").flag("InsulationFault")
    assert played("reference", "weak pole").set_flags() == {"InsulationWarning"}


def test_every_build_has_its_own_hash_and_sends_it() -> None:
    hashes = {name: build_hash(name)[:4] for name in ("reference", *MUTANTS)}
    assert len(set(hashes.values())) == len(MUTANTS) + 1
    sent = [values for _, values in played("misses_weld", "long drive").sent("BMS_Identity")]
    assert int.from_bytes(hashes["misses_weld"], "big") in {values.get("BuildHash") for values in sent}


def test_an_unknown_build_names_the_nearest() -> None:
    with pytest.raises(DutError, match="did you mean 'misses_weld'"):
        build("mises_weld")
