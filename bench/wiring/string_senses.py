"""What sensors in each string of the pack show, strings from 0."""

from collections.abc import Callable

from bench.plant.pack import Pack


def string_senses(pack: Pack) -> dict[str, Callable[[int], float | None]]:
    """By quantity of bench.config.play."""
    of = pack.of
    return {
        "string_current": pack.string_current_a,
        "string_current_redundant": pack.string_current_a,
        "string_voltage": pack.string_voltage_v,
        "string_plus_feedback": lambda string: of[string].contactors.plus.closed,
        "string_minus_feedback": lambda string: of[string].contactors.minus.closed,
        "string_precharge_feedback": lambda string: of[string].contactors.precharge.closed,
        "string_insulation_plus": lambda string: pack.insulation_ohm(string, "plus"),
        "string_insulation_minus": lambda string: pack.insulation_ohm(string, "minus"),
    }
