"""Match a clause head against the frames of its verb; tense and negation decide what a match means."""

import re
from collections.abc import Callable, Iterator
from functools import cache, partial

import msgspec

from memctl.core.late_pattern import late
from memctl.core.predicates import kind_of
from memctl.extract.draft_claim import Draft, article
from memctl.extract.filters.object_types import LONGEST_OBJECT
from memctl.extract.grammar.clauses import Head
from memctl.extract.grammar.compounds import describes_noun
from memctl.extract.grammar.noun_phrases import job, listed, noun, org, place, preference, proper, qualified
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern, OpeningPattern
from memctl.extract.patterns.rule_index import RuleIndex
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import Frame, compiled, filled, lexicon, verb_frames
from memctl.extract.statements.degrees import subject
from memctl.extract.statements.likings import tastes
from memctl.extract.vocabulary.date_words import in_figures
from memctl.extract.vocabulary.verbs import gerund, third_person

MOTION = frozenset(
    words(
        "move relocate join leave quit start begin retire return transfer resign marry buy sell adopt attend "
        "get graduate"
    )
)
"""Verbs whose present progressive refers to the future ("I'm moving to Paris")."""
_LIKING = frozenset({"like", "love", "enjoy", "adore", "fancy"})
DENIED = frozenset({"allergic_to", "intolerant_to", "has_condition", "lives_in", "works_at", "diet", "favorite"})
"""Predicates that a plain "I'm not …" retracts; for others it denies something that was never claimed."""
_AFTER_ALL = KeyedPattern(r"\b(?:after all|any ?more|any longer|these days)\b", re.IGNORECASE)
_LASTING = KeyedPattern(
    (
        r"\b(?:since|for (?:the (?:past|last)|\w+ (?:years?|months?|weeks?|decades?|yrs?)|ages|a while|"
        r"years|months|decades|a long time|almost|about|over|nearly)|now|all my life|my whole life|always|"
        r"ever)\b"
    ),
    re.IGNORECASE,
)
_STATES = frozenset({"diet", "relationship_status"})
""" "I was vegan" and "I was engaged" are over; "I got married" may not be."""
MAY_HAVE_ENDED = frozenset({"has_pet", "owns", "hobby", "has_condition"})
""" "I had a cat when I was little" says nothing of today."""
_OWNING = frozenset({"have", "own", "keep"})
_WHILE_IT_LASTED = KeyedPattern(
    r"\b(?:until|till|for (?:(?:a|an|one|two|three|\d+|several|a few|a couple of|about an?) (?:days?|weeks?|months?|"
    r"years?|while)|lent)|in (?:college|uni\w*|school))\b",
    re.IGNORECASE,
)
_UNTIL = KeyedPattern(r"\b(?:until|till|til) (?!now\b|today\b|this\b)", re.IGNORECASE)
""" "I've been on statins until March", "I was diabetic until my weight loss"."""
_LASTING_FACTS = frozenset({"hometown", "studied_at", "education", "nationality", "event", "family_event"})
""" "I grew up in Enugu till 11" stays true."""
_ONCE_UPON = KeyedPattern(
    r"\b(?:when (?:i|we) (?:was|were)|as an? (?:kid|child|boy|girl|teen\w*|student)|growing up|back (?:then|when)|in "
    r"(?:my|the) (?:childhood|youth|twenties|thirties|teens|(?:19)?\d0s)|years ago)\b",
    re.IGNORECASE,
)
""" "I had a cat when I was little"."""
_FUTURE_DATE = KeyedPattern(
    (
        r"\b(?:tomorrow|next (?:week|month|year|spring|summer|fall|autumn|winter|mon|tue|wed|thu|fri|sat|"
        r"sun)\w*|soon|in (?:a few|two|three|\w+) (?:days|weeks|months|years)|in (?:a|one) (?:week|month|"
        r"year))\b"
    ),
    re.IGNORECASE,
)
_TEMPORARY = KeyedPattern(
    (
        r"\b(?:for (?:the|a) (?:weekend|week|night|day|month|summer|winter|season|holidays|few days|couple of days|"
        r"conference|meeting|trip|holiday)|(?:half|part) (?:of )?the (?:year|week|time)|(?:at|on) weekends|during the "
        r"week|for (?:\d+|two|three|four|five|six) (?:days|nights|weeks)(?! now)|on (?:vacation|holiday)|this (?:week|"
        r"weekend|month|summer|winter)|tonight|at the (?:minute|moment)|as we speak|because|till|until)\b"
    ),
    re.IGNORECASE,
)


