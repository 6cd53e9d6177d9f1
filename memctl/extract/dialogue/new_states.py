"""Ends of a state that a turn says in plain words, but without naming what has ended: "started the new job today", "all
moved in", "the baby's here", "it was my birthday yesterday. 79."."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft, article
from memctl.extract.earlier_drafts import EarlierDrafts, words_of
from memctl.extract.filters.assertion_filter import declarative
from memctl.extract.grammar.segmentation import HIDDEN, plain, sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled

_JOB = r"(?:place|job|role|gig|post|position|company|firm|school|hospital|office|team)"
_STARTED = KeyedPattern(
    rf"\b(?:(?:start(?:ed|ing)?|began) (?:(?:at|in|on|with) )?(?:the|my|a) new {_JOB}|first (?:day|shift|week|"
    rf"month)s?(?: \w+)? (?:at|in|on|of|with) (?:the|my) new {_JOB}|(?:the |my )?new (?!school){_JOB} "
    r"(?:tomorrow|today|start(?:s|ed)|begins|began)|(?:just |finally |have |'ve )*(?:left|quit|lost) my (?:\w+ )?job"
    r"(?! (?:when|in (?:19|20)\d\d|for an?|as soon)\b))",
    re.IGNORECASE,
)
_FIRST_DAY = KeyedPattern(
    r"\b(?:(?:my )?first (?:day|shift|week)(?:'s| is| was)? (?:done|over|went|down|today|yesterday|survived|in the "
    r"bag)|(?:my )?last (?:day|shift)(?:'s| is| was)? (?:done|over|today|yesterday)|started (?:on )?(?:today|"
    r"yesterday|monday))\b",
    re.IGNORECASE,
)
""" "First day done", after notice was given."""
_FIRST_WITH = KeyedPattern(
    r"\bfirst (?:day|shift|run|week|trip|load|month) (?:with|at|for) (?P<o>(?-i:[A-ZÀ-Þ])[\w&'-]*(?: "
    r"(?-i:[A-ZÀ-Þ])[\w&'-]*)?)(?: (?:is|was|went))?(?: (?:done|over|today|yesterday|tomorrow))?(?=$|[,.;!])",
    re.IGNORECASE,
)
""" "First run with Kessler done", after notice was given."""
_START_AT = late(
    r"^start (?:work(?:ing)? |(?:an?|the|my) new job )?(?:(?:at|with|for) (?:the )?(?-i:[A-ZÀ-Þ])|as an? |in the "
    r"(?:[\w-]+ )*(?:room|office|department|team|ward|shop|unit|depot|warehouse|kitchen)$)",
    re.IGNORECASE,
)
_SELF_EMPLOYED = late(r"self[- ]employed|freelancer?|freelance \w+|(?:now )?my own boss", re.IGNORECASE)
_STUDY = late(
    r"\b(?:school|ysgol|college|uni\w*|academy|nursery|gym|class\w*|course|club|choir|physio|"
    r"therapy)\b",
    re.IGNORECASE,
)
_WORK = frozenset(words("works_at job_title works_in has_boss has_manager"))
_SETTLED = KeyedPattern(
    r"\b(?:(?:all|we've|we have|i've|i have|we're|i'm|we|finally|both) (?:all |just |finally |now )*moved in(?! "
    r"(?:with|next|across|together|on|to)\b)|(?:we're|we are|i'm|i am) (?:now |finally )*in (?:the |our |my )?new "
    r"(?:house|flat|place|home|apartment)\b|that's (?:us|me) (?:all |finally )?(?:in|moved|moved in)|(?:got|picked up|"
    r"have|collected|given) (?:the|our|my) keys(?! (?:to|for|of|and|out|in (?:the|my)|from|wrong)\b)|keys at last|"
    r"(?:the|our|my) first night in the new \w+|we(?:'ve| have)? (?:finally )?moved(?= (?:on |last |yesterday|over "
    r"the weekend))|done with the move|the move is done|made the move)\b",
    re.IGNORECASE,
)
_DESTINATION = late(
    r"(?:move|moving|relocate) (?:back )?to (?P<o>(?-i:[A-ZÀ-Þ])[\w'-]+(?:,? (?-i:[A-ZÀ-Þ])[\w'-]+){0,2})$"
)
_THERE_NOW = KeyedPattern(
    r"\W*(?:(?:and|so|ok|well|update|news),?:? )*(?:(?:we're|we are|i'm|im|i am|were) )?(?:now |finally |here )*in "
    r"(?P<o>(?-i:[A-ZÀ-Þ])[\w'-]+(?: (?-i:[A-ZÀ-Þ])[\w'-]+)?),? (?:now|at last|since (?:yesterday|last \w+|\w+day|"
    r"the \d+\w*|a week|two weeks))(?=$|[,.!;–-]| (?:and|but)\b)",
    re.IGNORECASE,
)
""" "In Leith now", after a move was planned."""
_TO_MOVE = late(r"(?:move|moving|relocate)(?! (?:in with|on|my|our|the)\b)", re.IGNORECASE)
_BORN = KeyedPattern(
    r"\b(?:(?:it's|its|it was|we(?:'ve| have)? (?:got|had|have)|she(?:'s| has)? had) (?:a (?:baby |little |healthy |"
    r"wee )*(?:boy|girl)|twins)|(?:s?he|baby(?: \w+)?|(?:the|our) (?:baby|little one|twins|son|daughter))(?:'s| is| "
    r"are| was| were|'ve| have)? (?:finally |now |just |safely )*(?:here|arrived|born|came)|born (?:on|at|last|this|"
    r"yesterday|early|today)|gave birth|had (?:the|our|her|a) (?:baby|boy|girl|son|daughter))\b",
    re.IGNORECASE,
)
_ARRIVED = KeyedPattern(
    r"\b(?:born|birth|arrived|here|weigh\w*|kg|lbs?|pounds|last night|this morning|yesterday|at \d{1,2}[:.]\d\d|"
    r"healthy|labour|labor|c-section|calling (?:him|her|them)|called (?:him|her|them)|named (?:him|her|them))\b",
    re.IGNORECASE,
)
_OF_ANOTHER = late(
    r"\b(?:friend|mate|sister|brother|cousin|colleague|neighbou?r|boss|niece|nephew|aunt)(?:'s|s)?\b", re.IGNORECASE
)
_EXPECTED = KeyedPattern(
    r"\b(?:scan|reveal|due|expecting|kicks?|bump|will be|going to be|if|hope|hoping|bets?)\b", re.IGNORECASE
)
_NAMED = KeyedPattern(
    r"\b(?:(?:we're|we are|they're|were) calling|(?:we|they)(?:'ve| have)? (?:called|named)) (?:him|her) "
    r"(?P<name>(?-i:[A-ZÀ-Þ])[\w'-]+)",
    re.IGNORECASE,
)
_OF_BIRTHDAY = KeyedPattern(
    r"\b(?:my birthday(?: (?:was |is |today|yesterday|on \w+|last \w+|this \w+))*|birthday (?:today|"
    r"yesterday))\W+(?:(?:and|so|i'm|im|i am|turned|now|officially|finally|the big) )*(?P<age>\d{1,3})(?: (?:now|"
    r"today|already))?(?=$|[,.!;)]| (?:and|lol)\b)",
    re.IGNORECASE,
)
_EXCHANGED = KeyedPattern(
    r"\b(?:changed|swapped|switched|replac\w+|instead|in place of|came off|come off|taken off|was giving|were giving|"
    r"gave me|"
    r"given me|so now (?:it|i)|now it's|now it is|not .{3,30} any ?more|didn't (?:work|agree|suit)|wasn't working)\b",
    re.IGNORECASE,
)
_SWITCHED_TO = late(r"\b(?:switched|changed|swapped|moved) (?:me |her |him |us )?(?:over |on)?to\b", re.IGNORECASE)
""" "The doctor switched me to losartan": from the only medicine that was told of."""
_ADDED = late(r"\b(?:as well|too|also|on top|added|adding|with it|both|alongside|plus)\b", re.IGNORECASE)
_PROMOTED = KeyedPattern(
    r"\bpromoted\b(?: [a-z]+)?[,.!:;– -]+(?:(?:to|i'm|im|i am|now|so|officially) )*(?P<o>[a-z][\w -]{3,40}?)(?=$|"
    r"[,.;!]| (?:from|since|as of|now|starting|at|in|of)\b)",
    re.IGNORECASE,
)
CUES = KeyedGroup(_STARTED, _FIRST_DAY, _FIRST_WITH, _SETTLED, _THERE_NOW, _BORN, _OF_BIRTHDAY, _EXCHANGED, _PROMOTED)
_NOT_SAID = late(
    r"\b(?:if|would|could|should|might|may|maybe|want|wants|wish|hope|hoping|dream\w*|not|never|don't|didn't|haven't|"
    r"nearly|almost|before|until|till|when|once|he|she|they|his|her|their|your|sister|brother|mum|mom|dad|wife|"
    r"husband|partner|son|daughter|mate|friend|colleague|boss|neighbour|neighbor|cousin)s?\b",
    re.IGNORECASE,
)
_PARTNERS = frozenset(words("wife partner girlfriend fiancée"))


def new_states(text: str, earlier: EarlierDrafts, new: Iterable[Draft]) -> Iterator[Draft]:
    """The retractions of what has ended, and the new states that follow; `new` are the drafts of the turn so far."""
    new = list(new)
    yield from _starts(text, new, earlier)
    if not earlier.standing:
        return
    yield from _bosses(new, earlier)
    if not CUES.possible(text):
        return
    said = {(draft.subject, draft.predicate) for draft in new if draft.op == "assert"}
    for sentence in sentences(plain(text)):
        body, _ = declarative(sentence.text, sentence.mark)
        if not body or HIDDEN in body:
            continue
        span = (sentence.start, sentence.start + len(sentence.text))
        yield from _jobs(body, span, earlier, said)
        yield from _homes(body, span, earlier, said)
    if "?" not in text:
        yield from _births(text, earlier)
        yield from _birthdays(text, said)
        yield from _promotions(text, said)
    yield from _medicines(text, earlier, new)


def _jobs(
    body: str, span: tuple[int, int], earlier: EarlierDrafts, said: AbstractSet[tuple[str | None, str]]
) -> Iterator[Draft]:
    leaving = "works_at" in earlier.doubted or (None, "works_at") in earlier.ended
    joined = _FIRST_WITH.search(body) if leaving else None
    match = joined or _STARTED.search(body) or (_FIRST_DAY.search(body) if leaving else None)
    if match is None or _NOT_SAID.search(body[: match.start()]):
        return
    for draft in list(earlier.standing.values()):
        old = draft.subject is None and draft.predicate in _WORK and draft.key not in earlier.begun
        if old and (None, draft.predicate) not in said:
            yield retraction(draft, span)
    if joined and (None, "works_at") not in said:
        firm = joined["o"]
        yield Draft(
            predicate="works_at", object=firm, phrase=f"works at {firm}", quote=span, confidence=0.8, category="work"
        )
        for plan in earlier.naming(words_of(firm)):
            if plan.predicate == "plans" and plan.subject is None:
                yield retraction(plan, span)


_JOINS = late(
    r"^(?:join|go to|move to|start (?:work )?(?:at|"
    r"with)) (?P<firm>(?-i:[A-ZÀ-Þ])[\w&'-]*(?: (?-i:[A-ZÀ-Þ])[\w&'-]*){0,3})",
    re.IGNORECASE,
)
_AS = r"\bas (?:an? |the |their )?(?P<o>(?:[\w-]+ )?(?:[\w-]+ )?{JOBS})(?=$|[,.;!]| (?:on|from|in|at|next)\b)"


def _joins(text: str, plan: Draft) -> Iterator[Draft]:
    """The job from the day on which it begins: "I'm joining Foss as a welder on 1 July"."""
    firm = _JOINS.match(plan.object or "")
    post = compiled(_AS).search(text[plan.quote[0] : plan.quote[1]]) if firm else None
    if firm is None or post is None or plan.subject is not None:
        return
    for predicate, value, phrase in (
        ("works_at", firm["firm"], f"works at {firm['firm']}"),
        ("job_title", post["o"], f"is {article(post['o'])}"),
    ):
        yield Draft(
            predicate=predicate, object=value, phrase=phrase, quote=plan.quote, confidence=0.8, category="work",
            valid_at=plan.valid_at, precision=plan.precision,
        )  # fmt: skip


def _starts(text: str, new: list[Draft], earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "Huw starts in the control room on 1 July": the old job ends on that day."""
    for plan in new:
        place = plan.object or ""
        if plan.predicate != "plans" or plan.op != "assert" or plan.valid_at is None:
            continue
        yield from _joins(text, plan)
        if not _START_AT.match(place) or _STUDY.search(place):
            continue
        for draft in list(earlier.standing.values()):
            old = draft.subject == plan.subject and draft.predicate in ("works_at", "job_title")
            if old and draft.key not in earlier.begun:
                over = retraction(draft, plan.quote)
                over.invalid_at, over.precision = plan.valid_at, plan.precision
                yield over


