"""Objects that are only a part of what was said: "talk every Sunday" without the person, "Sir" without the name."""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft

_DAY = (
    r"(?:(?:second|other|single|few) )?(?:day|week|month|year|weekend|morning|evening|night|afternoon|lunch|summer|"
    r"winter|(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?"
)
_HOW_OFTEN = (
    rf"(?:perhaps |about |maybe |only |just )?(?:(?:every|each|on|in the|most|twice an?|once an?|\w+ times an?) {_DAY}|"
    rf"{_DAY})(?:,? (?:and |or )?{_DAY})*(?: at [\w.:]+(?: sharp| ?[ap]m)?)?"
)
_FRAGMENTS = {
    "job_title": late(
        r".* (?:lighter|heavier|taller|shorter|older|younger|later|late|early|slower|faster|richer|poorer)|"
        r"(?:keen|avid|decent|terrible|slow|fast|rubbish|lousy|lapsed|hard) .*|lodger|tenant|hard",
        re.IGNORECASE,
    ),
    "name": late(r"(?:I'm|I’m|Im|I am|It's|This is|My) .*"),
    "favorite": late(r"none|nothing|nobody|n/?a|anything|both|either|neither|depends\b.*", re.IGNORECASE),
    "has_pet": late(r".*\b(?:Sir|Lady|Lord|Captain|Queen|King|Princess|Prince|Saint|Master|Miss|Madame)"),
    "takes_medication": late(r"(?:oral |strong |some |more )*antibiotics", re.IGNORECASE),
    "learning": late(
        r"(?:(?:an?|the|some|so many|new|more|other|whole|lots? of|different) )*(?:ways?|things?|tricks?|lots?|stuff|"
        r"lessons?|words?|bits?)\b.*",
        re.IGNORECASE,
    ),
    "likes": late(
        r"(?:más|mais|mehr|plus) .*|working|being|living|having|going|getting|doing|seeing|making|coming|talking"
    ),
    "dislikes": late(r"(?:fall|get|feel|make|go|have|keep|lose|end|give|put|take)s? .*", re.IGNORECASE),
    "owns": late(
        r"outright|[A-ZÀ-Þ][\w-]+ (?:an?|some|(?:a )?few|two|three) (?-i:[a-z]).*|"
        r"(?:last|rest|most|all|some|part)(?: of .*)?",
        re.IGNORECASE,
    ),
    "allergic_to": late(r".*\ballerg.*", re.IGNORECASE),
    "lives_in": late(r"the \d.*", re.IGNORECASE),
    "prefers": late(
        r"[a-z]+ \d+|die|starve|drown|be (?:dead|single|anywhere .*)|eat (?:my .*|glass|dirt|nails|sand)|"
        r"(?:gouge|poke|stick|stab|chew|swallow|set) .*|.*\b(?:him|her|them)\b.*",
        re.IGNORECASE,
    ),
    "hometown": late(
        r"God|Heaven|Nowhere|Celtic|Rangers|United|City|Rovers|Mac|Apple|Android|Windows|Linux|"
        r"(?:Dr|Doctor|Mr|Mrs|Ms|Miss|Prof|Professor|Nurse|Matron|Fr)\b\.? .*",
        re.IGNORECASE,
    ),
    "has_condition": late(r"\w+ (?:kind|type|sort)|\w+ (?:monthly|weekly|daily|yearly)", re.IGNORECASE),
}
"""By predicate, objects that name nothing: "did 140", "the favourite snake: none", "sold the last of the ewes"."""
_DETERMINED = late(
    r"(?:an?|the|my|our|his|her|their|some|one|two|three|four|five|six|several|many)\b|.*[A-ZÀ-Þ\d]|.*s$"
)
_OWN = late(r"(?:[a-z]+ )?(?:house|home|flat|car|practice|business|company|shop|salon|studio|van|bakkie|land|boat)")
_PAIR_AS_ONE = late(r"(?P<one>(?:an?|the|one) .*(?:called|named) [A-ZÀ-Þ][\w'-]*) and [A-ZÀ-Þ].*")
_LOOSE_END = late(
    r"(?: (?:as well|as|too|also|btw|tho|though|lol|tbh|and|but|so|or|the|an?|of|with|for))+$", re.IGNORECASE
)
_RUN_ON = late(
    r",\s+(?:and )?(?:(?:my|our) )?fav\w*\s.*|,\s+(?:\d+|two|three|four|five|six|seven|eight|nine|ten) .*|"
    r",\s+(?:and|but|so|because|cos|it's|its)\s.*",
    re.IGNORECASE,
)
""" "The Ship, favourite boiler Baxi", "our style, and on this point I'm firm"."""
_OF_SOMEBODY = late(
    r"(?<=\w) (?:(?:for|with|to|at|from|and) (?:her|his|their) .*|(?:for|with|from|and) (?:her|him|them)(?: .*)?)$",
    re.IGNORECASE,
)
""" "Fly to Rome for her cousin's wedding": nobody can tell later who she is."""
_LOOSE_PREPOSITION = late(r"(?<= )((?:an?|the|my|our) [\w-]+) (?:in|on|at|by)$", re.IGNORECASE)
""" "Buy a flat in" before a date."""
_TASTES = frozenset({"likes", "dislikes", "prefers", "uses", "owns", "hobby"})
_ASIDE = late(r",? (?:fyi|btw|tbh|lol|obvs|obviously|thanks|thx|ta|pls|please|haha+)$", re.IGNORECASE)
_WHEN_WORKING = late(
    r"(?:\s+(?:now|currently|nowadays|at the moment|these days|weekends?|weekdays?|part[- ]time|full[- ]time|again|"
    r"still|since \w+|at Christmas|at Easter|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|nights?|evenings?))+$",
    re.IGNORECASE,
)


