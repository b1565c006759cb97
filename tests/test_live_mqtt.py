"""Live telemetry against a real Mosquitto: started, stopped and started again by these tests, on a free port."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from evidence import finished
from forked import HIL, run_forked

aiomqtt = pytest.importorskip("aiomqtt", reason="the extra 'mqtt' is not installed")
jsonschema = pytest.importorskip("jsonschema", reason="the extra 'dev' is not installed")
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto here: apt-get install mosquitto")

from bench.config.bench_file import load_bench  # noqa: E402
from bench.errors import ConfigError  # noqa: E402
from bench.live.feed import LiveFeed, check_live, in_the_clear  # noqa: E402
from bench.live.spool import Segment, SpoolWriter, size_of  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "bench/live/schema.json").read_text(encoding="utf-8"))


class Broker:
    """A Mosquitto with a persistent store, so that a subscriber's session outlives it."""

    def __init__(self, folder: Path, extra: str = "allow_anonymous true") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        store = folder / "store"
        store.mkdir()
        store.chmod(0o777)
        user = "user root\n" if os.geteuid() == 0 else ""
        self._config.write_text(
            f"{user}listener {self.port} 127.0.0.1\n{extra}\npersistence true\npersistence_location {store}/\n"
            "autosave_interval 1\nmax_queued_messages 0\n",
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("mosquitto does not listen")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    one = Broker(folder)
    one.start()
    yield one
    one.stop()


class Heard:
    """What a subscriber has heard: (topic below the rig, body, retained)."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any], bool]] = []

    def of(self, topic: str) -> list[dict[str, Any]]:
        return [body for heard, body, _ in self.messages if heard == topic]

    async def until(self, met: Callable[[], bool], what: str, seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not met():
            assert time.monotonic() < deadline, f"waited for {what}; heard {len(self.messages)} messages"
            await asyncio.sleep(0.05)


@asynccontextmanager
async def subscriber(port: int, **how: Any) -> AsyncIterator[Heard]:
    """Hears everything of rig 'r', by a session that outlives broker and connection."""
    heard = Heard()

    async def listen() -> None:
        while True:
            try:
                async with aiomqtt.Client(
                    "127.0.0.1", port, identifier="witness", clean_session=False, timeout=5, **how
                ) as client:
                    await client.subscribe("hil/r/#", qos=1)
                    async for message in client.messages:
                        body = json.loads(bytes(message.payload))
                        heard.messages.append(
                            (str(message.topic).removeprefix("hil/r/"), body, message.retain)
                        )
            except aiomqtt.MqttError:
                await asyncio.sleep(0.1)

    task = asyncio.ensure_future(listen())
    try:
        await asyncio.sleep(0.5)
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def settings(port: int, spool: Path, **more: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": port,
        "rig": "r",
        "prefix": "hil",
        "spool": str(spool),
        "drain_s": 8.0,
        "retry_s": 0.3,
        **more,
    }


def publisher(**facts: Any) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "bench.live.publisher", json.dumps(settings(**facts))]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[bytes]) -> str:
    """Close the publisher's stdin, as the end of a run does; its words on stderr."""
    _, said = process.communicate(timeout=30)
    return said.decode()


def conforms(topic: str, body: dict[str, Any]) -> None:
    jsonschema.validate(body, {**SCHEMA, "$ref": f"#/$defs/{topic}"})


def bench_with(folder: Path, port: int, more: str = "") -> Path:
    for name in ("dbc", "scenarios"):
        shutil.copytree(ROOT / name, folder / name)
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
    mqtt = f'\n[mqtt]\nhost = "127.0.0.1"\nport = {port}\nrig = "r"\ndrain = "2 s"\nretry = "0.3 s"\n{more}\n'
    (folder / "hil_config.toml").write_text(text + mqtt, encoding="utf-8")
    return folder


def shots_on_disk(folder: Path) -> list[tuple[str, int]]:
    """(scenario, shot) of everything the runs in this folder have recorded, twins included."""
    found = [shot for run in (folder / "runs").glob("*/header.json") for shot in finished(run.parent)]
    return sorted((shot.parent.name, int(shot.name.removeprefix("shot-"))) for shot in found)


def hil(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "bench", "run", "--config", str(folder / "hil_config.toml"), *words]


# --- whole runs ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_on_forked_workers_is_told_in_full_and_by_the_schema(broker: Broker, tmp_path: Path) -> None:
    folder = bench_with(tmp_path, broker.port)

    async def main() -> Heard:
        async with subscriber(broker.port) as heard:
            words = hil(folder, "-k", "ov-step-cell17", "--repeat", "2", "--workers", "2")
            process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.DEVNULL)
            assert await process.wait() == 0
            await heard.until(
                lambda: [s["state"] for s in heard.of("status")][-1:] == ["finished"], "the end"
            )
            return heard

    heard = asyncio.run(main())
    for topic, body, _ in heard.messages:
        conforms(topic, body)
    verdicts = heard.of("verdict")
    recorded = shots_on_disk(folder)
    assert sorted((one["scenario"], one["shot"]) for one in verdicts) == recorded
    trips = [one for one in verdicts if one["scenario"] in ("ov-step-cell17",)]
    assert len(trips) == 2 < len({one["id"] for one in verdicts}) == len(recorded)
    assert all(one["verdict"] == "PASS" for one in verdicts)
    assert all(one["fdti_ms"][0] < one["fdti_ms"][1] for one in trips)
    assert [one["event"] for one in heard.of("run")] == ["started", "finished"]
    assert heard.of("run")[-1]["shots"] == {"PASS": len(recorded)}
    assert {one["kind"] for one in heard.of("event")} >= {"stimulus_commanded", "dut_identified", "run_ended"}
    assert max(one["cell_max_v"] for one in heard.of("telemetry")) > 3.0
    assert not list((tmp_path / "runs" / "mqtt-spool").iterdir()), "all taken, all gone"


