"""`python -m bench` is `hil`."""

from bench.start import run

run()
