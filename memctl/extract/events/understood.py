"""What a plan, an event or a habit needs to be understood alone, years after the chat.

Its object is a noun that says which one it is ("knee operation", "deadline for the thesis"), or a verb with what it
needs: "meet Priya", "fly to Oslo", "start at Boots", "swim". Nothing in it refers to words outside. Of the last days
only what lasts is kept: "passed the bar exam yesterday", but not "made pancakes yesterday".
"""

import re
from datetime import datetime, timedelta
from itertools import pairwise

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.wordlist import words
from memctl.extract.time.dates import certain
from memctl.extract.time.recurring import CLOCK, RECURRING
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, alternation
from memctl.extract.vocabulary.verbs import FORMS, third_person

_KINDS = frozenset({"plans", "event", "attended", "habit"})
_REFERS = late(
    r"\b(?:he|she|him|it|they|them|theirs|hers|mine|ours|yours?|you|this|that|these|those|there|here|someone|somebody|\w+self|"
    r"something|everyone|everything|others|stuff|things?|"
    r"(?<=\w )ones?(?! (?:hour|day|night|week|month|year|mile)\b))\b",
    re.IGNORECASE,
)
_ANOTHERS = late(r"\b(?:his|her|their|its)\b", re.IGNORECASE)
_UNSAID = late(
    r"left (?:eye|ear|knee|hip|foot|leg|hand|arm|shoulder|side|breast|lung|kidney|wrist|ankle|elbow|thumb)\b.*|"
    r"(?:goal|aim|target|dream)\b.*|go to (?:[\w'&.-]+ ){1,5}(?:college|university|uni|school)(?: for .*)?|"
    r".*\b(?:and|or|but|so|the|an?|my|our|of|with|for|at|to|from|on|by|as|about|if|when|then|than|because)|"
    r"(?!moved? in$).* in|.*\bin \d+|.*\b(?:from|to|until|till) the \d+(?:st|nd|rd|th)",
    re.IGNORECASE,
)
""" "Left knee done" has no verb; of "an audition in 5" and "from the 1st" the rest is missing."""

_DETERMINERS = frozenset(
    words(
        "a an the my our his her their some any another first second third fourth last next final old big small little "
        "same whole good great nice quick short long early late proper real own more few two three four five six one "
        "full me us am pm o'clock both all just only together again still then now once even straight bloody stupid "
        "damn silly important upcoming annual usual weekly monthly daily"
    )
)
"""Words before a noun that do not say which one it is."""
_OF_SOMETHING = frozenset(
    words(
        "start end beginning test exam theory practical deadline launch release interview visit key result appointment "
        "appt scan meeting call chat talk course class lesson session level offer km mile metre kilometre kilo hour "
        "minute procedure treatment trial assessment review inspection survey viewing completion hearing match game "
        "race exhibition show event party trip flight ferry train bus coach van delivery order part side bit rest half "
        "machine app tablet place spot project deal paper form performance rehearsal audition presentation demo "
        "ceremony workshop camp assignment essay tournament competition shift league title prize day date time week "
        "month year round step stage unit module chapter ticket hotel b&b bnb airbnb room table seat slot stay fitting "
        "check check-up checkup consultation defence defense resit rental payment transfer move reservation closing "
        "diagnosed goal aim plan run walk drive contract lease tenancy"
    )
)
"""Nouns that need another one to be understood: "start of term", not "start"."""
_OCCASIONS = frozenset(
    words(
        "interview exam test scan appointment appt check-up checkup defence defense audition hearing flight completion "
        "ceremony inspection ferry party exhibition submission"
    )
)
"""Those of them that are understood without another one if the day is known: "interview on 24 April"."""
_MEASURES = frozenset(
    words("km mile metre kilometre kilo hour minute day date time week month year rest bit part side")
)
_NUMBER = late(r"(?!5k|10k)[\d.,:]+(?:st|nd|rd|th|h|am|pm|km|k|%|€|£)?", re.IGNORECASE)
_PREPOSITION = late(
    r" (?:of|for|with|at|in|to|from|about|on|by|as|into|between|against|over|round|around|near|through|before|after|"
    r"via|until|till) ",
    re.IGNORECASE,
)
_OPENING = late(
    r"(?:(?:up|out|back|away|over|down|off|along|home) )*(?P<by>of|for|with|at|in|to|from|about|on|by|as|into|between|"
    r"against|through|round|around|near|via|across|under|after|before|during|since|until|till|off|than|when|while|"
    r"because|if)\b ?(?P<o>.*)",
    re.IGNORECASE,
)
_PARTICLE = late(
    r"(?:(?:up|down|out|over|away|back|again|along|round|around|together|finally|just|only|also|now|then|later|early|"
    r"late|\w+ly)(?: |$))+",
    re.IGNORECASE,
)

