"""Plans and dated events: verb phrases kept in the user's words.

An event needs a date in its own sentence; a plan needs a date, a number or a name. Others are dropped as small talk.
"""

import re
from datetime import datetime

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.events import other_days, told_days
from memctl.extract.events.event_dates import of_the_clause, without_dates
from memctl.extract.grammar.clauses import Clause, Head
from memctl.extract.grammar.noun_phrases import cut
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.time.dates import Grounded, certain
from memctl.extract.time.recurring import AT_AN_HOUR
from memctl.extract.vocabulary.verbs import FORMS

_PAST_EVENT = late(
    r"^(?:went|visited|attended|ran|won|lost|met|bought|got|finished|completed|started|began|joined|signed|saw|"
    r"watched|made|took|had|gave|did|celebrated|hosted|organi[sz]ed|performed|launched|opened|closed|passed|failed|"
    r"adopted|applied|moved|travell?ed|flew|drove|hiked|camped|painted|baked|cooked|read|wrote|published|recorded|"
    r"released|received|competed|participated|volunteered|graduated|interviewed|presented|proposed|married|broke|"
    r"fell|hurt|injured|recovered|climbed|swam|played|sang|danced|built|fixed|donated|raised|planted|tried|"
    r"discovered|found|quit|left|sold|lost|retired|decided|submitted|shipped|released|taught|learned|helped|spoke|"
    r"came|returned|threw|booked|created|designed|set|brought|dropped|upgraded|installed|renovated|hung|shared|"
    r"spent)$",
    re.IGNORECASE,
)
_ANCHOR = late(r"\d|(?<![.!?] )(?<!^)\b[A-ZÀ-Þ][\w'\-]{2,}")
_GOING = frozenset(
    words(
        "move relocate join leave quit start begin retire return transfer marry buy sell adopt attend get "
        "graduate go fly travel visit run host celebrate launch open meet see take perform have sit arrive "
        "finish"
    )
)
_WANT = late(r"(?:on |to |about |of |forward to )*(?P<o>.+)", re.IGNORECASE)
CHAT = KeyedPattern(
    r"\b(?:you|your|it|this|that|these|those|there|them|hers|theirs|mine|ours|yours|something|someone|somebody|stuff|"
    r"things)\b",
    re.IGNORECASE,
)
"""Words that say nothing without those before them."""
_TOLD = late(r"\b(?:came|went|said|was|were|took|told|asked)\b|^[\d\W]+$", re.IGNORECASE)
""" "Moving firm came by: 14 April", "visiting 2-4": no plan."""
_NOT_AN_EVENT = late(r"within an? \w+ of\b|(?:\d+|\w+) years\b|.*\b(?:me|us|him|her|his)\b", re.IGNORECASE)
""" "Came within an inch of moving" did not happen; "taught me chess" and "sold her car" are about somebody else."""
_NAME = r"(?-i:[A-ZÀ-Þ])[\w'’-]*"
_WITH_ME = late(r"(?:.* )?(?:me|us)\b", re.IGNORECASE)
_BELONGS = (
    rf" (?:(?:to|from|with|in|at|near|by|via) (?:[\w'’-]+ ?){{1,4}}|(?:and )?{_NAME}(?:,? (?:and )?{_NAME})*|.*→.*)$"
)
_TAIL = late(
    rf"\s*,(?!{_BELONGS}).*|(?:^|\s+)(?:and|but|so|because) (?=.*\b(?:is|are|was|were|has|have|will|he|she|they|i|we|"
    r"it|nobody)\b|.*'s \w+ing\b).*|\s+so (?!far\b|much\b|many\b|long\b)\w+ .*",
    re.IGNORECASE,
)
"""What comes after the words of a plan or event: ", flat's sorted"; not more names, ", to Zed" or "nvim → zed"."""


_JOURNEYS = frozenset(words("move visit fly travel go marry emigrate relocate retire"))
_STATES = frozenset(
    words("live work be think feel say tell know want love like hate hear need have talk chat call text check seem get")
)
_HAD = (
    r"(?:got )?(?:(?:an?|my|our|the|their|two|another) (?:[\w'\-]+ ){0,4}?|)"
    r"(?:{EVENT}|baby|accident|date|show|ceremony|session|birthday)\b"
)


