"""That the DUT is not in the state from which a scenario starts."""

from bench.errors import BenchError


class StartMissed(BenchError):
    """The DUT did not reach the state from which the scenario starts.

    mode: which one, where it was heard in standby and then asked for it.
    """

    def __init__(self, text: str, mode: str | None = None) -> None:
        super().__init__(text)
        self.mode = mode
