"""People, pets and things listed under a label: "Kids: Ben (9), Lou (6)", "There's five of us: me, Tom and Jean".

The label says what the members of the list are. It is on the same line, on the line above a list, or in the question
that the list answers: "Who's in your team?" – "Priya does backend, Olu design".
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.dialogue.answers_about_others import asks_about_another
from memctl.extract.draft_claim import Draft, article
from memctl.extract.filters.object_types import is_opening
from memctl.extract.grammar.segmentation import HIDDEN, sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.people import children
from memctl.extract.people.sentence_subjects import SubjectsSoFar, names_speaker
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled, lexicon
from memctl.extract.vocabulary.kinship import CHILD, canonical

LONGEST_ANSWER = 25
"""Words of an answer that is a list."""
LONGEST_MEMBER = 8
"""Words of a member of a list."""
FEWEST = 2
"""Members of a list that only "are" announces: "my friends are Anna and Bo", not "my kids are Muslim"."""
_RELATIONS = {
    "kids": "child", "children": "child", "boys": "son", "girls": "daughter", "sons": "son", "daughters": "daughter",
    "little ones": "child", "twins": "child", "grandkids": "grandchild", "grandchildren": "grandchild",
    "grandsons": "grandson", "granddaughters": "granddaughter", "siblings": "sibling", "brothers": "brother",
    "sisters": "sister", "brothers and sisters": "sibling", "cousins": "cousin", "nephews": "nephew",
    "nieces": "niece", "nieces and nephews": "niece or nephew", "uncles": "uncle", "aunts": "aunt",
    "housemates": "roommate", "flatmates": "roommate", "roommates": "roommate", "friends": "friend",
    "best friends": "friend", "best mates": "friend", "mates": "friend", "colleagues": "colleague",
    "coworkers": "colleague", "co-workers": "colleague", "team": "colleague", "teammates": "colleague",
    "crew": "colleague", "team members": "colleague", "staff": "employee", "employees": "employee",
    "apprentices": "apprentice", "bandmates": "bandmate", "neighbours": "neighbor", "neighbors": "neighbor",
    "godchildren": "godchild", "stepkids": "stepchild", "stepchildren": "stepchild", "lodgers": "lodger",
    "business partners": "business partner", "cofounders": "co-founder", "co-founders": "co-founder",
}  # fmt: skip
"""The relation of each member of a group of people."""
_GROUP = "|".join(sorted(map(re.escape, _RELATIONS), key=len, reverse=True))
_COUNT = r"(?:(?:\d+|two|three|four|five|six|seven|eight|nine|ten|a few|some) )?"
_QUALITY = (
    r"(?:(?:lovely|own|other|grown-?up|adult|little|older|younger|big|small|close|closest|immediate|rescue|old|new) )*"
)
_PETS = r"pets|animals|furry friends|fur babies|(?:{PET})s"
_US = (
    r"there(?:'s|s| is| are| were)? (?:now |only |just )?(?:\d+|two|three|four|five|six|seven|eight|nine|ten) of "
    r"us(?: (?:here|at home|in the (?:house|flat)|living here|in total|now|altogether))*|we(?:'re| are) (?:now |only |"
    r"just )?(?:\d|two|three|four|five|six|seven|eight)(?: of us)?(?: (?:here|at home|in the (?:house|flat)|in total|"
    r"now|altogether))*|(?:my |our |the )?(?:household|who lives here|people at home|living here|at home)"
)
_LABEL = (
    r"(?:^|(?<=[.!?;\n] )|(?<=\n)|\b(?:i have|i've(?: got)?|ive(?: got)?|we have|we've(?: got)?|i got|we got|and|with|"
    rf"plus|so|btw|,) )(?:[-*•] )?(?:(?:my|our|the) )?{_COUNT}{_QUALITY}(?:(?P<group>{_GROUP})|(?P<pets>{_PETS})|"
    rf"(?P<us>{_US}))(?:'s|s')?(?: names?| now!?)?(?P<link>(?: now)?(?: are|'re)?(?: all)?(?: called| named)?(?: "
    r"currently| now)?)(?P<sep>\s*[:=]\s*|\s+[-–—]\s+|,?\s+(?=(?-i:[A-ZÀ-Þ]))|"
    r"\s*\((?=(?-i:[A-ZÀ-Þ])))(?P<list>[^.!?\n]+)"
)
_HEADING = (
    rf"(?:^|\n)[ \t]*(?:#+ )?(?:(?:my|our|the) )?{_COUNT}{_QUALITY}(?:(?P<group>{_GROUP})|(?P<pets>{_PETS})|"
    rf"(?P<meds>meds|medication|medications|medicines|tablets|pills|prescriptions)|"
    r"(?P<allergies>(?:food |known )?allergies)|(?P<family>family|relatives|household|family members))"
    r"(?:'s|s')?(?: (?:are|i take|i'm on|list))?[ \t]*:?[ \t]*\n(?P<list>(?:[ \t]*(?:[-*•·–]|"
    r"\d+[.)])?[ \t]*[^\n:]{2,60}(?:\n|$)){2,})"
)
_NOUNS = (
    rf"{_GROUP}|of us|(?:we're|we are)(?: (?:now|only|just))? (?:\d|two|three|four|five|six|seven|eight)|household|"
    r"living here|lives here|at home|family|relatives|meds|medications?|medicines|tablets|pills|prescriptions|"
    r"allergies|pets|animals|cats|dogs|hens|chickens|horses|ponies|rabbits|budgies|goats|ducks|guinea pigs|hamsters|"
    r"rats|ferrets|parrots|kittens|puppies|snakes|lizards|tortoises|sheep|alpacas|bees|fish"
)
_ANNOUNCED = KeyedPattern(
    rf"\b(?:{_NOUNS})(?:'s|s')?(?: (?:here|at home|names?|now!?|are|in|total|called|named|altogether|currently|all|"
    r"both|the|house|flat))*(?:\s*[:=(]|\s+[-–—]|,? (?-i:[A-ZÀ-Þ]))",
    re.IGNORECASE,
)
""" "Our dogs are Rolo", "kids:": what most texts with such a noun lack."""
_HEADED = KeyedPattern(rf"\b(?:{_NOUNS})(?:'s|s')?(?: (?:are|i take|i'm on|list))?[ \t]*:?[ \t]*\n", re.IGNORECASE)
ROSTERS = KeyedGroup(_ANNOUNCED, _HEADED, children.HEADING, children.ONE_OF_US)
_MEMBER = late(
    r"\s*(?:,(?! ?\d{1,2}(?:,|;| and\b|\W*$))(?:\s*and\b)?|;|&|/|\band\b|\bplus\b)\s*(?![^()]*\))", re.IGNORECASE
)
_NAME = r"(?P<name>(?!(?-i:[A-ZÀ-Þ]{2,})\b)(?-i:[A-ZÀ-Þ])[\wÀ-ž'-]*[a-zà-ž](?: (?-i:[A-ZÀ-Þ])[\wÀ-ž'-]+)?)"
_PERSON = late(
    rf"(?:(?:baby|little|wee|young|big|old|then|also|our) )*{_NAME}"
    r"(?:(?:,|,? who's|,? whos|,? who is| is|'s|:| -| –)? ?\(?(?P<age>\d{1,2})(?: ?(?:yrs?|years?)(?: old)?)?\)?|"
    r"(?: ?\((?P<note>[^()]{2,40})\)|(?: -| –|:|,| does| is (?:the |our |my |an? )?) ?(?P<more>[^()]{2,40})))?\W*",
    re.IGNORECASE,
)
_KIN_FIRST = late(
    rf"(?:my |our )?(?P<rel>{lexicon('RELATIONS')})(?:'s|s)?(?: name)?(?: is| -| –|:|"
    rf",)? ?{_NAME}(?:,? \(?(?P<age>\d{{1,2}})\)?)?\W*",
    re.IGNORECASE,
)
_SPECIES = late(rf"\b(?P<pet>{lexicon('PET')})s?\b", re.IGNORECASE)
_UNNAMED_PETS = late(
    rf"(?:\d+|an?|one|two|three|four|five|six|some|several) (?:[\w-]+ ){{0,2}}?(?:{lexicon('PET')})s?", re.IGNORECASE
)
_OWNED = late(r"\W*(?:(?:and|with|plus|so|btw) )?(?:my|our|i|we|i've|ive|\d|two|three|four|five|six)\b", re.IGNORECASE)
_OF_ANYONE = frozenset({"team", "crew", "staff", "team members", "friends", "mates", "employees"})
""" "The team: Leeds, Hull": not the speaker's, unless it says so."""
_INNER_GROUP = late(
    r"(?:and )?(?:the|our|my) (?:\w+ )?(?P<group>kids|children|boys|girls|sons|daughters|twins|flatmates|housemates) "
    r"(?=(?-i:[A-ZÀ-Þ]))",
    re.IGNORECASE,
)
_MINE = late(r"(?:me|myself|i|us|yours truly|you|them|him|her)", re.IGNORECASE)
_BULLET = late(r"^[ \t]*(?:[-*•·–]|\d+[.)])?[ \t]*")
_ASKED = (
    (
        KeyedPattern(
            r"\bwho(?:'s| is| else is)? (?:on|in) your (?P<group>team|crew|band)\b|\bwho do you work with\b",
            re.IGNORECASE,
        ),
        "team",
    ),
    (
        KeyedPattern(
            r"\bhow many (?:of you )?(?:are (?:you|there)|people|of you|live)\b.*\b(?:home|house|household|flat|live|"
            r"with you)\b|\bwho (?:do you live with|lives with you|else lives|is in your household|is at home)\b|"
            r"\bdo you live (?:alone|with)\b",
            re.IGNORECASE,
        ),
        "us",
    ),
    (KeyedPattern(r"\b(?:any|have|got|your|which) (?:other )?(?:pets|animals)\b", re.IGNORECASE), "pets"),
)
_ASKED_GROUP = KeyedPattern(
    rf"\b(?:(?:any|have|got|your|who are your|what are your|names of your) (?:other )?(?P<group>{_GROUP})(?=\?|[ "
    r",]+(?:do|have|are) you\b|(?:'s?)? (?:called|named|names?)\b| and\b| or\b)|\byour (?P<two>two|three|own)(?=\?)|"
    rf"how many (?P<many>{_GROUP}) (?:do|have) you\b)",
    re.IGNORECASE,
)
_ANSWER_LEAD = (
    r"\W*(?:(?:yes|yeah|yep|sure|well|oh|just|only|so|ok|i have|i've got|we have|we've got|there's|there are|it's|"
    r"they're|they are|names?(?: are)?|we're|we are)\b[,:]? ?)*(?:(?:\d+|an?|one|two|three|four|five|six|seven|"
    rf"eight)\b ?)?(?:of us|of them)?(?:{_QUALITY}(?P<group>{_GROUP}|sister|brother|son|daughter|kid|child|{_PETS}|dog|"
    r"cat))?(?:,| -| –|:| \(| called| named)?\s*"
)


