"""Findings, faults, kinds of instruments and documents of `--json`, from the registries that the bench itself reads."""

from collections.abc import Iterator

from bench.config.instrument_kinds import instruments
from bench.faults.find import kinds as fault_kinds
from bench.faults.port import FAULT_CLASSES
from bench.faults.shapes import keys_of
from bench.measure.finding.closed_set import FINDINGS
from bench.report.finding_advice import explain
from bench.report.told.document import schema_id
from bench.report.told.every import DOCUMENTS
from bench.report.told.kinds import kind_listed
from reference_pages.keys import takes
from reference_pages.markdown import anchor, cell, code, table


def findings() -> Iterator[str]:
    """What the bench can find, a section for each code, so that a report can link to it."""
    yield from ("# Findings, one by one", "")
    yield "What `hil explain CODE` says. All of them in one table: [](/findings.md)."
    yield ""
    for name in sorted(FINDINGS):
        _, meaning, rest = explain(name).split("\n\n", 2)
        yield from (anchor(f"finding-{name}"), f"## {name}", "", cell(meaning), "")
        for line in rest.splitlines():
            first, _, words = line.strip().partition(" ")
            yield f"- *{first}*: {cell(words)}"
        yield ""


def faults() -> Iterator[str]:
    """The catalogue by class: what each asks of a rig, and the keys of its `[[step]]`."""
    yield from ("# Faults", "")
    yield 'What `[[step]]` with `do = "inject"` takes, by `fault`. `hil list faults` says which of them a rig can make.'
    yield ""
    found = fault_kinds()
    for fault_class in FAULT_CLASSES:
        yield from (f"## {fault_class}", "")
        for one in (kind for kind in found if kind.fault_class == fault_class):
            yield from (anchor(f"fault-{one.name}"), f"### {one.name}", "")
            yield from (f"- {code(name)}: {cell(words)}" for name, words in one.variants.items())
            if isinstance(one.onset, str) and one.onset:
                yield f"- onset: {cell(one.onset)}"
            yield ""
            schema = keys_of(one).model_json_schema(ref_template="#/$defs/{model}")
            needed, defs = schema.get("required", ()), schema.get("$defs", {})
            yield from table(
                ("key", "takes", ""),
                [
                    (code(key), cell(takes(part, defs)), "*required*" if key in needed else "")
                    for key, part in schema["properties"].items()
                    if key not in ("do", "fault")
                ],
            )


def kinds_of_instruments() -> Iterator[str]:
    """Each kind with its options."""
    yield from ("# Kinds of instruments", "")
    yield "What `hil list kinds` says, kind by kind. How they are wired and what is known of them: [](/instruments.md)."
    yield ""
    for name, kind in instruments().all().items():
        one = kind_listed(name, kind, "")
        yield from (anchor(f"kind-{name}"), f"## {name}", "", f"{cell(one.title)}.", "")
        yield f"- *use*: {cell(one.use)}"
        yield f"- *lines*: {cell(one.lines)}"
        yield f"- *the simulator plays*: {cell(one.plays)}"
        yield from (f"- *source*: {cell(one.source)}", "")
        yield from table(
            ("option", "takes", "default", "meaning"),
            [
                (
                    code(option.name),
                    cell(option.takes),
                    cell(option.default or "a real one needs it"),
                    cell(option.meaning),
                )
                for option in one.options
            ],
        )


def documents() -> Iterator[str]:
    """What `--json` prints, by command."""
    yield from ("# JSON documents", "")
    yield "`hil schema NAME` prints the JSON Schema of one of them. What they have in common: [](/json.md)."
    yield ""
    yield from table(
        ("document", "schema", "what it is"),
        [
            (code(name), code(schema_id(kind)), cell((kind.__doc__ or "").split("\n\n")[0]))
            for name, kind in sorted(DOCUMENTS.items())
        ],
    )
