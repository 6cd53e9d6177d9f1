"""Plans told without a verb of planning: "we land Friday night", "parents visiting this weekend", "sofa comes on the
3rd", "starting chemo next week".

The words before the date are the plan. Only what concerns the speaker counts: what they do, who comes to them, and
the things of a household that arrive, start or run out.
"""

import re
from collections.abc import Container
from datetime import datetime

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.events import event_dates
from memctl.extract.events.appointments import AFTER, CONDITION, MORE_DAYS, PASSED, PREPOSITION
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import compiled, lexicon
from memctl.extract.time.dates import Grounded, certain
from memctl.extract.vocabulary.verbs import FORMS, third_person

_OPENING = r"(?:(?:and|but|so|also|oh|btw|then|reminder|note|update|ok|yay|fyi)[,:]? )*"
_SELF = r"(?:(?:i|we)(?:'m|'re|m| am| are|'ll be| will be)? (?:both |all |only |just |now |also )*)"
_AWAY = (
    r"(?P<o>(?:back (?:at|in|to(?= work)|from|home|on (?:site|duty|shift|days|nights))(?: [\w']+){0,4}|back|away|"
    r"off work|(?:away |off )?on (?:annual |parental |maternity |paternity |sick |unpaid |my |our )*(?:leave|"
    r"holidays?|hols|vacation|pto)|off (?:to|on) (?-i:[A-ZÀ-Þ])[\w'-]*(?: (?:and |& )?[\w'-]+){0,4}))"
)
_JOURNEY = (
    r"(?P<o>(?:land|sign (?:the|our|my) (?:contract|lease|papers|deed)|start as(?: an?)? [a-z]+|arrive(?! at (?:a|an|"
    r"the|conclusions?|decisions?)\b)|depart|set off|set sail|sail|check in|check out|fly (?:out|home|back|in|down|up|"
    r"over)|exchange(?: contracts)?|complete|move in|get (?:the|our|my) (?:keys|results|bandages|cast|braces|stitches)|"
    r"pick up (?:the|our|my)|collect (?:the|our|my)|sit (?:my|the|our)|resit (?:my|the)|hand in (?:my|the|our)|submit "
    r"(?:my|the|our)|defend my|close on (?:the|our))(?: [\w'-]+){0,4}?)"
)
_DOING = (
    r"(?P<o>(?P<verb>starting|having|getting|handing in|picking up|collecting|running|sitting|resitting|taking|hosting|"
    r"graduating|retiring|returning|submitting|defending|seeing|exchanging|completing|finishing|playing|swimming|doing|"
    r"meeting|viewing|joining|quitting|landing|arriving) (?!(?:out|low|late|on|in|of|up|it|that|this|to|nothing|"
    r"something|things|at conclusions|the piss)\b)(?:[\w'’&-]+ ?){1,7})"
)
_VISIT = (
    r"(?:is|are|will be|'s|'re)?(?: all| both| finally| now)* ?(?:coming|visiting|staying|arriving|flying in|"
    r"moving in|driving (?:up|down|over))(?: (?:over|round|home|back|up|down|in|here|with us|for (?:\w+ )?\w+|"
    r"to (?:stay|visit|see us|collect \w+|help)))*"
)
_VISITORS = (
    rf"(?:(?:my|our|the) )?(?P<o>(?:(?:my|our) )?(?:parents|folks|in-?laws|grandparents|cousins|sisters|brothers|"
    rf"mates|friends|kids|grandkids|boys|girls|{lexicon('RELATIVE')}|mam|nan|gran|granny|grandma|grandad|"
    rf"grandpa|uncle \w+|aunt(?:ie)? \w+|plumber|electrician|builders?|plasterer|roofer|decorators?|joiner|gardener|"
    rf"surveyor|engineer|gas man|boiler man|removal men|movers|cleaner|health visitor|midwife|social worker|"
    rf"photographer|babysitter|chimney sweep|vet|landlord|estate agent)(?: (?-i:[A-ZÀ-Þ])[\w-]+)? ?{_VISIT})"
)
_NAMED_VISITOR = rf"(?P<o>(?P<name>(?-i:[A-ZÀ-Þ])[\w-]+) ?{_VISIT})"
_THINGS = (
    r"(?:(?:my|our|the) )?(?:new )?(?P<o>(?:[\w'-]+ )?(?:sofa|bed|fridge|washing machine|cooker|boiler|kitchen|"
    r"bathroom|removal van|van|parcel|order|laptop|furniture|mattress|carpet|windows|solar panels|skip|scaffolding|"
    r"piano|rent|lease|tenancy|notice period|notice|contract|probation|visa|work permit|permit|passport|licen[cs]e|"
    r"mortgage|insurance|warranty|subscription|membership|mot|tax return|self assessment|thesis|dissertation|essay|"
    r"coursework|assignment|manuscript|exams|finals|a[- ]levels|gcses|mocks|term|school|semester|nursery|uni|train|bus|"
    r"coach|ferry|flight|plane|course|class|classes|lessons|chemo|radiotherapy|treatment|trial|shift|maternity|leave|"
    r"sabbatical|internship|placement|apprenticeship)(?: (?:to|from) [\w']+(?: [\w']+)?)? ?(?:(?:is|are|'s|gets?|will "
    r"be|'ll be) )?(?:now )?(?:being )?(?:comes?|coming|arrives?|arriving|delivered|installed|fitted|due(?: in| back)?|"
    r"starts?(?: back)?|starting|begins?|ends?|finishes|goes up|going up|runs? out|running out|expires?|leaves?|"
    r"departs?|lands?|breaks? up|goes back|renews|up for renewal|in))"
)
_OURS = (
    r"(?:(?:and|so) )?(?:my|our) (?:new |own )?(?P<o>(?:[\w'-]+ )?(?:shop|caf[eé]|coffee shop|bakery|salon|restaurant|"
    r"pub|bar|gallery|studio|clinic|practice|stall|school|book|novel|album|ep|single|film|play|show|exhibition|episode|app|"
    r"website|site|a[- ]levels?|gcses?|exams?|finals|mocks|prelims|boards|apprenticeship|season|tour|retirement|"
    r"probation|trial|jury duty|mediation|hearing|course|exchange|handover|stipend|funding|grant)"
    r"(?:'s)? ?(?:(?:is|are|will be|'ll be|'re) )?(?:now )?(?:opens?|opening|re-?opens?|launche?s?|launching|"
    r"comes? out|coming out|is out|out|closes?|closing|starts?|starting|begins?|beginning|premieres?|ends?|finishes|"
    r"goes live|runs out|due))"
)
_NEW_JOB = (
    r"(?:i(?:'ve| have)? |we )?(?:(?:start|begin|got|accepted|took|landed)(?: at)? )?(?:(?:my|the|an?) )?(?P<o>new "
    r"(?:job|role|post|position|school|uni|college))(?: (?:starts|starting|begins|beginning))?"
)
_PATTERNS = (
    rf"{_OPENING}{_SELF}?{_AWAY}",
    rf"{_OPENING}{_SELF}{_JOURNEY}",
    rf"{_OPENING}{_DOING}",
    rf"{_OPENING}{_VISITORS}",
    rf"{_OPENING}{_NAMED_VISITOR}",
    rf"{_OPENING}{_THINGS}",
    rf"{_OPENING}{_OURS}",
    rf"{_OPENING}{_NEW_JOB}",
)
LONGEST_PLAN = 9
"""Words of a plan."""
_KEYED = KeyedPattern(
    r"\b(?:back|away|off|leave|holidays?|hols|vacation|pto|land|lands|arrives?|departs?|opens?|opening|closes?|closing|launches|out|set|sail|check|fly|exchange|"
    r"complete|move|get|gets|pick|collect|sit|resit|hand|submit|defend|close|coming|comes?|visiting|staying|delivered|"
    r"installed|fitted|due|starts?|begins?|ends?|finishes|goes|going|runs?|expires?|leaves?|breaks?|renews|renewal|in|new|"
    r"[a-z]+ing)\b",
    re.IGNORECASE,
)
_BASE = {
    "handing": "hand",
    "resitting": "resit",
    "submitting": "submit",
    "defending": "defend",
    "exchanging": "exchange",
    "viewing": "view",
    "landing": "land",
    "arriving": "arrive",
    "swimming": "swim",
    "seeing": "see",
}
"""The base forms of the verbs that `FORMS` does not have."""
_LEAVE = late(r"(?:away |off )?on (?=.*(?:leave|holidays?|hols|vacation|pto)$)", re.IGNORECASE)
_FROM = late(r"\bfrom(?= )", re.IGNORECASE)
_AFTER_ALSO = late(r"\W*(?:(?:for|to|with|at|in|from) [\w' ]{2,30})?\W*$", re.IGNORECASE)
_NO_PERSON = late(
    r"(?:winter|summer|spring|autumn|christmas|easter|change|help|delivery|sofa|this|that|it|who|what)\b", re.IGNORECASE
)
_QUESTIONED = late(r"\b(?:if|when|whether|would|could|should|might|maybe|perhaps|not|n't|never|no)\b", re.IGNORECASE)


