"""Short answers turned into statements: "What's your dog's name?" – "Pepper." is read as "my dog is called Pepper".

The statement is then read by the same rules as anything else that a person says.
"""

import re
from collections.abc import Iterable
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.segmentation import last_question, plain
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.rule_index import RuleIndex
from memctl.extract.rule_tables import compiled, lexicon

LONGEST_ANSWER = 10
"""Words of an answer."""

_LEAD = late(
    r"^(?:(?:oh|um+|uh|er|well|so|hmm+|sure|ok(?:ay)?|yes|yeah|yep|just|only|mostly|mainly|probably|currently|"
    r"actually|(?:his|her|its|their) names?(?:'s| is| are)|it's|its|it is|that's|that would be|they're|they are|he's|"
    r"she's|he is|she is|i'm|im|i am|i take|i have|i've got|i use|i drive|i weigh|i was|about|around|roughly|(?:i've |"
    r"i )?(?:shifted|moved|switched|changed|gone over|went over|migrated) (?:over )?to)[,:]? )+",
    re.IGNORECASE,
)
_NOTHING = late(r"(?:no|nah|nope)\b", re.IGNORECASE)
_NO_ANSWER = late(
    r"(?:why|what|who|how|when|where|which|can|could|do|does|did|is|are|will|would|should|maybe|perhaps|idk|dunno|"
    r"depends|thanks|thank|hi|hello|hey|ok|okay|sure|skip|pass|secret|please|haha|lol|you|your|tell|show|give|i|i'd|"
    r"not sure|no idea|none of|good|great|fine|rather|guess|same|both|either|neither|nothing|never mind|don't know|"
    r"dont know|doesn't matter|whatever|wait|sorry|ask|that|this|it|my|we|the (?:same|usual))\b",
    re.IGNORECASE,
)
_OF_SELF = late(r"(?:(?:oh|well|so|yes|yeah|yep),? )*(?:i'm|im|i am)\b", re.IGNORECASE)
_FAVOURITE = late(r"\byour (?:[\w-]+ )?favou?rite\b", re.IGNORECASE)
""" "What's your favourite genre?" – "I'm a huge fan of this one": what follows "I'm" is not the genre."""
_NO = late(
    r"\W*(?:no|nope|nah|never|not (?:at all|any ?more|me)|i don'?t|i do not)(?:[,.]? (?:never|not at all|i don'?t|"
    r"thanks|thank you|sorry|none|not any ?more))*\W*",
    re.IGNORECASE,
)
_TAIL = late(
    r"[,.]? (?:please|pls|thanks|thank you|these days|now|actually|currently|at the moment|atm|i think)$", re.IGNORECASE
)
_KIN = (
    r"(?P<x>(?!name\b|question|problem|issue|goal|plan|thoughts|idea|opinion|answer|choice|take|view)[\w-]+(?: "
    r"[\w-]+){0,2}?)"
)
_STATEMENTS: tuple[tuple[KeyedPattern, str], ...] = tuple(
    (KeyedPattern(pattern), statement)
    for pattern, statement in (
        (rf"\b(?:what(?:'s| is| are| was)|and|what about) your {_KIN}(?:'s|s'?)? names?\?", "my {x} is called {a}"),
        (rf"\bwhat(?:'s| is| are) your {_KIN} called\?", "my {x} is called {a}"),
        (rf"\bwhat(?:'s| is) the name of your {_KIN}\?", "my {x} is called {a}"),
        (rf"\byour {_KIN}(?:'s| is| are)? (?:called|named)\?", "my {x} is called {a}"),
        (
            r"\b(?:which|what) (?P<x>editor|ide|browser|os|operating system|shell|database|car|bank|camera|"
            r"laptop) (?:do|are) you (?:use|using|drive|driving|have|run|running|with|on)\b",
            "my {x} is {a}",
        ),
        (r"\bhobbies\b[^?]*\?", "my hobbies are {a}"),
        (
            r"\banything (?:else )?you (?:can't|cannot|can not|don't|won't|shouldn't|mustn't) (?:eat|have|drink)\b|"
            r"\b(?:which|any|what) foods? (?:do you avoid|you avoid|to avoid|you can't eat|can't you eat)\b",
            "I can't eat {a}",
        ),
        (rf"\bwho(?:'s| is) your {_KIN}\?", "my {x} is {a}"),
        (r"\bhow tall are you\b", "I am {a} tall"),
        (r"\b(?:how much|what) do you weigh\b|\byour (?:current )?weight\b", "I weigh {a}"),
        (r"\b(?:what|which) size shoes?\b|\bshoe size\b", "I wear size {a} shoes"),
        (r"\bare you (?:\w+ )?(?:allergic|sensitive) to [\w ]+\?", "I'm allergic to {a}"),
        (r"\bhow old (?:is|are) your (?P<x>[\w-]+(?: [\w-]+)?)\?", "my {x} is {a}"),
        (r"\bwhat does your (?P<x>[\w-]+(?: [\w-]+)?) do\b", "my {x} is a {a}"),
        (r"\bwhere (?:does|do) your (?P<x>[\w-]+(?: [\w-]+)?) live\b", "my {x} lives in {a}"),
        (r"\bwhere (?:does|do) your (?P<x>[\w-]+(?: [\w-]+)?) work\b", "my {x} works at {a}"),
        (
            r"\b(?:which|what) (?![\w -]*\b(?:size|colou?r|day|floor|page|level|chapter|team|side|week|plan|tier)\b)"
            r"[\w -]{2,30}? (?:are you (?:on|using|running)|do you (?:use|run|prefer|have))\b",
            "I use {a}",
        ),
        (r"\bwhat (?:[\w-]+ )?(?:car|van|bike|motorbike) do you (?:drive|ride|have)\b", "I drive a {a}"),
        (
            r"\b(?:what|which|any) (?:musical )?(?:instruments?|sports?)\b[^?]*\?|\bdo you play an instrument\b",
            "I play {a}",
        ),
        (
            r"\b(?:what|which|any) (?:\w+ )?(?:medications?|medicines?|meds|tablets|supplements)\b|\bsupplements\?",
            "I take {a}",
        ),
        (r"\bwhen(?:'s| is) (?:your|the) (?P<x>[\w-]+(?: [\w-]+){0,3})\?", "my {x} is on {a}"),
        (
            r"\byour (?:own )?(?P<x>e-?mail(?: address)?|phone number|mobile(?: number)?)(?: and [\w -]+)?\?",
            "my {x} is {a}",
        ),
        (r"\bdo you have (?:any |a )?(?P<x>pets?|kids|children|siblings|brothers or sisters)\b", "I have {a}"),
        (r"\b(?:dietary|food) (?:requirements|restrictions|needs|preferences)\b", "I'm {a}"),
        (r"\bare you (?:a )?(?:vegetarian|vegan|meat eater|pescatarian|veggie)\b", "I'm {a}"),
        (r"\bare you (?:married|single|in a relationship)\b", "I'm {a}"),
        (
            r"\bhow many (?P<x>kids|children|siblings|brothers|sisters|grandchildren|cats|dogs|pets) do you have\b",
            "I have {a} {x}",
        ),
        (
            r"\b(?:how|what) (?:would you like me to|should i|shall i|do you want me to) (?:address|call) you\b",
            "call me {a}",
        ),
        (r"\bwhat blood (?:type|group) are you\b", "my blood type is {a}"),
        (r"\bwhat(?:'s| is) your (?P<x>blood (?:type|group))\b", "my blood type is {a}"),
        (rf"\bwhat(?:'s| is) your {_KIN}\?", "my {x} is {a}"),
    )
)
_BY_WORDS = RuleIndex({statement: KeyedGroup(statement[0]) for statement in _STATEMENTS})
_STATE = late(
    r"\bare you (?:a |already |still )?(?P<x>married|single|engaged|divorced|vegan|vegetarian|pescatarian|pregnant|"
    r"diabetic|left-handed|retired|self-employed|coeliac|celiac|asthmatic|lactose intolerant)\?",
    re.IGNORECASE,
)
""" "Are you married?" – "Yep, 11 years"."""
_DO_YOU = late(
    r"\bdo you (?:currently |still |ever )?(?P<x>(?:smoke|drink|drive|vape|eat|have (?:any )?(?:pets?|kids|children|"
    r"siblings|a car))(?: [\w -]{2,20})?)\?",
    re.IGNORECASE,
)
_IS_YOUR = late(
    r"\b[Ii]s (?P<name>[A-ZÀ-Þ][\w-]+(?: [A-ZÀ-Þ][\w-]+)?) your (?P<x>[\w-]+(?: [\w-]+)?)(?: or (?:your "
    r")?(?P<y>[\w-]+(?: [\w-]+)?))?\?"
)
_RELATIVE = late(r"(?:my )?(?P<x>[a-z-]+(?: in[- ]law| friend| mate)?)\b", re.IGNORECASE)
_WHO_IS = late(r"\b(?:[Ww]ho(?:'s| is)) (?P<name>[A-ZÀ-Þ][\w-]+)(?: to you)?\?")
_YES = late(r"\W*(?:yes|yep|yeah|yup|correct|indeed|that's right|right|aye|he is|she is)\b", re.IGNORECASE)
_HOW_OLD = late(r"\bhow old (?:is|'s) (?:he|she|it)\b|\bhow old are they\b", re.IGNORECASE)
_WHERE_LIVE = late(r"\bwhere (?:does|do) (?:he|she|they) live\b", re.IGNORECASE)
_WHAT_NAME = late(r"\bwhat(?:'s| is) (?:(?:his|her) name|(?:he|she) called)\b", re.IGNORECASE)
_A_PET = late(r"an? (?P<pet>[a-z][a-z -]*)")
_WHAT_DO = late(r"\bwhat (?:does|do) (?:he|she|they) do\b", re.IGNORECASE)


