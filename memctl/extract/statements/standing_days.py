"""Activities told by their days, without a verb of doing: "choir is Tuesdays at eight", "Spanish class, Wednesdays",
"Saturdays is market day for me".

Only nouns that name something that a person goes to or does count, and only days that recur.
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.rule_tables import compiled
from memctl.extract.statements.mentions import SOMEBODY_ELSE, in_lower_case, is_about_another
from memctl.extract.time.recurring import CLOCK, DAY, NAMES_DAY, ON_DAYS

_GROUPS = (
    r"(?:class(?:es)?|lessons?|practice|rehearsals?|training|session|club|group|circle|circuits|night|tuition|tutoring|"
    r"therapy|day|league|school|team|band|choir|orchestra|quiz|meeting|seminar|workshop)"
)
_NOT_WHOSE = (
    r"(?!(?:no|not|never|the|an?|this|that|these|those|his|her|their|your|its|some|any|all|every|each|after|before|until|"
    r"till|since|for|at|to|of|with|from|in|on|by|is|are|was|were|be|has|have|had|got|do|does|did|off|skip|miss|missed|"
    r"quit|stop|cancel(?:led)?|hate|love|loved|like|want|need|start|started|take|taking|teach|run|open|whole|next|last|"
    r"first|one|good|great|nice|late|long|bad|busy|only|other|what|which|when|and|or|but|so|if|as|it|it's|there|there's|"
    r"here|same|christmas|boxing|new)\b)"
)
_ACTIVITY = (
    r"(?:(?:my|our) )?(?P<o>(?:{PASTIMES}|(?!the |go\b|pool\b|organ\b|harp\b|bass\b|polo\b){GAMES_AND_INSTRUMENTS}|"
    r"choir|gym|church|mass|bible study|sunday school|scouts|cubs|brownies|guides|cadets|physio(?:therapy)?|"
    r"counsell?ing|therapy|dialysis|five-a-side|5-a-side|fives|footy|park ?run|circuits|aqua aerobics|volunteering|"
    rf"tuition|{_NOT_WHOSE}(?:[\w-]+ )?{_NOT_WHOSE}[\w-]+ {_GROUPS}))"
)
_PLACE = (
    r"(?: (?:(?:with|at|in|down|round) (?!an? )(?:(?!(?:on|every|each|is|are|was|and|but|so|because)\b)"
    rf"(?!{ON_DAYS}\b)[\w'’-]+ ?){{1,5}}(?<! )|(?:before|after) (?:work|school|church|breakfast|lunch|dinner)))?"
)
_OPENS = r"(?:^|[,;] |\b(?:and|but|so|now|then) )"
_END = (
    r"(?=$|[,.;!()–—]| (?:and|but|so|because|since|cos|cause|coz|now|then|again|instead|which|where|as|for me|"
    r"for us)\b)"
)
_ADVERBS = r"(?: (?:now|always|still|usually|only|also))*"
_WHEN = rf"(?P<when>{ON_DAYS}(?:{CLOCK})*)"
_PATTERNS = (
    rf"{_OPENS}{_ACTIVITY}(?P<place>{_PLACE})(?:,|:| is| are|'s)?{_ADVERBS} (?:on )?{_WHEN}(?P<where>{_PLACE}){_END}",
    rf"{_OPENS}(?:on )?{_WHEN}(?:,|:| is| are| it's| i'm at| we're at| means| =)?{_ADVERBS} {_ACTIVITY}"
    rf"(?P<place>{_PLACE})(?P<where>(?:{CLOCK})*){_END}",
    rf"{_OPENS}(?P<when>{DAY}) is{_ADVERBS} (?:my |our )?(?P<o>(?:[\w-]+ )?[\w-]+ (?:day|night))"
    rf"(?P<place>)(?P<where>){_END}",
)
STANDING_DAYS = KeyedGroup(NAMES_DAY, KeyedPattern(rf"\b{DAY} is\b"))
_HAS_PREPOSITION = late(r"(?:on|of|every|each|the|once|twice|\w+ \w+ an?)\b", re.IGNORECASE)
_ORDERS = late(
    r"\b(?:plan|schedule|timetable|make|give|add|put|suggest|book(?! (?:club|group))|please|pls|"
    r"remind|move|imagine|offers?|there's)\b",
    re.IGNORECASE,
)
""" "Plan my week, gym on Mondays" asks for something."""
_PROPER = "(?:{LANGUAGES}|{PEOPLES})"
_DENIED = late(r"\b(?:no|not|never|\w+n't|used to|was|were|would|until|cancelled)\b", re.IGNORECASE)


def standing_days(text: str, span: tuple[int, int], before: str) -> Iterator[Draft]:
    """The activities of a sentence with their days; `before` is the sentence before."""
    if HIDDEN in text or is_about_another(text, before):
        return
    taken: list[tuple[int, int]] = []
    for pattern in _PATTERNS:
        for match in compiled(pattern).finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            taken.append(match.span())
            opening = text[: match.start()]
            if (
                _DENIED.search(opening)
                or _ORDERS.search(text, 0, match.end("o"))
                or SOMEBODY_ELSE.search(f"{in_lower_case(opening)} ")
            ):
                continue
            yield _draft(match, span)


def _draft(match: re.Match[str], span: tuple[int, int]) -> Draft:
    what, when = match["o"].strip(), " ".join(match["when"].split())
    first, _, rest = what.partition(" ")
    if not match.start("o") and (not rest or rest.islower()) and not compiled(_PROPER).fullmatch(first):
        what = what[0].lower() + what[1:]
    on = "" if _HAS_PREPOSITION.match(when) else "on "
    whole = " ".join(f"{what}{match['place']} {on}{when}{match['where']}".split())
    return Draft(
        predicate="habit",
        object=f"have {whole}",
        phrase=f"has {whole}",
        quote=span,
        confidence=0.8,
        category="routine",
    )
