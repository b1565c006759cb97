"""Exports in the hands of those who read them: these tests fail, and are not skipped, where a reader is missing.

.ci/consumers installs the readers (extra `consumers`) and runs `pytest -m consumers`.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.consumers)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two shots of one scenario, made by the command."""
    folder = tmp_path_factory.mktemp("run")
    subprocess.run(
        [sys.executable, "-m", "bench", "run", str(ROOT / "scenarios/contactors/weld_plus_at_opening.toml"),
         "-k", "weld-plus-at-opening", "--repeat", "2", "--workers", "1", "--out", str(folder)],
        cwd=ROOT, capture_output=True, timeout=100, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    (found,) = [path for path in folder.iterdir() if (path / "footer.json").is_file()]
    return found


@pytest.fixture(scope="session")
def jenkins_xsd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Jenkins' junit-10.xsd, from pytest's own source package on PyPI: the one of jenkinsci/xunit-plugin at
    8c515de2804b3fd591a3b0f1ff8908a1b1a41887, but for white space.
    """
    folder = tmp_path_factory.mktemp("pytest")
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest",
         str(folder), "pytest==8.4.2"],
        capture_output=True, timeout=100, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    (package,) = folder.glob("pytest-*.tar.gz")
    shutil.unpack_archive(package, folder, filter="data")
    (found,) = folder.rglob("junit-10.xsd")
    return found