_THE_PET = r"\bthe (?=(?:{PET})(?:'s name| called)\?)"
_QUESTIONS = KeyedGroup(
    *(pattern for pattern, _ in _STATEMENTS),
    *map(
        KeyedPattern,
        (
            *(one.pattern for one in (_STATE, _DO_YOU, _IS_YOUR, _WHO_IS, _HOW_OLD, _WHERE_LIVE, _WHAT_NAME, _WHAT_DO)),
            rf"\bthe (?:{lexicon('PET')})",
        ),
    ),
    words=("or",),
)
"""What a question has whose answer can be restated; "or" is in "window or aisle?"."""


def may_be_restated(question: str) -> bool:
    """False if no answer to the last question of a message can be restated."""
    asked = last_question(plain(question))
    return asked is not None and _QUESTIONS.possible(asked)


def statement(question: str, answer: str, subject: tuple[str, str] | None) -> str | None:
    """A short `answer` to the last question in `question`, as a full sentence; None if it cannot be restated.

    `subject` is the person (name, relation) of the turn before the question, who is meant by "he" or "she" in it.
    """
    asked = last_question(plain(question))
    if asked is None or len(answer.split()) > LONGEST_ANSWER or "?" in answer or "\n" in answer.strip():
        return None
    text = plain(answer).strip().rstrip(".! ")
    refusal = _NO.fullmatch(text)
    closed = _DO_YOU.search(asked)
    if closed and refusal:
        return f"I don't {closed['x'].replace('any ', '')}"
    if (state := _STATE.search(asked)) and _YES.match(text):
        return f"I'm {state['x']}"
    chosen = _chosen(asked, text)
    if chosen:
        return chosen
    related = _relation(asked, text)
    if related:
        return related
    bare = _LEAD.sub("", text)
    while (shorter := _TAIL.sub("", bare)) != bare:
        bare = shorter
    if (
        refusal
        or not bare
        or _YES.fullmatch(bare)
        or _NO_ANSWER.match(bare)
        or re.match(r"(?:no|nah|nope)\b", bare, re.IGNORECASE)
    ):
        return None
    pronoun = _about_them(asked, subject)
    if pronoun:
        return pronoun.format(a=bare)
    if _OF_SELF.match(text) and _FAVOURITE.search(asked):
        return None
    return _filled(asked, bare) or (_filled(_the_pet().sub("your ", asked), bare) if subject is None else None)


