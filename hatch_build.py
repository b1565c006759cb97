"""The build hook: builds the native core and the reference firmware's C implementation at install and into a wheel.

Whatever goes wrong here is told in a line and fails no install: without the files both run in Python. Zig's
wheel is asked for only where no compiler is found, and the index has one for this platform.
"""

import os
import subprocess
import sys
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_INDEX_ASKED_S = 30.0
_PATIENCE_S = 600.0  # zig's first build took 9 s on a quiet machine, and more than 120 on a crowded one


class CoreBuildHook(BuildHookInterface):
    """Editable: the library lies beside the sources. Wheel: inside, and the wheel is this platform's then."""

    def dependencies(self) -> list[str]:
        if os.environ.get("BMS_HIL_CORE") == "python":
            return []
        try:
            sys.path.insert(0, self.root)
            from bench.c_library import compiler

            return ["ziglang"] if not os.environ.get("CC") and compiler() is None and _on_index() else []
        except Exception as error:  # noqa: BLE001 - nothing of this fails an install
            self._tell(error)
            return []
        finally:
            sys.path.remove(self.root)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get("BMS_HIL_CORE") == "python":
            return
        try:
            sys.path.insert(0, self.root)
            from bench.c_library import made
            from bench.core import library as core
            from firmware_stubs.reference_bms_c import recipe

            paths = [
                made(
                    recipe.target("reference", recipe.LIBRARY),
                    [recipe.HERE / "build"],
                    patience_s=_PATIENCE_S,
                ),
                made(core.target(), [core.HERE / "build"], patience_s=_PATIENCE_S),
            ]
        except Exception as error:  # noqa: BLE001 - nothing of this fails an install
            self._tell(error)
            return
        finally:
            sys.path.remove(self.root)
        if version != "editable":
            for path in paths:
                build_data["force_include"][str(path)] = path.relative_to(self.root).as_posix()
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def _tell(self, error: Exception) -> None:
        self.app.display_warning(
            f"bench and reference firmware run in Python, which is slower: no library was built ({error}); "
            "with gcc or clang the first run builds it, and `python -m firmware_stubs.build_c reference` the firmware"
        )


def _on_index() -> bool:
    """Whether this index has a wheel of zig for this platform. Asking for one that is out of reach fails an install."""
    words = [sys.executable, "-m", "pip", "index", "versions", "--only-binary", ":all:", "ziglang"]
    # The build's own environment is isolated from pip; the interpreter that it stands on mostly is not.
    outside = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONNOUSERSITE")
    }
    try:
        done = subprocess.run(words, env=outside, capture_output=True, timeout=_INDEX_ASKED_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
