"""A sample of `python -m tests.parsers`, and that it sees what it is there to see. All of it: `.ci/run`."""

import random
import sys
from pathlib import Path

import pytest

from bench.confidence.qualified import why_not_shown
from bench.errors import BenchError
from tests.parsers import watched
from tests.parsers.__main__ import PARSERS, main, shares_of
from tests.parsers.evidence import QUALIFICATION
from tests.parsers.parser import Parser, unclear

ROOT = Path(__file__).resolve().parents[1]
QUICK = [
    name for name, one in PARSERS.items() if not one.slow and name != "fmea"
]  # which reads the library first


@pytest.mark.parametrize("name", QUICK)
def test_a_few_inputs_are_taken_or_refused_in_clear_lines(name: str, tmp_path: Path) -> None:
    parser = PARSERS[name]
    read = parser.opened(tmp_path)
    for number in range(12):
        try:
            read(parser.make(random.Random(f"{name} sample {number}")))
        except parser.refuses as error:
            assert not unclear(error), f"{number}: {error}"


def _wrong(number: int) -> None:
    if number == 3:
        raise ZeroDivisionError
    if number == 5:
        while True:
            pass
    if number == 7:
        raise LookupError("\x1b[2J")
    if number == 9:
        assert len(bytearray(b"x") * (80 << 20))
    if number == 11:
        raise BenchError("found it; expected that")


def test_a_traceback_a_hang_memory_and_unclear_words_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LONGEST_CPU_S", 0.5)
    monkeypatch.setattr(watched, "MOST_BYTES", 50 << 20)
    number_of = {random.Random(f"x 1 {number}").random(): number for number in range(13)}
    parser = Parser(
        make=lambda rng: number_of[rng.random()], opened=lambda _: _wrong, refuses=(BenchError, LookupError)
    )
    found = watched.run("x", parser, 1, range(13))
    assert found.wrong == {"traceback": 1, "hang": 1, "unclear": 1, "memory": 1}
    assert found.inputs == 13 and found.refused == 2
    told = " ".join(f"{line} {first}" for line, (_, first) in found.told.items())
    assert "ZeroDivisionError" in told and all(f" {number}" in told for number in (3, 5, 7, 9))


def test_a_million_is_spread_as_the_docs_say() -> None:
    shares = shares_of([*PARSERS], 1_000_000)
    assert all(shares[name] == 20_000 for name, one in PARSERS.items() if one.slow)
    assert abs(sum(shares[name] for name, one in PARSERS.items() if not one.slow) - 1_000_000) < 100
    assert min(shares.values()) >= 10_000


def test_one_input_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tests.parsers", "--parsers", "Modbus,SLCAN", "--only", "7"])
    assert main() == 0
    assert capsys.readouterr().out.count("accepted") == 2


def test_the_qualification_that_is_altered_is_a_sound_one() -> None:
    assert why_not_shown(QUALIFICATION, ("late",)) is None
    assert why_not_shown(QUALIFICATION, ("late", "early")) == "mutants: early missing"
