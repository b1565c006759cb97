"""Modbus RTU frames against vectors from the makers' documents; damage is always found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec import modbus_rtu as rtu
from bench.codec.modbus_rtu import ModbusError, crc16, payload_of

VECTORS = [
    ("01 10 00 02 00 02 04 56 78 12 34 EE 90", rtu.write_registers(1, 2, [0x5678, 0x1234])),  # NGI
    ("01 05 01 92 FF 00 2C 2B", rtu.write_one(1, rtu.WRITE_COIL, 402, rtu.COIL_ON)),  # EA, remote on
    ("01 05 01 92 00 00 6D DB", rtu.write_one(1, rtu.WRITE_COIL, 402, rtu.COIL_OFF)),
    ("01 06 01 F5 66 66 33 8E", rtu.write_one(1, rtu.WRITE_REGISTER, 501, 0x6666)),
    ("01 03 01 FB 00 03 75 C6", rtu.read(1, rtu.READ_REGISTERS, 507, 3)),
    ("01 03 00 79 00 02 15 D2", rtu.read(1, rtu.READ_REGISTERS, 121, 2)),
    ("01 03 01 F9 00 02 15 C6", rtu.read(1, rtu.READ_REGISTERS, 505, 2)),
    ("01 05 00 00 FF 00 8C 3A", rtu.write_one(1, rtu.WRITE_COIL, 0, rtu.COIL_ON)),  # Waveshare
]


@pytest.mark.parametrize(("text", "frame"), VECTORS)
def test_the_makers_own_examples_come_out_byte_for_byte(text: str, frame: bytes) -> None:
    assert frame == bytes.fromhex(text)


@pytest.mark.parametrize("text", ["01 03 04 42 A0 00 00 EE 69", "01 85 07 03 52", "01 85 17 02 9E"])
def test_the_makers_replies_have_a_valid_crc(text: str) -> None:
    assert rtu.intact(bytes.fromhex(text))


def test_a_read_reply_gives_its_data() -> None:
    request = bytes.fromhex("01 03 00 79 00 02 15 D2")
    assert payload_of(request, bytes.fromhex("01 03 04 42 A0 00 00 EE 69")).hex() == "42a00000"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("01 85 07 03 52", "exception 7: access denied"),
        ("01 85 17 02 9E", "exception 23: the device is in LOCAL"),
    ],
)
def test_an_exception_is_told_in_words(reply: str, told: str) -> None:
    request = rtu.write_one(1, rtu.WRITE_COIL, 402, rtu.COIL_ON)
    with pytest.raises(ModbusError, match=told):
        payload_of(request, bytes.fromhex(reply))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"\x02\x05\x01\x92\xff\x00", "device 2 answered, expected 1"),
        (b"\x01\x06\x01\x92\xff\x00", "function 6 answered, expected 5"),
        (b"\x01\x05\x01\x92\x00\x00", "'01 92 00 00' was acknowledged, expected '01 92 ff 00'"),
    ],
)
def test_an_answer_to_another_question_is_refused(body: bytes, told: str) -> None:
    request = rtu.write_one(1, rtu.WRITE_COIL, 402, rtu.COIL_ON)
    with pytest.raises(ModbusError, match=told):
        payload_of(request, rtu.framed(body))


@given(st.binary(min_size=2, max_size=60), st.data())
def test_a_burst_of_up_to_16_bits_is_always_found(body: bytes, data: st.DataObject) -> None:
    frame = int.from_bytes(rtu.framed(body), "little")
    bits = 8 * (len(body) + 2)
    first = data.draw(st.integers(0, bits - 16))
    pattern = data.draw(st.integers(1, 0xFFFF))
    damaged = frame ^ pattern << first
    assert not rtu.intact(damaged.to_bytes(bits // 8, "little"))


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_coils_survive_packing(states: list[bool]) -> None:
    assert rtu.unpacked(rtu.packed(states), len(states)) == states


def test_crc_of_nothing_is_its_start_value() -> None:
    assert crc16(b"") == b"\xff\xff"
