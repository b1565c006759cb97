"""Emergency stop and interlock: what opens, is silent or cannot be read stops the rig, and keeps it stopped."""

import asyncio
import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from small_bench import hil_here, run_folders, small_bench

from bench.config.bench_file import load_bench
from bench.config.safety import SafetyInput, Source
from bench.errors import BenchError, ConfigError, LinkError
from bench.links.contact import open_contact
from bench.record.folder import open_run, read_shot
from bench.record.latch import LatchedRig, latch, latch_of, refuse_if_latched, why_latched
from bench.rig.safety_inputs import SILENT_NS, SafetyInputs, SafetyOpen
from bench.running.load import load_rig
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace import facts
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.wiring.simulated import build_simulated

RUN = ("run", "-k", "weld-plus-at-opening--inside", "--workers", "1")


def with_safety(folder: Path, lines: str) -> None:
    file = folder / "hil_config.toml"
    text = file.read_text().split("\n[safety]")[0].rstrip("\n")
    file.write_text(f"{text}\n\n[safety]\n{lines}\n")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(small_bench(tmp_path))
    return tmp_path


def marks(run: Path) -> dict[str, Mark[facts.Fact]]:
    """The last mark of each kind in the run's one shot."""
    (shot,) = open_run(run).shots()
    return {mark.fact.kind: mark for mark in read_shot(shot)[0].marks}


def test_an_emergency_stop_ends_the_run_in_order_and_keeps_the_rig_stopped(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_safety(bench, 'estop = { played = "open", after = "900 ms" }')
    assert hil_here(*RUN, "--repeat", "2") == 3
    shown = capsys.readouterr()
    assert "hil rearm" in shown.err
    assert "emergency stop: the contact is open; outputs off within" in " ".join(shown.out.split())
    (run,) = run_folders(bench)
    page = (run / "report.html").read_text()  # the run ended in order
    assert page.index("<h2>Emergency stop and interlock</h2>") < page.index("<h2>Safety goals</h2>")
    told = marks(run)
    opened, off = told["safety_opened"].fact, told["safety_off"]
    assert isinstance(opened, facts.SafetyOpened) and isinstance(off.fact, facts.SafetyOff)
    assert opened.closed_before and opened.high_ns - opened.low_ns <= 5 * NS_PER_MS
    assert off.fact.within_ns == off.t_ns - opened.low_ns < 100 * NS_PER_MS
    assert "safe_state_reached" in told and "error" not in told
    assert hil_here("rejudge", str(run)) == 3
    assert "1 of 1 shots judged as recorded" in capsys.readouterr().out

    with_safety(bench, 'estop = { played = "closed" }')
    assert hil_here(*RUN, "--repeat", "1") == 3, "closed again is not given free"
    assert "this rig was stopped and is not driven" in capsys.readouterr().err
    assert hil_here("check") == 0
    assert "stopped" in capsys.readouterr().out
    assert hil_here("rearm", "--operator", "A. Person") == 0
    assert not latch_of(bench / "runs").exists()
    assert "A. Person" in (bench / "runs.rearmed.jsonl").read_text()
    assert hil_here(*RUN, "--repeat", "1") == 0, "and with closed contacts it is the run it always was"


def test_what_is_open_before_the_shot_keeps_everything_off(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_safety(bench, 'estop = { played = "closed" }\ninterlock = { played = "open" }')
    assert hil_here(*RUN, "--repeat", "1") == 3
    capsys.readouterr()
    (run,) = run_folders(bench)
    assert "safety_opened" in marks(run) and "instrument_identified" not in marks(run)
    assert hil_here("rearm", "--operator", "A. Person") == 3, "nothing is given free while a contact is open"
    assert latch_of(bench / "runs").exists()


def test_no_way_to_drive_a_rig_goes_past_its_contacts(bench: Path) -> None:
    with_safety(bench, 'estop = { played = "closed" }')
    wired = load_rig(bench / "hil_config.toml", None, None, None)

    async def main(clock: SimulatedClock) -> None:
        rig = build_simulated(wired, clock, None, random.Random(1))
        with pytest.raises(BenchError, match="not watched: nothing is driven"):
            await rig.energise()
        latch(wired.config.record.rig, "pressed", "2026-01-01", [])
        safety = rig.hardware.safety
        assert safety is not None
        with pytest.raises(LatchedRig, match="pressed"):
            async with safety.watched():
                raise AssertionError("a latched rig is not watched, and not driven")

    run_simulated(main)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("", "found no contact"),
        ("estop = { }", "expected one of serial, gpio, card, played"),
        ('estop = { gpio = "/x", played = "open" }', "found gpio and played"),
        ('estop = { gpio = "/x", line = "cts" }', "expected it with serial only"),
        ('interlock = { played = "closed", after = "1 s" }', "stays closed"),
    ],
)
def test_a_wrong_table_is_one_clear_line(bench: Path, lines: str, told: str) -> None:
    with_safety(bench, lines)
    with pytest.raises(ConfigError, match=told):
        load_bench(bench / "hil_config.toml")


def test_a_played_contact_protects_no_real_output(bench: Path) -> None:
    file = bench / "hil_config.toml"
    file.write_text(file.read_text().replace('port = "virtual"', 'port = "/dev/ttyUSB0"'))
    with_safety(bench, 'estop = { played = "closed" }')
    with pytest.raises(ConfigError, match="which it does not protect"):
        load_bench(file)


# --- contacts -------------------------------------------------------------------------------------------------