def ahead(head: Head) -> bool | None:
    """Whether a clause is about the future; None if its tense does not decide."""
    if (head.lemma == "book" or _TICKETS.match(head.rest) or _entered(head)) and not head.stopped:
        return True
    if head.tense in ("past", "perfect") or head.stopped:
        return False
    if head.tense == "future" or head.lemma in ("plan", "intend", "aim", "hope"):
        return True
    return True if head.tense == "present" else None


def already_true(drafts: list[Draft], head: Head, text: str, at: datetime | None) -> list[Draft]:
    """`drafts` without an age that is still to come: "I turn 40 on 8 June"."""
    if head.lemma != "turn" or head.tense in ("past", "perfect") or not any(one.predicate == "age" for one in drafts):
        return drafts
    days = [one for one in certain(text, at, future=True) if one.role == "at"]
    if days and at is not None and days[0].start <= at:
        return drafts
    return [one for one in drafts if one.predicate != "age"]


def _gathering(clause: Clause, head: Head, dates: list[Grounded], offset: tuple[int, int]) -> Draft | None:
    """The `attended` draft of "I was at a wedding on Saturday"."""
    there = _GATHERING.match(without_dates(clause, head, dates))
    if there is None or len(there["o"].split()) > 10:
        return None
    where = re.sub(r"\s+(?:back|way back)$", "", there["o"])
    return Draft(
        predicate="attended", object=where, phrase=f"was at {where}", quote=offset, confidence=0.8, category="events"
    )


def event(  # noqa: C901 -- one check per reason not to keep it
    clause: Clause, head: Head, dates: list[Grounded], offset: tuple[int, int], *, own: bool = True
) -> Draft | None:
    """A past-tense clause with its own date, as an `attended` or `event` draft.

    For other people (not `own`) only life events such as a wedding are kept.
    """
    if len(of_the_clause(clause.text, dates)) < len(dates):
        return None
    if head.tense not in ("past", "perfect") or head.neg or head.modal or head.stopped or head.can or head.prog:
        return None
    if head.lemma == "be" and head.tense == "past" and any(one.role == "at" for one in dates):
        return _gathering(clause, head, dates, offset)
    if not any(one.role == "at" for one in dates) or (
        head.lemma in _STATES and not (compiled(_HAD).match(head.rest) or _MARK.match(head.rest))
    ):
        return None
    verb_word = clause.text[: head.rest_at].split()
    if head.lemma == "get" and _GOT.match(head.rest) and not _PAST_DAY.match(clause.text, dates[0].span[0]):
        return None  # "Got the annual review on the 30th" is still to come.
    if not verb_word or (not _PAST_EVENT.match(verb_word[-1].strip(",")) and not verb_word[-1].lower().endswith("ed")):
        return None
    rest = without_dates(clause, head, dates)
    if _ENTERS.match(f"{head.lemma} {head.rest}") and not _PAST_DAY.match(clause.text, dates[0].span[0]):
        return None
    if _TICKETS.match(head.rest) or _entered(head) or other_days.is_of_another(clause, head, dates[0]):
        return None
    if not own and not (
        head.lemma in _LIFE or rest.startswith("birth to") or (head.lemma in ("have", "get") and _MARK.match(rest))
    ):
        return None
    if (not rest and head.lemma not in _COMPLETE) or HIDDEN in rest or len(rest.split()) > 14:
        return None
    if CHAT.search(rest) or (_NOT_AN_EVENT if own else _WITH_ME).match(rest):
        return None
    past, rest = verb_word[-1].strip(",").lower(), re.sub(r"\s+,", ",", rest)
    rest = _TAIL.sub("", rest)
    if _DOSE_CHANGE.match(rest):
        return None
    predicate, value = "event", f"{past} {rest}".strip()
    going = re.match(r"to (?:(?:my|our|an?|the) )?(?P<o>.+)", rest, re.IGNORECASE)
    if head.lemma == "go" and going:
        predicate, value = "attended", going["o"]
    elif head.lemma == "attend":
        predicate, value = "attended", re.sub(r"^(?:my|our|an?|the) ", "", rest)
    return Draft(
        predicate=predicate,
        object=value,
        phrase=f"{past} {rest}".strip(),
        quote=offset,
        confidence=0.8,
        category="events",
    )


