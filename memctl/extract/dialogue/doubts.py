"""Doubts: turns that say that something has changed, but not how ("new number, will send it later").

The fact stays current; it is marked as possibly outdated until it is confirmed or replaced. A doubt names predicates
and no values, so that it also applies to facts from other sessions.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.filters.assertion_filter import declarative
from memctl.extract.grammar.segmentation import HIDDEN, plain, sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import spoken_words, words

_WORK = frozenset(words("works_at job_title works_in has_boss has_manager"))
_EMPLOYER = frozenset(words("works_at has_boss has_manager"))
"""What ends with a notice: a nurse who leaves a hospital is still a nurse."""
_HOME = frozenset({"lives_in"})
_PARTNER = frozenset(
    words("spouse partner has_wife has_husband has_girlfriend has_boyfriend has_partner relationship_status")
)
_CUES: tuple[tuple[frozenset[str], KeyedPattern], ...] = tuple(
    (predicates, KeyedPattern(pattern))
    for predicates, pattern in (
        (
            _WORK,
            r"\b(?:new (?:job|role|employer|gig)|chang(?:ed|ing) (?:jobs?|careers?|employers?)|(?:left|quit|leaving|"
            r"lost) my job|(?<!in )(?<!at )(?<!from )my (?:old|last|previous) job|job[- ]hunting|"
            r"looking for (?:a new )?(?:job|work)|career change|unemployed|"
            r"(?:i'm|im|i am|currently|now|still) between jobs|got the (?:job|post)(?! done))\b",
        ),
        (
            _EMPLOYER,
            r"\b(?:handed in my notice|(?:gave|given|put in|handed in)(?: in)? (?:my|them my) (?:2|two|4|"
            r"four)[- ]?weeks?|gave (?:in )?my notice|"
            r"my last (?:day|shift|week)(?: (?:there|at work))? (?:is|was|will be))\b",
        ),
        (
            frozenset({"has_boss", "has_manager"}),
            r"\b(?:new (?:boss|manager|team)|(?:changed|moved|switched) teams|reorg\w*)\b",
        ),
        (
            _HOME,
            r"\b(?:(?:we|i)(?:'ve| have)? (?:just |finally )?(?:moved (?:house|home|out|again|flat|in(?! with my))|"
            r"moved(?= last| in \w+ber| yesterday| (?:on )?\w+day(?!'|\w| to| into)|$))|^(?:we )?moved (?=last |"
            r"yesterday|(?:on )?\w+day(?!'|\w| to| into))|(?:my|our) (?:old|last|previous) (?:flat|place|house|"
            r"address|apartment)|(?:my|our) new (?:flat|place|house|address|apartment|neighbou?rs|neighbou?rhood|"
            r"landlord)|house move|(?:all|we've|we have|i've|i have|we're|i'm) (?:all |just |finally |now )*moved "
            r"in(?! (?:with|next|across|together|on|to)\b)|(?:got|picked up|collected) (?:the|our|my) keys(?! (?:to|"
            r"for|of|and|out|in (?:the|my)|from|wrong)\b)|keys at last|first night in the new \w+)\b",
        ),
        (
            _PARTNER,
            r"\b(?:my ex(?:-\w+)?(?= (?:and|has|is|says|said|took|kept|got|still))|since the (?:split|divorce|"
            r"break-?up)|dating again|single life|my new (?:girlfriend|boyfriend|partner))\b",
        ),
        (
            frozenset({"phone"}),
            r"\b(?:new (?:phone )?number(?! (?:for|of) )|chang(?:ed|ing) my (?:phone )?number|old number|"
            r"number(?:'s| is| has) changed)\b",
        ),
        (frozenset({"email"}), r"\b(?:new e-?mail|chang(?:ed|ing) my e-?mail|old e-?mail)\b"),
        (
            frozenset({"takes_medication", "dose"}),
            r"\b(?:new (?:meds|medication|tablets|pills|prescription|dose)|chang(?:ed|ing) my (?:meds|medication|"
            r"tablets|pills|prescription|dose)|(?:meds|medication|dose) (?:has |have |was |were |got )?changed|"
            r"different (?:meds|tablets|dose))\b",
        ),
        (
            frozenset({"diet"}),
            r"\b(?:fell off the wagon|not (?:so|as|that) strict (?:any ?more|these days|now|lately)|the (?:vegan|"
            r"veggie|vegetarian|keto) thing (?:is|isn't|didn't|lasted))\b",
        ),
    )
)
CHANGES = frozenset(
    words(
        "new old last previous changed changing change moved move left quit leaving lost hunting looking handed "
        "career unemployed between gave given put got picked collected all first reorg reorganisation reorganization "
        "switched ex since dating single different fell not in on up may don second touch fifty having"
    )
)
THINGS = frozenset(
    words(
        "job jobs role employer employers gig career careers work notice unemployed boss manager team teams reorg "
        "reorganisation reorganization house home out again flat in yesterday place address apartment neighbours "
        "neighbors neighbourhood neighborhood landlord ex split divorce breakup break dating life girlfriend boyfriend "
        "partner number email mail meds medication tablets pills prescription dose wagon strict thing air hold happen "
        "ahead sure doubt go fifty plan plans thoughts know keys night weeks weekend week month monday tuesday "
        "wednesday thursday friday saturday sunday day shift"
    )
)
"""Every sentence that says that something has changed has a word of each list."""
_PAST = KeyedPattern(r"\b(?:old|last|previous|ex|hunting|looking)\b", re.IGNORECASE)
""" "My old job" may be one that was over before the facts were told."""
_UNSURE = KeyedPattern(
    r"\b(?:up in the air|on hold|might not (?:happen|go ahead|make it)|may not (?:happen|go ahead)|"
    r"not sure (?:about|if)|in doubt|touch and go|fifty[- ]fifty|plans? (?:have |has )?changed|changed (?:our|"
    r"my) plans?|having second thoughts|don't know (?:about|if))\b",
    re.IGNORECASE,
)
CUES = KeyedGroup(*(cue for _, cue in _CUES), _UNSURE)
_NOT_OWN = late(
    r"(?-i:[A-ZÀ-Þ]\w+) (?:has|got|had|found|is|was)\b|\b(?:sister|brother|mum|mom|dad|wife|husband|partner|son|"
    r"daughter|mate|colleague|boss|neighbour|cousin)s?\b|"
    r"\b(?:if|would|could|should|might be|maybe|want|wish|hope|hoping|need|thinking of|thinking about|dream\w*|ideal|"
    r"not|never|no|don't|about to|almost|nearly|close to|going to|was to|thought|nobody|rumou?rs?|"
    r"didn't|haven't|he|she|they|his|her|their|your|friend|someday|one day|i'd|we'd|love|like|fancy|need)\b",
    re.IGNORECASE,
)
_ACT = late(r"(?:chang|left|quit|leav|lost|got|gave|given|put|handed|moved|switched)", re.IGNORECASE)
"""Cues that begin with a verb, whose subject stands before it: "Dom got the job" says nothing of the speaker's."""
_MINE = late(r"\b(?:my|our)\b", re.IGNORECASE)
""" "The doctor changed my meds": whoever did it, they are the speaker's."""
_CLAUSE_START = late(r".*(?:[,;:(–—]|\b(?:and|but|so|that|because|cos|since|after|when)\b)", re.IGNORECASE | re.DOTALL)
_SPEAKERS = frozenset(words("i we i've ive we've weve i'm im we're both"))
_BEFORE_A_VERB = frozenset(
    words(
        "well oh ok okay yes yep yeah btw guess what then today yesterday just finally officially also now already "
        "recently actually have has had been once again"
    )
)
_STARTS_LATER = late(
    r"\b(?:i|we|i'll|will|gonna|going to) (?:start|begin)(?:ing)?(?: there| work)? (?:on|in|next|from|the)\b|"
    r"\b(?:next (?:week|month|year|\w+day)|tomorrow|on \w+day),? (?:i|we) (?:start|begin)\b|"
    r"\bstarting (?:on|in|next|from)\b|\bfirst day (?:is|will)\b",
    re.IGNORECASE,
)
"""A new job that has not begun leaves the old one as it is."""
_SMALL = frozenset(words("the a an my our to in at on for of and with go have trip"))


