"""Objects that the words around them make another thing: "a car boot sale", "a MacBook, company property".

Who is "vegetarian with fish" is not a vegetarian, and "an allergy to smugness" is not an allergy. Words that only
qualify an object are kept with it: "mostly vegetarian".
"""

import re

import msgspec

from memctl.core.late_pattern import late
from memctl.core.subjects import is_relation
from memctl.extract.draft_claim import Draft
from memctl.extract.filters.health import PERSON_WITH
from memctl.extract.grammar.compounds import describes_noun
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.substances import substance

_PREDICATES = frozenset(
    words(
        "owns has_pet allergic_to intolerant_to avoids diet uses detail relationship_status has_child trait "
        "lives_in works_at favorite"
    )
)
_PAIR = frozenset(words("partner spouse relationship_status"))
_SENTENCE_END = late(r"[.!?;\n](?!\d)")

_OF_WORK = late(
    r"[,( -]*(?:(?:(?:at|for|from|through|belongs to|property of) (?:my |the )?(?:work|job|company|firm|office|"
    r"employer|school)\b)|(?:a |the )?(?:company|work|school|office|firm)(?:'s)?(?: (?:property|owned|issued?|one|"
    r"machine|laptop|phone|car|van))?(?=$|[,.;)])|on (?:loan|hire|lease)\b|borrowed\b|rented\b|leased\b|not mine\b)",
    re.IGNORECASE,
)
_WORKS_OWN = late(
    r"(?:an? |the )?(?:work|company|school|office|pool|hire|hired|rental|rented|leased|borrowed) .*", re.IGNORECASE
)
_OF_ANOTHER = r",[^.;]*\b(?:my|our) (?:\w+ )?(?:{RELATIONS})'s(?=$|[,.;!)])"
_TRIFLE = late(
    r"(?:an? |some |two |three |my |the )?(?:(?!(?:machine|maker)\b)[\w'-]+ )*?(?:coffee|tea|pint|beer|sandwich|cake|"
    r"pie|drink|round|latte|colou?ring book|card|ticket|tickets|newspaper|paper|magazine|present|gift|candles?|"
    r"flowers|bouquet|wreath|bottle|loaf|pizza|meal|lunch|snack|juice|stamps?|balloons?|ice cream|chocolates?|sweets|"
    r"biscuits|bread|milk|eggs|cigarettes|lighter|packet|pack|bag of .*|box of .*|bunch of .*|bottle of .*|"
    r"pair of (?:socks|tights))",
    re.IGNORECASE,
)
_ROOMS = late(r"(?:(?:half|one|two|three|four|five|\d+)(?: and a half)?|a) (?:bed)?rooms?\b.*", re.IGNORECASE)
_COMMUNAL = late(r"[^.;]*\b(?:everybody|everyone|the neighbou?rs|the whole \w+) feeds?\b", re.IGNORECASE)
_VAGUE = late(r"(?:certain|some|various|several|too much|too many|a lot of|lots of|many) .*", re.IGNORECASE)
_OF_SUBSTANCES = frozenset(words("allergic_to intolerant_to avoids"))
_ONLY_SOME = late(r"\b(?:some|certain)(?: (?:kinds|types|sorts) of)? $", re.IGNORECASE)
_EATEN = late(r"\b(?:eat|eats|eating|eaten|ate|drink|drinks|drinking|drank)(?: (?:any|the|my))* $", re.IGNORECASE)
""" "I don't eat chapulines": directly after such a verb, an unknown word is a food."""
_ONLY_THEN = late(
    r"(?: any ?more| now| these days)? (?:in (?:my |the |hot )?(?:tea|coffee|cereal|porridge|drinks?|dishes|sauces?|"
    r"food|cooking|mornings?|afternoons?|evenings?)|at (?:breakfast|lunch|dinner|supper|night|weekends?)|before (?:"
    r"bed|noon|\d)|after \d|with (?:meals|my (?:tea|coffee|food)))\b",
    re.IGNORECASE,
)
""" "Sugar in tea", "wheat any more at breakfast": at other times it is eaten."""
_ANOTHER_SWELLS = late(
    r",? [^.;]*?\b(?:he|she|they|(?-i:[A-ZÀ-Þ])[\w-]+)(?:'s|'re)? (?:is |are )?(?:\w+ )?(?:swells?|reacts?|allergic|"
    r"comes? (?:out|up) in)\b",
    re.IGNORECASE,
)
_EATS_AFTER_ALL = late(
    r",? (?:with|plus|and) (?:some |a bit of |the odd |occasional )?(?:fish|meat|chicken|tuna|salmon|bacon|seafood|"
    r"eggs)\b|,? (?:who|that) (?:still |sometimes |also )?(?:eats?|cheats?|craves?|loves?)\b|,? (?:fish|meat|chicken|"
    r"bacon|tuna) (?:now and then|sometimes|at|on|once)\b",
    re.IGNORECASE,
)
_MEATLESS = frozenset(words("vegetarian vegan veggie"))
_NOT_QUITE = late(r"\b(?P<o>mostly|almost|nearly|largely|part-time|semi)[ -]$", re.IGNORECASE)
_SIZE = late(
    r"(?:x{0,3}[sml]|small|medium|large|extra large|free|basic|premium|gre|ielts|toefl|gmat|sat|lsat|mcat)",
    re.IGNORECASE,
)
_PART_OF_THE_TIME = late(
    r"\bhalf (?:of )?(?:the |my )?(?:week|month|year|time|day)|\b(?:some|most|other) (?:days|weeks|nights)\b",
    re.IGNORECASE,
)
""" "Half of the month I don't cook": the rest of it the speaker does."""
_AS_GOOD_AS = late(
    r"\b(?:basically|practically|virtually|essentially|as good as|almost|nearly|like)\b[^.;]*$", re.IGNORECASE
)
_BY_POST = late(
    r" (?:by post|less|more|to (?:(?:my|the) (?!(?:\w+ )?(?:man|woman|guy|girl|lad|love|mother|father)\b)|an? (?:job|"
    r"desk|dog|cat|phone|screen|ship|farm)\b))",
    re.IGNORECASE,
)
_BEEN = late(r"\bbeen (?:an? )?$", re.IGNORECASE)
_HOW_LONG = late(r"\d|\b(?:since|for|years|months|twice|long|now|happily)\b", re.IGNORECASE)
""" "I've been divorced" tells of then, "I've been married 20 years" of now."""
_MACHINE = late(r",? an? (?:\d{4} )?(?-i:[A-ZÀ-Þ])")
_BACK_AGAIN = late(r"[^.;]*\b(?:found (?:her|him|it|them)|came back|turned up|is back|back home)\b", re.IGNORECASE)
_FOR_A_WHILE = late(
    r",? (?:for (?:the|a|an|my) (?:weekend|day|week|night|hour|fortnight|holidays?|trip|lunch|meeting)\b|(?:on|"
    r"by) (?:the |a )?(?:\w+ )?(?:train|bus|boat|ferry|plane|flight|coach|car)\b|at (?:\d|dawn|noon|midnight|five|"
    r"six|seven|eight|nine|ten)\b|this (?:morning|afternoon|evening)\b|early\b|late\b|with (?:nothing|a (?:bag|"
    r"trolley|basket|sandwich))\b)",
    re.IGNORECASE,
)
""" "Left Lisbon on the night train" is a journey."""
_BOUGHT_BACK = late(r"\b(?:bought|got|won) (?:it|them|her|him) back\b", re.IGNORECASE)
_WAS = late(r"\bfavou?rite [\w ]+ was $", re.IGNORECASE)
""" "My favourite teacher was Mr Shah" ends nothing."""
_AT_SCHOOL = late(
    r"\b(?:broke|break|breaking|broken|split) up (?:for (?:the|christmas|easter|half[- ]term|summer|lunch)|at the|"
    r"in the (?:shop|museum|crowd|market|fog|woods|queue))\b",
    re.IGNORECASE,
)
""" "We broke up for the holidays" ends no relationship."""
_NO_POSSESSION = late(
    r"(?:soul|mind|dignity|temper|patience|marbles|faith|voice|nerve|heart|youth|innocence)", re.IGNORECASE
)
_CALLED = late(r" (?:called|named) ")
_VERB_OF_STATE = late(r"(?:was|were|is|are|has|had|been)\b", re.IGNORECASE)


