"""What a doctor found, and what an illness forbids: "My doctor found gout. No beer", "Dr Hill says type 2".

Such a sentence reports somebody's words, but a doctor's words about an illness are believed. The illness is the
speaker's if neither the sentence nor the one before it speaks of another person or an animal.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.rule_tables import compiled, filled
from memctl.extract.statements.mention_subjects import SOMEBODY_ELSE, TRAIT, is_about_another, names_speaker
from memctl.extract.statements.mentions import in_lower_case

_FINDER = r"(?:{CARE}|hospital|scan|mri|x-?ray|ultrasound|biopsy|blood tests?|bloods|colonoscopy|endoscopy|gastroscopy)"
"""Who or what finds an illness; a vet is none of them."""
_FOUND = (
    r"(?P<medic>(?:(?:my|the|our|a) )?(?:new |company |eye |knee |skin |hip |heart |school |first |second )?"
    rf"{_FINDER}(?:,? (?:(?:dr|mr|mrs|ms)\.? )?(?-i:[A-ZÀ-Þ])[\w'-]+,?)?"
    r"(?: (?:at|in|from) (?:the |my )?(?:[\w'-]+ ){0,3}?[\w'-]+)?|dr\.? (?-i:[A-ZÀ-Þ])[\w'-]+)"
    r",? (?:now |just |has |have |also |finally |then )*(?:says?|said|found|finds|calls? it|called it|confirmed|"
    r"confirms|diagnosed(?: me with)?|showed|shows|discovered|tells? me|told me),?"
    r"(?: (?:that|it'?s|it is|it was|its|they'?re|i(?:'m| am|m)|i have|i(?:'ve|ve)(?: got)?|i got|this is|to be|"
    r"my (?:(?!(?:son|daughter|wife|husband|mum|mom|dad|mother|father|cat|dog)\b)[\w-]+ ){1,2}(?:is|are|has)))*"
    r"(?: (?:just|only|definitely|an?|the|some|my|slight|small|early))* "
)
_PLACE = r"(?:in|of|on) (?:the|my|both|one)(?: (?!(?:and|so|but)\b)[a-z]+){1,3}"
_ILLNESS = (
    r"(?P<o>(?:(?:{ILLNESS_TRAITS}|posterior|anterior|cervical|lumbar|contact|reactive|inherited|uterine|ovarian|ankle|knee|"
    r"tendon|hip|rotator cuff|ligament|meniscus|gestational|mild|bulging|slipped|herniated|lower|upper|left|right|"
    r"(?-i:[A-ZÀ-Þ])[a-z]+'s) )*(?:{ILLNESSES}|(?P<type>type (?:1|2|one|two))|"
    r"(?!(?:diagnosis|prognosis|hypnosis|analysis|crisis|basis|coma|aroma|diploma|this)\b)[a-z]{3,}(?:itis|osis|opathy|"
    r"algia|stenosis|oedema|edema|an(?:a)?emia)|contracture|impingement|fibroids?|cysts?|polyps?|stenosis|bone spurs?|"
    r"bursitis|inflammation|bulging disc|(?<=tendon )tear|(?<=ligament )tear|(?<=meniscus )tear|(?<=cuff )tear|"
    r"hearing loss|an(?:a)?emic|helicobacter)"
    rf"(?: {_PLACE})?)"
    r"(?=$|[,.;:!)]| (?:and|so|but|with|from|plus|like|again|because|not)\b)"
)
_OF_ANOTHER = late(r"\b(?:vet|vets|vet's|teacher|his|her|their|he|she|they|him)\b", re.IGNORECASE)
_THEN_ANOTHER = late(r"\W*(?-i:[A-ZÀ-Þ])[\w-]+(?:'s| gets| takes| has| is| needs| was| got)\b")
""" "Doc says reflux. Ida gets drops for it": it is Ida's."""
_UNSURE = late(
    r"\b(?:if|whether|could|might|may|maybe|perhaps|possibly|probably|no|not|never|or|suspect\w*|would|wondered|"
    r"thinks?|cured|gone|better)\b|n't\b",
    re.IGNORECASE,
)


CUES = KeyedGroup(KeyedPattern(filled(rf"\b(?:{_FINDER}|dr)\b")))


@cache
def _found() -> re.Pattern[str]:
    return compiled(rf"(?:^|[.,;:–—-] ?|\b(?:and|but|so|because|btw) )(?:\w+, )?{_FOUND}{_ILLNESS}")


def diagnosed(text: str, span: tuple[int, int], before: str, after: str) -> Iterator[Draft]:
    """The illness of the speaker that a doctor found in the sentence `text`; `before` is the sentence before it, and
    `after` what follows in the turn."""
    match = _found().search(text)
    if match is None or _UNSURE.search(match[0]) or _OF_ANOTHER.search(match[0]):
        return
    around = f"{before} {text[: match.start('medic')]} "
    if is_about_another(text, before) or SOMEBODY_ELSE.search(in_lower_case(around)):
        return
    if not names_speaker(text) and _THEN_ANOTHER.match(after):
        return
    illness = match["o"]
    if match["type"] and illness.endswith(match["type"]):
        illness = f"{illness} diabetes"
    verb = "is" if TRAIT.fullmatch(illness.split()[-1]) else "has"
    yield Draft(
        predicate="has_condition",
        object=illness,
        phrase=f"{verb} {illness}",
        quote=span,
        confidence=0.8,
        category="health",
    )


@cache
def _cut_out() -> re.Pattern[str]:
    return compiled(
        r"(?:^|, |; |\b(?:so|and|plus) )(?:so |and |now )?no (?:more )?(?P<o>{VICES}|{FOODS})"
        r"(?=$|[,.;!]| (?:and no|any ?more|at all|for me|either)\b)"
    )


def cut_out(text: str, span: tuple[int, int], told: Iterable[Draft]) -> Iterator[Draft]:
    """What the speaker may not have any more: "no beer, no salt" after an illness or a medicine among the drafts `told`
    of the turn."""
    if not any(one.predicate in _OF_HEALTH and one.subject is None and one.op == "assert" for one in told):
        return
    for match in _cut_out().finditer(text):
        food = match["o"]
        yield Draft(
            predicate="avoids",
            object=food,
            phrase=f"avoids {food}",
            quote=span,
            confidence=0.8,
            category="diet",
        )


_OF_HEALTH = frozenset({"has_condition", "takes_medication", "dose"})
