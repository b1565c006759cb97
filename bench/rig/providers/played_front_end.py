"""The front end that the bench plays itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.instruments.afe import AnalogueFrontEnd
from bench.restbus.cyclic import CyclicMessage
from bench.rig.capabilities import Distortions
from bench.rig.senses import Senses


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedFrontEnd:
    """Provides FrontEnd."""

    afe: AnalogueFrontEnd
    senses: Senses
    restbus: Sequence[CyclicMessage]

    @property
    def distort(self) -> Distortions:
        return self.senses.distort

    def read(self, quantity: str, index: int = 0) -> float | None:
        return self.senses.read(quantity, index)

    def true(self, quantity: str, index: int = 0) -> float | None:
        return self.senses.true(quantity, index)

    def lose_all(self) -> None:
        self.afe.lost_pages = frozenset(range(self.afe.pages))

    def lose_from(self, first_cell: int, cells: int) -> None:
        self.afe.lost_pages = self.afe.pages_from(first_cell, cells)

    def freeze(self, status: str) -> None:
        self.afe.frozen = True
        self._stand(status, True)

    def corrupt(self, cell: int) -> None:
        self.afe.corrupt = self.afe.pages_of(cell)

    def mend(self, status: str) -> None:
        self.afe.lost_pages = self.afe.corrupt = frozenset()
        self.afe.frozen = False
        self._stand(status, False)

    def _stand(self, status: str, standing: bool) -> None:
        for one in self.restbus:
            if f"{one.channel}.{one.message.name}" == status:
                one.standing = standing
