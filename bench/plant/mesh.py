"""Cells in parallel, groups in series, strings side by side: how a current divides among them.

Each cell is, at the current that it carries, a source behind a resistance. A group's voltage is then U = (sum(E/R) -
I) / sum(1/R). The same equation gives the voltage of the bus where strings meet.
The curve is not a straight line. The next step corrects that, as it starts from what the cells really show (Newton).
Where a short, a limit or a dying cell bends the curve hard, more rounds follow at once.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.plant.meshed_cells import MeshedCells
from bench.plant.sensing import VoltageTaps
from bench.plant.source import FloatArray

BoolArray = npt.NDArray[np.bool_]

_ROUNDS = 8
_STARVED_ROUNDS = 30  # a limit bends the curve the other way
_CLOSE_A = 1e-3
_APART_SIEMENS = 1e-12  # of a group whose cells are all open: it carries nothing


class Mesh:
    """Currents > 0 discharge. Cell k of group g is entry [k, g] of `cell_a` and `open`, and k * groups + g of `cells`.

    `groups` counts those of all strings, string by string. `string_a`: of each string; `group_v`: live, in place.
    The busbar of each group lies in series with it and within what the taps show of it. `string_v` is their sum, at
    the string's terminals.
    `open`: joined to its group no more, by `disconnect` and `reconnect`.
    """

    def __init__(
        self, cells: MeshedCells, *, strings: int, series: int, parallel: int, taps: VoltageTaps
    ) -> None:
        self.cells = cells
        self.strings, self.series, self.parallel = strings, series, parallel
        self.groups = strings * series
        self._taps = taps
        shape = (parallel, self.groups)
        self.cell_a: FloatArray = np.zeros(shape)
        self.string_a: list[float] = [0.0] * strings
        self.open: BoolArray = np.zeros(shape, dtype=np.bool_)
        self._joined: FloatArray = np.ones(shape)
        self._parted = False
        self._cell_v: FloatArray = np.zeros(shape)
        self._siemens: FloatArray = np.ones(shape)
        self._step_a: FloatArray = np.zeros(shape)
        self.group_v: FloatArray = np.zeros(self.groups)
        self._group_s: FloatArray = np.ones(self.groups)
        self._group_ohm: FloatArray = np.ones(self.groups)
        self._risen_v: FloatArray = np.zeros(self.groups)
        self._rows = list(self._risen_v.reshape(strings, series))
        self._beside: FloatArray = np.zeros(self.groups)
        self.string_v: list[float] = [0.0] * strings
        self._string_ohm: list[float] = [1.0] * strings
        self.look()

    def disconnect(self, branch: int, group: int) -> None:
        """One cell (both 0-based) leaves its group: a weld or a tab has parted."""
        self.open[branch, group] = True
        self._rejoin()

    def reconnect(self, branch: int, group: int) -> None:
        self.open[branch, group] = False
        self._rejoin()

    def _rejoin(self) -> None:
        """The current of a cell that has parted is its neighbours' from now on."""
        np.copyto(self._joined, self._carries())
        self._parted = not self._joined.all()
        string_a = np.repeat(self.string_a, self.series)
        self.cell_a *= self._joined
        missing_a = (string_a - self.cell_a.sum(axis=0)) / np.maximum(self._joined.sum(axis=0), 1.0)
        self.cell_a += missing_a * self._joined
        self._see(anew=True)

    def _carries(self) -> BoolArray:
        """Which cells are joined to their groups and conduct."""
        joined: BoolArray = np.logical_not(self.open)
        if self.cells.limit.broken:
            joined &= self.cells.limit.conducting(self.cells.alive).reshape(joined.shape)
        return joined

    def conducts(self) -> list[bool]:
        """For each string whether all of its groups have a cell that is joined and conducts."""
        if not self.cells.limit.broken and not self._parted:
            return [True] * self.strings
        groups: BoolArray = np.any(self._carries(), axis=0).reshape(self.strings, self.series)
        return np.all(groups, axis=1).tolist()  # type: ignore[no-any-return]

    def look(self) -> None:
        """Take over what the cells show now, at the currents that they carry.

        What a starved cell can give has moved with the step. Then cells of a group share their current out once more.
        """
        if self.cells.limit.broken and not np.array_equal(self._carries(), self._joined > 0.0):
            self._rejoin()
        if self.cells.starved:
            for _ in range(_STARVED_ROUNDS):
                self._see(anew=True, shown=False)
                self._move(self.string_a)
                if float(np.abs(self._step_a).max()) < _CLOSE_A:
                    break
        self._see(anew=self.cells.bent)

    def _see(self, *, anew: bool, shown: bool = True) -> None:
        """Each cell's voltage and conductance, and what they make together. `shown`: see `MeshedCells.at_terminals`."""
        cells, shape = self.cells, self.cell_a.shape
        flat_a = self.cell_a.reshape(-1)
        if anew:
            volt, siemens = cells.at_terminals(flat_a, shown=shown)
            self._cell_v[:] = volt.reshape(shape)
        else:
            self._cell_v[:] = cells.voltage_v.reshape(shape)
            siemens = cells.siemens_at(flat_a)
        self._siemens = siemens.reshape(shape)
        if self._parted:
            self._siemens *= self._joined
        np.add.reduce(self._siemens, axis=0, out=self._group_s)
        if self._parted:
            np.maximum(self._group_s, _APART_SIEMENS, out=self._group_s)
        np.divide(1.0, self._group_s, out=self._group_ohm)
        np.multiply(self._siemens, self._cell_v, out=self._step_a)
        np.add.reduce(self._step_a, axis=0, out=self.group_v)
        self.group_v *= self._group_ohm
        rows = (self.strings, self.series)
        taps, beside = self._taps, self._beside
        np.multiply(taps.busbar_ohm, self._of_string(self.string_a), out=beside)
        np.subtract(self.group_v, beside, out=taps.volt_v)
        self.string_v = np.add.reduce(taps.volt_v.reshape(rows), axis=1).tolist()
        np.add(self._group_ohm, taps.busbar_ohm, out=beside)
        self._string_ohm = np.add.reduce(beside.reshape(rows), axis=1).tolist()

    def _of_string(self, values: Sequence[float]) -> FloatArray:
        """Each group's share of a list of one value per string. The array is reused by the next call."""
        for row, value in zip(self._rows, values):
            row.fill(value)
        return self._risen_v

    def carry(
        self, closed: Sequence[bool], load_a: float, siemens: float, fed_a: Sequence[float]
    ) -> list[bool]:
        """Share `load_a`, and what `siemens` across the bus draws, out among the closed strings; tells which these are.

        A closed string one of whose groups conducts no more is not among them.
        fed_a: what each string that is not closed carries for another reason.
        """
        meeting = [shut and able for shut, able in zip(closed, self.conducts())]
        rounds = self._rounds(meeting)
        for number in range(rounds):
            if number or rounds == _STARVED_ROUNDS:
                self._see(anew=True, shown=False)
            self._move(self._wanted_a(meeting, load_a, siemens, fed_a))
            if rounds > 1 and float(np.abs(self._step_a).max()) < _CLOSE_A:
                break
        return meeting

    def bus_v(self, meeting: Sequence[bool]) -> float:
        """The voltage where these strings meet, by what each shows at the current that it carries.

        After a jump of the load their voltages differ a little, for one step: the stiffer one counts for more.
        """
        pairs = [(v, 1.0 / ohm) for v, ohm, meets in zip(self.string_v, self._string_ohm, meeting) if meets]
        return sum(v * s for v, s in pairs) / sum(s for _, s in pairs)

    def _rounds(self, meeting: Sequence[bool]) -> int:
        if self.cells.starved:
            return _STARVED_ROUNDS
        anew = self.strings > 1 and any(meets and a == 0.0 for meets, a in zip(meeting, self.string_a))
        return _ROUNDS if anew or self.cells.bent else 1

    def _wanted_a(
        self, meeting: Sequence[bool], load_a: float, siemens: float, fed_a: Sequence[float]
    ) -> list[float]:
        """The current of each string, by straight lines from what they show now."""
        if not any(meeting):
            return list(fed_a)
        given_a, share_s = -load_a, siemens
        terminal_v, ohm = self.string_v, self._string_ohm
        for k, meets in enumerate(meeting):
            given_a += self.string_a[k] + terminal_v[k] / ohm[k] if meets else fed_a[k]
            share_s += 1.0 / ohm[k] if meets else 0.0
        bus_v = given_a / share_s
        return [
            self.string_a[k] + (terminal_v[k] - bus_v) / ohm[k] if meets else fed_a[k]
            for k, meets in enumerate(meeting)
        ]

    def _move(self, wanted_a: list[float]) -> None:
        """Lead every cell towards the voltage that its group takes at its string's new current."""
        step_a = self._step_a
        risen_v = self._of_string([wanted - now for wanted, now in zip(wanted_a, self.string_a)])
        risen_v *= self._group_ohm
        risen_v -= self.group_v
        np.add(self._cell_v, risen_v, out=step_a)
        step_a *= self._siemens
        self.cell_a += step_a
        self.string_a = wanted_a

    def onto(self, string: int, bus_v: float) -> float:
        """What flows if this string (0-based) met a bus of this voltage now, in A; changes nothing."""
        before_a, strings_a = self.cell_a.copy(), self.string_a
        for _ in range(_STARVED_ROUNDS):
            self._see(anew=True)
            wanted_a = list(self.string_a)
            wanted_a[string] += (self.string_v[string] - bus_v) / self._string_ohm[string]
            self._move(wanted_a)
            if float(np.abs(self._step_a).max()) < _CLOSE_A:
                break
        met_a = self.string_a[string]
        self.cell_a[:], self.string_a = before_a, strings_a
        self._see(anew=True)
        return met_a

    def capacity_ah(self) -> FloatArray:
        """What each group can give, of the cells that are joined to it."""
        result: FloatArray = (self.cells.capacity_ah.reshape(self.open.shape) * self._joined).sum(axis=0)
        return result

    def soc(self) -> FloatArray:
        """The state of charge of each group (0 to 1): the charge of its joined cells over their capacity."""
        held_ah = self.cells.capacity_ah.reshape(self.open.shape) * self._joined
        charge_ah = (held_ah * self.cells.soc.reshape(self.open.shape)).sum(axis=0)
        result: FloatArray = charge_ah / np.maximum(held_ah.sum(axis=0), 1e-9)
        return result

    def hottest_c(self) -> FloatArray:
        """The temperature of the hottest cell of each group, degC."""
        result: FloatArray = self.cells.temp_c.reshape(self.open.shape).max(axis=0)
        return result