_ASKS = KeyedGroup(*(pattern for pattern, _ in _ASKED), _ASKED_GROUP)


def may_ask_for_list(question: str) -> bool:
    """False if no list is the answer to a question."""
    return _ASKS.possible(question) and question.rstrip().endswith("?")


def roster_drafts(text: str, question: str | None, read: list[Draft]) -> Iterator[Draft]:
    """The drafts of the lists in the plain `text` of a turn, without the people that the rules have `read`."""
    taken = {(draft.object or "").casefold() for draft in read if draft.predicate.startswith("has_")}
    taken |= {draft.subject.casefold() for draft in read if draft.subject and draft.owner}
    if children.HEADING.search(text):
        yield from children.under_heading(text)
    yield from children.siblings(text)
    if _ANNOUNCED.search(text):
        yield from _labelled(text, taken)
    if "\n" in text and _HEADED.search(text):
        for match in compiled(_HEADING).finditer(text):
            if HIDDEN not in match[0]:
                lines = [_BULLET.sub("", line).strip() for line in match["list"].splitlines()]
                yield from _members([line for line in lines if line], _kind(match), match.span("list"), taken)
    if question:
        yield from _answered(text, question, taken)


def _labelled(text: str, taken: set[str]) -> Iterator[Draft]:
    """The drafts of the lists after a label: "my sisters: Ann and Bo", "two cats, Miso and Dot"."""
    for match in compiled(_LABEL).finditer(text):
        if text[match.end() : match.end() + 1] == "?" or HIDDEN in match[0]:
            continue
        explicit = bool(match["sep"].strip(" ,\n\t"))
        owned = match["us"] or _OWNED.match(match[0])
        if not (explicit or _named_list(match)) or (not owned and (match["group"] or "").lower() in _OF_ANYONE):
            continue
        if _is_of_another(match):
            continue
        strict = not (explicit and owned)
        members = _split(_closed(match))
        yield from _members(members, _kind(match), match.span("list"), taken, strict=strict)


