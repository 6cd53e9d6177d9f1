"""Habits told earlier that end or move to other days: "German class moved, Saturdays now", "physio is over".

A habit is known again by what is done: the verb and the noun of its object, without its days.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.filters.assertion_filter import declarative
from memctl.extract.grammar.segmentation import HIDDEN, plain, sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.time.recurring import CLOCK, DAY, ON_DAYS, RECURRING
from memctl.extract.vocabulary.verbs import gerund

_TIMES = late(rf",?(?: (?:on|of|in|at))? (?:{RECURRING.text})(?:{CLOCK})*", re.IGNORECASE)
_NOUN = late(
    r"(?P<verb>\w+)(?: (?:to|at|in)(?= ))?(?: (?:the|an?|my|our)(?= ))?"
    r"(?: (?P<noun>(?!(?:with|at|in|on|for|to|now)\b)[\w'-]+(?: (?!(?:with|at|in|on|for|to|now|and)\b)[\w'-]+){0,2}))?"
)
_CHANGED = KeyedPattern(
    r"\b(?:now|moved|moves|moving|changed|changes|switched|shifted|going to|goes to|instead|from now on|these days|"
    r"this (?:term|year|season)|new (?:day|time|slot)|over|finished|cancelled|ended|no more|quit|stopped|packed in|"
    r"dropped|gave up|given up|done with|any ?more|no longer|move|switch|shift)\b",
    re.IGNORECASE,
)
CHANGED_HABITS = KeyedGroup(_CHANGED)
_FROM_NOW = r"(?: from (?:now(?: on)?|then on)| now| instead| for good)"
_WHEN = rf"(?P<when>{ON_DAYS}(?:{CLOCK})*)"
_ONE = rf"(?P<day>{DAY})(?P<part> (?:morning|evening|night|afternoon))?(?P<hour>(?:{CLOCK})*)"
_MOVED = (
    r"(?:'s| has| is| have| got)*(?: been)? (?:moved|moves|moving|changed|changes|switched|shifted|goes|going)(?: to)?"
)
_ON_OTHER_DAYS = (
    rf"{_MOVED}(?:[.,:;–-]+| now)? (?:on |to )?(?:the )?{_WHEN}(?P<same>,? (?:at )?(?:the )?same time)?",
    rf"(?:'s| is| are| will be)(?: now)? (?:on )?{_WHEN}{_FROM_NOW}(?P<hour>(?:{CLOCK})*)",
    rf"(?: goes| moves|'s going| is going|'s moving| is moving) to (?:the )?{_ONE}(?! \d|,? (?:this|next) week)",
    rf"{_MOVED} (?:the )?{_ONE}{_FROM_NOW}",
)
""" "Is on Tuesdays from now", "goes to the Tuesday": what says so after the name of the habit."""
_PUT_ON_OTHER_DAYS = (
    r"(?:\b(?:i|we|i've|we've|they|they've|have|has|he|she) (?:just )?|(?<!\S)(?<![\w,;:'’)-] ))"
    r"(?:mov|switch|shift|chang)(?:e|ed) (?:the |my |our )?"
)
_DONE_ON_OTHER_DAYS = r"\b(?:i'm|im|i am|we're|we are)(?: \w+)? "
_NOW_ON_DAYS = (rf"(?: (?:at|in|with) (?:the )?[\w-]+(?: here)?)? now,? (?:on )?{_WHEN}",)
""" "I'm swimming at the pier now, Saturdays at eight"."""
_TO_OTHER_DAYS = (
    rf"(?: class| lesson)? (?:on|over )?to {_WHEN}{_FROM_NOW}?",
    rf"(?: class| lesson)? to (?:the )?{_ONE}{_FROM_NOW}",
    rf",? (?:so )?(?:(?:it'?s )?now (?:it'?s |is )?|it'?s )(?:on )?{_WHEN}",
)
""" "I've moved the long run to Saturdays", "changed the swimming, now it's Mondays"."""
_OVER = (
    r"(?:'s| is| has| are| class is)*(?: all| been| now)* (?:over|finished|cancelled|ended|stopped)\b(?! (?:today|"
    r"tonight|this|next|tomorrow|at|until|till|for (?!me\b|us\b|good\b|now\b)|on|by|early))"
)
_GIVEN_UP = (
    r"\b(?:no more|(?:i|i've|we|we've|have|just)? ?(?:quit|stopped|packed in|dropped|gave up|given up)|done with|(?:i|"
    r"we) (?:don't|dont|no longer) (?:do|go to|have|play))(?: (?:going to|doing|playing|having))?(?: (?:the|my|our))? "
)
_ANYTHING = frozenset(
    words("have go do play get take see meet work be make visit call attend eat cook watch teach help")
)
"""Verbs that do not say alone what is done."""
_AS_WELL = late(r"\b(?:also|too|as well|another|both|used to|sometimes|except)\b", re.IGNORECASE)
_SENTENCE_END = late(r"[.!?;\n]")
_OWN = late(r"\b(?:i|i'm|my|me|we|our|us)\b", re.IGNORECASE)


def changed_habits(text: str, earlier: EarlierDrafts, drafts: Iterable[Draft]) -> Iterator[Draft]:
    """The ends of earlier habits that a turn with `drafts` moves to other days or gives up, and their new days."""
    if "habit" not in earlier.predicates or not _CHANGED.search(text):
        return
    drafts = list(drafts)
    new = [draft for draft in drafts if draft.predicate == "habit" and draft.op == "assert"]
    given_up = [draft for draft in drafts if draft.predicate == "hobby" and draft.op == "retract"]
    body = plain(text)
    habits = [one for one in earlier.standing.values() if one.predicate == "habit" and one.op == "assert"]
    done = Counter((one.subject, _what(one.object or "")[0]) for one in habits if earlier.is_live(one))
    for old in habits:
        verb, noun = _what(old.object or "")
        only = verb not in _ANYTHING and earlier.is_live(old) and done[old.subject, verb] == 1
        if ended := next((one for one in given_up if one.subject == old.subject and _is_of(one, verb, noun)), None):
            yield retraction(old, ended.quote)
            continue
        again = next(
            (one for one in new if one.subject in (old.subject, None) and _is_moved(one, old, body, only=only)), None
        )
        if again is not None and again.subject != old.subject:
            if not _OWN.search(body[slice(*again.quote)]):
                again.subject, again.owner = old.subject, old.owner
                yield retraction(old, again.quote)
        elif again is not None:
            yield retraction(old, again.quote)
            continue
        named = [one for one in (noun, gerund(verb) if only and old.subject is None else "") if one]
        found = ((one, moved) for one in named if (moved := _moved_or_over(one, old.subject, body)))
        if again is None and (first := next(found, None)):
            name, (span, when, same_time) = first
            yield retraction(old, span)
            if when:
                verb, noun = (verb, noun) if name == noun else (verb, "")
                on = "" if re.match(r"(?:on|of|every|each|the)\b", when, re.IGNORECASE) else "on "
                clock = _AT.search(old.object or "") if same_time else None
                when += clock[0] if clock else ""
                phrase = old.phrase.split(" ")[0]
                what = f"{noun} {on}{when}".strip()
                yield msgspec.structs.replace(old, object=f"{verb} {what}", phrase=f"{phrase} {what}", quote=span)


def _is_of(hobby: Draft, verb: str, noun: str) -> bool:
    """Whether a hobby is what is done in a habit: "running" and "run on Mondays", "tennis" and "play tennis"."""
    value = (hobby.object or "").casefold()
    return value in (gerund(verb), noun)


def _what(habit: str) -> tuple[str, str]:
    """The verb and the noun of a habit without its times."""
    matched = _NOUN.match(_TIMES.sub("", habit))
    return (matched["verb"].lower(), (matched["noun"] or "").lower()) if matched else ("", "")


def _is_moved(new: Draft, old: Draft, text: str, *, only: bool) -> bool:
    """Whether a habit of this turn is an earlier one on other days; `only`: no other earlier one has its verb."""
    (verb, noun), now = _what(old.object or ""), _what(new.object or "")
    same = now in ((verb, noun), ("have", noun or gerund(verb))) or (only and now == (verb, "") and new.subject is None)
    if new.object == old.object or not same:
        return False
    start, end = new.quote
    said = _SENTENCE_END.split(text[:start])[-1] + text[start:end]
    return _CHANGED.search(said) is not None and not _AS_WELL.search(said)


def _moved_or_over(noun: str, person: str | None, text: str) -> tuple[tuple[int, int], str, bool] | None:
    """Where a turn says that the thing called `noun` of a person (None: the speaker) moved or is over, its new days if
    they are told, and whether it keeps its time."""
    if noun.split()[-1] not in text.casefold():
        return None
    others = "" if person else r"(?<!'s )(?<!\bhis )(?<!\bher )(?<!\btheir )"
    what = rf"(?<![\w-]){others}(?:{re.escape(noun)}|{re.escape(noun.split()[-1])})"
    over = f"^{what}{_OVER}|{_GIVEN_UP}{what}(?![\\w-])"
    for sentence in sentences(text):
        said, _ = declarative(sentence.text, sentence.mark)
        if not said or HIDDEN in said or (person is not None and person.casefold() not in said.casefold()):
            continue
        moved = _moved_to(what, text, sentence.start, sentence.start + len(sentence.text))
        if moved and not _UNSURE.search(said):
            return moved
        if re.search(over, said, re.IGNORECASE) and not _UNSURE.search(said):
            return (sentence.start, sentence.start + len(sentence.text)), "", False
    return None


def _moved_to(what: str, text: str, begin: int, end: int) -> tuple[tuple[int, int], str, bool] | None:
    """Where the sentence from `begin` to `end` says that `what` moved, its new days, and whether it keeps its time."""
    forms = (("", _ON_OTHER_DAYS), (_PUT_ON_OTHER_DAYS, _TO_OTHER_DAYS), (_DONE_ON_OTHER_DAYS, _NOW_ON_DAYS))
    readings = [(opening + what, days) for opening, endings in forms for days in endings]
    for named, days in readings:
        moved = re.compile(named + days, re.IGNORECASE).search(text, begin)
        if moved is None or moved.start() >= end:
            continue
        found = moved.groupdict("")
        part = found.get("part", "")
        when = found.get("when") or f"{found['day']}{part}s"
        hour = found.get("hour", "")
        same = bool(found.get("same")) or (not hour and _SAME.match(text, moved.end()) is not None)
        return moved.span(), " ".join(f"{when}{hour}".split()), same
    return None


_SAME = late(r"[^.!?]{0,40}[,.] (?:at )?(?:the )?same (?:time|hour)\b", re.IGNORECASE)
_AT = late(CLOCK, re.IGNORECASE)
_UNSURE = late(r"\b(?:if|would|could|should|might|may|maybe|perhaps|wish|almost|nearly)\b", re.IGNORECASE)
