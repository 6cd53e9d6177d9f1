"""Activities told by their days, without a verb of doing: "choir is Tuesdays at eight", "Spanish class, Wednesdays",
"Saturdays is market day for me".

Only nouns that name something that a person goes to or does count, and only days that recur. With a time of day any
noun does: "krav maga Tuesdays at 8". A name of a known person before it says whose activity it is.
"""

import re
from collections.abc import Iterator, Mapping

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.statements.mention_subjects import SOMEBODY_ELSE, is_about_another
from memctl.extract.statements.mentions import in_lower_case
from memctl.extract.time.recurring import CLOCK, DAY, NAMES_DAY, ON_DAYS, ONE_DAY
from memctl.extract.vocabulary import kinship
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.verbs import FORMS, third_person

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
_BEGUN = (
    r"(?:(?:and |so |now )?(?:(?:i|we)(?:'ve| have)? )?(?:just |also |now )?(?:started|joined|begun|"
    r"taken up|signed up for|got into|"
    r"go to(?= [\w' ]+, (?-i:[A-Z])\w+,))(?: doing| going to| with| learning)? (?:an? |the |my )?)?"
)
_WORD = (
    r"(?!(?:free|busy|home|open|closed|back|off|out|away|available|work|working|day|days|am|pm|meeting|call|me|i|we|"
    r"you|he|she|him|who|how|why|just|not|bus|train|ferry|flight|early|every|please|pls|today|tonight|tomorrow|yes|"
    r"ok|okay|again|about|around|until|can|cannot|could|should|would|will|might|may|must|lol|sorry|morning|evening|"
    r"afternoon|night|half|quarter|my|our|practice|training|rehearsals?|pickup|kids|now|moved|still|also|only|then|together|alone|place)\b)"
    r"[^\W\d_][a-z'-]{1,20}"
)
_ANY_ACTIVITY = (
    rf"(?:my |our )?(?P<o>long (?:run|ride|walk|swim)|{_NOT_WHOSE}{_WORD}(?: {_NOT_WHOSE}{_WORD}){{0,3}}|"
    r"(?:the )?(?:(?-i:[A-Z])[\w'-]+ ){1,4}(?:club|society|choir|group|band|league|class|circle))"
)
_WITH = r"(?:(?: tonight| today| tomorrow| now)?,? (?-i:[A-Z][a-z]+),(?= )|(?: tonight| today| tomorrow| now),?)?"
""" "Writing group tonight, Thursdays at seven", "physio, Niamh, Tuesdays 7.30": what is between activity and days."""
_AT_TIMES = rf"{ON_DAYS}(?:{CLOCK})+|{DAY} as (?:always|usual)(?:{CLOCK})+"
_PATTERNS = (
    rf"{_OPENS}{_ACTIVITY}(?P<place>{_PLACE})(?:,|:| is| are|'s)?{_ADVERBS} (?:on )?{_WHEN}(?P<where>{_PLACE}){_END}",
    rf"{_OPENS}(?:on )?{_WHEN}(?:,|:| is| are| it's| i'm at| we're at| means| =)?{_ADVERBS} {_ACTIVITY}"
    rf"(?P<place>{_PLACE})(?P<where>(?:{CLOCK})*){_END}",
    rf"{_OPENS}(?P<when>{DAY}) is{_ADVERBS} (?:my |our )?(?P<o>(?:[\w-]+ )?[\w-]+ (?:day|night))"
    rf"(?P<place>)(?P<where>){_END}",
    rf"{_OPENS}{_BEGUN}{_ANY_ACTIVITY}(?P<place>{_PLACE}){_WITH}(?:,|:| is| are|'s)?{_ADVERBS} (?:on )?"
    rf"(?P<when>{_AT_TIMES})(?P<where>{_PLACE}){_END}",
    rf"{_OPENS}(?:on )?(?P<when>{_AT_TIMES})(?::| is| are| it's| =)?{_ADVERBS} {_ANY_ACTIVITY}"
    rf"(?P<place>{_PLACE})(?P<where>){_END}",
    rf"{_OPENS}(?:on )?(?P<when>{ON_DAYS})(?::| is| are| it's| =)? {_ANY_ACTIVITY}"
    rf"(?P<place>{_PLACE})(?P<where>(?:{CLOCK})+){_END}",
)
_AT_ANY_TIME = _PATTERNS[3:]
"""The patterns in which any noun may be an activity."""
_OF_A_WEEK = (
    rf"{_OPENS}(?:on )?(?P<when>{ONE_DAY}),? {_ANY_ACTIVITY}(?P<place>{_PLACE})(?P<where>(?:{CLOCK})+){_END}",
    rf"{_OPENS}(?:on )?(?P<when>{ONE_DAY})(?P<place>(?:{CLOCK})*),? (?:i|we) (?P<o>(?P<verb>[a-z]+) [\w' -]+?)"
    r"(?P<where>)(?=$|[,.;!()–—]| (?:and|but|or|so|because|cos|cause|coz|if|when|then)\b)",
)
""" "Thurs therapy, 8am", after other days that recur: a week is told day by day."""
_OTHER_DAYS = KeyedPattern(rf"\b{DAY} (?:is|as)\b", re.IGNORECASE)
_ONE_DAY = KeyedPattern(rf"^(?:on )?{ONE_DAY}\b", re.IGNORECASE)
STANDING_DAYS = KeyedGroup(NAMES_DAY, _OTHER_DAYS, _ONE_DAY)
_HAS_PREPOSITION = late(r"(?:on|of|every|each|the|once|twice|\w+ \w+ an?)\b", re.IGNORECASE)
_ORDERS = late(
    r"\b(?:plan|schedule|timetable|make|give|add|put|suggest|book(?! (?:club|group))|please|pls|"
    r"remind|move|imagine|offers?|there's)\b",
    re.IGNORECASE,
)
""" "Plan my week, gym on Mondays" asks for something."""
_PROPER = "(?:{LANGUAGES}|{PEOPLES})"
_DENIED = late(r"\b(?:no|not|never|\w+n't|used to|was|were|would|until|cancelled)\b", re.IGNORECASE)


