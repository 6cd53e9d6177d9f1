"""Objects in words that are all capitals because the speaker shouts: "WE GOT A CAT"."""

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft

_SHOUTED = late(r"(?:AN?|THE|MY|OUR|TWO|THREE|SOME) [A-ZÀ-Þ' -]+")
""" "A CAT" is shouted, "NASA" is not: a word that is always in lower case opens it."""


def calmed(draft: Draft) -> Draft:
    """`draft` with a shouted object in lower case."""
    value = draft.object or ""
    if not value.isupper() or not _SHOUTED.fullmatch(value):
        return draft
    return msgspec.structs.replace(draft, object=value.lower(), phrase=draft.phrase.replace(value, value.lower()))
