"""Variants of must-trip scenarios: dimensions, which of their combinations are possible, and rows that cover these."""
