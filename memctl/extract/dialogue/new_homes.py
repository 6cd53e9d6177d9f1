"""The next home of the speaker: "Found one. Leith, Iona Street, two bed, we move 18 October", "we're in. Leith.".

A place counts only in a sentence that tells of a home (its rooms, its rent, "a flat in"), in a message that says that
the home is found or when the move is. The old home ends on the day of the move.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts, words_of
from memctl.extract.events.event_dates import absolute
from memctl.extract.filters.assertion_filter import declarative
from memctl.extract.grammar.segmentation import HIDDEN, Sentence, plain, sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.word_masks import DIGIT
from memctl.extract.time.dates import Grounded, certain

_HOME = (
    r"(?:flat|apartment|house|home|maisonette|bungalow|cottage|studio|townhouse|condo|duplex|rental|bedsit|sharehouse|"
    r"two-flat|bedrooms?|rooms?)"
)
_NAME = r"(?-i:[A-ZÀ-Þ])[\w'’-]*(?: (?:(?-i:[A-ZÀ-Þ])[\w'’-]*|de|du|la|on|upon|of|phase \d+)){0,3}(?<! on)(?<! of)"
_SMALL_NAME = r"(?-i:[a-zà-ÿ])[\w'’-]{2,}(?: (?-i:[a-zà-ÿ])[\w'’-]{3,})?"
_STARTS = r"(?:^|[,;–—-]\s*|\b(?:and|so|but|that|because) )"
_OWN = r"(?:(?:we|i|we've|i've|we have|i have|ive|weve|yes|ok|so|finally|just|also|all|both|already) )*"
_FOUND = KeyedPattern(
    rf"{_STARTS}{_OWN}(?:got|found|bought|rented|taken|took|signed(?: for| on)?|chosen|chose|secured|landed|have|offer "
    rf"accepted on|had an offer accepted on)(?: already)?(?: (?:it|one|ourselves|us|myself|me))?(?: (?:the|a|an|our|my|"
    rf"this|new|little|small|nice|tiny|lovely|two|three|one|\d)\b)*(?: [\w-]+)?(?: (?:{_HOME}|place)\b|(?<= it)|"
    r"(?<= one)|(?<= already))(?! (?:to rent out|for (?:my|our|his|her)|swap))",
    re.IGNORECASE,
)
_DAY = (
    r"(?=\d|(?:on )?the (?:\d|\w+ of)|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|"
    r"next|tomorrow)"
)
_MOVES = KeyedPattern(
    rf"{_STARTS}(?:(?:and|so|we|i|we're|i'm|im|we are|i am|we'll|i'll) )*(?:move|moving|(?:get |pick up )?(?:the )?"
    rf"keys|completion(?: is)?|from)(?: in| out)?(?: on| are| come| at| from)* {_DAY}",
    re.IGNORECASE,
)
_ON_THE = late(r"(mov(?:e|ing)(?: in)?|keys) the (?=\d)", re.IGNORECASE)
_LISTED = KeyedPattern(
    r"\b(?:(?:\d|one|two|three|four|five)[- ]?(?:and a half )?(?:bed(?:room)?s?|bd|br|rooms?)\b|(?:ground|first|second|"
    r"third|top|main) floor|upstairs|a (?:month|week)\b|\d{3,} (?:each|between|per|pcm|pw|all in)|rental\b|"
    rf"{_HOME} (?:in|on|near|by) )",
    re.IGNORECASE,
)
_PRICED = late(r"[£$€₱]\s?\d")
_IN_PLACE = late(
    rf"\b{_HOME}(?: [\w-]+)?,? (?:(?:out |over |up |down )?in|on|at) (?:the )?(?P<o>{_NAME}|{_SMALL_NAME}(?=$|[,.;!]))",
    re.IGNORECASE,
)
_LEADS = late(
    rf"\W*(?:[^,]*(?:bed\w*|rooms?|bd|br), (?P<next>{_NAME})|(?P<o>(?:the )?(?:{_NAME}|{_SMALL_NAME})))(?=,|$)",
    re.IGNORECASE,
)
_NO_NAME = late(
    rf"(?:{_HOME}|place|one|two|three|four|found|got|signed|moving|move|keys|from|it|we|i|yes|no|just|with|main|ground|"
    r"second|first|top|only|rent|little|small|new|big|finally|also)\b",
    re.IGNORECASE,
)
_NOT_A_HOME = late(
    r"\b(?:holiday|airbnb|weekend|nights?(?! shift)|trip|hotel|hostel|festival|retreat|vacation|office|unit|warehouse|"
    r"server|servers|cluster|almost|nearly|would|could|might|maybe|viewing|viewed|looking at|looked at|if)\b",
    re.IGNORECASE,
)
_OF_ANOTHER = late(
    r"\b(?:he|she|they|his|her|their|(?:my|our) (?:\w+ )?(?:brother|sister|son|daughter|mum|mom|mother|dad|father|"
    r"parents|friend|mate|boss|cousin|aunt|uncle|colleague|neighbou?rs?|ex)|(?!(?:we|i|so|and|yes|now|just|also|finally|then)\b)"
    r"(?-i:[A-ZÀ-Þ][a-zà-ÿ]+))(?:'s|'ve|s)?"
    r"(?: (?:and \w+|has|have|just|finally))* (?:found|got|bought|moved?|moving|moves|signed|rented|wants?)\b",
    re.IGNORECASE,
)
_OTHERS = late(r"\b(?:he|she|his|her|my \w+|our \w+)\b", re.IGNORECASE)
_SPEAKER = late(r"\b(?:i|we|us|me|i'm|we're|im|i've|we've|ive|i'll|we'll)\b", re.IGNORECASE)
_IN_NOW = KeyedPattern(
    r"^\W*(?:(?:so|ok|and|well|yes|news|update)\W+)*(?:(?:we|i)(?:'re| are|'m| am|'ve| have)? )?(?:all |just |finally |"
    r"now )*(?:moved(?! (?:to|on|out|up|down|away|with|the|my|our|his|her|it|from|into|\w+'s))(?= in\b|$|,| (?:last|"
    r"yesterday|today|on|this|mon|tue|wed|thu|fri|sat|sun))|in(?=$|,)|installed(?=$|,| at)|in the new (?:place|flat|"
    r"house|home|apartment|one)\b)",
    re.IGNORECASE,
)
_STREET = late(r" (?:street|st|road|rd|avenue|ave|lane|drive|row)$", re.IGNORECASE)
_ONLY_NAME = late(rf"\W*(?P<o>{_NAME}|{_SMALL_NAME})\W*$", re.IGNORECASE)
_WRITES = KeyedPattern(
    r"\b(?:writ(?:e|ing)(?: this| to you)?|typ(?:e|ing)(?: this)?|greetings|hello|first night) (?:from|in) (?:the|our|"
    rf"my) new (?:{_HOME}|place)(?: in (?P<o>{_NAME}))?|^\W*i(?:'m| am)? writ(?:e|ing) (?:this )?from the {_HOME}\b",
    re.IGNORECASE,
)
_AMONG_BOXES = KeyedPattern(
    rf"\b(?:(?:sitting|sat|living|writing|typing|surrounded|sleeping)(?: this)? (?:on|out of|by|among|between|from)"
    rf"(?: an?| the| my| all these)? (?:cardboard |moving )?box(?:es)? in (?P<o>{_NAME})|(?:first (?:night|week|"
    rf"weekend|morning) in|packed to|settled in(?:to| in)?) (?P<at>{_NAME})\b)",
    re.IGNORECASE,
)
""" "I'm sitting on a box in Leith": no new home, unless the rest tells of boxes, keys, or of a home that was found."""
_OF_A_MOVE = late(
    r"\b(?:box(?:es)?|keys|we closed|completed on|unpack\w*|packed|(?:removal|moving) van|own gate|new (?:flat|house|"
    r"home|place|neighbou?rs?|address))\b",
    re.IGNORECASE,
)
_AWAY = late(
    r"\b(?:holidays?|airbnb|trip|hotel|hostel|festival|retreat|vacation|office|warehouse|shop|company|cancel\w*)\b",
    re.IGNORECASE,
)
_NOT_IN = late(
    r"\b(?:would|could|might|maybe|if|not|before|until|he|she|they|his|her|their)\b|\w(?:n't|'s)\b", re.IGNORECASE
)
NEW_HOMES, HOMES_TOLD = KeyedGroup(_FOUND, _MOVES), KeyedGroup(_LISTED, words=(DIGIT,))
"""What a message has, of each one, that tells of a home that is found."""
MOVED_IN = KeyedGroup(_WRITES, _AMONG_BOXES, words=("moved",))
"""What a message has that says that the speaker is in; once a home is found, "we're in" is enough."""


def new_homes(text: str, at: datetime | None, earlier: EarlierDrafts, new: list[Draft]) -> Iterator[Draft]:
    """The plan to move into a home that is found, the end of the old home, and the new one once the speaker is in."""
    if _is_of_another(text):
        return
    told = [one for one in sentences(plain(text)) if declarative(one.text, one.mark)[0] and HIDDEN not in one.text]
    homes = [*_homes(earlier), *(one for one in new if one.predicate == "lives_in" and one.subject is None)]
    place = _found(told, {(one.object or "").casefold() for one in homes})
    if place is not None:
        yield from _to_move(place, _day(told, new, at), earlier, new)
        return
    if not any(one.predicate == "lives_in" and one.subject is None and one.op == "assert" for one in new):
        yield from _moved_in(told, earlier)


def _is_of_another(text: str) -> bool:
    """Whether a message tells of another person's move: "My sister rang. Found a flat in York, moving on 1 May"."""
    return bool(_OF_ANOTHER.search(text) or (_OTHERS.search(text) and not _SPEAKER.search(text)))


