"""Whether the words of a line bear a model's fact out: its object, its subject, its predicate.

A model may call anything anything: "speaks English" of a turn about a film. What code can check, it checks. The object
stands in a clause that asserts something, whole; the clause is about the subject; it has one of the words of the
predicate, and denies it or not as the predicate does. The text is made of these, so it cannot say more.
"""

import re

import msgspec

from memctl.core.tokenization import stems, words
from memctl.extract.assertion_filter import reported
from memctl.extract.draft_claim import Draft
from memctl.extract.instructions import LONGEST_ORDER, is_order
from memctl.extract.kinship import canonical
from memctl.extract.llm.known import KNOWN, cue
from memctl.extract.llm.statements import SELF, Statement
from memctl.extract.object_types import acceptable
from memctl.extract.rule_tables import lexicon
from memctl.extract.segmentation import HIDDEN, Sentence
from memctl.extract.verbs import FORMS
from memctl.extract.wordlist import words as wordlist

FOLLOWS = {
    ("relationship_status", "married"): r"my (?:\w+ )?(?:wife|husband|hubby|missus)",
    ("relationship_status", "in a relationship"): r"my (?:\w+ )?(?:girlfriend|boyfriend)",
    ("diet", "vegetarian"): r"don't eat (?:any )?meat|veggie",
    ("diet", "vegan"): r"plant[- ]based",
}
"""Objects that need not stand in the clause, because they follow from these words of it."""

UNREAL_ALLOWED = frozenset({"goal", "instruction"})
AHEAD_ALLOWED = frozenset({"goal", "plans", "instruction", "birthday"})
PAST_ALLOWED = frozenset({"event", "hometown", "studied_at", "birthday", "name", "instruction"})
CHANGES = frozenset(
    wordlist(
        "move relocate settle join start begin get buy adopt switch become marry diagnose promote hire graduate change "
        "take develop sign land turn call name upgrade migrate prescribe"
    )
)
"""Verbs whose past says how things are now."""
_LOOSE = re.compile(
    r"(?:it|that|this|these|those|there|here|them|him|her|me|you|one|some|something|someone|stuff|things?|everything|"
    r"anything|nothing|both|all|none|yes|no|what|which|who|where|ones)\b",
    re.IGNORECASE,
)
_DEICTIC = re.compile(r"\b(?:it|that|this|these|those|there|here|them|him|her|he|she|they|you|your)\b", re.IGNORECASE)
_OPEN_START = re.compile(
    r"(?:and|or|but|to|of|is|are|was|were|been|with|from|for|because|so|then|than|as)\b", re.IGNORECASE
)
_OPEN_END = re.compile(
    r"\b(?:and|or|but|the|an?|my|our|his|her|their|to|of|in|at|on|with|from|for|is|are|because|so|than|as|very|not|by|"
    r"about)$",
    re.IGNORECASE,
)
_CUT_SHORT = re.compile(
    r",? (?:only )?(?:before|after|(?:until|till)(?! (?:\w+ )?(?:\d|(?-i:[A-Z])))|unless|except|without|when|while|if|"
    r"at (?:least|most)|or so|ish\b|more or less|but only|only (?:in|on|at|for)|in my \w+|a bit|sort of|"
    r"a (?:day|week|month|year))\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:[A-ZÀ-Þ][\w\-'À-ž.]*|[\u0400-\U0001FFFF]+)(?: (?:[A-ZÀ-Þ][\w\-'À-ž.]*|de|la|van|der|von|bin|al)){0,3}"
)
_SHAPES = {
    "age": re.compile(r"\d{1,3}"),
    "email": re.compile(r"\S+@\S+\.\w+"),
    "phone": re.compile(r"\+?[\d ()/.-]{6,}"),
    "birthday": re.compile(
        r"(?=.*\d)(?=.*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|[./-]\d))[\w ,./-]+", re.IGNORECASE
    ),
    "name": _NAME,
    "preferred_name": _NAME,
    "spouse": _NAME,
    "partner": _NAME,
    "lives_in": _NAME,
    "hometown": _NAME,
    "works_at": _NAME,
    "nationality": re.compile(lexicon("NATIONALITY"), re.IGNORECASE),
    "relationship_status": re.compile(
        r"married|single|divorced|engaged|widowed|separated|in a relationship|a widow(?:er)?", re.IGNORECASE
    ),
    "speaks": re.compile(lexicon("LANGUAGES"), re.IGNORECASE),
}
"""What an object has to look like, whole."""
_FAVOURITE = re.compile(
    r"\bfavou?rite (?P<slot>(?!thing|of|one)[\w-]+(?: [\w-]+){0,2}?)"
    r"(?:'s|,| (?:is|are|has|would|so|ever|of)\b|$)",
    re.IGNORECASE,
)
_FAMILY = frozenset({"spouse", "partner", "relationship_status", "has_child", "has_pet"})


