"""The predicates that a model may use: their words, the text of the fact, and its category."""
# ruff: noqa: E501 -- patterns are kept on one line

import re
from functools import cache

import msgspec

from memctl.core.fact import Kind
from memctl.core.late_pattern import late
from memctl.extract.draft_claim import article, full_stop, third
from memctl.extract.patterns.wordlist import words as wordlist
from memctl.extract.vocabulary.verbs import FORMS, third_person

CATEGORIES = (
    *("identity", "contact", "home", "family", "people", "pets", "work", "education", "skills", "languages", "health"),
    *("diet", "preferences", "interests", "possessions", "tools", "plans", "events", "constraints", "instructions"),
)
"""Categories of facts, the same as those of the rules."""


class Known(msgspec.Struct, frozen=True):
    """A predicate: its text with `{o}` for the object, its category, and patterns of the words around the object.

    Words that match `before` come right before the object (or, if `loose`, with up to three words between), words that
    match `after` follow it, words that match `anywhere` may be anywhere in the clause. A `whole` predicate takes a verb
    phrase: the object starts at the clause's verb. An `own` predicate names a property of the subject ("my car", "our
    dog"); a `negative` one may be denied.
    """

    text: str
    category: str
    before: str = ""
    after: str = ""
    anywhere: str = ""
    whole: bool = False
    loose: bool = False
    own: bool = False
    negative: bool = False
    kind: Kind = "fact"