_MEETING_PLACES = frozenset(
    words("slack discord whatsapp facebook instagram linkedin zoom teams telegram signal twitter reddit tiktok tinder")
)
""" "I joined Slack": as a member, not as an employee."""
_CIRCLE = late(
    r"\b(?:group|club|choir|band|class|society|circle|league|orchestra|gym|association|network|forum|community|fellowship|"
    r"federation|guild|union|committee|church|parish|party|course|program(?:me)?|challenge|meet-?up)$",
    re.IGNORECASE,
)
_ONLY_WHEN = late(
    r"\W*(?:only |just |unless |except |but )?(?:(?:after|before|during|unless|except|until|till|past|outside|while|"
    r"whilst|when|whenever|if|between|without|apart from|other than)\b|on (?:weekdays?|weekends?|school nights|"
    r"workdays|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)|at (?:night|work|home|lunch|breakfast|dinner|school|"
    r"weekends|the moment)|in (?:the )?(?:mornings?|evenings?|afternoons?|winter|summer|public|bed|my coffee|my tea|"
    r"my [\w]+)|for (?:lunch|breakfast|dinner|lent|now)\b)",
    re.IGNORECASE,
)
""" "After 3pm" after the object: the whole is true only then."""
_PASSING_IN = late(
    r"^[^,.;!?]*\b(?:this (?:week|month|term|year|morning|evening|weekend)|for (?:lent|ramadan|now|"
    r"an?(?: few| couple of)? (?:days?|weeks?|months?|while|bit)|"
    r"(?:one|two|three|four|six|\d+) (?:days|weeks|months))|today|tonight)\b",
    re.IGNORECASE,
)
""" "Off sugar this month" is over before long, and nobody will say so."""
_NOW = late(r"(?<!till )(?<!until )(?<!by )\bnow$", re.IGNORECASE)
CUT_SHORT = frozenset({"avoids", "dislikes", "diet", "intolerant_to"})
"""Predicates that are false without such a restriction; one who likes coffee in the evening likes coffee."""
_NEXT = late(r"\s*(?:[,.;!?()—–]|\b(?:and|but|so|because|since|or)\b)", re.IGNORECASE)
_MORE_DAYS = late(
    r"(?:,| and| or) (?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)days?(?: only)?(?=$|[ ,.;])", re.IGNORECASE
)
_SUBJECT = late(r"\b(?:i|i'm|we|it|it's|he|she|they|you|there|my|our)\b", re.IGNORECASE)
_WHICH = late(
    r" (?:that|who|which)(?! (?:i'm|im|is why)\b) [^,.;:!?()—–]+?(?=$|[,.;:!?()—–]| (?:but|because|so)\b)",
    re.IGNORECASE,
)
""" "Stories that make me cry": not all stories."""
_SIMILE = late(r"\s+as (?:an?|the|my) ", re.IGNORECASE)
""" "Deaf as a post"."""
_BODY_PART = late(
    r"\s+in (?P<o>(?:my|one|both|the) (?:[\w]+ )?(?:ear|eye|knee|hip|leg|arm|hand|foot|shoulder|ankle|wrist|back|lung|"
    r"kidney|finger|toe)s?)\b",
    re.IGNORECASE,
)


