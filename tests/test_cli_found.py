"""The commands of `hil` and the sections of a report are found by their place, in an order that is declared."""

from bench.cli.main import commands
from bench.report.section import Place, sections


def test_every_command_has_a_name_and_a_place_of_its_own() -> None:
    found = commands()
    names = [one.name for one in found]
    assert names[:5] == ["init", "run", "check", "list", "doctor"] and "rearm" in names
    assert len(set(names)) == len(names) and all(one.call.__doc__ for one in found)
    assert [one.place for one in found] == sorted(one.place for one in found)


def test_sections_stand_in_their_order() -> None:
    found = sections()
    assert found and [one.place for one in found] == sorted(one.place for one in found)
    assert all(one.title and one.place < Place.END + 100 for one in found)
