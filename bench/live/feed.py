"""What a run tells the world while it runs: into the spool, never further. Safe in forked workers."""

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from bench.config.mqtt import MqttConfig
from bench.errors import ConfigError, clear
from bench.live.spool import SpoolWriter, left_in
from bench.record.codable import encode
from bench.report.finding_words import reasons_words
from bench.rig.rig import Rig
from bench.timing.clock import Phase
from bench.timing.host import wall_now_ns
from bench.trace.events import Kind
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.result import RunResult, ShotResult

VERSION = 1
# These come in swarms; telemetry has the bench's worst, and the verdict says what they led to.
_TOLD = frozenset(Kind) - {Kind.BENCH_LATE, Kind.DUT_WAITED}

_LAST_WORDS_NS = 500 * NS_PER_MS  # of `drain`, for the publisher to say what is left and to end


def in_the_clear(config: MqttConfig) -> str | None:
    """What is to be known of a password without TLS, in a line; None where there is nothing to be said."""
    if config.tls is not None or (config.password_env is None and config.password_file is None):
        return None
    key = "password_env" if config.password_file is None else "password_file"
    return (
        f"[mqtt.{key}]: found a password and no [mqtt.tls]: it travels to {clear(config.host, 80)}:{config.port} "
        "in the clear, and whoever is on the way reads it; expected [mqtt.tls], empty for the system's authorities"
    )


def check_live(config: MqttConfig) -> None:
    """What can be known before a run. Raises ConfigError: no aiomqtt, a secret that is not where it should be."""
    if importlib.util.find_spec("aiomqtt") is None:
        raise ConfigError("[mqtt]: found no aiomqtt installed; expected pip install 'bms-hil-bench[mqtt]'")
    for key, name in (("username_env", config.username_env), ("password_env", config.password_env)):
        if name is not None and name not in os.environ:
            raise ConfigError(
                f"[mqtt.{key}]: found no variable '{name}' in the environment; expected it to be set"
            )
    if config.password_file is not None and not config.password_file.is_file():
        raise ConfigError(
            f"[mqtt.password_file]: found no file '{config.password_file}'; expected the password in it"
        )