def in_context(draft: Draft, text: str) -> Draft | None:
    """`draft` of a turn with the words that qualify its object; None if the words around it make it another thing."""
    if draft.extractor is not None or not (draft.predicate in _PREDICATES or draft.object is None):
        return draft
    if draft.object is None:
        of_a_pair = is_relation(draft.predicate) or draft.predicate in _PAIR
        return None if of_a_pair and _AT_SCHOOL.search(text[slice(*draft.quote)]) else draft
    return _worded(draft, draft.object, text)


def _worded(draft: Draft, value: str, text: str) -> Draft | None:
    """`in_context` for a draft with an object."""
    said = text[slice(*draft.quote)]
    if draft.predicate == "detail" and value.startswith("is "):
        return msgspec.structs.replace(draft, object=value[3:], phrase=draft.phrase.replace(f"is {value}", value, 1))
    if _says_nothing(draft.predicate, value, said):
        return None
    noun = _CALLED.split(value)[0] if draft.predicate == "has_pet" else value
    at = text.casefold().find(noun.casefold(), draft.quote[0])
    if at < 0 or at > draft.quote[1]:
        return draft
    before, after = text[draft.quote[0] : at], text[at + len(noun) :]
    end = _SENTENCE_END.search(after)
    rest = after[: end.start()] if end else after
    if draft.op != "assert":
        return None if _not_ended(draft.predicate, value, before, rest) else draft
    if draft.predicate == "diet":
        return _diet(draft, value, before, rest)
    if draft.predicate in _OF_SUBSTANCES and _ONLY_SOME.search(before):
        return msgspec.structs.replace(
            draft, object=f"some {value}", phrase=draft.phrase.replace(value, f"some {value}")
        )
    if draft.subject is None and draft.predicate == "allergic_to" and PERSON_WITH.search(before):
        return None
    check = _CHECKS.get(draft.predicate)
    return None if check is not None and check(value, before, rest) else draft