_ENTERED = late(
    r"(?:(?:me |us |myself )?(?:up )?for |(?!.*\b(?:contracts?|lease|papers|deal|tenancy|mortgage|form)\b)(?=the |my |"
    r"an? ))(?P<o>[^,(]+?) ?[,(–-] ?(?:it's |which is )?(?:on )?(?:the )?\d",
    re.IGNORECASE,
)
_ENTERING = frozenset(words("sign register enter enrol enroll"))
_ENTERS = late(r"sign (?:\w+ )?up\b|register|enter|enroll?\b", re.IGNORECASE)
_GOT = late(
    r"(?:(?:an?|the|my|our) )?(?:[\w'-]+ ){0,3}?(?:review|appointment|interview|exam|test|meeting|dentist|doctor|gp|"
    r"check[- ]?up|scan|physio|hearing|viewing|fitting|audition|wedding|funeral)\b",
    re.IGNORECASE,
)
_PAST_DAY = late(r"(?:yesterday|last|today|this morning)\b|.{3,20} ago\b", re.IGNORECASE)
""" "I've signed up for the ski race on 15 March": the day of the race, and only "last week" is that of signing up."""


def _entered(head: Head) -> re.Match[str] | None:
    """The match of the race in "signed up for the Leeds half, 26 October": the date is that of the race."""
    return _ENTERED.match(head.rest) if head.lemma in _ENTERING else None


_TICKETS = late(r"(?:our |my |the |some |two |three |four |\d )?(?:[\w'-]+ ){0,3}?tickets?\b", re.IGNORECASE)
""" "Got tickets for 12 September" is about that day."""
_DOSE_CHANGE = late(r"(?:up|down|back|on|off)? ?(?:to )?\d+ ?(?:mg|mcg|ml|g|units?)\b", re.IGNORECASE)
_COMPLETE = frozenset(words("graduate retire qualify resign propose elope relapse divorce die"))
""" "I graduated in May": the verb is the whole event."""
_LIFE = frozenset(
    words("graduate qualify retire marry divorce propose join win start finish leave buy sell adopt open")
)
_MARK = late(
    r"(?:(?:an?|my|our|the|his|her|their) )?(?:[\w'-]+ ){0,3}?(?:out\b|removed|replaced|replacement|transplant|"
    r"surgery|operation|baby|girl|boy|twins|miscarriage|stroke|heart attack|c-section|caesarean|bypass|biopsy|scan|"
    r"fall|concussion|breakdown|seizure|diagnos\w+|job offer|offer|new job|"
    r"promotion|degree|phd|visa|citizenship|passport|licen[cs]e|keys|results|tattoo|engaged|married|divorced|puppy|"
    r"kitten|dog|cat|mortgage|promoted|fired|made redundant|burgled|mugged|covid|shingles|pneumonia)\b",
    re.IGNORECASE,
)


