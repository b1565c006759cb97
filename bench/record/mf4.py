"""A shot's frames as MF4 (ASAM MDF 4.10, bus logging): `CAN_DataFrame` groups that other tools decode by a DBC.

Needs the extra 'mf4' (asammdf). Stamps in MF4 are float seconds: the BLF in the run folder stays the evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import RecordError
from bench.record.blf import DLC_OF_LENGTH
from bench.record.time_zero import Dated
from bench.trace.events import FrameSeen

# ASAM MDF bus logging: these member names are what makes a reader take the channel for CAN frames.
_MEMBERS = (
    ("BusChannel", "<u1"),
    ("ID", "<u4"),
    ("IDE", "<u1"),
    ("DLC", "<u1"),
    ("DataLength", "<u1"),
    ("DataBytes", "(64,)u1"),
    ("Dir", "<u1"),
    ("EDL", "<u1"),
    ("BRS", "<u1"),
    ("ESI", "<u1"),
)
_BUS, _CAN = 2, 2  # source type and bus type of the acquisition source


def write_mf4(
    path: Path,
    frames: Sequence[FrameSeen],
    numbers: Mapping[str, int],
    bench_sender: str,
    dbc_files: Mapping[str, Sequence[Path]],
    zero: Dated,
) -> None:
    """One group for each channel, its DBC files attached. `zero`: what the stamps count from.

    Raises RecordError where the file cannot be written.
    """
    import numpy as np
    from asammdf import MDF, Signal, Source

    mdf = MDF(version="4.10")
    mdf.header.start_time = zero.utc
    try:
        for channel, number in numbers.items():
            own = [seen for seen in frames if seen.channel == channel]
            attached = [_attachment(file) for file in dbc_files.get(channel, ())]
            source = Source(name=channel, path=channel, comment="", source_type=_BUS, bus_type=_CAN)
            mdf.append(
                Signal(
                    samples=_records(own, number, bench_sender),
                    timestamps=np.array([(seen.t_ns - zero.clock_ns) / 1e9 for seen in own], dtype="<f8"),
                    name="CAN_DataFrame",
                    source=source,
                    attachment=attached[0] if attached else None,
                ),
                acq_name=channel,
                acq_source=source,
                comment=f"CAN {number}: {channel}",
            )
            for content, name, digest in attached[1:]:
                mdf.attach(content, file_name=str(name), hash_sum=digest, mime="application/x-dbc")
        mdf.save(path, overwrite=True, compression=2)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error}") from error
    finally:
        mdf.close()


def _records(frames: Iterable[FrameSeen], number: int, bench_sender: str) -> Any:
    import numpy as np

    own = list(frames)
    records = np.zeros(len(own), dtype=[(f"CAN_DataFrame.{name}", kind) for name, kind in _MEMBERS])
    for record, seen in zip(records, own):
        can_id, data, extended, fd, switch = seen.frame
        padded = np.frombuffer(data.ljust(64, b"\0"), dtype="u1")
        sent = int(seen.sender == bench_sender)
        values = (
            number,
            can_id,
            int(extended),
            DLC_OF_LENGTH[len(data)],
            len(data),
            padded,
            sent,
            int(fd),
            int(switch),
            0,
        )
        for (name, _), value in zip(_MEMBERS, values):
            record[f"CAN_DataFrame.{name}"] = value
    return records


def _attachment(file: Path) -> tuple[bytes, Path, bytes]:
    import hashlib

    content = file.read_bytes()
    return content, Path(file.name), hashlib.md5(content, usedforsecurity=False).digest()
