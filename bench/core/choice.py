"""Which core is asked for, by one variable of the environment, so that workers of a run have the same."""

import os
from enum import StrEnum

CORE = "BMS_HIL_CORE"


class CoreName(StrEnum):
    """NATIVE: in C, or an error. PYTHON: bench and firmware in Python. Where none is named: native if it can be."""

    NATIVE = "native"
    PYTHON = "python"


def take_core(name: CoreName) -> None:
    """For this process, and for those that it starts from now on."""
    os.environ[CORE] = name