def test_a_failing_shot_is_told_with_the_codes_of_what_was_found(broker: Broker, tmp_path: Path) -> None:
    folder = bench_with(tmp_path, broker.port)

    async def main() -> Heard:
        async with subscriber(broker.port) as heard:
            words = hil(folder, "-k", "ov-step-cell17", "--repeat", "1", "--firmware", "late_overvoltage")
            process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.DEVNULL)
            assert await process.wait() == 1
            await heard.until(
                lambda: [s["state"] for s in heard.of("status")][-1:] == ["finished"], "the end"
            )
            return heard

    (failed,) = [one for one in asyncio.run(main()).of("verdict") if one["scenario"] == "ov-step-cell17"]
    assert failed["verdict"] == "FAIL"
    assert "too-late" in {one["finding"]["code"] for one in failed["findings"]}


@pytest.mark.slow
def test_a_broker_that_is_away_changes_nothing_and_hears_all_of_it_later(
    broker: Broker, tmp_path: Path
) -> None:
    folder = bench_with(tmp_path, broker.port)
    broker.stop()
    words = hil(folder, "-k", "ov-step-cell17", "--repeat", "1")
    away = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert away.returncode == 0
    assert "messages wait in" in away.stderr and "Traceback" not in away.stderr
    assert size_of(tmp_path / "runs" / "mqtt-spool") > 0
    broker.start()

    async def main() -> Heard:
        async with subscriber(broker.port) as heard:
            process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.DEVNULL)
            assert await process.wait() == 0
            both = len(shots_on_disk(folder))
            await heard.until(lambda: len(heard.of("verdict")) >= both, "the verdicts of both runs")
            return heard

    verdicts = asyncio.run(main()).of("verdict")
    runs = [one["run"] for one in verdicts]
    assert runs == sorted(runs) and len(set(runs)) == 2, "the first run's first"
    assert len({one["id"] for one in verdicts}) == len(verdicts) == len(shots_on_disk(folder))


@pytest.mark.slow
def test_a_killed_run_is_told_as_lost(broker: Broker, tmp_path: Path) -> None:
    folder = bench_with(tmp_path, broker.port)

    async def main() -> None:
        async with subscriber(broker.port) as heard:
            process = await asyncio.create_subprocess_exec(
                *hil(folder, "-k", "ov-step", "--workers", "1"), stdout=subprocess.DEVNULL
            )
            await heard.until(lambda: len(heard.of("verdict")) > 0, "a first verdict")
            process.send_signal(signal.SIGKILL)
            await process.wait()
            await heard.until(lambda: heard.of("status")[-1]["state"] == "lost", "the status")

    asyncio.run(main())


