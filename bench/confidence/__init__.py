"""Confidence in the tool (ISO 26262-8, clause 11): what a stored qualification covers and is worth."""
