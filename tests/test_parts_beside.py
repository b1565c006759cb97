"""A file with a second part in it: taken where all of a file are, and told where only one is."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bench.door import apart
from bench.door.apart import Apart, EndedAlone
from bench.parts import Shelf, files_of

MODULE = """
class Part:
    def __init__(self, title):
        self.title = title
KIND = Part("first")
OTHER = Part("second")
AGAIN = OTHER
"""


@pytest.fixture
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type:
    (tmp_path / "holds_two_parts.py").write_text(MODULE)
    (tmp_path / "holds_one_more.py").write_text(
        "from holds_two_parts import KIND as BASE, Part\nKIND = Part('own')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import holds_two_parts

    found: type = holds_two_parts.Part
    return found


def shelf(kind: type, *, every: bool) -> Shelf[object]:
    house = {"two": "holds_two_parts", "more": "holds_one_more"}
    return Shelf(what="part", group="none.at_all", kind=kind, house=lambda: house, every=every)


def test_a_second_part_of_a_file_is_told_or_taken(kind: type) -> None:
    told = shelf(kind, every=False)
    assert told.troubles() == [
        "part 'two' of holds_two_parts: found 2 of a Part in it, and only KIND is taken; expected each in a file of "
        "its own"
    ]
    taken = shelf(kind, every=True)
    assert taken.troubles() == []
    assert [getattr(one, "title", "") for one in taken.beside("two")] == ["second"]
    assert taken.beside("more") == (), "what it imports from another part is that part's"


def test_a_shelf_without_parts_of_the_house_is_empty_and_files_are_named_by_their_stem(
    tmp_path: Path,
) -> None:
    assert Shelf(what="part", group="none.at_all", kind=object).names() == ()
    (tmp_path / "b.toml").touch()
    assert files_of(tmp_path, "*.toml")() == {"b": str(tmp_path / "b.toml")}


def test_a_process_apart_that_is_slow_to_end_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_GONE_S", 0.05)

    async def told() -> None:
        reader = asyncio.StreamReader()
        reader.feed_eof()
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as slow:
            with pytest.raises(
                EndedAlone, match=r"closed its line and has not ended within 0\.05 s, and said"
            ):
                await Apart(slow, (reader, None)).told()
            assert slow.stdin is not None
            slow.stdin.write(b"\n")
            slow.stdin.close()
            slow.wait(30)
            with pytest.raises(EndedAlone, match="ended with exit code 0, and said nothing"):
                await Apart(slow, (reader, None)).told()

    asyncio.run(told())
