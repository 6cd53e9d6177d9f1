"""The predicates that a model is asked for: what its words are, how the fact reads, and under which category it is."""
# ruff: noqa: E501 -- patterns are kept on one line

import re
from functools import cache

import msgspec

from memctl.core.fact import Kind
from memctl.extract.draft_claim import article, third
from memctl.extract.verbs import FORMS, third_person
from memctl.extract.wordlist import words as wordlist

CATEGORIES = (
    *("identity", "contact", "home", "family", "people", "pets", "work", "education", "skills", "languages", "health"),
    *("diet", "preferences", "interests", "possessions", "tools", "plans", "events", "constraints", "instructions"),
)
"""Categories of facts, the same as those of the rules."""


class Known(msgspec.Struct, frozen=True):
    """A predicate: its text with `{o}` for the object, its category, and a pattern of which the clause has a word.

    A predicate that is `own` is a property of its subject, said as "my car", "our dog"; `negative` ones may be denied.
    """

    text: str
    category: str
    cue: str
    own: bool = False
    negative: bool = False
    kind: Kind = "fact"


KNOWN = {
    "name": Known("is called {o}", "identity", r"names?|named|i'm|i am|im|this is|call me", own=True),
    "preferred_name": Known("goes by {o}", "identity", r"call me|go by|goes by|nickname|known as", own=True),
    "age": Known("is {o} years old", "identity", r"years? old|aged?|turn(?:s|ed|ing)?|i'm|i am|im|is|'s|\(\d+\)", own=True),
    "birthday": Known("has their birthday on {o}", "identity", r"birthdays?|born|b-?day|dob|date of birth", own=True),
    "lives_in": Known("lives in {o}", "home", r"liv(?:e|es|ed|ing)|moved|relocat\w+|based|resid\w+|settled|renting|home is|house in|flat in|apartment in|place in"),
    "hometown": Known("is from {o}", "identity", r"from|born|grew up|raised|hometown|home town|childhood"),
    "nationality": Known("is {o}", "identity", r"i'm|i am|im|nationality|passport|citizen\w*", own=True),
    "works_at": Known("works at {o}", "work", r"work(?:s|ed|ing)?|job|joined|joining|hired|employ\w+|intern\w*|shifts?"),
    "job_title": Known("works as {a}", "work", r"i'm|i am|im|is|'s|work(?:s|ed|ing)?|job|became|promoted|train\w*|as an?", own=True),
    "studies": Known("studies {o}", "education", r"stud(?:y|ies|ied|ying)|major\w*|degree|course|phd|masters?|bachelors?|doing an?"),
    "studied_at": Known("studied at {o}", "education", r"stud(?:y|ies|ied|ying)|went to|graduat\w+|uni(?:versity)?|college|school|degree"),
    "speaks": Known("speaks {o}", "languages", r"sp(?:eak|eaks|oke|oken|eaking)|fluent\w*|bilingual|native|mother tongue", own=True),
    "learning": Known("is learning {o}", "skills", r"learn(?:s|ed|t|ing)?|lessons?|practi[sc]ing|picking up|taking up|beginners?"),
    "email": Known("has the email address {o}", "contact", r"e-?mails?|mail|address|@", own=True),
    "phone": Known("has the phone number {o}", "contact", r"phone|mobile|cell|number|tel|call|text|ring|whatsapp", own=True),
    "spouse": Known("is married to {o}", "family", r"wife|husband|spouse|hubby|missus|married", own=True),
    "partner": Known("is with {o}", "family", r"partner|girlfriend|boyfriend|gf|bf|dating|engaged to|fianc\w+|together with", own=True),
    "relationship_status": Known("is {o}", "family", r"marri\w+|wife|husband|single|divorc\w+|engaged|fianc\w+|widow\w*|separated|girlfriend|boyfriend", own=True),
    "has_child": Known("has the child {o}", "family", r"sons?|daughters?|kids?|child(?:ren)?|baby|babies|boys?|girls?|twins?|eldest|youngest|toddler", own=True),
    "has_pet": Known("has the pet {o}", "pets", r"dogs?|cats?|pup(?:py|pies|s)?|kittens?|pets?|rabbits?|hamsters?|horses?|parrots?|budgies?|tortoises?|guinea pigs?|hens?|chickens?", own=True),
    "owns": Known("owns {o}", "possessions", r"owns?|bought|got|have|has|drives?|rides?|my|our|new", own=True),
    "uses": Known("uses {o}", "tools", r"us(?:e|es|ing)|switched to|moved to|runs? on|running on|setup|set up|stack|daily driver"),
    "likes": Known("likes {o}", "preferences", r"likes?|lov(?:e|es|ing)|enjoy\w*|fan of|into|keen on|adores?|fond of|favou?rite|partial to", kind="preference"),
    "dislikes": Known("dislikes {o}", "preferences", r"hates?|dislikes?|can't stand|cannot stand|cant stand|loath\w+|detests?|don't like|dont like|not a fan|sick of|can't bear", negative=True, kind="preference"),
    "prefers": Known("prefers {o}", "preferences", r"prefers?|rather|over|instead of|better than", kind="preference"),
    "hobby": Known("has the hobby {o}", "interests", r"hobb(?:y|ies)|play(?:s|ing)?|go(?:es)?|do(?:es)?|collects?|spare time|free time|weekends?|every|taken up|took up", kind="preference"),
    "habit": Known("'s routine: {o}", "routine", r"every|usually|always|on \w+days|daily|weekly|mornings?|evenings?|nights?|each|most days|once a|twice a|times a"),
    "diet": Known("is {o}", "diet", r"vegan|vegetarian|veggie|pescatarian|diet|keto|halal|kosher|gluten.free|dairy.free|coeliac|celiac|low.carb", own=True),
    "avoids": Known("avoids {o}", "health", r"avoid\w*|can't (?:eat|have|drink|take|do)|cannot (?:eat|have|drink|take)|cant (?:eat|have|drink|take)|don't (?:eat|drink|touch)|dont (?:eat|drink|touch)|off|gave up|given up|no more", negative=True),
    "allergic_to": Known("is allergic to {o}", "health", r"allerg\w*|rash|hives|anaphyla\w*|epipen|swells? up|reacts? badly|reaction"),
    "intolerant_to": Known("is intolerant to {o}", "health", r"intoleran\w*|sensitiv\w*"),
    "has_condition": Known("has {o}", "health", r"have|has|i've|got|diagnos\w+|suffer\w*|living with|condition|my", own=True),
    "takes_medication": Known("takes {o}", "health", r"tak(?:e|es|ing)|on|prescri\w+|pills?|tablets?|\d+ ?m(?:g|cg)|dose|medic\w+|inject\w*|inhaler"),
    "plans": Known("'s plan: {o}", "plans", r"plan(?:s|ned|ning)?|going to|gonna|will|'ll|booked|book(?:ing)?|on the|on \w+day|next|tomorrow|fly(?:ing)?|travel\w*|leav(?:e|ing)|start(?:s|ing)?|appointment|due|wedding|meeting|visit\w*"),
    "event": Known("'s news: {o}", "events", r"yesterday|last|ago|today|this (?:morning|week|month|year)|on the|in (?:january|february|march|april|may|june|july|august|september|october|november|december|\d{4})|just|was|were|had|got|\w+ed"),
    "goal": Known("has the goal {o}", "plans", r"goal|aim\w*|target|want to|trying to|hoping to|hope to|training for|saving for|working towards?"),
    "instruction": Known("wants the assistant to follow: {o}", "instructions", r"always|never|don't|dont|do not|stop|no|please|keep|use|only|from now on|when(?:ever)? (?:i|you|we)|answer|reply|write|ask|avoid|must|should|short|brief", negative=True, kind="procedure"),
}  # fmt: skip
"""The predicates named in the prompt."""

