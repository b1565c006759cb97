"""The version of the rules by which results are judged. Whoever compares two results asks for it."""

RULES = 1
"""Raised when a rule changes that could change a verdict. Version 1: all releases so far."""
