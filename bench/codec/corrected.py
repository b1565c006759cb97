"""A bus description with the ranges that the profile corrects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.codec.database import Database, Message
from bench.codec.layout import Field, Layer
from bench.config.correction import Correction
from bench.errors import ConfigError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One range that was put right. stated: as the file says it, taken: as the profile does, in words with the unit."""

    signal: str
    file: str
    stated: str
    taken: str
    reason: str

    @property
    def words(self) -> str:
        """One line, for a terminal."""
        return f"{self.signal}: range {self.stated} of {self.file} taken as {self.taken} ({self.reason})"


def corrected(
    databases: Mapping[str, Database], corrections: Sequence[Correction], profile: object
) -> tuple[dict[str, Database], tuple[Corrected, ...]]:
    """The databases with the ranges of the profile, and what that changed. Raises ConfigError, a line a mistake."""
    found = dict(databases)
    done: list[Corrected] = []
    mistakes: list[str] = []
    for one in corrections:
        try:
            message, field = _asked(found, one)
            put = _with_range(field, one)
        except ConfigError as wrong:
            mistakes.append(f"{profile} [correction {one.of}]: {wrong}")
            continue
        file = found[one.channel].file_of(message.name)
        found[one.channel] = found[one.channel].with_message(_with_field(message, put))
        done.append(
            Corrected(signal=one.of, file=file, stated=_words(field), taken=_words(put), reason=one.reason)
        )
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return found, tuple(done)


def _asked(databases: Mapping[str, Database], one: Correction) -> tuple[Message, Field]:
    if one.channel not in databases:
        near = nearest(one.channel, databases)
        raise ConfigError(f"found channel '{one.channel}'; expected one of {', '.join(databases)}{near}")
    message = databases[one.channel][one.message]
    if one.signal not in message.fields:
        near = nearest(one.signal, message.fields)
        raise ConfigError(f"found no signal '{one.signal}' in this message; expected one of its own{near}")
    return message, message.fields[one.signal]


def _with_range(field: Field, one: Correction) -> Field:
    """ConfigError for a range that its bits do not reach: then it is not the range that is wrong."""
    if one.range is None:
        return replace(field, minimum=None, maximum=None)
    low, high = one.range
    least, most = (low, high) if field.is_float else field.reach
    slack = 1e-6 * abs(field.scale)
    if low < least - slack or high > most + slack:
        raise ConfigError(
            f"found a range of {low:g} to {high:g}; expected one within {least:g} to {most:g}, which its bits reach"
        )
    return replace(field, minimum=low, maximum=high)


def _with_field(message: Message, field: Field) -> Message:
    made = Message(
        name=message.name,
        can_id=message.can_id,
        extended=message.extended,
        fd=message.fd,
        length=message.length,
        layout=_layer(message.layout, field),
        cycle_ns=message.cycle_ns,
        e2e=message.e2e,
        senders=message.senders,
    )
    made.sent = _layer(message.sent, field)
    made.receivers = message.receivers
    return made


def _layer(layer: Layer, field: Field) -> Layer:
    """With the field in all places that its name has; a signal of several pages lies in each of them."""
    fields = tuple(
        replace(one, minimum=field.minimum, maximum=field.maximum) if one.name == field.name else one
        for one in layer.fields
    )
    branches = {
        selector: {key: _layer(child, field) for key, child in choices.items()}
        for selector, choices in layer.branches.items()
    }
    return Layer(fields=fields, branches=branches)


def _words(field: Field) -> str:
    """0 to 100 V."""
    low, high = field.minimum, field.maximum
    if low is None or high is None:
        return "all that its bits carry"
    return f"{low:g} to {high:g}{f' {field.unit}' if field.unit else ''}"
