"""The wheel in the hands of who puts it on an index: auditwheel says which systems can load what is inside."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_the_firmware_in_c_and_loads_on_every_linux_since_glibc_2_17(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path), str(ROOT)],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert "-py3-none-linux_" in wheel.name, "one wheel a platform, for every Python"
    shown = subprocess.run(
        [sys.executable, "-m", "auditwheel", "show", str(wheel)],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=True,
    ).stdout  # fmt: skip
    glibc = re.search(r'"manylinux_2_(\d+)_', " ".join(shown.split()))
    assert glibc and int(glibc[1]) <= 17, shown
