"""`python -m bench` is `hil`."""

from bench.cli.main import run

run()
