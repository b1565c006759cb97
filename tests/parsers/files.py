"""Parsers of files that people write: TOML of every kind, bus descriptions, and what a whole bench says together."""

import random
import shutil
import tomllib
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from bench.codec.database import Database
from bench.config.bench_file import load_bench
from bench.config.profile_file import load_profile
from bench.config.requirement_texts import requirement_texts
from bench.plant.chemistry import Chemistry
from bench.plant.drive_cycle import read_cycle
from bench.proof import qualification
from bench.running.load import load_rig, load_scenarios
from bench.safety import fmea_file
from bench.scenario import load as scenario_file
from bench.scenario.library import Library, list_library
from bench.verdict.budgets import load_budgets
from bench.verdict.result import Budget

from .alter import damaged, grown, nonsense, reworded, toml_of
from .parser import Parser, Read

ROOT = Path(__file__).resolve().parents[2]
Written = tuple[str, bytes]
"""Where an input lies, seen from the root of a bench's folder, and what is in it."""

BENCHES = ("hil_config.toml", "docs/benches/*.toml", "docs/examples/foxbms/*_*.toml")
PROFILES = ("dbc/*.toml", "docs/examples/foxbms/foxbms2.toml")
SCENARIOS = ("scenarios/*/*.toml", "docs/examples/foxbms/scenarios/*/*.toml")
CHEMISTRIES = ("bench/plant/chemistries/*.toml",)
CYCLES = ("bench/plant/cycles/*.csv",)
DBC = ("dbc/*.dbc",)
MQTT = """
[mqtt]
host = "broker.lab"
port = 8883
rig = "rig-7"
prefix = "hil/lab"
tls = { ca = "README.md" }
username_env = "MQTT_USER"
password_env = "MQTT_PASSWORD"
telemetry = "1 s"
drain = "5 s"
spool_megabytes = 64
"""
SMALL_DBC = """VERSION ""
NS_ :
BS_:
BU_: BMS VCU
BO_ 256 BMS_State: 8 BMS
 SG_ State m0 : 0|4@1+ (1,0) [0|15] "" VCU
 SG_ Mux M : 4|4@1+ (1,0) [0|15] "" VCU
 SG_ Current m1 : 15|16@0- (0.1,-3) [-500|500] "A" VCU
BO_ 2566844926 Long: 64 BMS
 SG_ Cell : 0|64@1- (1E-3,0) [0|5] "V" VCU
BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;
BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","StandardCAN_FD","ExtendedCAN_FD";
BA_DEF_DEF_ "GenMsgCycleTime" 100;
BA_ "GenMsgCycleTime" BO_ 256 10;
SIG_VALTYPE_ 2566844926 Cell : 2;
VAL_ 256 State 0 "off" 1 "drive" 15 "error" ;
CM_ SG_ 256 State "what it does";
"""
REQUIREMENTS: tuple[Written, ...] = (
    ("own.csv", b'id;owner;text\nBMS-1;me;"No cell; above\n4.25 V"\nBMS-2;you;Warm\n'),
    (
        "own.reqif",
        b"""<?xml version="1.0" encoding="UTF-8"?>
<REQ-IF xmlns="http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"><CORE-CONTENT><REQ-IF-CONTENT><SPEC-TYPES>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="a1" LONG-NAME="ReqIF.ForeignID"/>
<ATTRIBUTE-DEFINITION-XHTML IDENTIFIER="a2" LONG-NAME="ReqIF.Text"/></SPEC-TYPES>
<SPEC-OBJECTS><SPEC-OBJECT IDENTIFIER="o1"><VALUES>
<ATTRIBUTE-VALUE-STRING THE-VALUE="BMS-1"><DEFINITION><A-REF>a1</A-REF></DEFINITION></ATTRIBUTE-VALUE-STRING>
<ATTRIBUTE-VALUE-XHTML><DEFINITION><A-REF>a2</A-REF></DEFINITION><THE-VALUE><div>No <b>cell</b></div></THE-VALUE>
</ATTRIBUTE-VALUE-XHTML></VALUES></SPEC-OBJECT></SPEC-OBJECTS></REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>
""",
    ),
)


def _requirements(rng: random.Random) -> Written:
    name, content = rng.choice(REQUIREMENTS)
    how = rng.random()
    if how < 0.1:
        return name, nonsense(rng)
    if how < 0.6:
        return name, reworded(content.decode(), rng).encode(errors="replace")
    return name, damaged(content, rng, [one for _, one in REQUIREMENTS])


