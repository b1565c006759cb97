"""Judgements as JSON-ready dictionaries."""

from collections.abc import Mapping
from typing import Any

from bench.errors import RecordError
from bench.verdict.result import Judgement, Verdict


def judgement_to_dict(judgement: Judgement) -> dict[str, Any]:
    """The verdict by name, since numbers may be re-ordered one day."""
    return {"verdict": judgement.verdict.name, "reasons": list(judgement.reasons)}


def judgement_from_dict(stored: Mapping[str, Any]) -> Judgement:
    """The inverse of `judgement_to_dict`. Raises RecordError for what is no stored judgement."""
    try:
        return Judgement(verdict=Verdict[stored["verdict"]], reasons=tuple(stored["reasons"]))
    except (KeyError, TypeError) as error:
        raise RecordError(
            f"stored judgement cannot be read: {error}; expected verdict and reasons"
        ) from error
