"""A KCD of which a message is wrong: cantools refuses it as a whole, so each message is tried alone."""

from collections.abc import Callable
from xml.etree import ElementTree

_SPACE = "{http://kayak.2codeornot2code.org/1.0}"

Wrong = tuple[str, tuple[str, ...], str]
"""Name of a message, names of its signals, and why it does not load."""


def without_wrong_messages(text: str, load: Callable[[str], object]) -> tuple[str, list[Wrong]]:
    """The file without the messages that `load` does not take, and those. `load` raises for what cannot be read."""
    root = ElementTree.fromstring(text)
    found = [(bus, one) for bus in root.iter(f"{_SPACE}Bus") for one in bus.findall(f"{_SPACE}Message")]
    for bus, one in found:
        bus.remove(one)
    wrong: list[Wrong] = []
    sound = []
    for bus, one in found:
        bus.append(one)
        try:
            load(ElementTree.tostring(root, encoding="unicode"))
            sound.append((bus, one))
        except Exception as error:  # noqa: BLE001 - cantools promises no closed set of exceptions
            names = tuple(signal.get("name", "") for signal in one.iter(f"{_SPACE}Signal"))
            reason = " ".join(str(error).split()).removeprefix('KCD: "').removesuffix('"')
            wrong.append((one.get("name", ""), names, reason))
        bus.remove(one)
    for bus, one in sound:
        bus.append(one)
    return ElementTree.tostring(root, encoding="unicode"), wrong