@cache
def _sound(patterns: tuple[str, ...]) -> tuple[Written, ...]:
    files = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    return tuple((path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in files)


@cache
def _tree(content: bytes) -> dict[str, object]:
    return tomllib.loads(content.decode())


def toml_from(patterns: tuple[str, ...], more: str, rng: random.Random) -> Written:
    """A file altered as a tree, by its words or by its bytes; one in twenty is nonsense."""
    sound = _sound(patterns)
    name, content = rng.choice(sound)
    if more and rng.random() < 0.7:
        content += more.encode()
    how = rng.random()
    if how < 0.05:
        return name, nonsense(rng)
    if how < 0.65:
        return name, toml_of(grown(_tree(content), rng))
    if how < 0.8:
        return name, reworded(content.decode(), rng).encode(errors="replace")
    return name, damaged(content, rng, [one for _, one in sound[:20]])


def text_from(patterns: tuple[str, ...], more: tuple[Written, ...], rng: random.Random) -> Written:
    sound = more if more and rng.random() < 0.8 else _sound(patterns)
    name, content = rng.choice(sound)
    how = rng.random()
    if how < 0.1:
        return name, nonsense(rng)
    if how < 0.6:
        return name, reworded(content.decode("latin-1"), rng).encode("latin-1", "replace")
    return name, damaged(content, rng, [content])


def a_bench_in(place: Path) -> None:
    """The folder of a bench, whose own files may be written over: the rest are links to what is there."""
    for name in ("dbc", "docs", "docs/benches", "docs/examples", "docs/examples/foxbms", "scenarios"):
        (place / name).mkdir()
        for path in (ROOT / name).iterdir():
            if not (place / name / path.name).exists() and path.name not in ("benches", "examples", "foxbms"):
                (place / name / path.name).symlink_to(path)
    for name in ("README.md", "firmware_stubs", "bench"):
        (place / name).symlink_to(ROOT / name)
    (place / "hil_config.toml").symlink_to(ROOT / "hil_config.toml")


def own_place(place: Path, name: str) -> Path:
    """Where a file of that name can lie without being one of the repository's: below a link it is not ours."""
    path = place / name
    ours = path.parent.is_dir() and path.parent.resolve().is_relative_to(place.resolve())
    return path if ours else place / path.name


def alone(read: Callable[[Path], object]) -> Callable[[Path], Read]:
    """Reads the one file, in a folder that holds what it may name."""

    def opened(place: Path) -> Read:
        a_bench_in(place)

        def one(written: Written) -> None:
            name, content = written
            path = own_place(place, name)
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            read(path)

        return one

    return opened


def _scenario(path: Path) -> None:
    found, wrong = scenario_file._read(path)
    if wrong:
        raise scenario_file.ScenarioError("\n".join(wrong))
    assert found is not None


@cache
def _library() -> tuple[dict[str, Budget], Library]:
    root = ROOT / "scenarios"
    return load_budgets(root / "budgets.toml"), list_library(scenario_file.find_scenarios([root]))


def _fmea(path: Path) -> None:
    fmea_file.load_fmea(path, *_library())


def _together(place: Path) -> Read:
    """Bench, profile, budgets and a scenario, one of which is altered: all that `hil check` asks of them."""
    a_bench_in(place)
    scenarios = [name for name, _ in _sound(("scenarios/*/*.toml",))]
    for name in ("hil_config.toml", "dbc/reference_bms.toml", "scenarios/budgets.toml"):
        (place / name).unlink()
        shutil.copy(ROOT / name, place / name)

    def one(written: Written) -> None:
        name, content = written
        path = own_place(place, name)
        scenario = path.name if name in scenarios else "scenarios/cells/ov_step_cell17.toml"
        before = path.read_bytes() if path.is_file() else b""
        path.write_bytes(content)
        scenario_file._unchanged.cache_clear()
        try:
            wired = load_rig(place / "hil_config.toml", "simulated", None, None)
            load_scenarios(wired, [place / scenario], None, long=True)
        finally:
            path.write_bytes(before)

    return one


def _any_of_a_bench(rng: random.Random) -> Written:
    which: Sequence[tuple[str, ...]] = (
        ("hil_config.toml",), ("dbc/reference_bms.toml",), ("scenarios/budgets.toml",), ("scenarios/*/*.toml",),
    )  # fmt: skip
    name, content = toml_from(rng.choice(which), "", rng)
    return name, content


def toml(patterns: tuple[str, ...], read: Callable[[Path], object], share: int, more: str = "") -> Parser:
    return Parser(make=partial(toml_from, patterns, more), opened=alone(read), share=share)


PARSERS = {
    "bench file": toml(BENCHES, load_bench, 4),
    "[mqtt]": toml(("hil_config.toml",), load_bench, 2, MQTT),
    "profile": toml(PROFILES, load_profile, 4),
    "budgets": toml(("scenarios/budgets.toml",), load_budgets, 2),
    "scenario": toml(SCENARIOS, _scenario, 8),
    "tool usage": toml(("scenarios/tool_usage.toml",), qualification.load_usage, 2),
    "fmea": toml(("scenarios/fmea.toml",), _fmea, 2),
    "chemistry": toml(CHEMISTRIES, Chemistry.load, 2),
    "drive cycle": Parser(
        make=partial(
            text_from, CYCLES, (("cycles/own.csv", b"# own\ntime_s,current_a\n0,1\n1.5,-20\n3,0\n"),)
        ),
        opened=alone(read_cycle),
        share=4,
    ),
    "requirements": Parser(make=_requirements, opened=alone(requirement_texts), share=2),
    "DBC": Parser(
        make=partial(text_from, DBC, (("dbc/own.dbc", SMALL_DBC.encode()),)),
        opened=alone(Database.load),
        share=2,
    ),
    "a whole bench": Parser(make=_any_of_a_bench, opened=_together, slow=True, costly=True),
}
