"""Whether 300 scenarios of 299 shots stay readable. Run: python -m benchmarks.large_report

Of a made-up run with as many: what the terminal and the reports say, how much of it, and how long that takes, beside a
run of 30 scenarios of 59. Promise: the terminal folds what passed, so it does not grow with shots or scenarios; HTML
takes at most 10 MB and Markdown fits a comment (65,536 characters); nothing takes more than linear time in the shots.
"""

import dataclasses
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # a run that is made up stands there

from rich.console import Console
from sample_run import OVERVOLTAGE, sample_run, scenario

from bench.report.comparison import run_markdown
from bench.report.html import render_html
from bench.report.terminal import summary
from bench.verdict.result import RunResult, Verdict

MOST_LINES, MOST_HTML_MB, MOST_MARKDOWN = 40, 10.0, 65_536


def made_up(scenarios: int, shots: int) -> RunResult:
    some = list(sample_run(n=shots).scenarios[0].shots)
    many = tuple(scenario(f"s{k}", "t", OVERVOLTAGE, some, Verdict.PASS) for k in range(scenarios))
    return dataclasses.replace(sample_run(n=12), scenarios=many)


def terminal(run: RunResult) -> str:
    text = io.StringIO()
    console = Console(file=text, width=112)
    for one in summary(run, 112, every=False):
        console.print(one, highlight=False)
    return text.getvalue()


def timed(make: Callable[[RunResult], str], run: RunResult) -> tuple[str, float]:
    begun_ns = time.process_time_ns()
    text = make(run)
    return text, (time.process_time_ns() - begun_ns) / 1e9


def main() -> int:
    small, large = made_up(30, 59), made_up(300, 299)
    growth = 300 * 299 / (30 * 59)
    good = True
    print(f"{'':10} {'size':>24} {'CPU s':>16}   30 x 59, then 300 x 299")
    ways: dict[str, tuple[Callable[[RunResult], str], Callable[[str], float], float, str]] = {
        "terminal": (terminal, lambda text: text.count("\n"), MOST_LINES, "lines"),
        "HTML": (render_html, lambda text: len(text.encode()) / 1e6, MOST_HTML_MB, "MB"),
        "Markdown": (lambda run: run_markdown(run, "all", None), len, MOST_MARKDOWN, "characters"),
    }
    for name, (make, size, most, unit) in ways.items():
        make(small)  # compiles and caches
        (few, few_s), (many, many_s) = timed(make, small), timed(make, large)
        kept = size(many) <= most and many_s <= 2 * growth * max(few_s, 0.02)
        good &= kept
        print(
            f"{name:10} {size(few):10.4g} {size(many):10.4g} {unit:10} {few_s:7.2f} {many_s:7.2f}"
            f"   <= {most:g} {unit}{'' if kept else '  MISSED'}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
