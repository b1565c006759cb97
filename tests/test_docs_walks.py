"""A page of the tutorial is held to what it promises: exit codes, what a command says, files that it tells to save."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = """# A page

Save this as `hello.py`:

```python
print("hello   \\x1b[1mworld\\x1b[0m, three words")
```

    mkdir inner
    cp hello.py inner
    cd inner
    python3 hello.py

```text
hello world,
…
words
```

    python3 -c "raise SystemExit(3)"     # not decided: ends with 3
    python3 -m pip install nothing-of-this
"""


@pytest.fixture(scope="module")
def walks() -> Iterator[ModuleType]:
    sys.path.insert(0, str(DOCS))
    try:
        import walks

        yield walks
    finally:
        sys.path.remove(str(DOCS))


def wrong(walks: ModuleType, page: str, folder: Path) -> str:
    (folder / "page.md").write_text(page, encoding="utf-8")
    try:
        walks.walk(folder / "page.md", None)
    except walks.WrongPage as error:
        return str(error)
    return ""


def test_a_page_whose_promises_hold_is_walked_to_its_end(
    walks: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wrong(walks, PAGE, tmp_path) == ""
    assert "raise SystemExit(3)" in capsys.readouterr().out
    assert not any("pip install" in line for line in walks.command_lines(PAGE))


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("ends with 3", "that is all", "exit code 3, the page says 0"),
        ("hello world,\n", "hello moon\n", "the page shows: hello moon"),
        ("    cd inner\n", "    cd inner\n    python3 missing.py\n", "exit code 2, the page says 0"),
    ],
)
def test_a_promise_that_does_not_hold_is_told(
    walks: ModuleType, tmp_path: Path, was: str, now: str, told: str
) -> None:
    assert was in PAGE and told in wrong(walks, PAGE.replace(was, now), tmp_path)
