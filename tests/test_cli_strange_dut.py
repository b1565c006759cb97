"""`hil` with a DUT that misbehaves: short frames, code that raises, a profile without a state. One line each."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from evidence import finished, text_of
from small_bench import Hil, hil_within
from told import stored_words

ROOT = Path(__file__).parent.parent

FIRMWARES = """
from firmware_stubs import builds
from bench.units import NS_PER_S


class Meddled:
    def __init__(self):
        self._inner = builds.build("reference")
        self.period_ns = self._inner.period_ns

    def receive(self, now_ns, channel, frame):
        self._inner.receive(now_ns, channel, frame)

    def step(self, now_ns):
        return [(channel, self.change(now_ns, frame)) for channel, frame in self._inner.step(now_ns)]


class Short(Meddled):
    def change(self, now_ns, frame):
        late = NS_PER_S < now_ns < NS_PER_S + 50_000_000
        return frame._replace(data=frame.data[:7]) if late and frame.can_id == 0x100 else frame


class Broken(Meddled):
    def change(self, now_ns, frame):
        return frame if now_ns < NS_PER_S else 1 / 0


def raises():
    raise RuntimeError("the key file of my firmware is missing")


def strange():
    return "no firmware"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's own folder, with two scenarios and firmwares of his own."""
    shutil.copytree(ROOT / "dbc", tmp_path / "dbc")
    (tmp_path / "scenarios" / "cells").mkdir(parents=True)
    for name in ("budgets.toml", "cells/ov_step_cell17.toml", "cells/ov_step_cell60.toml"):
        shutil.copy(ROOT / "scenarios" / name, tmp_path / "scenarios" / name)
    shutil.copy(ROOT / "hil_config.toml", tmp_path)
    (tmp_path / "mine.py").write_text(FIRMWARES)
    return tmp_path


@pytest.fixture
def hil(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Hil:
    return hil_within(capsys, monkeypatch)


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_short_frames_are_a_fail_with_all_the_evidence(folder: Path, workers: str, hil: Hil) -> None:
    by_can = '\n[dut.identity]\nby = "can"\n'
    config = folder / "hil_config.toml"
    config.write_text(config.read_text() + by_can)
    words = ("run", "--firmware", "mine:Short", "--repeat", "2", "--workers", workers, "--json")
    done = hil(folder, *words)
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr
    result = json.loads(done.stdout)
    shots = [shot for one in result["scenarios"] for shot in one["shots"]]
    assert {shot["judgement"]["verdict"] for shot in shots} == {"FAIL"}
    assert all(
        any(
            reason.startswith("BMS_State with 7 bytes; the DBC says 8")
            for reason in stored_words(shot["judgement"])
        )
        for shot in shots
    )
    (run,) = [path.parent for path in (folder / "runs").glob("*/footer.json")]
    assert (run / "report.html").is_file() and (run / "junit.xml").is_file()
    with sqlite3.connect(folder / "runs" / "results.sqlite") as database:
        assert database.execute("select count(*) from shots").fetchone() == (len(shots),)
    for again in (("rejudge", str(run)), ("report", str(run), "--out", "again.html"), ("verify", str(run))):
        assert "Traceback" not in (told := hil(folder, *again)).stderr and told.returncode in (0, 1), (
            told.stderr
        )
    exported = hil(folder, "export", str(run), "--to", "csv", "--out", "csv")
    assert exported.returncode == 0, exported.stderr


@pytest.mark.slow
def test_a_firmware_that_raises_in_mid_shot_fails_each_shot_and_the_run_ends_whole(
    folder: Path, hil: Hil
) -> None:
    done = hil(folder, "run", "--firmware", "mine:Broken", "--repeat", "1", "--json")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert result["aborted"] is None and len(result["scenarios"]) >= 2
    for one in result["scenarios"]:
        (shot,) = one["shots"]
        assert shot["judgement"]["verdict"] == "FAIL"
        reasons = " | ".join(stored_words(shot["judgement"]))
        assert "ZeroDivisionError: division by zero (in change, mine.py line" in reasons
        assert "user" not in reasons
    (run,) = [path.parent for path in (folder / "runs").glob("*/footer.json")]
    assert any("Traceback" in line for shot in finished(run) for line in text_of(shot))
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("factory", "told"),
    [
        ("raises", "RuntimeError: the key file of my firmware is missing (in raises, mine.py line"),
        (
            "strange",
            "str has no period_ns, receive, step; expected a Firmware (docs/how-to/python_stand_in.md)",
        ),
        ("absent", "has no attribute 'absent'; expected module:factory"),
    ],
)
def test_a_firmware_that_cannot_be_made_is_one_line(
    folder: Path, command: str, factory: str, told: str, hil: Hil
) -> None:
    done = hil(folder, command, "--firmware", f"mine:{factory}")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "hil_config.toml [dut.firmware]: firmware 'mine:" in done.stderr and told in done.stderr


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("line", "instead", "told"),
    [
        (
            "standby = 1\n",
            "",
            "[state]: found no 'standby'; expected the value of the state in which the DUT is ready",
        ),
        (
            "drive = 3\n",
            "",
            "[state]: found no 'drive', and scenarios start in that mode; expected the value of the",
        ),
        ("drive = 3\n", "driving = 3\n", "the DUT's state in it; did you mean 'driving'?"),
        (
            'request = "vehicle.UDS_Request"',
            'request = "vehicle.UDS_Requests"',
            "[uds.request]: found no message 'UDS_Requests' in the DBC files of 'vehicle'",
        ),
        (
            'state = "vehicle.BMS_State.State"',
            'state = "vehicle.BMS_State.Stat"',
            "[output.state]: found no signal 'Stat' in vehicle.BMS_State; expected one of its own; did you mean 'State",
        ),
    ],
    ids=["no standby", "no drive", "drive misspelt", "no message", "no signal"],
)
def test_a_profile_without_what_every_shot_reads_is_one_line_with_its_place(
    folder: Path, command: str, line: str, instead: str, told: str, hil: Hil
) -> None:
    profile = folder / "dbc" / "reference_bms.toml"
    before = profile.read_text()
    table = before.index("[state]") if line[0] in "sd" and "vehicle" not in line else 0
    assert line in before[table:]
    written = before[:table] + before[table:].replace(line, instead, 1)
    # What else names the state would be told first.
    profile.write_text(written.replace('in_drive = ["state == drive"]', 'in_drive = ["state == charge"]'))
    done = hil(folder, command)
    assert done.returncode == 2, done.stderr
    (only,) = done.stderr.strip().splitlines()
    assert "dbc/reference_bms.toml" in only and told in only
