"""The evidence on the bench as a page for people, in Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.confidence.qualified import TIME
from bench.confidence.tool_facts import ASILS, METHODS, recommended
from bench.report.markdown import text


def markdown(content: Mapping[str, Any]) -> str:
    """The qualification as Markdown. content: what qualification.json holds."""
    sections = (_head, _parts, _uses, _method, _requirements, _malfunctions, _strangers, _ruler, _planted)
    return "\n".join(line for section in sections for line in section(content)) + "\n" + _identity(content)


def _head(content: Mapping[str, Any]) -> Iterator[str]:
    usage = content["usage"]
    word = (
        "evidence for a qualification"
        if content["complete"]
        else "NOT SHOWN, no evidence for a qualification"
    )
    yield f"# Tool: {word}"
    yield ""
    yield (
        f"{text(content['created_utc'])}, for runs in {TIME[content['identity']['timebase']]}. "
        f"Highest ASIL claimed: {usage['highest_asil']}. "
        "This page qualifies nothing: a person reviews it, and `hil qualify --review NAME` seals the review beside it."
    )
    if usage["reviewed_by"]:
        yield f"The file of uses names {text(usage['reviewed_by'])} as its reviewer: a word in a file is no review."
    for one in content["parts"]:
        if not one["shown"]:
            yield f"\n**Not shown:** {text(one['name'])}: {text(one['why'])}."


def _parts(content: Mapping[str, Any]) -> Iterator[str]:
    yield from (
        "",
        "## Parts",
        "",
        "| part | ran in | at least | found | |",
        "| --- | --- | --- | --- | --- |",
    )
    for p in content["parts"]:
        shown = "shown" if p["shown"] else "**NOT SHOWN**"
        yield f"| {text(p['name'])} | {text(p['time'])} | {text(p['least'])} | {text(p['found'])} | {shown} |"


def _uses(content: Mapping[str, Any]) -> Iterator[str]:
    usage = content["usage"]
    yield from ("", "## Use cases")
    for u in usage["use_case"]:
        yield (
            f"- {text(u['id'])} {text(u['title'])}: {u['impact']} ({text(u['impact_reason'])}), {u['detection']} by "
            f"{text(', '.join(u['measures']) or 'nothing')} ({text(u['detection_reason'])}) → {u['tcl']}."
        )
    yield from ("", "## Measures in the process (they make TD)")
    for m in usage["process_measure"]:
        traced = f" ({text(', '.join(m['requirements']))})" if m["requirements"] else ""
        yield f"- {text(m['id'])}, by the {m['by']}: {text(m['title'])}{traced}. Detects {text(m['detects'])}."
    yield from ("", "## Validation (the method, and no reason for TD)")
    for v in usage["validation"]:
        yield f"- {text(v['id'])} {text(v['title'])}."


def _method(content: Mapping[str, Any]) -> Iterator[str]:
    usage = content["usage"]
    levels = sorted({u["tcl"] for u in usage["use_case"]} - {"TCL1"})
    yield from ("", "## Method (ISO 26262-8:2018, tables 4 and 5)")
    yield f"{text(usage['method'] or 'none')}: {text(usage['method_reason'] or 'no reason is given')}"
    yield from ("", f"| level | method | {' | '.join(ASILS)} |", "| --- | --- | --- | --- | --- | --- |")
    for tcl in levels:
        for method in METHODS:
            chosen = f"**{method}**" if method == usage["method"] else method
            told = " | ".join(recommended(tcl, method, asil) for asil in ASILS)
            yield f"| {tcl} | {chosen} | {told} |"


def _requirements(content: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Tool requirements")
    for r in content["requirements"]:
        planted = ", ".join((*r["mutant"], *r["judge"], *r["negative"]))
        yield f"- {text(r['id'])} {text(r['text'])}. Tests: {text(', '.join(r['tests']))}. Planted: {text(planted)}."


def _malfunctions(content: Mapping[str, Any]) -> Iterator[str]:
    known = content["malfunctions"]
    yield from ("", "## Known malfunctions")
    for k in known:
        if k["found"] is not None:
            since = f"found {k['found']}, {'mended ' + k['mended'] if k['mended'] else '**open**'}"
            work = f" {text(k['workaround'])}." if k["workaround"] else ""
            yield f"- {text(k['id'])} ({since}) {text(k['title'])}. Consequence: {text(k['consequence'])}.{work}"
    yield from ("", "## Limits of its use")
    for k in content["usage"]["known_malfunction"]:
        yield f"- {text(k['id'])} {text(k['title'])}. {text(k['workaround'])}"
    yield from ("", "## What the bench finds of itself (the shot does not pass, and blames no DUT)")
    for k in known:
        if k["found"] is None:
            yield f"- {text(k['id'])}: {text(k['title'])}"


def _strangers(content: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Strangers' defects, first counts")
    for s in content["strangers"]:
        day = s["date"] or "day not recorded"
        yield f"- {text(s['id'])} ({day}) {s['caught']} of {s['planted']}: {text(s['what'])}. {text(s['source'])}."


def _ruler(content: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Ruler")
    for r in content["ruler"]:
        yield (
            f"- {TIME[r['timebase']]}, {text(r['condition'])}: {r['contained']} of {r['shots']} "
            f"intervals hold the truth, u = {r['u_ns']} ns, largest error {r['error_max_ns']} ns"
        )


def _planted(content: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Mutants")
    for m in content["mutants"]:
        failed = text(m["failed_in"] or "passed every scenario")
        yield f"- {_mark(m)} {text(m['firmware'])} ({TIME[m['timebase']]}): {failed}"
    yield from ("", "## Negative tests")
    for t in content["negative_tests"]:
        found = f"{text(t['found'])} (demanded {text(t['demanded'])})"
        yield f"- {_mark(t)} {text(t['test'])} ({TIME[t['timebase']]}): {found}"


def _identity(content: Mapping[str, Any]) -> str:
    lines = [f"- {text(key)}: {text(value)}" for key, value in sorted(content["identity"].items())]
    return "\n".join(("", "## Identification", *lines)) + "\n"


def _mark(row: Mapping[str, Any]) -> str:
    return "ok" if row["as_expected"] else "**NOT AS EXPECTED**"
