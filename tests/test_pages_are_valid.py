"""What the bench sends carries valid branches, counts and codes only; and nothing of the DUT's own."""

import re
from pathlib import Path

import pytest
from test_play_fits_the_signal import message_of, pages_of
from test_stimulus_is_proven import bench_in, scenarios_in

from bench.codec.database import Message
from bench.codec.idle import idle_messages, nodes_of_the_dut
from bench.codec.page_layout import idle_pages
from bench.config.profile_shape import ShownTable
from bench.errors import ConfigError
from bench.running.load import load_rig


def nothing(*_: object) -> float:
    return 0.0


APART = message_of("""BO_ 512 M: 8 A
 SG_ Left M : 0|8@1+ (1,0) [1|3] "" B
 SG_ Right M : 8|8@1+ (1,0) [0|9] "" B
 SG_ L1 m1 : 16|8@1+ (1,0) [0|200] "" B
 SG_ L3 m3 : 16|8@1+ (1,0) [0|200] "" B
 SG_ R4 m4 : 24|8@1+ (1,0) [0|200] "" B
 SG_ R9 m9 : 24|8@1+ (1,0) [0|200] "" B
SG_MUL_VAL_ 512 L1 Left 1-1;
SG_MUL_VAL_ 512 L3 Left 3-3;
SG_MUL_VAL_ 512 R4 Right 4-4;
SG_MUL_VAL_ 512 R9 Right 9-9;
""")
NESTED = message_of("""BO_ 512 M: 8 A
 SG_ Top M : 0|8@1+ (1,0) [2|3] "" B
 SG_ Below m2M : 8|8@1+ (1,0) [5|6] "" B
 SG_ X m5 : 16|8@1+ (1,0) [0|200] "" B
 SG_ Y m6 : 16|8@1+ (1,0) [0|200] "" B
SG_MUL_VAL_ 512 Below Top 2-2;
SG_MUL_VAL_ 512 X Below 5-5;
SG_MUL_VAL_ 512 Y Below 6-6;
""")
FROM_ZERO = message_of("""BO_ 512 M: 8 A
 SG_ Mux M : 0|8@1+ (1,0) [0|3] "" B
 SG_ A m0 : 8|8@1+ (1,0) [0|200] "" B
 SG_ B m3 : 8|8@1+ (1,0) [0|200] "" B
""")


@pytest.mark.parametrize(
    ("message", "values"),
    [
        (APART, {"Left": 1, "Right": 4, "L1": 0, "R4": 0}),
        (NESTED, {"Top": 2, "Below": 5, "X": 0}),
        (FROM_ZERO, {"Mux": 0, "A": 0}),
    ],
)
def test_what_is_sent_idle_is_a_page_that_there_is(message: Message, values: dict[str, int]) -> None:
    (page,) = idle_pages(message).pages
    assert page.slots == ()
    assert message.decode(idle_pages(message).payload(0, nothing)) == values


def test_multiplexers_beside_and_below_each_other_show_valid_branches_only() -> None:
    for message, names in ((APART, ("L1", "L3", "R9")), (NESTED, ("X", "Y"))):
        pages = pages_of(message, **dict.fromkeys(names, "pack_voltage"))
        told: set[str] = set()
        for page in range(len(pages.pages)):
            values = message.decode(pages.payload(page, lambda *_: 100.0))
            shown = {
                name: value for name, value in values.items() if name in ["L1", "L3", "R4", "R9", "X", "Y"]
            }
            assert set(shown.values()) == {100}, values
            told |= shown.keys()
        assert told == set(names)


def test_a_signal_whose_page_is_never_sent_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"found 'A' on no page that is sent; expected the value of its mult"
    ):
        pages_of(FROM_ZERO, Mux=3, A="pack_current", B="pack_current")
    assert pages_of(FROM_ZERO, Mux=3, B="pack_current").payload(0, lambda *_: 7.0)[:2] == bytes([3, 7])


def test_a_multiplexer_shows_nothing_but_its_page() -> None:
    with pytest.raises(
        ConfigError, match="found multiplexer 'Mux' to show counter; expected the number of a page"
    ):
        pages_of(FROM_ZERO, Mux="counter", A="pack_current")


