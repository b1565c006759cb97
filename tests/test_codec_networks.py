"""Bus descriptions beside DBC: what canmatrix reads, containers of ARXML, what is mended and what refused."""

import itertools
import random
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cantools.database
import pytest
from cantools.database.can import Message as CantoolsMessage
from cantools.database.can import Signal as CantoolsSignal
from cantools.database.conversion import BaseConversion

from bench.codec import canmatrix_model, cantools_model
from bench.codec.database import Database
from bench.codec.message import Message
from bench.codec.page_layout import compile_pages, idle_pages
from bench.config.play import Play, Shown
from bench.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]


def payloads(message: Message, count: int) -> list[bytes]:
    """Random ones, with a value of the multiplexer that the message knows, where it has one."""
    rng = random.Random(message.name)
    found = []
    for _ in range(count):
        data = bytearray(rng.randbytes(message.length))
        if message.mux is not None:
            one = message.fields[message.mux]
            word = int.from_bytes(data, "little") & ~one.mask(message.length)
            key = rng.choice(sorted(message.layout.branches[message.mux]))
            word |= key << one.shift(8 * message.length, True)
            data = bytearray(word.to_bytes(message.length, "little"))
        found.append(bytes(data))
    return found


def written(matrix: Any, kind: str, folder: Path) -> Path:
    """One of our own DBC files in another format, by canmatrix; a SYM of version 5.0."""
    from canmatrix import formats

    path = folder / f"x.{kind}"
    with path.open("wb") as file:
        formats.dump(matrix, file, kind, **({"jsonExportAll": True} if kind == "json" else {}))
    return path


@pytest.mark.parametrize(
    ("kind", "source"), [("json", "vehicle"), ("sym", "vehicle"), ("sym", "bms"), ("sym", "bench_io")]
)
def test_what_canmatrix_reads_decodes_as_cantools_does(kind: str, source: str, tmp_path: Path) -> None:
    formats = pytest.importorskip("canmatrix.formats")
    path = ROOT / "dbc" / f"{source}.dbc"
    (matrix,) = formats.loads(path.read_bytes(), import_type="dbc").values()
    ours = Database.load(written(matrix, kind, tmp_path))
    reference: Any = cantools.database.load_file(path)
    assert len(ours.messages) == len(reference.messages)
    for message in ours.messages:
        theirs = reference.get_message_by_frame_id(message.can_id)
        assert (message.name, message.extended, message.length) == (
            theirs.name,
            theirs.is_extended_frame,
            theirs.length,
        )
        multiplexer = {f"{message.name}_MUX"}  # SYM has no name for it
        for data in payloads(message, 8):
            expected = theirs.decode(data, decode_choices=False)
            told = {name: value for name, value in message.decode(data).items() if name not in multiplexer}
            assert told == pytest.approx({name: expected[name] for name in told}), (message, data.hex())
            assert expected.keys() - told.keys() <= set(theirs._codecs["multiplexers"]), message


def test_without_the_extra_the_line_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canmatrix_model, "is_there", lambda: False)
    path = tmp_path / "x.json"
    path.write_bytes(b"PK")
    with pytest.raises(
        ConfigError, match=r"a JSON file, and no canmatrix; expected it: pip install .*\[networks\]"
    ):
        Database.load(path)


