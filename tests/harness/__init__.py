"""Faults put into the bench itself, seeded, and what became of its shots and runs: `python -m tests.harness --help`."""