@pytest.mark.parametrize(
    ("range_", "counts"), [("[0|14]", 15), ("[1|14]", 14), ("[0|0]", 16), ("[0|15]", 16)]
)
def test_a_counter_wraps_where_its_range_ends(range_: str, counts: int) -> None:
    message = message_of(f'BO_ 512 M: 8 A\n SG_ C : 4|4@1+ (1,0) {range_} "" B\n')
    first = int(range_[1])
    pages = pages_of(message, C="counter")
    shown = [pages.payload(0, lambda *_, n=n: float(n))[0] >> 4 for n in range(40)]  # type: ignore[misc]
    assert shown == [first + n % counts for n in range(40)]


def test_a_yes_or_a_mode_that_the_factor_swallows_is_refused() -> None:
    message = message_of('BO_ 512 M: 8 A\n SG_ S : 0|8@1+ (10,0) [0|250] "" B\n')
    usual = {"driving": (0.0, 1.0), "mode_request": (0.0, 3.0), "pack_voltage": (0.0, 3.0)}
    with pytest.raises(
        ConfigError, match="found driving to be shown as 1, which its factor of 10 cannot tell"
    ):
        pages_of(message, usual, S="driving")
    with pytest.raises(ConfigError, match="found mode_request to be shown as 3"):
        pages_of(message, usual, S="mode_request")
    assert pages_of(message, usual, S=ShownTable(of="driving", on=10)).payload(0, lambda *_: 1.0)[0] == 1
    assert pages_of(message, usual, S="pack_voltage"), "a measured value is as fine as its signal"


def test_whether_there_is_a_reading_is_told_by_zero_and_one() -> None:
    message = message_of(
        'BO_ 512 M: 8 A\n SG_ S : 0|8@1+ (1,0) [2|3] "" B\n SG_ T : 8|8@1+ (1,0) [0|1] "" B\n'
    )
    with pytest.raises(
        ConfigError, match="found 'pack_current valid' to be shown as raw 0 and 1, and a range of 2"
    ):
        pages_of(message, S="pack_current valid")
    assert pages_of(message, T="pack_current invalid").payload(0, lambda *_: 1.0)[1] == 0


# --- the DUT's own


def test_where_no_dbc_says_who_sends_the_state_the_dut_is_who_sends_what_is_read(tmp_path: Path) -> None:
    """Then its other messages, which nobody reads, are no more sent idle than before."""

    def nobodys_state(dbc: str) -> str:
        text = dbc.replace("BO_ 256 BMS_State: 8 BMS", "BO_ 256 BMS_State: 8 Vector__XXX")
        assert text != dbc
        return text

    wired = load_rig(bench_in(tmp_path, bms=nobodys_state), "simulated", "reference", None)
    assert nodes_of_the_dut(wired.profile, wired.databases) == {"BMS"}
    unread = [
        message.name
        for message in wired.databases["vehicle"].messages
        if "BMS" in message.senders and ("vehicle", message.name) not in wired.profile.said()
    ]
    idle = {message.name for _, message in idle_messages(wired.profile, wired.databases)}
    assert unread and idle == {"CHG_Capability", "VCU_Clock"}
    plan = scenarios_in(wired, "ov_step_cell17")["ov-step-cell17"].plan
    assert ("vehicle", "BMS_State") in plan.protected, "whoever sends it: it is read from the DUT"


def test_a_protected_answer_is_checked_whoever_the_dbc_names(tmp_path: Path) -> None:
    def vcus(dbc: str) -> str:
        return dbc.replace("BO_ 257 BMS_Faults: 8 BMS", "BO_ 257 BMS_Faults: 8 VCU")

    wired = load_rig(bench_in(tmp_path, bms=vcus), "simulated", "reference", None)
    plan = scenarios_in(wired, "ov_step_cell17")["ov-step-cell17"].plan
    assert ("vehicle", "BMS_Faults") in plan.protected
    assert not re.search("VCU_", " ".join(name for _, name in plan.protected))
