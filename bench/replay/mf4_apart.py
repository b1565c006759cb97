"""An MF4 recording, read by a process of its own."""

from importlib.util import find_spec

from bench.errors import ConfigError, at_place
from bench.replay.apart import read_apart
from bench.replay.recording import Recording, RecordingAsked


def read_mf4(asked: RecordingAsked) -> Recording:
    """Needs the extra 'mf4'. ConfigError or KeyMistake, one line, for what cannot be read."""
    if find_spec("asammdf") is None:
        raise ConfigError(
            at_place(
                asked.path, "", "found an MF4 file, and no asammdf", "it: pip install 'bms-hil-bench[mf4]'"
            )
        )
    return read_apart(asked)
