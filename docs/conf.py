"""How the pages of docs/ become a site. Built strictly by .ci/docs: sphinx-build -W docs docs/_build.

Whatever the program knows (commands, keys, findings, faults, instruments, docstrings) is written at build time into
`_generated`, which git ignores.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_GENERATED = _HERE / "_generated"
sys.path[:0] = [str(_HERE), str(_HERE.parent)]
os.environ["COLUMNS"] = "400"  # a help text is wrapped by the browser

from reference_pages.write import write_pages  # noqa: E402 - found by the line above

from bench import __version__  # noqa: E402

write_pages(_GENERATED / "reference")
if not (_GENERATED / "pictures").is_dir():  # .ci/docs has made them already
    walks = [sys.executable, str(_HERE / "walks.py"), "--pictures", str(_GENERATED / "pictures")]
    subprocess.run(walks, check=True)

project = "BMS HIL bench"
author = "The BMS HIL bench authors"
copyright = "2026, the BMS HIL bench authors"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "**/__pycache__", "examples"]
nitpicky = False  # types of other packages have no pages here
default_role = "code"

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
python_display_short_literal_types = True
python_maximum_signature_line_length = 100

html_theme = "furo"
html_title = f"BMS HIL bench {release}"
html_static_path = ["_static"]
html_css_files = ["wide_tables.css"]
html_copy_source = False


def _lists_apart(app: object, what: str, name: str, of: object, options: object, lines: list[str]) -> None:
    """Our docstrings begin a list right below its sentence, where reStructuredText wants an empty line."""
    apart: list[str] = []
    in_list = False
    for line in lines:
        begins = line.startswith("- ")
        if begins and apart and apart[-1].strip() and not in_list:
            apart.append("")
        in_list = begins or (in_list and line.startswith("  "))
        apart.append(line)
    lines[:] = apart


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _lists_apart)