def _restricted(value: str, caught: str, predicate: str, head: Head) -> str | None:
    """`value` with the restricting words after it; None if those are a clause or give `value` another meaning."""
    if head.lemma == "join" and (value.casefold() in _MEETING_PLACES or _CIRCLE.search(value)):
        return None
    at = caught.lower().rfind(value.lower())
    if at < 0:
        return value
    tail = caught[at + len(value) :]
    if predicate == "has_condition":
        if _SIMILE.match(tail):
            return None
        part = _BODY_PART.match(tail)
        return f"{value} in {part['o']}" if part else value
    if predicate in ("likes", "dislikes") and " " not in value and (which := _WHICH.match(tail)):
        whole = value + which[0]
        return whole if len(whole.split()) <= LONGEST_OBJECT else None
    if (predicate != "prefers" and predicate not in CUT_SHORT) or not _ONLY_WHEN.match(tail):
        return value
    circumstance = _NEXT.split(tail.strip(" ,"))[0]
    if more := _MORE_DAYS.match(tail.strip(" ,"), len(circumstance)):
        circumstance += more[0]
    return None if _SUBJECT.search(circumstance) else f"{value} {circumstance}"


def _why(head: Head) -> str:
    """The words after the verb; of "we moved to Lyon because of my job" those before the reason."""
    return head.rest.split(" because")[0] if head.lemma in MOTION else head.rest


def _lasts(rest: str) -> bool:
    """Whether "I'm not eating meat" says more than "I'm not eating that": a food that people give up, or a time."""
    return bool(_LASTING.search(rest) or compiled(r".*\b(?:{VICES}|{FOODS})\b").match(rest))


def _is_past_or_passing(head: Head) -> bool:
    """Whether a clause tells what was not done then, "I never smoked", or what is not done just now."""
    return head.tense == "past" or (head.prog and not _lasts(head.rest))


_JOURNEY = late(r" (?:to|from|through|over|across|for|tomorrow|today|tonight|next|up|down|back)\b", re.IGNORECASE)


def decide(frame: Frame, head: Head) -> tuple[str, str] | None:  # noqa: C901 -- one branch per tense
    """The operation and predicate of a frame, given the head's tense and polarity; None if it does not apply."""
    predicate, op = frame.predicate, frame.op
    if head.modal and not (frame.verbs[0] == "prefer" and not head.neg):
        return None
    if head.tense == "future":
        return None
    if predicate == "hometown" and head.lemma in ("come", "hail") and (head.prog or head.tense != "present"):
        return None  # "I'm coming from Leeds" is a journey.
    if predicate == "has_pet" and head.lemma in _OWNING and head.tense == "past":
        return None  # "I had a dog, Moss".
    if predicate == "owns" and head.prog and (head.tense == "past" or _JOURNEY.search(head.rest)):
        return None  # "While I was buying a pie", "he's driving a van to Antwerp"
    if (
        head.tense in ("past", "perfect")
        and not head.stopped
        and predicate not in _LASTING_FACTS
        and _UNTIL.search(head.rest)
    ):
        return ("retract", predicate) if op == "assert" and not (head.neg or frame.only_neg) else None
    if predicate == "avoids" and head.neg and not head.stopped and _is_past_or_passing(head):
        return None
    if frame.only_neg:
        return (op, predicate) if head.neg or head.stopped else None
    if head.can and not frame.can:
        return None
    if head.stopped:
        return ("retract", predicate) if op == "assert" else None
    if head.neg:
        if frame.neg == "retract" and predicate not in DENIED and not _AFTER_ALL.search(head.rest):
            return None
        if frame.neg == "skip" or (head.tense in ("perfect", "past") and frame.neg == "retract"):
            return None
        return ("retract", predicate) if frame.neg == "retract" else ("assert", frame.neg)
    if head.tense == "past" and head.lemma == "be" and predicate in _STATES:
        return ("retract", predicate) if predicate == "diet" and op == "assert" else None
    if head.tense == "past" and predicate == "diet" and op == "assert" and _WHILE_IT_LASTED.search(head.rest):
        return "retract", predicate
    if head.tense in ("past", "perfect") and predicate in MAY_HAVE_ENDED and _ONCE_UPON.search(head.rest):
        return None
    if head.tense == "past" and not head.started:
        if frame.past == "retract" and _NOW.search(head.rest):
            return None  # "The blog moved, hosted on Netlify now"
        return {"assert": (op, predicate), "retract": ("retract", predicate), "skip": None}[frame.past]
    if (
        head.tense == "perfect"
        and frame.past != "assert"
        and not (head.started or head.prog or _LASTING.search(head.rest))
    ):
        return None
    if head.tense == "present" and not head.started:
        if not frame.present:
            return None
        if head.lemma in MOTION and frame.past == "assert":
            return None
        if head.lemma == "stay" and (head.prog or (head.person == "i" and not head.pronoun)):
            return None  # "We're staying in Whitby" is a visit, "stay in the area" a wish; "I stay in Leith" is a home.
        if head.prog and _FUTURE_DATE.search(head.rest) and frame.past == "assert":
            return None
    return op, predicate


