"""Temperatures and thermal runaway."""

from firmware_stubs.defects.mutant import Mutant, calibrated, deaf, plus, replaced
from firmware_stubs.reference_bms.faults import Fault
from firmware_stubs.reference_bms.measurement import NTC_SHORT, TemperatureInput, temperature_raw
from firmware_stubs.reference_bms.sendings import Sendings, Transmitter
from firmware_stubs.reference_bms.temperature_monitor import TemperatureMonitor


def _changing(change: "object") -> type[TemperatureMonitor]:
    class Changed(TemperatureMonitor):
        def sweep(
            self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
        ) -> None:
            kept = temperatures.raw
            temperatures.raw = change(kept)  # type: ignore[operator]
            super().sweep(temperatures, charging=charging, driving=driving, cell_dropped=cell_dropped)
            temperatures.raw = kept

    return Changed


def _mean(raw: list[int]) -> list[int]:
    return [sum(raw) // len(raw)] * len(raw)


def _without_second_half(raw: list[int]) -> list[int]:
    return raw[:12] + raw[:12]


def _short_is_warm(raw: list[int]) -> list[int]:
    return [temperature_raw(25.0) if value >= NTC_SHORT else value for value in raw]


class _DropAlone(TemperatureMonitor):
    def runs_away(self, raw: list[int], cell_dropped: bool) -> bool:
        return cell_dropped or super().runs_away(raw, cell_dropped)


class _RateAlone(TemperatureMonitor):
    def is_serious(self, value: int, cell_dropped: bool) -> bool:  # noqa: ARG002
        return True


class _NeedsBoth(TemperatureMonitor):
    def is_serious(self, value: int, cell_dropped: bool) -> bool:
        return cell_dropped and value >= self._charge_raw


class _HeatAlone(TemperatureMonitor):
    def runs_away(self, raw: list[int], cell_dropped: bool) -> bool:
        return max(raw) >= self._charge_raw or super().runs_away(raw, cell_dropped)


class _NoAlarm(Transmitter):
    def _send_contactors(self, sendings: Sendings) -> None:
        faults = self._bms.faults
        kept, faults.word = faults.word, 0
        super()._send_contactors(sendings)
        faults.word = kept


DEFECTS: dict[str, Mutant] = {
    "overtemperature_limit_high": calibrated(
        "trips on overtemperature 5 K above the limit", ot_trip_c=plus(5.0)
    ),
    "overtemperature_limit_low": calibrated(
        "trips on overtemperature 3 K below the limit", ot_trip_c=plus(-3.0)
    ),
    "late_overtemperature": calibrated("debounces temperatures over 6 sweeps", temperature_trip_sweeps=6),
    "hasty_overtemperature": calibrated("trips on one hot sweep", temperature_trip_sweeps=1),
    "ignores_half_the_sensors": replaced(
        "looks at sensors 1 to 12 only", temperatures=_changing(_without_second_half)
    ),
    "temperature_by_mean": replaced("looks at the mean temperature only", temperatures=_changing(_mean)),
    "misses_charge_overtemperature": deaf(
        "has no lower limit of temperature for charging", Fault.OVERTEMPERATURE_CHARGE
    ),
    "charges_in_the_cold": deaf("charges below the lowest temperature", Fault.UNDERTEMPERATURE_CHARGE),
    "drives_in_the_cold": deaf("drives below the lowest temperature", Fault.UNDERTEMPERATURE_DISCHARGE),
    "misses_ntc_faults": deaf("does not see an open NTC", Fault.TEMPERATURE_SENSOR_FAULT),
    "takes_ntc_short_for_warm": replaced(
        "takes a shorted NTC for 25 degC", temperatures=_changing(_short_is_warm)
    ),
    "misses_gradient": deaf("does not see a sensor far off its neighbours", Fault.TEMPERATURE_GRADIENT),
    "misses_temperature_loss": deaf(
        "does not notice that temperatures have stopped coming", Fault.TEMPERATURE_LOST
    ),
    "misses_thermal_runaway": deaf("has no thermal runaway alarm", Fault.THERMAL_RUNAWAY),
    "runaway_by_drop_alone": replaced(
        "alarms on the fall of a cell voltage without a rise of temperature", temperatures=_DropAlone
    ),
    "runaway_by_rate_alone": replaced("alarms on the rise of temperature alone", temperatures=_RateAlone),
    "runaway_by_heat_alone": replaced(
        "alarms at the highest working temperature without a rise", temperatures=_HeatAlone
    ),
    "runaway_needs_both": replaced(
        "alarms only when voltage has fallen and temperature is high", temperatures=_NeedsBoth
    ),
    "late_thermal_runaway": calibrated("wants the rise for 20 s", runaway_sweeps=20),
    "runaway_without_cooling": replaced(
        "opens on thermal runaway, but neither warns nor asks for cooling", transmitter=_NoAlarm
    ),
}
