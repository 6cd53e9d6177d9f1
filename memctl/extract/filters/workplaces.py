"""What reads like an employer, a home or a school and is another thing: a church, a club, a bank, a bed, a branch of
study. Where the words say what it is, it is stored as that."""

import re

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name

_PREDICATES = frozenset({"works_at", "lives_in", "studied_at", "studies", "surname", "hometown"})

_HOME_AT = late(
    r"\bmy (?:[a-z]+ ){0,2}?(?:flat|house|cottage|bungalow|room|home|apartment|place) (?:at|in) $", re.IGNORECASE
)
""" "My little flat at Westbrook"."""
_LODGING_AT = late(r"\b(?:staying|lodging|boarding) (?:at|in|with) $", re.IGNORECASE)
_NOT_AT_WORK = late(
    r"\b(?:(?:the|a|an|old) [a-z]+ works|flat|house|cottage|bed|bench|bar|seat|table|ward|exams?|appointment|scan|"
    r"surgery|game|gig|match|pitch|stall|ticket) at (?:the )?$|\b(?<!work )(?<!works )(?<!working )(?<!worked "
    r")(?<!job )(?:up|down|out) at $",
    re.IGNORECASE,
)
""" "Retired from the freezing works at Bluff", "an apprentice up at Burnie": a place."""
_STUDENT_AFTER = late(
    r"(?:,? (?:in|since|last) [a-z]+)?,? (?:and (?:is |she's |he's |i'm )?)?(?:doing|studying|reading|taking|for) "
    r"(?:an? |his |her |my |their )?(?:(?:ba|bsc|msc|ma|first|second|final|third) (?:year |in )?)?(?:[a-z]+ "
    r")?(?:[a-z]+(?:graphy|metry|onomy|istry|ology|itecture|acy|onics|amics|atics|guistics|therapy)|physics|law|"
    r"medicine|nursing|history|english|maths?|art|music|drama|dance|film|fashion|economics|geography|politics|"
    r"philosophy|classics|german|french|spanish|engineering|accounting|design|physio|a[ -]levels?|btec|degree|diploma|"
    r"phd|masters?|foundation year|[a-z]+ studies|(?:computer|sports?|social|forensic|data|food|animal) sciences?)\b",
    re.IGNORECASE,
)
_ENTERED = late(
    r"\b(?:join(?:ed|ing|s)?|signed (?:for|with)|play(?:s|ing|ed)? for|start(?:ed|ing|s)? (?:with|at)) $", re.IGNORECASE
)
_SERVICE = late(
    r"(?:facebook|insta(?:gram)?|twitter|tiktok|whatsapp|reddit|netflix|tinder|duolingo|spotify)", re.IGNORECASE
)
_UNSURE = late(rf"[Tt]he |St\b|(?:.* )?(?:{_SERVICE.pattern}|(?i:fitness|gyms?|leisure|yoga|pilates|crossfit))$")
_OF_WORK = late(
    r"\b(?:jobs?|work(?:s|ed|ing|place)?|roles?|position|post|company|firm|start-?up|employ\w*|boss(?:es)?|manager|"
    r"teams? (?:at|of)|colleagues?|co-?workers?|salary|pay|paid|wages?|contract|hired?|career|offices?|shifts?|"
    r"promot\w+|redundan\w+|intern(?:ship)?|department|interview\w*|offer(?:ed)?|recruit\w*|onboarding|commute|"
    r"probation|resign\w*|notice|as an? [a-z]+|clients?|customers?|for (?-i:[A-Z])\w+|after \w+ years)\b",
    re.IGNORECASE,
)
""" "I joined the Zumba Gold" and "my son started at St Mark's" are about work only if other words of the turn are."""
_COMMON = late(r"(?:an?|the|my|our) [^A-Z]+")
_SAT_IN = late(
    r".*\b(?:caf[eé]|coffee (?:shop|house|bar)|library|bar|co-?working(?: space)?|lounge|pub)$", re.IGNORECASE
)
_PAID = late(
    r"\b(?:boss|manager|shifts?|colleagues?|customers|tips?|pay|paid|wages?|hours|as an?|nights|weekends|part[- ]time|"
    r"full[- ]time|(?:mon|tues|wednes|thurs|fri|satur|sun)days|"
    r"waitress\w*|waiter|barista|barm\w+|bartender|cook|chef|librarian|job|since|years|hired|staff)\b",
    re.IGNORECASE,
)
""" "I work at a café near the station" may be said by someone with a laptop."""
_SOLD_BY = late(
    r"\b(?:co-?op|banks?|banking|broadband|wi-?fi|sim|phone|contract|tariff|provider|supplier|insur\w+|electric\w*|"
    r"gas|energy|switch(?:ed|ing)? (?:to|from|banks)|premiums?|polic(?:y|ies)|mortgage|pension|bins|feed|calf price|"
    r"milk price|price|vet|dentist|surgery|gym)\b",
    re.IGNORECASE,
)
_WITH = late(r"(?:'m|'s|'re|\b(?:am|is|are|was|been|being)) (?:now |still |back )?with $", re.IGNORECASE)
_BEEN_WITH = late(r"\b(?:am|is|are|was|were|been|being|'m|'s|'re|got back|broke up|split up) with $", re.IGNORECASE)
""" "I was with Arne for 48 years"."""
_INSTEAD = late(r"(?: now)?(?: instead\b|,? not )", re.IGNORECASE)
_UNPAID = late(
    r"\b(?:meals|soup|food ?bank|shelter|charity|hospice|volunteer\w*|unpaid|every (?:mon|tues|wednes|thurs|fri|satur|"
    r"sun)day\b(?!.* (?:shift|paid)))",
    re.IGNORECASE,
)
_TOOL_LEFT = late(
    r"\b(?:dumped|ditched|binned|cancell?ed|scrapped|uninstalled|deleted|unsubscribed from|replaced|dropped|sick of) "
    r"(?-i:[A-Z])[\w.]+(?: (?-i:[A-Z])[\w.]+)*,? (?:and )?(?:now )?(?:i |we )?(?:(?:have |'ve )?(?:moved|switched|"
    r"migrated|shifted)) (?:over )?to $",
    re.IGNORECASE,
)
_SUBJECT = late(r"(?!.*(?-i:[A-Z]))(?!\w*station$)[a-z ]*[a-z]{3}(?:tion|tronics|ics|ology|nomy|istry|ware|ment|ering)")
""" "Shifted to instrumentation after first year": a branch of study, or a department."""
_AGE_AFTER = late(r", \d{1,2}$")
_PHONE = late(r",? (?:tel|phone|on|mob)?\.?:? ?\+?\d[\d ()-]{5,}$", re.IGNORECASE)
_AS_WE_SPEAK = late(r"[^.;!?]{0,20}\b(?:as we speak|as i (?:type|write)|on holidays?|on tour)\b", re.IGNORECASE)
_SCHOOL = late(
    r"(?:the|an?) (?:academy|university|conservator\w+|college|institute|art school|polytechnic)", re.IGNORECASE
)
_WHERE = late(r" (?:in|of|at) (?P<o>(?:(?:the|los|las) )?(?-i:[A-ZÀ-Þ])[\wÀ-ž'-]+(?: (?-i:[A-ZÀ-Þ])[\wÀ-ž'-]+)?)")
_STUDIES_IN = late(r"\bstud(?:y|ies|ied|ying) in $", re.IGNORECASE)
_GIVEN_UP = late(
    r"[^.;!?]{0,12}\b(?:before|once),? (?:but )?(?:i )?(?:stopped|dropped|quit|left|gave)\b", re.IGNORECASE
)
_CUT = late(
    r".* (?:de|del|della|la|el|los|las|le|du|da|do|dos|van|von|der|den|of|the|and|for|at|y|e|und)", re.IGNORECASE
)
_NEXT_NAME = late(r" (?:(?:la|el|los|las|der|den|the) )?(?-i:[A-ZÀ-Þ])[\wÀ-ž'-]+")
_SAME_PERSON = r"(?-i:{value})'s (?:{RELATIVE}|{RELATIONS}|mum|mam|mom|dad)\b"


