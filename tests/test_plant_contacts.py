"""Contacts as mechanics: when they move, bounce, arc, wear, weld and stick, and which of two does."""

import random

import pytest

from bench.plant.contactors import ARC_WELDS_AFTER_NS, Contactor, Contactors
from bench.units import NS_PER_MS

MS = NS_PER_MS


def test_a_contact_moves_when_the_demand_has_stood_for_its_time_and_says_how_long_ago() -> None:
    contact = Contactor(name="plus", closing_time_ns=12 * MS, opening_time_ns=14 * MS, command=True)
    contact.advance(11 * MS)
    assert not contact.closed and contact.moved_ns_ago == -1 and not contact.settled
    contact.advance(4 * MS)
    assert contact.closed and contact.moved_ns_ago == 3 * MS and contact.settled and contact.feedback == 1
    contact.advance(MS)
    assert contact.moved_ns_ago == -1
    contact.command = False
    assert contact.parts_in_ns(13 * MS) is None and contact.parts_in_ns(14 * MS) == 14 * MS
    contact.advance(5 * MS)
    assert contact.parts_in_ns(9 * MS) == 9 * MS
    contact.advance(9 * MS)
    assert not contact.closed and contact.moved_ns_ago == 0
    assert contact.parts_in_ns(MS) is None


def test_a_bouncing_contact_opens_and_closes_at_every_step_until_it_rests() -> None:
    contact = Contactor(name="plus", bounce_ns=3 * MS, command=True)
    contact.advance(12 * MS)
    assert contact.closed and not contact.settled
    seen = []
    for _ in range(4):
        contact.advance(MS)
        seen.append((contact.closed, contact.moved_ns_ago))
    assert seen == [(False, 0), (True, 0), (True, -1), (True, -1)]
    assert contact.settled
    again = Contactor(name="plus", bounce_ns=3 * MS, command=True)
    again.advance(12 * MS)
    again.advance(MS)
    again.command = False
    again.advance(MS)
    assert not again.closed and again.settled, "dropped in mid-bounce it is open"
    welded = Contactor(name="plus", bounce_ns=3 * MS, command=True)
    welded.weld()
    welded.advance(12 * MS)
    assert welded.closed and welded.settled, "a weld does not bounce"


def test_an_arc_lasts_as_long_as_its_current_and_welds_after_fifty_milliseconds() -> None:
    assert ARC_WELDS_AFTER_NS == 50 * MS
    for current_a, arcs in ((2000.0, False), (-2001.0, True)):
        contact = Contactor(name="plus", closed=True)
        contact.advance(11 * MS, current_a)
        contact.advance(MS, current_a)
        assert contact.closed is arcs and contact.arcing is arcs
        if arcs:
            assert contact.parts_in_ns(MS) == 0, "it has parted"
            for _ in range(48):
                contact.advance(MS, current_a)
            assert not contact.welded
            contact.advance(MS, current_a)
            assert contact.welded and contact.closed
            contact.advance(MS, 0.0)
            assert contact.closed and not contact.arcing and contact.settled


def test_an_arc_that_burns_in_the_other_contact_keeps_this_one_conducting() -> None:
    contact = Contactor(name="minus", closed=True)
    contact.advance(20 * MS, 0.0, bridged=True)
    assert contact.closed
    contact.advance(MS, 3000.0)
    assert not contact.closed, "its gap has long been wide"


def test_a_contact_that_is_dead_welded_or_healed_follows_what_it_is() -> None:
    contact = Contactor(name="plus", closed=True, command=True)
    contact.weld()
    assert contact.welded and contact.settled
    contact.command = False
    assert contact.parts_in_ns(1000 * MS) is None and contact.settled
    contact.stick_open()
    assert not contact.welded and not contact.settled and contact.parts_in_ns(12 * MS) == 12 * MS
    contact.command = True
    assert contact.parts_in_ns(12 * MS) == 12 * MS, "a dead coil"
    contact.weld()
    assert contact.settled
    contact.heal()
    assert contact.settled and contact.parts_in_ns(12 * MS) is None


