"""Commands and names of files, which words put between back-ticks, as code of HTML."""

import re

from markupsafe import Markup, escape

_PAIR = re.compile(r"`([^`]+)`")


def ticks(shown: object) -> Markup:
    """The text escaped, what stands between two back-ticks as code; a single one stays as it is."""
    return Markup("").join(
        Markup("<code>{}</code>").format(one) if number % 2 else escape(one)
        for number, one in enumerate(_PAIR.split(str(shown)))
    )
