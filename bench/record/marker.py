"""A file beside a rig's record folder that keeps the rig from being driven: whatever has its name holds."""

import json
from collections.abc import Mapping
from pathlib import Path


def is_there(file: Path) -> bool:
    """Anything of that name: also a link that leads nowhere, and what nobody can reach."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def set_once(file: Path, said: Mapping[str, object]) -> str | None:
    """Write it; one that is there stays, for the first cause is the one to look at. Why it is not there afterwards."""
    trouble = "it was not there afterwards"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", errors="backslashreplace") as out:
            json.dump(said, out, indent=1)
    except OSError as error:  # also where its folder is no folder, which is told as what exists, too
        trouble = str(error)
    return None if is_there(file) else trouble
