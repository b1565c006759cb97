"""What the headline says of all scenarios holds of all of them at once, and each bound names its build."""

import dataclasses
import random
import re
from collections.abc import Callable

import pytest
from sample_run import OVERVOLTAGE, scenario, shot
from test_sampled_over import everywhere, fired, run_of

from bench.report.at_once_words import at_once_words
from bench.report.sampling import bounds_words
from bench.verdict.family import at_once, counted
from bench.verdict.proportion import lower_bound
from bench.verdict.result import ScenarioResult, Verdict


def tried(name: str, n: int, missed: int = 0) -> ScenarioResult:
    shots = [shot(k, Verdict.FAIL if k < missed else Verdict.PASS, None) for k in range(n)]
    return scenario(name, "t", OVERVOLTAGE, shots, Verdict.FAIL if missed else Verdict.PASS)


def built(one: ScenarioResult, *identities: str) -> ScenarioResult:
    shots = tuple(
        dataclasses.replace(shot, identity=identities[k % len(identities)])
        for k, shot in enumerate(one.shots)
    )
    return dataclasses.replace(one, shots=shots)


def library(n: int) -> list[ScenarioResult]:
    return [*(tried(f"a{k}", n) for k in range(136)), tried("once", 1)]


def test_all_at_once_hold_less_than_each_alone() -> None:
    found = at_once(library(59))
    assert found is not None
    most, once = found.groups
    assert (most.scenarios, most.shots, once.scenarios, once.shots) == (136, 59, 1, 1)
    assert most.share == pytest.approx((0.05 / 137) ** (1 / 59)) and most.share < 0.88
    assert once.share == pytest.approx(0.05 / 137)
    assert found.shots_needed == 155
    words = at_once_words(library(59))
    assert words.startswith(
        "All 137 scenarios at once, with 95 % confidence (union bound: a risk of 0.05/137 each;"
    )
    assert "right in at least 87.4 % of attempts in each of 136 (n = 59)" in words
    assert "; nothing is bounded in 1 (n = 1)." in words
    assert words.endswith("95 % in each of them takes 155 clean attempts of every scenario")


def test_it_holds_in_as_many_runs_as_it_says() -> None:
    """200 runs of 40 scenarios, each handled by a share just below what clean ones are said to show: the worst case."""
    rng, n, scenarios = random.Random(5), 59, 40
    by_missed = [tried(f"missed {k}", n, k) for k in range(n + 1)]

    def too_good(share: float, told: Callable[[list[ScenarioResult]], float]) -> int:
        runs = (
            [by_missed[sum(rng.random() > share for _ in range(n))] for _ in range(scenarios)]
            for _ in range(200)
        )
        return sum(told(run) > share for run in runs)

    def together(run: list[ScenarioResult]) -> float:
        found = at_once(run)
        assert found is not None
        return max(one.share for one in found.groups)

    def alone(run: list[ScenarioResult]) -> float:
        return max(lower_bound(n - counted(one)[1], n) for one in run)

    clean = [by_missed[0]] * scenarios
    assert too_good(alone(clean) - 1e-9, alone) > 150, "nearly every run has one that is too good"
    assert too_good(together(clean) - 1e-9, together) <= 20  # 10 expected, 21 and more once in 900


def test_what_was_missed_and_what_was_a_copy_counts_as_such() -> None:
    found = at_once([tried("good", 59), tried("bad", 59, missed=2), fired(59, turns=0.3, name="copies")])
    assert found is not None
    assert {(one.shots, one.missed, one.copies) for one in found.groups} == {
        (59, 0, False),
        (59, 2, False),
        (59, 0, True),
    }
    assert found.groups[-1].copies and found.groups[-1].share == pytest.approx(0.05 / 3)
    assert "(n = 59, 2 of them missed)" in at_once_words([tried("good", 59), tried("bad", 59, missed=2)])


def test_neither_one_scenario_nor_a_mismatch_makes_a_family() -> None:
    wrong = dataclasses.replace(tried("wrong", 3), mismatch="lfp on nmc")
    assert at_once([tried("a", 59), wrong]) is None and at_once_words([tried("a", 59)]) == ""


def test_terminal_markdown_and_html_say_it() -> None:
    for told in everywhere(run_of(built(fired(59), "27e9f388"), built(fired(59, name="b"), "27e9f388"))):
        assert "All 2 scenarios at once, with 95 % confidence" in told
        assert "one build (27e9f388), each at one operating point" in told
        assert re.search(r"sampled over phase .*, of one build \(27e9f388\), each scenario on its own", told)
    page = everywhere(run_of(built(fired(59), "27e9f388")))[2]
    assert "of one build (27e9f388); no sample of life" in page and "Each bound holds on its own" in page


def test_shots_of_two_builds_are_no_population_and_bound_nothing() -> None:
    (line,) = bounds_words([built(fired(59), "27e9f388", "00112233")])
    assert line == "No bound for ov: of 2 builds (00112233, 27e9f388): no population of one DUT"
    assert "one build, which the DUT was not asked for" in bounds_words([fired(59)])[0]
