"""Codec against cantools and asammdf, in one process and one run. Exit 1 when a promise is missed."""

import sys
import timeit
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cantools.database
import numpy as np
from numpy.typing import NDArray

from bench.codec.batch import decode_batch, decode_series
from bench.codec.database import Database, Message

_DBC = Path(__file__).parents[1] / "dbc"
_CASES = (("bench_io.dbc", "IO_CellVoltages"), ("bms.dbc", "BMS_Faults"))
_FRAMES = 200_000
_WANTED = {"decode": 5.0, "encode": 11.0, "batch": 20.0}  # encode reaches 11.5 to 12.1, at any load


def best_us(*calls: Callable[[], object], items: int, number: int, repeat: int) -> list[float]:
    """Microseconds per item of each call. Rounds take turns and the best counts: noise hits all alike."""
    best = [float("inf")] * len(calls)
    for _ in range(repeat):
        for at, call in enumerate(calls):
            best[at] = min(best[at], timeit.timeit(call, number=number) / number / items * 1e6)
    return best


def payloads(message: Message, count: int) -> NDArray[np.uint8]:
    """Random payloads: all bits at random, but the multiplexer's values in turn."""
    data = np.random.default_rng(1).integers(0, 256, (count, message.length), dtype=np.uint8)
    if message.mux:
        data[:, 0] = np.arange(count) % len(message.layout.branches[message.mux])
    return data


def row(case: str, what: str, theirs_us: float, ours_us: float, wanted: float | None) -> bool:
    """Prints one line of the table; False where a promise is missed."""
    ratio = theirs_us / ours_us
    promise = "" if wanted is None else f">= {wanted:g}" + ("" if ratio >= wanted else "  MISSED")
    print(f"{case:32} {what:24} {theirs_us:9.3f} {ours_us:9.3f} {ratio:7.1f}x  {promise}")
    return wanted is None or ratio >= wanted


def against_cantools(file: str, name: str) -> bool:
    """Both get the same hundred random payloads; decoding and encoding must give the same results."""
    message = Database.load(_DBC / file)[name]
    reference: Any = cantools.database.load_file(_DBC / file)
    reference = reference.get_message_by_name(name)
    data = [row.tobytes() for row in payloads(message, 96)]
    values = [reference.decode(one, decode_choices=False) for one in data]
    for one in values:
        one.update({"AliveCounter": one["AliveCounter"] % 15} if "AliveCounter" in one else {})
    encoded = [bytes(reference.encode(one)) for one in values]
    if [message.decode(one) for one in encoded] != values or [
        message.encode(one) for one in values
    ] != encoded:
        raise SystemExit(f"{name}: results differ from cantools'; expected equal ones")

    def their_decode() -> None:
        for one in data:
            reference.decode(one, decode_choices=False)

    def our_decode() -> None:
        for one in data:
            message.decode(one)

    def their_encode() -> None:
        for one in values:
            reference.encode(one)

    def our_encode() -> None:
        for one in values:
            message.encode(one)

    decode = best_us(their_decode, our_decode, items=len(data), number=10, repeat=40)
    encode = best_us(their_encode, our_encode, items=len(data), number=4, repeat=30)
    good = row(name, "decode, random payloads", decode[0], decode[1], _WANTED["decode"])
    return row(name, "encode, random values", encode[0], encode[1], _WANTED["encode"]) and good


def against_asammdf(file: str, name: str) -> bool:
    """asammdf too gives each signal only the frames that carry it: the like of decode_series."""
    message = Database.load(_DBC / file)[name]
    data = payloads(message, _FRAMES)
    rounds = {"items": _FRAMES, "number": 3, "repeat": 5}
    try:
        log = recorded(message, data)
    except ImportError:
        series, dense = best_us(
            lambda: decode_series(message, data), lambda: decode_batch(message, data), **rounds
        )
        print(f"{name:32} batch {series:.3f} us, dense {dense:.3f} us per frame; asammdf is not installed")
        return True
    with log:
        extract = {"CAN": [(_DBC / file, 0)]}
        channels = log.extract_bus_logging(extract).channels_db
        absent = [signal for signal in message.signal_names if signal not in channels]
        if absent:
            raise SystemExit(f"{name}: asammdf extracted no {', '.join(absent)}; expected all signals")
        theirs, series, dense = best_us(
            lambda: log.extract_bus_logging(extract),
            lambda: decode_series(message, data),
            lambda: decode_batch(message, data),
            **rounds,
        )
    good = row(name, "batch, as asammdf", theirs, series, _WANTED["batch"])
    return row(name, "batch, dense with NaN", theirs, dense, None) and good


def recorded(message: Message, data: NDArray[np.uint8]) -> Any:
    """A bus log in memory, as asammdf reads it from an MF4. ImportError where asammdf is not installed."""
    from asammdf import MDF, Signal, Source
    from asammdf.blocks import v4_constants

    count, length = data.shape
    kinds = [
        ("CAN_DataFrame.BusChannel", "<u1"),
        ("CAN_DataFrame.ID", "<u4"),
        ("CAN_DataFrame.IDE", "<u1"),
        ("CAN_DataFrame.DLC", "<u1"),
        ("CAN_DataFrame.DataLength", "<u1"),
        ("CAN_DataFrame.DataBytes", "(8,)u1"),
    ]
    frames = np.zeros(count, dtype=np.dtype(kinds))
    frames["CAN_DataFrame.BusChannel"] = 1
    frames["CAN_DataFrame.ID"] = message.can_id
    frames["CAN_DataFrame.DLC"] = frames["CAN_DataFrame.DataLength"] = length
    frames["CAN_DataFrame.DataBytes"][:, :length] = data
    source = Source("CAN", "CAN", "", v4_constants.SOURCE_BUS, v4_constants.BUS_TYPE_CAN)
    log = MDF(version="4.10")
    log.append(Signal(frames, np.arange(count) * 1e-3, name="CAN_DataFrame", source=source))
    return log


def main() -> int:
    if find_spec("bitstruct.c") is None:
        raise SystemExit("cantools runs without bitstruct's C code here; expected with it, for a fair race")
    print(f"{'us per frame':32} {'':24} {'theirs':>9} {'ours':>9} {'ratio':>8}  promise")
    good = [against_cantools(*case) for case in _CASES] + [against_asammdf(*case) for case in _CASES]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