# --- publisher and spool ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_broker_that_goes_and_comes_back_in_mid_run_loses_no_verdict(
    broker: Broker, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    writer = SpoolWriter(spool, "run-1", 10_000_000, segment_bytes=20_000)
    writer.append("status", {"state": "running"}, qos=1, retain=True)
    process = publisher(port=broker.port, spool=spool)

    async def main() -> Heard:
        async with subscriber(broker.port) as heard:
            slowest = 0.0
            for number in range(600):
                if number == 200:
                    broker.stop()
                if number == 400:
                    broker.start()
                started = time.perf_counter()
                writer.append("verdict", {"id": f"run-1/{number}", "n": number, "pad": "x" * 150}, qos=1)
                slowest = max(slowest, time.perf_counter() - started)
                await asyncio.sleep(0.004)
            assert slowest < 0.5, "an append waits for no broker"
            writer.append("status", {"state": "finished"}, qos=1, retain=True)
            await heard.until(lambda: 599 in [one["n"] for one in heard.of("verdict")], "the last verdict")
            await heard.until(lambda: heard.of("status")[-1]["state"] == "finished", "the end")
            return heard

    heard = asyncio.run(main())
    writer.close()
    said = ended(process)
    numbers = [one["n"] for one in heard.of("verdict")]
    assert list(dict.fromkeys(numbers)) == list(range(600)), "all, in order, once their ids are looked at"
    assert "the run goes on" in said
    assert not list(spool.iterdir())


def test_the_last_will_tells_of_a_publisher_that_is_killed(broker: Broker, tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", "run-1", 1_000_000)
    writer.append("status", {"state": "running"}, qos=1, retain=True)
    process = publisher(port=broker.port, spool=tmp_path / "spool")

    async def main() -> list[Any]:
        async with subscriber(broker.port) as heard:
            await heard.until(lambda: [one["state"] for one in heard.of("status")] == ["running"], "running")
            process.kill()
            process.communicate()
            await heard.until(lambda: heard.of("status")[-1]["state"] == "lost", "the last will")
        async with subscriber(broker.port) as late:
            await late.until(lambda: bool(late.messages), "the retained status")
            return [(topic, body["state"], retained) for topic, body, retained in late.messages[:1]]

    assert asyncio.run(main()) == [("status", "lost", True)]
    writer.close()


def test_credentials_and_tls_come_from_environment_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwd = shutil.which("mosquitto_passwd", path="/usr/bin:/usr/local/bin")
    openssl = shutil.which("openssl")
    if passwd is None or openssl is None:
        pytest.skip("no mosquitto_passwd or openssl here")
    folder = tmp_path / "broker"
    folder.mkdir()
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run([passwd, "-b", "-c", folder / "users", "rig", "s3cret"], check=True)
    (folder / "password").write_text("s3cret\n", encoding="utf-8")
    broker = Broker(
        folder,
        f"allow_anonymous false\npassword_file {folder}/users\ncertfile {folder}/cert.pem\nkeyfile {folder}/key.pem",
    )
    broker.start()
    monkeypatch.setenv("TEST_MQTT_USER", "rig")
    try:
        how = {"username_env": "TEST_MQTT_USER", "tls": {"ca": str(folder / "cert.pem")}}
        for password, taken in (({"password_file": str(folder / "password")}, True), ({}, False)):
            spool = tmp_path / f"spool-{taken}"
            writer = SpoolWriter(spool, "run-1", 1_000_000)
            writer.append("verdict", {"n": 1}, qos=1)
            writer.close()
            process = publisher(
                port=broker.port, spool=spool, **how, **password, drain_s=6.0 if taken else 0.5
            )
            assert "s3cret" not in str(process.args)
            said = ended(process)
            assert (not list(spool.glob("*.jsonl"))) is taken, said
            assert taken or "1 messages wait" in said
    finally:
        broker.stop()


def test_a_full_spool_drops_telemetry_first_then_events_and_never_a_verdict(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, "run-1", 100_000, segment_bytes=10_000)
    body = {"pad": "x" * 400}
    for _ in range(400):
        writer.append("telemetry", body, qos=0)
    after_telemetry = size_of(tmp_path)
    for _ in range(400):
        writer.append("event", body, qos=0)
    after_events = size_of(tmp_path)
    assert all(writer.append("verdict", {**body, "n": n}, qos=1) for n in range(400))
    assert after_telemetry < 52_000 and after_events < 82_000
    assert (
        writer.dropped["telemetry"] > 200
        and writer.dropped["event"] > 200
        and "verdict" not in writer.dropped
    )
    segments = [one for path in sorted(tmp_path.glob("*.jsonl")) if (one := Segment.claim(path))]
    kept = [
        message["body"].get("n")
        for one in segments
        for _, message in one.waiting()
        if message["topic"] == "verdict"
    ]
    assert kept == list(range(400))
    for one in segments:
        one.release()
    writer.close()


def test_a_torn_line_is_left_and_what_is_taken_is_not_taken_twice(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, "run-1", 100_000)
    writer.append("verdict", {"n": 0}, qos=1)
    writer.append("verdict", {"n": 1}, qos=1)
    (path,) = tmp_path.glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"topic": "verd')
    first = Segment.claim(path)
    assert first is not None and Segment.claim(path) is None, "one reader at a time"
    (offset, _), _ = first.waiting()
    first.take(offset)
    first.release()
    again = Segment.claim(path)
    assert again is not None
    assert [message["body"]["n"] for _, message in again.waiting()] == [1]
    assert not again.finished()
    again.release()
    writer.close()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('prefix = "a/#"', "mqtt.prefix"),
        ('password = "x"', "unknown key 'password'"),
        ('password_env = "NO_SUCH_VARIABLE_HERE"', "no variable 'NO_SUCH_VARIABLE_HERE'"),
        ('password_file = "none"', "no file"),
        ('tls = { ca = "none.pem" }', "no such file"),
        ('telemetry = "1"', "no unit"),
    ],
)
def test_a_wrong_mqtt_table_is_one_line_and_nothing_is_driven(tmp_path: Path, more: str, says: str) -> None:
    folder = bench_with(tmp_path, 1883, more)
    with pytest.raises(ConfigError, match=re.escape(says)):
        check_live(load_bench(folder / "hil_config.toml").mqtt)


