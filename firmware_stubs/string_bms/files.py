"""Makes the DBC files and the profile of a pack of strings from those of one: run as a module.

The further strings say what the first says, at identifiers of their own; nobody should have to keep that by hand.
"""

import re
from collections.abc import Callable
from pathlib import Path

from firmware_stubs.reference_bms.limits import CELLS, SENSORS
from firmware_stubs.string_bms.ids import (
    OF_A_STRING,
    PACK_STATE,
    SAID_BY_EACH,
    SENSE_STEP,
    STRINGS,
    VEHICLE_STEP,
)

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/examples/strings"
_HEAD = re.compile(r"BO_ (\d+) (\w+):")
_OF_ONE = re.compile(r"(?:CM_ BO_|BA_ \"\w+\" BO_|VAL_) (\d+) ")
_COMMANDS = ("plus_command", "minus_command", "precharge_command")
_QUANTITIES = {
    "pack_current": "string_current",
    "pack_current_redundant": "string_current_redundant",
    "insulation_plus in kohm": "string_insulation_plus in kohm",
    "insulation_minus in kohm": "string_insulation_minus in kohm",
    "plus_feedback": "string_plus_feedback",
    "minus_feedback": "string_minus_feedback",
    "precharge_feedback": "string_precharge_feedback",
    "stack_voltage": "string_voltage",
}


def further_dbc(source: Path, ids: tuple[int, ...], step: int, extra: str = "") -> str:
    """The messages `ids` of a DBC for the second string and the next, with their attributes."""
    text = source.read_text(encoding="utf-8")
    blocks = text.split("\n\n")
    head = [one for one in blocks if not one.lstrip().startswith(("BO_ ", "CM_"))]
    messages = [one for one in blocks if (found := _HEAD.match(one)) and int(found[1]) in ids]
    tail = blocks[-1].splitlines()
    shared = [line for line in tail if line.startswith("BA_DEF")]
    parts = [*head[:4]]
    for string in range(1, STRINGS):
        parts += [_numbered(_named(one, string), string, step) for one in messages]
    parts += [extra] if extra else []
    own = [line for line in tail if (found := _OF_ONE.match(line)) and int(found[1]) in ids]
    lines = [line for line in own if line.startswith("CM_")] + shared
    rest = [line for line in own if not line.startswith("CM_")]
    further = [_shifted(line, string * step) for string in range(1, STRINGS) for line in rest]
    comments = [
        _shifted(line, string * step) for string in range(1, STRINGS) for line in lines if line in own
    ]
    return "\n\n".join([*parts, "\n".join([*comments, *shared, *further])]) + "\n"


def _named(block: str, string: int) -> str:
    return _HEAD.sub(lambda found: f"BO_ {found[1]} {found[2]}_{string + 1}:", block)


def _numbered(block: str, string: int, step: int) -> str:
    """Cells and sensors count on from string to string."""

    def on(each: int) -> Callable[[re.Match[str]], str]:
        return lambda found: f"{found[1]}{int(found[2]) + each * string:02d} m"

    block = re.sub(r"(CellVoltage)(\d+) m", on(CELLS), block)
    block = re.sub(r"(Temperature)(\d+) m", on(SENSORS), block)
    return _shifted(block, string * step)


def _shifted(text: str, by: int) -> str:
    """The first number is the identifier."""
    return re.sub(r"(BO_|VAL_) (\d+)", lambda found: f"{found[1]} {int(found[2]) + by}", text, count=1)


PACK_MESSAGE = f"""BO_ {PACK_STATE} PACK_State: 3 BMS
 SG_ State : 0|4@1+ (1,0) [0|5] "" VCU
 SG_ ErrorLatched : 4|1@1+ (1,0) [0|1] "" VCU
 SG_ StringsClosed : 8|8@1+ (1,0) [0|3] "" VCU
 SG_ StringsInError : 16|8@1+ (1,0) [0|3] "" VCU"""


_SAFE = """# One string is out, the others carry on.
second_string_out = [
    "plus_2_command == 0", "minus_2_command == 0", "minus_2_feedback == 0", "state_2 == 5", "state == drive", "flag",
]
second_string_blocked = [
    "plus_2_command == 0", "minus_2_command == 0", "precharge_2_command == 0", "state == standby", "flag",
]
third_string_blocked = [
    "plus_3_command == 0", "minus_3_command == 0", "precharge_3_command == 0", "minus_3_feedback == 0",
    "state_3 == 5", "error_latched == 1", "flag",
]
"""
_TESTS = """joined_apart = ["strings_closed > 1"]
"""