_ASKS = late(
    r"\W*(?:(?:so|and|hey|oh|ok),? )*(?:how|what|where|who|when|why)(?:'?s| is| are| was| did| do)\b", re.IGNORECASE
)
""" "hows the new job ade": the speaker's own job is the same."""


def doubts(text: str, earlier: EarlierDrafts, new: Iterable[Draft]) -> Iterator[Draft]:
    """Doubts about what the speaker said before, except for predicates for which `new` gives a value.

    Only doubts about plans, which share words with the plan, need the plan in `earlier`.
    """
    spoken_of = spoken_words(text)
    if CHANGES.isdisjoint(spoken_of) or THINGS.isdisjoint(spoken_of) or _ASKS.match(text):
        return
    cues = [cue for _, cue in _CUES] + [_UNSURE] * ("plans" in earlier.predicates)
    if not any(cue.search(text) for cue in cues):
        return
    new = list(new)
    said = {one.predicate for one in new}
    if _STARTS_LATER.search(text):
        said |= _WORK
    planned = [one.quote for one in new if one.predicate == "plans"]
    taken: set[str] = set()
    for sentence in sentences(plain(text)):
        body, _ = declarative(sentence.text, sentence.mark)
        if not body or HIDDEN in body:
            continue
        span = (sentence.start, sentence.start + len(sentence.text))
        ahead = any(first < span[1] and span[0] < last for first, last in planned)
        for predicate in () if ahead else sorted(_changed(body, earlier.predicates)):
            known = predicate in taken or (None, predicate) in earlier.ended
            if not known and not said & _related(predicate):
                taken.add(predicate)
                yield Draft(
                    predicate=predicate, object=None, phrase="has changed", quote=span, op="retract", doubt=True
                )
        spoken = set(re.findall(r"[\w-]+", body.casefold())) - _SMALL
        unsure = "plans" not in said and _UNSURE.search(body)
        for draft in earlier.standing.values() if unsure and (None, "plans") not in earlier.ended else ():
            if draft.subject is None and draft.predicate == "plans" and spoken & _chief(draft.object or ""):
                yield msgspec.structs.replace(
                    draft, op="retract", doubt=True, quote=span, valid_at=None, invalid_at=None, precision=None
                )