def test_a_secret_that_is_not_there_ends_hil_run_with_2_before_anything_is_driven(tmp_path: Path) -> None:
    folder = bench_with(tmp_path, 1883, 'password_env = "NO_SUCH_VARIABLE_HERE"')
    done = run_forked(HIL, *hil(folder, "--repeat", "1")[3:])
    assert done.returncode == 2
    assert "no variable 'NO_SUCH_VARIABLE_HERE'" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


# --- brokers that answer late or not at all --------------------------------------------------------------------------


@pytest.fixture
def silent_broker() -> Iterator[tuple[int, list[bytes]]]:
    """(port, what to answer to the first bytes of each client): takes connections, and says nothing more."""
    answer: list[bytes] = []
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return
                if answer:
                    taken[-1].recv(4096)
                    taken[-1].sendall(answer[0])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], answer
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    for one in taken:
        one.close()


@pytest.mark.parametrize("answer", [b"", b"\x20\x02\x00\x00"], ids=["not even CONNACK", "no PUBACK"])
def test_a_slow_broker_holds_the_end_of_a_run_for_its_patience_and_says_how_many_wait(
    answer: bytes, silent_broker: tuple[int, list[bytes]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    port, answers = silent_broker
    answers += [answer] if answer else []
    file = bench_with(tmp_path, port) / "hil_config.toml"
    file.write_text(file.read_text().replace('drain = "2 s"', 'drain = "0.7 s"'))
    config = load_bench(file).mqtt
    assert config is not None
    feed = LiveFeed(config, "run-1", "simulated", "reference")
    feed.start({"a": 1})
    time.sleep(0.6)
    began_s = time.monotonic()
    feed.close()
    assert time.monotonic() - began_s < 1.5
    assert re.search(r"mqtt: 2 messages wait in .*mqtt-spool for the next run", capfd.readouterr().err)


def test_nobody_may_hold_the_end_of_a_run_for_longer_than_five_seconds(tmp_path: Path) -> None:
    folder = bench_with(tmp_path, 1883)
    file = folder / "hil_config.toml"
    file.write_text(file.read_text().replace('drain = "2 s"', 'drain = "6 s"'))
    with pytest.raises(ConfigError, match=r"\[mqtt.drain\]: found 6.000 s; expected 5.000 s at most"):
        load_bench(file)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            'password_env = "SECRET"',
            "[mqtt.password_env]: found a password and no [mqtt.tls]: it travels to 127.0.0.1:",
        ),
        (
            'password_file = "README.md"',
            "[mqtt.password_file]: found a password and no [mqtt.tls]: it travels to ",
        ),
        ('password_env = "SECRET"\ntls = {}', ""),
        ("", ""),
    ],
)
def test_a_password_without_tls_is_told(more: str, told: str, tmp_path: Path) -> None:
    config = load_bench(bench_with(tmp_path, 1883, more) / "hil_config.toml").mqtt
    assert config is not None
    assert (in_the_clear(config) or "").startswith(told) and bool(in_the_clear(config)) is bool(told)