def _intended(  # noqa: C901 -- one case per form of a plan
    head: Head, rest: str, dates: list[Grounded]
) -> tuple[str, str] | None:
    """The verb of a plan and the words after it; None if the clause is not a plan."""
    if head.tense == "future":
        return (head.lemma, rest) if head.lemma != "be" or dates else None
    if head.tense in ("past", "perfect"):
        if (entered := _entered(head)) and dates:
            return "", entered["o"]
        return ("", rest) if head.lemma == "book" or (_TICKETS.match(rest) and dates) else None
    wanting = head.lemma in ("plan", "intend", "aim", "hope") or (head.lemma == "want" and dates)
    pondering = head.prog and (
        (head.lemma == "look" and rest.startswith("forward to "))
        or (head.lemma == "think" and dates and re.match(r"(?:about|of) ", rest))
    )
    if head.lemma == "plan" and _OUTING.match(rest):
        return "", rest
    if wanting or pondering:
        found = _WANT.match(rest)
        parts = (found["o"] if found else "").split(None, 1)
        if not parts or parts[0].lower() not in FORMS:
            return None
        return FORMS[parts[0].lower()][0], parts[1] if len(parts) > 1 else ""
    if head.lemma == "be" and head.tense == "present" and (off := _OFF_TO.match(rest)) and not _SHOP.match(off["o"]):
        return "go", off["o"]
    if head.lemma == "be" and head.tense == "present" and dates and (away := _AWAY.match(rest)):
        return "", away["o"]
    if head.prog and (head.lemma in _GOING or (dates and head.lemma not in _STATES and not _PURSUED.match(rest))):
        aimless = head.lemma in ("go", "fly", "travel") and not _GOES_TO.match(rest)
        return None if aimless or (head.lemma in _DATED_ONLY and not dates) else (head.lemma, rest)
    if (
        head.lemma in _TIMETABLE
        or (head.lemma == "get" and _GETS.match(rest))
        or (head.lemma == "have" and compiled(_HAD).match(rest))
    ) and dates:
        return head.lemma, rest
    return None


_MAY_PLAN = frozenset(words("plan intend aim hope be"))
_TIMETABLE = frozenset(words("fly leave start begin move graduate travel arrive land sit defend qualify"))
_GETS = late(r"married\b|(?:the|our|my|an?) (?:keys|puppy|kitten|dog|cat|results)\b", re.IGNORECASE)
_MAY_PLAN_A_DAY = _MAY_PLAN | _TIMETABLE.union(words("want have return get"))
"""Verbs whose simple present may be a plan; some are one only on a day, as in "I fly on Monday"."""
_PURSUED = late(r"on\b|nothing\b|(?:a |some )?(?:lot|bit|overtime)\b|$", re.IGNORECASE)
""" "I'm working on Sunday" tells of a shift, and is not stored."""
_OUTING = late(
    r"(?:an?|my|our|the) (?:[\w\-']+ ){0,4}?(?:trip|wedding|party|vacation|holiday|move|visit|honeymoon|getaway|tour)\b"
)
_GOES_TO = late(r"(?:back |over |out |down |up |away |home )*(?:to|on|for|with|camping|skiing|hiking)\b")
_OFF_TO = late(r"(?:all )?(?:off|away|heading|headed|flying) (?P<o>(?:to|on) .+)")
_MAY_BE_OFF = late(r"[\W_]*(?:all|off|away|heading|headed|flying)\b")
"""How the words open in which `_OFF_TO` finds something."""
_SHOP = late(
    r"(?:to|on) (?:the |my |our )?(?:aldi|lidl|tesco|asda|sainsbury'?s|ikea|costco|walmart|target|morrisons|"
    r"waitrose|spar|rewe|edeka|carrefour|b&q|boots|starbucks|mcdonald'?s|costa|pub|shops?|gym|bed|work|town)\b",
    re.IGNORECASE,
)
""" "I'm off to Aldi" is an errand."""
_AWAY = late(
    r"(?:away |off )?on (?P<o>(?:annual |parental |maternity |paternity |sick |unpaid )?(?:leave|holidays?|vacation|"
    r"pto))\b",
    re.IGNORECASE,
)
_GATHERING = late(
    (
        r"(?:just |also )?at (?:my |our |an? |the )?(?P<o>(?:(?-i:[A-Z])\w*Con\b|.*?\b(?:conference|"
        r"festival|summit|wedding|gig|concert|expo|marathon|funeral|conf|fest|workshop|meetup|"
        r"hackathon)\b).*)"
    ),
    re.IGNORECASE,
)
_HAD_OCCASION = r"(?:have|attend) (?:an? |the |my |our )?(?P<o>(?:[\w'’&-]+ ){0,3}?{EVENT}s?)"
_DATED_ONLY = frozenset({"sit", "have", "see", "run", "take", "get", "start", "host", "perform", "open"})