def planned(  # noqa: C901 -- one check per reason not to keep it
    text: str, span: tuple[int, int], at: datetime | None, known: Container[str]
) -> tuple[Draft, list[Grounded]] | None:
    """The plan and its dates, if a clause names one and its day; otherwise None. `known` has the names of people that
    were introduced, in lower case."""
    if HIDDEN in text or PASSED.search(text) or not _KEYED.possible(text):
        return None
    # "On holiday from 5 July" is a plan of that day.
    dates = [one for one in certain(_FROM.sub(" for", text), at, future=True) if one.role == "at"]
    if not dates or (at is not None and dates[0].end <= at.astimezone(dates[0].start.tzinfo)):
        return None
    first = dates[0]
    before = PREPOSITION.sub("", text[: first.span[0]].rstrip(" ,"))
    after = text[dates[-1].span[1] :]
    if (
        _QUESTIONED.search(before)
        or CONDITION.match(after)
        or not (AFTER.match(after) or _AFTER_ALSO.match(after))
        or MORE_DAYS.match(after)
    ):
        return None
    for pattern in _PATTERNS:
        matched = compiled(pattern).fullmatch(before)
        if matched is None:
            continue
        groups = matched.groupdict()
        if groups.get("name") and groups["name"].casefold() not in known:
            continue
        what = " ".join(matched["o"].split()).strip(" ,")
        verb = (groups.get("verb") or "").lower().split(" ")[0]
        if verb:
            lemma, _ = FORMS.get(verb, (_BASE.get(verb, ""), ""))
            if not lemma:
                continue
            what = f"{lemma}{what[len(verb) :]}"
        if not what or len(what.split()) > LONGEST_PLAN:
            continue
        if pattern is _PATTERNS[0]:
            what = what[0].lower() + what[1:]
            leave = _LEAVE.match(what)
            what = what[leave.end() :] if leave else re.sub(r"^off (?=to )", "go ", what)
            what = what if leave or what.startswith("go ") else f"be {what}"
            phrase = f"is on {what}" if leave else re.sub(r"^(?:go|be)\b", lambda verb: third_person(verb[0]), what)
        elif verb or pattern is _PATTERNS[1]:
            phrase = re.sub(r"^\w+", lambda verb: third_person(verb[0].lower()), what)
        elif pattern is _PATTERNS[-1]:
            what, phrase = f"start a {what.lower()}", f"starts a {what.lower()}"
        else:
            phrase = f"expects this: {what}"
        draft = Draft(
            predicate="plans",
            object=what,
            phrase=event_dates.absolute(phrase, [first]),
            quote=span,
            confidence=0.8,
            category="plans",
        )
        return draft, dates
    return None
