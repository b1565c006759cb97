"""What of the played messages carries the cell emulator's outputs: one sweep, in one message or in several."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.codec.pages import Asked, Pages, Payloads
from bench.config.play import AGGREGATES
from bench.errors import ConfigError
from bench.instruments.afe import SweepCrc
from bench.links.ports import CanLink
from bench.plant.pack import Pack
from bench.timing.clock import Clock, Phase, Timer
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, format_ns
from bench.wiring.virtual_signals import Played, TellClipped

_LOOK_NS = 100 * NS_PER_MS  # as often as the outputs follow the plant


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorShown:
    """The messages that carry the emulator's cell voltages: on one bus, on one cycle, one sweep together."""

    channel: str
    messages: tuple[Pages, ...]
    cycle_ns: int
    gap_ns: int


def emulator_shows(played: list[Played]) -> EmulatorShown:
    """Raises ConfigError where no message carries them, or those that do make no sweep."""
    shown = [one for one in played if one.by == "emulator"]
    if not shown and (summed := _summed(played)) is not None:
        return EmulatorShown(channel=summed.channel, messages=(), cycle_ns=summed.cycle_ns, gap_ns=0)
    if not shown:
        raise ConfigError(
            'profile: found no [[play]] by = "emulator"; expected the one that shows the cell voltages, '
            "or one that shows cell_voltage_min or cell_voltage_max"
        )
    first, *others = shown
    for one in others:
        for what, found, expected in (
            ("bus", one.channel, first.channel),
            ("cycle", format_ns(one.cycle_ns), format_ns(first.cycle_ns)),
            ("gap", format_ns(one.gap_ns), format_ns(first.gap_ns)),
        ):
            if found != expected:
                raise ConfigError(
                    f"profile [play {one.channel}.{one.message.name}]: found {what} {found}; expected {expected} as "
                    f'for {first.message.name}: what is played by = "emulator" is one sweep'
                )
    pages = sum(len(one.pages.pages) for one in shown)
    if pages * first.gap_ns > first.cycle_ns:
        raise ConfigError(
            f"profile [play {first.channel}.{first.message.name}]: found {pages} pages {format_ns(first.gap_ns)} apart "
            f"in a cycle of {format_ns(first.cycle_ns)}; expected a longer cycle or a shorter gap"
        )
    return EmulatorShown(
        channel=first.channel,
        messages=tuple(one.pages for one in shown),
        cycle_ns=first.cycle_ns,
        gap_ns=first.gap_ns,
    )


def _summed(played: list[Played]) -> Played | None:
    """The first message that shows what becomes of all cells together; None without."""
    for one in played:
        slots = (slot for page in one.pages.pages for slot in page.slots)
        if any(AGGREGATES.get(slot.quantity) == "cell_voltage" for slot in slots):
            return one
    return None


def pack_voltages(pack: Pack, overrides_v: Mapping[int, float]) -> Callable[[int], float]:
    """What a cell (from 0) is to have at the emulator's outputs: forced, or as the plant has it."""

    def wanted_v(index: int) -> float:
        forced = overrides_v.get(index + 1)
        return float(pack.cell_voltage_v[index]) if forced is None else forced

    return wanted_v


def watch_cells(
    clock: Clock, shown: EmulatorShown, wanted_v: Callable[[int], float], tell: TellClipped
) -> Timer:
    """Tells what the cells' signals cannot carry, where another process sends them.

    wanted_v: what a cell (from 0) is to have.
    """

    def bind(asked: Asked) -> Callable[[], list[float | None]]:
        return lambda: [wanted_v(index) for _, index in asked]

    payloads = [(Payloads(one, bind, tell), len(one.pages)) for one in shown.messages]

    def look() -> None:
        for one, pages in payloads:
            for page in range(pages):
                one.of(page)

    return clock.every(_LOOK_NS, Phase.OBSERVE, look, first_ns=clock.now_ns() + _LOOK_NS)


def listen_for_sweeps(played: list[Played], links: Mapping[str, CanLink]) -> SweepCrc:
    """The checksum of the last sweep that another process has sent, as seen on its bus; where a signal shows it."""
    shown = emulator_shows(played)
    places = [(message, page) for message in shown.messages for page in range(len(message.pages))]
    sweep_crc = SweepCrc(len(places))
    if not any(
        slot.quantity == "afe_sweep_crc" for one in played for page in one.pages.pages for slot in page.slots
    ):
        return sweep_crc
    # A message of one page is known by its identifier, the pages of one message by their first byte.
    numbers = {
        (
            one.can_id,
            one.extended,
            one.payload(page, lambda *_: None)[:1] if len(one.pages) > 1 else b"",
        ): number
        for number, (one, page) in enumerate(places)
    }
    lone = {(one.can_id, one.extended) for one in shown.messages if len(one.pages) == 1}
    known = {(one.can_id, one.extended) for one in shown.messages}

    def heard(_t_ns: int, frame: CanFrame) -> None:
        key = (frame.can_id, frame.extended)
        if key in known:
            first = b"" if key in lone else frame.data[:1]
            sweep_crc.add(numbers.get((*key, first), -1), frame.data)

    links[shown.channel].subscribe(heard)
    return sweep_crc
