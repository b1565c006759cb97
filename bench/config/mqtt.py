"""`[mqtt]` of hil_config.toml: which broker hears of this rig. Secrets come from the environment or a file."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConfig:
    """Files of the user; None: the system's authorities, no client certificate."""

    ca: Path | None
    certificate: Path | None
    key: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttConfig:
    """username_env, password_env: names of environment variables. spool_bytes: where telemetry and events give way.

    drain_ns: patience at the end of a run for what is left. retry_ns: the longest pause between attempts.
    """

    host: str
    port: int
    rig: str
    prefix: str
    tls: TlsConfig | None
    username_env: str | None
    password_env: str | None
    password_file: Path | None
    telemetry_ns: int
    spool: Path
    spool_bytes: int
    drain_ns: int
    retry_ns: int
