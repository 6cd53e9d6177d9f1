"""Whether the words of a line support a model's fact: its object, its subject, its predicate.

A model may use any predicate for anything: "speaks English" for a turn about a film. So everything that code can check
is checked. The object is complete and in a clause that asserts something; the clause is about the subject; it has one
of the words of the predicate, and negates it or not as the predicate does. The text of the fact is made of these parts,
so it cannot say more.
"""

import re

import msgspec

from memctl.core.late_pattern import late
from memctl.core.tokenization import stems, words
from memctl.extract.filters.assertion_filter import reported
from memctl.extract.grammar.clause_openers import GERUND_SUBJECT
from memctl.extract.grammar.clauses import ADVERBS
from memctl.extract.grammar.segmentation import HIDDEN, Sentence
from memctl.extract.llm.known import KNOWN, Known, words_after, words_anywhere, words_before
from memctl.extract.llm.statements import SELF, Statement, is_common
from memctl.extract.llm.whole_object import CUT_OFF, VERB_PHRASES, flaw
from memctl.extract.patterns.wordlist import words as wordlist
from memctl.extract.rule_tables import lexicon
from memctl.extract.standing_instructions.one_off_orders import for_the_moment
from memctl.extract.standing_instructions.order_forms import LONGEST_ORDER, is_order
from memctl.extract.vocabulary.kinship import spellings
from memctl.extract.vocabulary.verbs import FORMS

FOLLOWS = {
    ("relationship_status", "married"): r"my (?:\w+ )?(?:wife|husband|hubby|missus)",
    ("relationship_status", "in a relationship"): r"my (?:\w+ )?(?:girlfriend|boyfriend)",
    ("diet", "vegetarian"): r"don't eat (?:any )?meat|veggie",
    ("diet", "vegan"): r"plant[- ]based",
}
"""Objects that need not stand in the clause, because they follow from these words of it."""
NOT_SO = "the words do not say that it is so"
UNREAL_ALLOWED = frozenset({"goal", "instruction"})
AHEAD_ALLOWED = frozenset({"goal", "plans", "instruction", "birthday"})
PAST_ALLOWED = frozenset({"event", "hometown", "studied_at", "birthday", "instruction"})
CHANGES = frozenset(
    wordlist(
        "move relocate settle join start begin get buy adopt switch become marry diagnose promote hire graduate change "
        "take develop sign land turn call name upgrade migrate prescribe"
    )
)
"""Verbs whose past says how things are now."""
_SIMILE = late(r"\b(?:look|sound|feel|seem|smell|taste|act|work|just)\w* like\b", re.IGNORECASE)
_FAVOURITE = late(
    r"\bfavou?rite (?P<slot>(?!thing|of|one)[\w-]+(?: [\w-]+){0,2}?)"
    r"(?:'s|,| (?:is|are|has|would|so|ever|of)\b|$)",
    re.IGNORECASE,
)
_DRUG = late(rf"\b(?:{lexicon('DRUG')})\b", re.IGNORECASE)
_MEDICAL = late(
    r"\d ?(?:mg|mcg|ml|units)\b|\b(?:pills?|tablets?|prescri\w+|meds?|medic\w+|inhaler|injections?|dose|doctor|gp)\b",
    re.IGNORECASE,
)
_END_OF_PHRASE = late(
    r"\s*(?:$|[.,;:!?()&]|[-–—]\s|(?:next|last|this|yesterday|tomorrow|today|tonight|every|each|and|but|so|because)\b|"
    r"(?:on|in|at) (?:the )?(?:\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:jan|feb|mar|apr|may|jun|jul|aug|"
    r"sep|oct|nov|dec)\w*|spring|summer|autumn|winter|morning|evening|afternoon|weekend|noon)\b)",
    re.IGNORECASE,
)
_AT_THE_VERB = late(
    r"\W*(?:(?:and|but|so|also|then|btw|ok|oh|well|yeah|yes|hi|hey|anyway|plus)\W+)*"
    r"(?:(?:every|each|most|on) \w+,?\W+)?"
    r"(?:(?:i|we|we're|i'm|im|i've|ive|i'll|i'd|he|she|they|[A-Z][\w-]+)\W+)?"
    r"(?:(?:am|are|is|have|has|will|going to|gonna|usually|always|just|also|often|now|still|then|both|all|planning to|"
    r"due to|about to|mostly|normally|finally)\W+)*",
    re.IGNORECASE,
)
"""What may stand before the verb phrase of a clause."""
_FAMILY = frozenset({"partner", "relationship_status", "has_child", "has_pet"})