def _says_nothing(predicate: str, value: str, said: str) -> bool:
    if predicate == "trait":
        return value.startswith("does not") and _PART_OF_THE_TIME.search(said) is not None
    return not value or (
        (predicate == "detail" and _VERB_OF_STATE.match(value) is not None)
        or (predicate == "uses" and _SIZE.fullmatch(value) is not None)
    )


def _diet(draft: Draft, value: str, before: str, rest: str) -> Draft | None:
    if value.lower() in _MEATLESS and _EATS_AFTER_ALL.match(rest):
        return None
    hedge = _NOT_QUITE.search(before)
    if hedge is None:
        return draft
    return msgspec.structs.replace(
        draft,
        object=f"{hedge['o'].lower()} {value}",
        phrase=draft.phrase.replace(value, f"{hedge['o'].lower()} {value}"),
    )


def _not_ended(predicate: str, value: str, before: str, rest: str) -> bool:
    """Whether an end is none: "sold my soul", "lost Bella in the park, found her in the pub"."""
    match predicate:
        case "owns":
            return _NO_POSSESSION.fullmatch(value) is not None or _BOUGHT_BACK.search(rest) is not None
        case "lives_in" | "works_at":
            return _FOR_A_WHILE.match(rest) is not None
        case "favorite":
            return _WAS.search(before) is not None
    return predicate == "has_pet" and _BACK_AGAIN.match(rest) is not None


def _not_so(value: str, before: str, rest: str) -> bool:
    """Whether somebody is only as good as married, or was divorced once."""
    been = _BEEN.search(before) is not None and not _HOW_LONG.search(rest)
    return been or bool(_AS_GOOD_AS.search(before) or _BY_POST.match(rest))


def _not_owned(value: str, before: str, rest: str) -> bool:
    return bool(
        describes_noun(rest)
        or _OF_WORK.match(rest)
        or _WORKS_OWN.fullmatch(value)
        or _TRIFLE.fullmatch(value)
        or _ROOMS.fullmatch(value)
        or compiled(_OF_ANOTHER).match(rest)
    )


def _not_ones_pet(value: str, before: str, rest: str) -> bool:
    return (value.startswith(("a ", "an ")) and value.islower() and describes_noun(rest)) or _COMMUNAL.match(
        rest
    ) is not None


def _no_child(value: str, before: str, rest: str) -> bool:
    return _MACHINE.match(rest) is not None and value.endswith("baby")


def _not_avoided(value: str, before: str, rest: str) -> bool:
    """Whether an object is neither a food, a material nor a vice, or is avoided by another than it seems."""
    known = substance(value) or compiled("(?:the )?{VICES}|(?:the )?smoking").fullmatch(value) or _EATEN.search(before)
    if not known or _VAGUE.fullmatch(value) or _ANOTHER_SWELLS.match(rest):
        return True
    return _ONLY_THEN.match(rest) is not None


_CHECKS = {
    "owns": _not_owned,
    "has_pet": _not_ones_pet,
    "has_child": _no_child,
    "avoids": _not_avoided,
    "relationship_status": _not_so,
}
