"""A format that no reader of others holds is not shipped."""

from pathlib import Path

from bench.stored.export import EXPORTERS

TESTS = Path(__file__).parent
# The reader that a test has to import, and how that test names what it hands over.
READ_BY = {
    "asc": ("can.LogReader", '"asc"'),
    "bdf": ("bdf.cli", '"bdf"'),
    "blf": ("can.BLFReader", '"blf"'),
    "csv": ("duckdb", '"csv"'),
    "junit": ("ub_test_reports", "write_junit"),
    "marks": ("duckdb", '"marks"'),
    "mf4": ("asammdf", '"mf4"'),
    "needs": ("sphinx_needs", "write_needs"),
    "parquet": ("duckdb", '"parquet"'),
    "reqif": ("reqif.parser", "write_reqif"),
}


def test_every_kind_of_export_meets_a_reader_of_others() -> None:
    texts = [file.read_text(encoding="utf-8") for file in TESTS.rglob("test_*.py") if file != Path(__file__)]
    for kind in EXPORTERS:
        assert kind in READ_BY, f"--to {kind}: expected a test with its reader in tests/consumers"
        assert any(all(one in text for one in READ_BY[kind]) for text in texts), kind