_WORKING = late(
    r"\W*(?:make sure|make (?:some |real |good )*progress|get ready|get started|keep (?:in mind|going|working)|"
    r"meet (?:the|my|our|all|this) [\w ]*deadline|have (?:an? |the )?(?:[\w-]+ ){0,3}deadline|aim for|go with|"
    r"go through|work on|focus on|start with|try (?:to|out)|look (?:into|at)|check (?:out|the)|use \w+|stick (?:to|"
    r"with)|continue|follow|take (?:it|care|note))\b",
    re.IGNORECASE,
)
""" "I'll go with the first draft": the next steps of a task."""


_CONDITION = KeyedPattern(
    r"\w (?:if|unless|provided|assuming|depending)\b|"
    r"\b(?:probably|maybe|perhaps|possibly|supposedly|some ?day|one day|at some point)\b",
    re.IGNORECASE,
)
""" "Moving to Leeds in June if the bank says yes", "I'll probably move": it may not happen."""


def plan(clause: Clause, head: Head, dates: list[Grounded], offset: tuple[int, int]) -> Draft | None:
    """A clause about the future, as a `plans` draft if it names a date, a number or a name."""
    if head.neg or head.modal or head.stopped or head.can:
        return None
    ahead = [one for one in of_the_clause(clause.text, dates) if one.role == "at"]
    told = told_days.is_plan(clause, head, ahead)
    may_plan = told or head.lemma in (_MAY_PLAN_A_DAY if dates else _MAY_PLAN)
    if head.tense == "present" and not head.prog and not may_plan:
        return None
    if head.tense in ("past", "perfect") and head.lemma != "book" and not ahead:
        return None
    if head.tense == "future" and not ahead and head.lemma not in _JOURNEYS:
        return None  # "I'll start with the intro" is about this conversation.
    if head.prog and ahead and other_days.is_of_a_purpose(head, clause.text[head.rest_at : ahead[0].span[0]]):
        return None
    if len(ahead) < sum(one.role == "at" for one in dates) or _CONDITION.search(clause.text):
        return None
    if head.lemma == "be" and head.tense == "present" and not ahead and not _MAY_BE_OFF.match(head.rest):
        return None  # Most clauses with "be" describe something.
    rest = without_dates(clause, head, ahead)
    intended = _intended(head, rest, ahead) or (told_days.to_come(head, rest) if ahead else None)
    intended = intended or ((head.lemma, rest) if told else None)
    if intended is None:
        return None
    verb, body = intended[0], _TO_SEE.sub("", _TAIL.sub("", cut(intended[1])))
    vague = (
        (verb == "be" and compiled("(?:{AGE})\\b").match(body))
        or _WORKING.match(f"{verb} {body}")
        or _TOLD.search(body)
        or compiled(_TO_A_TOOL).match(body)
        or HIDDEN in body
        or CHAT.search(body)
        or len(body.split()) > 14
        or (not body.strip() and verb in _NEEDS_OBJECT)
    )
    if vague or not (ahead or _ANCHOR.search(" " + body)):
        return None
    goal = re.sub(r"\s+,", ",", " ".join(f"{verb} {body.removeprefix('got ')}".split()))
    phrase = f"plans to {goal}" if verb else f"{'has booked' if head.lemma == 'book' else 'plans'} {goal}"
    goal = _AT_AN_HOUR.sub("", goal)
    occasion = compiled(_HAD_OCCASION).fullmatch(goal)
    return Draft(
        predicate="plans",
        # "I have a dentist appointment" and "my dentist appointment is moved" need the same object.
        object=occasion["o"] if occasion else goal,
        phrase=phrase,
        quote=offset,
        confidence=0.8,
        category="plans",
    )


_TO_A_TOOL = r"to (?:[a-z]+ )?(?:{TOOL_NAMES}|{PROGRAMMING}|{PLATFORMS})\b"
""" "Going to plain Postgres" is not a journey."""
_TO_SEE = late(r" to (?:see|visit|meet|help|join|get|collect|fetch) (?:him|her|them|it)$", re.IGNORECASE)
_AT_AN_HOUR = late(rf",? {AT_AN_HOUR}(?=$| (?:for|with|in|about)\b)", re.IGNORECASE)
_NEEDS_OBJECT = frozenset(words("visit see buy sell host attend celebrate take have"))
