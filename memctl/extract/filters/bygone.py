"""Statements that their own turn makes past or wished for: "started at Acme, now I'm at Globex", "goals: Welsh"."""

from collections.abc import Iterable

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.wordlist import words

_REPLACED = frozenset(words("works_at job_title lives_in"))
_NOW = late(
    r"\bnow (?:i'm|i am|im|i work|i live|we're|we are|we live|working|living|at|in|based|back)\b|"
    r"\b(?:i'm|i am|im|i work|i live|we're|we live) now (?:at|in|an?|the|with|for|based)\b"
)
_BEGUN = late(r"^(?!.* now\b).*\b(?:started|moved|joined|got|began|took|went|became|landed)\b")
_DONE = frozenset(words("learning hobby habit"))
_GOALS = late(r"\b(?:goals?|resolutions?|(?:bucket|wish|to-?do) ?list|aims?|dreams?|hopes?)\b[^:.!?\n]{0,30}:")


_NOT_ME = late(r"[.!,…-]+ ?(?:well|ok|okay|i mean),? (?:the|our|my) [\w ]{2,20} (?:is|are|has|does|did)(?=[.!,]|$)")
""" "We're expecting! Well, the dog is."""


def without_bygone(drafts: Iterable[Draft], text: str) -> list[Draft]:
    """`drafts` of a turn without the jobs and homes before those of "now", and without what a list of goals names."""
    spoken = text.lower()
    other = _NOT_ME.search(spoken) if " is" in spoken or " are" in spoken or " has" in spoken else None
    if other is not None:
        drafts = [one for one in drafts if not other.start() - 60 < one.quote[0] <= one.quote[1] <= other.start()]
    replaced, goals = " now" in spoken, _GOALS.search(spoken) if ":" in spoken else None
    if not replaced and goals is None:
        return list(drafts)
    return [
        draft
        for draft in drafts
        if draft.op == "retract"
        or not (
            (
                draft.predicate in _REPLACED
                and replaced
                and _BEGUN.search(spoken[slice(*draft.quote)])
                and _NOW.search(spoken, draft.quote[1])
            )
            or (draft.predicate in _DONE and goals is not None and goals.start() <= draft.quote[1])
        )
    ]
