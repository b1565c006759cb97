"""The BMS's analogue front end: shows the DUT what the cell emulator's outputs measure, as the profile lays it out."""

import json
from collections.abc import Callable, Sequence

from bench.codec.pages import Pages, Payloads
from bench.errors import ConfigError
from bench.timing.clock import Clock, Phase
from bench.timing.sweep import Sweep
from bench.trace.events import CanFrame


class AnalogueFrontEnd:
    """Samples `output_v()` (cell 1 first; nan: no reading) for each frame it sends. `lost_pages` are not sent."""

    def __init__(
        self,
        clock: Clock,
        pages: Pages,
        output_v: Callable[[], Sequence[float | None]],
        send: Callable[[CanFrame], None],
        *,
        cycle_ns: int,
        gap_ns: int,
    ) -> None:
        self._pages = pages
        self._payloads = Payloads(pages, self._cell)
        self._output_v = output_v
        self._send = send
        self.lost_pages: frozenset[int] = frozenset()
        self._latest: Sequence[float | None] = ()
        self._at_once = gap_ns == 0
        self._sweep = Sweep(
            clock, Phase.INSTRUMENT, self._page, count=len(pages.pages), cycle_ns=cycle_ns, gap_ns=gap_ns
        )

    @property
    def pages(self) -> int:
        return len(self._pages.pages)

    def start(self, first_ns: int) -> None:
        self._sweep.start(first_ns)

    def stop(self) -> None:
        self._sweep.stop()

    def _page(self, page: int) -> None:
        if page == 0 or not self._at_once:  # a sweep sent at once is one measurement
            self._latest = self._output_v()
        if page in self.lost_pages:
            return
        pages = self._pages
        self._send(CanFrame(pages.can_id, self._payloads.of(page), pages.extended, pages.fd))

    def _cell(self, _quantity: str, index: int) -> float | None:
        return self._latest[index] if index < len(self._latest) else None


def layout_text(pages: Pages, cycle_ns: int, gap_ns: int) -> str:
    """One line of JSON that tells another process what to send."""
    return json.dumps({"pages": pages.to_plain(), "cycle_ns": cycle_ns, "gap_ns": gap_ns})


def read_layout(text: str) -> tuple[Pages, int, int]:
    """(pages, cycle, gap) of `layout_text`. Raises ConfigError for any other text."""
    try:
        plain = json.loads(text)
        return Pages.from_plain(plain["pages"]), int(plain["cycle_ns"]), int(plain["gap_ns"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"layout '{text[:40]}…': found {error!r}; expected the JSON the bench writes"
        ) from None
