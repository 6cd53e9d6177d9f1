"""What an object may be: a phrase of the right type for its predicate, short, and understandable alone.

This is the last check of every draft. A draft that fails is not stored; its turn can still be found by search.
"""

import re
from collections.abc import Collection, Iterable
from functools import cache

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled, filled, lexicon
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.substances import substance
from memctl.extract.vocabulary.verbs import FORMS

LONGEST_OBJECT = 8
_LONGER = {
    "instruction": 40,
    "goal": 14,
    "prefers": 14,
    "plans": 12,
    "event": 10,
    "attended": 10,
    "habit": 13,
    "family_event": 10,
}
"""Words of an object; instructions, plans and events are whole verb phrases."""

_CHATTY = KeyedPattern(
    r"\b(?:actually|honestly|lol|lmao|haha+|tbh|ngl|obviously|literally|basically|somehow|whatever|btw|long story|"
    r"don't ask|dont ask|you know|i guess|i think|said no\w*)\b",
    re.IGNORECASE,
)
_VAGUE_PERSON = KeyedPattern(
    r"\b(?:someone|somebody|something|one(?= (?:actually|yesterday|today)|$|,))\b", re.IGNORECASE
)
_PLACELESS = late(
    r"(?:(?-i:number|no|flat|floor|address)$|fear|hope|peace|hell|heaven|denial|poverty|luxury|exile|silence|pain|"
    r"style|sin|harmony|limbo|chaos|isolation|the (?:moment|past|future|present|clouds?|now)|(?:my|your|his|her|our|"
    r"their) (?:head|dreams?|mind|car|own \w+)|"
    r"quicker|faster|better|easier|nicer|nicely|quickly|easily|well|fine|already|badly|sweatpants|pyjamas|pajamas|"
    r"leggings|jeans|meetings?|excel|general|theory|practice|case|front|bed)\b",
    re.IGNORECASE,
)
_NO_PLACE = late(
    r"(?!(?:uk|us|uae|la|ny|nz|dc|sf|kl|ni|hk|sa|bc|pa|nj|tx|fl|wa|va|ca|eu)$)(?-i:[A-Z][A-Z0-9])|vodafone|giffgaff|"
    r"octopus(?: energy)?|virgin(?: media)?|monzo|starling|revolut|t-mobile|verizon|talktalk|plusnet|british gas|edf|"
    r"accounts|marketing|sales|finance|hr|it|ops|operations|engineering|support|design|product|legal|logistics|"
    r"management|procurement|production|research|security|admin|days|nights|earlies|lates|(?:part|full)[ -]time|"
    r"(?:plan|phase|step|option|version|round)(?: \w)?",
    re.IGNORECASE,
)
""" "Moved to EE", "moved to marketing": a company that sells something, a department, or hours, and no place."""
_STATE_OF_A_THING = late(
    r"(?:an? )?(?:(?:total|complete|absolute|bit of a|real) )?(?:nightmare|mess|wreck|write-?off|disaster|state|joke|"
    r"tip|goner|lemon|beast|dream|legend|"
    r"machine|device|gadget|pain|death ?trap|money pit|godsend|dying|dead|shed|heap|place|thing|lot)",
    re.IGNORECASE,
)
""" "My car is a nightmare" names no model."""
_ERRAND = late(
    r"(?:see|look at|buy|get) (?:one|some|two|it)\b.*|(?:(?:the|some|two|three|four|five|\d+) )?"
    r"(?:shops?|stores?|supermarket|bank|toilet|loo|bathroom|bed|work|school|gym|kitchen|garden|park|pub|"
    r"post office|town|office|beach|house|car|door|window|cinema|mall|tip|pool|café|cafe|market|sleep|lunch|dinner|"
    r"church|library|doctor|doctors|doctor's)\b(?! (?:in|at) (?-i:[A-Z]))$",
    re.IGNORECASE,
)
_NEW_THING = late(r"an? (?:whole )?new \w+|the (?:ropes|drill|basics)", re.IGNORECASE)
""" "I'm learning a new vocabulary", "learning the ropes"."""
_STAGE = late(
    r"(?:sprint|milestone|phase|step|chapter|task|ticket|issue|version|part|section|question|week|day|level|unit|"
    r"module|exercise|problem|stage|round)s? \d",
    re.IGNORECASE,
)
_WEEKDAY_OR_MONTH = late(
    r"(?:mon|tues?|wed|thurs?|thu|fri|sat|sun)(?: (?:to|and|-|–) \w+)?|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:\d+(?:th)? )?(?:january|february|march|april|may|june|july|"
    r"august|september|october|november|december|christmas|easter)|today|tomorrow|yesterday|tonight|\d+(?:am|pm)?|"
    r"the \d{1,2}(?:st|nd|rd|th)|noon|midnight",
    re.IGNORECASE,
)
_NO_NAME = late(r"['’]s\b|\d|^(?:not|never|just|still|also|only|very|so|too)\b|^(?:me|myself)$", re.IGNORECASE)
_SOFTWARE = late(
    r"\b(?:(?:micro)?services?|modules?|repos?|repository|codebase|pipelines?|endpoints?|apis?|components?|features?|"
    r"backlog|branch|librar(?:y|ies)|packages?|queues?|dashboards?|roadmap|tickets?|schemas?|workflows?|cluster|repro)$",
    re.IGNORECASE,
)
""" "I own the billing service" tells of a duty."""
_TITLE = late(r"(?:(?:Frau|Herr|Madame|Monsieur|Señora?|Signora?) )?(?:Dr|Mrs?|Ms|Prof|St|Mt|Ft|Jr|Sr)\.?")
""" "Dr" without the name after it."""
_FINITE = KeyedPattern(
    r"\w (?:will|would|is|are|was|were|can|could|should|might|has been|have been|does|did) |"
    r"(?<!\bthat )(?<!\bwhich )(?<!\bwho )(?<=\w )(?:makes?|gives?|brings?|puts?|turns?|sends?) (?:me|my|us|our) ",
    re.IGNORECASE,
)
""" "Common pitfalls will be helpful" is a clause."""
_ABSTRACT = late(
    r"(?:my|our|the|this|that|it) (?:mistakes?|faults?|feelings?|decisions?|words?|actions?|choices?|problems?|part|"
    r"life|day|room|stage|night)\b",
    re.IGNORECASE,
)
_QUALITY = late(r"(?:very |quite |pretty |so )?(?:small|simple|modest|clear|big|easy|basic|the same)", re.IGNORECASE)
""" "My goal is simple": the goal itself comes later."""
_OF_A_CHOICE = late(
    r"(?:the )?(?:(?:option|choice|version|plan|answer|number|design|draft|variant|solution|approach|method|style) "
    r"(?:\w|\d+|one|two|three)|(?:first|second|third|last|other|latter|former|new|old|shorter|longer|left|"
    r"right) (?:one|option|version|draft))",
    re.IGNORECASE,
)
""" "I prefer option B" is about what was just offered."""
_NO_THING = late(
    r"(?:after|before|during|until|till|since) .*|up|off|out|on|'?em|u|yous?|ya|hers|mine|theirs|nobody|pal|mate|bro|"
    r"bruv|dude|hun|darling|babe|lads|none|one|two|three|both(?: of .*)?|all|each|neither|either|equally|everything|"
    r"an? (?:(?:new|old|whole|nice|good|second|big|small) )?(?:set|pair|couple|bunch|lot|piece|copy|few|bit|half)",
    re.IGNORECASE,
)
""" "I don't eat after midnight" avoids nothing; "I own three" or "a set" names nothing."""
_FOR_SOMEBODY = KeyedPattern(
    r"\b(?:him|them)\b|\b\w+ her(?=$| (?:on|at|every|each|in|over|home|up|there|(?:\w+day)s?)\b)",
    re.IGNORECASE,
)
""" "Goes up to her on Sundays": nobody can tell later who that was."""
_THINGS = frozenset({"avoids", "likes", "dislikes", "owns", "allergic_to", "prefers", "has_condition"})
_PEOPLE = frozenset({"name", "preferred_name", "spouse", "partner"})
_NOT_PEOPLE = frozenset({"has_pet", "has_condition", "has_child"})