_CHANGES = frozenset(words("graduate retire resign propose elope relapse divorce die qualify emigrate volunteer swim"))
PURSUITS = _CHANGES.union(
    words(
        "run walk cycle bike ski climb hike box meditate pray garden jog dance sing paint draw knit sew crochet row "
        "sail surf skate train fast bake drink smoke drive camp commute babysit busk work study bowl curl fence fish "
        "hunt iron clean golf box wrestle usher rehearse practise practice jam lift stretch spin weave forage"
    )
)
"""Verbs that need nothing after them in a habit; those of `_CHANGES` also in a plan or an event."""
_ROUTINES = PURSUITS | {"deploy"}
""" "We deploy on Tuesdays" is understood, "we deploy on 5 May" does not say what."""
_SAID = late(
    r"(?:drop(?:ped)? out|moved?(?: in| out| house)?(?: (?=with\b)|$)|broke up|gave birth|came out|turn(?:ed)? \d+|"
    r"(?:fly|flew|come|came|go|went|travel(?:led)?) home|g[eo]t (?:married|divorced|engaged|wed|promoted|fired|sacked|"
    r"made redundant|laid off|burgled|mugged|separated|bapti[sz]ed|vaccinated|sober)|learn to (?:drive|swim|cook|ski|"
    r"skate|dive)|be (?:away|off work|back at work)|(?:go|went|be) on (?:\w+ )?(?:leave|holidays?|vacation|honeymoon)|"
    r"exchange contracts|was (?:laid off|sacked|fired|let go|made redundant|born)|crashed my|broke up with|"
    r"(?:injured|hurt|broke|tore|twisted|fractured|sprained|dislocated|ruptured|strained) (?:my|the)|"
    r"had my [\w -]+ stolen|[\w ]+ (?:died|broke down|failed the inspection)|signed (?:the|our|my|a) lease|"
    r"got the keys|(?:have|do) (?:the |an? |my )?long (?:run|ride|walk|swim)|"
    r"work (?:nights|days|part[- ]time|remotely|earlies|lates|night shifts|\w+ on,? \w+ off)|"
    r"start work|no work)\b.*",
    re.IGNORECASE,
)
"""Verbs that are whole with a particle or a participle."""
_SPEAKING = frozenset(words("tell ask speak talk chat"))
_TOPIC = late(r"\b(?:about|that|to) \w+.*", re.IGNORECASE)
_ANY = tuple(
    words("of off for with at in to from about on by as into between against through round around near via across")
)
_NEEDS = {
    "apply": words("for to"),
    "sign": words("for with"),
    "register": words("for with at"),
    "enrol": words("in on at"),
    "start": words("at as with on in"),
    "begin": words("at as with on in"),
    "be": words("at in on with from to"),
    "lose": words("against to"),
    "win": words("against"),
    "move": words("to into in from with off"),
    "leave": words("for from"),
    "go": words("to on for with into through round around"),
    "open": words("for"),
    "close": words("on"),
    "complete": words("on"),
    "convert": words("to"),
    "stop": words("with"),
    "finish": words("with at"),
    "hand": words("in"),
    "deploy": words("to"),
    "take": words("off as"),
    "help": words("at in on with"),
} | dict.fromkeys(
    words(
        "live stay ride participate compete perform play serve sit stand sleep change switch interview teach return "
        "fly travel come arrive land relocate head transfer coach learn get fall recover rehearse practise practice "
        "present lecture shop eat cook read write have do look listen graduate"
    ),
    _ANY,
)
"""The prepositions that give a verb what it needs; others need an object: "play in a band", but "open a bar"."""
_PASSED = late(
    r".*(?:\b(?:\w*exams?|tests?|theory|practical|driving|course|grades?|certifica\w+|licen[cs]e|viva|boards?|bar|"
    r"finals|a[- ]levels?|probation|citizenship|inspection|audition|check|prelims?|modules?|maths?|stats|\w+ology|"
    r"\w+istry|physics|year)\b|(?-i:[A-Z])|\d)",
    re.IGNORECASE,
)
""" "Passed first time" does not say what."""
_MOVED = late(r"house|flat|home|.+ (?:to|into|from) .+", re.IGNORECASE)
_TO_US = late(r"(?:me|us)(?: (?:for|at|on|in|with)\b|$)")
_MEASURE = late(r"(?:an? |the )?(?:half|full|\d)", re.IGNORECASE)
_TO_DO = late(r".* to (?P<verb>[a-z]+)")
_UNFINISHED = frozenset(words("look help put bring fetch fix sort clear pack deal"))
_WEEKDAY = late(r"\b(?:mon|tues|wednes|thurs|(?<!good )fri|satur|sun)days?\b", re.IGNORECASE)
_JOINED = late(r"(?:.* )?(?:and|but|or|so) (?P<o>(?P<verb>(?:the|my|our) [\w-]+ [a-z]+s [a-z])?.+)", re.IGNORECASE)
_MAY_BE_NOUN = frozenset(words("plans plays runs walks drives cooks paints works rides calls visits stops set put"))
_OFTEN = late(
    r"(?:,? (?:now|always|usually|mostly|normally|only|just|most|almost|nearly|and|on|in the|at|from|to|before|after|"
    r"(?:every|each|once an?|twice an?|\w+ times an?|\d+x an?) (?:(?:other|second|third|single) )?\w+(?: of the \w+)?|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:mon|tues?|wed|thurs?|fri|sat|sun)|n|mornings?|evenings?|nights?|afternoons?|weekends?|weekdays?|"
    r"lunchtimes?|summers?|winters?|\d[\d:.]*(?: ?[ap]m)?|[a-z]+ o'clock|noon|midnight|"
    r"(?:before|after|at|from|to) (?:breakfast|dinner|lunch|work|school|church|bed)|daily|weekly))+$",
    re.IGNORECASE,
)
_OFTEN_FIRST = late(r"^(?:every|each|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b.*", re.IGNORECASE)
"""When a habit takes place: "every second Sunday at 6", "mondays and fridays"."""

