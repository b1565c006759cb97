"""Work a shot's times out again from its frames and events, as somebody would who does not trust this project.

    python recompute_alone.py RUN QUESTIONS.json FOLDER

Of RUN it reads the header and the DBC files. FOLDER has shots: of each a BLF, and a JSONL with its head, its marks, and
its result last. QUESTIONS are written by hand. Nothing of `bench` is imported; of the result its times are printed
beside those that were worked out, and nothing else is looked at.
"""

import json
import operator
import sys
from pathlib import Path

import can
import cantools

SOUND = ("simulated", "kernel", "hardware", "adapter")  # stamps that do not suffer when the bench is late
COMPARE = {"==": operator.eq, ">=": operator.ge, "<=": operator.le}
S = 10**9


def main(run: Path, questions: Path, folder: Path) -> None:
    asked = json.loads(questions.read_text())
    found = [one_shot(run, asked, events) for events in sorted(folder.glob("*.jsonl"))]
    imported = sorted(name for name in sys.modules if name.split(".")[0] in ("bench", "firmware_stubs"))
    sys.stdout.write(json.dumps({"imported": imported, "shots": found}))


def one_shot(run, asked, events):
    head, *marks, result = (json.loads(line) for line in events.read_text().splitlines())
    frames = frames_of(run, asked, events.with_suffix(".blf"), list(head["stamping"]))
    found = Recomputed(head, marks, frames, asked).times()
    measured = result["measurement"]
    for name in ("fdti", "frti", "fhti"):
        interval = measured[name]["interval"]
        found[f"{name}_stored"] = [interval["low_ns"], interval["high_ns"]]
    at = measured["at_terminal"]
    found["terminal_stored"] = [at["low_ns"], at["high_ns"]]
    return found


def frames_of(run, asked, blf, channels):
    """(stamp, channel, message, signals) in order of stamps, of the messages that are asked about."""
    header = json.loads((run / "header.json").read_text())
    inputs = {path.name.partition("-")[2]: path for path in (run / "inputs").iterdir()}
    wanted = {(one[0], one[1]) for one in (asked["onset"], asked["flag"], *asked["safe_state"])}
    known = {}
    for number, channel in enumerate(channels):
        database = cantools.database.Database()
        for name in header["dbc"].get(channel, ()):
            database.add_dbc_file(inputs[name])
        for message in database.messages:
            if (channel, message.name) in wanted:
                known[number, message.frame_id, message.is_extended_frame] = (channel, message)
    seen = []
    with can.BLFReader(blf) as reader:
        reader.start_timestamp = (
            0.0  # a float of seconds since 1970 carries no ns; since the run's start it does
        )
        for frame in reader:
            found = known.get((frame.channel, frame.arbitration_id, frame.is_extended_id))
            if found is not None:
                channel, message = found
                t_ns = header["time_zero"]["clock_ns"] + round(frame.timestamp * S)
                signals = message.decode(bytes(frame.data), decode_choices=False)
                seen.append((t_ns, channel, message.name, signals))
    return sorted(seen, key=operator.itemgetter(0))


class Recomputed:
    def __init__(self, head, marks, frames, asked):
        def at(kind):
            return [(t_ns, fields) for t_ns, _, name, _, fields in marks if name == kind]

        self.commanded_ns = at("stimulus_commanded")[0][0]
        proven = next(fields for _, fields in at("stimulus_confirmed") if fields["readback"])
        self.terminal = (proven["low_ns"], proven["high_ns"])
        armed_ns, closed_ns = at("observers_armed")[0][0], at("window_closed")[-1][0]
        self.frames = [one for one in frames if armed_ns <= one[0] <= closed_ns]
        late_ns = max((f["late_ns"] for t, f in at("bench_late") if armed_ns <= t <= closed_ns), default=0)
        self.half_ns = {
            channel: one["u_ns"] + (0 if one["origin"] in SOUND else late_ns)
            for channel, one in head["stamping"].items()
        }
        rates = [fields["bound_ppb"] for _, fields in at("clock_rate")]
        self.ppb = 0 if head["timebase"] == "simulated" else rates[-1]
        self.asked = asked
        self.known = {}

    def answers(self, question, from_ns):
        """(stamp, yes or no) of each frame that carries the signal."""
        channel, message, signal, op, value = question
        if signal not in self.known:
            self.known[signal] = [
                (t_ns, COMPARE[op](signals[signal], value))
                for t_ns, on, name, signals in self.frames
                if (on, name) == (channel, message) and signal in signals
            ]
        return [one for one in self.known[signal] if one[0] >= from_ns]

    def times(self):
        onset_ns = next(t for t, yes in self.answers(self.asked["onset"], self.commanded_ns) if yes)
        half_ns = self.half_ns[self.asked["onset"][0]]
        self.onset = (onset_ns - half_ns, onset_ns + half_ns)
        self.from_ns = self.onset[0] - max(self.half_ns.values())
        flag = self.asked["flag"]
        flag_ns = next(t for t, yes in self.answers(flag, self.from_ns) if yes)
        detected = self.turned(flag, flag_ns)
        # The safe state is whole at the first instant at which each of its answers is yes, and the flag with them.
        parts = [*self.asked["safe_state"], flag]
        stamps = [one[0] for one in self.frames if one[0] >= flag_ns]
        safe_ns = next(t_ns for t_ns in stamps if all(self.holds(part, t_ns) for part in parts))
        turned = [self.turned(part, self.began(part, safe_ns)) for part in parts]
        safe = (max(low for low, _ in turned), max(high for _, high in turned))
        return {
            "fdti": self.since(self.onset, detected),
            "frti": self.since(detected, safe),
            "fhti": self.since(self.onset, safe),
            "terminal": list(self.terminal),
            "ppb": self.ppb,
        }

    def holds(self, question, t_ns):
        last = None
        for at_ns, yes in self.answers(question, 0):
            if at_ns > t_ns:
                break
            last = yes
        return bool(last)

    def began(self, question, t_ns):
        """The first yes of the row of them that stands at t_ns."""
        first = None
        for at_ns, yes in self.answers(question, 0):
            if at_ns > t_ns:
                break
            first = (at_ns if first is None else first) if yes else None
        return first

    def turned(self, question, yes_ns):
        """Between the last frame that said no and the first that said yes, but not before the cause."""
        half_ns = self.half_ns[question[0]]
        said_no = [t for t, yes in self.answers(question, 0) if t < yes_ns and not yes]
        low_ns = max(self.onset[0], said_no[-1] - half_ns) if said_no else self.onset[0]
        return low_ns, max(low_ns, yes_ns + half_ns)

    def since(self, start, end):
        """On a clock that shows T (1 ± r) for a true T; whole ns, outwards."""
        low_ns, high_ns = max(0, end[0] - start[1]), max(0, end[1] - start[0])
        wider = -(-low_ns * self.ppb // (S + self.ppb)), -(-high_ns * self.ppb // (S - self.ppb))
        return [low_ns - wider[0], high_ns + wider[1]]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