def _is_of_another(match: re.Match[str]) -> bool:
    """Whether a list without an owner follows somebody else's news: "My boss Sue is lovely. Two kids, Ed and Flo"."""
    if match["us"] or names_speaker(match[0]):
        return False
    so_far = SubjectsSoFar(third=False)
    for sentence in sentences(match.string[: match.start()]):
        so_far.add(sentence.text, {})
    return so_far.are_another()


def _named_list(match: re.Match[str]) -> bool:
    """True if names follow a label directly for a good reason: "our dogs are Rolo and Twix", "2 cats, Miso and Dot"."""
    if match["link"].strip() or match["us"]:
        return bool(match["link"].strip()) and not match["us"]
    return match["sep"].startswith(",") and bool(
        re.search(
            r"\d|\b(?:two|three|four|five|six|both)\b", match[0][: match.start("list") - match.start()], re.IGNORECASE
        )
    )


_ALL_OF_THEM = late(r",? (?:all|both)(?: [a-z]+){1,4}\s*$")
""" "My siblings are Ejiro, Tega and Oghene, all younger"."""


def _closed(match: re.Match[str]) -> str:
    """The list of a match, up to the parenthesis that closes it."""
    members: str = _ALL_OF_THEM.sub("", match["list"])
    return members.split(")")[0] if match["sep"].strip() == "(" and members.count("(") < members.count(")") else members