_AT_RECURRING = late(rf",?(?: (?:on|of|in|at))? (?:{RECURRING.text})(?:{CLOCK})*", re.IGNORECASE)
_AT_CLOCK = late(rf"(?:{CLOCK}| now)*(?: (?:before|after|until|till) [\w' ]+)?$", re.IGNORECASE)


def understood(draft: Draft) -> bool:
    """Whether the object of a draft is understood alone; only goals, plans, events and habits are asked."""
    value = draft.object or ""
    if draft.predicate == "goal" and draft.subject is None and draft.extractor is None:
        return not (_REFERS.search(value) or _ANOTHERS.search(value))
    if draft.predicate not in _KINDS or draft.op != "assert" or draft.extractor is not None:
        return True
    if _REFERS.search(value) or (draft.subject is None and _ANOTHERS.search(value)) or _goes_on(value):
        return False
    if draft.predicate == "attended":
        return _names(value)
    if draft.predicate == "plans" and not _is_done(draft, value):
        return draft.phrase.startswith(("'s ", "is on ")) or _is_dated(draft, value) or _is_occasion(value)
    if draft.predicate == "habit" and ":" in value:
        return True
    verb, _, rest = value.partition(" ")
    rest = _without_times(f" {rest}") if draft.predicate == "habit" else rest
    whole = f"{verb} {rest}".strip()
    if draft.predicate == "habit" and rest.startswith("against "):
        return False
    if _UNSAID.fullmatch(whole) or (draft.predicate == "plans" and _WEEKDAY.search(rest)):
        return False
    calls_me = draft.subject is not None and verb.lower() in ("call", "ring", "phone")
    alone = _ROUTINES if draft.predicate == "habit" else _CHANGES
    return calls_me or _SAID.fullmatch(value) is not None or _is_whole(_lemma(verb), rest, whole, alone)


