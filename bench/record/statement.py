"""The run's result for readers without `hil`: an in-toto statement of the type test-result.

Its subjects are the files of the run with their SHA-256, except itself and the files that are written later (footer
and signatures). It is a file of the run like any other, so the footer covers it.
https://github.com/in-toto/attestation: spec/v1/statement.md, spec/predicates/test-result.md.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bench.verdict.result import Verdict

STATEMENT = "statement.json"
TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


class Outcome(StrEnum):
    """in-toto knows three. What is neither passed nor a known gap has failed there, whoever is to blame."""

    PASSED = "PASSED"
    WARNED = "WARNED"
    FAILED = "FAILED"


_OUTCOMES = {Verdict.PASS.name: Outcome.PASSED, Verdict.GAP.name: Outcome.WARNED}
_LISTS = {"passedTests": Outcome.PASSED, "warnedTests": Outcome.WARNED, "failedTests": Outcome.FAILED}
_RUN = (
    "run_id", "started_utc", "timebase", "evidence", "firmware_identity", "chemistry", "seed", "bench_version",
)  # fmt: skip


def statement(result: Mapping[str, Any], hashes: Mapping[str, str]) -> dict[str, Any]:
    """The statement about a run's stored result and the SHA-256 of each of its files.

    `hil_verdicts` and `hil_run` are extension fields: our own word for each test, and which run it was.
    """
    kept = result.get("evidence")
    verdicts = {_name(one, kept): str(one["judgement"]["verdict"]) for one in result.get("scenarios", ())}
    predicate: dict[str, Any] = {
        "result": _together(result, verdicts).value,
        "configuration": [
            _descriptor(name, sha256) for name, sha256 in hashes.items() if name.startswith("inputs/")
        ],
        **{
            key: [name for name, verdict in verdicts.items() if _outcome(verdict) is outcome]
            for key, outcome in _LISTS.items()
        },
        "hil_verdicts": verdicts,
        "hil_run": {key: result[key] for key in _RUN if key in result},
    }
    return {
        "_type": TYPE,
        "subject": [_descriptor(name, sha256) for name, sha256 in hashes.items() if name != STATEMENT],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }


def _name(scenario: Mapping[str, Any], evidence: object) -> str:
    """The test's name with its class of evidence, else its timebase. A pass without a board is no statement on a
    board's timing.
    """
    return f"{scenario['timebase'] if evidence is None else evidence}/{scenario['scenario_id']}"


def _outcome(verdict: str) -> Outcome:
    return _OUTCOMES.get(verdict, Outcome.FAILED)


def _together(result: Mapping[str, Any], verdicts: Mapping[str, str]) -> Outcome:
    """A run of nothing, or one that was ended early, has not passed."""
    found = set(map(_outcome, verdicts.values()))
    if not found or Outcome.FAILED in found or result.get("aborted") is not None:
        return Outcome.FAILED
    return Outcome.WARNED if Outcome.WARNED in found else Outcome.PASSED


def _descriptor(name: str, sha256: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": sha256}}
