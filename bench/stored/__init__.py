"""Stored runs: how they are closed, read, judged again, compared, shown and exported."""
