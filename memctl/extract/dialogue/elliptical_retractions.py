"""Retractions that depend on earlier drafts: "Nugget died", "packed in amazon", "had to quit rugby".

Such a sentence names the thing that ended but not its relation to the speaker, which comes from earlier drafts.
"""

import re
from collections.abc import Iterable, Iterator

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts, words_of
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.verbs import FORMS, gerund

_ENDED = KeyedPattern(
    r"(?:^|[.!?,;:] *|\b(?:i|i've|ive|i have|we|we've|we have|i'm|i am|and|but|then|just|finally|recently|had to|"
    r"have to|decided to) )(?:(?:finally|just|recently|now|really|right|totally|completely|sadly|also|already|even|"
    r"all|since) )*(?:packed in|jacked in|jack in|chucked in|packing in|given up(?: on)?|gave up(?: on)?|"
    r"giving up(?: on)?|quit|quitting|dropped out of|dropped|dropping|stopped|gone (?:right |totally |completely |"
    r"really )?off|went (?:right |totally |completely |really )?off|done with|finished with|through with|over|"
    r"ditched|binned|sold|flogged|cancelled|canceled|called off|scrapped|no longer (?:have|do|play|use|own|take|eat|"
    r"drink|like|at|with|in|on|into)|got rid of|gave away|had to rehome|split (?:up )?(?:with|from)|broke up with|"
    r"left|rehomed|off) (?P<what>[^.!?;\n]{2,80})",
    re.IGNORECASE,
)
_DIED = KeyedPattern(
    r"(?P<what>[A-Za-zÀ-ž][\w'\-]+)(?:,? (?:has|have|is|was|had))?(?: (?:sadly|just|finally|peacefully))*(?:'s)?(?: "
    r"to be)? (?:died|passed(?: away)?|is dead|gone(?! (?:for|missing|out|on|to|through|all|from|into|up|down|off)\b)|"
    r"put to sleep|no more|crossed the rainbow bridge)\b",
    re.IGNORECASE,
)
_PERSON_DIED = KeyedPattern(
    r"(?P<what>(?-i:[A-ZÀ-Þ])[\w'-]+)(?: has| just| sadly| suddenly| finally| peacefully)* "
    r"(?:died(?! (?:for|inside|laughing|trying)\b| of (?:laughter|laughing|embarrassment|shame|boredom))|"
    r"passed away)\b",
    re.IGNORECASE,
)
_PERSON_LEFT = KeyedPattern(
    r"(?P<what>(?-i:[A-ZÀ-Þ])[\w'-]+)(?: has| have| just| finally| also)* "
    r"(?:left (?:the (?:company|firm|team|practice|department|school|flat|house)|us)\b|resigned\b|moved out\b|"
    r"(?:quit|retired)(?=$|[,.!;]| (?:last|yesterday|today|on|in|his job|her job|the (?:company|firm|team))\b)|"
    r"(?:got|was|been) (?:fired|sacked|laid off|let go)\b)",
    re.IGNORECASE,
)
_NO_MANAGER = KeyedPattern(r"\b(?:i|we)(?: now)? (?:answer|report) to (?:nobody|no one|no-one|noone)\b", re.IGNORECASE)
_GIVEN_AWAY = KeyedPattern(
    r"\b(?:gave|given|give|giving|sold|rehomed|lost|buried) (?P<what>(?:our |my |the )?(?-i:[A-ZÀ-Þ])[\w-]+)(?: away|"
    r" up| to (?:my|our|a|an|the|some|friends|[A-Z])|$|[,.!])",
    re.IGNORECASE,
)
_CALLED_OFF = KeyedPattern(
    r"\bno (?:more )?(?P<what>(?-i:[A-ZÀ-Þ])[\w-]+(?: (?-i:[A-Z])[\w-]+)?) for (?:me|us)\b|(?:^|[.!,;] *|\b(?:the|"
    r"our|my|and|but|so) )(?P<that>[\w'-]+(?: [\w-]+){0,2}?)(?:(?: has|'s)?(?: just| now| sadly)? "
    r"(?:fell|fallen) through|(?:'s| is| are| got| has been| was)(?: now| all)? "
    r"(?:off|cancell?ed|called off|scrapped|not happening|no longer happening))(?=$|[,.!;–-]| (?:now|again|"
    r"sadly|because|this|until)\b)",
    re.IGNORECASE,
)
_HANDED_ON = KeyedPattern(
    r"\b(?:gave|given|passed|handed|donated|giving) (?:(?:my|our) (?:\w+ ){0,2}?\w+ |(?-i:[A-ZÀ-Þ])[\w-]+ )?(?:the|"
    r"my|our) (?P<what>(?:old )?[\w-]+(?: [\w-]+){0,2}?)(?: away(?! for)| on(?= to)|(?= to (?:my|our|an?|the|some|"
    r"(?-i:[A-ZÀ-Þ])))|(?=,? (?:it's|its|and it's|it is)?(?: all)? ?(?:his|hers|theirs)\b))|(?:^|[.!,;] *|\b(?:and|"
    r"but|so|now) )(?:the|my|our) (?P<that>[\w-]+(?: [\w-]+){0,2}?)(?:'s| is| belongs to)(?: all| now)* (?:hers|his|"
    r"theirs|(?:my|our) [\w-]+(?:'s)?|(?-i:[A-ZÀ-Þ])[\w-]+(?:'s)?)(?: now)(?=\W|$)",
    re.IGNORECASE,
)
""" "Gave the bike to my brother", "the bike is his now"."""
_THEIRS_NOW = KeyedPattern(r"\b(?:it's|it is|its)(?: all)? (?:his|hers|theirs) now\b", re.IGNORECASE)
_NOT_MINE = KeyedPattern(
    r"\b(?:he|she|it|they)(?:'s|'re|s| is| are)? ?(?:not|isn't|aren't|isnt|arent)(?: actually| really)? "
    r"(?:mine|ours)\b",
    re.IGNORECASE,
)
""" "Kevin. He's not mine, he's the class's"."""
_OWNED = frozenset({"owns"})
_SUPPOSED = KeyedPattern(
    r"\b(?:if|would|should i|might|thinking (?:of|about)|don't want to|never (?:going|gonna))\b", re.IGNORECASE
)
_CLASS_STOPPED = KeyedPattern(
    r"(?<!n't )(?<!not )(?<!never )\b(?:stopped|quit|dropped|ditched|came off|come off|no more|"
    r"(?:took|taken) (?:me |us )?off|i'm off|im off)(?: taking| giving me)? (?:the |my |that )(?P<what>[a-z]{5,}?)s?"
    r"(?=$|[,.;!)]| (?:and|but|because|cos|since|last|in|for|now|today|completely|altogether|again)\b)",
    re.IGNORECASE,
)
""" "Stopped the statin" ends atorvastatin: the name of a class of drugs is the end of their names."""
_PLANNED = frozenset({"plans"})
_NOT_ANY_MORE = KeyedPattern(
    (
        r"\b(?:don't|dont|do not|can't|cant|cannot|am not|i'm not|we're not|"
        r"(?<!is )(?<!was )not)\b(?P<what>[^.!?;\n]{2,80}?)\b(?:any ?more|any longer)\b"
    ),
    re.IGNORECASE,
)
_PET = frozenset({"has_pet"})
_UNTIL_DEATH = frozenset(
    words(
        "has_neighbor has_friend has_wife has_husband has_partner has_boyfriend has_girlfriend has_fiancé has_fiancée "
        "has_boss has_manager has_colleague has_landlord has_landlady has_roommate has_therapist has_doctor"
    )
)
"""Relations that end with a death; a mother stays one."""
_UNTIL_LEAVING = frozenset(words("has_boss has_manager has_supervisor has_colleague has_roommate"))
_MANAGERS = frozenset({"has_boss", "has_manager"})
_LASTING = frozenset(
    words(
        "dislikes avoids allergic_to intolerant_to has_condition name age birthday hometown event attended "
        "nationality identity"
    )
)
_SMALL = frozenset(words("a an the my our their to of in at on for and with called named"))


