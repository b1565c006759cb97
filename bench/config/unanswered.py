"""Lines of a user's file that are still to be answered: a text that begins with "? ", as `hil init` leaves it."""

from collections.abc import Iterator

from bench.config.user_file import Place

QUESTION = "? "


def unanswered(content: object) -> Iterator[tuple[Place, str]]:
    """(where, found and expected) of each, in the order of the file."""
    waiting: list[tuple[Place, object]] = [((), content)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict | list):
            inner = list(value.items() if isinstance(value, dict) else enumerate(value))
            waiting += [((*place, key), one) for key, one in reversed(inner)]
        elif isinstance(value, str) and value.startswith(QUESTION):
            yield place, f"found a line to be answered; expected {value.removeprefix(QUESTION)}"