def _number(text: str) -> str | None:
    figures = in_figures(text)
    return figures if figures.isdigit() and 1 <= int(figures) <= 120 else None


_SHAPES: dict[str, Callable[[str], str | None]] = {
    "proper": proper,
    "job": job,
    "number": _number,
    "subject": subject,
    "vp": partial(noun, limit=14),
    "preference": preference,
    "raw": lambda text: text.strip(" .,!?\"'"),
    "word": lambda text: text.lower(),
}


def objects_of(frame: Frame, text: str, casual: bool) -> Iterator[str]:
    """The objects in the text a frame matched."""
    if frame.shape == "list":
        yield from listed(text)
        return
    if frame.shape in ("place", "org"):
        value = (place if frame.shape == "place" else org)(text, casual=casual)
    else:
        value = _SHAPES.get(frame.shape, noun)(text)
    if value:
        yield value


def _whole(frame: Frame, head: Head, matched: re.Match[str]) -> str:
    """The words for the object, with the noun that a trade only describes: "vet tech", not "vet"."""
    after = head.rest[matched.end("o") :]
    noun_after = _NOUN.match(after) if frame.shape == "job" and describes_noun(after) else None
    return matched["o"] + (noun_after[0] if noun_after else "")


_NOUN = late(r" [a-z][\w-]{2,}")
_OWNER = late(r"(?<=\w)'s\b|(?<=s)' (?=\w)", re.IGNORECASE)
""" "A doctor's wife" is not a doctor."""


@cache
def frames_of(lemma: str, *, own: bool) -> RuleIndex[tuple[Frame, OpeningPattern]]:
    """The frames of a verb about the speaker (`own`) or others, each with its pattern."""
    applying = (frame for frame in verb_frames(lemma) if (frame.own if own else frame.others))
    rules = ((frame, _opening(frame.pattern)) for frame in applying)
    return RuleIndex({rule: KeyedGroup(rule[1]) for rule in rules})


@cache
def _opening(pattern: str) -> OpeningPattern:
    return OpeningPattern(filled(pattern))


