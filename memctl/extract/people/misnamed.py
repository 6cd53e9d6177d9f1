"""People, names and bonds whose words say something else: "my twin Sara" is no child, "the missus is FIFO" no name."""

import re
from collections.abc import Callable, Iterable

import msgspec

from memctl.core.late_pattern import late
from memctl.core.subjects import is_relation
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.name_patterns import NOT_NAMES
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import canonical

_TITLE = late(
    r"(?:Dra|Sra|Sr|Srta|Hr|Fr|Frau|Herr|Mme|Mlle|Ing|Sig|Dott|Don|Doña|Mag|Dipl|Lic|Sheikh|Imam)(?: (?:Dr|Prof))?"
)
_AFTER_TITLE = late(r"\.? [A-ZÀ-Þ][\wÀ-ž'-]+")
_PARTICLE = (
    r"(?:van|von|de|del|della|di|da|dos|du|el|al|bin|ibn|ter|ten|der|den|la|le|De|Van|Von|Da|Di|El|Al|Le|La|Mac|O')"
)
_SURNAME = late(rf"(?: {_PARTICLE})+ [A-ZÀ-Þ][\wÀ-ž'-]+")
_SECOND = late(r" (?P<o>[A-ZÀ-Þ][a-zà-ž'-]+)(?=[,.;!?]|$| (?:who|and|is|was|has|works|lives)\b)")
_ENDS_IN_PARTICLE = late(rf".* {_PARTICLE}")
_SHOUTED = late(r"(?P<o>.*[a-zà-ž].*?)(?: [A-Z]{3,})+")
_ONE_TWIN = late(r"\btwin,? (?:is |called |named )?$", re.IGNORECASE)
_LISTED_TWIN = late(r"\btwins, $", re.IGNORECASE)
_NEXT_IN_LIST = late(r", (?:myself|me|my|the|our)\b", re.IGNORECASE)
_TWINS_OF_US = late(r"\b(?:siblings|brothers|sisters)\b[^.!?\n]*\btwins\b[^.!?\n]*$", re.IGNORECASE)
_LOVER = late(r"\bmy (?:girl|boy|man|woman),? $", re.IGNORECASE)
_GROWN = late(
    r" (?:bartends|works|waitresses|nurses|drives|commutes|and (?:i|me)\b|moved in|is moving in|proposed|dumped)\b",
    re.IGNORECASE,
)
_OF_A_PARENT = late(r"\b(?:eldest|oldest|youngest|daughter|son|school|kids?|grand\w+)\b", re.IGNORECASE)
_CHILDREN_COUNTED = late(r"(?:\w+ )+(?:kids|children|boys|girls|toddlers)", re.IGNORECASE)
_CARED_FOR = late(
    r"\b(?:tutor\w*|teach\w*|coach\w*|nann\w+|au pair\w*|babysit\w*|childmind\w*|mind|minding|foster\w*|look(?:ing)? "
    r"after)\b[^.;!?]{0,40}$",
    re.IGNORECASE,
)
_IN_CLASS = late(r"(?: \w+)? in (?:my|the|our) (?:class|team|group|troop|squad|choir|care)\b", re.IGNORECASE)
_SPEAKING = late(r" (?:here\b|on (?:this|the) line\b|speaking\b|reporting\b|again here)", re.IGNORECASE)
_IN_BUSINESS = late(
    r"[^.;!?\w]{1,4}(?:in|at|from) (?:the|our|my) (?:shop|business|firm|practice|band|company|garage|restaurant|"
    r"bakery|farm|law|dance|lab|clinic)\b",
    re.IGNORECASE,
)
_IN_A_GAME = late(r"[^.;!?\w]{1,3}(?:who's |that's |is )?my partner (?:in|at|on|for) (?-i:[a-z])", re.IGNORECASE)
""" "Bo, my partner at bridge", "on the ward": not the one the speaker lives with."""
_FORMER = late(
    r"\b(?:my|our) (?:old|former|previous|last|first) (?:[a-z]+ )?(?:flatmate|roommate|housemate|boss|manager|"
    r"landlord|landlady|colleague|coworker|co-worker|neighbou?r|supervisor|coach|teacher|tutor|dentist|doctor|"
    r"therapist|physio|vet|girlfriend|boyfriend|classmate|labmate|husband|wife|gp|trainer),? (?:is |was |called )*$",
    re.IGNORECASE,
)
_NOT_BUT = late(r"\b(?P<is>[a-z-]+),? not (?:(?:my|a) )?(?P<not>[a-z-]+)\b", re.IGNORECASE)
_NEW_SUBJECT = late(
    r", (?:my|our|me|ma) (?:[a-z]+ )?[a-z-]+ (?:was|is|has|had|used|works?|worked|lives?|lived|drives|drove|did|does|"
    r"can|will|would|came|went|says|said)\b",
    re.IGNORECASE,
)
_WITH_THEM = late(r"\b(?:with|to|at|for|from) (?:my|our) (?:[a-z]+ )?[a-z]+: $", re.IGNORECASE)
_MY_CHILDREN = late(r"\b(?:my|our) (?:own |two |three |four )*(?:kids|children|boys|girls|grandkids)\b", re.IGNORECASE)
_PARTICIPLE = late(r" (?:[a-zäöüß]+ )?(?:ge[a-zäöüß]+(?:t|en)|[a-zäöüß]+iert)\b")
_SERVES = frozenset(
    words(
        "has_therapist has_teacher has_coach has_doctor has_dentist has_tutor has_physio has_midwife has_gp "
        "has_trainer has_vet"
    )
)
_HIS = late(r"\b(?:his|her|he|she|their|he's|she's)\b", re.IGNORECASE)
_MY = late(r"\b(?:my|our|i|i'm|we|me)\b", re.IGNORECASE)
_SHARED_ANIMAL = late(
    r"(?: (?:called|named) [\w'-]+)? (?:in|on|of|at) (?:the|our) (?:building|street|office|yard|neighbou?rhood|"
    r"village|block|lane|school|shop|farm|station|bakery|pub|estate|courtyard|stairwell|garage|hostel|ward)\b",
    re.IGNORECASE,
)
_OPENS = late(r"\W*(?:(?:yes|yeah|yep|yup|no|nope|well|oh|ah)\W+)*from ", re.IGNORECASE)
_SO_LIVES = late(r"(?: originally\b|,? (?:but )?(?:now |currently )?(?:living|based|working)\b)", re.IGNORECASE)
""" "From Cluj, living in Leeds" tells where the writer comes from, "hi from Richmond" where they are."""
_MEASURED = late(
    r"\b(?:was|were|weigh\w*|los[et]|losing|gain\w*|put on|down|up|at|over|under) (?:[a-z]+ ){0,2}\d[\d.,]* ?"
    r"(?:%|(?:kilos?|kgs?|pounds|lbs?|stone|percent|bpm|points|degrees)\b)[^.!?]*(?:[.!?] )?[^.!?]*$",
    re.IGNORECASE,
)
_GERMAN_DAY = r"\b(?<!i )(?<!I )[Aa]m {age}\.(?= )"
_PERSON_DID = late(
    r"\b(?!I\b)[A-ZÀ-Þ][\w-]+(?:'s)? (?:(?:up|went|gone|only|just|finally|has|have|also)(?: and)? )+(?:got |get )?$"
)
_BY_A_THING = late(
    r" by (?!(?:a|an|the|my|our|his|her|one|then|law|\d|chance)\b)[a-z]|,? to the (?:sea|job|land|farm)\b"
)
_PEOPLE_NAME = late(r"[A-ZÀ-Þ]\w+(?:sian|landic)")
_ON_STAGE = late(
    r"\b(?:roller derby|derby|on stage|drag|in the ring|wrestl\w+|online|gamer\w*|larp|cosplay|burlesque|as a clown|"
    r"in the band|dj)\b[^.!?]{0,60}\bname(?:'s| is) $",
    re.IGNORECASE,
)