@cache
def _the_pet() -> re.Pattern[str]:
    """ "What is the cat called?", where the speaker spoke of nobody else."""
    return compiled(_THE_PET)


def unnamed_pet(question: str, said: Iterable[Draft]) -> tuple[str, str] | None:
    """The pet whose name a question asks for, if the turn before told of one without a name."""
    pets = [draft.object or "" for draft in said if draft.predicate == "has_pet" and draft.subject is None]
    one = _A_PET.fullmatch(pets[0]) if len(pets) == 1 and _WHAT_NAME.search(question) else None
    return (one["pet"], one["pet"]) if one else None


def _filled(question: str, answer: str) -> str | None:
    """The statement for a kind of question, with the answer in it."""
    for pattern, form in _BY_WORDS.due(question):
        matched = pattern.search(question)
        if matched is None:
            continue
        owned = (matched.groupdict().get("x") or "").strip().removesuffix("'s")
        if form.endswith(" to {a}"):
            answer = answer.removeprefix("to ")
        elif form.startswith("I'm "):
            answer = answer.split(",")[0]
            if answer[:1].isdigit():
                return None  # "Are you married?" – "11 years"
            return form.format(a=answer) if len(answer.split()) <= 2 else None
        if form == "I am {a} tall" and re.fullmatch(r"[12][.,]\d\d?", answer):
            answer += " m"
        if "called" in form or form == "my {x} is {a}":
            answer = _titled(answer)
        return form.format(x=owned, a=re.sub(r"^an? ", "", answer) if " a {a}" in form else answer)
    return None


