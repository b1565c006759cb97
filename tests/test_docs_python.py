"""The scripts of docs/python.md, as a user copies them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_bench import small_bench

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_scripts_of_the_page_run_as_they_stand(tmp_path: Path) -> None:
    folder = small_bench(tmp_path)
    (folder / "scenarios" / "cells").mkdir()
    shutil.copy(ROOT / "scenarios" / "cells" / "ov_step_cell17.toml", folder / "scenarios" / "cells")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.S)
    assert len(blocks) == 2
    (folder / "mine.py").write_text("\n".join(blocks))
    line = [sys.executable, "mine.py"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "all shots fired" in done.stdout and "trace in" in done.stdout


def test_the_page_imports_public_names_only() -> None:
    page = (ROOT / "docs" / "python.md").read_text()
    assert re.findall(r"^(?:from|import) (bench\S*)", page, re.M) == ["bench"]
