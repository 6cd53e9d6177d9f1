"""The words between a subject and its verb: "'s got" for "has got", and a pronoun that takes the subject up."""

import re

from memctl.core.late_pattern import late

_RESUMED = late(
    r",? s?he(?=(?P<is>'?s)?(?(is)| (?:is|was|has|lives|works|likes|loves|hates|can|does|got|speaks|studies|plays|"
    r"comes|goes|takes|eats|moved|died)\b))",
    re.IGNORECASE,
)


def without_pronoun(after: str) -> str:
    """The words after a subject without a pronoun that takes it up: "My wife she is from Peru"."""
    match = _RESUMED.match(after)
    if match is None:
        return after
    rest = after[match.end() :]
    return spelt_out(rest[len(match["is"]) :]) if match["is"] else rest


def spelt_out(after: str) -> str:
    """The clause after a subject with "'s": "'s got" is "has got", "'s a nurse" is "is a nurse"."""
    return f"{'has' if re.match(r' (?:(?:just|also|now|still) )*(?:got|been|had)', after) else 'is'}{after}"