def in_its_place(draft: Draft, text: str) -> Draft | None:
    """`draft`, or what its words in `text` say instead, or None if they say nothing that lasts."""
    value = draft.object or ""
    if draft.extractor is not None or not value or draft.predicate not in _PREDICATES:
        return draft
    at = text.find(value, draft.quote[0])
    if at < 0 or at > draft.quote[1]:
        return draft
    before, after = text[:at], text[at + len(value) :]
    if draft.predicate in ("works_at", "studied_at") and _CUT.fullmatch(value):
        named = _NEXT_NAME.match(after)
        return _with_object(draft, value + named[0]) if named else None
    if draft.predicate == "works_at":
        return _employer(draft, value, before, after, text)
    if draft.predicate == "lives_in":
        return _home(draft, value, before, after)
    if draft.predicate == "studied_at" and (_SCHOOL.fullmatch(value) or _SAT_IN.fullmatch(value)):
        place = _WHERE.match(after) if _SCHOOL.fullmatch(value) else None
        return _with_object(draft, value + place[0]) if place else None
    if draft.predicate == "studies":
        city = value[:1].isupper() and _STUDIES_IN.search(before)
        return None if city or _GIVEN_UP.match(after) else draft
    if draft.predicate in ("surname", "hometown") and _AGE_AFTER.search(value):
        return _with_object(draft, value.partition(",")[0])
    if draft.predicate == "surname" and "," in value:
        return _with_object(draft, value.partition(",")[0])
    return draft