_ADJUNCTS = {
    "learning": late(
        r",.*|\s+(?:with|wi|w|off|from|at|by|through|via|on|since)\s.*|\s+in (?:the|my|our|an?)\s.*|"
        r"\s+(?:first|properly|slowly)\b.*",
        re.IGNORECASE,
    ),
    "hobby": late(r"\s*,.*", re.IGNORECASE),
    "studies": late(
        r",.*|\s+and (?:an?|my)\s.*|\s+(?:at|through|via|with|by|online|in the|on \w+days?)\b.*", re.IGNORECASE
    ),
    "dislikes": late(
        r"\s+like (?:everyone|everybody|anyone|most|all|any)\b.*|\s+with (?:all|every|my|an?)\s.*|\s+an' all\b.*",
        re.IGNORECASE,
    ),
    "avoids": late(r"\s+(?:since|ever since|any ?more)$", re.IGNORECASE),
    "likes": late(
        r"\s+like (?:everyone|everybody|anyone|most|all|any)\b.*|\s+with (?:all|every|my whole)\s.*", re.IGNORECASE
    ),
    "owns": late(
        r"\s*,.*|\s+(?:bc|cos|cuz|because|thanks to|at (?:last|long last)|tae|with my|ya)\b.*|"
        r"\s+(?:from|off|w|w/) .*|\s+(?:an?|one|two|three|four|five|\d+) (?:years?|months?|weeks?|days?)$|"
        r"\s+in (?:'\d\d|(?:19|20)\d\d)\b.*",
        re.IGNORECASE,
    ),
}
"""By predicate, what is cut off an object: words about the manner, the company or the time."""


