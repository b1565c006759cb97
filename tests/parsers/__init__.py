"""Seeded inputs, sound ones altered and plain nonsense, thrown at every parser: `python -m tests.parsers --help`."""