class _RefusedError(Exception):
    """The words do not support the fact; the argument is the reason."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A fact to check: `subject` None is the speaker; `relation` is the word of has_<relation>."""

    subject: str | None
    predicate: str
    slot: str | None
    value: str
    question: str | None = None

    @property
    def relation(self) -> str | None:
        """The relation in words: "sister" of has_sister."""
        if self.predicate.startswith("has_") and self.predicate not in KNOWN:
            return self.predicate.removeprefix("has_").replace("_", " ")
        return None


def unsupported(wanted: Wanted, statement: Statement, at: int) -> str | None:
    """The reason why a statement does not support a fact whose object starts at `at` of the turn; None if it does."""
    try:
        named = wanted.relation is not None
        if reason := flaw(wanted.value, wanted.predicate, statement, at, named=named):
            raise _RefusedError(reason)
        _check_subject(wanted, statement, at)
        _check_predicate(wanted, statement, at)
        if reason := unreality(wanted.predicate, statement):
            raise _RefusedError(reason)
    except _RefusedError as refusal:
        return str(refusal)
    return None


def follows(wanted: Wanted, statement: Statement) -> bool:
    """True if the object follows from the words of the clause without being in it."""
    pattern = FOLLOWS.get((wanted.predicate, wanted.value.casefold()))
    return pattern is not None and bool(re.match(rf"\W*(?:and |but |so )?{pattern}\b", statement.text, re.IGNORECASE))


def _check_subject(wanted: Wanted, statement: Statement, at: int) -> None:
    """Check that the clause is about the subject."""
    own = bool(wanted.relation or wanted.predicate == "favorite" or wanted.predicate in _FAMILY)
    about = _about_speaker(wanted, statement, own) if wanted.subject is None else _about(wanted, statement, own)
    if not about:
        raise _RefusedError("the words are not about the subject")


def _about_speaker(wanted: Wanted, statement: Statement, own: bool) -> bool:
    """True if the clause is about its speaker; `own` predicates name a person or thing of the speaker."""
    if statement.relative is not None:
        return own and not statement.genitive
    if statement.owner == SELF:
        return not statement.genitive or own or _own(wanted.predicate)
    if wanted.predicate in ("email", "phone") and re.search(r"\b(?:me|my)\b", statement.text, re.IGNORECASE):
        return True
    if statement.owner == "" and wanted.predicate == "takes_medication":
        return bool(re.match(r"\W*(?:right now |now )?it(?:'s| is)\b", statement.text, re.IGNORECASE))
    return statement.owner is None and _elliptical(statement, wanted)


def _about(wanted: Wanted, statement: Statement, own: bool) -> bool:
    """True if the clause is about the person or thing that the subject names."""
    named = set(words(wanted.subject or "")) - {"my", "our", "the", "a", "an", "his", "her", "their"}
    first = FORMS.get(next(iter(words(statement.text)), ""))
    elided = statement.owner is None and first is not None and first[1] == "s"
    if (statement.owner in (SELF, None) and not elided) or not named or all(map(is_common, named)):
        return False
    if not statement.owner:
        return _is_last_named(wanted.subject or "", statement.before)
    subject = set(words(f"{statement.owner} {statement.relative or ''}"))
    return bool(named & subject) and (not statement.genitive or own or _own(wanted.predicate))


def _own(predicate: str) -> bool:
    known = KNOWN.get(predicate)
    return known is not None and known.own