class LiveFeed:
    """One run's messages; see docs/mqtt.md for topics and bench/live/schema.json for bodies."""

    def __init__(
        self, config: MqttConfig, run_id: str, timebase: str, firmware: str, evidence: str = ""
    ) -> None:
        self._config = config
        self._run_id = run_id
        self._timebase = timebase
        self._firmware = firmware
        self._evidence = evidence
        self._spool = SpoolWriter(config.spool, run_id, config.spool_bytes)
        self._publisher: subprocess.Popen[bytes] | None = None
        self._counts: Counter[str] = Counter()

    def start(self, scenarios: Mapping[str, int]) -> None:
        """Start the publisher. `scenarios`: ids with their number of shots."""
        self._publisher = subprocess.Popen(
            [sys.executable, "-m", "bench.live.publisher", json.dumps(self._settings())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        self._status("running", scenarios=len(scenarios), shots=sum(scenarios.values()))
        self._put("run", "started", {"event": "started", "scenarios": dict(scenarios)}, qos=1)

    def shot(self, scenario_id: str, result: ShotResult) -> None:
        """A verdict. Never dropped."""
        verdict = result.judgement.verdict.name
        self._counts[verdict] += 1
        body = {
            "scenario": scenario_id,
            "shot": result.index,
            "verdict": verdict,
            "reasons": reasons_words(result.judgement),
            "findings": encode(result.judgement.reasons),
            "identity": result.identity,
            "digest": result.digest,
            **_latencies(result),
        }
        self._put("verdict", f"{scenario_id}/{result.index}", body, qos=1)

    def finish(self, result: RunResult) -> None:
        """The end of the run, then the publisher's: waits at most a few seconds for it to hand over what is left."""
        body = {
            "event": "finished" if result.aborted is None else "aborted",
            "verdicts": {one.scenario_id: one.judgement.verdict.name for one in result.scenarios},
            "shots": dict(self._counts),
            "dropped": dict(self._spool.dropped),
        }
        self._put("run", "ended", body, qos=1)
        self._status("finished" if result.aborted is None else "aborted")
        self.close()

    def close(self) -> None:
        self._spool.close()
        publisher, self._publisher = self._publisher, None
        if publisher is None or publisher.stdin is None:
            return
        publisher.stdin.close()
        try:
            publisher.wait(timeout=self._config.drain_ns / NS_PER_S)
        except subprocess.TimeoutExpired:
            publisher.kill()  # what is spooled is safe, and the next run's publisher takes it
            publisher.wait()
            left = left_in(self._config.spool)
            sys.stderr.write(f"mqtt: {left} messages wait in {self._config.spool} for the next run\n")

    def watch(self, rig: Rig, scenario_id: str, index: int) -> None:
        """Follow one shot: its marks as events, and the rig's state at the configured pace."""
        where = {"scenario": scenario_id, "shot": index}
        told = 0

        def on_mark(mark: Mark[Fact]) -> None:
            nonlocal told
            if mark.kind in _TOLD:
                told += 1
                body = {**where, "t_s": mark.t_ns / NS_PER_S, "kind": str(mark.kind), "source": mark.source}
                self._put(
                    "event", f"{scenario_id}/{index}/{told}", {**body, "facts": mark.fact.version_1()}, qos=0
                )

        rig.trace.on_mark(on_mark)
        samples = 0

        def sample() -> None:
            nonlocal samples
            samples += 1
            body = {**where, "t_s": rig.clock.now_ns() / NS_PER_S, **_state_of(rig)}
            self._put("telemetry", f"{scenario_id}/{index}/{samples}", body, qos=0)

        first_ns = rig.clock.now_ns() + min(self._config.telemetry_ns, 100 * NS_PER_MS)
        timer = rig.clock.every(self._config.telemetry_ns, Phase.TASK, sample, first_ns=first_ns)
        rig.trace.on_mark(lambda mark: timer.cancel() if mark.kind is Kind.RUN_ENDED else None)

    def _status(self, state: str, **more: int) -> None:
        body = {"state": state, **more}
        self._put("status", f"status/{state}", body, qos=1, retain=True)

    def _put(self, topic: str, name: str, body: Mapping[str, Any], *, qos: int, retain: bool = False) -> None:
        head = {
            "v": VERSION,
            "id": f"{self._run_id}/{topic}/{name}",
            "rig": self._config.rig,
            "run": self._run_id,
            "timebase": self._timebase,
            **({"evidence": self._evidence} if self._evidence else {}),
            "firmware": self._firmware,
            "sent_ms": wall_now_ns() // NS_PER_MS,
        }
        try:
            self._spool.append(topic, {**head, **body}, qos=qos, retain=retain)
        except OSError:  # a full disk: telling others of a run must not end it
            self._spool.dropped[topic] = self._spool.dropped.get(topic, 0) + 1

    def _settings(self) -> dict[str, Any]:
        config = self._config
        tls = config.tls
        return {
            "host": config.host,
            "port": config.port,
            "rig": config.rig,
            "prefix": config.prefix,
            "spool": str(config.spool),
            "drain_s": max(0, config.drain_ns - _LAST_WORDS_NS) / NS_PER_S,
            "retry_s": config.retry_ns / NS_PER_S,
            "username_env": config.username_env,
            "password_env": config.password_env,
            "password_file": str(config.password_file) if config.password_file else None,
            "tls": None
            if tls is None
            else {
                name: str(path) if path else None
                for name, path in (("ca", tls.ca), ("certificate", tls.certificate), ("key", tls.key))
            },
        }


def _latencies(result: ShotResult) -> dict[str, list[float] | None]:
    measured = result.measurement
    found: dict[str, list[float] | None] = {}
    for name in ("fdti", "fhti"):
        latency = getattr(measured, name) if measured is not None else None
        ends = (
            None
            if latency is None
            else [latency.interval.low_ns / NS_PER_MS, latency.interval.high_ns / NS_PER_MS]
        )
        found[f"{name}_ms"] = ends
    return found


def _state_of(rig: Rig) -> dict[str, float | int | list[bool]]:
    pack = rig.plant.pack
    contactors = pack.contactors
    cells_v, sensors_c = pack.cell_voltage_v, pack.sensor_temp_c
    return {
        "pack_voltage_v": round(float(pack.pack_voltage_v), 3),
        "pack_current_a": round(float(pack.pack_current_a), 3),
        "link_voltage_v": round(float(pack.link_voltage_v), 3),
        "cell_min_v": round(float(cells_v.min()), 4),
        "cell_max_v": round(float(cells_v.max()), 4),
        "temp_min_c": round(float(sensors_c.min()), 2),
        "temp_max_c": round(float(sensors_c.max()), 2),
        "contactors_closed": [contactors.plus.closed, contactors.minus.closed, contactors.precharge.closed],
        "mode_request": rig.plant.vehicle.mode_request,
        "frames": len(rig.trace.frames),
        "bench_late_ms": getattr(rig.clock, "worst_late_ns", 0) / NS_PER_MS,
    }