def test_contactors_make_a_path_by_both_mains_or_by_the_precharge_in_place_of_plus() -> None:
    contactors = Contactors(random.Random(3))
    names = [contactors.plus.name, contactors.minus.name, contactors.precharge.name]
    assert names == ["plus", "minus", "precharge"]
    for one in (contactors.plus, contactors.minus, contactors.precharge):
        assert 10 * MS <= one.closing_time_ns <= 15 * MS and 10 * MS <= one.opening_time_ns <= 15 * MS
    for plus in (False, True):
        for minus in (False, True):
            for precharge in (False, True):
                for one, closed in ((contactors.plus, plus), (contactors.minus, minus)):
                    one.closed = one.command = closed
                contactors.precharge.closed = contactors.precharge.command = precharge
                assert contactors.main_path is (plus and minus)
                assert contactors.precharge_path is (precharge and minus and not plus)
                assert contactors.settled
                for one in (contactors.plus, contactors.minus, contactors.precharge):
                    one.command = not one.command
                    assert not contactors.settled
                    one.command = not one.command


def test_times_of_contacts_are_drawn_evenly_over_their_five_milliseconds() -> None:
    drawn = [Contactors(random.Random(seed)) for seed in range(60)]
    for what in ("closing_time_ns", "opening_time_ns"):
        times_ms = sorted(getattr(one.plus, what) / MS for one in drawn)
        assert 10.0 <= times_ms[0] < 10.5 and 14.5 < times_ms[-1] <= 15.0
    assert all(one.plus.closing_time_ns != one.plus.opening_time_ns for one in drawn)


def test_the_inrush_passes_the_main_that_closed_last_and_no_open_one() -> None:
    contactors = Contactors(random.Random(1))
    plus, minus = contactors.plus, contactors.minus
    plus.closing_time_ns, minus.closing_time_ns = 11 * MS, 13 * MS
    plus.command = minus.command = True
    contactors.advance(15 * MS)
    assert (plus.moved_ns_ago, minus.moved_ns_ago) == (4 * MS, 2 * MS)
    contactors.make(500.0)
    assert (plus.wear, minus.wear) == (0.0, pytest.approx(0.4**2 / 50))
    contactors.advance(MS)
    contactors.make(500.0)
    assert minus.wear == pytest.approx(0.4**2 / 50), "nothing has closed"


def test_a_main_that_closes_at_the_very_end_of_a_step_closed_last_too() -> None:
    both = Contactors(random.Random(1))
    both.plus.closing_time_ns, both.minus.closing_time_ns = 12 * MS, 11 * MS
    both.plus.command = both.minus.command = True
    for _ in range(12):
        both.advance(MS)
    assert both.main_path and both.plus.moved_ns_ago == 0
    both.make(1300.0)
    assert (both.plus.welded, both.minus.welded) == (True, False)


def test_a_worn_contact_makes_less_down_to_half_and_no_further() -> None:
    limits_a = [Contactor(name="plus", wear=wear).welds_above_a for wear in (0.0, 0.5, 1.0, 3.0)]
    assert limits_a == pytest.approx([1250.0, 937.5, 625.0, 625.0])
    at_limit, above = Contactor(name="plus"), Contactor(name="plus")
    at_limit.make(-1250.0)
    above.make(-1250.1)
    assert (at_limit.welded, above.welded) == (False, True)


def test_of_two_mains_the_first_that_parts_breaks_the_current() -> None:
    contactors = Contactors(random.Random(1))
    plus, minus = contactors.plus, contactors.minus
    plus.opening_time_ns, minus.opening_time_ns = 14 * MS, 11 * MS
    for one in (plus, minus):
        one.closed = True
    contactors.advance(11 * MS, 3000.0)
    assert minus.arcing and not plus.arcing
    contactors.advance(4 * MS, 3000.0)
    assert minus.closed and plus.closed and not plus.arcing
    contactors.advance(MS, 3000.0)
    assert minus.arcing and not plus.arcing, "both have parted: the arc stays where it is"
    contactors.advance(MS, 100.0)
    assert not minus.closed and not minus.welded
    contactors.advance(MS, 0.0)
    assert not plus.closed and not plus.welded


def test_of_two_mains_that_part_at_one_instant_plus_draws_the_arc() -> None:
    contactors = Contactors(random.Random(1))
    for one in (contactors.plus, contactors.minus):
        one.closed, one.opening_time_ns = True, 12 * MS
    contactors.advance(12 * MS, 3000.0)
    assert contactors.plus.arcing and not contactors.minus.arcing