def _elliptical(statement: Statement, wanted: Wanted) -> bool:
    """True for a clause without a subject that means its speaker: "Allergic to nuts", "Moved to Oslo"."""
    start = [word for word in words(statement.text)[:4] if word not in ADVERBS and word not in _OPENERS][:1]
    form = FORMS.get(start[0]) if start else None
    if not start or start[0] in ("the", "a", "an") or GERUND_SUBJECT.match(statement.text):
        return False
    if wanted.question is not None or start[0] in _STATES:
        return True
    if wanted.predicate == "allergic_to" and re.search(r"\bme\b", statement.text, re.IGNORECASE):
        return True
    return form is not None and form[1] in ("ing", "past", "pp")


_OPENERS = frozenset({"and", "but", "so", "ok", "oh", "well", "yeah", "yes", "btw", "hi", "hey"})
_STATES = frozenset(
    {"allergic", "intolerant", "vegan", "vegetarian", "based", "fan", "big", "huge", "trying", "on", "from"}
)


def _is_last_named(subject: str, before: str) -> bool:
    """True if `subject` is the last person named before a clause that says "she"."""
    names = [name for name in re.findall(r"(?<![.!?] )(?<!^)\b[A-ZÀ-Þ][\w\-À-ž]+", before) if name not in ("I", "I'm")]
    first = re.match(r"\W*([A-ZÀ-Þ][\w\-À-ž]+)", before)
    if not names and first:
        names = [first[1]]
    return bool(names) and names[-1].casefold() in words(subject)


def _check_predicate(wanted: Wanted, statement: Statement, at: int) -> None:
    """Check that the clause, or the question that it answers, has the words of the predicate in the right place."""
    if wanted.predicate == "favorite":
        borne_out = _is_favourite(wanted, statement)
    else:
        known = _known(wanted)
        start = max(at - statement.start, 0)
        head, tail = statement.text[:start], statement.text[start + len(wanted.value) :]
        if known.whole and not _is_whole(wanted, head, tail):
            raise _RefusedError(CUT_OFF)
        borne_out = follows(wanted, statement) or _has_words(known, head, wanted.value, tail) or _answers(wanted, known)
        if wanted.predicate == "likes" and _is_simile(head, statement):
            borne_out = False
        if wanted.predicate == "takes_medication":
            listed = _DRUG.search(wanted.value) and words_anywhere(known.before).search(head)
            borne_out = bool(listed) or (borne_out and _is_medicine(wanted.value, statement.text))
    if not borne_out:
        raise _RefusedError("the words do not support the predicate")


_BEFORE_LIKE = late(r"i|we|they|you|to|do|also|not|just|always|still|quite|and|'d|\w+ly", re.IGNORECASE)


def _is_simile(head: str, statement: Statement) -> bool:
    """True for "I look like a bear", "run it like an adult": "like" is not the verb."""
    verb = statement.head
    before = re.search(r"([\w']+)\s+like(?:\s+\w+)?\s*$", head, re.IGNORECASE)
    if before and not _BEFORE_LIKE.fullmatch(before[1]):
        return True
    liking = verb is None or verb.lemma in ("like", "love", "enjoy", "adore", "be")
    return bool(_SIMILE.search(head)) or not liking


def _is_whole(wanted: Wanted, head: str, tail: str) -> bool:
    """True for a complete verb phrase: from its verb to its end, or to the place and time."""
    first = FORMS.get(wanted.value.split()[0].lower())
    fits = first is not None and (
        first[1] in VERB_PHRASES[wanted.predicate] or first[0] == wanted.value.split()[0].lower()
    )
    return fits and bool(_AT_THE_VERB.fullmatch(head)) and bool(_END_OF_PHRASE.match(tail))


def _known(wanted: Wanted) -> Known:
    """The words of a predicate, or of a relation such as has_sister."""
    if wanted.relation is not None:
        names = "|".join(sorted(spellings(wanted.relation), key=len, reverse=True))
        link = r"s?(?: is| called| named|'s called|'s named|'s name is|'s)?"
        return Known(
            "",
            "",
            rf"(?:{names}){link}",
            after=rf",? (?:is |who is |\()?(?:my|our) (?:\w+ ){{0,2}}(?:{names})",
        )
    if wanted.predicate not in KNOWN:
        raise _RefusedError("not one of the predicates")
    return KNOWN[wanted.predicate]


