"""What cantools makes of a file, as messages of our own codec."""

import math
from typing import Any

from bench.codec.container import Pdu, container_message
from bench.codec.e2e import DataIdMode, Protection, Settings, protection_of
from bench.codec.layout import FLOAT_CODE, Field, Layer
from bench.codec.lengths import CLASSIC_BYTES, Described, frame_length
from bench.codec.message import EndToEnd, Message
from bench.units import NS_PER_MS


def described(source: Any, database: Any) -> Described:
    """The message that one of cantools' is. Raises whatever cantools does, and ValueError with found and expected."""
    if source.is_container:
        return _container(source)
    source.refresh(strict=True)
    return Described(_message(source, database), stated=source.length, fd_said=source.is_fd)


def _container(source: Any) -> Described:
    pdus = [
        Pdu(
            name=one.name,
            header_id=one.header_id or 0,
            length=one.length,
            layout=_layer(one, one.signal_tree),
        )
        for one in source.contained_messages
        if one.refresh(strict=True) is None
    ]
    message = container_message(
        pdus,
        name=source.name,
        can_id=source.frame_id,
        extended=source.is_extended_frame,
        most=source.length,
        cycle_ns=round((source.cycle_time or 0) * NS_PER_MS),
        senders=tuple(source.senders),
    )
    return Described(message, stated=message.length, fd_said=source.is_fd)


def _message(source: Any, database: Any) -> Message:
    profile = str(_attribute(source, database, "E2E_Profile", "none"))
    made = Message(
        name=source.name,
        can_id=source.frame_id,
        extended=source.is_extended_frame,
        fd=source.is_fd or source.length > CLASSIC_BYTES,
        length=frame_length(source.length, j1939=_is_j1939(source, database)),
        layout=_layer(source, source.signal_tree),
        cycle_ns=round((source.cycle_time or 0) * NS_PER_MS),
        e2e=EndToEnd(
            profile=profile,
            data_id=_number("E2E_DataId", _attribute(source, database, "E2E_DataId", 0)),
            protection=_protection(source, database, profile),
        ),
        senders=tuple(source.senders),
    )
    made.receivers = tuple(sorted({str(node) for one in source.signals for node in one.receivers}))
    return made


def _is_j1939(source: Any, database: Any) -> bool:
    """By the message's own format, or by that of the whole network: there every extended frame is one."""
    network = database.dbc.attributes.get("ProtocolType") if database.dbc else None
    of_network = network is not None and str(network.value).upper() == "J1939"
    return source.protocol == "j1939" or (of_network and source.is_extended_frame and not source.is_fd)


def _protection(source: Any, database: Any, profile: str) -> Protection | None:
    """E2E as the file's attributes say. ValueError, with found and expected, where AUTOSAR knows no such thing."""
    if profile == "none":
        return None
    ids = str(_attribute(source, database, "E2E_DataIdList", ""))
    mode = str(_attribute(source, database, "E2E_DataIdMode", DataIdMode.BOTH.value))
    modes = [one.value for one in DataIdMode]
    if mode not in modes:
        raise ValueError(f"found E2E_DataIdMode '{mode}'; expected one of {', '.join(modes)}")
    settings = Settings(
        profile=profile,
        data_id=_number("E2E_DataId", _attribute(source, database, "E2E_DataId", 0)),
        mode=DataIdMode(mode),
        data_ids=tuple(_number("E2E_DataIdList", one) for one in ids.split(",") if one.strip()),
    )
    protection = protection_of(settings)
    if source.length < protection.shortest:
        raise ValueError(
            f"found {source.length} bytes; expected {protection.shortest} or more under {profile}"
        )
    return protection


def _number(attribute: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise ValueError(f"found '{str(value).strip()}' in {attribute}; expected whole numbers") from None


def _attribute(source: Any, database: Any, name: str, otherwise: object) -> Any:
    """A message's attribute, else the default of the file; an ENUM as its text. Raises ValueError for a value outside
    the ENUM.
    """
    definition = database.dbc.attribute_definitions.get(name) if database.dbc else None
    if definition is None:
        return otherwise
    own = source.dbc.attributes.get(name) if source.dbc else None
    value = definition.default_value if own is None else own.value
    if value is None:
        return otherwise
    if definition.choices and isinstance(value, int):
        if not 0 <= value < len(definition.choices):
            known = ", ".join(f"{at} ({text})" for at, text in enumerate(definition.choices))
            raise ValueError(f"found {name} {value}; expected one of {known}")
        return definition.choices[value]
    return value


def _layer(source: Any, tree: list[Any]) -> Layer:
    fields: list[Field] = []
    branches: dict[str, dict[int, Layer]] = {}
    for node in tree:
        if isinstance(node, str):
            fields.append(_field(source.get_signal_by_name(node)))
            continue
        for selector, choices in node.items():
            fields.append(_field(source.get_signal_by_name(selector)))
            branches[selector] = {key: _layer(source, child) for key, child in choices.items()}
    return Layer(fields=tuple(fields), branches=branches)


def _field(signal: Any) -> Field:
    if signal.is_float and signal.length not in FLOAT_CODE:
        raise ValueError(f"found {signal.name}, a float of {signal.length} bits; expected 16, 32 or 64")
    for what, value in (("factor", signal.conversion.scale), ("offset", signal.conversion.offset)):
        if not math.isfinite(value):
            raise ValueError(f"found {what} {value} of {signal.name}; expected a finite number")
    return Field(
        name=signal.name,
        start=signal.start,
        length=signal.length,
        little_endian=signal.byte_order == "little_endian",
        signed=signal.is_signed,
        is_float=signal.is_float,
        scale=signal.conversion.scale,
        offset=signal.conversion.offset,
        minimum=signal.minimum,
        maximum=signal.maximum,
        choices={number: str(text) for number, text in (signal.choices or {}).items()},
        unit=signal.unit or "",
    )
