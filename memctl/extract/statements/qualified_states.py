"""States that a sentence tells and then ends or weakens: "I've been vegan, then not", "vegetarian (almost)"."""

import re
from collections.abc import Iterable

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.filters.assertion_filter import RESTRICTING, of_the_past
from memctl.extract.grammar.clauses import Clause
from memctl.extract.patterns.wordlist import words
from memctl.extract.statements.frame_matcher import CUT_SHORT, MAY_HAVE_ENDED
from memctl.extract.vocabulary.verbs import FORMS

_OVER = late(
    r"(?:[,;–—-]|\b(?:and|but|then))\s*(?:(?:and|but|then|now|just|though) )*"
    r"(?:not(?: any ?more| any longer)?|no longer|no more|"
    r"(?:(?:i|we)(?:'ve| have)? )?(?:then |since |later )?(?:stopped|quit|gave (?:it )?up|given (?:it )?up))\W*$",
    re.IGNORECASE,
)
_VERB = late(r"(?:i|we|he|she|they|it|(?:my|our|the) \w+) (?:(?:then|just|finally) )?(?P<verb>\w+)", re.IGNORECASE)
_EVENTS = frozenset(words("event attended plans goal family_event instruction name preferred_name age birthday"))
"""Predicates of what happened or is to come, which does not end like a state."""
_OF_ADULTS = frozenset(words("lives_in works_at job_title studies"))
"""What a child's home or school says nothing of."""


_STOPPED_IT = late(
    r"\b(?:i|we)(?:'ve| have| had)? (?:just |then |also )?(?:stopped|quit|gave (?:it|them|that) up|gave up)"
    r"(?: taking)?(?: it| them| that)?\W*$",
    re.IGNORECASE,
)
""" "I take supplements, but they make me sick so I stopped"."""


_AGAIN = late(
    r"\b(?:start(?:ed)?|began|begun|took (?:it|them) up|picked (?:it|them) up|"
    r"(?:i'm|im|am|went|now) back on)\b[^.;]{0,20}\b(?:again|it|them)\b|\brelapsed\b",
    re.IGNORECASE,
)
""" "I stopped smoking in March and started again"."""


_HEDGE = (
    r"[\s,(-]*(?:almost|nearly|mostly|sort of|kind of|ish\b|on and off|more or less|most of the time|in theory|"
    r"(?:on )?(?:weekdays|weekends|school days|(?:mon|tues|wednes|thurs|fri|satur|sun)days)|at (?:home|work|school)\b)"
)
_BUT_EATS = late(
    r"(?:but|though|although|except|apart from)\b[^.;]*"
    r"\b(?:fish|meat|chicken|tuna|salmon|bacon|seafood|burgers?|sausages?)\b",
    re.IGNORECASE,
)


_MEATLESS = frozenset({"vegetarian", "vegan", "veggie", "plant-based"})


def _weakened(draft: Draft, sentence: str, rest: str) -> bool:
    """True for the diet of "I'm vegetarian (almost)" and "vegetarian but I eat fish"."""
    if draft.predicate != "diet" or draft.op != "assert":
        return False
    return bool(
        re.search(re.escape(draft.object or "") + _HEDGE, sentence, re.IGNORECASE)
        or (draft.object in _MEATLESS and _BUT_EATS.search(rest))
    )


def without_qualified(drafts: Iterable[Draft], sentence: str, rest: str) -> list[Draft]:
    """`drafts` of a clause without what its `sentence`, or the `rest` after the clause, weakens or takes up again."""
    drafts = [draft for draft in drafts if not _weakened(draft, sentence, rest)]
    if not _AGAIN.search(rest):
        return drafts
    return [draft for draft in drafts if draft.op == "assert" and draft.predicate != "avoids"]


def is_over(clause: str, conj: str, after: str, rest: str) -> bool:
    """True if a clause, the one `after` it with its conjunction, or the end of the `rest` of its sentence says that the
    state of the clause has ended."""
    if " used to " in f" {clause.lower()} ":
        return False  # The clause says so itself.
    if conj == "until":
        verb = _VERB.match(after)
        spoken = verb["verb"].lower() if verb else ""
        form = FORMS.get(spoken)
        return spoken in ("was", "were") or (form is not None and form[1] == "past")
    if after and clause.rstrip(" ,").lower().endswith(" not"):
        return False  # "Not that I mind": another clause.
    return bool(_OVER.search(clause) or _OVER.fullmatch(f", {conj} {after}") or _STOPPED_IT.search(rest))


def ended(drafts: Iterable[Draft]) -> list[Draft]:
    """`drafts` of a state that has ended: what they claim is retracted, and an avoidance that has ended is dropped."""
    return [
        draft if draft.op == "retract" else msgspec.structs.replace(draft, op="retract")
        for draft in drafts
        if draft.predicate not in _EVENTS and not draft.predicate.startswith("has_")
    ]


_AS_A_CHILD = late(
    r"(?:i|we) (?:was|were) (?:(?:only|just|about|like|still|maybe) )*(?:(?:[1-9]|1[0-7]|one|two|three|four|five|six|"
    r"seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)\b(?! (?:months|weeks|pounds))|"
    r"an? (?:\w+ )?(?:kid|child|baby|boy|girl|teen\w*|toddler)\b|(?:very |really )?(?:little|small|young|wee)\b|"
    r"(?:at|in) (?:primary |high |secondary )?school\b)",
    re.IGNORECASE,
)


def _of_childhood(conj: str, clause: str) -> bool:
    """True for "when I was six" after "we moved to Cardiff": where the speaker lives now is not said."""
    return conj == "when" and _AS_A_CHILD.match(clause) is not None


_PERHAPS = late(
    r"[\s,.(–-]*(?:but |or )?(?:maybe|perhaps|possibly|not sure|we'll see|if all goes|if i'm|"
    r"tbc|tbd|dunno|or not)\b",
    re.IGNORECASE,
)
""" "Going to Oslo, maybe"."""
_PERHAPS_LAST = late(r"\b(?:maybe|perhaps|possibly|tbc|tbd|dunno|or not)\W*$", re.IGNORECASE)


def standing(drafts: list[Draft], clause: Clause, after: Clause | None, sentence: str, start: int) -> list[Draft]:
    """`drafts` of a clause in a `sentence` that starts at `start`, as the rest of the sentence leaves them."""
    if not drafts:
        return drafts
    if after is not None and after.conj in RESTRICTING:
        drafts = [draft for draft in drafts if draft.predicate not in CUT_SHORT]
        if of_the_past(after.conj, after.text):
            drafts = [draft for draft in drafts if draft.predicate not in MAY_HAVE_ENDED]
        if _of_childhood(after.conj, after.text):
            drafts = [draft for draft in drafts if draft.predicate not in _OF_ADULTS]
    if after is not None and after.conj in ("if", "unless"):
        drafts = [draft for draft in drafts if draft.predicate != "plans"]  # "I want to run it in July if I'm well"
    rest = sentence[clause.start + len(clause.text) - start :]
    if _PERHAPS.match(rest) or _PERHAPS_LAST.search(clause.text):
        drafts = [draft for draft in drafts if draft.predicate != "plans"]
    if is_over(clause.text, after.conj if after else "", after.text if after else "", rest):
        drafts = ended(drafts)
    return without_qualified(drafts, sentence, rest)
