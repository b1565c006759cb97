"""Text from outside in XML."""

import re

# XML 1.0 has no way to write these, and a DUT's answer quoted in a reason may hold any of them.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def writable(content: str) -> str:
    """The text, with every character that XML forbids replaced by U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", content)