def serial_input(feed: str) -> SafetyInput:
    return SafetyInput(name="estop", source=Source.SERIAL, port="loop://", line="cts", feed=feed)  # type: ignore[arg-type]


def test_a_serial_contact_is_proven_by_taking_its_feed_away() -> None:
    """pyserial's loop:// joins RTS and CTS, as the closed contact of an emergency stop does."""
    contact = open_contact(serial_input("rts"), lambda: 0, lambda _: None, simulated=False)
    assert contact.prove() == "opens and closes with its feed RTS" and contact.closed()
    contact.close()
    bridged = open_contact(serial_input("dtr"), lambda: 0, lambda _: None, simulated=False)
    with pytest.raises(LinkError, match="CTS stays closed without its feed DTR: it would stop nothing"):
        bridged.prove()


class Watched:
    """SafetyInputs on a GPIO's file, in real time; `during` is awaited inside."""

    def __init__(self, file: Path) -> None:
        self.file, self.latched = file, list[str]()
        self.trace = Trace(timebase=Timebase.HOST)

    def latch(self, why: str, contacts: Sequence[SafetyInput]) -> None:
        assert [one.port for one in contacts] == [str(self.file)]
        self.latched.append(why)

    def opens(self, during) -> SafetyOpen:  # type: ignore[no-untyped-def]
        inputs = (SafetyInput(name="interlock", source=Source.GPIO, port=str(self.file)),)

        async def main(clock: HostClock) -> None:
            watched = SafetyInputs(inputs=inputs, clock=clock, trace=self.trace, latch=self.latch)
            try:
                async with watched.watched():
                    during()
                    await clock.sleep_until(clock.now_ns() + 5_000 * NS_PER_MS)
            finally:
                watched.outputs_are_off(confirmed=True)

        with pytest.raises((SafetyOpen, ExceptionGroup)) as raised:
            run_on_host(main)
        error = raised.value
        found = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        assert isinstance(found, SafetyOpen) and len(self.latched) == 1
        return found


def gpio(folder: Path, says: str) -> Watched:
    (folder / "value").write_text(says)
    return Watched(folder / "value")


def test_a_gpio_that_opens_is_seen_at_once(tmp_path: Path) -> None:
    one = gpio(tmp_path, "1\n")
    found = one.opens(lambda: one.file.write_text("0\n"))
    assert found.closed_before and found.high_ns - found.low_ns < 50 * NS_PER_MS
    (off,) = one.trace.of(facts.SafetyOff)
    assert off.fact.within_ns < 100 * NS_PER_MS


def test_a_gpio_that_is_gone_or_says_nonsense_counts_as_open(tmp_path: Path) -> None:
    one = gpio(tmp_path, "1\n")
    assert "cannot be read, which counts as open" in one.opens(one.file.unlink).why
    assert "expected 0 or 1" in gpio(tmp_path, "?").opens(lambda: None).why


def test_a_gpio_that_does_not_answer_counts_as_open(tmp_path: Path) -> None:
    one = gpio(tmp_path, "1\n")
    os.mkfifo(tmp_path / "silent")  # whoever reads it waits for ever
    found = one.opens(lambda: (tmp_path / "silent").replace(one.file))
    assert "not read for" in found.why and found.closed_before
    end_reader(one.file)
    assert SILENT_NS <= found.high_ns - found.low_ns < 10 * SILENT_NS


def end_reader(fifo: Path, says: bytes = b"") -> None:
    """Answer the thread that waits for somebody to write there."""
    descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    os.write(descriptor, says)
    os.close(descriptor)


def test_a_port_that_opens_slowly_is_waited_for_before_anything_is_driven(tmp_path: Path) -> None:
    file, next_file = tmp_path / "value", tmp_path / "next"
    os.mkfifo(file)
    next_file.write_text("1\n")
    trace = Trace(timebase=Timebase.HOST)
    inputs = (SafetyInput(name="interlock", source=Source.GPIO, port=str(file)),)

    async def main(clock: HostClock) -> None:
        watched = SafetyInputs(inputs=inputs, clock=clock, trace=trace, latch=lambda *_: None)

        async def answered() -> None:
            await clock.sleep_until(clock.now_ns() + 4 * SILENT_NS)
            fifo = tmp_path / "fifo"
            os.link(file, fifo)
            next_file.replace(file)
            end_reader(fifo, b"1\n")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(answered())
            async with watched.watched():
                watched.refuse_unwatched()
        watched.outputs_are_off(confirmed=True)

    run_on_host(main)
    assert len(list(trace.of(facts.SafetyWatched))) == 1 and not list(trace.of(facts.SafetyOpened))


def test_a_port_that_never_answers_keeps_everything_off(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "value")
    one = Watched(tmp_path / "value")
    found = one.opens(lambda: pytest.fail("it is not driven"))
    end_reader(one.file)
    assert "no answer within 2.000 s" in found.why and not found.closed_before
    assert not list(one.trace.of(facts.SafetyWatched)) and not list(one.trace.of(facts.SafetyOff))


def test_a_latch_that_nobody_can_reach_holds(tmp_path: Path) -> None:
    rig = tmp_path / "runs"
    assert why_latched(rig) is None
    latch_of(rig).symlink_to(latch_of(rig).name)  # it is there, and leads round in a circle
    assert why_latched(rig) == "its latch cannot be read"
    with pytest.raises(LatchedRig):
        refuse_if_latched(rig)