def _bosses(new: list[Draft], earlier: EarlierDrafts) -> Iterator[Draft]:
    """The end of a boss with the job, when the speaker becomes self-employed or has another employer."""
    known = {draft.object for draft in earlier.standing.values() if draft.predicate == "works_at" and not draft.subject}
    for job in new:
        moved = job.predicate == "works_at" and known and job.object not in known
        alone = job.predicate == "job_title" and _SELF_EMPLOYED.fullmatch(job.object or "")
        if job.subject is not None or job.op != "assert" or job.corrects or not (moved or alone):
            continue
        for draft in list(earlier.standing.values()):
            boss = draft.subject is None and draft.predicate in ("has_boss", "has_manager")
            if boss and draft.key not in {one.key for one in new}:
                yield retraction(draft, job.quote)


def _homes(
    body: str, span: tuple[int, int], earlier: EarlierDrafts, said: AbstractSet[tuple[str | None, str]]
) -> Iterator[Draft]:
    if (None, "lives_in") in said:
        return
    planned = [draft for draft in earlier.plans if draft.subject is None and draft.object]
    there = _THERE_NOW.match(body)
    if there and any(_TO_MOVE.match(draft.object or "") for draft in planned):
        yield _home(there["o"], span)
        return
    match = _SETTLED.search(body)
    if match is None or _NOT_SAID.search(body[: match.start()]):
        return
    places = [found["o"] for draft in planned if (found := _DESTINATION.search(draft.object or ""))]
    if places:
        yield _home(places[-1], span)


