"""Reading the file of a DUT profile."""

from pathlib import Path

from bench.config.profile import DutProfile
from bench.errors import ConfigError


def load_profile(path: Path) -> DutProfile:
    """Read and check a DUT profile. Raises ConfigError with one line per mistake."""
    # Imported here: pydantic costs 0.1 s, which commands that never read a profile need not pay.
    from bench.config.profile_reader import ProfileReader
    from bench.config.profile_shape import ProfileShape
    from bench.config.toml_file import read_toml

    file = read_toml(path)
    shape = file.check_on(ProfileShape, file.data)
    profile = None if shape is None else ProfileReader(file, shape).profile()
    file.stop_on_mistakes()
    if profile is None:  # unreachable after stop_on_mistakes; narrows the type
        raise ConfigError(f"{path}: found no profile; expected one")
    return profile
