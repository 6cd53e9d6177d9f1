"""Plans, events and habits with what they are about, if only the words before say it.

"They took me! I start on 1 October" is about a job, "the deadline is 15 July" after "I'm going to apply" about the
application, "had the operation" after "broke her hip" about the hip. Without such words the draft is not kept: nobody
could tell later what starts.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import filled
from memctl.extract.vocabulary.verbs import third_person

_KINDS = frozenset({"plans", "event", "habit", "attended"})
_LATELY = 2
"""Turns before, the other speaker's included, whose words a plan without an object may be about."""

_LONGEST_BARE = 7
"""Words of an object that may lack what it is about."""


class _Rule(msgspec.Struct, frozen=True):
    """`bare` matches an object without its subject, `subject` finds that in a text, and `form` is the whole object.
    A draft without it is dropped, unless it is `clear` enough."""

    bare: re.Pattern[str]
    subject: Callable[[str], str | None]
    form: str
    clear: bool = False


def completed(
    drafts: list[Draft], text: str, earlier: Sequence[str], asked: tuple[str, str] | None = None
) -> list[Draft]:
    """`drafts` of a turn `text`, with whole objects; `earlier` are the texts of the turns before, in order, and `asked`
    is the person of the question before."""
    kept: list[Draft] = []
    for draft in drafts:
        whole = _whole(draft, text, earlier, asked) if draft.predicate in _KINDS and draft.op == "assert" else draft
        if whole is not None:
            kept.append(whole)
    return kept


def _whole(draft: Draft, text: str, earlier: Sequence[str], asked: tuple[str, str] | None) -> Draft | None:
    value = draft.object or ""
    if draft.predicate == "habit" and (alone := _ALONE.fullmatch(value)) and draft.subject is None:
        return _with_person(draft, alone, asked)
    for rule in _rules() if len(value.split()) <= _LONGEST_BARE else ():
        bare = rule.bare.fullmatch(value)
        if bare is None:
            continue
        texts = [text[: draft.quote[1]], text[draft.quote[1] :], *reversed(earlier[-_LATELY:])]
        found = next((one for one in map(rule.subject, texts) if one), None)
        if found is None:
            return draft if rule.clear else None
        parts = {name: part.lower() if name == "what" else part for name, part in bare.groupdict().items()}
        return _renamed(draft, " ".join(rule.form.format(found, **parts).split()))
    return draft


def _renamed(draft: Draft, new: str) -> Draft:
    """`draft` with the object `new`."""
    old, phrase = draft.object or "", draft.phrase
    verb, _, rest = new.partition(" ")
    indefinite = f"has {article(old)}"
    if f"{phrase} ".startswith(f"{indefinite} "):
        owned = new if new[0].isupper() else f"their {new}"
        phrase = f"has {owned if _OWNED in new else article(new)}{phrase[len(indefinite) :]}"
    elif old in phrase:
        phrase = phrase.replace(old, new, 1)
    elif draft.predicate == "habit":
        phrase = f"{third_person(verb)} {rest}"
    elif phrase.startswith(same := f"{third_person(verb)}{old.removeprefix(verb)}"):
        phrase = f"{third_person(verb)} {rest}{phrase[len(same) :]}"
    return msgspec.structs.replace(draft, object=new, phrase=phrase)


_OWNED = "'s "
_MY = late(r"^my ", re.IGNORECASE)
_JOB = late(
    r"\b(?:the|my|an?|that|this) (?P<o>(?:(?!old|last|previous|former|first|only|same|of|for|in|at|to|on|and|is|was)"
    r"[\w'-]+ ){0,2}?(?:job|position|role|apprenticeship|internship|placement|traineeship|residency|course|degree|"
    r"master'?s|phd|bootcamp|chemo(?:therapy)?|radiotherapy|physio(?:therapy)?|rehab))\b"
    r"(?! (?:i|we) (?:had|left|quit))",
    re.IGNORECASE,
)
_HIRED = late(
    r"\b(?:they(?:'ve| have)? (?:took|taken|hired|want(?:ed)?) me|(?:got|was|been|am|i'm) hired|(?:job|an?|the|their|"
    r"accepted (?:an|the|their)) offer\b(?! on)|offered me\b|salary|"
    r"(?:an|per|the|every) hour\b(?! (?:ago|later|walk|away))|"
    r"(?:the |my )?contract(?:'s| is| got)? signed|signed the contract|new (?:boss|employer|job))",
    re.IGNORECASE,
)
_HIRED_AT = late(r"\b(?:hired|a job) (?:at|by|with) (?P<o>(?-i:[A-ZÀ-Þ])[\w&'-]+)", re.IGNORECASE)
_LEFT = late(r"\b(?:quit|leav\w+|left|lost|hat\w+|resign\w*|finish\w*|used to) (?:the|my|an?|that) $", re.IGNORECASE)