def _found(told: list[Sentence], known: set[str]) -> tuple[str, tuple[int, int]] | None:
    """The place of a home that is found, which is none of the `known` ones, and where the message says so."""
    if not any(_FOUND.search(one.text) or _MOVES.search(one.text) for one in told):
        return None
    before = ""
    for one in told:
        if (_LISTED.search(one.text) or _PRICED.search(one.text)) and not _NOT_A_HOME.search(one.text):
            place = _IN_PLACE.search(one.text) or _LEADS.match(one.text)
            named = (place["o"] or place.groupdict().get("next")) if place else ""
            name = before or (named if named and not _NO_NAME.match(named) else "")
            if name and name.casefold() not in known:
                return name, (one.start, one.start + len(one.text))
        alone = _ONLY_NAME.match(one.text)
        before = alone["o"] if alone and alone["o"][0].isupper() and not _NO_NAME.match(alone["o"]) else ""
    return None


def _day(told: Iterable[Sentence], new: Iterable[Draft], at: datetime | None) -> Grounded | None:
    """The day of the move."""
    for one in told:
        match = _MOVES.search(one.text)
        dates = certain(_ON_THE.sub(r"\1 on the ", one.text[match.start() :], 1), at, future=True) if match else []
        near = [date for date in dates if match and date.span[0] <= match.end() - match.start() + 4]
        if near and at is not None and near[0].start > at:
            return near[0]
    return None


