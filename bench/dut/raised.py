"""What a firmware in process raises that is no Exception: it is the firmware's own, and must not end a run."""

from bench.errors import DutError, text_of, writable
from bench.timing.stopping import interrupts_raise


def raised_by_firmware(error: BaseException) -> BaseException:
    """As an error of the shot: GeneratorExit, CancelledError, KeyboardInterrupt or a class of its own.

    A KeyboardInterrupt is the user's where a signal handler may have raised it.
    """
    if isinstance(error, KeyboardInterrupt) and interrupts_raise():
        return error
    told = text_of(error)
    own = DutError(f"the firmware raised {writable(type(error).__name__)}{': ' if told else ''}{told}")
    return own.with_traceback(error.__traceback__)  # its last line is the firmware's