def rightly_named(drafts: Iterable[Draft], text: str) -> list[Draft]:
    """`drafts` of a turn with the relation and the name that its words give, and without people who are none."""
    kept, nobody = [], set[str]()
    for draft in _of_the_right_one(_under_full_names(list(drafts)), text):
        check = _CHECKS.get(draft.predicate) or (_relative if is_relation(draft.predicate) else None)
        if check is None or draft.op != "assert" or draft.extractor is not None or not draft.object:
            kept.append(draft)
            continue
        at = text.find(draft.object, draft.quote[0])
        before, after = (text[:at], text[at + len(draft.object) :]) if at >= 0 else ("", "")
        right = check(draft, before, after, text)
        if right is not None:
            kept.append(right)
        elif draft.subject is None and draft.object.isupper():
            nobody.add(draft.object)
    return [one for one in kept if one.subject is None or one.subject not in nobody] if nobody else kept


_RIGHT_ONE = KeyedPattern(
    r"\bthe (?P<o>[a-z][\w -]{2,25}?)(?:'s| is| was) (?:(?:my|our) [a-z]+ )?(?P<name>[a-z][\w-]+), "
    r"not (?P<not>[\w-]+)\b",
    re.IGNORECASE,
)
""" "She can't have eggs. No, sorry, the eggs is Nora, not Ann"."""


