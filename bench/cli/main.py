"""`hil`: the command line.

Exit codes: 0 all pass · 1 a FAIL · 2 wrong usage or file · 3 INCONCLUSIVE, BLOCKED or ERROR · 130 stopped by Ctrl-C.
"""

import sys

import typer

from bench.errors import BenchError, ConfigError

app = typer.Typer(
    name="hil",
    help="Hardware-in-the-loop bench for battery management systems: true latencies, judged against ISO 26262 budgets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _register() -> None:
    from bench.cli import (
        builds_commands,
        check_command,
        doctor_command,
        export_command,
        hazard_command,
        hunt_command,
        judge_commands,
        mutants_command,
        play_command,
        qualify_command,
        run_command,
        safety_command,
        trace_command,
    )

    for module in (
        run_command,
        check_command,
        doctor_command,
        judge_commands,
        mutants_command,
        play_command,
        builds_commands,
        export_command,
        hazard_command,
        hunt_command,
        qualify_command,
        safety_command,
        trace_command,
    ):
        module.register(app)


_register()

INTERRUPTED = 130


def run() -> None:
    """Entry point: turns the bench's own errors into one clear line each, never a traceback."""
    try:
        app()
    except ConfigError as exc:
        sys.stderr.write(f"{exc}\n")
        sys.exit(2)
    except BenchError as exc:
        sys.stderr.write(f"{exc}\n")
        sys.exit(3)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(3)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer ends so without a word
            sys.stderr.write("stopped\n")
        raise
