"""What a firmware in process raises is its own: its shot ends with it, as that of a process that crashes."""

from bench.errors import BenchError, DutCrashed, text_of, writable
from bench.timing.stopping import interrupts_raise


def raised_by_firmware(error: BaseException) -> BaseException:
    """As a crash of the DUT: an Exception, SystemExit, GeneratorExit, CancelledError, or a class of its own.

    A KeyboardInterrupt is the user's where a signal handler may have raised it, and a want of memory the machine's.
    """
    if isinstance(error, BenchError | MemoryError) or (
        isinstance(error, KeyboardInterrupt) and interrupts_raise()
    ):
        return error
    name, told = writable(type(error).__name__), text_of(error)
    own = DutCrashed(f"the firmware raised {name}{': ' if told else ''}{told}", raised=name)
    return own.with_traceback(error.__traceback__)  # its last line is the firmware's
