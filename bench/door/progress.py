"""What a run tells while it goes on, one event after the other, to whoever has given a `progress` callback.

Each event is a line of text by `str`, so that `progress=print` shows a run in a terminal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.door.arguments import refuse_awaited
from bench.errors import BenchError
from bench.verdict.result import ShotResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The first event: what is to be fired. shots: by scenario id. must_fail: those that are right when they fail.

    banner: what the results are worth, in words. about_s: predicted, of a DUT that does as it should; at_most_s: not
    exceeded, whatever the DUT does. long: ids that last for more than ten minutes, each with its time. All in seconds
    of the run's own clock.
    """

    shots: Mapping[str, int]
    must_fail: frozenset[str]
    banner: str
    about_s: float
    at_most_s: float
    long: Mapping[str, float]
    simulated: bool

    def __str__(self) -> str:
        return f"{len(self.shots)} scenarios, {sum(self.shots.values())} shots"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotDone:
    """A shot has its verdict. done: number of shots with a verdict, out of `of` shots of the run."""

    scenario_id: str
    result: ShotResult
    done: int
    of: int

    def __str__(self) -> str:
        verdict = self.result.judgement.verdict.name
        return f"{self.scenario_id} shot {self.result.index}: {verdict} ({self.done} of {self.of})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A line for the user. warning: something of the run could not be done as it should."""

    text: str
    warning: bool = True

    def __str__(self) -> str:
        return f"warning: {self.text}" if self.warning else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotsEnded:
    """The last shot has ended; the evidence is written next. aborted: why it ended early; None: it did not.

    by_user: a signal or Ctrl-C ended it.
    """

    aborted: str | None
    by_user: bool

    def __str__(self) -> str:
        return "all shots fired" if self.aborted is None else self.aborted


Event = Planned | ShotDone | Noted | ShotsEnded
OnProgress = Callable[[Event], object]


def unheard(event: Event) -> None:
    """The callback of whoever does not look on."""


class CallbackFailed(BenchError):
    """The user's own callback raised; the run ends by it, and what had finished is kept."""

    def __init__(self, raised: BaseException) -> None:
        super().__init__(f"the progress callback raised {type(raised).__name__}: {raised}")
        self.raised = raised


class Teller:
    """Tells the callback, and remembers what it raised: once it has, it is not called again."""

    def __init__(self, callback: OnProgress) -> None:
        self._callback = callback
        self.raised: BaseException | None = None

    def note(self, text: str, *, warning: bool = True) -> None:
        """Never raises: it is also told at the end of a run, which goes on."""
        try:
            self(Noted(text=text, warning=warning))
        except CallbackFailed:
            return

    def __call__(self, event: Event) -> None:
        if self.raised is not None:
            return
        try:
            refuse_awaited(self._callback(event))
        except KeyboardInterrupt as error:
            if isinstance(event, Planned | ShotDone):
                raise  # Ctrl-C in the middle of it: a stop as anywhere else
            self.raised = error  # signals are held back by now, so it is its own; the evidence comes first
            raise CallbackFailed(error) from error
        except BaseException as error:
            self.raised = error
            raise CallbackFailed(error) from error