_THIS = late(r"this (?=[\w-]+ )", re.IGNORECASE)
""" "I adopted this tiny cat": a cat, which is not there when the fact is read."""


def shortened(draft: Draft) -> Draft:
    """`draft` without the adjuncts after its object: "accordion" of "learning accordion from a neighbour"."""
    shown = _THIS.match(draft.object or "") if draft.predicate in ("has_pet", "owns") else None
    if shown or (draft.predicate == "has_pet" and compiled("the (?:{PET})").fullmatch(draft.object or "")):
        bare = (draft.object or "")[shown.end() if shown else len("the ") :]
        phrase = draft.phrase.replace(draft.object or "", article(bare))
        draft = msgspec.structs.replace(draft, object=article(bare), phrase=phrase)
    if draft.predicate in _COMMON_NOUNS and (draft.object or "").casefold().startswith("also "):
        bare = (draft.object or "")[len("also ") :]
        draft = msgspec.structs.replace(draft, object=bare, phrase=draft.phrase.replace(draft.object or "", bare))
    adjuncts = _ADJUNCTS.get(draft.predicate)
    value = draft.object or ""
    if draft.predicate == "allergic_to" and draft.extractor is None and (allergen := substance(value)):
        return msgspec.structs.replace(draft, object=allergen, phrase=draft.phrase.replace(value, allergen))
    short = adjuncts.sub("", value).strip() if adjuncts and draft.extractor is None else value
    if adjuncts and draft.extractor is None:
        short = _ALSO.sub("", short)
    if not short or short == value or _ARTICLES.fullmatch(short):
        return draft
    return msgspec.structs.replace(draft, object=short, phrase=draft.phrase.replace(value, short))


_COMMON_NOUNS = frozenset(
    words("trait has_condition allergic_to intolerant_to avoids takes_medication job_title diet hobby")
)
"""Predicates whose objects are seldom names."""


def in_lower_case(draft: Draft, text: str) -> Draft:
    """`draft` with an object in lower case that has a capital only because a sentence of `text` begins with it."""
    value = draft.object or ""
    if not value.strip() or draft.predicate not in _COMMON_NOUNS or value not in text:
        return draft
    first, *more = value.split()
    opens = text.partition(value)[0].rstrip(" \"'([")[-1:] in ("", ".", "!", "?", "\n")
    named = any(word[0].isupper() for word in more) or _proper_words().fullmatch(first)
    if not opens or named or not (first[0].isupper() and first[1:].islower()):
        return draft
    lowered = value[0].lower() + value[1:]
    return msgspec.structs.replace(draft, object=lowered, phrase=draft.phrase.replace(value, lowered))


def without_address(draft: Draft, names: Collection[str]) -> Draft:
    """`draft` without the name of another speaker after its object: "I'm allergic to sesame Jo"."""
    value = draft.object or ""
    last = _LAST_NAME.search(value) if names and draft.extractor is None else None
    if last is None or last["name"].casefold() not in names:
        return draft
    short = value[: last.start()]
    return msgspec.structs.replace(draft, object=short, phrase=draft.phrase.replace(value, short))


_LAST_NAME = late(
    r"(?<=[a-zß-ž])(?<!\band)(?<!\bwith)(?<!\bof)(?<!\bto)(?<!\bfor)(?<!\bby)(?<!called)(?<!named),? "
    r"(?P<name>[A-ZÀ-Þ][\w'-]+)$"
)


