"""Results as ReqIF (OMG ReqIF 1.2) for requirement tools: results, requirements by id, and `verifies` relations.

Needs the extra 'reqif'. The requirements are stand-ins with nothing but their id: the texts live in your tool,
which matches them by that id.
"""

from pathlib import Path
from typing import Any

from bench.errors import RecordError
from bench.report.finding_words import joined_words
from bench.report.mismatch import word
from bench.report.needs import RUN_ID, RUN_TITLE, need_id
from bench.report.words import max_words
from bench.report.xml_text import writable
from bench.timing.evidence_class import CLASS_WORDS
from bench.verdict.result import RunResult, ScenarioResult

_LONGEST = 4000  # characters of a value
_ATTRIBUTES = (
    "Title",
    "Verdict",
    "Safety goal",
    "ASIL",
    "Attempts",
    "FDTI max",
    "FHTI max",
    "Reasons",
    "Run",
)


def write_reqif(run: RunResult, path: Path) -> None:
    """Raises RecordError where the file cannot be written."""
    from reqif.unparser import ReqIFUnparser

    try:
        path.write_text(ReqIFUnparser.unparse(_bundle(run)), encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error}") from error


def _bundle(run: RunResult) -> Any:
    from reqif.models import (
        reqif_core_content,
        reqif_namespace_info,
        reqif_req_if_content,
        reqif_reqif_header,
    )
    from reqif.object_lookup import ReqIFObjectLookup
    from reqif.reqif_bundle import ReqIFBundle

    objects, relations = _content(run)
    content = reqif_req_if_content.ReqIFReqIFContent(
        data_types=_data_types(run),
        spec_types=_types(run),
        spec_objects=objects,
        spec_relations=relations,
        specifications=[_specification(run)],
    )
    return ReqIFBundle(
        namespace_info=reqif_namespace_info.ReqIFNamespaceInfo.create_default(),
        req_if_header=reqif_reqif_header.ReqIFReqIFHeader(
            identifier=f"_{run.run_id}",
            creation_time=run.started_utc,
            req_if_tool_id="bms-hil-bench",
            req_if_version="1.0",
            source_tool_id=f"bms-hil-bench {run.bench_version}",
            # the library quotes & in a title, but not < and >
            title=writable(f"Results of {run.firmware_identity}").translate({60: "‹", 62: "›"}),
        ),
        core_content=reqif_core_content.ReqIFCoreContent(content),
        tool_extensions_tag_exists=False,
        lookup=ReqIFObjectLookup.empty(),
        exceptions=[],
    )


def _data_types(run: RunResult) -> list[Any]:
    from reqif.models.reqif_data_type import ReqIFDataTypeDefinitionString as Text

    return [Text(identifier="_text", last_change=run.started_utc, long_name="Text", max_length=str(_LONGEST))]


def _types(run: RunResult) -> list[Any]:
    from reqif.models.reqif_spec_object_type import ReqIFSpecObjectType, SpecAttributeDefinition
    from reqif.models.reqif_spec_relation_type import ReqIFSpecRelationType
    from reqif.models.reqif_specification_type import ReqIFSpecificationType
    from reqif.models.reqif_types import SpecObjectAttributeType

    def attribute(prefix: str, name: str) -> Any:
        return SpecAttributeDefinition(
            SpecObjectAttributeType.STRING,
            _attribute_id(prefix, name),
            "_text",
            last_change=run.started_utc,
            long_name=name,
        )

    now = run.started_utc
    return [
        ReqIFSpecObjectType(
            "_result",
            last_change=now,
            long_name="HIL result",
            attribute_definitions=[attribute("result", name) for name in _ATTRIBUTES],
        ),
        ReqIFSpecObjectType(
            "_requirement",
            last_change=now,
            long_name="Requirement",
            attribute_definitions=[attribute("requirement", "ReqIF.ForeignID")],
        ),
        ReqIFSpecRelationType("_verifies", last_change=now, long_name="verifies"),
        ReqIFSpecificationType("_specification", last_change=now, long_name="HIL run", is_self_closed=True),
    ]


