"""Tables of `hil trace` and `hil safety` break no word and lose no column at 80 columns; what does not fit stands in
lines.
"""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WORDS = {
    "trace": ("goal", "ASIL", "fault class", "mapped", "passed", "SG-IMEAS-REST", "communication"),
    "safety": ("SG-OV cell overcharge", "may be decomposed into", "still missing", "side by side"),
}
ENDS = {"trace": "safety goals have a scenario", "safety": "no finished run"}  # what stands below the tables


def at_80_columns(folder: Path, *words: str) -> str:
    """What a command says on a terminal of 80 columns."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    own = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    own |= {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", *words], cwd=folder, env=own, stdin=there, stdout=there, stderr=there
    )
    os.close(there)
    said = b""
    while True:
        try:
            piece = os.read(here, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(here)
    process.wait()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode()).replace("\r\n", "\n")


@pytest.mark.skipif(sys.platform != "linux", reason="asks a pseudo-terminal for its width")
@pytest.mark.parametrize("command", sorted(WORDS))
def test_no_word_is_broken_and_no_column_is_lost(tmp_path: Path, command: str) -> None:
    for name in ("dbc", "scenarios"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "hil_config.toml", tmp_path)
    said = at_80_columns(tmp_path, command)
    tables, end, _ = said.partition(ENDS[command])
    assert end, said
    assert not [line for line in tables.splitlines() if len(line.rstrip()) > 80]
    assert not [line for line in tables.splitlines() if re.fullmatch(r"[ │┃]*\w[ │┃]*", line)], (
        "a letter a line"
    )
    everything = " ".join(tables.split())
    assert [words for words in WORDS[command] if words not in everything] == []
