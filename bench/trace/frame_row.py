"""How a frame lies in the rows of a buffer, whoever reads them."""

INLINE = 8
"""Bytes of payload that stand in the row itself; longer ones stand beside the rows."""
