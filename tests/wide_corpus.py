"""What each part of measuring says of the traces of traces_wider.py, whole.

Each part is asked by itself as well, so that what one of them finds does not hide what the next one would.
`PYTHONPATH=.:tests python tests/wide_corpus.py` writes what is said today.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from traces_asked import BUS, CODES, DTC, ERROR, FLAG, HIGHER, LATCHED, MINUS, OPEN, OVER, REPORTS
from traces_corpus import DATABASE, Drawn
from traces_wider import MOVABLE, OTHER, Wider
from whole_value import digest

from bench.errors import ScenarioError
from bench.measure import (
    clock_rate,
    crash,
    ending,
    estimation,
    excused,
    glitch,
    held_stimulus,
    hidden_glitch,
    hold_witness,
    irregular,
    misfit,
    onset,
    own_fault,
    plant_stages,
    probes,
    protected,
    reached,
    reaction,
    reports_heard,
    restart,
    second_sender,
    stamp_order,
    states,
    staying,
    stored_codes,
    unexpected,
    unknown_pages,
    window,
)  # fmt: skip
from bench.measure.answer import Answer
from bench.measure.life import check_length, listen_for_life
from bench.measure.measure import measure
from bench.measure.only_expected import Standing
from bench.measure.plan import Aim, Plan
from bench.measure.questions import Question, address_of
from bench.measure.report_asked import ReportAsked
from bench.measure.shot import Seen, Shot, Told
from bench.timing.clock import Timebase
from bench.trace.events import PlantStage
from bench.trace.irregular import Irregular, Irregularity
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS as MS
from bench.verdict.judge import judge

STORED = Path(__file__).parent / "data" / "wide_corpus.txt"
GROUPS, CASES = 12, 40
DECODERS = {BUS: DATABASE, OTHER: DATABASE}


def _parts(trace: Trace, plan: Plan, rng: random.Random) -> dict[str, Callable[[], Any]]:
    seen_window = window.armed_window(trace)
    before = stored_codes.codes_before(trace, plan, DECODERS)
    tests = stored_codes.tests_of_the_code(plan, before)
    shot = Shot(trace=trace, window=seen_window, plan=plan, decoders=DECODERS, dtc_tests=tests)
    told = Told()
    try:
        found = onset.find_onset(shot, told)
    except ScenarioError:
        found = None
    at_ns = rng.choice((100 * MS, 200 * MS, 0, seen_window.end_ns))
    silent: Any = ((0, True), (1, False), (None, True))
    silenced = replace(shot, plan=replace(plan, silenced_by=silent, hold_witnessed=True))
    unlike = [one for one in ("BMS_State", "BMS_CellMinMax", "BMS_Dtc", "BMS_Identity") if rng.random() < 0.5]
    asked = [_irregular(one, rng) for one in unlike]
    hidden = replace(plan, onset_irregular=(*plan.onset_irregular, *asked))
    standing = Standing(fails=True, reports=REPORTS, codes=CODES)
    wide = replace(shot, plan=replace(plan, unexpected=REPORTS, codes=CODES, standing=standing))
    groups = rng.choice(
        (((OPEN, MINUS), (ERROR,)), ((OPEN,), (MINUS,)), ((FLAG, LATCHED),), ((ERROR, OPEN),))
    )
    spans = sorted(
        (rng.choice((0, 50, 100, 150)) * MS, rng.choice((120, 160, 300, 900)) * MS)
        for _ in range(rng.choice((0, 1, 2)))
    )
    can_id = DATABASE[rng.choice(MOVABLE)].can_id
    stamps = [one.t_ns for one in trace.frames if one.frame.can_id == can_id]
    return {
        "onset": lambda: (found, told),
        "codes": lambda: (before, tests, stored_codes.stored_anew(trace), stored_codes.forgotten_ns(trace)),
        "status": lambda: stored_codes.status_of_the_code(trace, replace(plan, dtc_test=DTC)),
        "window": lambda: (
            seen_window.start_ns,
            seen_window.end_ns,
            seen_window.faults,
            window.told_by_marks(trace),
        ),
        "until": lambda: _cut(window.until(seen_window, at_ns)),
        "answer": lambda: _answer(replace(shot, plan=replace(plan, aim=Aim.MUST_TRIP)), found),
        "quiet": lambda: _answer(replace(shot, plan=replace(plan, aim=Aim.MUST_NOT_TRIP)), found),
        "wrong": lambda: unexpected.wrong_reports(wide, found, (), before),
        "reached": lambda: _telling(reached.find_reached, replace(shot, plan=replace(plan, reached=groups))),
        "life": lambda: _telling(listen_for_life, silenced, found),
        "edges": lambda: _edges(shot, rng),
        "reports": lambda: _telling(reports_heard.check_reports, silenced, found),
        "excused": lambda: (
            excused.excused_spans(silenced),
            excused.longest_silence(sorted(stamps), (90 * MS, at_ns + MS), spans),
        ),
        "mute": lambda: [
            one.test for one in hold_witness.mute_in_hold(silenced, _heard(shot), (at_ns, at_ns + 90 * MS))
        ],
        "dut": lambda: [(key, one.can_id) for key, one in misfit.of_the_dut(plan, DECODERS).items()],
        "misfits": lambda: misfit.misfits(trace, plan, DECODERS),
        "pages": lambda: unknown_pages.unknown_pages(
            trace, replace(plan, heard=((BUS, "BMS_Identity", MS), *plan.heard)), DECODERS
        ),
        "second": lambda: second_sender.second_senders(seen_window.frames, plan, DECODERS),
        "stamps": lambda: (
            stamp_order.stamps_out_of_order(trace, seen_window),
            stamp_order.stamps_used(trace),
        ),
        "runaway": lambda: _telling(
            plant_stages.runaway_onset, replace(shot, plan=replace(hidden, onset_runaway=(7, 8)))
        ),
        "spread": lambda: [
            plant_stages.spread_before(trace, cells, None if found is None else found.interval)
            for cells in ((7,), (8,), (7, 8))
        ],
        "stages": lambda: [
            list(plant_stages.stage_marks(trace, one, cells)) for one in PlantStage for cells in (None, (7,))
        ],
        "hidden": lambda: hidden_glitch.longest_hidden(trace, seen_window, hidden, DECODERS),
        "glitch": lambda: glitch.too_long_a_glitch(
            trace, seen_window, replace(hidden, glitch_under_ns=rng.choice((0, 20 * MS, 60 * MS))), DECODERS
        ),
        "irregular": lambda: [_irregular_of(trace, one, at_ns, seen_window.end_ns) for one in asked],
        "end": lambda: plan.end and ending.find_end(trace, plan.end, seen_window, rng.choice((None, at_ns))),
        "estimates": lambda: [estimation.score(trace, one, seen_window, DECODERS) for one in plan.estimates],
        "probes": lambda: (
            found and probes.probes_seen(trace, seen_window, found.interval, plan.probes, DECODERS)
        ),
        "states": lambda: states.states_seen(shot, found),
        "reactions": lambda: reaction.reactions(shot, found, found, plan.announced, plan.opening or (MINUS,)),
        "restarts": lambda: restart.find_restarts(shot, found, DECODERS),
        "staying": lambda: staying.watched_to_end(shot),
        "held": lambda: held_stimulus.lost_again(
            replace(shot, plan=replace(plan, held=(OVER, HIGHER))), at_ns
        ),
        "doubts": lambda: own_fault.doubts_of(trace, seen_window, plan, DECODERS, rng.choice((None, at_ns))),
        "taken": lambda: [
            own_fault.taken_off_early(trace, seen_window, one, bits_lacking=lacking)
            for one in (None, at_ns)
            for lacking in (True, False)
        ],
        "excuses": lambda: (own_fault.excuses_of(trace, seen_window), own_fault.worst_lateness_ns(trace)),
        "rate": lambda: (clock_rate.rate_ppb(trace), clock_rate.rate_why(trace)),
        "crash": lambda: (crash.killed_or_not_up(trace), crash.own_crash(shot)),
        "refused": lambda: protected.said_by_refused(
            replace(shot, refused=tuple(trace.frames)[::3]), (FLAG, OPEN, LATCHED), at_ns
        ),
    }


def _cut(found: window.Window) -> tuple[int, int, int]:
    return found.end_ns, len(found.frames), len(found.before)


def _heard(shot: Shot) -> list[Question]:
    questions = [Question(one, shot.decoders) for one in (FLAG, OPEN, DTC)]
    for seen in shot.window.frames:
        for one in questions:
            if one.address == (seen.channel, seen.frame.can_id, seen.frame.extended):
                one.hear(seen.t_ns, seen.frame.data)
    return questions


def _edges(shot: Shot, rng: random.Random) -> Any:
    """Silences that are as long as is allowed, or a nanosecond longer or shorter."""
    said: list[Any] = []
    trace = replace(shot.trace, timebase=Timebase.HOST)
    for channel, message in ((BUS, rng.choice(MOVABLE)), (OTHER, rng.choice(MOVABLE))):
        stamps = shot.window.frames.stretch(address_of(DECODERS, channel, message)).t_ns
        if not len(stamps):
            continue
        whole_ns, _ = excused.longest_silence(stamps, (shot.window.start_ns, shot.window.end_ns), ())
        last_ns = shot.window.end_ns - int(stamps[-1])
        half_ns, late_ns = shot.half_widths(channel)
        for more_ns in (-1, 0, 1):
            heard = ((channel, message, whole_ns - 2 * (half_ns + late_ns) + more_ns),)
            fed = ((channel, message, whole_ns - 2 * half_ns + more_ns),)
            report = ReportAsked(channel=channel, message=message, longest_ns=last_ns + more_ns)
            plan = replace(shot.plan, silenced_by=(), heard=heard, fed=fed, reports=(report,))
            asked = replace(shot, plan=plan)
            said += [
                _telling(listen_for_life, asked, None),
                own_fault.doubts_of(trace, shot.window, plan, DECODERS),
            ]
            said += [
                _telling(reports_heard.check_reports, replace(asked, plan=replace(plan, heard=())), None)
            ]
            cut = replace(shot.plan, window_ns=shot.window.end_ns - 100 * MS + more_ns)
            said.append(_telling(check_length, replace(shot, plan=cut), None))
    return said


def _telling(asked: Callable[..., Any], shot: Shot, *more: Any) -> Any:
    told = Told()
    return asked(shot, *more, told), told


def _answer(shot: Shot, found: Seen | None) -> Any:
    told = Told()
    answer = Answer(shot, found, told)
    answer.hear()
    said = answer.detected, answer.safe, answer.held, answer.dtc_seen
    return said, answer.unanswered(), answer.core_end_ns, told


def _irregular(message: str, rng: random.Random) -> Irregularity:
    what = rng.choice(list(Irregular))
    signal = {"BMS_CellMinMax": "CellVoltageMax", "BMS_Identity": "BuildHash", "BMS_Dtc": "DtcCount"}.get(
        message
    )
    return Irregularity(
        channel=BUS,
        message=message,
        what=what,
        signal=signal if rng.random() < 0.5 else None,
        cycle_ns=rng.choice((None, 10 * MS, 20 * MS, 50 * MS)),
        step=rng.choice((None, 1.0, 400.0)),
        gap_ns=rng.choice((None, 0, MS)),
        step_share=rng.choice((None, 0.1)),
    )


def _irregular_of(trace: Trace, asked: Irregularity, at_ns: int, end_ns: int) -> Any:
    try:
        frames = irregular.frames_asked(trace, (asked,), DECODERS, end_ns)
        return irregular.first_irregular(asked, DATABASE[asked.message], frames, at_ns, end_ns)
    except ScenarioError as error:
        return str(error)


def said(group: int) -> Iterator[str]:
    """One line a case: verdict, a digest of all that is measured and judged, and one of what each part says."""
    for case in range(CASES):
        rng = random.Random(f"wide {group}/{case}")
        drawn = Wider(rng)
        try:
            found = measure(drawn.trace, drawn.plan, DECODERS)
            judged = judge(found, drawn.plan)
            line = f"{judged.verdict.name} {digest(found, judged)}"
        except Exception as error:  # noqa: BLE001 - a type of error is an answer too
            line = f"raises {type(error).__name__}"
        yield f"{group}/{case} {line} {digest(*_each_part(drawn, rng))}"


def _each_part(drawn: Drawn, rng: random.Random) -> Iterator[Any]:
    for name, part in _parts(drawn.trace, drawn.plan, rng).items():
        try:
            yield name, part()
        except Exception as error:  # noqa: BLE001
            yield name, type(error).__name__


if __name__ == "__main__":
    lines = "".join(f"{line}\n" for group in range(GROUPS) for line in said(group))
    STORED.write_text(lines, encoding="utf-8")
