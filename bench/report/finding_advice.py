"""What to do about each finding. `hil explain` and docs/findings.md come from here and from the types' docstrings."""

from collections.abc import Iterator

from bench.errors import nearest
from bench.measure.finding.base import Blame, Finding
from bench.measure.finding.closed_set import FINDINGS
from bench.verdict.gap import BOUNDED, NAMEABLE
from bench.verdict.result import Verdict

BLAME_WORDS = {
    Blame.DUT: "the DUT: held against it, the verdict is FAIL (GAP where the scenario's file expects it)",
    Blame.BENCH: "the bench: the verdict is ERROR, or INCONCLUSIVE where it may only have been the cause",
    Blame.NOBODY: "nobody yet",
}

_STUDY = "Open the shot at the onset (`hil export`, --to blf and marks): what did the DUT know, and when?"
_WIRING = "Check wiring and supply with `hil doctor`, then run again."
_SCENARIO = "Mend the scenario file; `hil check` tells more."
_BUSY = "Use a quieter machine, fewer workers, or realtime_priority in [time]; then run again."
_PROTECTION = "Compare the E2E profile, data id and counter of the message with the DUT's."
_PROFILE = "Compare the DUT profile with what the DUT really sends."
_ALWAYS = "Mend the DUT. Where the statement does not hold for it by design, say so under [[always]], with the reason."
_REPORT = "A fault of the bench itself: run again, and file it with the run folder if it comes back."