_TOGETHER = late(
    r"(?P<names>[^\d(]+?),? \(?(?P<ages>\d{1,2}(?:, \d{1,2})*,? (?:and|&) \d{1,2})\b"
    r"(?! (?:months|weeks))"
)


def _split(members: str) -> list[str]:
    """The members of a list. In "Una, a guard; Orla, at home" they are "Una" and "Orla", in "Ann and Bo, 9 and 6"
    "Ann (9)" and "Bo (6)"."""
    together = _TOGETHER.match(members)
    if together:
        names, ages = _MEMBER.split(together["names"]), re.findall(r"\d+", together["ages"])
        if len(names) == len(ages):
            return [f"{name} ({age})" for name, age in zip(names, ages, strict=True)]
    return [part.split(",")[0] for part in members.split(";")] if ";" in members else _MEMBER.split(members)


def _kind(match: re.Match[str]) -> str:
    groups = match.groupdict()
    for kind in ("pets", "us", "meds", "allergies", "family"):
        if groups.get(kind):
            return f"pets {groups['pets'].lower()}" if kind == "pets" else kind
    return _RELATIONS[groups["group"].lower()]


def _answered(text: str, question: str, taken: set[str]) -> Iterator[Draft]:
    """The drafts of a list that answers a question."""
    kind = next((kind for pattern, kind in _ASKED if pattern.search(question)), None)
    if kind is None and (asked := _ASKED_GROUP.search(question)):
        kind = _RELATIONS["kids" if asked["two"] else (asked["group"] or asked["many"]).lower()]
    if kind is None or asks_about_another(question) or not question.rstrip().endswith("?"):
        return
    first = re.split(r"[.!?\n]", text, maxsplit=1)[0]
    lead = compiled(_ANSWER_LEAD).match(first)
    if lead is None or HIDDEN in first or len(first.split()) > LONGEST_ANSWER:
        return
    group = (lead["group"] or "").lower()
    kind = _RELATIONS.get(f"{group}s") or _RELATIONS.get(group) or kind
    if kind == "pets" and group:
        kind = f"pets {group if group.endswith('s') else group + 's'}"
    members = _split(first[lead.end() :])
    if group and not group.endswith(("s", "children")):
        members = members[:1]  # "One daughter, Imma, a notary"
    yield from _members(members, _RELATIONS.get(kind, kind), (lead.end(), len(first)), taken)


def _members(
    members: list[str], kind: str, span: tuple[int, int], taken: set[str], *, strict: bool = False
) -> Iterator[Draft]:
    """The drafts of the members of a list. None if the first part, or with `strict` any part, is not a member."""
    found: list[Draft] = []
    for number, member in enumerate(members):
        member = member.strip(" .\t")
        if inner := _INNER_GROUP.match(member):
            # "Me, Tom and the boys Ben (9) and Lou (6)"
            member, kind = member[inner.end() :], _RELATIONS[inner["group"].lower()]
        drafts = list(_member(member, kind, span))
        found += drafts
        own = _MINE.fullmatch(member) or kind in ("us", "family")
        if not (drafts or own) and (number == 0 or strict):
            return
    if strict and len({draft.subject or draft.object for draft in found}) < FEWEST:
        return
    for draft in found:
        name = (draft.subject or draft.object or "").removeprefix("lives with ").casefold()
        if name not in taken or draft.predicate in ("age", "job_title"):
            yield draft


