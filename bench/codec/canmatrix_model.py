"""What canmatrix makes of a file, as messages of our own codec. It comes with the extra 'networks'."""

import contextlib
import importlib.util
import io
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.codec.container import Pdu, container_message
from bench.codec.layout import Field, Layer
from bench.codec.layout_fit import refuse_misfits
from bench.codec.lengths import CLASSIC_BYTES, Described, frame_length
from bench.codec.message import Message
from bench.errors import ConfigError, at_place
from bench.units import NS_PER_MS

ALONE = ("json",)
"""Formats that only canmatrix reads. Its readers of Excel, DBF and FIBEX lost or changed signals when they were held
against cantools: no reading is better than a wrong one.
"""


def also_reads(kind: str, raw: bytes, refused: str) -> bool:
    """Whether it reads what cantools has refused with these words: other ARXML, and SYM before version 6.0.

    It loses signals of SYM 6.0, and mixes up the elements of an ARXML that have one path.
    """
    if kind == "arxml":
        return "multiple elements with path" not in refused
    return kind == "sym" and b"FormatVersion=6.0" not in raw


_MOST_ID = {False: 0x7FF, True: 0x1FFF_FFFF}


def is_there() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("canmatrix") is not None


def frames(path: Path, kind: str, raw: bytes, expected: str) -> list[Any]:
    """Its frames, each with `bus_name`. Raises ConfigError, one line: not installed, or not of its format."""
    if not is_there():
        what = "pip install 'bms-hil-bench[networks]'"
        raise ConfigError(at_place(path, "", f"found {expected}, and no canmatrix", f"it: {what}"))
    logging.getLogger("canmatrix").setLevel(
        logging.CRITICAL
    )  # it logs what it raises as well, without the file
    try:
        import canmatrix.formats

        with contextlib.redirect_stdout(io.StringIO()):  # it prints the lines that it leaves out
            buses = canmatrix.formats.loads(raw, import_type=kind)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(at_place(path, "", f"cannot be read: {reason}", expected)) from error
    found = []
    for bus, matrix in buses.items():
        for frame in matrix.frames:
            frame.bus_name = bus
            found.append(frame)
    return found


def described(frame: Any) -> Described:
    """The message that one of canmatrix' frames is. Raises ValueError with found and expected, and what it raises."""
    number, extended = int(frame.arbitration_id.id), bool(frame.arbitration_id.extended)
    if not 0 <= number <= _MOST_ID[extended]:
        bits = 29 if extended else 11
        raise ValueError(f"found id {number} (0x{number:X}); expected one of {bits} bits")
    cycle_ns, senders = round(float(frame.cycle_time or 0) * NS_PER_MS), tuple(map(str, frame.transmitters))
    if frame.is_pdu_container:
        pdus = [
            Pdu(
                name=one.name, header_id=int(one.id or 0), length=int(one.size), layout=_layout(one.name, one)
            )
            for one in frame.pdus
        ]
        message = container_message(
            pdus,
            name=str(frame.name),
            can_id=number,
            extended=extended,
            most=int(frame.size),
            cycle_ns=cycle_ns,
            senders=senders,
        )
        return Described(message, stated=message.length, fd_said=bool(frame.is_fd))
    size = int(frame.size)
    message = Message(
        name=str(frame.name),
        can_id=number,
        extended=extended,
        fd=bool(frame.is_fd) or size > CLASSIC_BYTES,
        length=frame_length(size, j1939=bool(frame.is_j1939)),
        layout=_layout(str(frame.name), frame),
        cycle_ns=cycle_ns,
        senders=senders,
    )
    message.receivers = tuple(sorted({str(node) for one in frame.signals for node in one.receivers}))
    return Described(message, stated=size, fd_said=bool(frame.is_fd))


def _layout(name: str, holder: Any) -> Layer:
    """The layout of a frame or a PDU. Raises ValueError where two signals lie on one bit, or one lies outside."""
    layer = _layer(list(holder.signals), None, None)
    refuse_misfits(name, int(holder.size), layer)
    return layer


def _layer(signals: Sequence[Any], under: str | None, key: int | None) -> Layer:
    """What stands there always (under None), or with that value of a multiplexer."""
    own = [one for one in signals if _above(one, signals) == under and (key is None or key in _keys(one))]
    branches = {}
    for one in own:
        if not one.is_multiplexer:
            continue
        below = [other for other in signals if _above(other, signals) == one.name]
        keys = sorted({value for other in below for value in _keys(other)})
        if keys:
            branches[str(one.name)] = {value: _layer(signals, one.name, value) for value in keys}
    return Layer(fields=tuple(_field(one) for one in own), branches=branches)


def _above(signal: Any, signals: Sequence[Any]) -> str | None:
    """The multiplexer that decides whether it is there."""
    if signal.mux_val is None and not signal.mux_val_grp:
        return None
    if signal.muxer_for_signal:
        return str(signal.muxer_for_signal)
    return next((str(one.name) for one in signals if one.is_multiplexer and one is not signal), None)


def _keys(signal: Any) -> set[int]:
    if signal.mux_val_grp:
        return {value for low, high in signal.mux_val_grp for value in range(int(low), int(high) + 1)}
    return set() if signal.mux_val is None else {int(signal.mux_val)}


def _field(signal: Any) -> Field:
    scale, offset = _number(signal.factor), _number(signal.offset)
    for what, value in (("factor", scale), ("offset", offset)):
        if not math.isfinite(value):
            raise ValueError(f"found {what} {value} of {signal.name}; expected a finite number")
    low, high = signal.min, signal.max
    none = low is None or high is None or low == high or signal.is_float
    return Field(
        name=str(signal.name),
        start=signal.get_startbit(bit_numbering=1),
        length=int(signal.size),
        little_endian=bool(signal.is_little_endian),
        signed=bool(signal.is_signed) and not signal.is_float,
        is_float=bool(signal.is_float),
        scale=scale,
        offset=offset,
        minimum=None if none else _number(low),
        maximum=None if none else _number(high),
        choices={int(number): str(text) for number, text in signal.values.items()},
        unit=str(signal.unit or ""),
    )


def _number(value: Any) -> int | float:
    """A whole number as one: so are physical values that are."""
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