ADVICE: dict[str, str] = {
    "no-stimulus": _SCENARIO,
    "scenario-at-fault": _SCENARIO,
    "stimulus-unproven": "The DUT was not shown the fault. Check [[play]], the ranges in the DBC and the wiring.",
    "no-readback": _WIRING,
    "onset-before-readback": "Instrument and bus disagree. Check that the instrument drives this input, and its clock.",
    "stimulus-already-present": "Give the rig time to settle, or clear what an earlier shot has left; see [start].",
    "message-already-irregular": "The bench's own message was wrong before the fault. Check its DBC and protection.",
    "message-unheard-before": "The message whose loss is tested is not on the bus. Check [[play]] and the channel.",
    "message-gap-before": _BUSY,
    "stimulus-not-carried": "The signal cannot carry the value: check its range in the DBC, or the wiring.",
    "stimulus-not-held": "The fault was taken off, or an instrument let go. Check ttl, the instrument and its events.",
    "no-runaway": "The plant stayed whole. Give the scenario a longer window or a stronger abuse.",
    "runaway-unproven": "No frame shows the runaway. Check which sensors the DUT is shown in [[play]].",
    "no-onset": "See the other findings of this shot: one of them says why.",
    "safe-state-before-fault": "The DUT had tripped before. Check the start mode and faults in its memory.",
    "reported-before-fault": _STUDY,
    "forbidden-seen": _STUDY,
    "safe-state-not-held": _STUDY,
    "safe-state-not-held-for": _STUDY,
    "not-detected": _STUDY,
    "detected-after-window": _STUDY,
    "safe-state-not-reached": _STUDY,
    "nuisance-trip": "Compare the DUT's limit and debounce with the profile; the stimulus was inside both.",
    "nuisance-dtc": "Compare the DUT's limit and debounce with the profile; the stimulus was inside both.",
    "dtc-not-reported": "Compare the code in the profile's [flag] with what the DUT sends.",
    "dtc-status-unread": "Check [uds] in the profile: ids, addressing, session, time-outs.",
    "dtc-not-stored": "The DUT reported the fault and did not store it. Check its memory handling.",
    "codes-stored-before": "Nothing has to be done for this verdict. See `clear` under [uds] of the profile.",
    "codes-unread-before": "Check [uds] in the profile: ids, addressing, session, time-outs.",
    "dtc-stood-before": "Clear the memory, or name dtc_status or dtc_occurrences among the profile's outputs.",
    "dtc-status-stood": "Clear the memory, or name occurrences under [uds] of the profile.",
    "wrong-diagnostic-answer": "Compare with ISO 14229-1 and the DUT's diagnostic specification; export the frames.",
    "dtc-not-stored-anew": "The DUT reported the fault and did not store it. Check its memory handling.",
    "dtc-status-lacks": "Compare the status bits with expect.dtc_status.",
    "unexpected-report": "If the DUT rightly says so too, name it in `also` of the scenario; else mend the DUT.",
    "unexpected-code": "If the DUT rightly says so too, name its flag or its number in `also`; else mend the DUT.",
    "report-held-before": "Nothing has to be done for this verdict. A must-reach or healthy scenario fails for it.",
    "code-held-before": "Nothing has to be done for this verdict. A must-reach or healthy scenario fails for it.",
    "spread-before-alarm": "The alarm is later than the pack allows, whatever the budget says.",
    "said-by-refused-frames": _PROTECTION,
    "nothing-accepted": _PROTECTION,
    "flag-not-held": "A flag that goes with its cause says heals = true in the profile; any other one has to stay.",
    "safe-state-left": _STUDY,
    "frames-contradict": "Two senders of one message, or one that cannot decide: look at the frames one by one.",
    "witness-denies": "Take the signal out of the flag's `also`, or find out why the DUT never sets it.",
    "level-shown": "Nothing has to be done: it says where the stimulus stood. Compare the DUT's own limit with it.",
    "too-late": "The budget is missed for certain. The report's chain of reactions shows where the time goes.",
    "too-early": "The DUT trips sooner than its published debounce allows. Compare it with the profile's [debounce].",
    "straddles-bound": "Make the named term smaller: a faster report of the DUT, or better stamps.",
    "near-ftti": "Nothing has to be done for this verdict. There is little left for parts that age.",
    "never-heard": _PROFILE,
    "alive-unproven": _PROFILE,
    "silent-too-long": _STUDY,
    "silent-in-hold": _STUDY,
    "protection-broken": _PROTECTION,
    "frame-skipped": "A frame or two were lost on the bus. Nothing has to be done where it is rare.",
    "frame-misfit": "Compare the message's length in the DBC with what the DUT sends.",
    "unknown-page": "Compare the multiplexer's values in the DBC with what the DUT sends; an old DBC lacks new pages.",
    "not-begun": "Mend the frames that do not fit the DBC first; see the other findings.",
    "frames-unreadable": "Compare the message's length in the DBC with what the DUT sends.",
    "cell-harmed": _STUDY,
    "closed-again": _STUDY,
    "insulation-lost": _STUDY,
    "insulation-low-before": "Find the leak first: what the test did to the insulation cannot be told.",
    "test-not-ended": "Give the scenario a longer window, or an end that this pack reaches.",
    "estimate-stale": _PROFILE,
    "estimate-absent": _PROFILE,
    "truth-too-few": "Let the drive last longer.",
    "estimate-off": "See docs/estimation.md: the curve of the error is in the report.",
    "state-not-reached": _STUDY,
    "state-too-late": _STUDY,
    "state-too-early": "Compare the state's at_least in [expect] safe_state with what the DUT has published.",
    "state-straddles-bound": "Make the DUT's report of the state faster, or let the bench see it itself.",
    "told-other-than-shown": _ALWAYS,
    "wrong-one-named": _ALWAYS,
    "limit-above-bound": _ALWAYS,
    "output-without-cause": _ALWAYS,
    "done-though-inhibited": _ALWAYS,
    "opened-in-wrong-order": _ALWAYS,
    "code-without-flag": _ALWAYS,
    "failed-though-healed": _ALWAYS,
    "frames-unacceptable": _PROTECTION,
    "statement-unjudged": "Nothing has to be done for this verdict. Where it is never judged, see [[always]].",
    "plant-followed-report": "Wire the coils or auxiliary contacts to the bench, and name them in [contactor].",
    "plant-beyond-fit": "Times of a trip stand; what rests on exact cell voltages does not (docs/chemistries.md).",
    "estimate-beyond-fit": "Keep the scenario inside [validity] of the chemistry's file, or fit the cell there.",
    "estimate-straddles": "Let the drive last longer, or give the signal a finer resolution.",
    "estimate-not-converged": "See docs/estimation.md: the curve of the error is in the report.",
    "estimate-perhaps-converged": "Let the drive last longer, or give the signal a finer resolution.",
    "never-armed": "The shot ended before it began. See the other findings of this shot.",
    "never-closed": "The shot was cut short. See the other findings of this shot.",
    "hold-cut-short": _SCENARIO,
    "window-cut-short": "See the other findings of this shot: one of them says why it ended early.",
    "observation-cut-short": _REPORT,
    "hold-unknown": _REPORT,
    "frames-lost": _BUSY,
    "precondition-missed": "Check supply, start mode and faults in the DUT's memory.",
    "bench-error": "Do what the message says; `hil doctor` examines the rig.",
    "stimulus-outlasted": "Use a quieter machine or a quicker instrument; `hil doctor` measures both.",
    "reports-stopped": "Find out why the DUT stops sending it. Is it sent on events only: give it no cycle in the DBC.",
    "build-changed": "Look for a restart into another image (bootloader, second bank), or a wrong [identity] signal.",
    "dut-restarted": "Look for its watchdog, its supply and its reset cause; nothing of the bench asked for it.",
    "dut-crashed": "Its last words and the frames before its end are in the shot's folder: find out why it ended.",
    "worker-died": "Give the machine more memory or fewer --workers, find out who killed it, and run again.",
    "dut-killed": "Give the machine more memory or fewer workers, find out who killed it, and run again.",
    "dut-not-up": "Run [dut] command by hand: what does it say? Check its arguments, files and libraries.",
    "dut-refused": "Flash the build that [dut] names, or name the build that is there.",
    "aborted": "Run again. What had finished is stored.",
    "not-refused": _REPORT,
    "safe-state-unconfirmed": "Switch the outputs off by hand, then find out which step failed: `hil doctor`.",
    "off-unwitnessed": "Find out why the front end was silent, or measure the outputs before you touch them.",
    "control-missing": _REPORT,
    "request-unseen": _SCENARIO,
    "nothing-to-pass": _SCENARIO,
    "nothing-forbidden": _SCENARIO,
    "no-proof-of-life": "Give the DUT profile a message that proves it alive ([heartbeat]).",
    "bench-late": _BUSY,
    "dut-waited": _BUSY,
    "dut-starved": _BUSY,
    "foreign-clocks": "Use one adapter for both channels, or one whose clock the bench correlates.",
    "output-beyond-range": "Use an emulator with a wider range, or a milder scenario on this pack.",
    "fault-taken-off": "Give the fault a longer time to live, or find out why the DUT was so late.",
    "glitch-too-long": _BUSY,
    "signal-clipped": "Give the signal a range in the DBC that carries what the scenario shows.",
    "signal-held-at-end": "Nothing has to be done for this verdict. Check the signal's range in the DBC.",
    "stamps-went-back": "A clock was set back, or an adapter began anew. Look for a time service; then run again.",
    "stamps-ahead": "A clock was set ahead. Look for a time service that steps this machine's clock; then run again.",
    "safety-input-open": "See to the rig. When it may be driven again, give it free by hand: `hil rearm`.",
    "calibration-overdue": "Have the instrument calibrated, and write the new dates into the bench file.",
    "second-sender": "Take the second node off the bus: a real unit that the bench plays, or another bench.",
    "own-frames": "Another part of the bench sends the DUT's message. Check [[play]] and unlisted messages.",
    "anomaly": "Nothing has to be done for this verdict. Find out what it was before it becomes a fault.",
    "output-held-at-end": "Nothing has to be done: the difference decides nothing.",
    "no-shot": "Run it with --repeat 1 or more.",
    "not-reached": "The bench asked as the profile says, and nothing was wrong. Look at what the DUT waits for.",
    "not-kept": "The bench went on asking as the profile says. Look at why the DUT left the mode.",
    "start-mode-missed": "Mend what the must-reach scenario of this mode shows; where it passes, look at [start].",
    "nothing-to-reach": _REPORT,
    "unjudged": "See why the others are blocked or not judged.",
    "partly-decided": "The FAIL stands. Mend what kept the bench from deciding the other shots, and run again.",
    "rig-lacks": "`hil list faults` says what this rig can do; the scenario runs where the rig has what it needs.",
    "mismatch-unnoticed": "A BMS on the wrong pack passed: the library needs a scenario that sees it.",
    "mismatch-caught": "Nothing has to be done: this is what the scenario is for.",
    "gap-open": "The owner closes it by its date; until then it is counted as a gap, not as passed.",
    "gap-overdue": "The owner closes it now, or gives it a new date and a reason.",
    "gap-closed": "Take [known_gap] out of the scenario.",
    "gap-part-closed": "Take what is no longer found out of `finding` in [known_gap].",
    "gap-missed": "Mend the DUT: its owner knows of another failure than this one.",
    "not-measured": _REPORT,
    "words-of-version-1": "The run was stored by an earlier release, which had no codes. Run it again to have them.",
}


