"""How long a browser takes to open a report: processor time of all its processes, since a busy machine makes it wait.

    python benchmarks/report.py RUN/report.html [other.html …]

Needs Chromium. Each page is opened five times; the median of them, less that of an empty page, is told. Exit code 1
where the first page takes a second or more, or has 3 MB or more: both are promised of a whole library.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TIMES = 5
PROMISED_S = 1.0
PROMISED_BYTES = 3_000_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def opened_s(browser: str, page: str) -> float:
    """Processor seconds of a browser that opens a page, draws it and ends."""
    with tempfile.TemporaryDirectory() as profile:
        words = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
            "--window-size=1280,900", f"--screenshot={profile}/seen.png", page,
        ]  # fmt: skip
        before = os.times()
        subprocess.run(words, capture_output=True, timeout=300, stdin=subprocess.DEVNULL, check=True)
        after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main(pages: list[str]) -> int:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None or not pages:
        print(f"expected a page, and one of {', '.join(BROWSERS)}", file=sys.stderr)
        return 2
    empty = statistics.median(opened_s(browser, "about:blank") for _ in range(TIMES))
    took = {}
    for page in pages:
        file = Path(page).resolve()
        took[page] = statistics.median(opened_s(browser, file.as_uri()) for _ in range(TIMES)) - empty
        told = f"{took[page]:.2f} s of processor time over an empty page ({empty:.2f} s)"
        print(f"{page}: {file.stat().st_size / 1e6:.2f} MB, {told}")
    kept = took[pages[0]] < PROMISED_S and Path(pages[0]).stat().st_size < PROMISED_BYTES
    if not kept:
        print(
            f"missed: {pages[0]} takes {PROMISED_S:g} s or {PROMISED_BYTES / 1e6:g} MB, or more",
            file=sys.stderr,
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