def _member(text: str, kind: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of one member: a person with an age or a role, a pet, a drug, an allergy."""
    if not text or _MINE.fullmatch(text) or len(text.split()) > LONGEST_MEMBER:
        return
    if kind == "meds":
        yield from _drug(text, span)
    elif kind == "allergies":
        named = _ALLERGY_OF.match(text)
        if not (named and may_be_a_person(named["name"])) and not re.match(
            r"(?:none|no|nil|n/a|unknown)\b", text, re.IGNORECASE
        ):
            yield _draft("allergic_to", text, f"is allergic to {text}", span, "health")
    elif kind.startswith("pets"):
        yield from _pet(text, kind.removeprefix("pets").strip(), span)
    else:
        yield from _person(text, kind, span)


_ALLERGY_OF = late(r"(?P<name>(?-i:[A-ZÀ-Þ])[\w-]+)(?: ?[-–—:(]|'s)", re.IGNORECASE)
""" "Wiremu – eggs": Wiremu's allergy."""
_WITH_SURNAMES = frozenset({"colleague", "employee", "friend", "business partner", "co-founder", "us"})


def _person(text: str, kind: str, span: tuple[int, int]) -> Iterator[Draft]:
    kin = _KIN_FIRST.fullmatch(text) if kind in ("us", "family") else None
    person = kin or _PERSON.fullmatch(text)
    if person is None or not may_be_a_person(person["name"]) or is_opening(person["name"].split()[0]):
        return
    groups, name = person.groupdict(), person["name"].removesuffix("'s")
    if " " in name and kind not in _WITH_SURNAMES and not kin:
        return
    note = (groups.get("note") or groups.get("more") or "").strip()
    role = compiled(r"(?:(?:my|our|the|an?) )?(?P<rel>{RELATIONS})").fullmatch(note) if note else None
    named = kin or role
    relation = canonical(named["rel"]) if named else None
    if relation is None and kind in ("us", "family"):
        if kind == "family":
            return
        yield _draft("relation", f"lives with {name}", f"lives with {name}", span, "home")
    else:
        relation = relation or kind
        predicate = f"has_{relation.replace('-', '_').replace(' ', '_')}"
        predicate = "has_child" if relation in CHILD else predicate
        yield _draft(predicate, name, f"has {article(relation)} called {name}", span, "people")
    age = groups.get("age") or (note if note.isdigit() else None)
    if age:
        yield _draft("age", age, f"is {age} years old", span, "identity", subject=name, owner=relation)
    job = compiled(r"(?:an? |the )?(?P<o>(?:{JOB_TRAITS} )*{JOBS})").fullmatch(note) if note else None
    if job:
        yield _draft("job_title", job["o"], f"is {article(job['o'])}", span, "work", subject=name, owner=relation)


def _pet(text: str, species: str, span: tuple[int, int]) -> Iterator[Draft]:
    person = _PERSON.fullmatch(text)
    if person is None or is_opening(person["name"]) or " " in person["name"]:
        if _UNNAMED_PETS.fullmatch(text):
            yield _draft("has_pet", text, f"has {text}", span, "pets")
        return
    note = _SPECIES.search(person["note"] or person["more"] or "")
    kind = note["pet"].lower() if note else species.removesuffix("s") if species not in ("pets", "animals") else ""
    name = f"{kind} {person['name']}".strip()
    yield _draft("has_pet", name, f"has a {kind or 'pet'} called {person['name']}", span, "pets")


_DOSE = late(
    r"(?P<drug>[a-zà-ž][\w -]{2,30}?),? (?P<dose>\d[\d.,]* ?(?:mg|mcg|µg|ug|g|ml|iu|units?|puffs?|"
    r"tablets?)\b[\w /]{0,25})?",
    re.IGNORECASE,
)


def _drug(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    match = _DOSE.fullmatch(f"{text} " if not re.search(r"\d", text) else text)
    if match is None or len(match["drug"].split()) > 3 or re.match(r"(?:none|no|nothing|nil)\b", text, re.IGNORECASE):
        return
    drug = match["drug"].strip()
    yield _draft("takes_medication", drug, f"takes {drug}", span, "health")
    if match["dose"]:
        dose = match["dose"].strip()
        yield Draft(
            predicate="dose", slot=drug.lower(), object=dose, phrase=f"takes {drug} {dose}", quote=span,
            confidence=0.8, category="health",
        )  # fmt: skip


def _draft(
    predicate: str,
    value: str,
    phrase: str,
    span: tuple[int, int],
    category: str,
    *,
    subject: str | None = None,
    owner: str | None = None,
) -> Draft:
    return Draft(
        predicate=predicate, object=value, phrase=phrase, quote=span, subject=subject, owner=owner, confidence=0.8,
        category=category,
    )  # fmt: skip
