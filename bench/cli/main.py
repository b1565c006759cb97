"""`hil`: the command line.

Exit codes (docs/exit_codes.md): 0 all pass · 1 a FAIL · 2 wrong usage or file · 3 INCONCLUSIVE, BLOCKED, ERROR or a
crash of the bench · 130 stopped by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP · 141 nobody reads the output.
"""

import sys

import typer

from bench.cli.ending import run_command_line

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
        explain_command,
        export_command,
        hazard_command,
        hunt_command,
        judge_commands,
        migrate_command,
        mutants_command,
        note_command,
        play_command,
        qualify_command,
        rearm_command,
        run_command,
        safety_command,
        schema_command,
        store_command,
        trace_command,
    )

    for module in (
        run_command,
        check_command,
        doctor_command,
        explain_command,
        judge_commands,
        migrate_command,
        mutants_command,
        note_command,
        play_command,
        builds_commands,
        export_command,
        hazard_command,
        hunt_command,
        qualify_command,
        rearm_command,
        safety_command,
        schema_command,
        store_command,
        trace_command,
    ):
        module.register(app)


_register()


def run() -> None:
    """Entry point: each command ends with a code that says what happened, and one line for what went wrong."""
    sys.exit(run_command_line(app))
