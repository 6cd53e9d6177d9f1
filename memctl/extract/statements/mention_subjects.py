"""Whether the words around a drug or an illness speak of it in general, or of another person than the speaker."""

import re

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import filled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.verbs import FORMS

_ITSELF = late(
    r"(?: xr)?(?:,? \d[\d.]*+(?: ?(?:%|mg|mcg|micrograms|milligrams|g|ml|units))?)?(?:(?:(?:'s| is| was| are| were) "
    r"(?:an?|the|one|no|not|never|going to|negative)|n't| isn'?t| wasn'?t| would| could| should| might| must)\b|"
    r" (?P<verb>(?!goes|helps|works|says (?:the|my|dr|doc|gp))[a-z]+s)\b(?!.*\b(?:me|my|mine|i)\b))",
    re.IGNORECASE,
)
""" "Pantoprazole comes in two strengths", "dementia is an illness of the old": about the thing itself."""
_SUBJECT = late(r"\W*(?:(?:and|but|so|well|ok|yeah|oh|btw)\W+)*(?:the )?", re.IGNORECASE)
_ANOTHER_HAS = late(
    r"\W*(?:(?:and|but|so) )*(?!(?:i|we|my|our|me|it|this|that|what|there|here|the|left|right|one|both|doc|doctor|dr|"
    r"gp|consultant|nurse|hospital|specialist|surgeon)\b)(?!\w+ (?:ear|eye|knee|hip|leg|arm|hand|foot|shoulder|lung)s?"
    r"\b)[a-z][\w-]*(?: [\w-]+){0,2}(?: (?:has|takes|needs)(?: got| the| a)*|(?:'s| is)[^;]* on(?: the)?|"
    r" (?P<is>is)(?: [\w-]+){0,3}) ",
    re.IGNORECASE,
)
""" "Shosho has cataracts"; "my left ear has tinnitus" is the speaker's."""
_ONE_OF_MINE = late(
    r"\W*(?:(?:and|but|so) )*(?:my|our|the) (?:[\w-]+ )?(?:one|eldest|oldest|youngest|middle|lot|ones)"
    r"(?:'s| is| has| was)(?: got| a| an| also| very)* $",
    re.IGNORECASE,
)
""" "My middle one is autistic"."""
_AGED = late(r"\W*(?-i:[A-ZÀ-Þ])[\w'-]+(?:, | \()\d{1,2}\b")
""" "Kai, 5, glue ear": about Kai."""
TRAIT = late(r"(?!colic)[\w-]+(?:ic|ed|blind|plegic)", re.IGNORECASE)
_PEOPLE = (
    r"\b(?:he|she|his|her|him|they(?!'ve| have|'re| are| put| gave| got| upped| started| moved| changed)|"
    r"their|them|you|your|who|someone|somebody|people|patients?|everyone|everybody|guy|lady|woman|man|girl|boy|lad|lass|kids?|"
    r"year[- ]olds?|eldest|youngest|oldest|toddler|twins?|teenager|pupils?|members?|sister|"
    r"brother|mother|father|mum|mummy|mammy|mam|mom|dad|daddy|mama|papa|nan|nana|gran|granny|grandma|grandmother|"
    r"grandad|grandfather|wife|husband|hubby|partner|girlfriend|boyfriend|son|daughter|cousin|aunt|auntie|uncle|"
    r"friend|mate|boss|client|customer|fella|bloke|chap|donor|protagonist|"
    r"colleague|neighbou?r|flatmate|roommate|housemate|baby|niece|nephew|narrator|character)(?:s|'s)?\b"
)
_OTHERS = KeyedPattern(_PEOPLE, re.IGNORECASE)
_THINGS = late(
    r"\b(?:they|people|you) (?:call|say|said|told|tell|do|know)\b|"
    r"\b(?:tak|us|forg[eo]t|need|order|count|swallow)\w*(?: all)? them\b",
    re.IGNORECASE,
)
""" "They call it a murmur", "I do take them": nobody of whom the next sentence may speak."""
SOMEBODY_ELSE = KeyedPattern(
    rf"{_PEOPLE}|\b(?:{filled('{PET}')}|vet)s?\b|\b(?!(?:Doctor|Doc|Dr|GP|Nurse|Consultant|Specialist|Bloods?|MRI|That|"
    r"This|It|They|What|Then|There|Here|One|Turns|Rheum\w*|Neuro\w*|Cardio\w*)\b)(?-i:[A-Z])[\w-]+(?:'s|,? our \w+| "
    r"(?:has|had|is|takes|got|was|needs|saw|from|[a-z]{2,}(?:ed|[^s]s)))\b",
    re.IGNORECASE,
)
DONE_TO_SPEAKER = late(
    r"\b(?:has|have|had|put|puts|got|gets|started|keeps?|kept|moved|switched|bumped|upped|changed|placed) "
    r"(?:me|us)(?: (?:up|down|back|over|straight|again|now|to|at|\d[\d.,]*|mg))* (?:on|onto|to|of)"
    r"(?: (?:the|some|my|to))* $|"
    r"\b(?:reduced|raised|increased|lowered|cut|doubled|halved|upped|bumped|changed|adjusted|stopped|withdrawn|withdrew|"
    r"reviewed|prescribed|renewed) my $",
    re.IGNORECASE,
)
""" "Her doctor friend has me on sertraline", "Dr Hill has reduced my warfarin": the medicine is the speaker's."""
_DONE_TO_ANOTHER = late(
    r"\b(?:put|puts|started|starts|switched|moved|got|has|have|gave|gives|given|prescribed) "
    r"(?:him|her|them|(?!\w+day\b|I\b|Dr\b)(?-i:[A-ZÀ-Þ])[\w-]+)"
    r"(?: (?:on|onto|to|back|straight|over|up|down|now|a|the|some))* $",
    re.IGNORECASE,
)
""" "They put Rolf on insulin": not the speaker's, whoever Rolf is."""
_OF_SOMEBODY = late(
    r"\W*(?!(?:It|That|This|What|There|Here|He|She|Who|Where|How|When|Doc|Doctor|Today|Let|One|Everything|Name|"
    r"Thyroid|Heart|Back|Knee|Blood|Stomach|Head|Skin|Hip|Shoulder|Leg|Foot|Eye|Ear|Chest|Liver|Bladder|Gut|Pain)'s)"
    r"(?-i:[A-ZÀ-Þ])[\w-]+'s "
)
""" "Till's cough = asthma. Salbutamol when needed": about Till."""
_OWN = KeyedPattern(r"\b(?:i|i'm|i've|im|ive|my|me|we|our)\b", re.IGNORECASE)
_CAPITALIZED = late(r"\b[A-ZÀ-Þ][\w-]+|\b[Vv]et\b")
_INTRODUCES = late(r"\b(?:name|this is|here)\b", re.IGNORECASE)