def _begun(text: str) -> str | None:
    """What somebody starts: "the bakery job", "the course", "the new job"."""
    named = [match for match in _JOB.finditer(text) if not _LEFT.search(text[: match.start("o")])]
    if named:
        return f"the {'new job' if named[-1]['o'].lower() == 'job' else named[-1]['o']}"
    if employer := _HIRED_AT.search(text):
        return f"at {employer['o']}"
    return "the new job" if _HIRED.search(text) else None


_APPLYING = late(r"\bappl(?:y|ying|ied|ications?)\b(?! (?:for )?(?:it|cream))", re.IGNORECASE)
_DUE = late(
    r"\b(?:the|my|an?|our|this) (?P<o>(?:(?!of|for|in|at|to|on|and|is|was|deadline)[\w'-]+ ){0,2}?(?:master'?s|phd|"
    r"job|post|position|grant|scholarship|residency|course|paper|essay|thesis|dissertation|report|bid|tender|proposal|abstract|"
    r"tax return|visa|competition|assignment|project|manuscript|portfolio|chapter|article|translation|exhibition|"
    r"election|transfer|loan|mortgage)s?(?: (?:in|at|to) (?-i:[A-ZÀ-Þ])[\w-]+)?)\b",
    re.IGNORECASE,
)


def _due(text: str) -> str | None:
    """What a deadline is for."""
    applied = [match.start() for match in _APPLYING.finditer(text)]
    named = list(_DUE.finditer(text))
    if named and (not applied or named[-1].start() > applied[-1] - len(named[-1]["o"])):
        return f"the {named[-1]['o']}"
    return "the application" if applied else None


_SOUGHT = late(
    r"\bappl(?:ied|ying|y) (?:for|to|at) (?P<o>(?:(?:the|an?|my) )?(?!the\b|it\b|that\b)[\w'-]+(?: [\w'-]+){0,3}?)"
    r"(?=[,.;!?]|$| (?:and|but|in|on|at|last|this|as|with|yesterday)\b)",
    re.IGNORECASE,
)


def _sought(text: str) -> str | None:
    """What an interview is for."""
    found, applied = _due(text), _SOUGHT.search(text)
    return applied["o"] if applied else None if found == "the application" else found


_BEARING = late(
    r"\b(?:pregnan\w*|trimester|midwife|(?:\d+|\w+) weeks (?:along|gone)|due date|baby (?:is )?due|embryos?|ivf)\b",
    re.IGNORECASE,
)


def _scanned(text: str) -> str | None:
    return "pregnancy" if _BEARING.search(text) else None


_DRIVING = late(
    r"\b(?:driv(?:e|es|ing|er)|learner|instructor|roundabouts?|parallel park\w*|insured|clutch|examiner|licen[cs]e)\b",
    re.IGNORECASE,
)
_TRYING = late(r"\b(?:embryos?|ivf|pregnan\w*|fertili[sz]ed|implantation|transfer done|the transfer)\b", re.IGNORECASE)
_WHICH = late(r"\b(?P<o>[a-z-]+) (?:tests?|exams?)\b", re.IGNORECASE)
_NO_MODIFIER = frozenset(
    words(
        "the a an my our your his her their this that first second third last next final another one two three some "
        "any no test tests exam of for and or to in at big new old same real whole proper practice mock every each "
        "stupid bloody damn failed passed had took take taking do did retake silly little quick"
    )
)


def _tested(text: str) -> str | None:
    """What a test is of: "driving", "pregnancy"."""
    named = [match["o"] for match in _WHICH.finditer(text) if match["o"].lower() not in _NO_MODIFIER]
    if named:
        return named[-1]
    driving, trying = _DRIVING.search(text), _TRYING.search(text)
    if driving and trying:
        return None
    return "driving" if driving else "pregnancy" if trying else None


def _driving(text: str) -> str | None:
    """The theory that somebody calls theirs is the one of driving."""
    return "driving"


def _driven(text: str) -> str | None:
    return "driving" if _DRIVING.search(text) else None


