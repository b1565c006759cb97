"""What a diagnostic answer has to look like: bytes in hex, `..` for any one byte, `...` at the end for any rest."""

import re
from dataclasses import dataclass

SILENCE = "none"  # no answer is expected: the request suppresses a positive one (ISO 14229-1)
_WORD = re.compile(r"[0-9A-Fa-f]{2}|\.\.|\.\.\.")


@dataclass(frozen=True, slots=True)
class AnswerPattern:
    """text: as the file has it, such as `59 02 FF ...`, or `none`. Built by `pattern_of`."""

    text: str

    @property
    def silence(self) -> bool:
        return self.text == SILENCE

    def fits(self, answer: bytes | None) -> bool:
        """answer: all bytes of the response, 0x7F included; None where there was none."""
        if answer is None or self.silence:
            return answer is None and self.silence
        words = self.text.split()
        if words[-1] == "...":
            words = words[:-1]
            answer = answer[: len(words)]
        return len(words) == len(answer) and all(
            word == ".." or int(word, 16) == byte for word, byte in zip(words, answer)
        )


def pattern_of(text: str) -> AnswerPattern:
    """Raises ValueError."""
    words = text.split()
    wrong = next((word for word in words if not _WORD.fullmatch(word)), None)
    if text.strip() == SILENCE:
        return AnswerPattern(SILENCE)
    if not words or wrong is not None or "..." in words[:-1]:
        raise ValueError(
            f"found '{text}'; expected bytes in hex such as '59 02 FF', .. for any byte, ... at the end for any rest, "
            f"or '{SILENCE}'"
        )
    return AnswerPattern(" ".join(words).upper())


def request_of(text: str) -> bytes:
    """The bytes of a request in hex. Raises ValueError."""
    try:
        request = bytes.fromhex(text)
    except ValueError:
        request = b""
    if not request:
        raise ValueError(f"found '{text}'; expected bytes in hex such as '22 F1 95'")
    return request
