"""Which capabilities a rig has, and by whom."""

from collections.abc import Mapping
from typing import Any

from bench.errors import InstrumentError


class Provided:
    """Providers by the protocol they keep."""

    def __init__(self, providers: Mapping[type, object]) -> None:
        self._providers = dict(providers)

    def __contains__(self, protocol: type) -> bool:
        return protocol in self._providers

    def give(self, protocol: type) -> Any:
        """The provider of a protocol. InstrumentError where this rig has none."""
        if protocol not in self._providers:
            raise InstrumentError(f"{protocol.__name__}: found nothing on this rig that provides it")
        return self._providers[protocol]
