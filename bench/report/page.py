"""What every page of a report carries with it: style, script, and the policy that keeps all else out.

The policy lets a browser run the page's own scripts only, known by their hash, and load nothing. So a page stays
complete without a network, and no text of a DUT can become a program.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from markupsafe import Markup


@cache
def part(name: str) -> Markup:
    """A file of the report as it stands in the page."""
    return Markup(files("bench.report").joinpath(name).read_text(encoding="utf-8"))


def policy(scripts: Sequence[str]) -> str:
    """The content security policy of a page that holds these scripts."""
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts
    ]
    run = " ".join(hashes) or "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src {run}; base-uri 'none'; form-action 'none'"
