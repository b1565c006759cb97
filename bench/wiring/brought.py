"""What the bench file takes from providers of other distributions."""

from bench.config.bench_file import BenchConfig
from bench.rig.provider_shelf import asked_for


def titles(config: BenchConfig) -> dict[type, str]:
    """Who serves which capability, by title. Raises ConfigError."""
    return {kind: one.title for one in asked_for(config).values() for kind in one.provides}
