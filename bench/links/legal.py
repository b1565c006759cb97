"""What no CAN bus can carry, and no log of one can hold: kept out where frames come in."""

from bench.trace.events import CanFrame

FD_LENGTHS = frozenset((*range(9), 12, 16, 20, 24, 32, 48, 64))
_MOST = {False: 0x7FF, True: 0x1FFF_FFFF}


def no_can_frame(frame: object) -> str | None:
    """Why this is no CAN frame, in words; None where it is one."""
    if not isinstance(frame, CanFrame):
        return f"a {type(frame).__name__} in place of a frame"
    can_id, data, *flags = frame
    if type(can_id) is not int or type(data) is not bytes or any(type(one) is not bool for one in flags):
        kinds = ", ".join(type(one).__name__ for one in frame)
        return f"a frame of {kinds}; expected int, bytes, bool, bool, bool"
    if not 0 <= can_id <= _MOST[frame.extended]:
        return f"id {can_id:#x} in {'an extended' if frame.extended else 'a standard'} frame"
    if len(data) not in FD_LENGTHS or (len(data) > 8 and not frame.fd):
        return f"{len(data)} bytes in {'an FD' if frame.fd else 'a classic'} frame"
    if frame.bitrate_switch and not frame.fd:
        return "a bit rate switch in a classic frame"
    return None