def acceptable(draft: Draft) -> bool:  # noqa: C901 -- one branch per type
    """Whether the draft's object is of the type that its predicate takes."""
    value = draft.object
    if value is None:
        return True
    if HIDDEN in value or not value.strip() or len(value.split()) > _LONGER.get(draft.predicate, LONGEST_OBJECT):
        return False
    predicate = draft.predicate
    if _TITLE.fullmatch(value):
        return False
    if predicate == "goal" and _QUALITY.fullmatch(value):
        return False
    if predicate in ("instruction", "goal"):
        return True
    if predicate not in ("plans", "event", "habit") and _FINITE.search(value):
        return False
    if _CHATTY.search(value) or _VAGUE_PERSON.search(value):
        return False
    if draft.subject is not None and any(map(str.isdigit, draft.subject)):
        return False
    if (
        predicate == "speaks"
        and not value[0].isupper()
        and not compiled("(?:{LANGUAGES}|{MORE_LANGUAGES})\\b.*").match(value)
    ):
        return False
    if predicate in ("uses", "likes", "dislikes") and compiled("{MEDICINE}").fullmatch(value):
        return False
    if predicate in ("likes", "dislikes") and (
        _VAGUE_THING.fullmatch(value) or _is_somebody(value) or compiled("{RELATIONS}").fullmatch(value)
    ):
        return False
    if predicate == "job_title" and (form := FORMS.get(value.split()[0].lower())) is not None and form[1] == "s":
        return False
    if predicate in ("avoids", "allergic_to", "intolerant_to") and _OF_THE_SPEAKER.search(value):
        return False
    if predicate == "avoids" and re.search(r"\bonly\b", value):
        return False  # "I don't eat meat, fish only".
    if predicate in _THINGS and (_NO_THING.fullmatch(value) or _says_of_another(value)):
        return False
    if predicate in ("lives_in", "hometown") and compiled("(?:{PEOPLES}|{LANGUAGES})").fullmatch(value):
        return False
    if predicate in ("lives_in", "hometown"):
        opening = value.split()[0]
        if compiled("{MONTHS}|{WEEKDAYS}").fullmatch(opening) and opening.lower() != "may":
            return False
        if _NO_PLACE.fullmatch(value):
            return False
        return not (_PLACELESS.match(value) or _WEEKDAY_OR_MONTH.fullmatch(value) or _STAGE.search(value))
    if predicate == "avoids" and value.casefold().startswith("allerg"):
        return False  # "Can't eat fish, allergy"
    if predicate == "habit" and _FOR_SOMEBODY.search(value):
        return False
    if predicate == "studies" and (_cities().fullmatch(value) or _STUDY_TIME.match(value)):
        return False
    if predicate == "works_at":
        return not (_cities().fullmatch(value) or _WEEKDAY_OR_MONTH.fullmatch(value))
    if predicate in ("allergic_to", "intolerant_to") and draft.op == "assert":
        return substance(value) is not None
    if predicate == "owns":
        if draft.phrase.startswith("has ") and _DWELLING.fullmatch(value):
            return False
        if draft.phrase.startswith("drives ") and _DRIVEN_FOR_WORK.search(value):
            return False
        return not (
            _STATE_OF_A_THING.fullmatch(value)
            or _SOFTWARE.search(value)
            or _ABSTRACT.match(value)
            or _ONE.search(value)
        )
    if predicate == "name" and value.isupper() and not compiled("{NOT_A_NAME}.").match(value.capitalize()):
        return False  # "I'm fine, I'm FINE"
    if predicate in ("prefers", "likes", "dislikes") and _OF_A_CHOICE.fullmatch(value):
        return False
    if predicate == "learning" and _NEW_THING.fullmatch(value):
        return False
    if predicate == "attended":
        return not _ERRAND.match(value)
    if predicate == "works_in":
        return not _STAGE.search(value)
    if predicate == "age":
        return value.isdigit() and 1 <= int(value) <= 120
    if predicate in _PEOPLE or (predicate.startswith("has_") and predicate not in _NOT_PEOPLE):
        return not (_NO_NAME.search(value) or is_opening(value) or (predicate == "name" and names_no_person(value)))
    if predicate == "has_condition":
        return not (value[0].isdigit() or compiled("{MEDICINE}").fullmatch(value))
    if predicate in ("event", "attended", "plans"):
        return value.count(",") < 2 or " and " in value
    return True


def _is_somebody(value: str) -> bool:
    """True for "gary" and "Gary from finance": one who is fond of a person has no taste."""
    first, *more = value.split()
    return is_given_name(first) and (not more or more[0].lower() in _AFTER_A_NAME)


