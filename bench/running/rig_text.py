"""An instrument in the text that a rig's hash is made of: rigs of every release are compared by it, so it stays."""

from bench.config.instruments import InstrumentConfig

_FIRST = ("first_id", 0)
_THEN = (("address", 1), ("relays", 8), ("opens", ()))
_PLATE = (("nominal_voltage", 500.0), ("nominal_current", 90.0), ("nominal_power", 15_000.0))
_ALWAYS = {name for name, _ in (_FIRST, *_THEN, *_PLATE)}


class _Text(str):
    """Stands without quotation marks in what it is part of."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def rig_text(one: InstrumentConfig) -> str:
    """Without its calibration: a new one is the same rig, and runs before and after it may be compared.

    Options of the first releases stand there with every instrument; others where the bench file gives them.
    """
    given = dict(one.options.given)
    plate = tuple(given.get(name) for name, _ in _PLATE)
    parts = {
        "name": one.name,
        "kind": one.kind,
        "link": one.link,
        "ports": one.ports,
        "baud": one.baud,
        "dead_man_ns": one.dead_man_ns,
        _FIRST[0]: given.get(*_FIRST),
        "lost_replies": one.lost_replies,
        **{name: given.get(name, default) for name, default in _THEN},
        "nominal": plate if all(plate) else tuple(default for _, default in _PLATE),
        **{name: given[name] for name in sorted(given.keys() - _ALWAYS)},
        "calibrated": "",
        "calibration_due": "",
    }
    return _Text(f"InstrumentConfig({', '.join(f'{name}={value!r}' for name, value in parts.items())})")
