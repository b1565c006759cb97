"""The version of the rules by which results are judged. Whoever compares two results asks for it."""

RULES = 3
"""Raised when a rule changes that could change a verdict. Version 1: all releases before reports that a
scenario does not expect, flags that flicker and frames that no receiver accepts counted. Version 2: before
what always holds was looked at in every shot. Version 3: since then."""
