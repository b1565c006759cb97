"""Quantities as people write them: read exactly, refused with the way out where a unit is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.units import NS_PER_MS, NS_PER_S, format_ns, parse_duration_ns, parse_quantity

DURATIONS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
SPACES = st.sampled_from(["", " ", "  ", "\t", "\u00a0"])


@given(st.integers(0, 800_000), st.sampled_from(sorted(DURATIONS)), SPACES)
def test_whole_durations_are_exact(number: int, unit: str, space: str) -> None:
    assert parse_duration_ns(f"{space}{number}{space}{unit}{space}") == number * DURATIONS[unit]


@given(st.integers(0, 10**12))
def test_durations_in_ms_with_all_their_decimals_come_back_exactly(value_ns: int) -> None:
    text = f"{value_ns // NS_PER_MS}.{value_ns % NS_PER_MS:06d} ms"
    assert parse_duration_ns(text) == value_ns


@given(st.integers(-(10**9), 10**9))
def test_shown_durations_read_back_to_what_is_shown(value_ns: int) -> None:
    shown = format_ns(value_ns)
    digit_ns = {"ns": 1, "µs": 100, "ms": 100_000, "s": NS_PER_MS}[shown.split()[1]]
    read_ns = parse_duration_ns(shown.removeprefix("-")) * (-1 if shown.startswith("-") else 1)
    assert abs(read_ns - value_ns) <= digit_ns


@pytest.mark.parametrize(
    ("value_ns", "shown"),
    [(None, "–"), (0, "0 ns"), (999, "999 ns"), (1_500, "1.5 µs"), (2_480 * NS_PER_MS, "2.480 s"),
     (250 * NS_PER_MS, "250.0 ms"), (-20 * NS_PER_MS, "-20.0 ms"), (12 * NS_PER_S, "12.00 s")],
)  # fmt: skip
def test_durations_are_shown_as_a_reader_wants_them(value_ns: int | None, shown: str) -> None:
    assert format_ns(value_ns) == shown


@given(
    st.floats(-1e6, 1e6),
    st.sampled_from([("V", "mV", 1e-3), ("A", "kA", 1e3), ("ohm", "MΩ", 1e6), ("F", "µF", 1e-6)]),
)
def test_quantities_round_trip_in_every_prefix(value: float, kind: tuple[str, str, float]) -> None:
    dimension, unit, factor = kind
    assert parse_quantity(f"{value!r} {dimension}", dimension) == value
    assert parse_quantity(f"{value!r}{unit}", dimension) == value * factor


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [("20 mV", "V", 0.02), ("-40 °C", "degC", -40.0), ("1000 V", "V", 1000.0), ("+1.5e3 A", "A", 1500.0),
     ("500 ohm/V", "ohm/V", 500.0), ("0.5 kohm/V", "ohm/V", 500.0), ("500 kbit/s", "bit/s", 5e5),
     ("50 %", "%", 50.0)],
)  # fmt: skip
def test_quantities_as_people_write_them(text: str, dimension: str, value: float) -> None:
    assert parse_quantity(text, dimension) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("250", "'250' has no unit; expected one of ns, us, µs, ms, s, min, h"),
        ("250 msec", "'250 msec' has unit 'msec'; expected one of ns,"),
        ("250 MS", "has unit 'MS'; expected one of"),
        ("-1 ms", "'-1 ms' is negative; a duration counts forward"),
        ("ms", "'ms' is no quantity; expected a number with a unit, such as \"250 ms\""),
        ("", "'' is no quantity"),
        ("nan ms", "is no quantity"),
        ("inf s", "is no quantity"),
        ("1 2 ms", "is no quantity"),
        ("1.2.3 ms", "has unit '.3 ms'"),
        ("1,5 s", "has a decimal comma"),
        ("1e400 s", "is too large"),
        ("1e30 h", "is too large"),
    ],
)
def test_durations_that_are_none_are_refused_with_the_way_out(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration_ns(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("4.25", "V", "'4.25' has no unit; expected one of V, mV, kV"),
        ("4.25 A", "V", "'4.25 A' has unit 'A'; expected one of V, mV, kV"),
        ("4.25 v", "V", "has unit 'v'; expected one of V, mV, kV"),
        ("volts", "V", "'volts' is no quantity; expected a number with a unit, such as \"1 V\""),
        ("1e999 V", "V", "is too large"),
    ],
)
def test_quantities_of_no_or_another_dimension_are_refused(text: str, dimension: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_quantity(text, dimension)
    assert message in str(caught.value)


@given(st.text(alphabet="0123456789._eE+- \tmsVµ٣", max_size=40))
def test_any_text_is_read_or_refused_with_a_message_that_quotes_it(text: str) -> None:
    for read in (parse_duration_ns, lambda text: parse_quantity(text, "V")):
        try:
            value = read(text)
        except ValueError as error:
            assert str(error).startswith(f"'{text}' ")
        else:
            assert value == value and abs(value) < float("inf")


def test_a_long_wrong_number_is_refused_at_once() -> None:
    # A pattern that backtracks would need 2**5000 steps here, and pytest's time-out.
    with pytest.raises(ValueError, match="is no quantity"):
        parse_duration_ns("1" * 5000 + " 1")