def _content(run: RunResult) -> tuple[list[Any], list[Any]]:
    from reqif.models.reqif_spec_relation import ReqIFSpecRelation

    now = run.started_utc
    required = dict.fromkeys(r for s in run.scenarios for r in s.requirements)
    objects = [_object(_requirement_id(r), "requirement", {"ReqIF.ForeignID": r}, now, r) for r in required]
    objects += [_object(_id(s), "result", _facts(run, s), now, s.title) for s in run.scenarios]
    if run.aborted is not None:
        facts = {"Title": RUN_TITLE, "Verdict": "ERROR", "Reasons": f"aborted: {run.aborted}"}
        objects.append(_object(f"_{RUN_ID}", "result", facts, now, RUN_TITLE))
    relations = [
        ReqIFSpecRelation(
            f"{_id(s)}{_requirement_id(r)}", "_verifies", _id(s), _requirement_id(r), last_change=now
        )
        for s in run.scenarios
        for r in dict.fromkeys(s.requirements)
    ]
    return objects, relations


def _object(identifier: str, kind: str, facts: dict[str, str], now: str, name: str) -> Any:
    from xml.sax.saxutils import escape

    from reqif.models.reqif_spec_object import ReqIFSpecObject, SpecObjectAttribute
    from reqif.models.reqif_types import SpecObjectAttributeType

    quoted = escape(writable(name), {'"': "&quot;"})  # the library quotes values, but not names
    values = [
        SpecObjectAttribute(
            SpecObjectAttributeType.STRING, _attribute_id(kind, key), writable(value)[:_LONGEST]
        )
        for key, value in facts.items()
    ]
    return ReqIFSpecObject(identifier, values, f"_{kind}", last_change=now, long_name=quoted)


def _facts(run: RunResult, scenario: ScenarioResult) -> dict[str, str]:
    passed = sum(shot.judgement.verdict.name == "PASS" for shot in scenario.shots)
    texts = (
        scenario.title,
        word(scenario),
        scenario.budget.safety_goal,
        scenario.budget.asil,
        f"{passed} of {len(scenario.shots)} passed, {CLASS_WORDS[run.evidence_class]}",
        max_words(scenario.fdti),
        max_words(scenario.fhti),
        joined_words(scenario.judgement),
        f"{run.run_id}, {run.firmware_identity}",
    )
    return dict(zip(_ATTRIBUTES, texts))


def _specification(run: RunResult) -> Any:
    from reqif.models.reqif_spec_hierarchy import ReqIFSpecHierarchy
    from reqif.models.reqif_specification import ReqIFSpecification

    children = [
        ReqIFSpecHierarchy(identifier=f"_h{_id(s)}", spec_object=_id(s), level=1, last_change=run.started_utc)
        for s in run.scenarios
    ]
    if run.aborted is not None:
        last = ReqIFSpecHierarchy(
            identifier=f"_h_{RUN_ID}", spec_object=f"_{RUN_ID}", level=1, last_change=run.started_utc
        )
        children.append(last)
    return ReqIFSpecification(
        f"_spec_{run.run_id}",
        last_change=run.started_utc,
        long_name=run.run_id,
        specification_type="_specification",
        children=children,
    )


def _id(scenario: ScenarioResult) -> str:
    return f"_{need_id(scenario.scenario_id)}"


def _requirement_id(requirement: str) -> str:
    """An xsd:ID takes letters, digits and . - _ only; the attribute ReqIF.ForeignID has it as it is."""
    letters = zip(f" {requirement}", requirement)
    return "_req_" + "".join(one if _plain(before, one) else f"..{ord(one):x}." for before, one in letters)


def _plain(before: str, one: str) -> bool:
    return one.isascii() and (one.isalnum() or one in "-_" or (one == "." != before))


def _attribute_id(prefix: str, name: str) -> str:
    return f"_{prefix}_{name.replace(' ', '_')}"
