"""What a source says of itself: does it give a figure, or say that it is assumed?"""


def says_assumed(source: str) -> bool:
    """`assumed: …`, also as `Assumed …`, `assumption: …`."""
    return source.strip().lower().startswith("assum")
