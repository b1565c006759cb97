"""AUTOSAR E2E against published vectors, against an independent implementation, and against single bit errors."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec.database import Database
from bench.codec.e2e import (
    Checker,
    DataIdMode,
    Profile1,
    Profile2,
    Profile5,
    Protection,
    Settings,
    Status,
    crc8_h2f,
    crc8_j1850,
    protection_of,
)
from bench.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
IDS = tuple((3 * k + 1) % 256 for k in range(16))


def of(profile: str, data_id: int = 0x0123, mode: str = "BOTH", ids: tuple[int, ...] = IDS) -> Protection:
    return protection_of(Settings(profile=profile, data_id=data_id, mode=DataIdMode(mode), data_ids=ids))


@pytest.mark.parametrize(("start", "xor", "check"), [(0xFF, 0xFF, 0x4B), (0, 0, 0x37)])
def test_crc_has_the_published_check_values(start: int, xor: int, check: int) -> None:
    assert crc8_j1850(b"123456789", start, xor) == check
    assert crc8_h2f(b"123456789") == 0xDF


@pytest.mark.parametrize(
    ("protection", "counter", "head"),
    [
        (of("P01"), 0, "cc00"),
        (of("P11"), 0, "cc00"),
        (of("P11", mode="NIBBLE"), 0, "2a10"),
        (of("P05", data_id=0x1234), 0, "1cca"),
        (of("P02", ids=(0, 1, *[0] * 14)), 1, "6a01"),
    ],
)
def test_every_profile_has_the_published_vector(protection: Protection, counter: int, head: str) -> None:
    data = bytearray(8)
    protection.protect(data, counter)
    assert data.hex() == head + "00" * 6


PAYLOADS = st.binary(min_size=3, max_size=32)


@given(PAYLOADS, st.integers(0, 0xFFFF), st.integers(0, 14))
def test_an_independent_implementation_agrees(payload: bytes, data_id: int, counter: int) -> None:
    pytest.importorskip("e2e", reason="the package autosar-e2e is not installed")
    from e2e import p01, p02, p05, p11

    for mode in DataIdMode:
        ours, theirs = bytearray(payload), bytearray(payload)
        theirs[1] = theirs[1] & 0xF0 | counter
        Profile1(data_id, mode).protect(ours, counter)
        number = getattr(p01, f"E2E_P01_DATAID_{mode.name}")
        p01.e2e_p01_protect(theirs, data_id, data_id_mode=number, increment_counter=False)
        assert ours == theirs, mode
        if mode in (DataIdMode.BOTH, DataIdMode.NIBBLE):
            number = getattr(p11, f"E2E_P11_DATAID_{mode.name}")
            p11.e2e_p11_protect(theirs, data_id, data_id_mode=number, increment_counter=False)
            assert ours == theirs, mode
    ours, theirs = bytearray(payload), bytearray(payload)
    theirs[1] = theirs[1] & 0xF0 | counter
    Profile2(IDS).protect(ours, counter)
    p02.e2e_p02_protect(theirs, bytes(IDS), increment_counter=False)
    assert ours == theirs
    ours, theirs = bytearray(payload), bytearray(payload)
    theirs[2] = counter
    Profile5(data_id).protect(ours, counter)
    p05.e2e_p05_protect(theirs, data_id, increment_counter=False)
    assert ours == theirs


@given(st.sampled_from(["P01", "P02", "P05", "P11"]), PAYLOADS, st.integers(0, 0xFFFF), st.data())
def test_what_is_protected_checks_and_a_flipped_bit_does_not(
    profile: str, payload: bytes, data_id: int, draw: st.DataObject
) -> None:
    protection = of(profile, data_id)
    counter = draw.draw(st.integers(0, protection.counters - 1))
    data = bytearray(payload)
    protection.protect(data, counter)
    assert protection.crc_fits(bytes(data))
    assert protection.counter_of(data) == counter
    assert data[3:] == payload[3:]
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    data[bit // 8] ^= 1 << bit % 8
    assert not protection.crc_fits(bytes(data))


@given(PAYLOADS, st.integers(0, 0xFFFF), st.integers(0, 15))
def test_another_data_id_is_masquerade(payload: bytes, data_id: int, bit: int) -> None:
    for profile in ("P01", "P05", "P11"):
        data = bytearray(payload)
        of(profile, data_id).protect(data, 3)
        assert not of(profile, data_id ^ 1 << bit).crc_fits(data)


@pytest.mark.parametrize("profile", ["P01", "P02", "P05", "P11"])
def test_a_receiver_tells_lost_repeated_jumped_and_corrupt_frames_apart(profile: str) -> None:
    protection = of(profile)

    def frame(counter: int) -> bytearray:
        data = bytearray(8)
        protection.protect(data, counter)
        return data

    checker = Checker(protection, max_delta=3)
    last = protection.counters - 1
    told = [checker.check(frame(counter)) for counter in (last, 0, 1, 1, 3, 6, 10, 11)]
    assert told == [
        Status.INITIAL, Status.OK, Status.OK, Status.REPEATED, Status.OK_SOME_LOST, Status.OK_SOME_LOST,
        Status.WRONG_SEQUENCE, Status.OK,
    ]  # fmt: skip
    wrong = frame(12)
    wrong[-1] ^= 1
    assert checker.check(wrong) is Status.WRONG_CRC
    assert checker.check(frame(12)) is Status.OK
    assert checker.check(b"\x00") is Status.WRONG_CRC


def test_the_counter_that_is_never_sent_is_wrong() -> None:
    data = bytearray(8)
    data[1] = 15
    data[0] = crc8_j1850(bytes([0x23, 0x01]) + data[1:])
    assert Checker(of("P01")).check(data) is Status.WRONG_SEQUENCE


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (Settings(profile="P03"), "found E2E profile 'P03'; expected one of P01"),
        (Settings(profile="P01", data_id=70000), "found E2E data id 70000; expected 0 to 65535"),
        (Settings(profile="P02", data_ids=(1, 2)), r"found E2E data id list \[1, 2\]; expected 16"),
        (Settings(profile="P11", mode=DataIdMode.ALT), "found E2E data id mode ALT; expected BOTH or NIBBLE"),
    ],
)
def test_settings_that_autosar_does_not_know_are_refused(settings: Settings, found: str) -> None:
    with pytest.raises(ValueError, match=found):
        protection_of(settings)


def test_profile_1_begins_its_counter_anew_and_knows_a_short_payload() -> None:
    profile, data = Profile1(0x0123), bytearray(8)
    profile.protect(data, 15)
    assert data == bytes([0xCC, 0, 0, 0, 0, 0, 0, 0])
    assert profile.crc_fits(data)
    assert not profile.crc_fits(b"\x00")


def test_protection_comes_from_the_dbc() -> None:
    vehicle, io_file = Database.load(ROOT / "dbc/vehicle.dbc"), Database.load(ROOT / "dbc/bench_io.dbc")
    kinds = {
        message.name: type(message.protection)
        for database in (vehicle, io_file)
        for message in database.messages
    }
    assert kinds["VCU_Vehicle"] is Profile1
    assert kinds["CHG_Status"] is Profile2
    assert kinds["IO_AfeStatus"] is Profile5
    assert kinds["IO_CellVoltages"] is type(None)
    # What protection writes is nobody's payload: the DBC's own layout finds counter and CRC again.
    for message in (vehicle["VCU_Vehicle"], vehicle["CHG_Status"], io_file["IO_AfeStatus"]):
        data = bytearray(message.length)
        assert message.protection is not None
        message.protection.protect(data, 5)
        values = message.decode(bytes(data))
        assert values["AliveCounter"] == 5
        crc = "Crc16" if "Crc16" in values else "Crc8"
        assert values[crc] == (data[0] | data[1] << 8 if crc == "Crc16" else data[0])


def test_wrong_protection_in_a_dbc_is_one_line(tmp_path: Path) -> None:
    text = (ROOT / "dbc/vehicle.dbc").read_text()
    path = tmp_path / "wrong.dbc"
    path.write_text(re.sub(r'(BA_ "E2E_DataIdList" BO_ 528 )"[^"]*"', r'\1"1,2,3"', text))
    database = Database.load(path)
    expected = r"wrong\.dbc \[\w+\]: found E2E data id list \[1, 2, 3\]; expected 16"
    assert re.search(expected, database.warnings()[0])
    (left_out,) = (one.message for one in database.troubles)
    with pytest.raises(ConfigError, match=expected):
        database[left_out]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('BA_ "E2E_Profile" BO_ 257 9;', "found E2E_Profile 9; expected one of 0 (none), 1 (P01), 2 (P02)"),
        ('BA_ "E2E_DataIdMode" BO_ 257 7;', "found E2E_DataIdMode 7; expected one of 0 (BOTH), 1 (ALT)"),
        ('BA_ "E2E_DataIdList" BO_ 257 "63,76,xx";', "found 'xx' in E2E_DataIdList; expected whole numbers"),
    ],
    ids=["profile", "mode", "list"],
)
def test_protection_that_cannot_be_read_costs_its_message_alone(
    said: str, words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "bms.dbc"
    path.write_text((ROOT / "dbc/bms.dbc").read_text() + said + "\n")
    database = Database.load(path)
    (trouble,) = database.troubles
    assert trouble.line.startswith(f"{path} [BMS_Faults]: {words}")
    assert "BMS_State" in database and "BMS_Faults" not in database
