"""What a wrong value on the command line is told with: the option, what was found, and what is expected."""

from typing import Any

import typer
from typer.core import TyperGroup

from bench.errors import clear

_EXPECTED = {
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
}  # by the kind of a mistake, as pydantic names it


class PlainUsage(TyperGroup):
    """The commands of `hil`."""

    def invoke(self, ctx: Any) -> Any:
        """Call the command that is asked for. A value that it does not take is told as a mistake in a file is."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = plain_words(error.__cause__) or error.message
            raise


def plain_words(cause: BaseException | None) -> str:
    """`found '0'; expected 1 or more`; "" where the cause is of no known kind, and the parser's own words must do."""
    errors = getattr(cause, "errors", None)
    for one in errors() if callable(errors) else ():
        if (expected := _EXPECTED.get(one["type"])) is not None:
            return f"found '{clear(str(one['input']))}'; expected {expected.format(**one.get('ctx', {}))}"
    return ""
