"""A run's rows are made the same from its stored JSON, which is quick, and from the results in full."""

import json

from sample_run import sample_run

from bench.record import same_rows
from bench.record.codable import run_from_dict, run_to_dict


def test_the_quick_way_makes_the_rows_of_the_slow_one() -> None:
    """A column that only one of them knows would send every comparison the slow way, untold."""
    stored = json.loads(json.dumps(run_to_dict(sample_run(n=12))))
    quickly = same_rows._quickly(stored)
    assert same_rows._text(quickly) == same_rows._text(same_rows._exactly(run_from_dict(stored)))
    assert any(shot["fdti_low_ns"] is None for shot in quickly[2]) and quickly[3]
