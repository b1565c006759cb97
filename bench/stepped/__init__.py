"""Firmware compiled for the host, in simulated time: what a program needs that `start = "stepped"` begins.

In Python `serve`; in C `hil_stepped.h`, in the folder that `python -m bench.stepped` prints. The protocol:
docs/how-to/stepped_firmware.md.
"""

from bench.stepped.serve import Stepped, serve

__all__ = ["Stepped", "serve"]