_PART = late(
    r"\b(?:hip|knee|shoulder|back|heart|eye|cataract|hernia|appendix|gall ?bladder|wrist|ankle|foot|toe|elbow|tonsils?|"
    r"spine|spinal|thumb|jaw|bladder|kidney|prostate|thyroid|nose|bypass|carpal tunnel|meniscus)\b",
    re.IGNORECASE,
)


def _operated(text: str) -> str | None:
    """The part of the body, if a text names one."""
    parts = {match[0].lower() for match in _PART.finditer(text)} - {"back"}
    return parts.pop() if len(parts) == 1 else None


_PLACE = late(
    r"\b(?:an?|the|our|my|that) (?P<o>(?:(?:new|second|third|little|tiny|small|bigger|smaller|old|first|council) )*"
    r"(?:flat|house|apartment|place|shop|studio|office|restaurant|bakery|café|cafe|cottage|unit|bungalow|workshop|salon|garage|van|"
    r"car)(?: in (?-i:[A-ZÀ-Þ])[\w-]+)?)\b",
    re.IGNORECASE,
)


def _place(text: str) -> str | None:
    """The flat or shop that a text names."""
    named = [match["o"] for match in _PLACE.finditer(text)]
    return f"the {named[-1]}" if named else None


_LAUNCHED = late(
    r"(?:(?P<whose>(?-i:[A-ZÀ-Þ])[\w-]+|my [a-z-]+)(?:'s| has| is)(?: got| just| finally| also| releasing| publishing|"
    r" bringing out)* (?:an? |the |his |her )?|\b(?:an?|the|my|our) )(?:(?:new|first|second|third|debut|next) )*"
    r"(?P<o>(?:cook|audio|comic |picture )?book|novel|album|single|record|app|product|website|collection|magazine|"
    r"podcast)\b",
    re.IGNORECASE,
)


def _launched(text: str) -> str | None:
    """What is launched, and whose it is: "Eirik's book"."""
    named = [match for match in _LAUNCHED.finditer(text) if match["whose"] not in ("It", "That", "There", "What")]
    if not named:
        return None
    whose = f"{_MY.sub('', named[-1]['whose'])}'s " if named[-1]["whose"] else ""
    return f"{whose}{named[-1]['o']}"


_LEARNT = late(
    r"\b(?:learn(?:ing|t|ed)?|taking up|taken up|took up|studying|teaching myself) (?:to (?:play|speak) )?(?:the )?"
    r"(?P<o>(?-i:[A-ZÀ-Þ])[a-zà-ÿ]+|piano|guitar|violin|cello|fiddle|accordion|ukulele|harp|drums|trumpet|saxophone|"
    r"singing|swimming|knitting|pottery|tango|salsa|sign language)\b",
    re.IGNORECASE,
)


_LESSONS = late(r"\b(?P<o>[a-z]+) (?:lessons|classes)\b", re.IGNORECASE)


def _learnt(text: str) -> str | None:
    """What lessons are in."""
    named = [match["o"] for match in _LEARNT.finditer(text)]
    taught = [match["o"] for match in _LESSONS.finditer(text) if match["o"].lower() not in _NO_MODIFIER]
    return (named or taught)[-1] if named or taught else None


@cache
def _illness() -> re.Pattern[str]:
    return late(filled(r"\b(?P<o>{ILLNESSES})\b"), re.IGNORECASE)


def _diagnosed(text: str) -> str | None:
    """The illness that the last two sentences of a text name, if it is one."""
    named = {match["o"].lower() for match in _illness().finditer(" ".join(re.split(r"(?<=[.!?])\s", text)[-2:]))}
    return named.pop() if len(named) == 1 else None


_GONE = late(
    r"\b(?:went to|been to|going to|go to|joined) (?P<o>(?:the |a |my )?[\w'-]+(?: (?:class|club|group|choir|"
    r"course))?)\b",
    re.IGNORECASE,
)
_FRONTED = late(r"(?:^|[.!?] )(?P<o>(?:my|the|our) [\w'’ -]{3,40}), i (?:go|visit)\b", re.IGNORECASE)


def _gone(text: str) -> str | None:
    """Where somebody goes: "the capoeira" of "I went to the capoeira!", or "my father's grave"."""
    fronted = _FRONTED.search(text)
    if fronted:
        return fronted["o"][0].lower() + fronted["o"][1:]
    named = [match["o"] for match in _GONE.finditer(text)]
    return re.sub("^a ", "the ", named[-1]) if named and named[-1].lower() not in _NOWHERE else None