RELATIONS = tuple(
    f"has_{relation}"
    for relation in wordlist(
        "wife husband girlfriend boyfriend mother father sister brother son daughter friend colleague manager doctor "
        "neighbor roommate cousin aunt uncle grandmother grandfather"
    )
)
NAMES = (*KNOWN, *RELATIONS, "favorite")
"""The predicates a model may use; what a favourite is of is read from the words."""


@cache
def cue(predicate: str) -> re.Pattern[str]:
    """The pattern of the words of a known predicate."""
    return re.compile(rf"(?<![\w'])(?:{KNOWN[predicate].cue})(?!\w)", re.IGNORECASE)


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
    """A fact as a sentence, made of its parts and nothing else."""
    return f"{subject}{_phrase(predicate, slot, third(value))}.".replace("..", ".")


def _phrase(predicate: str, slot: str | None, value: str) -> str:
    """The words after the subject, with the blank before them."""
    verb, _, rest = value.partition(" ")
    form = FORMS.get(verb.lower())
    if predicate == "favorite":
        return f" has the favourite {slot} {value}" if slot else f" has the favourite {value}"
    if predicate in ("plans", "goal") and form and form[0] == verb.lower():
        return f" {'plans' if predicate == 'plans' else 'wants'} to {value}"
    if predicate == "habit" and form and form[1] == "base":
        return f" {third_person(form[0])} {rest}"
    if predicate == "event" and form and form[1] in ("past", "pp"):
        return f" {value[:1].lower()}{value[1:]}"
    if predicate in KNOWN:
        text = KNOWN[predicate].text.format(o=value, a=article(value))
        return text if text.startswith("'s") else f" {text}"
    return f" has {article(predicate.removeprefix('has_'))} called {value}"