def _without_times(rest: str) -> str:
    """The words after the verb of a habit that do not say when it takes place."""
    without = _AT_RECURRING.sub("", rest)
    if without == rest:
        return _OFTEN_FIRST.sub("", _OFTEN.sub("", rest).strip())
    return _AT_CLOCK.sub("", without).strip()


def _lemma(verb: str) -> str:
    """The base form of a verb, guessed if `FORMS` does not have it."""
    known = FORMS.get(verb.lower())
    return known[0] if known else re.sub(r"(?<=[^e])ed$|(?<=e)d$", "", verb.lower())


def _is_done(draft: Draft, value: str) -> bool:
    """Whether the object of a plan begins with a verb: "meet Priya", but not "meeting with Priya"."""
    return f"to {value}" in draft.phrase or draft.phrase.startswith(third_person(_lemma(value.split(" ")[0])))


def _goes_on(value: str) -> bool:
    """Whether an object has another clause, or a verb without its object: "bought it and Finn starts school"."""
    last = _TO_DO.fullmatch(value)
    verb = last["verb"] if last is not None else ""
    if verb in _UNFINISHED or (_form(verb) == "base" and verb not in PURSUITS and verb != "stay"):
        return True
    joined = _JOINED.fullmatch(value)
    if joined is None:
        return False
    return bool(joined["verb"]) or any(
        _form(word) in ("s", "past") and word not in _MAY_BE_NOUN and before not in _DETERMINERS
        for before, word in pairwise(["", *joined["o"].split()[:4]])
    )


def _form(word: str) -> str:
    """The form of a word that is a verb."""
    known = FORMS.get(word)
    return known[1] if known else ""


def _is_whole(lemma: str, rest: str, whole: str, alone: frozenset[str]) -> bool:
    """Whether a verb has what it needs in the words after it."""
    if lemma in _SPEAKING:
        return _TOPIC.search(rest) is not None
    after = _PARTICLE.sub("", rest, count=1) if _PARTICLE.match(rest) else rest
    if not after:
        return lemma in alone
    opening = _OPENING.fullmatch(after)
    if opening is not None and lemma != "pass":
        by, what = opening["by"].lower(), opening["o"]
        allowed = by in (_ANY if lemma in PURSUITS else _NEEDS.get(lemma, ()))
        return allowed and bool(what) and (lemma in PURSUITS or _TO_US.match(what) is not None or _names(what))
    if lemma == "move":
        return _MOVED.fullmatch(after) is not None
    if lemma in ("go", "come", "return", "arrive", "land"):
        return after == "home" or after.split()[0].endswith("ing") or (after[0].isupper() and not _WEEKDAY.match(after))
    return (lemma != "pass" or _PASSED.match(after) is not None) and (
        _names(after) or ((lemma == "do" or lemma in PURSUITS) and _MEASURE.match(after) is not None)
    )


def _is_occasion(value: str) -> bool:
    """Whether the noun of a plan, or the noun before its verb in "school starts", says which one it is."""
    parts = value.split()
    if len(parts) > 1 and (_form(parts[-1].lower()) == "s" or parts[-1].lower() in ("due", "coming")):
        value = " ".join(parts[:-1])
    return not (_OPENING.fullmatch(value) or _UNSAID.fullmatch(value)) and _names(value)


def _is_dated(draft: Draft, value: str) -> bool:
    """Whether a plan of the speaker is an occasion of which the day is known."""
    nouns = {_singular(word) for word in value.split()} - _DETERMINERS
    return draft.subject is None and draft.valid_at is not None and bool(nouns) and nouns <= _OCCASIONS