_CHILD = r"sons?|daughters?|kids?|child(?:ren)?|baby|boys?|girls?|twins?|eldest|youngest|toddler|little one"
_PET = r"dogs?|cats?|pup(?:py|pies|s)?|kittens?|pets?|rabbits?|hamsters?|horses?|parrots?|budgies?|tortoises?|hens?|mutt|hound|beagle|lab"
_NEGATED_FOOD = r"(?:can't|cannot|cant|don't|dont|won't) (?:eat|have|drink|take|touch|do)"
KNOWN = {
    "age": Known("is {o} years old", "identity", r"is|\w+'s|turned|turns|aged|just turned|i'm|i am|im", r"years? old|y/o|yo", own=True),
    "birthday": Known("has their birthday on {o}", "identity", r"birthday(?: is|'s| on)?|born(?: on)?|b-?day(?: is)?|dob", own=True),
    "lives_in": Known("lives in {o}", "home", r"(?:liv(?:e|es|ing)|moved|relocated|based|resid(?:e|es|ing)|settled|renting|house|flat|apartment|place)(?: (?:here|back|out|up|down|over))?(?: from [\w ]+)? (?:in|to|near|at|outside)|home is"),
    "hometown": Known("is from {o}", "identity", r"(?:originally|i'm|i am|im|come|comes|is) from|(?:born|grew up|raised) (?:and raised )?(?:in|near|outside)"),
    "works_at": Known("works at {o}", "work", r"(?:work(?:s|ing)?|job|shifts?|intern(?:ing)?|employed|hired|started) (?:\w+ ){0,3}(?:at|for|by)|joined|joining"),
    "job_title": Known("works as {a}", "work", r"i'm|i am|im|is|\w+'s|work(?:s|ed|ing)? as|job as|became|promoted to|train(?:ed|ing)? as|as", own=True),
    "studies": Known("studies {o}", "education", r"study|studies|studying|major(?:ing)? in|degree in|course in|phd in|masters? in|bachelors? in"),
    "studied_at": Known("studied at {o}", "education", r"(?:study|studying|studied|graduated|degree) (?:\w+ ){0,2}(?:at|from)|went to (?:uni|university|college|school) (?:at|in)"),
    "speaks": Known("speaks {o}", "languages", r"speaks?|speaking|fluent in|bilingual in|native", own=True),
    "learning": Known("is learning {o}", "skills", r"learn(?:s|ing)?|lessons? in|practi[sc]ing|taking up"),
    "email": Known("has the email address {o}", "contact", anywhere=r"e-?mails?|mail|address|reach|contact", own=True),
    "phone": Known("has the phone number {o}", "contact", anywhere=r"phone|mobile|cell|number|tel|call|text|ring|whatsapp|reach|contact", own=True),
    "partner": Known("is with {o}", "family", r"(?:partner|girlfriend|boyfriend|gf|bf|fianc\w+|other half)(?: is| called| named)?|dating|engaged to|married to", r",? (?:is )?my (?:partner|girlfriend|boyfriend|other half)", own=True),
    "relationship_status": Known("is {o}", "family", r"i'm|i am|im|we're|we are|got|still|now|both|is|are|been", own=True),
    "has_child": Known("has the child {o}", "family", rf"(?:{_CHILD})(?: is| called| named|'s name is)?", rf",? (?:is )?(?:my|our) (?:\w+ )?(?:{_CHILD})", own=True),
    "has_pet": Known("has the pet {o}", "pets", rf"(?:{_PET})(?: is| called| named|'s name is)?", rf",? (?:is )?(?:my|our) (?:\w+ )?(?:{_PET})", own=True),
    "owns": Known("owns {o}", "possessions", r"owns?|bought|drives?|rides?|got a new|(?:my|our) (?:car|bike|phone|laptop|van|truck|boat|guitar|piano|camera|computer|tablet|printer) is", own=True),
    "uses": Known("uses {o}", "tools", r"us(?:e|es|ing)|switched to|runs? on|running on|daily driver is|stack is|setup is"),
    "likes": Known("likes {o}", "preferences", r"(?:likes?|loves?|loving|enjoys?|enjoying|adores?)(?: to)?|(?:fan|fond) of|keen on|partial to|(?:i'm|am|really|so|is|are) into", kind="preference"),
    "dislikes": Known("dislikes {o}", "preferences", r"hates?|dislikes?|can't stand|cannot stand|cant stand|loathes?|detests?|don't like|dont like|not a fan of|sick of|can't bear", negative=True, kind="preference"),
    "prefers": Known("prefers {o}", "preferences", r"prefers?|would rather (?:have|use)|i'd rather (?:have|use)", kind="preference"),
    "hobby": Known("has the hobby {o}", "interests", r"plays?|playing|collects?|collecting|hobb(?:y|ies)(?: is| are)|taken up|took up|spare time|free time", kind="preference"),
    "habit": Known("'s routine: {o}", "routine", anywhere=r"every|usually|always|on \w+days|daily|weekly|in the mornings?|in the evenings?|at night|each|most days|once a|twice a|times a", whole=True),
    "diet": Known("is {o}", "diet", r"i'm|i am|im|we're|been|gone|went|is|follow|eat(?:s|ing)?", own=True),
    "avoids": Known("avoids {o}", "health", rf"avoid(?:s|ing)?|{_NEGATED_FOOD}|(?:i'm|im|am|been|went|gone) off|gave up|given up|stay(?:s|ing)? away from|nothing with", negative=True),
    "allergic_to": Known("is allergic to {o}", "health", r"allerg(?:ic|y) to|reacts? badly to|reaction to", r"(?:allergy\b|(?:gives?|gave|brings?|makes?) (?:me|him|her|them) .{0,20}\b(?:rash|hives|swell|itch|wheez))"),
    "intolerant_to": Known("is intolerant to {o}", "health", r"intoleran(?:t|ce) (?:to|of)|sensitive to", r"intoleran\w+"),
    "has_condition": Known("has {o}", "health", r"diagnosed with|suffer(?:s|ing)? from|living with|(?:i have|i've got|i got|she has|he has|he's got|she's got)|i'm|i am|im", own=True, loose=True),
    "takes_medication": Known("takes {o}", "health", r"it's|it is|tak(?:e|es|ing)|(?:i'm|im|am|is|me|her|him|been) on|prescribed(?: me)?|put me on|started(?: on)?", loose=True),
    "plans": Known("'s plan: {o}", "plans", anywhere=r"plan(?:s|ned|ning)?|going to|gonna|will|'ll|booked|on (?:the )?\d|on \w+day|next \w+|tomorrow|this (?:weekend|summer|autumn|winter|spring)|in (?:january|february|march|april|may|june|july|august|september|october|november|december)", whole=True),
    "event": Known("'s news: {o}", "events", anywhere=r"yesterday|last|ago|today|this (?:morning|week|month|year)|on (?:the \d|\w+day)|in (?:january|february|march|april|may|june|july|august|september|october|november|december|\d{4})", whole=True),
    "goal": Known("has the goal {o}", "plans", r"goal is(?: to)?|aim(?:ing)? (?:to|for)|want to|trying to|hoping to|training for|saving (?:up )?for|working towards?"),
    "instruction": Known("wants the assistant to follow: {o}", "instructions", negative=True, kind="procedure"),
}  # fmt: skip
"""The predicates named in the prompt."""

