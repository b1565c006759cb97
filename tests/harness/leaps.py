"""Leaps of the wall clock while a run in real time goes on: its kernel stamps are of that clock, and leap with it."""

import random
import re
import time
from collections.abc import Callable

from bench.links import udp_multicast

from .ground import Grounds
from .outcome import Outcome, Wrong
from .runs import a_bench, check, start

_WORDS = ("--time", "real", "--repeat", "1", "-k", "weld-plus-at-opening")
_TRUE_NS = (150_000_000, 300_000_000)
"""Where the latency of this fault lies, whatever the wall clock says; a busy machine makes its interval wider."""


def _leaping(leaps: list[tuple[int, int]]) -> Callable[[], None]:
    """To be called in the run's process. leaps: (ns after now, ns by which the clock stands wrong from then on)."""

    def patch() -> None:
        real_ns = time.time_ns
        began_ns, read = real_ns(), udp_multicast.read_beside

        def wrong_ns(at_ns: int) -> int:
            return next((by for after, by in reversed(leaps) if at_ns - began_ns >= after), 0)

        def beside(ancillary: object) -> object:
            one = read(ancillary)  # type: ignore[arg-type]
            return one._replace(kernel_ns=one.kernel_ns + wrong_ns(one.kernel_ns))

        time.time_ns = lambda: real_ns() + wrong_ns(real_ns())
        udp_multicast.read_beside = beside  # type: ignore[assignment]

    return patch


def clock_in_real_time(rng: random.Random, grounds: Grounds) -> Outcome:
    """One to many leaps, of a millisecond to a day: no verdict but PASS, or that the bench could not tell."""
    count = rng.choice((1, 5, 200, 2000))
    leaps = sorted(
        (rng.randrange(0, 40 * 10**9), rng.choice((-1, 1)) * 10 ** rng.randint(6, 14)) for _ in range(count)
    )
    outcome = Outcome(fault=f"{count} leaps of the wall clock in real time", struck=True)
    with a_bench() as folder:
        config = folder / "hil_config.toml"
        text = config.read_text(encoding="utf-8")
        ports = {found: str(rng.randint(44_000, 59_000)) for found in set(re.findall(r"port = (\d+)", text))}
        config.write_text(
            re.sub(r"port = (\d+)", lambda one: f"port = {ports[one[1]]}", text), encoding="utf-8"
        )
        run = start(folder, before=_leaping(leaps), words=_WORDS)
        told = run.wait()
        check(outcome, run, told, complete=False, whole=len(told.shots))
        for scenario in (told.result or {}).get("scenarios", ()):
            for shot in scenario["shots"]:
                fdti, verdict = (shot["measurement"] or {}).get("fdti"), shot["judgement"]["verdict"]
                if fdti is None or verdict not in ("PASS", "FAIL"):
                    continue
                low_ns, high_ns = fdti["interval"]["low_ns"], fdti["interval"]["high_ns"]
                if high_ns < _TRUE_NS[0] or low_ns > _TRUE_NS[1]:
                    words = f"{scenario['scenario_id']}: {verdict} at {low_ns / 1e6:.1f} to {high_ns / 1e6:.1f} ms"
                    outcome.wrong.append((Wrong.FALSE_PASS if verdict == "PASS" else Wrong.BLAMED, words))
        if run.code not in (0, 3):
            outcome.wrong.append((Wrong.LOST, f"exit code {run.code}: {told.err[-300:]}"))
    return outcome
