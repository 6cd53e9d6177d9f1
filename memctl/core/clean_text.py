"""Text that somebody else wrote, made harmless for whoever reads it: a terminal, or a model that reads a prompt."""

from memctl.core.late_pattern import late

TURNING = r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Unicode's direction marks (UAX #9, 2) and its two line separators, which end a line in JavaScript."""
_CONTROLS = late(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{TURNING}\ud800-\udfff]")
"""Includes surrogates: Python's stand-ins for bytes that are not UTF-8, which cannot be written."""


def clean(text: str) -> str:
    """`text` with control and direction-override characters as visible escapes."""
    if text.isprintable():
        return text
    return _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text.replace("\r\n", "\n"))


def line(text: str) -> str:
    """`clean`, on one line."""
    return clean(" ".join(text.split()))
