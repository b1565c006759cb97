"""The step `replay`: its recording is read at once, as what is wrong with it is as wrong as the scenario."""

from typing import TYPE_CHECKING

from bench.errors import ConfigError
from bench.scenario.model import ReplayText

if TYPE_CHECKING:
    from bench.config.toml_file import TomlFile
    from bench.scenario.step_shapes import ReplayShape


def recorded_step(file: "TomlFile", shape: "ReplayShape", place: tuple[str, int]) -> ReplayText | None:
    """None, and mistakes noted, where the recording is not what the step says. Paths are relative to the scenario."""
    from bench.replay.current import factor_of, load_of, read_recording
    from bench.replay.recording import KeyMistake, RecordingAsked

    beside = file.path.parent
    asked = RecordingAsked(
        path=beside / shape.file,
        signal=shape.signal,
        time=shape.time,
        dbc=None if shape.dbc is None else beside / shape.dbc,
        channel=shape.channel,
    )
    try:
        recording = read_recording(asked)
        factor = factor_of(recording, shape.unit) * (1.0 if shape.sign == "discharge_positive" else -1.0)
        trace = load_of(recording, factor, shape.from_, shape.until, shape.hold, shape.max_gap)
    except ConfigError as wrong:
        file.mistakes.extend(str(wrong).splitlines())
        return None
    except KeyMistake as misfit:
        file.mistake((*place, misfit.key), str(misfit))
        return None
    return ReplayText(
        name=f"{shape.file} {shape.signal}",
        trace=trace.scaled(shape.scale / 100),
        sources=(asked.path,) if asked.dbc is None else (asked.path, asked.dbc),
    )
