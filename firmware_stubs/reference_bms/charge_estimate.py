"""State of charge by Coulomb counting, corrected by the open-circuit voltage at rest; and the capacity behind it."""

from firmware_stubs.reference_bms.limits import Limits

_NS_PER_S = 1_000_000_000
_REST_MA = 500
_REST_NS = 60 * _NS_PER_S  # cells have mostly relaxed
_CORRECTION = 0.002  # of the difference, per sweep at rest: a time constant of 50 s
_FLATTEST_V = (
    0.15  # volt per unit of SoC (1.5 mV per percent); below, as on LFP's plateau, voltage tells nothing
)
_LEAST_SWING = 0.2  # capacity is judged between two rests at least 20 % SoC apart


class ChargeEstimate:
    """Current samples and sweeps in; `soc` (0..1, None before the first sweep) and `soh` out."""

    __slots__ = ("_anchor", "_capacity_ah", "_drawn_ma_ns", "_last_ns", "_limits", "_rest_since_ns", "soc")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._capacity_ah = limits.capacity_ah
        self._drawn_ma_ns = 0  # since the last anchor
        self._last_ns = -1
        self._rest_since_ns = -1
        self._anchor: float | None = None  # SoC by voltage at the last rest
        self.soc: float | None = None

    @property
    def capacity_ah(self) -> float:
        return self._capacity_ah

    @property
    def soh(self) -> float:
        return self._capacity_ah / self._limits.capacity_ah

    def current(self, now_ns: int, milliampere: int) -> None:
        last_ns, self._last_ns = self._last_ns, now_ns
        if self.soc is None or last_ns < 0:
            return
        drawn = milliampere * (now_ns - last_ns)
        self._drawn_ma_ns += drawn
        self.soc -= drawn / (self._capacity_ah * 3.6e6 * _NS_PER_S)
        if -_REST_MA <= milliampere <= _REST_MA:
            if self._rest_since_ns < 0:
                self._rest_since_ns = now_ns
        else:
            self._rest_since_ns = -1

    def sweep(self, now_ns: int, mean_v: float) -> None:
        if self.soc is None:
            self.soc, _ = self.by_voltage(mean_v)
            return
        if self._rest_since_ns < 0 or now_ns - self._rest_since_ns < _REST_NS:
            return
        at_rest, slope = self.by_voltage(mean_v)
        if slope >= _FLATTEST_V:
            self._judge_capacity(at_rest)
            self.soc += (at_rest - self.soc) * _CORRECTION

    def by_voltage(self, volt: float) -> tuple[float, float]:
        """SoC of a cell at rest, 0..1, and the slope in V per unit of SoC there."""
        table = self._limits.ocv_v
        steps = len(table) - 1
        for index in range(steps):
            low, high = table[index], table[index + 1]
            if volt < high:
                slope = (high - low) * steps
                return max(0.0, index + (volt - low) / (high - low)) / steps, slope
        return 1.0, (table[-1] - table[-2]) * steps

    def _judge_capacity(self, soc: float) -> None:
        if self._anchor is None:
            self._anchor, self._drawn_ma_ns = soc, 0
            return
        swing = self._anchor - soc
        if abs(swing) >= _LEAST_SWING:
            measured_ah = self._drawn_ma_ns / (swing * 3.6e6 * _NS_PER_S)
            if 0.3 < measured_ah / self._limits.capacity_ah < 1.3:
                self._capacity_ah += 0.5 * (measured_ah - self._capacity_ah)
            self._anchor, self._drawn_ma_ns = soc, 0
