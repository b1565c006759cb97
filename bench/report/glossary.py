"""What the words and the colours of a report mean, for those who were not there: at hover, and at its end."""

from collections.abc import Sequence

from markupsafe import Markup, escape

TERMS = {
    "FDTI": "fault detection time interval: from the onset of a fault to the first sign outside that "
    "the BMS knows of it",
    "FHTI": "fault handling time interval: from the onset of a fault to the safe state. Measured "
    "directly, never added up",
    "FTTI": "fault tolerant time interval: how long a fault may stand before it can become a hazard. "
    "FHTI has to stay below it",
    "FRTI": "fault reaction time interval: from the detection of a fault to the safe state",
    "EOTTI": "emergency operation tolerance time interval: how long a warned or limited operation may go "
    "on before the safe state",
    "ASIL": "automotive safety integrity level, QM and A to D, by ISO 26262: D asks for most",
    "DUT": "device under test: the battery management system (BMS), with its firmware",
    "onset": "the fault is real at the terminals of the BMS; never the instant of the bench's command",
    "budget": "how long detection (FDTI) or handling (FHTI) of a fault may take, by the safety goal",
    "margin": "budget less the upper end of the worst shot; negative where it is overrun",
    "shot": "one attempt at a scenario, from power-up to outputs off; each one meets the BMS at another "
    "place of its cycle",
    "n": "number of shots",
    "twin": "the same scenario just inside the limit, or with a fault too short to count, where the BMS "
    "must not react",
    "worst": "of all shots the one with the latest upper end",
    "interval": "lower … upper end: a BMS tells what it knows once a cycle, so the instant lies between two "
    "of its frames",
    "p50": "the latency that half of the shots do not exceed",
    "p95": "the latency that 95 % of the shots do not exceed",
    "p99": "the latency that 99 % of the shots do not exceed; given from 299 shots on",
    "phase": "where in the longest cycle of the BMS the shot met it",
    "bound": "time that bounds the claimed share of all latencies with the claimed confidence (after "
    "Wilks), over what was sampled",
    "by own times": "whether a safety goal holds by its own times, and not by longer ones of one of its "
    "scenarios",
    "u_c": "combined standard uncertainty of a time",
    "DTC": "diagnostic trouble code in the memory of the BMS",
    "safe state": "what the BMS has to bring about, such as open contactors (hv_open)",
    "confidence": "of a budget: S seen in a text that quotes its source, D derived by a formula that is "
    "given, C common engineering knowledge, not looked up, U uncertain, a default to be "
    "replaced by a hazard analysis",
}  # fmt: skip
VERDICTS = {
    "PASS": "the whole interval is inside the budget, and everything that had to be proven was proven",
    "GAP": "the DUT fails in the one way that the scenario names as known, within its bound and date",
    "FAIL": "the DUT is wrong: too late, too early, not at all, not for good, a wrong report, a "
    "forbidden action, a restart",
    "INCONCLUSIVE": "the budget lies inside the interval; the reason names what must shrink",
    "ERROR": "the bench is wrong: no onset seen, an instrument contradicts itself, outputs not read back "
    "as off",
    "BLOCKED": "the rig cannot do what the scenario needs, or the DUT did not come into the mode in which "
    "it starts",
    "NOT SHOWN": "no verdict of the DUT: whether the goal's own times are kept is not shown by this run",
    "CAUGHT": "a BMS and a pack that do not fit on purpose, and every shot failed, as it must",
    "ABORTED": "the run was ended before all shots were fired",
    "ALTERED": "the run's files are not as they were written: nothing is evidence",
}  # fmt: skip
_COLOURS = (
    ("blue", "what was measured; pale: between lower and upper end"),
    ("black", "limits: budgets are broken lines, the FTTI is a whole one; a broken frame: no verdict"),
    ("grey wash", "what the published debounce of the DUT predicts"),
    ("green, red, petrol, brown, violet, slate", "verdicts, and nothing else:"
     " PASS, FAIL, GAP, INCONCLUSIVE, ERROR, BLOCKED"),
)  # fmt: skip


def glossary_html(sources: Sequence[tuple[str, str]] = ()) -> Markup:
    """A part of its own. sources: (number, document) of what the times of the safety goals rest on."""
    rows = [_row(name, words, f"word-{_id(name)}") for name, words in {**TERMS, **VERDICTS}.items()]
    colours = [_row(name, words) for name, words in _COLOURS]
    parts = [
        '<span id="words"></span><h2>Words and colours</h2>\n<dl class="words" id="glossary">\n',
        *rows,
        "</dl>\n<h3>Colours</h3>\n<dl class='words'>\n",
        *colours,
        "</dl>\n",
    ]
    if sources:
        parts += ["<h3>Sources that the times of safety goals name</h3>\n<dl class='words'>\n"]
        parts += [*(_row(number, document) for number, document in sources), "</dl>\n"]
    return Markup("".join(parts))  # every text in it is escaped


def explained(words: str) -> Markup:
    """A term or a verdict with its explanation at hover; other words as they are."""
    told = TERMS.get(words) or VERDICTS.get(words)
    return Markup('<dfn title="{}">{}</dfn>').format(told, words) if told else escape(words)


def _row(name: str, words: str, place: str = "") -> str:
    own = f' id="{place}"' if place else ""
    return f"<dt{own}>{escape(name)}</dt><dd>{escape(words)}</dd>\n"


def _id(name: str) -> str:
    return name.lower().replace(" ", "-")
