"""What a source says of itself: does it give a figure, or say that it is assumed?"""

import re

_NO_SOURCE = re.compile(
    r"\s*(?:assum|guess|tbd\b|tbc\b|none\b|unknown\b|no (?:source|data|field data)\b)", re.IGNORECASE
)


def says_assumed(source: str) -> bool:
    """By its first words it gives nothing: `assumed: …`, `guessed`, `TBD`, `none: …`, `no field data …`."""
    return _NO_SOURCE.match(source) is not None