def _of_the_right_one(drafts: list[Draft], text: str) -> list[Draft]:
    """`drafts` without those that the text takes from one person and gives to another."""
    match = _RIGHT_ONE.search(text)
    if match is None:
        return drafts
    taken, wrong = match["o"].casefold(), match["not"].casefold()
    return [
        one
        for one in drafts
        if (one.object or "").casefold() != taken or (one.subject or "").casefold() not in (wrong, "he", "she")
    ]


def _under_full_names(drafts: list[Draft]) -> list[Draft]:
    """`drafts` with the full name of people who are also called by a short one: "my son Mateo, we call him Teo"."""
    full = {one.object: one.subject for one in drafts if one.predicate == "preferred_name" and one.subject}
    if not full:
        return drafts
    return [msgspec.structs.replace(one, subject=full.get(one.subject, one.subject)) for one in drafts]


def _renamed(draft: Draft, name: str) -> Draft:
    return msgspec.structs.replace(draft, object=name, phrase=draft.phrase.replace(draft.object or "", name))


def _related(draft: Draft, relation: str) -> Draft:
    phrase = f"has a {relation} called {draft.object}"
    return msgspec.structs.replace(
        draft, predicate=f"has_{relation.replace('-', '_').replace(' ', '_')}", phrase=phrase
    )