def match(  # noqa: C901 -- one step per part of a frame
    head: Head, offset: tuple[int, int], *, casual: bool, other: str | None = None
) -> list[Draft]:
    """The drafts from the frames of the head's verb; `offset` is the clause's span in the turn."""
    drafts: list[Draft] = []
    taken: set[tuple[str, str]] = set()
    for frame, pattern in frames_of(head.lemma, own=other is None).due(head.rest):
        matched = pattern.match(head.rest)
        if matched is None or _OWNER.match(head.rest, matched.end()):
            continue
        verdict = decide(frame, head)
        if verdict is None or (verdict[1], verdict[0]) in taken:
            continue
        op, predicate = verdict
        if predicate in ("age", "name", "preferred_name") and head.pronoun == "we":
            continue  # "We're six for dinner", "we're called the Jets".
        if predicate == "works_at" and head.lemma == "leave" and head.pronoun == "we":
            continue  # "We left Dorking for Hove": places, more likely than employers.
        if predicate == "lives_in" and op == "assert" and _TEMPORARY.search(_why(head)):
            continue
        if frame.shape == "none":
            words = third_person(head.lemma)
            value = frame.value.format(v=gerund(head.lemma), o="") if frame.value else None
            objects = [value]
        else:
            words = third_person(head.lemma)
            objects = [
                frame.value.format(o=o) if frame.value else o
                for o in objects_of(frame, _whole(frame, head, matched), casual)
            ]
        if frame.category == "preferences" and predicate in ("likes", "dislikes"):
            objects = [*tastes([value for value in objects if value is not None], matched["o"])]
        if frame.shape != "none":
            after = head.rest[matched.start("o") :]
            if op == "assert" or predicate != "diet":
                whole = [_restricted(one, after, predicate, head) for one in objects if one]
                passing = predicate in CUT_SHORT and head.tense != "perfect" and _PASSING_IN.search(after)
                objects = [] if passing else list(filter(None, whole))
        denial = op == "retract" and frame.op == "assert" and head.neg and not head.stopped
        for value in objects:
            plain = value or ""
            template = frame.template if predicate == frame.predicate else "{n} {o}"
            phrase = template.format(
                o=_worded(frame, matched.groupdict().get("o") or plain, plain),
                a=article(plain),
                v=words,
                n=f"does not {head.lemma if head.lemma in _LIKING else 'like'}",
            )
            if frame.predicate == "hobby" and frame.value and frame.shape == "list":
                phrase = f"{words} {plain.removeprefix('collecting ')}"
            drafts.append(
                Draft(
                    predicate=predicate,
                    object=value,
                    phrase=cut_phrase(phrase),
                    quote=offset,
                    subject=other,
                    op="retract" if op == "retract" else "assert",
                    kind=frame.kind,
                    confidence=frame.confidence - (0.05 if other else 0.0),
                    category=frame.category,
                    denial=denial,
                )
            )
            taken.add((predicate, op))
    return _companions([_tool(draft) for draft in drafts])


def _worded(frame: Frame, caught: str, value: str) -> str:
    """The object as the claim's text shows it: a preference with its purpose, a replaced value as matched."""
    if frame.shape == "preference":
        words = qualified(caught)
        return value if value.startswith(words) else words
    return caught if frame.value else value


def cut_phrase(phrase: str) -> str:
    """`phrase` with single blanks."""
    return " ".join(phrase.split())


@cache
def _tool_names() -> frozenset[str]:
    """Names of software in lower case, which "move to" does not make a place."""
    names = "|".join(map(lexicon, ("TOOL_NAMES", "PROGRAMMING", "PLATFORMS")))
    return frozenset(re.sub(r"\\(.)", r"\1", names).split("|"))


def _tool(draft: Draft) -> Draft:
    """ "We moved from React to Vue" is about tools, not homes."""
    value = (draft.object or "").casefold()
    if draft.predicate != "lives_in" or not (
        value in _tool_names() or kind_of(value) or value.split()[:1] == ["github"]
    ):
        return draft
    return msgspec.structs.replace(draft, predicate="uses", phrase=f"uses {draft.object}", category="tools")


def _companions(drafts: list[Draft]) -> list[Draft]:
    """`drafts`, with a `uses` draft for each deployment target."""
    return drafts + [
        msgspec.structs.replace(draft, predicate="uses", phrase=f"uses {draft.object}")
        for draft in drafts
        if draft.predicate == "deploys_on" and draft.op == "assert"
    ]