def _says_of_another(value: str) -> bool:
    """True for the clause "Leo loves food" at the end of a list."""
    clause = _NAME_AND_VERB.match(value)
    verb = FORMS.get(clause["verb"]) if clause else None
    return verb is not None and verb[1] == "s"


_AFTER_A_NAME = frozenset(words("from at in and with who so too very the"))
_DRIVEN_FOR_WORK = late(
    r"\b(?:bus|coach|lorry|hgv|taxi|cab|uber|tram|train|ambulance|forklift|crane|digger|limo|"
    r"fire engine)\b| for (?!the\b|my\b)",
    re.IGNORECASE,
)
""" "I drive a bus for Västtrafik": the company's."""
_DWELLING = late(r"(?:an?|our|the) (?:[\w-]+ )*(?:flat|apartment|condo|house|cottage|cabin)", re.IGNORECASE)
""" "We have a flat": it may be rented."""
_VAGUE_THING = late(
    r"the (?:smell|taste|sound|noise|sight|texture|idea|thought|feel|way|look)s?|"
    r"(?:hers|his|mine|theirs|ours|yours)\b.*",
    re.IGNORECASE,
)
_OF_THE_SPEAKER = late(
    r"\b(?:i|me|you|\w+self|\w+selves)\b|\bmy (?:throat|face|lips|skin|stomach|tongue)\b|^(?:stop|ask)\w* ",
    re.IGNORECASE,
)
""" "I can't eat walnuts close my throat": what follows the object is a clause."""
_STUDY_TIME = late(r"(?:at |in )?(?:night|evening|morning|weekend)s?\b|.*\bfrom (?:last|this|next|\d)", re.IGNORECASE)
_NAME_AND_VERB = late(r"[A-ZÀ-Þ][\w-]+ (?P<verb>[a-z]+s) \S")
_ALSO = late(r"\s+(?:also|too|as well|now|either|equally|anyway|though)$", re.IGNORECASE)
_ONE = late(r"\bones?\b", re.IGNORECASE)
""" "A smaller one": of what, only the sentence before says."""
_ARTICLES = late(r"(?:an?|the|my|our|to|how to)", re.IGNORECASE)


def is_opening(word: str) -> bool:
    """True for a noun that opens a sentence and is not a name: "Thing is my husband …", "Problem is …"."""
    return bool(_openings().fullmatch(word))


def names_no_person(word: str) -> bool:
    """True for words that open a sentence and name no person: "Omeprazole, 20, before food", "Divorced, officially"."""
    return bool(_impersonal().fullmatch(word))


def names_relative(name: str) -> bool:
    """True for "Mum Ana": a relative of the speaker, not the speaker."""
    return bool(compiled(r"(?:{RELATIONS}|{RELATIVE})\b.+").match(name))


@cache
def _impersonal() -> re.Pattern[str]:
    return late(
        filled(
            "{MEDICINE}|{ILLNESSES}|{LANGUAGES}|{NATIONALITY}|engaged|divorced|widow(?:er|ed)?|married|single|"
            "retired|pregnant"
        ),
        re.IGNORECASE,
    )


@cache
def _openings() -> re.Pattern[str]:
    return late(lexicon("OPENING_NOUNS"), re.IGNORECASE)


@cache
def _proper_words() -> re.Pattern[str]:
    return compiled("(?:{PEOPLES}|{CITIES}|{LANGUAGES}|{TOOL_NAMES}|{PROGRAMMING}|{PLATFORMS})")


@cache
def _cities() -> re.Pattern[str]:
    return late(lexicon("CITIES"), re.IGNORECASE)


def single_readings(drafts: Iterable[Draft], single_valued: frozenset[str]) -> list[Draft]:
    """`drafts` without second readings of the same words.

    Of two values of a single-valued predicate that were read from overlapping words, the more confident one is kept,
    or the first. A correction replaces on purpose.
    """
    kept: list[Draft] = []
    for draft in drafts:
        rival = next((one for one in kept if _rivals(one, draft, single_valued)), None)
        if rival is None:
            kept.append(draft)
        elif draft.confidence > rival.confidence:
            kept[kept.index(rival)] = draft
    return kept


def _rivals(one: Draft, two: Draft, single_valued: frozenset[str]) -> bool:
    return (
        two.predicate in single_valued
        and (one.subject, one.predicate, one.slot) == (two.subject, two.predicate, two.slot)
        and one.op == two.op == "assert"
        and not (one.corrects or two.corrects)
        and one.quote[0] < two.quote[1]
        and two.quote[0] < one.quote[1]
    )