def standing_days(
    text: str, span: tuple[int, int], before: str, lead: str, people: Mapping[str, tuple[str, str]]
) -> Iterator[Draft]:
    """The activities of a sentence with their days; `before` is the sentence before, `lead` the turn up to here.

    `people` are those known by name, in lower case.
    """
    if HIDDEN in text:
        return
    of_another = is_about_another(text, before)
    taken: list[tuple[int, int]] = []
    for pattern in _due(text, lead):
        for match in compiled(pattern).finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            opening = text[: match.start()]
            whose = people if pattern is not _PATTERNS[2] else {}
            person, what = _whose(match["o"].strip(), whose)
            if pattern in _AT_ANY_TIME and (not _is_activity(what) or _COUNTS.search(text, 0, match.start("o"))):
                continue
            if "verb" in match.groupdict() and not _is_routine(match["verb"].lower(), what):
                continue
            taken.append(match.span())
            if _DENIED.search(opening) or _ORDERS.search(text, 0, match.end("o")):
                continue
            if person is None and (of_another or SOMEBODY_ELSE.search(f"{in_lower_case(opening)} ")):
                continue
            yield _draft(match, what, person, span)


def _due(text: str, lead: str) -> Iterator[str]:
    """The patterns that may match in a sentence after `lead`."""
    if NAMES_DAY.search(text) or _OTHER_DAYS.search(text):
        yield from _PATTERNS
    if NAMES_DAY.search(lead) and _ONE_DAY.search(text):
        yield from _OF_A_WEEK


def _is_routine(verb: str, what: str) -> bool:
    """Whether "sunday I ring mum" tells of every Sunday: a verb in the present, and nothing that is done only once."""
    return (FORMS.get(verb, ("", "base"))[1] == "base" or verb in ("ring", "phone")) and verb not in _ONCE_OR_THOUGHT