_BEGINS = late(r"(?:start|begin|finish|end|open|close|happen)s?(?: (?:again|back|now|soon))?", re.IGNORECASE)
_TAUGHT = late(
    r"(?:the )?(?:\w+ology|\w*economics|chemistry|physics|(?:further )?maths?|geography|law|medicine|politics|"
    r"business(?: studies)?|philosophy|computer science|english lit\w*)",
    re.IGNORECASE,
)
""" "Dropped chemistry and picked up sociology": subjects of a school."""
_CLAUSE = late(r"(?:I|we|you|he|she|they) \w+.*|\d+", re.IGNORECASE)
_NOUNS = frozenset({"studies", "learning", "hobby", "likes", "dislikes", "owns", "speaks", "uses"})
_WHILE = late(r".*\b(?:when|because|until|till)\b.*", re.IGNORECASE)
""" "Off the beer till the funeral's done" is over soon; "gave up sugar when the doctor came" goes on too long."""
_SINCE = late(
    r"\s+(?:(?:last|this|next) (?:week|month|year|night|spring|summer|autumn|winter|\w+day)|since|yesterday|today|"
    r"in (?:19|20)\d\d|when|after|at (?:age )?\d+|aged \d+|\w+ (?:days?|weeks?|months?|years?) ago)\b.*",
    re.IGNORECASE,
)


def is_fragment(draft: Draft) -> bool:
    """True for an object that names nothing without the words around it."""
    value = draft.object or ""
    pattern = _FRAGMENTS.get(draft.predicate)
    if pattern is not None and pattern.fullmatch(value):
        return True
    if (draft.predicate in _NOUNS and _CLAUSE.fullmatch(value)) or (
        draft.predicate == "avoids" and _WHILE.match(value)
    ):
        return True
    if draft.predicate == "plans" and draft.subject is not None and _BEGINS.fullmatch(value):
        return True  # "Maternity starts on 27 March"
    if draft.predicate == "hobby" and draft.phrase.startswith("has taken up") and _TAUGHT.fullmatch(value):
        return True
    # "Plumber, own husband": an adjective, and no statement of what is owned.
    return (
        draft.predicate == "owns"
        and draft.phrase == f"owns {value}"
        and not (_DETERMINED.match(value) or _OWN.fullmatch(value))
    )


def whole(draft: Draft) -> Draft:
    """`draft` without what does not belong to its object: one animal has one name, and "greggs now weekends" is a
    name with words of time."""
    value = draft.object or ""
    short = value
    if draft.predicate == "has_pet" and (pair := _PAIR_AS_ONE.fullmatch(value)):
        short = pair["one"]
    elif draft.predicate == "works_at":
        short = _WHEN_WORKING.sub("", value)
    elif draft.predicate in _TASTES or draft.predicate == "favorite":
        short = _ASIDE.sub("", value)
        if draft.predicate in ("favorite", "prefers"):
            short = _RUN_ON.sub("", short)
    elif draft.predicate == "has_condition":
        short = _SINCE.sub("", value)
    elif draft.predicate in ("event", "plans", "habit", "attended"):
        short = _LOOSE_PREPOSITION.sub(r"\1", _LOOSE_END.sub("", value))
        if draft.predicate == "plans" and draft.subject is None and len(_OF_SOMEBODY.sub("", short).split()) > 1:
            short = _OF_SOMEBODY.sub("", short)
    if not short or short == value:
        return draft
    draft.phrase, draft.object = draft.phrase.replace(value, short), short
    return draft


def starting_somewhere(drafts: list[Draft], text: str) -> list[Draft]:
    """`drafts` of a turn, in which "I start Monday" is about the new job or course that the turn names."""
    start = next((one for one in drafts if one.predicate == "plans" and one.object == "start"), None)
    if start is None or start.subject is not None:
        return drafts
    places = {one.object for one in drafts if one.predicate in _PLACES and one.subject is None and one.op == "assert"}
    named = _OCCUPATION.search(text, 0, start.quote[0])
    what = f"at {places.pop()}" if len(places) == 1 else f"the {named['o'].lower()}" if named else ""
    if what:
        start.object, start.phrase = f"start {what}", start.phrase.replace("to start", f"to start {what}", 1)
    return drafts


_OCCUPATION = late(
    r"\b(?:the|an?|my|new) (?:new )?(?P<o>job|course|role|position|apprenticeship|degree|placement|traineeship|"
    r"internship|phd|scholarship)\b",
    re.IGNORECASE,
)
_PLACES = frozenset({"works_at", "studies_at", "studied_at"})
_NUMBER = late(r"(?:\d[.,]?)*\d")


def cuts_word(value: str | None, text: str) -> bool:
    """True if `value` ends in the middle of a word or number of `text`: "tennis" of "tennis-ball", "2" of "2.5"."""
    if value and "–" in text and re.search(rf"{re.escape(value)}–(?=[^\W\d])", text):
        return True  # "Ferry Hull–Rotterdam"
    if value and f"-{value}" in text and not re.search(rf"(?<!\w-){re.escape(value)}", text):
        return True  # "Grape-nut pudding"
    if value and f"{value}-" in text and not re.search(rf"{re.escape(value)}(?!-\w)", text):
        return True
    if value and "@" in text and "@" not in value and re.search(rf"{re.escape(value)}[\w.+-]*@", text):
        return True  # "My address is amy.wu@example.com"
    if not value or not value[-1].isdigit():
        return False
    last = _NUMBER.findall(value)[-1]
    return last in text and last not in _NUMBER.findall(text)