def _has_words(known: Known, head: str, value: str, tail: str) -> bool:
    """True if the words around an object are those of a predicate."""
    return bool(
        (known.anywhere and words_anywhere(known.anywhere).search(f"{head}{value}{tail}"))
        or (known.before and words_before(known.before, known.loose).search(head))
        or (known.after and words_after(known.after).match(tail))
    )


def _is_favourite(wanted: Wanted, statement: Statement) -> bool:
    slot = wanted.slot or slot_of(statement.text.strip(" .!,"))
    named = set(stems(slot or "")) - set(stems(wanted.value))
    return bool(named) and named <= set(stems(statement.text)) and "favo" in statement.text.casefold()


def _is_medicine(value: str, text: str) -> bool:
    """True for a known drug, or if the text mentions medicine: not for "the bus" in "I take the bus"."""
    return bool(_DRUG.search(value) or _MEDICAL.search(text))


def _answers(wanted: Wanted, known: Known) -> bool:
    """True if the short reply answers a question that has the words of the predicate, or asks for it."""
    if wanted.question is None or known.whole:
        return False
    asked = "|".join(part for part in (known.before, known.after, known.anywhere) if part)
    pattern = _ASKING.get(wanted.predicate)
    return bool(
        words_anywhere(asked).search(wanted.question)
        or (pattern is not None and re.search(pattern, wanted.question, re.IGNORECASE))
    )


_ASKING = {
    "lives_in": r"where (?:do|are) you (?:live|living|based)|what city|which city",
    "works_at": r"where do you work|which company",
    "job_title": r"what do you do|your job",
    "age": r"how old",
}


def slot_of(quote: str) -> str | None:
    """The thing that a favourite belongs to: "colour" of "my favourite colour is blue"."""
    match = _FAVOURITE.search(quote)
    return match["slot"].lower() if match else None


def unreality(predicate: str, statement: Statement) -> str | None:
    """The reason why a clause does not say that the predicate is true now; None if it does."""
    verb, known = statement.head, KNOWN.get(predicate)
    if statement.unreal and predicate not in UNREAL_ALLOWED:
        return NOT_SO
    if statement.denied and not (known and known.negative):
        return "the words deny it"
    if verb is None:
        return None
    if verb.tense == "future" and predicate not in AHEAD_ALLOWED:
        return NOT_SO
    if verb.tense == "past" and predicate not in PAST_ALLOWED and verb.lemma not in CHANGES:
        return "the words say that it was so"
    if predicate == "event" and verb.tense not in ("past", "perfect"):
        return "the words do not say that it happened"
    if predicate == "plans" and verb.tense in ("past", "perfect"):
        return NOT_SO
    return None


_STANDING = late(
    r"\b(?:always|never|from now on|going forward|in future|don't|dont|do not|no|only|whenever|when i|when you|"
    r"every time|each time|by default|stop|avoid|keep|must|please use|should|at most|at least|before you|unless i|"
    r"without asking)\b",
    re.IGNORECASE,
)
_OWN_WORDS = late(r"(?:and |but |so )?(?:i|i'm|im|i've|my|we|we're|our|he|she|they|it|there)\b", re.IGNORECASE)


def order(value: str, sentence: Sentence) -> bool:
    """True if `value` is an instruction of `sentence` to an assistant that is meant to last, and not for one answer."""
    if "?" in sentence.mark or HIDDEN in sentence.text or not 2 <= len(value.split()) <= LONGEST_ORDER:
        return False
    if _OWN_WORDS.match(value) or reported(sentence.text) or for_the_moment(sentence.text):
        return False
    first = FORMS.get(words(value)[0]) if words(value) else None
    opens = (first is not None and first[1] == "base") or re.match(
        r"(?:always|never|only|no|don't|dont|do not|please|keep|stop|avoid|when|whenever|if)\b", value, re.IGNORECASE
    )
    return is_order(value) or bool(opens and _STANDING.search(value))
