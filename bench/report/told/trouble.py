"""What `--json` prints where a command has no answer."""

from dataclasses import dataclass
from typing import ClassVar

from bench.report.told.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTold(Document):
    """A command that ended without an answer: wrong usage, a wrong file (2), a crash or a signal.

    error: the last line that stderr has of it: what, where, found, expected. lines: all of them.
    """

    schema_name: ClassVar[str] = "error"
    error: str
    lines: tuple[str, ...]