def _home(place: str, span: tuple[int, int]) -> Draft:
    phrase = f"lives in {place}"
    return Draft(predicate="lives_in", object=place, phrase=phrase, quote=span, confidence=0.8, category="home")


def _births(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """The end of a pregnancy, and the child's name."""
    expected = [draft for draft in earlier.standing.values() if draft.object == "pregnant"]
    match = _BORN.search(text) if expected else None
    if match is None or not _ARRIVED.search(text) or _EXPECTED.search(text) or _OF_ANOTHER.search(text[: match.end()]):
        return
    own = [one for one in expected if one.subject is None or one.owner in _PARTNERS or one.subject in _PARTNERS]
    if len(own) != 1:
        return
    yield retraction(own[0], match.span())
    named = _NAMED.search(text)
    if named:
        name = named["name"]
        phrase = f"has a child called {name}"
        yield Draft(
            predicate="has_child", object=name, phrase=phrase, quote=named.span(), confidence=0.8, category="family"
        )


def _birthdays(text: str, said: AbstractSet[tuple[str | None, str]]) -> Iterator[Draft]:
    match = _OF_BIRTHDAY.search(text) if (None, "age") not in said else None
    if match is None:
        return
    age = match["age"]
    yield Draft(
        predicate="age",
        object=age,
        phrase=f"is {age} years old",
        quote=match.span(),
        confidence=0.8,
        category="identity",
    )


def _promotions(text: str, said: AbstractSet[tuple[str | None, str]]) -> Iterator[Draft]:
    """ "Got promoted lol. engineering manager from 1 August"."""
    match = _PROMOTED.search(text) if (None, "job_title") not in said else None
    if match is None or _NOT_SAID.search(text[: match.start()]) or not compiled("{POST}").fullmatch(match["o"]):
        return
    post = match["o"]
    yield Draft(
        predicate="job_title",
        object=post,
        phrase=f"is {article(post)}",
        quote=match.span(),
        confidence=0.8,
        category="work",
    )


def _medicines(text: str, earlier: EarlierDrafts, new: list[Draft]) -> Iterator[Draft]:
    """ "The ramipril gave me a cough so now it is losartan": the end of the medicine that another one replaces."""
    before = {(draft.subject, draft.object) for draft in earlier.standing.values()}
    taken = [
        draft
        for draft in new
        if draft.predicate == "takes_medication"
        and draft.op == "assert"
        and (draft.subject, draft.object) not in before
    ]
    match = _EXCHANGED.search(text) if len(taken) == 1 else None
    others = {
        draft.object
        for draft in earlier.standing.values()
        if taken and draft.predicate == "takes_medication" and draft.subject == taken[0].subject
    } - {taken[0].object if taken else None}
    only = len(others) == 1 and _SWITCHED_TO.search(text) is not None
    if match is None or _ADDED.search(text):
        return
    for old in list(earlier.standing.values()):
        named = (
            old.predicate == "takes_medication" and old.subject == taken[0].subject and old.object != taken[0].object
        )
        if named and (only or re.search(rf"\b{re.escape(old.object or '')}\b", text, re.IGNORECASE)):
            yield retraction(old, match.span())
            for dose in list(earlier.standing.values()):
                if dose.predicate == "dose" and (dose.subject, dose.slot) == (
                    old.subject,
                    (old.object or "").casefold(),
                ):
                    yield retraction(dose, match.span())
