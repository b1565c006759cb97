"""A wall clock that steps while the bench measures, as a time service or an operator makes it step.

Setting the machine's clock needs rights that no bench should have. So the steps are put in where this process reads
that clock, and where it is handed stamps that the kernel has made of it.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.links import socketcan, udp_multicast

_LINKS: tuple[Any, ...] = (udp_multicast, socketcan)


@contextmanager
def wall_clock_steps(steps: Sequence[tuple[int, int]]) -> Iterator[None]:
    """steps: (ns after now, ns by which the wall clock is wrong from then on), in order."""
    real_ns = time.time_ns
    began_ns, readers = real_ns(), [(link, link.read_beside) for link in _LINKS]

    def wrong_ns(at_ns: int) -> int:
        return next((by_ns for after_ns, by_ns in reversed(steps) if at_ns - began_ns >= after_ns), 0)

    def stepping(read: Any) -> Any:
        def beside(ancillary: Any) -> Any:
            one = read(ancillary)
            return one._replace(kernel_ns=one.kernel_ns + wrong_ns(one.kernel_ns))

        return beside

    def now_ns() -> int:
        true_ns = real_ns()
        return true_ns + wrong_ns(true_ns)

    try:
        time.time_ns = now_ns
        for link, read in readers:
            link.read_beside = stepping(read)
        yield
    finally:
        time.time_ns = real_ns
        for link, read in readers:
            link.read_beside = read
