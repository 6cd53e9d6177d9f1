"""Short answers, read together with their question: "Where do you live?" – "Paris."."""

import re

from memctl.core.late_pattern import late
from memctl.extract.dialogue.accepted_offers import accepted_instruction
from memctl.extract.dialogue.answers_about_others import asks_about_another
from memctl.extract.draft_claim import Draft, article, instruction
from memctl.extract.grammar.clauses import complement, head
from memctl.extract.grammar.noun_phrases import job, listed, noun, org, place, proper
from memctl.extract.grammar.segmentation import last_question
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.rule_index import RuleIndex
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.statements.frame_matcher import match
from memctl.extract.vocabulary.verbs import FORMS

_YES = late(
    (
        r"^\W*(?:yes|yeah|yep|yup|yea|correct|right|exactly|indeed|i do|i am|sure(?: do| am)?|"
        r"that's right|affirmative|absolutely|definitely)\b[,.! ]*(?:i (?:do|am|have)|that's right|"
        r"exactly|correct)?\W*$"
    ),
    re.IGNORECASE,
)
_NO_ANSWER = late(
    (
        r"^\W*(?:no|nope|nah|not|none|nothing|nobody|never|me|myself|why|what|who|how|when|where|can|could|do|does|is|are|i|i'm|we|it|"
        r"it's|that|this|maybe|perhaps|idk|dunno|depends|thanks|thank|hi|hello|hey|ok|okay|sure|skip|pass|secret|"
        r"please|ha+|(?:ha){2,}h?|he+h|lo+l|lmao|hm+|mm+|er+m?|uh+m?|um+|ah+|oh+|ooh+|omg|wow|ugh|you|your|good|"
        r"great|fine|well|tell|show|give)\b"
    ),
    re.IGNORECASE,
)

_QUESTIONS: tuple[tuple[KeyedPattern, str, str, str], ...] = tuple(
    (KeyedPattern(pattern), predicate, template, shape)
    for pattern, predicate, template, shape in (
        (
            (
                r"\bwhere (?:do you|are you) (?:currently |now )?(?:live|living|based|located|residing)\b|\b(?:what|"
                r"which) (?:city|country|town|place)\b[^?]*\b(?:live|based|located|in)\b|\bwhere are you located\b|"
                r"\bwhere(?:abouts)? in [\w ]{2,25} (?:are you|do you live)\b|\bwhereabouts (?:are you|do you live)\b|"
                r"\bwhere(?:'s| is) home(?: for you)?\?|\bwhere are you writing from\b|"
                r"\bwhich part of [\w ]{2,25} (?:are you in|do you live in|is home)\b"
            ),
            "lives_in",
            "lives in {o}",
            "place",
        ),
        (
            r"\bwhere are you (?:originally )?from\b|\bwhere did you grow up\b|\byour home ?town\b",
            "hometown",
            "is from {o}",
            "place",
        ),
        (
            r"\b(?:what(?:'s| is) your (?:full |first )?name|may i (?:have|know) your name|your name\?)",
            "name",
            "is called {o}",
            "proper",
        ),
        (
            r"\bwhat (?:should|can|may|shall|would you like me to) (?:i )?call you\b|\bhow should i address you\b",
            "preferred_name",
            "goes by {o}",
            "proper",
        ),
        (r"\bhow old are you\b|\b(?:what(?:'s| is) your age)\b", "age", "is {o} years old", "number"),
        (
            (
                r"\bwhere do you work\b|\b(?:who|which company) do you work (?:for|at)\b|\bwho(?:'s|"
                r" is) your employer\b|\bwhat company\b"
            ),
            "works_at",
            "works at {o}",
            "org",
        ),
        (
            (
                r"\bwhat do you do(?: for (?:a living|work))?\s*\?|\bwhat(?:'s| is) your (?:job|occupation|"
                r"profession|role|job title)\b"
            ),
            "job_title",
            "is {a}",
            "job",
        ),
        (
            r"\b(?:any|have) (?:food |known )?allerg(?:ies|y)\b|\bwhat are you allergic to\b|\ballergic to anything\b",
            "allergic_to",
            "is allergic to {o}",
            "list",
        ),
        (
            r"\bwhat(?:'s| is) your (?:all-time )?favou?rite (?P<s>[\w\- ]{2,25}?)\s*\?",
            "favorite",
            "has the favourite {s} {o}",
            "np",
        ),
        (
            r"\bwhat(?:'s| is) your (?:time ?zone)\b|\b(?:which|what) time ?zone\b",
            "timezone",
            "is in the time zone {o}",
            "short",
        ),
        (r"\bwhen(?:'s| is) your birthday\b|\bwhen were you born\b", "birthday", "has their birthday on {o}", "date"),
        (r"\b(?:which|what) languages? do you speak\b", "speaks", "speaks {o}", "list"),
        (
            (
                r"\b(?:which|what) (?:programming )?language do you (?:mainly |mostly |usually |"
                r"primarily )?(?:use|work|code|program)\b"
            ),
            "primary_stack",
            "works mainly with {o}",
            "np",
        ),
        (r"\bwhat (?:do|are) you (?:study|studying)\b|\bwhat(?:'s| is) your major\b", "studies", "studies {o}", "np"),
        (
            r"\bwhere do you (?:study|go to (?:school|college|university))\b|\bwhich (?:university|school|college)\b",
            "studied_at",
            "studies at {o}",
            "org",
        ),
        (
            r"\bwhat are your hobbies\b|\bwhat do you (?:like to )?do (?:for fun|in your (?:free|spare) time)\b",
            "hobby",
            "has the hobby {o}",
            "list",
        ),
        (r"\b(?:what(?:'s| is| are) your )?(?:preferred )?pronouns\b", "pronouns", "uses {o} pronouns", "pronouns"),
        (r"\bwhat(?:'s| is) your budget\b", "constraint", "has a budget of {o}", "amount"),
        (r"\bwhat (?:car|phone|laptop) do you (?:drive|have|use|own)\b", "owns", "owns {o}", "np"),
    )
)
_BY_WORDS = RuleIndex({question: KeyedGroup(question[0]) for question in _QUESTIONS})
_ARE_YOU = late(
    (
        r"(?:^|[.!?,]\s+|\b(?:so|and|by the way),?\s+)(?P<aux>are|do|have) you (?:currently |still |also |"
        r"really |actually )?(?P<rest>[^?]{3,80})\?\s*$"
    ),
    re.IGNORECASE,
)
_LEAD = late(
    (
        r"^\W*(?:(?:oh|um|uh|well|so|hmm|sure|ok|yes|just|it's|its|it is|that would be|i'd say|mostly|"
        r"mainly|in|at|from|to|probably|definitely|currently|actually|for|as|the answer is|my name is|"
        r"that's|a|an)[,:]?\s+)+"
    ),
    re.IGNORECASE,
)
_DATE = late(
    r"\b(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? [A-Z][a-z]+|[A-Z][a-z]+ \d{1,2}(?:st|nd|rd|"
    r"th)?)(?:,? \d{4})?|\d{4}-\d\d-\d\d"
)


