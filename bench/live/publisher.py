"""Hands a spool to an MQTT broker: a process of its own, so that no broker can ever touch the timing of a run.

    python -m bench.live.publisher '{"host": …}'        settings as bench.live.feed writes them, without secrets

It ends when its stdin is closed and everything is taken, or a little later: what is left waits for the next run's.
"""

import asyncio
import contextlib
import json
import os
import ssl
import sys
from pathlib import Path
from typing import Any

import aiomqtt

from bench.live.spool import Segment
from bench.timing.host import HostClock, run_on_host
from bench.units import NS_PER_MS, NS_PER_S

POLL_NS = 50 * NS_PER_MS
FIRST_BACKOFF_NS = 200 * NS_PER_MS
BROKER_TIMEOUT_S = 10.0
KEEPALIVE_S = 15


class Publisher:
    """One spool, one broker. Messages are sent in order and once each. After a crash between sending and noting it,
    one message may be sent twice with the same `id`.
    """

    def __init__(self, clock: HostClock, settings: dict[str, Any]) -> None:
        self._clock = clock
        self._settings = settings
        self._folder = Path(settings["spool"])
        self._base = f"{settings['prefix']}/{settings['rig']}"
        self._segments: dict[Path, Segment] = {}
        self._status: dict[str, Any] | None = None
        self._told = ""
        self.ending = asyncio.Event()
        self._deadline_ns: int | None = None

    async def run(self) -> None:
        backoff_ns = FIRST_BACKOFF_NS
        while not self._over():
            try:
                async with self._client() as client:
                    backoff_ns = FIRST_BACKOFF_NS
                    if self._status is not None:  # the broker has shown the last will meanwhile
                        await self._publish(client, "status", self._status, qos=1, retain=True)
                    await self._deliver(client)
            except (aiomqtt.MqttError, OSError) as error:
                self._tell(f"mqtt: {error}")
                await self._pause(backoff_ns)
                backoff_ns = min(2 * backoff_ns, round(self._settings["retry_s"] * NS_PER_S))

    def _tell(self, text: str) -> None:
        """Once, not at every attempt."""
        if text != self._told:
            self._told = text
            sys.stderr.write(f"{text}; the run goes on, and its messages wait in {self._folder}\n")

    def close(self) -> None:
        for segment in self._segments.values():
            segment.release()

    def waiting(self) -> int:
        """Messages that no broker has taken."""
        return sum(one.left() for path in self._paths() if (one := self._segment(path)))

    def _client(self) -> aiomqtt.Client:
        settings = self._settings
        lost = {"v": 1, "rig": settings["rig"], "state": "lost"}
        return aiomqtt.Client(
            settings["host"],
            settings["port"],
            username=_from_environment(settings.get("username_env")),
            password=_password(settings),
            tls_context=_tls(settings.get("tls")),
            will=aiomqtt.Will(f"{self._base}/status", json.dumps(lost), qos=1, retain=True),
            timeout=BROKER_TIMEOUT_S,
            keepalive=KEEPALIVE_S,
        )

    async def _deliver(self, client: aiomqtt.Client) -> None:
        while True:
            moved = False
            for path in self._paths():
                segment = self._segment(path)
                if segment is None:
                    continue
                for offset, message in segment.waiting():
                    if message["topic"] == "status":
                        self._status = message["body"]
                    await self._publish(
                        client,
                        message["topic"],
                        message["body"],
                        qos=message["qos"],
                        retain=message["retain"],
                    )
                    segment.take(offset)
                    moved = True
                if segment.finished():
                    segment.remove()
                    del self._segments[path]
            if not moved:
                if self._over():
                    if self._status is not None and self._status["state"] == "running":  # the run was killed
                        await self._publish(
                            client, "status", {**self._status, "state": "lost"}, qos=1, retain=True
                        )
                    return
                await self._clock.sleep_until(self._clock.now_ns() + POLL_NS)

    async def _publish(
        self, client: aiomqtt.Client, topic: str, body: object, *, qos: int, retain: bool
    ) -> None:
        await client.publish(
            f"{self._base}/{topic}", json.dumps(body), qos=qos, retain=retain, timeout=BROKER_TIMEOUT_S
        )

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl")) if self._folder.is_dir() else []

    def _segment(self, path: Path) -> Segment | None:
        if path not in self._segments:
            try:
                claimed = Segment.claim(path)
            except FileNotFoundError:
                return None
            if claimed is None:
                return None
            self._segments[path] = claimed
        return self._segments[path]

    def _over(self) -> bool:
        """The run has ended, and either all is taken or the patience for it is used up."""
        if not self.ending.is_set():
            return False
        now_ns = self._clock.now_ns()
        if self._deadline_ns is None:
            self._deadline_ns = now_ns + round(self._settings["drain_s"] * NS_PER_S)
        return now_ns >= self._deadline_ns or self.waiting() == 0

    async def _pause(self, pause_ns: int) -> None:
        until_ns = self._clock.now_ns() + pause_ns
        while self._clock.now_ns() < until_ns and not self._over():
            await self._clock.sleep_until(self._clock.now_ns() + POLL_NS)


def _from_environment(name: str | None) -> str | None:
    return os.environ.get(name) if name else None


def _password(settings: dict[str, Any]) -> str | None:
    if settings.get("password_file"):
        return Path(settings["password_file"]).read_text(encoding="utf-8").strip()
    return _from_environment(settings.get("password_env"))


def _tls(files: dict[str, str | None] | None) -> ssl.SSLContext | None:
    if files is None:
        return None
    context = ssl.create_default_context(cafile=files.get("ca"))
    certificate = files.get("certificate")
    if certificate:
        context.load_cert_chain(certificate, files.get("key"))
    return context


def main() -> int:
    """Publish what the spool holds until the bench ends. The exit code is the process's."""
    settings = json.loads(sys.argv[1])

    async def serve(clock: HostClock) -> int:
        publisher = Publisher(clock, settings)
        loop = asyncio.get_running_loop()

        def read() -> None:
            if not os.read(sys.stdin.fileno(), 4096):
                loop.remove_reader(sys.stdin.fileno())
                publisher.ending.set()
                loop.call_later(settings["drain_s"], give_up)

        def give_up() -> None:
            """Whatever a slow broker, or a library that waits for one, is busy with: the run's end waits no longer."""
            _tell_left(publisher.waiting(), settings)
            sys.stderr.flush()
            os._exit(0)  # what was taken is noted, message by message

        loop.add_reader(sys.stdin.fileno(), read)
        try:
            await publisher.run()
            return publisher.waiting()
        finally:
            publisher.close()

    with contextlib.suppress(KeyboardInterrupt):
        left = run_on_host(serve)
        _tell_left(left, settings)
    return 0


def _tell_left(left: int, settings: dict[str, Any]) -> None:
    if left:
        sys.stderr.write(f"mqtt: {left} messages wait in {settings['spool']} for the next run\n")


if __name__ == "__main__":
    import signal

    for name in (signal.SIGINT, signal.SIGHUP):  # for the run, which then ends us in order
        signal.signal(name, signal.SIG_IGN)
    sys.exit(main())