def _changed(body: str, lately: set[str]) -> set[str]:
    """The predicates that a sentence says have changed; past tense counts only for those in `lately`."""
    changed: set[str] = set()
    for predicates, cue in _CUES:
        match = cue.search(body)
        own = match is not None and not (
            _NOT_OWN.search(body[: match.start()])
            or _FOR_ANOTHER.match(body, match.end())
            or (_ACT.match(match[0]) and not _MINE.search(match[0]) and _of_another(body[: match.start()]))
        )
        if match is not None and own:
            changed |= predicates & lately if _PAST.search(match[0]) else predicates
    return changed


_FOR_ANOTHER = late(
    r" (?:for|of|from) (?!me\b|us\b|a\b|the\b|my (?:own|new|old|first)\b)(?:my|our|his|her|their|the|(?-i:[A-ZÀ-Þ]))|"
    r"(?: in)?(?<=notice) (?:on|for|to|with) (?:(?:my|the|our|this) )?(?:\w+ )?(?:flat|house|apartment|room|place|"
    r"land(?:lord|lady)|lease|tenancy|studio|gym|bank|insurance|broadband|contract)\b",
    re.IGNORECASE,
)
""" "New job for my brother", "handed in my notice on the flat"."""


def _of_another(before: str) -> bool:
    """True if the words before a verb end with a subject that is not the speaker: "so I hear Dom"."""
    clause = _CLAUSE_START.sub("", before).casefold().split()
    return bool(clause) and _SPEAKERS.isdisjoint(clause) and not _BEFORE_A_VERB.issuperset(clause)


def _chief(value: str) -> set[str]:
    return {word for word in re.findall(r"[\w-]+", value.casefold()) if len(word) > 3} - _SMALL


def _related(predicate: str) -> frozenset[str]:
    """Predicates whose change explains how `predicate` changed."""
    return next((group for group in (_WORK, _HOME, _PARTNER) if predicate in group), frozenset({predicate}))