_NOWHERE = frozenset(words("the bed work sleep town see have do get be it there that this him her them you"))
_ENGAGED = late(
    r"(?P<o>\bmy (?:[a-z-]+ )?(?:brother|sister|cousin|friend|son|daughter|niece|nephew|mate|uncle|aunt)|"
    r"(?-i:\b[A-ZÀ-Þ][a-zà-ÿ]+))"
    r"(?: (?-i:[A-ZÀ-Þ])[\w-]+)?(?:'s| is| are| has| have| just| finally| only)* (?:got(?:ten)? |getting |"
    r"been )?(?:engaged|married)\b",
    re.IGNORECASE,
)


def _engaged(text: str) -> str | None:
    """Whose wedding it is, if a text tells that somebody else got engaged."""
    named = [match["o"] for match in _ENGAGED.finditer(text)]
    return f"{_MY.sub('', named[-1])}'s" if named else None


_ALONE = late(r"(?P<verb>call|phone|ring|facetime|skype)(?P<rest> (?:every|each|on|at|twice|once) .*)", re.IGNORECASE)


def _with_person(draft: Draft, alone: re.Match[str], asked: tuple[str, str] | None) -> Draft | None:
    """ "We call every evening", after talk of one person."""
    if asked is None:
        return None
    person = asked[0] if asked[0] != asked[1] else f"their {asked[0]}"
    words_after = f"{person}{alone['rest']}"
    return msgspec.structs.replace(
        draft, object=f"{alone['verb']} {words_after}", phrase=f"{alone['verb']}s {words_after}"
    )


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(_Rule(late(pattern, re.IGNORECASE), subject, form, clear) for pattern, subject, form, clear in _FORMS)


_FORMS: tuple[tuple[str, Callable[[str], str | None], str, bool], ...] = (
    (r"start(?:ed)?(?P<rest>(?: (?:at \d.*|early|(?:full|part)[- ]time))?)", _begun, "start {0}{rest}", False),
    (r"deadline", _due, "deadline for {0}", False),
    (r"(?P<verb>(?:(?:passed|failed|have|take) )?(?:(?:my|an?) )?)test", _tested, "{verb}{0} test", True),
    (r"(?P<verb>(?:had|passed|failed|have|take|took) the) (?P<what>test|exam)", _tested, "{verb} {0} {what}", False),
    (
        r"(?P<verb>(?:passed|failed) my) (?P<what>theory|practical)(?P<rest>.*)",
        _driving,
        "{verb} {0} {what}{rest}",
        True,
    ),
    (
        r"(?P<verb>\w+ (?:the|my)) (?P<what>practical|theory)(?P<rest>(?: .*)?)",
        _driven,
        "{verb} driving {what}{rest}",
        True,
    ),
    (
        r"(?P<verb>(?:(?:had|have) )?(?:(?:the|an?|my|his|her) )?)(?P<what>operation|op|surgery)",
        _operated,
        "{verb}{0} {what}",
        True,
    ),
    (r"(?P<verb>sign(?:ed)? the (?:lease|contract|tenancy))", _place, "{verb} for {0}", False),
    (r"(?P<verb>(?:get|got|pick up|picked up|collect|collected) the keys)", _place, "{verb} to {0}", False),
    (r"(?P<verb>(?:have )?(?:an? |the |my )?(?:first |second |next )?)scan", _scanned, "{verb}{0} scan", True),
    (
        r"(?P<verb>(?:(?:have|had|made) )?(?:(?:an?|the|my) )?(?:first |second |final )?)interview",
        _sought,
        "{verb}interview for {0}",
        True,
    ),
    (r"launch", _launched, "{0} launch", True),
    (r"have (?:an? )?(?P<what>lesson|class)(?P<rest> .*)", _learnt, "have a {0} {what}{rest}", True),
    (r"(?P<verb>(?:got|was) diagnosed)", _diagnosed, "{verb} with {0}", False),
    (
        r"go (?:now |there |again )*(?P<rest>(?:every|each|on|twice|once) .*?)(?: now)?",
        _gone,
        "go to {0} {rest}",
        False,
    ),
    (r"wedding", _engaged, "{0} wedding", True),
    (r"(?:at )?\d[\d.:]*(?: ?[ap]m)?", lambda text: None, "", False),
)
"""Objects without their subject, where it is looked for, the whole object, and whether it is clear without."""
