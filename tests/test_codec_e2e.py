"""AUTOSAR E2E profile 1 against published check values, and against single bit errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec.e2e import check_p01, crc8_j1850, protect_p01


@pytest.mark.parametrize(("start", "xor", "check"), [(0xFF, 0xFF, 0x4B), (0, 0, 0x37)])
def test_crc_has_the_published_check_values(start: int, xor: int, check: int) -> None:
    assert crc8_j1850(b"123456789", start, xor) == check


def test_profile_1_variant_both_has_the_published_vector() -> None:
    data = bytearray(8)
    protect_p01(data, 0x0123, 0)
    assert data == bytes([0xCC, 0, 0, 0, 0, 0, 0, 0])


@given(st.binary(min_size=2, max_size=64), st.integers(0, 0xFFFF), st.integers(0, 14), st.data())
def test_what_is_protected_checks_and_a_flipped_bit_or_another_id_does_not(
    payload: bytes, data_id: int, counter: int, draw: st.DataObject
) -> None:
    data = bytearray(payload)
    protect_p01(data, data_id, counter)
    assert check_p01(bytes(data), data_id)
    assert data[1] == payload[1] & 0xF0 | counter
    assert data[2:] == payload[2:]
    assert not check_p01(bytes(data), data_id ^ 1 << draw.draw(st.integers(0, 15)))
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    data[bit // 8] ^= 1 << bit % 8
    assert not check_p01(bytes(data), data_id)


def test_counter_wraps_after_14_and_nonsense_is_refused() -> None:
    data = bytearray(4)
    protect_p01(data, 1, 15)
    assert data[1] == 0
    with pytest.raises(ValueError, match="expected 2 bytes or more"):
        protect_p01(bytearray(1), 1, 0)
    assert not check_p01(b"\x00", 1)