_ONCE_OR_THOUGHT = frozenset(
    words(
        "am was were have had has did could would should might may must can will want need hope think guess know feel "
        "start leave fly travel arrive return come meet see move get land finish begin"
    )
)


def _whose(what: str, people: Mapping[str, tuple[str, str]]) -> tuple[tuple[str, str] | None, str]:
    """The known person whose name opens an activity, and the activity: "Mila violin"."""
    word, _, rest = what.partition(" ")
    name = word.removesuffix("'s").casefold()
    if not rest:
        return None, what
    person = people.get(name)
    if person is None and kinship.canonical(name) in kinship.FAMILY:
        person = kinship.the_only(name, people.values()) or (name, name)
    return person, rest if person else what


_COUNTS = late(
    r"(?<!at)(?<!half)(?<!past)(?<!to) (?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d+) $",
    re.IGNORECASE,
)
""" "Thursday nights, six students"."""
_NAMED_CLUB = late(r"(?:[Tt]he )?[A-Z][\w'-]+(?: [A-Z][\w'-]+)*(?: [\w'-]+)")
_SEVERAL = late(r"(?:class|lesson|scout|circuit|drum|weight|rehearsal|tutorial|bell|card|dart|bowl)e?s|\w+(?:ss|ics)")


def _is_activity(what: str) -> bool:
    """Whether the words before days and a time of day name an activity: no person, and no clause."""
    proper = compiled(rf"(?:{_PROPER} )?(?P<o>.*)").fullmatch(what)
    nouns = proper["o"].split() if proper else []
    if not nouns or is_given_name(nouns[0]):
        return False
    group = compiled(_GROUPS_END).fullmatch(nouns[-1]) is not None
    forms = [FORMS.get(word.lower(), ("", ""))[1] for word in nouns]
    if group and len(nouns) > 1:
        return _NAMED_CLUB.fullmatch(what) is not None or "s" not in forms
    if any(word[0].isupper() for word in nouns[len(nouns) == 1 :]):
        return False
    if "s" in forms or "past" in forms or (len(nouns) > 1 and forms[0] == "base" and forms[-1] != "ing"):
        return False
    if len(nouns) == 1 and nouns[0].endswith("ing"):
        return compiled("{PASTIMES}|{GAMES_AND_INSTRUMENTS}|[a-z]*training").fullmatch(nouns[0]) is not None
    return len(nouns) == 1 or not nouns[-1].endswith("s") or _SEVERAL.fullmatch(nouns[-1]) is not None


_GROUPS_END = f"(?:{_GROUPS}|society)"


def _draft(match: re.Match[str], what: str, person: tuple[str, str] | None, span: tuple[int, int]) -> Draft:
    when = _ONE_OF_ALL.sub(r"\1s", " ".join(match["when"].split()))
    what = what.removeprefix("The ").removeprefix("the ")
    first, _, rest = what.partition(" ")
    if not match.start("o") and (not rest or rest.islower()) and not compiled(_PROPER).fullmatch(first):
        what = what[0].lower() + what[1:]
    on = "" if _HAS_PREPOSITION.match(when) else "on "
    does = "verb" in match.groupdict()
    place, where = ("", match["place"]) if does else (match["place"], match["where"])
    whole = " ".join(f"{what}{place} {on}{when}{where}".split())
    return Draft(
        predicate="habit",
        object=whole if does else f"have {whole}",
        phrase=f"{third_person(first)} {whole.partition(' ')[2]}" if does else f"has {whole}",
        quote=span,
        subject=person[0] if person else None,
        owner=person[1] if person else None,
        confidence=0.8,
        category="routine",
    )


_ONE_OF_ALL = late(rf"^({DAY})(?: as (?:always|usual)\b|$)", re.IGNORECASE)
""" "Choir on Thursday as always": on Thursdays."""