class _RefusedError(Exception):
    """The fact is not borne out; the argument is the reason."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A fact to be checked: `subject` None is the speaker; `relation` is the word of has_<relation>."""

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
    """The reason why a statement does not bear a fact out whose object starts at `at` of the turn, None if it does."""
    try:
        _check_object(wanted, statement, at)
        _check_subject(wanted, statement, at)
        _check_predicate(wanted, statement)
        _check_reality(wanted, statement, at)
    except _RefusedError as refusal:
        return str(refusal)
    return None


def follows(wanted: Wanted, statement: Statement) -> bool:
    """True if the object need not stand in the clause, because it follows from its words."""
    pattern = FOLLOWS.get((wanted.predicate, wanted.value.casefold()))
    return pattern is not None and bool(re.match(rf"\W*(?:and |but |so )?{pattern}\b", statement.text, re.IGNORECASE))


def _check_object(wanted: Wanted, statement: Statement, at: int) -> None:
    """The object is a whole phrase of the right type that reads alone."""
    value, predicate = wanted.value, wanted.predicate
    draft = Draft(predicate=predicate, object=value, phrase=value, quote=(0, 0))
    shape = _SHAPES.get(predicate) or (_NAME if wanted.relation else None)
    if not acceptable(draft) or (shape is not None and not shape.fullmatch(value)):
        raise _RefusedError("object is not of the type of the predicate")
    if predicate == "job_title" and not _is_occupation(value, statement.text[: max(at - statement.start, 0)]):
        raise _RefusedError("object is not of the type of the predicate")
    if _LOOSE.match(value) and len(value.split()) < 3:
        raise _RefusedError("object cannot be understood alone")
    if predicate in ("plans", "event", "habit", "goal") and (_DEICTIC.search(value) or len(value.split()) < 2):
        raise _RefusedError("object cannot be understood alone")
    rest = statement.text[at - statement.start + len(value) :] if at >= statement.start else ""
    if _OPEN_START.match(value) or (_OPEN_END.search(value) and rest.strip(" .,!")):
        raise _RefusedError("object is cut off")
    if _CUT_SHORT.match(rest) or re.match(r"[\w'-]", rest):
        raise _RefusedError("object is cut off")


_OCCUPATION = re.compile(rf"{lexicon('NOT_AN_OCCUPATION')}(?:{lexicon('OCCUPATION')})", re.IGNORECASE)


def _is_occupation(value: str, before: str) -> bool:
    """True for "nurse" after "I'm a" or "works as"."""
    bare = re.sub(r"^(?:an?|the) ", "", value, flags=re.IGNORECASE)
    placed = bare != value or re.search(r"\b(?:an?|as|the|job is|title is)\s+$", before, re.IGNORECASE)
    return bool(placed and _OCCUPATION.fullmatch(f"a {bare}"))


def _check_subject(wanted: Wanted, statement: Statement, at: int) -> None:
    """The clause is about the subject."""
    own = bool(wanted.relation or wanted.predicate == "favorite" or wanted.predicate in _FAMILY)
    about = _about_speaker(wanted, statement, own) if wanted.subject is None else _about(wanted, statement, own)
    if not about:
        raise _RefusedError("the words are not about the subject")


def _about_speaker(wanted: Wanted, statement: Statement, own: bool) -> bool:
    """True if the clause is about its speaker; `own` predicates name a person or thing of theirs."""
    if statement.relative is not None:
        return own and not statement.genitive
    if statement.owner == SELF:
        return not statement.genitive or own or _own(wanted.predicate)
    return statement.owner is None and _elliptical(statement, wanted)


def _about(wanted: Wanted, statement: Statement, own: bool) -> bool:
    """True if the clause is about the person or thing that the subject names."""
    named = set(words(wanted.subject or "")) - {"my", "our", "the", "a", "an", "his", "her", "their"}
    if statement.owner in (SELF, None) or not named:
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
    start = words(statement.text)[:1]
    if not start or start[0] in ("the", "a", "an"):
        return False
    if re.search(r"\b(?:me|my|mine|myself|our|us|i|im|i'm|i've|ive|we)\b", statement.text, re.IGNORECASE):
        return True
    if wanted.question is not None:
        return True
    form = FORMS.get(start[0])
    return (form is not None and form[1] in ("ing", "past", "pp")) or start[0] in (
        "allergic",
        "intolerant",
        "vegan",
        "vegetarian",
    )