RELATIONS = tuple(
    f"has_{relation}"
    for relation in wordlist(
        "wife husband girlfriend boyfriend mother father sister brother son daughter friend colleague boss manager doctor "
        "neighbor roommate cousin aunt uncle grandmother grandfather"
    )
)
NAMES = (*KNOWN, *RELATIONS, "favorite")
"""The predicates a model may use; what a favourite is of is read from the words."""


_BETWEEN = r"(?:\W+(?!(?:with|and|or|but|by|from|for|at|in|on|to|about|than|that|who|which|because|so|as|like)\b)[\w'’-]+){0,3}"


@cache
def words_before(pattern: str, loose: bool = False) -> re.Pattern[str]:
    """The pattern of a text that ends with such words and an article, or if `loose` up to three words after them."""
    between = _BETWEEN if loose else r"(?:\W+(?:an?|the|my|our|his|her|their|some|both|all|really|just|mostly))?"
    return late(rf"(?<![\w'])(?:{pattern}){between}\W*$", re.IGNORECASE)


@cache
def words_after(pattern: str) -> re.Pattern[str]:
    """The pattern of a text that begins with such words."""
    return late(rf"\W*(?:{pattern})(?!\w)", re.IGNORECASE)


@cache
def words_anywhere(pattern: str) -> re.Pattern[str]:
    """The pattern of a text with such words."""
    return late(rf"(?<![\w'])(?:{pattern})(?!\w)", re.IGNORECASE)


def category_of(predicate: str) -> str:
    """The category of a predicate."""
    if predicate in KNOWN:
        return KNOWN[predicate].category
    return "preferences" if predicate == "favorite" else "people" if predicate.startswith("has_") else "personal"


def kind_of(predicate: str) -> Kind:
    """The kind of fact of a predicate."""
    if predicate in KNOWN:
        return KNOWN[predicate].kind
    return "preference" if predicate == "favorite" else "fact"


def text_of(subject: str, predicate: str, slot: str | None, value: str) -> str:
    """A fact as a sentence, made only of its parts."""
    phrase = phrase_of(predicate, slot, third(value))
    blank = "" if phrase.startswith("'s ") else " "
    return full_stop(f"{subject}{blank}{phrase}")


def phrase_of(predicate: str, slot: str | None, value: str) -> str:
    """The words after the subject: "lives in Paris", "'s plan: …"."""
    verb, _, rest = value.partition(" ")
    form = FORMS.get(verb.lower())
    if predicate == "favorite":
        return f"has the favourite {slot} {value}" if slot else f"has the favourite {value}"
    if predicate in ("plans", "goal") and form and form[0] == verb.lower():
        return f"{'plans' if predicate == 'plans' else 'wants'} to {value}"
    if predicate == "likes" and form and form[0] == verb.lower() and rest:
        return f"likes to {value}"
    if predicate == "habit" and form and form[0] == verb.lower():
        return f"{third_person(form[0])} {rest}"
    if predicate == "event" and form and form[1] in ("past", "pp"):
        return f"{value[:1].lower()}{value[1:]}"
    if predicate in KNOWN:
        return KNOWN[predicate].text.format(o=value, a=article(value))
    return f"has {article(predicate.removeprefix('has_'))} called {value}"
