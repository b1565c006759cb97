"""What `[mqtt]` may say."""

import re
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bench.config.mqtt import MqttConfig, TlsConfig
from bench.config.toml_file import DurationNs, Shape, TomlFile
from bench.config.user_file import is_file
from bench.units import NS_PER_S, format_ns

LONGEST_DRAIN_NS = 5 * NS_PER_S  # nobody who watches a broker may hold the end of a run for longer

_NOT_IN_TOPICS = re.compile(r"[^A-Za-z0-9._-]+")


class TlsTable(Shape):
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    MEANS: ClassVar = {
        "ca": "certificates of the authorities that are trusted, as a PEM file",
        "certificate": "the bench's own certificate, as a PEM file",
        "key": "the key to that certificate, as a PEM file",
    }


class MqttTable(Shape):
    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    rig: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]+$")
    prefix: str = Field(default="hil", pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")
    tls: TlsTable | None = None
    username_env: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    telemetry: DurationNs = Field(default=NS_PER_S, gt=0)
    drain: DurationNs = Field(default=5 * NS_PER_S, gt=0)
    retry: DurationNs = Field(default=5 * NS_PER_S, gt=0)
    spool_megabytes: int = Field(default=64, ge=1, le=1_000_000)

    MEANS: ClassVar = {
        "host": "the broker's name or address",
        "port": "the broker's port",
        "rig": "the bench's name in topics; absent: made of its name",
        "prefix": "the beginning of every topic",
        "tls": "encryption; absent: none",
        "username_env": "the environment variable that holds the user name",
        "password_env": "the environment variable that holds the password",
        "password_file": "the file that holds the password",
        "telemetry": "how often measured values are sent",
        "drain": "how long the end of a run waits for what is still to be sent",
        "retry": "how long to wait before the next try to connect",
        "spool_megabytes": "how much may wait on disk while the broker cannot be reached",
    }


def read_mqtt(
    file: TomlFile, table: MqttTable | None, base: Path, bench_name: str, runs: Path
) -> MqttConfig | None:
    """Facts of `[mqtt]`, None without one; notes files that are not there."""
    if table is None:
        return None
    for key, name in (("ca", table.tls and table.tls.ca), ("certificate", table.tls and table.tls.certificate),
                      ("key", table.tls and table.tls.key)):  # fmt: skip
        if name and not is_file(base / name):
            file.mistake(("mqtt", "tls", key), f"found '{name}', no such file; expected a PEM file")
    if table.password_env and table.password_file:
        file.mistake(("mqtt", "password_file"), "found it beside 'password_env'; expected one of them")
    if table.drain > LONGEST_DRAIN_NS:
        found = f"found {format_ns(table.drain)}; expected {format_ns(LONGEST_DRAIN_NS)} at most"
        file.mistake(("mqtt", "drain"), f"{found}: what is left then waits for the next run")
    return MqttConfig(
        host=table.host,
        port=table.port,
        rig=table.rig or _NOT_IN_TOPICS.sub("-", bench_name).strip("-") or "rig",
        prefix=table.prefix,
        tls=TlsConfig(ca=_at(base, table.tls.ca), certificate=_at(base, table.tls.certificate),
                      key=_at(base, table.tls.key)) if table.tls else None,
        username_env=table.username_env,
        password_env=table.password_env,
        password_file=_at(base, table.password_file),
        telemetry_ns=table.telemetry,
        spool=runs / "mqtt-spool",
        spool_bytes=table.spool_megabytes * 1_000_000,
        drain_ns=table.drain,
        retry_ns=table.retry,
    )  # fmt: skip


def _at(base: Path, name: str | None) -> Path | None:
    return None if name is None else (base / name).resolve()