def _relative(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    value = draft.object or ""
    if not before and not after:
        return draft
    if draft.predicate == "has_child" and _CHILDREN_COUNTED.fullmatch(value):
        return None if _CARED_FOR.search(before) or _IN_CLASS.match(after) else draft
    if draft.subject is not None:
        later = text.find(draft.subject) > len(before) and re.search(r"\b(?:her|his) [\w ,-]{2,30}$", before)
        return None if later else draft
    if not value[0].isupper():
        return draft
    if value.isupper() and len(value) > 2 and not text.isupper():
        return None
    sentence = re.split(r"[.!?\n]", before)[-1]
    if _SPEAKING.match(after) and not sentence.strip().lower().endswith(("my", "our", "the")) and value in text[:60]:
        return None
    if _FORMER.search(before) or _NEW_SUBJECT.match(after) or _has_relatives(before, after):
        return None
    if draft.predicate in _SERVES and _HIS.search(sentence) and not _MY.search(sentence):
        return None
    if not is_given_name(value) and _PARTICIPLE.match(after):
        return None  # "mein Onkel Orgel gespielt"
    return _full_name(_by_relation(draft, before, after, text), after)


def _has_relatives(before: str, after: str) -> bool:
    """Whether the last name of a list only says whose relative is meant: "my sister Orla and Aoife's brother"."""
    return before.endswith(" and ") and compiled(r"'s (?:{RELATIONS})\b").match(after) is not None


def _by_relation(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    """`draft` with the relation that the words around the name give."""
    if draft.predicate == "has_child":
        if _ONE_TWIN.search(before):
            return _related(draft, "twin")
        if _LISTED_TWIN.search(before) and _NEXT_IN_LIST.match(after):
            return None
        if _TWINS_OF_US.search(before):
            return _related(draft, "sibling")
        if (lover := _LOVER.search(before)) and _GROWN.match(after) and not _OF_A_PARENT.search(text):
            return _related(
                draft, "girlfriend" if "girl" in lover[0].lower() or "woman" in lover[0].lower() else "boyfriend"
            )
    if draft.predicate == "has_partner" and _IN_BUSINESS.match(after):
        return _related(draft, "business partner")
    if draft.predicate == "has_partner" and _IN_A_GAME.match(after):
        return None
    if _WITH_THEM.search(before):
        return _related(draft, "child") if _MY_CHILDREN.search(before) else None
    corrected = _NOT_BUT.search(after)
    if corrected and f"has_{canonical(corrected['not'])}" == draft.predicate:
        known = compiled("{RELATIONS}").fullmatch(corrected["is"])
        return _related(draft, canonical(corrected["is"])) if known else None
    return draft


def _full_name(draft: Draft | None, after: str) -> Draft | None:
    """`draft` with the rest of the name: "Katrijn De Wachter", "Dra. Salomé"."""
    value = draft.object or "" if draft else ""
    if draft is None or not value:
        return draft
    if _TITLE.fullmatch(value):
        rest = _AFTER_TITLE.match(after)
        return _renamed(draft, value + rest[0]) if rest else None
    if shouted := _SHOUTED.fullmatch(value):
        return _renamed(draft, shouted["o"])
    if _ENDS_IN_PARTICLE.fullmatch(value) and (rest := _AFTER_TITLE.match(after)):
        return _renamed(draft, value + rest[0].removeprefix("."))
    if surname := _SURNAME.match(after):
        return _renamed(draft, value + surname[0])
    second = _SECOND.match(after) if " " not in value else None
    return _renamed(draft, value + second[0]) if second and second["o"] not in NOT_NAMES else draft


def _pet(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    value = draft.object or ""
    if not before and not after:
        kind = value.partition(" called ")[0]
        at = text.find(kind, draft.quote[0])
        return None if at >= 0 and " called " in value and _SHARED_ANIMAL.match(text[at + len(kind) :]) else draft
    single = re.fullmatch(r"an? [a-z]+", value)
    return None if single and _SHARED_ANIMAL.match(after) else draft


_YOUNGEST = 5
"""An age in years: a smaller number after "I am" is not the writer's age."""


def _age(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    value = draft.object or ""
    if draft.subject is None and value.isdigit() and int(value) < _YOUNGEST:
        return None  # "In Sweden I am 2 year and half"
    if draft.subject is None and _MEASURED.search(before[-100:]) and not after.startswith(" y"):
        return None  # "I was 76 kilos at marriage and now I'm 94"
    return None if re.search(_GERMAN_DAY.replace("{age}", re.escape(value)), text) else draft


_VISITS = late(
    r" (?:famil|(?:next|this) (?:week|month|year|spring|summer|autumn|winter|\w+day)|tomorrow|tonight|to (?:stay|"
    r"visit|see|help)\b|on (?:the|mon|tue|wed|thu|fri|sat|sun))",
    re.IGNORECASE,
)


def _hometown(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    if _VISITS.match(after):
        return None  # "My mum comes from Leeds next week"
    elided = text[draft.quote[0] : draft.quote[0] + 5].lower() == "from "
    return draft if not elided or _OPENS.fullmatch(before) or _SO_LIVES.match(after) else None


def _bond(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    value = draft.object or ""
    if draft.subject is not None or not (before or after):
        return draft
    figure = value == "married" and (_BY_A_THING.match(after) or _PERSON_DID.search(before))
    return None if figure else draft


_IN_JEST = late(
    r",? (?:the name of (?:his|her|their)|(?:his|her|their) [a-z ]{2,25}'s name\b)|[^.?\n]{0,25}\b(?:lol|haha|not yet|"
    r"as a joke|behind my back|jokingly)\b|[^.?\n]*[.,] [A-ZÀ-Þ]\w+ is (?:fine|enough|better)\b|,? (?:because|since|"
    r"cos) (?:he|she|they) (?:can't|cannot|mixes|mix|forgets?)\b",
    re.IGNORECASE,
)
_ASKED = late(r"(?:^|[.!,;:\n] ?|\b(?:you|u|can|just|please|pls|and|so) )call me $", re.IGNORECASE)
""" "They call me Corazon, the name of his dead wife": nobody else should."""


def _called(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    jest = draft.subject is None and _IN_JEST.match(after) and not _ASKED.search(before)
    return None if jest else draft


_ALL_CAPITALS = late(r"(?:[A-Z'-]+ ){2,}[A-Z'-]+")
""" "I AM ALLERGIC TO NUTS" in a message in capitals is no name."""


def _name(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    value = draft.object or ""
    if draft.subject is not None:
        return draft
    if (
        _PEOPLE_NAME.fullmatch(value)
        and not is_given_name(value)
        and re.search(r"\b(?:i'm|i am|im) $", before, re.IGNORECASE)
    ):
        return msgspec.structs.replace(draft, predicate="nationality", phrase=f"is {value}", category="identity")
    if _ON_STAGE.search(before) or f'{value}" it is' in text or (_ALL_CAPITALS.fullmatch(value) and text.isupper()):
        return None
    return (
        None
        if re.search(r"\b(?:got|bought|adopted|have) an? [^!?\n]{2,60}[.,;] name: $", before, re.IGNORECASE)
        else draft
    )


_TRANSLATED = late(r"(?:,? (?:and|&|/) [A-ZÀ-Þ]\w+)* (?:in)?to (?:[A-ZÀ-Þ]\w+|my\b)")


def _nation(draft: Draft, before: str, after: str, text: str) -> Draft | None:
    return None if _TRANSLATED.match(after) else draft


_CHECKS: dict[str, Callable[[Draft, str, str, str], Draft | None]] = {
    "has_pet": _pet,
    "age": _age,
    "relationship_status": _bond,
    "hometown": _hometown,
    "nationality": _nation,
    "name": _name,
    "preferred_name": _called,
}