def _with_object(draft: Draft, value: str) -> Draft:
    return msgspec.structs.replace(draft, object=value, phrase=draft.phrase.replace(draft.object or "", value))


def _employer(draft: Draft, value: str, before: str, after: str, text: str) -> Draft | None:
    if _ENTERED.search(before) and (_UNSURE.match(value) or before.endswith("with ")) and not _OF_WORK.search(text):
        return None
    if draft.op != "assert":
        person = (_BEEN_WITH.search(before) and _is_person(value, text)) or is_given_name(value)
        return None if person or _SERVICE.fullmatch(value) else draft
    if not _is_workplace(value, text):
        return None
    if _HOME_AT.search(before) or _LODGING_AT.search(before):
        return msgspec.structs.replace(draft, predicate="lives_in", phrase=f"lives in {value}", category="home")
    if _NOT_AT_WORK.search(before):
        return None
    if _STUDENT_AFTER.match(after):
        return msgspec.structs.replace(
            draft, predicate="studied_at", phrase=f"studies at {value}", category="education"
        )
    if _WITH.search(before) and (_is_person(value, text) or _INSTEAD.match(after)):
        return None
    if _WITH.search(before) and _SOLD_BY.search(before[-80:]):
        return None
    if before.endswith(" for ") and _UNPAID.search(before, draft.quote[0]):
        return None
    return draft


def _is_workplace(value: str, text: str) -> bool:
    """Whether a common noun is a place where people are paid to work, and a name no language or people."""
    if not _COMMON.fullmatch(value):
        return not compiled("{PEOPLES}|{LANGUAGES}").fullmatch(value)
    if _SAT_IN.fullmatch(value) and not _PAID.search(text):
        return False
    return (
        compiled(
            r".*\b{WORKPLACES}(?: (?:of|in|at|for|on|outside|still|now|again|\w+days?|nights|part|full)\b.*)?"
        ).fullmatch(value)
        is not None
    )


def _is_person(value: str, text: str) -> bool:
    """True for "Sybren is with Floor since June, and before that with Floor's sister"."""
    if " " in value:
        return False
    return is_given_name(value) or (
        f"{value}'s " in text and compiled(_SAME_PERSON.replace("{value}", value)).search(text) is not None
    )


_OF_A_COMPANY = late(
    r"\b(?:compan(?:y|ies)|start-?up|firm|agency|brand|practice|charity|label|co-?op|business|workshop|brewery|studio|"
    r"we (?:make|sell|build|ship|brew|bake|print|repair|supply|import|distribute))\b[^\n]*[.!?;:\n]\s*(?:"
    r"(?:we're|we are|all) )?based in $|\boffices?\b[^.!?\n]*\bwe(?:'re| are|'ll| will)? (?:just )?(?:stay|staying|"
    r"remain|keep|move|moving) (?:on )?(?:in|to) $",
    re.IGNORECASE,
)
""" "I run a company. Based in Brest", "against the new office, we stay in Altona": where people work."""


def _home(draft: Draft, value: str, before: str, after: str) -> Draft | None:
    if draft.op == "assert" and _TOOL_LEFT.search(before):
        return msgspec.structs.replace(draft, predicate="uses", phrase=f"uses {value}", category="tools")
    if draft.subject is None and draft.op == "assert" and _OF_A_COMPANY.search(before):
        return None
    if _SUBJECT.fullmatch(value) or _AS_WE_SPEAK.match(after):
        return None
    short = _PHONE.sub("", value)
    return _with_object(draft, short) if short and short != value else draft