def explain(code: str) -> str:
    """Three short paragraphs about one code. Raises KeyError, with the nearest known code, for an unknown one."""
    if code not in FINDINGS:
        near = nearest(code, FINDINGS)
        raise KeyError(f"no finding has the code '{code}'; expected one that `hil explain` lists{near}")
    kind = FINDINGS[code]
    told = f"{code}\n\n  {_meaning(kind)}\n\n  blames  {BLAME_WORDS[kind.blame]}\n  do      {ADVICE[code]}"
    if code in BOUNDED:
        told += f"\n  known   [known_gap] of a scenario may bound it: {' or '.join(BOUNDED[code])}"
    elif code in NAMEABLE:
        told += f'\n  known   [known_gap] of a scenario may name it: finding = "{code}"'
    return told


def codes_page() -> str:
    """docs/findings.md."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Findings"
    yield ""
    yield "What the bench can find in a shot or a scenario, by code. The code is stable: result.json, the results"
    yield "database, JUnit and MQTT carry it. `hil explain CODE` prints one of them. This page is made from the code"
    yield "(`hil explain --page`); a test holds it to that."
    for blame, title in ((Blame.DUT, "The DUT"), (Blame.BENCH, "The bench"), (Blame.NOBODY, "Nobody yet")):
        yield ""
        yield f"## {title}"
        yield ""
        yield "| code | means | do |"
        yield "| --- | --- | --- |"
        for code, kind in sorted(FINDINGS.items()):
            if kind.blame is blame:
                yield f"| `{code}` | {_meaning(kind)} | {ADVICE[code]} |"
    yield ""
    yield f"Verdicts, from best to worst: {', '.join(one.name for one in Verdict)}."


def _meaning(kind: type[Finding]) -> str:
    return " ".join((kind.__doc__ or "").split())