_PREFER = late(
    r"\bdo you (?:usually |normally |generally )?(?:prefer|like) (?P<x>[\w' -]{2,25}?) or "
    r"(?P<y>[\w' -]{2,25}?)(?: seats?)?\?",
    re.IGNORECASE,
)

_EITHER = late(
    r"(?:(?:and|so|ok),? )?(?P<x>[a-z][\w'-]*(?: [\w'-]+)?) or (?P<y>[a-z][\w'-]*(?: [\w'-]+)?)\?", re.IGNORECASE
)


def _chosen(question: str, answer: str) -> str | None:
    """ "Do you prefer window or aisle?" – "aisle, always"."""
    asked = _PREFER.search(question) or _EITHER.fullmatch(question)
    said = answer.partition(",")[0].casefold().removeprefix("the ")
    return f"I prefer {said}" if asked and said in (asked["x"].casefold(), asked["y"].casefold()) else None


def _relation(question: str, answer: str) -> str | None:
    """ "Is Jonas your cousin?" – "Husband!" and "Who's Ines?" – "my cousin"."""
    asked = _IS_YOUR.search(question)
    if asked and _YES.match(answer) and not asked["y"]:
        return f"my {asked['x']} is called {asked['name']}"
    who = asked or _WHO_IS.search(question)
    if who is None:
        return None
    relative = _RELATIVE.fullmatch(
        re.sub(r"^(?:(?:no|nah|nope|oh|just|only|she's|he's|they're)[,.! ]+)+(?:my )?", "", answer, flags=re.IGNORECASE)
    )
    if relative and compiled("{RELATIONS}").fullmatch(relative["x"]):
        return f"my {relative['x']} is called {who['name']}"
    return None


_LISTED_WORDS = r"[^\W\d_]+(?:(?:,| and|, and| &) [^\W\d_]+){1,4}"
""" "Ida and moss", where Ida is known to be a name."""


def _titled(text: str) -> str:
    """Names in lower case as names: "ida and moss" gives "Ida and Moss"."""
    words = r"[^\W\d_]+(?:(?:,| and|, and| &)? [^\W\d_]+){0,4}" if text == text.lower() else _LISTED_WORDS
    if not re.fullmatch(words, text):
        return text
    return re.sub(r"\b(?!and\b)[^\W\d_]", lambda letter: letter[0].upper(), text)


def _about_them(question: str, subject: tuple[str, str] | None) -> str | None:
    """The template of a statement about the person meant by a pronoun in the question."""
    if subject is None:
        return None
    name = subject[0] if subject[0][:1].isupper() else f"my {subject[0]}"
    if subject[0] == subject[1] and _WHAT_NAME.search(question):
        return f"{name} is called {{a}}"
    for pattern, rest in ((_HOW_OLD, "is {a}"), (_WHERE_LIVE, "lives in {a}"), (_WHAT_DO, "is a {a}")):
        if pattern.search(question):
            return f"{name} {rest}"
    return None
