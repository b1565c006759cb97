"""python-can and cantools (which imports it), imported without asammdf.

Where asammdf is installed (extra `mf4`), python-can imports it, and with it pandas. That is for a log format that
nothing here reads or writes through python-can, and costs a second at every start of `hil`. bench.record.mf4 imports
asammdf itself.
"""

import logging
import sys

_unseen = "asammdf" not in sys.modules
if _unseen:
    sys.modules["asammdf"] = None  # type: ignore[assignment]  # python-can takes it as not installed
try:
    import can
    import cantools
finally:
    if _unseen:
        del sys.modules["asammdf"]

# It logs about messages twice in a file without saying which file; the codec says it, in its own line.
logging.getLogger("cantools").addHandler(logging.NullHandler())

__all__ = ["can", "cantools"]