_OPENING = late(r"(?!(?:St|Mt|Ft|Dr|Mrs?|Ms|Prof|No)\.)(?P<o>\s*[^\W\d_][\w'-]*(?:,? [\w'-]+){0,5})[.!]\s+(?=\S)")
""" "Lisbon. I moved in May": the answer is the first sentence, if that is short."""


_OF_OTHERS = late(
    r"\b(?:(?:do|does|has|have|is|are) (?!(?-i:You|We)\b)(?-i:[A-ZÀ-Þ])[\w-]+|(?:with|for|among|do|does|has|"
    r"have) (?:the|your|his|her|their) (?:kids?|children|boys?|girls?|twins|baby|wee ones?|little ones?|guests?|"
    r"others|family|wife|husband|son|daughter|mum|mom|dad|partner)) ?(?:have|got|on)?\b",
    re.IGNORECASE,
)
""" "Any allergies with the kids?": the answer is about them."""


_FOR_A_PERSON = late(r"\bfor (?!(?i:me|you|us|your|the (?:trip|form|record)))(?:[A-ZÀ-Þ]\w+|him|her|them|the \w+)\?$")


def _of_a_person(asked: str) -> bool:
    """True for "Is your wife allergic to anything?" and "Any allergies for Leo?"."""
    return asks_about_another(asked) or bool(_FOR_A_PERSON.search(asked))


def answer_drafts(question: str, text: str, *, by_assistant: bool = False) -> list[Draft]:
    """The drafts of a short reply to the last question of the previous turn, which may be an assistant's."""
    asked = last_question(question)
    if by_assistant and asked and (order := accepted_instruction(asked, text)):
        return [order]
    opening = _OPENING.match(text)
    text = opening["o"] if opening else text
    if (
        asked is None
        or len(text) > 80
        or "?" in text
        or len(text.split()) > 8
        or _OF_OTHERS.search(asked)
        or _of_a_person(asked)
    ):
        return []
    span = (0, len(text.rstrip()))
    manner = _manner(asked, text, span)
    if manner is not None:
        return [manner]
    if _YES.match(text):
        return _confirmed(asked, span)
    bare = _LEAD.sub("", text.strip().rstrip(".! "))
    if not bare or (_NO_ANSWER.match(text.strip()) and not _LEAD.match(text.strip())):
        return []
    for pattern, predicate, template, shape in _BY_WORDS.due(asked):
        matched = pattern.search(asked)
        if matched is None:
            continue
        slot = (matched.groupdict().get("s") or "").strip().lower() or None
        line = compiled(r"(?:in )?(?P<o>{LINE_OF_WORK})(?=$|,)").match(bare) if shape == "job" else None
        if line is not None:
            bare, predicate, template, shape = line["o"], "works_in", "works in {o}", "np"
        if predicate == "studies":
            bare = _YEAR_OF_STUDY.sub("", bare)
        return [
            Draft(
                predicate=predicate,
                object=value,
                slot=slot,
                phrase=template.format(o=value, a=article(value), s=slot),
                quote=span,
                confidence=0.8,
                kind="preference" if predicate in ("favorite", "hobby") else "fact",
                category="answers",
            )
            for value in _values(shape, bare)
        ]
    return []


