"""What a clause about somebody else says beside its first words: "he's 34, from Owerri"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.clauses import Head
from memctl.extract.people.apposed import apposed
from memctl.extract.people.children import ANY_AGE_IN_WORDS, age_of
from memctl.extract.vocabulary.date_words import in_figures

_DESCRIBING = frozenset({"age", "job_title", "hometown", "nationality", "lives_in"})
""" "He's 34, from Owerri" goes on about him; "she's late, 34 of us wait" does not."""
_FIRST_ENDS = late(r"[,;(–—]|\s-\s")
_YEARS = late(
    rf"(?:already |now |only )?(?P<age>\d{{1,3}}|{ANY_AGE_IN_WORDS}) years(?: old)?"
    r"(?=$|[,.;!]| (?:and|but)\b)",
    re.IGNORECASE,
)
""" "She has 80 years", as in many languages; not "she has 20 years of practice"."""
_LASTING = late(r"\s*(?:\d{1,2} ?(?:years?|yrs?)|\w+ years)\b(?! old)", re.IGNORECASE)
""" "A plumber, 20 years": for so long."""


def more(person: tuple[str, str], head: Head, drafts: list[Draft], span: tuple[int, int]) -> list[Draft]:
    """The further drafts of a clause about a `person`, by name and relation, of which `drafts` have been read."""
    if head.neg or head.modal or head.stopped or head.tense not in ("present", "perfect"):
        return []
    if head.lemma == "have" and (years := _YEARS.match(head.rest)):
        return [age_of(*person, in_figures(years["age"]), span)]
    if head.lemma != "be":
        return []
    first = _FIRST_ENDS.search(head.rest)
    told = {one.predicate for one in drafts if one.op == "assert"}
    if first is None or told.isdisjoint(_DESCRIBING) or _LASTING.match(head.rest, first.end()):
        return []
    return [one for one in apposed(*person, head.rest, first.start(), span) if one.predicate not in told]