@pytest.mark.parametrize("kind", ["xlsx", "json", "dbf", "xml", "fibex"])
def test_what_is_none_of_its_kind_is_one_line(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("canmatrix.formats")
    for content in (b"", b"PK\x03\x04", b"[]", b"{}", b"<a/>", b"\xff\xfe\x00"):
        path = tmp_path / f"x.{kind}"
        path.write_bytes(content)
        with pytest.raises(ConfigError) as told:
            Database.load(path)
        assert "\n" not in str(told.value) and str(path) in str(told.value)
    assert capsys.readouterr() == ("", "")


def signal(name: str, start: int, length: int, **more: Any) -> CantoolsSignal:
    scale = more.pop("scale", 1)
    conversion = BaseConversion.factory(scale, 0, None, False)
    return CantoolsSignal(name, start, length, conversion=conversion, **more)


def container(count: int = 3, most: int = 24, bytes_each: int = 2) -> CantoolsMessage:
    """Of AUTOSAR 4.x, as cantools has it out of an ARXML file."""
    pdus = [
        CantoolsMessage(
            frame_id=1,
            name=f"Pdu{number}",
            length=number + 2 if bytes_each else 1,
            signals=[]
            if not bytes_each
            else [
                signal(f"Wide{number}", 0, 12, scale=0.5),
                signal("Again", 15, 4, byte_order="big_endian"),
            ],
            header_id=0x10 + number,
        )
        for number in range(count)
    ]
    return CantoolsMessage(
        frame_id=0x321,
        name="Box",
        length=most,
        signals=[],
        contained_messages=pdus,
        is_fd=True,
        cycle_time=20,
    )


def described(source: CantoolsMessage) -> Message:
    return cantools_model.described(source, SimpleNamespace(dbc=None)).message


def test_a_container_is_read_as_cantools_reads_it_whatever_it_carries_in_any_order() -> None:
    source = container()
    message = described(source)
    assert (message.length, message.fd, message.cycle_ns) == (24, True, 20_000_000), (
        "21 bytes with their headers"
    )
    rng = random.Random(1)
    compared = 0
    for count in range(4):
        for chosen in itertools.permutations(source.contained_messages, count):
            parts: list[Any] = [
                (one, {"Again": 5, f"Wide{one.name[-1]}": rng.randrange(4096) / 2}) for one in chosen
            ]
            data = bytes(source.encode([(one.header_id, values) for one, values in parts])).ljust(24, b"\0")
            told = message.decode(data)
            expected = {}
            for one, values in parts:
                expected[f"Wide{one.name[-1]}"] = values[f"Wide{one.name[-1]}"]
                expected[f"{one.name}.Again"] = 5
            seen = {name: value for name, value in told.items() if not name.startswith("Header_")}
            assert seen == expected
            for number in range(3):
                assert message.reader(f"Wide{number}")(data) == expected.get(f"Wide{number}")
            compared += 1
    assert compared == 16


def test_a_played_container_is_one_frame_with_all_of_its_pdus() -> None:
    source = container()
    message = described(source)
    shown = tuple(Shown(signal=f"Wide{number}", quantity="", offset=100.0 + number) for number in range(3))
    play = Play(channel="v", message="Box", by="bench", cycle_ns=None, gap_ns=0, timeout_ns=None, shown=shown)
    pages = compile_pages(play, message, {}, "p.toml")
    assert len(pages.pages) == 1
    told: Any = source.decode(
        pages.payload(0, lambda *_: None)[:21], decode_containers=True, decode_choices=False
    )
    assert [(one.name, values[f"Wide{one.name[-1]}"]) for one, values in told] == [
        ("Pdu0", 100),
        ("Pdu1", 101),
        ("Pdu2", 102),
    ]
    idle = idle_pages(message).payload(0, lambda *_: None)
    assert idle == bytes(24), "an empty container"


def test_a_container_that_can_be_filled_in_too_many_ways_is_told() -> None:
    with pytest.raises(ValueError, match="found a container of 12 PDUs; expected fewer ways to fill it"):
        described(container(count=12, most=64, bytes_each=0))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "x.cdd",
            "found a description of diagnostics, and no frames in it; expected a file that describes messages",
        ),
        ("x.xlsx", "found an Excel file, which nothing here reads; expected it exported as a DBC"),
        ("x.dbf", "found a DBF of BUSMASTER, which nothing here reads; expected it exported as a DBC"),
    ],
)
def test_files_that_describe_no_frames_or_that_nobody_reads_are_one_line(
    name: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(b"<?xml version='1.0'?><CANDELA/>")
    with pytest.raises(ConfigError, match=re.escape(words)):
        Database.load(tmp_path / name)


def test_a_sym_whose_multiplexer_values_begin_with_a_letter_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.sym"
    path.write_text(
        'FormatVersion=6.0 // Do not edit this line!\nTitle="t"\n{SIGNALS}\nSig=A unsigned 8\nSig=B unsigned 8\n'
        "{SENDRECEIVE}\n[M]\nID=100h\nLen=2\nMux=One 0,8 DFh\nSig=A 8\n[M]\nLen=2\nMux=Two 0,8 0Ah\nSig=B 8\n"
    )
    message = Database.load(path)["M"]
    assert message.decode(bytes([0xDF, 7]))["A"] == 7
    assert message.decode(bytes([0x0A, 9]))["B"] == 9


def test_a_kcd_with_an_id_that_has_no_room_keeps_its_other_messages(tmp_path: Path) -> None:
    path = tmp_path / "x.kcd"
    path.write_text(
        '<NetworkDefinition xmlns="http://kayak.2codeornot2code.org/1.0"><Document/><Bus name="v">'
        '<Message id="0xFF9B41" name="Far" length="8"><Signal name="S" offset="0" length="8"/></Message>'
        '<Message id="0x124" name="Near" length="8"><Signal name="T" offset="0" length="8"/></Message>'
        "</Bus></NetworkDefinition>"
    )
    database = Database.load(path)
    assert [one.name for one in database.messages] == ["Near"]
    with pytest.raises(
        ConfigError, match=r"\[Far\]: id 0xFF9B41 has more than 11 bits; expected the message said"
    ):
        database["Far"]


def test_a_statement_of_the_whole_file_that_cannot_be_read_costs_no_message(tmp_path: Path) -> None:
    path = tmp_path / "x.dbc"
    path.write_text(
        'VERSION ""\nNS_ :\nBS_: 500 : 2,2\nBU_: B\nBO_ 1 Good: 8 B\n SG_ Z : 0|8@1+ (1,5) [0|255] "" B\n'
        'BA_DEF_ BO_ "Strange" BOOL False True;\n'
    )
    database = Database.load(path)
    assert [one.name for one in database.messages] == ["Good"]
    assert database["Good"].senders == ("B",)
    told = database.warnings()
    assert len(told) == 2 and all("until then it is not read" in line for line in told), told
    assert re.search(r"\[line 3\]", told[0]) and re.search(r"\[line 7\]", told[1])