_ABOUT_ANSWERS = KeyedPattern(
    r"\b(?:you (?:like|prefer|want)|should|shall|do you|would you)\b.*\b(?P<what>answers|replies|responses|"
    r"explanations|summaries)\b",
    re.IGNORECASE,
)
_EITHER_MANNER = (
    r"\b{MANNER},? or (?:more )?{MANNER} (?P<what>answers|replies|responses|explanations|summaries|tone|style)\b"
)


def _manner(asked: str, text: str, span: tuple[int, int]) -> Draft | None:
    """ "Long or short replies?" – "Short." is a standing instruction."""
    about = _ABOUT_ANSWERS.search(asked) or compiled(_EITHER_MANNER).search(asked)
    if about is None:
        return None
    manner = compiled(r"\W*(?P<o>(?:(?:very|quite|rather|as) )*{MANNER})(?:,? (?:please|pls|thanks))?\W*").match(text)
    if manner is None or (text[manner.end() :].strip() and not re.search(r"[.!,;]\W*$", manner[0])):
        return None
    goal = f"{manner['o']} {about['what'].lower()}"
    return instruction(goal, (span[0], manner.end("o")), 0.8)


_NAMES = frozenset({"place", "proper", "org", "number"})
"""The shapes of names, which no verb follows: "Lou is my sister" does not answer "Where do you live?"."""
_BE_OR_HAVE = frozenset(words("is are was were isn't aren't wasn't has have had hasn't"))
_FIRST_CLAUSE = late(
    r",| (?:but|so|because|since|though)\b| and (?=(?:my|our|i|we|it|the|he|she|they|i'm|it's)\b)", re.IGNORECASE
)
_NAMED_FIRST = late(r".* (?:is|was) (?:where|what|who|how|my name|the name|home)\b", re.IGNORECASE)


def _has_verb(answer: str) -> bool:
    """True for "Lou is my sister" and "Rex bites people", but not for "Leeds is where I live"."""
    later = _FIRST_CLAUSE.split(answer, maxsplit=1)[0].split()[1:]
    verbs = (word in _BE_OR_HAVE or (FORMS.get(word) or ("", None))[1] == "s" for word in later)
    return any(verbs) and not _NAMED_FIRST.match(answer)


_YEAR_OF_STUDY = late(r"(?:\w+|\d\w\w) year(?: of)? (?=[a-z])", re.IGNORECASE)


def _values(shape: str, text: str) -> list[str]:
    if shape in _NAMES and _has_verb(text):
        return []
    if shape == "list":
        return list(listed(text))
    if shape == "number":
        matched = re.match(r"\d{1,3}\b", text)
        return [matched[0]] if matched and int(matched[0]) <= 120 else []
    if shape == "date":
        matched = _DATE.search(text)
        return [matched[0]] if matched else []
    if shape == "amount":
        matched = re.search(r"[$€£]? ?\d[\d,.]*k?(?: ?\w+)?", text)
        return [matched[0].strip()] if matched else []
    if shape == "pronouns":
        matched = re.match(r"\w+(?:/\w+)+", text)
        return [matched[0]] if matched else []
    casual = text == text.lower()
    value = {
        "place": lambda: place(text, casual=casual),
        "org": lambda: org(text, casual=casual),
        "proper": lambda: proper(text) or (text.title() if casual and text.isalpha() else None),
        "job": lambda: job(text),
    }.get(shape, lambda: noun(text, limit=5))()
    return [value] if value else []


def _confirmed(asked: str, span: tuple[int, int]) -> list[Draft]:
    """ "Are you allergic to peanuts?" – "Yes." """
    matched = _ARE_YOU.search(asked)
    if matched is None or re.search(
        (
            r"\b(?:or|want|need|like me|looking|ready|sure|there|ok|okay|mean|referring|asking|trying|"
            r"interested|able|open to|planning)\b"
        ),
        matched["rest"],
        re.IGNORECASE,
    ):
        return []
    rest = re.sub(r"\byour\b", "my", matched["rest"])
    aux = matched["aux"].lower()
    question_head = complement(rest) if aux == "are" else head(("have " if aux == "have" else "") + rest, person="i")
    if question_head is None:
        return []
    return [draft for draft in match(question_head, span, casual=False) if draft.op == "assert"]
