"""What stands after somebody's name, item by item: "Dad is Reinhard, 71, a retired butcher", "Ines, from Porto, vegan".

Each item is read as if "is" stood before it. An item that is understood only in part gives nothing.
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.clauses import Head, complement, head
from memctl.extract.grammar.segmentation import tokens
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.children import AGE_IN_WORDS, age_of
from memctl.extract.statements.frame_matcher import match
from memctl.extract.vocabulary.date_words import in_figures
from memctl.extract.vocabulary.kinship import FAMILY, canonical
from memctl.extract.vocabulary.verbs import FORMS

_NO_AGES = frozenset({"boss", "manager"})
_BONDS = frozenset(
    words(
        "partner wife husband girlfriend boyfriend fiancé fiancée friend colleague neighbor roommate lodger ex "
        "apprentice landlord landlady"
    )
)
""" "Josh (partner, 6 years)": for so long."""
_AGE_NEXT = late(
    rf",? who(?:'s|s| is) (?:now |only )?(?P<who>\d{{1,2}}|{AGE_IN_WORDS})(?=$|[,.;!)]| (?:and|but)\b)|"
    r" \(?(?P<age>\d{1,2})(?: years?(?: old)?| yrs?| y/?o)?\)?(?=[,.;!)]|$| and\b(?! \d))",
    re.IGNORECASE,
)
""" "My brother Kofi 14, a drummer": an age without a comma."""
_ITEM = late(
    r"(?:\s*[,;(–—]|\s-\s)\s*(?P<item>(?![.!?])[^,;()!?–—]{1,60}?)(?:\)|(?=\s*(?:[,;(–—!?]|\.(?!\w)|\s-\s|$)))"
)
_LEAD = late(
    r"(?:(?:and|who's|whos|who is|he's|hes|she's|shes|is|now|only|just|already|about|nearly) )*", re.IGNORECASE
)
AGED = late(
    rf"(?:aged )?(?P<age>\d{{1,2}}|{AGE_IN_WORDS})(?: ?(?:(?:years?|yrs?) old|y/?o|(?P<years>years?|yrs?)))?"
    r"(?: now| already)?",
    re.IGNORECASE,
)
_TOLD = frozenset(
    words(
        "job_title lives_in hometown diet has_condition allergic_to intolerant_to works_at relationship_status "
        "nationality hobby studies studied_at avoids"
    )
)
"""What an item may say of a person."""
_MAY_FOLLOW = late(r"(?: (?:in|at|from|for|with|by|out|up|down|now|too|since|on|over|who|and|but)\b.*)?", re.IGNORECASE)
""" "A vet in Ballarat": a trade with its place."""
_HOME = late(
    r"^(?:(?:all )?(?:alone|on (?:his|her|their) own|up|out|down|over|back|still|at home|away) )+in ", re.IGNORECASE
)
""" "On his own in Cabra" is at home there."""
_MORE_NUMBERS = late(r",? (?:and |& )?\d")
""" "Ana, 12, 14 and 15 May"."""
_MOST_ITEMS = 5
LONGEST_ITEM = 9
"""Words of an item."""
_NEW_SUBJECT = late(
    r"(?:i|i'm|im|i've|we|we're|my|our|you|it|it's|its|he|she|they|his|her|their|the|this|that|so|but|if|when|because|which|not|no|"
    r"don't|dont|please|can|could|would|what|how)\b",
    re.IGNORECASE,
)
""" "My sister Ana, I think, …": the list has ended."""


def apposed(name: str, relation: str, text: str, at: int, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of the items that follow a name, which ends at `at` in `text`, up to one about somebody else."""
    if bare := _AGE_NEXT.match(text, at):
        yield from of_item(name, relation, bare["age"] or bare["who"], span)
        at = bare.end()
    for _ in range(_MOST_ITEMS):
        found = _ITEM.match(text, at)
        if found is None:
            return
        item = found["item"]
        lead = _LEAD.match(item)
        item = item[lead.end() :] if lead else item
        if _NEW_SUBJECT.match(item) or (item.isdigit() and _MORE_NUMBERS.match(text, found.end())):
            return
        if not item.startswith("in ") or _opens(text[: text.rfind(name, 0, at)] if name in text[:at] else ""):
            yield from of_item(name, relation, item, span)
        at = found.end()


def _opens(before: str) -> bool:
    """Whether "in Leeds" after a name tells the home, because no verb is before it, as in "I met Ana, in Leeds"."""
    return not any(word.removesuffix("'s").casefold() in FORMS for word in before.split())


def may_last(relation: str) -> bool:
    """Whether "8 years" beside a person tells how long the relation has lasted: a wife or a physio, but not a son."""
    return relation in _BONDS or (bool(relation) and canonical(relation) not in FAMILY)


def of_item(name: str, relation: str, item: str, span: tuple[int, int]) -> list[Draft]:
    """The drafts of one item about somebody: an age, a trade, a place, a diet, "plays the tuba"."""
    aged = AGED.fullmatch(item)
    if aged:
        lasting = aged["years"] is not None and may_last(relation)
        return [] if lasting or relation in _NO_AGES else [age_of(name, relation, in_figures(aged["age"]), span)]
    if len(item.split()) > LONGEST_ITEM:
        return []
    if _is_verb(item):
        kept = _told(head(item, tokens(item), person="other"), name, span)
    else:
        item = _HOME.sub("in ", item)
        kept = [one for one in _told(complement(item), name, span) if _is_whole(one, item)]
        trade = [] if kept else _told(complement(f"a {item}"), name, span)
        kept += [one for one in trade if one.predicate == "job_title" and _is_whole(one, item)]
    for draft in kept:
        draft.owner = relation or None
    return kept


def _is_verb(item: str) -> bool:
    """Whether an item opens with a verb of the present: "plays the tuba"."""
    known = FORMS.get(item.partition(" ")[0].casefold())
    return known is not None and known[1] == "s"


def _told(verb: Head | None, name: str, span: tuple[int, int]) -> list[Draft]:
    drafts = match(verb, span, casual=False, other=name) if verb else []
    return [one for one in drafts if one.op == "assert" and one.predicate in _TOLD]


def _is_whole(draft: Draft, item: str) -> bool:
    """Whether nothing of an item is left out but the place of a trade, or the circumstances of a place."""
    value = (draft.object or "").casefold()
    _, found, after = item.casefold().partition(value)
    more = draft.predicate in ("job_title", "lives_in", "hometown") and _MAY_FOLLOW.fullmatch(after)
    return bool(found) and (not after or bool(more))
