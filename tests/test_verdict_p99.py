"""A p99 is given from 299 shots only: below, it is their largest under another name."""

import json
import re

import pytest
from sample_run import latency, sample_run

from bench.doctor.finding import spread
from bench.record.codable import decode, encode
from bench.report.html import render_html
from bench.report.told.document import schema_id
from bench.report.told.stored import ReportTold, RunTold
from bench.report.words import p99_words
from bench.units import NS_PER_MS
from bench.verdict.result import FEWER_THAN_299, FEWEST_FOR_P99, LatencyStatistics
from bench.verdict.statistics import latency_statistics, wilks_n


def of(n: int) -> LatencyStatistics:
    found = latency_statistics([latency(k * NS_PER_MS, NS_PER_MS) for k in range(1, n + 1)])
    assert found is not None
    return found


def test_the_number_is_wilks_s() -> None:
    assert wilks_n(0.99, 0.95) == FEWEST_FOR_P99


@pytest.mark.parametrize("n", [1, 20, 59, 298])
def test_below_it_is_null_with_a_reason(n: int) -> None:
    told = encode(of(n))
    assert (told["p99_low_ns"], told["p99_high_ns"], told["why_no_p99"]) == (None, None, "fewer-than-299")
    assert p99_words(of(n)) == "– (n < 299)"
    assert decode(LatencyStatistics, json.loads(json.dumps(told))) == of(n)


def test_from_299_on_it_is_given() -> None:
    found = of(299)
    assert found.p99_high_ns is not None and found.p99_low_ns is not None and found.why_no_p99 == ""
    assert found.p99_low_ns <= 297 * NS_PER_MS <= found.p99_high_ns
    assert p99_words(found) not in ("", "– (n < 299)")


def test_one_that_an_older_release_has_stored_is_not_shown_either() -> None:
    old = encode(of(59)) | {"p99_low_ns": 58 * NS_PER_MS, "p99_high_ns": 59 * NS_PER_MS}
    del old["why_no_p99"]
    found = decode(LatencyStatistics, old)
    assert (found.p99_low_ns, found.p99_high_ns, found.why_no_p99) == (None, None, FEWER_THAN_299)
    assert found == of(59), "so it is judged again as recorded"


def test_the_report_prints_none_of_few_shots() -> None:
    page = render_html(sample_run(n=59))
    rows = re.findall(r"<tr><td>F[DH]TI</td>.*?</tr>", page)
    assert rows and all('<td class="num">– (n &lt; 299)</td>' in row for row in rows)


def test_documents_whose_figure_may_be_null_now_have_another_version() -> None:
    assert [schema_id(kind) for kind in (RunTold, ReportTold)] == [
        "bms-hil-bench/run/2",
        "bms-hil-bench/report/2",
    ]


def test_the_doctor_of_few_values_names_none() -> None:
    assert "p99" not in spread(list(range(1, 299))).words()
    assert "p99" in spread(list(range(1, 300))).words()