def profile() -> str:
    text = (ROOT / "dbc/reference_bms.toml").read_text(encoding="utf-8")
    text = text.replace('name = "reference BMS"', 'name = "three strings of reference BMS"')
    # One chain of front ends over all strings: its checksum is of a sweep that no string sees whole.
    text = text.replace('SweepCrc = "afe_sweep_crc"', "SweepCrc = 0")
    head, plays, rest = _parts_of(text)
    further = [
        _play_of(play, string) for string in range(1, STRINGS + 1) for play in plays if _is_of_a_string(play)
    ]
    pack = [play for play in plays if not _is_of_a_string(play)]
    rest = _further_outputs(_also(rest)).replace("[safe_state]\n", "[safe_state]\n" + _SAFE, 1)
    return head + "".join(further) + "".join(pack) + rest.rstrip() + "\n" + _TESTS


def _parts_of(text: str) -> tuple[str, list[str], str]:
    head, *plays = text.split("[[play]]")
    last, rest = plays[-1].split("[output]", 1)
    return head, ["[[play]]" + one for one in [*plays[:-1], last]], "[output]" + rest


def _is_of_a_string(play: str) -> bool:
    names = ("IO_CellVoltages", "IO_Temperatures", "IO_Current", "IO_Insulation", "IO_Contactors")
    return any(f'"sense.{name}"' in play for name in names)


def _play_of(play: str, string: int) -> str:
    """What the sensors of one string show."""
    lines = []
    for line in play.splitlines():
        name, equals, content = line.partition(" = ")
        quantity = content.split('"')[1] if '"' in content else ""
        # What is not said of a string is said of the first, but for the current: that is the pack's.
        if equals and quantity in _QUANTITIES and (string > 1 or quantity.startswith("pack_current")):
            further = (
                content.partition(f'"{quantity}"')[2].partition("}")[0].strip(" ,") if "{" in content else ""
            )
            further = f", {further}" if further else ""
            line = f'{name} = {{ of = "{_QUANTITIES[quantity]}", string = {string}{further} }}'
        if string > 1 and name == "message":
            line = re.sub(r'"(sense\.\w+)"', rf'"\1_{string}"', line)
        lines.append(line)
    return "\n".join(lines).rstrip() + "\n\n"


def _also(rest: str) -> str:
    """A safe state of the pack is one of all its strings."""
    for name in (*_COMMANDS, "plus_feedback", "minus_feedback"):
        pole, _, what = name.partition("_")
        told = ", ".join(f'"{pole}_{string}_{what} == 0"' for string in range(2, STRINGS + 1))
        rest = rest.replace(f'"{name} == 0"', f'"{name} == 0", {told}')
    return rest


def _further_outputs(rest: str) -> str:
    outputs = [
        f'{name.replace("_", f"_{string}_")} = "vehicle.BMS_State_{string}.{signal}"'
        for string in range(2, STRINGS + 1)
        for name, signal in zip(
            _COMMANDS, ("ContactorPlusCommand", "ContactorMinusCommand", "PrechargeCommand")
        )
    ]
    outputs += [
        'strings_closed = "vehicle.PACK_State.StringsClosed"',
        'strings_in_error = "vehicle.PACK_State.StringsInError"',
        *(f'state_{n} = "vehicle.BMS_State{"" if n == 1 else f"_{n}"}.State"' for n in range(1, STRINGS + 1)),
        *(
            f'pack_current_{n} = "vehicle.BMS_PackValues{"" if n == 1 else f"_{n}"}.PackCurrent"'
            for n in range(1, STRINGS + 1)
        ),
    ]
    rest = rest.replace('state = "vehicle.BMS_State.State"', 'state = "vehicle.PACK_State.State"')
    rest = rest.replace('"vehicle.BMS_State.ErrorLatched"', '"vehicle.PACK_State.ErrorLatched"')
    return rest.replace("\n[mode]", "\n".join(["", *outputs, "", "[mode]"]), 1)


def written() -> dict[Path, str]:
    return {
        FOLDER / "sense.dbc": further_dbc(ROOT / "dbc/bench_io.dbc", OF_A_STRING, SENSE_STEP),
        FOLDER / "vehicle.dbc": further_dbc(ROOT / "dbc/bms.dbc", SAID_BY_EACH, VEHICLE_STEP, PACK_MESSAGE),
        FOLDER / "string_pack.toml": profile(),
    }


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
