"""Plans and measurements as JSON-ready dictionaries, so that a stored run can be judged again."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bench.errors import RecordError
from bench.measure.ending import EndFound, EndQuestion
from bench.measure.estimate import EstimateFound, EstimateQuestion
from bench.measure.interval import Interval, Latency, Measurement, ProbeSeen, Term
from bench.measure.plan import Aim, Plan, Probe, SignalTest
from bench.trace.irregular import Irregular, Irregularity


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """Plain lists, numbers and text only."""
    return {**_plain(asdict(plan)), "aim": plan.aim.value, **_triples(plan)}


def _triples(plan: Plan) -> dict[str, list[list[str | int]]]:
    return {"heard": [list(one) for one in plan.heard], "fed": [list(one) for one in plan.fed]}


def _plain(plan: dict[str, Any]) -> dict[str, Any]:
    irregular = [{**one, "what": str(one["what"])} for one in plan["onset_irregular"]]
    return {**plan, "onset_irregular": irregular}


def plan_from_dict(stored: Mapping[str, Any]) -> Plan:
    """The inverse of `plan_to_dict`. Raises RecordError for what is no stored plan."""
    try:
        tests: dict[str, Any] = {
            name: tuple(_test(one) for one in stored[name])
            for name in ("onset", "detection", "safe_state", "forbidden")
        }
        tests["carried"] = tuple(_test(one) for one in stored.get("carried", ()))
        special = (
            *tests, "aim", "heard", "dtc_test", "onset_irregular", "dtc_status", "fed", "protected", "probes",
            "estimates", "onset_runaway", "end", "own",
        )  # fmt: skip
        rest = {key: value for key, value in stored.items() if key not in special}
        return Plan(
            aim=Aim(stored["aim"]),
            heard=tuple((channel, message, gap_ns) for channel, message, gap_ns in stored["heard"]),
            dtc_test=None if stored["dtc_test"] is None else _test(stored["dtc_test"]),
            onset_irregular=tuple(
                Irregularity(**{**one, "what": Irregular(one["what"])})
                for one in stored.get("onset_irregular", ())
            ),
            own=tuple((channel, message) for channel, message in stored.get("own", ())),
            dtc_status=tuple(stored.get("dtc_status", ())),
            protected=tuple((channel, message) for channel, message in stored.get("protected", ())),
            fed=tuple((channel, message, gap_ns) for channel, message, gap_ns in stored.get("fed", ())),
            probes=tuple(
                Probe(name=one["name"], tests=tuple(_test(test) for test in one["tests"]))
                for one in stored.get("probes", ())
            ),
            end=None if stored.get("end") is None else EndQuestion(**stored["end"]),
            onset_runaway=tuple(stored.get("onset_runaway", ())),
            estimates=tuple(EstimateQuestion(**one) for one in stored.get("estimates", ())),
            **tests,
            **rest,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"stored plan cannot be read: {error}; expected what plan_to_dict wrote") from error


def _test(stored: Mapping[str, Any]) -> SignalTest:
    together = tuple(_test(one) for one in stored.get("together", ()))
    return SignalTest(**{**stored, "together": together})


def measurement_to_dict(measurement: Measurement) -> dict[str, Any]:
    """Plain dictionaries, numbers and text only."""
    return asdict(measurement)


def measurement_from_dict(stored: Mapping[str, Any]) -> Measurement:
    """The inverse of `measurement_to_dict`. Raises RecordError for what is no stored measurement."""
    try:
        known: dict[str, Any] = dict(stored)
        for name in ("onset", "detected", "safe"):
            known[name] = None if known[name] is None else Interval(**known[name])
        for name in ("fdti", "frti", "fhti"):
            known[name] = None if known[name] is None else _latency(known[name])
        for name in ("broken", "silent", "bench_faults", "anomalies", "doubts", "excuses", "misfits"):
            known[name] = tuple(known.get(name, ()))
        known["probes"] = tuple(
            ProbeSeen(**{**one, "at": None if one["at"] is None else Interval(**one["at"])})
            for one in stored.get("probes", ())
        )
        known["estimates"] = tuple(
            EstimateFound(**{**one, "question": EstimateQuestion(**one["question"])})
            for one in known.get("estimates", ())
        )
        if known.get("end") is not None:
            end = dict(known["end"])
            end |= {"question": EndQuestion(**end["question"]), "problems": tuple(end["problems"])}
            known["end"] = EndFound(**end)
        return Measurement(**known)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"stored measurement cannot be read: {error}; expected what measurement_to_dict wrote"
        ) from error


def _latency(stored: Mapping[str, Any]) -> Latency:
    return Latency(
        interval=Interval(**stored["interval"]), terms=tuple(Term(**term) for term in stored["terms"])
    )