_TOGETHER = frozenset(words("seeing dating working living sharing reporting renting having being keeping"))
"""Whoever stops these with a person has that person no longer."""
_KEPT = frozenset({"has_pet", "has_condition"})


_ENDINGS = (
    (_DIED, _PET),
    (_GIVEN_AWAY, _PET),
    (_PERSON_DIED, _UNTIL_DEATH),
    (_PERSON_LEFT, _UNTIL_LEAVING),
    (_CALLED_OFF, _PLANNED),
    (_HANDED_ON, _OWNED),
)
"""Patterns of an end, and the predicates that each may end."""
ENDS = KeyedGroup(
    _ENDED, _NOT_ANY_MORE, _THEIRS_NOW, _CLASS_STOPPED, _NO_MANAGER, *(pattern for pattern, _ in _ENDINGS)
)


def elliptical_retractions(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """Retractions of the drafts in `earlier` that `text` says are over."""
    if not earlier.predicates:
        return
    if "?" in text and not re.search(r"[.!\n].*\?|,.*\?", text):
        return
    if _SUPPOSED.search(text):
        return
    yield from _over(_ENDED, text, earlier, frozenset())
    yield from _over(_NOT_ANY_MORE, text, earlier, frozenset())
    for pattern, ended in _ENDINGS:
        if not ended.isdisjoint(earlier.predicates):
            yield from _over(pattern, text, earlier, ended)
    given = _THEIRS_NOW.search(text)
    if given is not None and len(text[: given.start()].split()) < 2:
        yield from _given(earlier, given.span())
    if "takes_medication" in earlier.predicates:
        yield from _class_stopped(text, earlier)
    if not _MANAGERS.isdisjoint(earlier.predicates):
        yield from _no_manager(text, earlier)


def without_gifts(text: str, drafts: Iterable[Draft]) -> list[Draft]:
    """The drafts without what `text` says to be somebody else's by now: "I bought a kayak, it's hers now"."""
    given = _THEIRS_NOW.search(text)
    return [
        draft
        for draft in drafts
        if given is None or draft.predicate != "owns" or draft.op == "retract" or draft.quote[0] > given.start()
    ]


def disowned(draft: Draft, text: str) -> bool:
    """True for a thing or a pet of which the speaker says that it is somebody else's."""
    return draft.predicate in ("owns", "has_pet") and draft.op == "assert" and bool(_NOT_MINE.search(text))


_MOVED_FROM = KeyedPattern(
    r"\b(?:moved|switched|migrated|went|moving|migrating) (?:[\w' ]{2,20} )??(?:over )?from (?P<old>[\w+#.]+) to ",
    re.IGNORECASE,
)
""" "We moved from Slack to Teams"."""


def leaves_place(draft: Draft, heard: str, earlier: EarlierDrafts) -> bool:
    """True if an employer that ends is a place: it is a home in `earlier`, or is "in Puebla" in the words `heard`."""
    if draft.predicate != "works_at" or draft.op == "assert" or not draft.object:
        return False
    known = {one.predicate for one in earlier.naming(words_of(draft.object)) if one.object == draft.object}
    if "works_at" in known:
        return False
    return not known.isdisjoint({"lives_in", "hometown"}) or bool(
        # "I packed in Amazon" ends a job.
        re.search(
            rf"(?:(?<!packed|jacked) in|happened to|out of) {re.escape(draft.object)}\b|"
            rf"\bleft {re.escape(draft.object)},? (?:and )?(?:i'm |we're |now )?(?:back|home|living) (?:in|to|at)\b",
            heard,
            re.IGNORECASE,
        )
    )


_SOFTWARE_BEFORE = KeyedPattern(
    r"\b(?:writ(?:e|es|ing)|wrote|edit\w*|cod(?:e|ed|ing)|draw(?:ing)?|drew|design(?:ed|ing)?|record(?:ed|ing)?|"
    r"(?:take|took|keep|kept) (?:my )?notes|journal(?:l?ed|l?ing)?|blog(?:ged|ging)?) "
    r"(?:everything |it all )?(?:in|on|with) (?-i:[A-Z])",
    re.IGNORECASE,
)


def moves_software(draft: Draft, text: str) -> bool:
    """True if the speaker moved to a tool, not to a place: "I used to write in Word but moved to Scrivener"."""
    if draft.predicate != "lives_in" or draft.op != "assert":
        return False
    before = _MOVED_FROM.search(text)
    tool = before is not None and compiled("{TOOL_NAMES}|{PROGRAMMING}|{PLATFORMS}").fullmatch(before["old"])
    return bool(tool or _SOFTWARE_BEFORE.search(text))


_REASON = late(r"\b(?:when|because|cos|since|after|before|until|till|while|once)\b.*", re.IGNORECASE | re.DOTALL)
""" "I stopped singing when Ada was born": Ada has not ended."""


def _over(pattern: KeyedPattern, text: str, earlier: EarlierDrafts, only: frozenset[str]) -> Iterator[Draft]:
    for matched in pattern.finditer(text):
        spoken = _words(_REASON.sub("", matched.groupdict().get("that") or matched["what"] or ""))
        form = FORMS.get(spoken[0]) if spoken else None
        if form is not None and form[1] == "base":
            spoken = [gerund(spoken[0]), *spoken]
        for draft in earlier.naming(spoken + [f"{word}e" for word in spoken]):
            if draft.subject is not None or draft.predicate == "instruction" or draft.predicate in _LASTING:
                continue
            if only and draft.predicate not in only:
                continue
            if _only_an_activity(spoken) and draft.predicate.startswith("has_") and draft.predicate not in _KEPT:
                continue
            chief = _words(draft.object or "")
            if draft.predicate == "has_pet":
                chief = _pet_names(draft.object or "") or chief
            if only == _PLANNED:
                chief = [word for word in spoken if word in chief or f"{word}e" in chief]
            if chief and _about(spoken, chief):
                yield retraction(draft, matched.span())


def _only_an_activity(spoken: list[str]) -> bool:
    """True for "walking with Birgit": who stops it still has her as a neighbour."""
    first = spoken[0] if spoken else ""
    return first.endswith("ing") and len(first) > 5 and first not in _TOGETHER


def _given(earlier: EarlierDrafts, span: tuple[int, int]) -> Iterator[Draft]:
    """The end of the one thing that the last turn said to be owned."""
    owned = [draft for draft in earlier.last_turn() if draft.predicate == "owns" and draft.subject is None]
    if len(owned) == 1:
        yield retraction(owned[0], span)


def _no_manager(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    nobody = _NO_MANAGER.search(text)
    if nobody is None:
        return
    for draft in list(earlier.standing.values()):
        if draft.predicate in _MANAGERS and draft.subject is None:
            yield retraction(draft, nobody.span())


def _class_stopped(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    stopped = _CLASS_STOPPED.search(text)
    if stopped is None:
        return
    ending = stopped["what"].casefold()
    for draft in list(earlier.standing.values()):
        drug = (draft.object or "").casefold()
        if draft.predicate == "takes_medication" and draft.subject is None and drug != ending and drug.endswith(ending):
            yield retraction(draft, stopped.span())


def _pet_names(text: str) -> list[str]:
    return [word.casefold() for word in re.findall(r"(?<![\w'])[A-ZÀ-Þ][\w-]+$", text)]


def _about(spoken: list[str], words: list[str]) -> bool:
    """True if the phrase starts with the object: all of its words, or a long one of them."""
    lead = spoken[: len(words) + 1]
    return all(word in lead for word in words) or bool(spoken and spoken[0] in words and len(spoken[0]) > 3)


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[\w\-+#]+", text.casefold()) if word not in _SMALL]