def _names(phrase: str) -> bool:
    """Whether a noun phrase says what it is: "knee operation", "deadline for the essay", but not "deadline"."""
    chunk, *complements = _PREPOSITION.split(f"{phrase.split(',')[0]} ")
    nouns = _nouns(chunk)
    if len(nouns) > 1 and nouns[-1].isdigit():
        return True  # "Year 7"
    own = {_singular(word) for word in nouns if not _NUMBER.fullmatch(word)}
    if len(own) != 1:
        return bool(own)
    return not own <= _OF_SOMETHING or any(
        {_singular(word) for word in _nouns(one) if not _NUMBER.fullmatch(word)} - _MEASURES for one in complements
    )


def _nouns(chunk: str) -> list[str]:
    return [word for word in chunk.split() if word.lower() not in _DETERMINERS]


def _singular(word: str) -> str:
    word = word.lower().strip("'’\"")
    return word if word in _OF_SOMETHING else word.removesuffix("s").removesuffix("xe")


_SENTENCE_END = late(r"[.!?\n]+(?:\s|$)")
_FROM_THEN = late(
    rf"\b(?:from|as of|starting|beginning)(?: in| on)? (?:the )?(?:next|tomorrow|after|"
    rf"(?:\d+(?:st|nd|rd|th)?(?: of)? )?(?:{alternation(ENGLISH_MONTHS)})\b)",
    re.IGNORECASE,
)


def is_to_come(draft: Draft, text: str, at: datetime | None) -> bool:
    """Whether the sentence of a habit, or the object of a project, names a later day: "from May on Fridays"."""
    if draft.op != "assert" or draft.extractor is not None or draft.predicate not in ("habit", "goal"):
        return False
    if draft.predicate == "goal":
        return draft.phrase.startswith("is working on") and bool(certain(draft.object or "", at))
    begin = max((found.end() for found in _SENTENCE_END.finditer(text, 0, draft.quote[0])), default=0)
    end = _SENTENCE_END.search(text, draft.quote[1])
    return _FROM_THEN.search(text[begin : end.start() if end else len(text)]) is not None


_LATELY = timedelta(days=14)
_LASTING = frozenset(
    words(
        "start begin quit leave join move buy sell adopt marry divorce separate propose graduate retire resign pass "
        "fail finish complete sign submit publish launch found win lose break fracture injure stop give switch change "
        "cancel hire promote accept reject drop relocate receive enrol register apply donate become inherit diagnose "
        "come return emigrate miscarry deliver release crash defend ditch"
    )
)
_MILESTONE = late(
    r".*\b(?:operation|op|surgery|transplant|baby|boy|girl|twins|accident|stroke|attack|bypass|biopsy|scan|mri|fall|"
    r"seizure|miscarriage|concussion|interview|exam|test|offer|job|promotion|degree|visa|citizenship|passport|keys|"
    r"licen[cs]e|results?|tattoo|engaged|married|divorced|promoted|fired|redundant|mugged|burgled|covid|shingles|"
    r"pneumonia|diagnos\w+|removed|replaced|puppy|kitten|dog|cat|wedding|funeral|(?:half )?marathon|half|5k|10k|"
    r"concert|conference|festival|birthday|anniversary|graduation|mortgage|infusion|chemo\w*|audition|appointment|"
    r"treatment|therapy|christening|baptism|stolen|broke up|laid off|sacked|let go|died|broke down|"
    r"failed the inspection|injured|hurt|tore|twisted|sprained|dislocated|ruptured|strained|crashed|"
    r"born)\b.*|.+(?-i: [A-ZÀ-Þ][a-zà-ÿ]+).*",
    re.IGNORECASE,
)


def lasts(draft: Draft, at: datetime | None) -> bool:
    """Whether an event is more than an errand of the last days: it changed something, or is an occasion with a name."""
    if draft.predicate not in ("event", "attended") or draft.valid_at is None or at is None or draft.extractor:
        return True
    if draft.precision != "day" or at - draft.valid_at > _LATELY:
        return True
    value = draft.object or ""
    changed = draft.predicate == "event" and _lemma(value.split(" ")[0]) in _LASTING
    return changed or _MILESTONE.fullmatch(value) is not None