def _to_move(
    found: tuple[str, tuple[int, int]], day: Grounded | None, earlier: EarlierDrafts, new: list[Draft]
) -> Iterator[Draft]:
    place, span = found
    earlier.next_home = place
    if day is None:
        return
    for plan in [one for one in new if one.predicate == "plans" and one.object in ("move", "move in")]:
        new.remove(plan)
    what, on_day = f"move to {place}", msgspec.structs.replace(day, role="at")
    yield Draft(
        predicate="plans", object=what, phrase=absolute(f"plans to {what}", [on_day]), quote=span, confidence=0.8,
        category="plans", valid_at=day.start, precision=day.precision,
    )  # fmt: skip
    for home in _homes(earlier):
        over = retraction(home, span)
        over.invalid_at, over.precision = day.start, day.precision
        yield over


def _homes(earlier: EarlierDrafts) -> list[Draft]:
    return list(earlier.live.get((None, "lives_in"), {}).values())


def _moved_in(told: list[Sentence], earlier: EarlierDrafts) -> Iterator[Draft]:
    """The new home of a speaker who is in: the one found before, or the one that the next sentence names."""
    if place := _among_boxes(told, earlier):
        yield from place
        return
    for number, one in enumerate(told):
        match = _IN_NOW.match(one.text) or _WRITES.search(one.text)
        if match is None:
            continue
        after = told[number + 1].text if number + 1 < len(told) else ""
        named = _named_next(after, earlier) if "moved" in match[0].lower() or earlier.next_home else None
        name = match.groupdict().get("o") or named or earlier.next_home
        if name and (earlier.next_home or _homes(earlier)):
            earlier.next_home = None
            for plan in earlier.naming(words_of(name)):
                if plan.predicate == "plans" and plan.subject is None and (plan.object or "").startswith("move to"):
                    yield retraction(plan, (one.start, one.start + len(one.text)))
            yield _home_in(name, (one.start, one.start + len(one.text)))
        return


def _among_boxes(told: list[Sentence], earlier: EarlierDrafts) -> list[Draft]:
    """The home of a speaker who tells of the first days in a place, or sits there among boxes."""
    for one in told:
        match = _AMONG_BOXES.search(one.text)
        name = (match["o"] or match["at"]) if match else ""
        known = bool(name) and (earlier.next_home or "").casefold() == name.casefold()
        moving = any(_OF_A_MOVE.search(other.text) for other in told)
        away = any(_AWAY.search(other.text) for other in told)
        if name and _homes(earlier) and (known or moving) and not away and not _NOT_IN.search(one.text):
            earlier.next_home = None
            return [_home_in(name, (one.start, one.start + len(one.text)))]
    return []


def _home_in(name: str, span: tuple[int, int]) -> Draft:
    phrase = f"lives {'on' if _STREET.search(name) else 'in'} {name}"
    return Draft(predicate="lives_in", object=name, phrase=phrase, quote=span, confidence=0.8, category="home")


def _named_next(sentence: str, earlier: EarlierDrafts) -> str | None:
    """The place that a sentence of one name gives; in small letters only if it is the home that was found."""
    match = _ONLY_NAME.match(sentence)
    if match is None:
        return None
    name = match["o"]
    known = (earlier.next_home or "").casefold() == name.casefold()
    return name if known or name[0].isupper() else None