def is_about_itself(before: str, after: str) -> bool:
    """True if the clause is about the drug or the illness itself: "omeprazole comes in two strengths"."""
    matched = _ITSELF.match(after) if _SUBJECT.fullmatch(before) else None
    if matched is None:
        return False
    _, form = FORMS.get((matched["verb"] or "").lower(), ("", None))
    return matched["verb"] is None or form == "s"


def is_of_another(before: str, illness: str) -> bool:
    """True if the words `before` have a subject other than the speaker, or tell what was done to somebody else."""
    if _AGED.match(before) or _ONE_OF_MINE.match(before) or _DONE_TO_ANOTHER.search(before):
        return True
    subject = _ANOTHER_HAS.fullmatch(before)
    return subject is not None and (subject["is"] is None or bool(TRAIT.fullmatch(illness)))


def names_speaker(text: str) -> bool:
    """Whether a text has a word for its speaker."""
    return bool(_OWN.search(text))


def is_about_another(text: str, earlier: str) -> bool:
    """Whether a text without a word for its speaker goes on about the person of the sentence before."""
    if names_speaker(text):
        return False
    return bool(_OTHERS.search(_THINGS.sub("", earlier)) or _OF_SOMEBODY.match(earlier) or _names_another(earlier))


def _names_another(earlier: str) -> bool:
    """Whether the sentence before tells of a person with a name, or of the vet: "Been to see Agnes. Dementia now"."""
    if _OWN.search(earlier) or _INTRODUCES.search(earlier):
        return False
    return any(word.lower() == "vet" or is_given_name(word) for word in _CAPITALIZED.findall(earlier))
