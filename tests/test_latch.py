"""What keeps a stopped rig stopped: its latch, who may take it off, and what else heeds it."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from small_bench import QUICK, hil_here, small_bench

from bench.config.safety import SafetyInput, Source
from bench.errors import RecordError
from bench.record.latch import LatchedRig, latch, latch_of, refuse_if_latched, why_latched

REARM = ("rearm", "--operator", "A. Person")


def with_safety(folder: Path, lines: str) -> None:
    file = folder / "hil_config.toml"
    text = file.read_text().split("\n[safety]")[0].rstrip("\n")
    file.write_text(f"{text}\n" + (f"\n[safety]\n{lines}\n" if lines else ""))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(small_bench(tmp_path))
    return tmp_path


def gpio(folder: Path, name: str = "estop", says: str = "1\n") -> str:
    (folder / "next").write_text(says)
    (folder / "next").replace(folder / name)  # at once, as a GPIO changes
    return f'{name} = {{ gpio = "{folder / name}" }}'


def place(folder: Path, name: str = "estop") -> str:
    return SafetyInput(name=name, source=Source.GPIO, port=str(folder / name)).place


# --- the latch ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dangling", "circular", "folder", "empty", "list"])
def test_whatever_has_the_name_of_the_latch_holds(tmp_path: Path, kind: str) -> None:
    rig = tmp_path / "runs"
    match kind:
        case "dangling" | "circular":
            latch_of(rig).symlink_to(latch_of(rig).name if kind == "circular" else tmp_path / "gone")
        case "folder":
            latch_of(rig).mkdir()
        case _:
            latch_of(rig).write_text("" if kind == "empty" else "[]")
    latch(rig, "pressed", "2026-01-01", [])
    assert why_latched(rig) == "its latch cannot be read"
    with pytest.raises(LatchedRig):
        refuse_if_latched(rig)


@pytest.mark.parametrize("target", ["gone", "file"])
def test_a_latch_that_is_not_there_afterwards_is_told(tmp_path: Path, target: str) -> None:
    """Its folder exists, and is none: a link that leads nowhere, or a file."""
    (tmp_path / "file").write_text("")
    (tmp_path / "data").symlink_to(tmp_path / target)
    with pytest.raises(RecordError, match=r"runs.stopped.json: NOTHING KEEPS THE RIG STOPPED \(pressed\)"):
        latch(tmp_path / "data" / "runs", "pressed", "2026-01-01", [])


def test_no_shot_follows_a_stop_that_nothing_keeps(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_safety(bench, 'estop = { played = "open", after = "900 ms" }')
    asked = bench / "asked"  # in whatever process

    def latch_nothing(*_: object) -> None:
        with asked.open("a") as file:
            file.write("x")

    monkeypatch.setattr("bench.wiring.safety.latch", latch_nothing)
    assert hil_here(*QUICK[:3], "--repeat", "2", "--workers", "1") == 3
    told = capsys.readouterr().err
    assert "NOTHING KEEPS THE RIG STOPPED: emergency stop: the contact is open" in told
    assert asked.read_text() == "x", "the second shot is not driven"


# --- hil rearm ------------------------------------------------------------------------------------------------


def test_a_real_contact_is_read_in_simulated_time_too(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_safety(bench, gpio(bench, says="0\n"))
    latch(bench / "runs", "pressed", "2026-01-01", [place(bench)])
    for more in ((), ("--time", "simulated"), ("--time", "real")):
        assert hil_here(*REARM, *more) == 3
        assert "low" not in (said := capsys.readouterr()).out and "close every contact first" in said.err
    gpio(bench)
    assert hil_here(*REARM) == 0
    assert not latch_of(bench / "runs").exists()


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("lines", ["", "interlock", 'estop = { played = "closed" }', "low"])
def test_only_the_contact_that_stopped_the_rig_gives_it_free(
    bench: Path, lines: str, older: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rig, own = bench / "runs", gpio(bench)
    latch(rig, f"{place(bench)}: the contact is open", "2026-01-01", [place(bench)])
    if older:
        said = json.loads(latch_of(rig).read_text())
        del said["contacts"]
        latch_of(rig).write_text(json.dumps(said))
    other = gpio(bench, "interlock")
    low = own.replace(" }", ', closed = "low" }')
    with_safety(bench, {"interlock": other, "low": low}.get(lines, lines))
    assert hil_here(*REARM) == 3
    assert "in [safety]" in capsys.readouterr().err and why_latched(rig) is not None
    with_safety(bench, f"{own}\n{other}")
    assert hil_here(*REARM) == 0 and why_latched(rig) is None


def test_a_latch_that_nobody_can_read_wants_a_real_contact(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    latch_of(bench / "runs").symlink_to(bench / "gone")
    for lines in ("", 'estop = { played = "closed" }'):
        with_safety(bench, lines)
        assert hil_here(*REARM) == 3
        assert "remove this file by hand" in capsys.readouterr().err
    with_safety(bench, gpio(bench))
    assert hil_here(*REARM) == 0 and not latch_of(bench / "runs").is_symlink()


@pytest.mark.parametrize("name", ["", "  ", "\n", "a\x1bb"])
def test_nobody_gives_nothing_free(bench: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    latch(bench / "runs", "pressed", "2026-01-01", [place(bench)])
    with_safety(bench, gpio(bench))
    assert hil_here("rearm", "--operator", name) == 2
    told = capsys.readouterr().err.rstrip("\n")
    assert "--operator: found" in told and "expected the name" in told
    assert latch_of(bench / "runs").exists() and not (bench / "runs.rearmed.jsonl").exists()


def test_who_gave_it_free_is_kept_once_it_is_off(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_safety(bench, gpio(bench))
    latch_of(bench / "runs").mkdir()  # no file: it cannot be taken off
    assert hil_here(*REARM) == 3
    assert "runs.stopped.json: cannot be removed, so the rig stays stopped" in capsys.readouterr().err
    log = bench / "runs.rearmed.jsonl"
    assert log.read_text() == "", "nobody has given it free"
    latch_of(bench / "runs").rmdir()
    latch(bench / "runs", "pressed", "2026-01-01", [place(bench)])
    log.unlink()
    log.mkdir()
    assert hil_here(*REARM) == 3
    assert "runs.rearmed.jsonl: cannot be written, so the rig stays stopped" in capsys.readouterr().err
    assert latch_of(bench / "runs").exists()


# --- hil qualify ----------------------------------------------------------------------------------------------


def no_bus(*_: object) -> None:
    pytest.fail("a bus is opened")


def test_a_stopped_rig_is_not_qualified(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.proof.qualify_real.open_can", no_bus)
    latch(bench / "runs", "pressed", "2026-01-01", [])
    for words in (("--time", "real"), (), ("--time", "simulated", "--full")):
        (bench / "tool_usage.toml").write_text(
            (Path(__file__).parents[1] / "scenarios/tool_usage.toml").read_text()
        )
        assert hil_here("qualify", "--shots", "2", "--usage", "tool_usage.toml", *words) == 3
        assert "this rig was stopped and is not driven: pressed" in capsys.readouterr().err
    assert hil_here("qualify", "--shots", "2", "--time", "simulated") == 0, "the ruler alone has no rig"


def test_an_open_contact_keeps_the_ruler_off_the_bus(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.proof.qualify_real.open_can", no_bus)
    with_safety(bench, gpio(bench, says="0\n"))
    assert hil_here("qualify", "--time", "real", "--shots", "2") == 3
    assert capsys.readouterr().err.rstrip("\n") == f"{place(bench)}: the contact is open"
    assert why_latched(bench / "runs") is not None


def test_a_contact_that_opens_ends_the_ruler(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def opens(*_: object) -> None:
        gpio(bench, says="0\n")
        await asyncio.sleep(5)

    class Link:
        def close(self) -> None: ...

    monkeypatch.setattr("bench.proof.qualify_real.open_can", lambda *_: Link())
    monkeypatch.setattr("bench.proof.qualify_real._start", opens)
    with_safety(bench, gpio(bench))
    began_s = time.monotonic()
    assert hil_here("qualify", "--time", "real", "--shots", "2") == 3
    assert time.monotonic() - began_s < 4 and why_latched(bench / "runs") is not None
    assert capsys.readouterr().err.rstrip("\n") == f"{place(bench)}: the contact is open"