def _is_last_named(subject: str, before: str) -> bool:
    """True if `subject` is the last person named before a clause that says "she"."""
    names = [name for name in re.findall(r"(?<![.!?] )(?<!^)\b[A-ZÀ-Þ][\w\-À-ž]+", before) if name not in ("I", "I'm")]
    first = re.match(r"\W*([A-ZÀ-Þ][\w\-À-ž]+)", before)
    if not names and first:
        names = [first[1]]
    return bool(names) and names[-1].casefold() in words(subject)


def _check_predicate(wanted: Wanted, statement: Statement) -> None:
    """The clause, or the question that it answers, has a word of the predicate."""
    said = f"{statement.text} {wanted.question or ''}"
    if wanted.relation is not None:
        told = {canonical(word) for word in words(said.replace("-", " "))} | set(words(said))
        if canonical(wanted.relation) not in told and wanted.relation not in said.casefold():
            raise _RefusedError("predicate is not borne out by the words")
        return
    if wanted.predicate == "favorite":
        slot = wanted.slot or slot_of(statement.text.strip(" .!,"))
        named = set(stems(slot or "")) - set(stems(wanted.value))
        if (
            slot is None
            or not re.search(r"\bfavou?rite\b", said, re.IGNORECASE)
            or not named
            or not named <= set(stems(said))
        ):
            raise _RefusedError("predicate is not borne out by the words")
        return
    without = said.replace(wanted.value, " ")
    if wanted.predicate in ("plans", "event", "habit", "email", "phone", "age", "instruction", "has_pet", "diet"):
        without = said
    if wanted.predicate in KNOWN:
        if not cue(wanted.predicate).search(without):
            raise _RefusedError("predicate is not borne out by the words")
        return
    raise _RefusedError("not one of the predicates")


def slot_of(quote: str) -> str | None:
    """What a favourite is of: "colour" of "my favourite colour is blue"."""
    match = _FAVOURITE.search(quote)
    return match["slot"].lower() if match else None


def _check_reality(wanted: Wanted, statement: Statement, at: int) -> None:
    """The clause says that it is so, now, as the predicate means it."""
    predicate, verb = wanted.predicate, statement.head
    known = KNOWN.get(predicate)
    if statement.unreal and predicate not in UNREAL_ALLOWED:
        raise _RefusedError("the words do not say that it is so")
    if statement.denied and not (known and known.negative):
        raise _RefusedError("the words deny it")
    if verb is None:
        return
    if verb.tense == "future" and predicate not in AHEAD_ALLOWED:
        raise _RefusedError("the words do not say that it is so")
    if verb.tense == "past" and predicate not in PAST_ALLOWED and verb.lemma not in CHANGES:
        raise _RefusedError("the words say that it was so")
    if predicate == "event" and verb.tense not in ("past", "perfect"):
        raise _RefusedError("the words do not say that it happened")
    if predicate == "plans" and verb.tense in ("past", "perfect"):
        raise _RefusedError("the words do not say that it is so")


_STANDING = re.compile(
    r"\b(?:always|never|from now on|going forward|in future|don't|dont|do not|no|only|whenever|when i|when you|"
    r"every time|each time|by default|stop|avoid|keep|must|please use|should|at most|at least|before you|unless i|"
    r"without asking)\b",
    re.IGNORECASE,
)
_OWN_WORDS = re.compile(r"(?:and |but |so )?(?:i|i'm|im|i've|my|we|we're|our|he|she|they|it|there)\b", re.IGNORECASE)


def order(value: str, sentence: Sentence) -> bool:
    """True if `value` is an order of `sentence` to an assistant that stands, not one that holds once."""
    if "?" in sentence.mark or HIDDEN in sentence.text or not 2 <= len(value.split()) <= LONGEST_ORDER:
        return False
    if _OWN_WORDS.match(value) or reported(sentence.text):
        return False
    first = FORMS.get(words(value)[0]) if words(value) else None
    opens = (first is not None and first[1] == "base") or re.match(
        r"(?:always|never|only|no|don't|dont|do not|please|keep|stop|avoid|when|whenever|if)\b", value, re.IGNORECASE
    )
    return is_order(value) or bool(opens and _STANDING.search(value))
