"""The ReqIF file in StrictDoc's library, held by it to OMG's schema, too."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

from sample_run import OVERVOLTAGE, measurement, sample_run, scenario, shot
from test_report_junit_readers import one_of_each

from bench.report.reqif_file import write_reqif
from bench.verdict.result import RunResult, Verdict

HOSTILE = 'a <b> & "c" \x1b[31m\x00 \ud800 ]]> <!-- \n\n <x/>'


def read(run: RunResult, folder: Path) -> Any:
    from reqif.parser import ReqIFParser

    file = folder / "results.reqif"
    write_reqif(run, file)
    command = [str(Path(sys.executable).with_name("reqif")), "validate", "--use-reqif-schema", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors, 0 schema issues found, 0 semantic issues found" in done.stdout
    return ReqIFParser.parse(str(file)).core_content.req_if_content


def test_every_verdict_is_an_object_that_verifies_its_requirements(tmp_path: Path) -> None:
    content = read(one_of_each(), tmp_path)
    objects = {one.identifier: one.attribute_map for one in content.spec_objects}
    relations = {(one.source, one.target) for one in content.spec_relations}
    for verdict in Verdict:
        name = f"_HIL_IS_{verdict.name}"
        assert objects[name]["_result_Verdict"].value == verdict.name
        assert objects[name]["_result_Reasons"].value == f"why {verdict.name}"
        assert {(name, "_req_REQ-BMS-012"), (name, "_req_REQ-BMS-013")} <= relations
    passed = [name for name, one in objects.items() if name.startswith("_HIL")
              and one["_result_Verdict"].value == "PASS"]  # fmt: skip
    assert passed == ["_HIL_IS_PASS"]


def test_any_text_of_a_dut_and_any_id_of_a_requirement_makes_a_file_that_can_be_read(tmp_path: Path) -> None:
    requirements = ('SYS:REQ 1/<a> & "b"', "SYS..3a.REQ", "SYS:REQ", "Ü-1", "REQ-1", "REQ-1")
    bad = shot(0, Verdict.FAIL, measurement(None, None), HOSTILE)
    one = scenario("x", HOSTILE, OVERVOLTAGE, [bad], Verdict.FAIL, HOSTILE)
    one = dataclasses.replace(one, requirements=requirements)
    inside = dataclasses.replace(one, scenario_id="x--inside")
    own = dataclasses.replace(one, scenario_id="x-inside")
    run = dataclasses.replace(
        sample_run(n=12), scenarios=(one, inside, own), firmware_identity='bms <1> & "x" \x1b'
    )
    content = read(run, tmp_path)
    objects = {o.identifier: o.attribute_map for o in content.spec_objects}
    assert len(objects) == len(content.spec_objects) == 3 + len(set(requirements))
    foreign = {o["_requirement_ReqIF.ForeignID"].value for name, o in objects.items() if "_HIL" not in name}
    assert foreign == set(requirements)
    assert objects["_HIL_X"]["_result_Reasons"].value.startswith('a <b> & "c" \ufffd[31m')
    assert len(content.spec_relations) == 3 * len(set(requirements))


def test_a_run_that_was_ended_early_says_so(tmp_path: Path) -> None:
    content = read(dataclasses.replace(one_of_each(), aborted="interrupted by Ctrl-C"), tmp_path)
    run = {o.identifier: o.attribute_map for o in content.spec_objects}["_HIL__RUN"]
    assert run["_result_Verdict"].value == "ERROR"
    assert run["_result_Reasons"].value == "aborted: interrupted by Ctrl-C"
