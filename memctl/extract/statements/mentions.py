"""Drugs and illnesses: words of a closed vocabulary that state a claim by themselves.

"Pantoprazole 40 before breakfast" and "torn meniscus, says the doctor" have no verb for the rules to match. Such a word
counts if the clause asserts it of the speaker, or of the person that the clause is about.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import repeat

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.clauses import MAY, NEGATED
from memctl.extract.grammar.compounds import describes_noun
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import spoken_words, vocabulary, words
from memctl.extract.rule_tables import compiled, filled
from memctl.extract.statements.amounts import amount_in_words, amount_of
from memctl.extract.statements.mention_subjects import (
    DONE_TO_SPEAKER,
    SOMEBODY_ELSE,
    TRAIT,
    is_about_another,
    is_about_itself,
    is_of_another,
    names_speaker,
)

_UNCERTAIN = KeyedPattern(
    rf"\b(?:react\w*|like|as if|gets?|no|not|never|\w+n't|{NEGATED}|without|if|would|should|could|might|{MAY}|maybe|"
    r"perhaps|almost|nearly|like an?|or|any|whether|risk of|rule out|test(?:ed)? for|about|against|versus|vs|"
    r"imagine|quiz|book|study|research|sell|sells|selling|history of|runs in|used to|wish|wants?(?! (?:me on|"
    r"that i take)\b)|which|what|ever|film|gives?|gave|fears?|more than|another|(?<!my )dose of|offered|order for|"
    r"for an?|allerg\w+|calls?|bottle|song|rehearsals?|said|hope|cured?|cures|drama|series|soap|episode)\b",
    re.IGNORECASE,
)
_ENDED_BEFORE = late(
    r"(?:\b(?:off|stopped|stopping|tapering|quitting|stop|quit|dropped|ditched|finished|binned|axed|scrapped|nixed|"
    r"shelved|kicked|cut out|done with|finished with|no more|nae mair|instead of|"
    r"came off|come off|taken off|weaned off|"
    r"gone off|down from|goodbye to|bye|bye bye|threw out|gave up|given up|switched from|was on|were on|was taking|"
    r"used to be on|had been on)(?: taking| the| my| on| with| of)*\s)$",
    re.IGNORECASE,
)
_WISHED = late(
    r"(?:\b(?:would|want(?:s|ed)?|hope|hoping|love|like|wish|might|should|could|nearly|almost|thinking|considering|if)|"
    r"'d)\b[^,.;]*$",
    re.IGNORECASE,
)
_SOME_DAY = late(r"[^,.;]*\b(?:maybe|next (?:week|month|year)|(?:one|some) ?day|soon|eventually)\b", re.IGNORECASE)
""" "I'd love to come off it", "off it next month maybe": it is still taken."""
_CUT = late(r"\bcut (?:the |my )$", re.IGNORECASE)
_DROPPED = late(r"\bdropped (?:the |my )$", re.IGNORECASE)
_LOWERED = late(r"(?: \w+)? (?:to|by|in (?:half|two)|back|down)\b|,? \d", re.IGNORECASE)
""" "Cut the metformin" ends it, "cut the metformin in half" does not."""
_FORMERLY = late(
    r"(?:^\W*|\b(?:i|we|he|she|they|[\w-]+(?: (?-i:[A-ZÀ-Þ])[\w-]+)?) )(?<!it )(?<!'ve )(?<!have )(?<!has )"
    r"(?:was|were|had)(?: (?:an?|really|quite|severely?|bad|mild|bit|very))* $",
    re.IGNORECASE,
)
""" "I had asthma", "was diabetic": it may be over. "It was shingles" is a diagnosis."""
_FOUND_OUT = late(r"\b(?:told|found out|learn(?:ed|t)|turn(?:s|ed) out|confirmed|reali[sz]ed|knew)\b", re.IGNORECASE)
_EXCHANGED = late(
    r"\b(?:changed|swapped|switched|replaced|moved|from)(?: me| us)?(?: from)?(?: my| the)? $", re.IGNORECASE
)
_FOR_ANOTHER = late(r" (?:to|for|with|by|onto)\b(?! ?\d)", re.IGNORECASE)
""" "Changed warfarin to apixaban" ends the first."""
_ENDED_AFTER = late(
    r"(?:'s| is| was| has| are| has been| goes| went| got)*(?: now| all| been)* (?:stopped|finished|done|"
    r"gone(?! (?:up|down|from|to|back))|away|off|over(?! the counter)|"
    r"suspended|out(?! of)|cancelled|binned|history)\b|,? (?:i )?(?:stopped|quit|gave up|threw|dropped)\b|"
    r",? i(?:'m| am)(?: now)? off\b",
    re.IGNORECASE,
)
_NOT_MINE_AFTER = late(
    r" (?:that |which )?(?:makes?|made|gives?|gave) (?:me|my)\b|"
    r"(?: of a different kind| and (?:me|i) (?:don't|do not|never)\b|,? i (?:really |just |also )*"
    r"(?:can't|cannot|cant|mustn't|may not|must not|(?:do not|don't|dont|never|won't|will not) "
    r"(?:touch|take|have|use))\b|"
    r" my (?:butt|arse|ass|foot|eye|backside)\b| just \w+ing| (?:training|nurse|research|"
    r"tests?|study|thing|visits?|rounds?|patients?|clinics?|appointments?)\b| in (?:the|my|our) family\b)|"
    rf"(?:[^,;.]* (?:for|of|to|in) my|: .*\b(?:my|our)) (?:\w+ )?(?:{filled('{RELATIONS}')})\b|"
    r"(?: (?:now|too|also|confirmed|diagnosed|suspected))* (?:for|in) (?:him|her|them|(?-i:[A-ZÀ-Þ])[\w-]+)(?: too|"
    r" as well| also| now|$|[,.;!])| (?:gives?|gave|made|makes|was wrecking|last time|years ago|in (?:19|20)\d\d|"
    r"as a (?:kid|child)|(?:until|till) (?!now\b))\b|\?|[,:]? (?:no|negative|ruled out)(?=$|[,.;!])",
    re.IGNORECASE,
)
_PROPOSED = late(
    r"\bwant(?:s|ed)? (?:me|us) on (?:the |some )?$|\b(?:i'd|we'd|they'd|would|could|might) be (?:\w+ )?(?:on|off) "
    r"(?:the |my )?$|\b(?:talk\w*|think\w*|thought|spoke) (?:of|about) .*$",
    re.IGNORECASE,
)
""" "The doctor wants me on statins", "I'd be off it tomorrow": nothing that the speaker takes or has stopped."""
_FOR_SOMEBODY = late(r"\bfor (?-i:[A-ZÀ-Þ])[\w-]+:", re.IGNORECASE)
""" "A pill chart for Abba: …"."""
_DOSED = late(r",? (?:at )?\d", re.IGNORECASE)
_PART = late(r"[;:]| so |, and ")
_DENIED = late(r"\b(?:no|not|never)\W*$", re.IGNORECASE)
_ALLERGIES = KeyedPattern(r"\ballergies:", re.IGNORECASE)
""" "Allergies: pollen, amoxicillin": not what the speaker takes."""
_FURTHER = late(r", $")
""" "Diabetes, type 2" is one illness."""


@cache
def _drug() -> re.Pattern[str]:
    return compiled(r"(?<![\w-])(?P<o>{MEDICINE})(?![\w-])")


@cache
def _bare() -> re.Pattern[str]:
    return compiled(
        r"\W*(?:(?:ok|okay|fine|right|yes|yeah|sure|just|so|good|then|and|or|the)\b\W*)*{MEDICINE}"
        r"(?:\W+(?:then|it is|please|thanks|ok|okay))*\W*"
    )


def is_drug(word: str) -> bool:
    """True for the name of a drug."""
    return bool(_drug().fullmatch(word))


def is_bare(text: str) -> bool:
    """True for a turn that says nothing but the name of a drug: it may accept one that was offered."""
    return len(text) < _LONGEST_BARE and bool(_bare().fullmatch(text))


_LONGEST_BARE = 60
_JOINS = r"(?:and|or|but|so|from|since|is|are|was|for|with|when|because|at|on|to|that|which|by|after)\b"


@cache
def _illness() -> re.Pattern[str]:
    return compiled(
        r"(?<![\w-])(?P<o>(?:{ILLNESS_TRAITS} )*(?:{ILLNESSES})(?: (?:in|of) (?:my|the|both|one|left|right) "
        r"(?!(?:spring|summer|autumn|fall|winter|morning|evening|night|past|end|family|meantime)\b)"
        rf"(?:(?!{_JOINS})\w+ )?(?!{_JOINS})\w+)?)(?![\w-])"
    )


_COMMON = frozenset(
    words(
        "high blood disease early stage heart back user cell hard long error civil last type water sign language acid "
        "low"
    )
)
"""Words of the vocabularies that are too frequent to show that a member of one is near."""


@cache
def told_by(pattern: str) -> frozenset[str]:
    """Words of which at least one occurs in every text that has a member of the vocabulary."""
    return frozenset(word for word in vocabulary(filled(pattern)) if len(word) > 2) - _COMMON


@cache
def _drug_endings() -> tuple[str, ...]:
    endings = re.search(r"\[a-z\]\{2,\}\(\?:([^()]*)\)", filled("{MEDICINE}"))
    return tuple(endings[1].split("|")) if endings else ()


def _names_drug_or_illness(word: str) -> bool:
    return word in told_by("{MEDICINE}") or word in told_by("{ILLNESSES}") or word.endswith(_drug_endings())


HINTS = KeyedGroup(test=_names_drug_or_illness)
"""Words with which a drug or an illness may be mentioned."""


def may_name(spoken_: frozenset[str], pattern: str) -> bool:
    """False if no member of a vocabulary is among these words."""
    return not told_by(pattern).isdisjoint(spoken_)


def may_mention(text: str) -> tuple[bool, bool]:
    """Whether a drug and an illness may be among the words of a text or of a part of it."""
    said = spoken_words(text)
    drugs = may_name(said, "{MEDICINE}") or any(map(str.endswith, said, repeat(_drug_endings())))
    return drugs, may_name(said, "{ILLNESSES}")


def is_done_to_speaker(text: str) -> bool:
    """Whether somebody puts the speaker on a medicine: "her doctor has me on sertraline"."""
    return any(DONE_TO_SPEAKER.search(text[: match.start()]) for match in _drug().finditer(text))


def mentioned(
    text: str,
    span: tuple[int, int],
    person: tuple[str, str] | None,
    read: Iterable[Draft],
    context: str,
) -> Iterator[Draft]:
    """The drafts of a clause about a `person` (None: the speaker), in addition to those that the rules have `read`.

    `context` has the sentence before and, after a separator, what the sentence of the clause says before it.
    """
    drugs, illnesses = may_mention(text)
    if not (drugs or illnesses) or HIDDEN in text:
        return
    earlier, _, opening = context.partition("\x1e")
    if person is None and _FOR_SOMEBODY.search(opening + text):
        return
    if (person is None and SOMEBODY_ELSE.search(f"{in_lower_case(opening)} ")) or _DENIED.search(opening):
        return
    if person is None and is_about_another(f"{opening} {text}", earlier):
        return
    subject, owner = person or (None, None)
    read = list(read)
    taken = " ".join((draft.object or "").casefold() for draft in read)
    for match in _drug().finditer(text) if drugs else ():
        yield from _in_words(text, match, read)
        op = None if match["o"].casefold() in taken else _asserted(text, match, subject)
        if op is not None:
            yield from _medicine(text, match, op, span, person)
    for match in _illness().finditer(text) if illnesses else ():
        name = match["o"]
        if name.casefold() in taken or (taken and _FURTHER.search(text[: match.start()])):
            continue
        if _asserted(text, match, subject) == "assert":
            taken += name.casefold()
            verb = "is" if TRAIT.fullmatch(name.split()[-1]) else "has"
            yield _draft("has_condition", name, f"{verb} {name}", span, subject, owner)


def _in_words(text: str, match: re.Match[str], read: list[Draft]) -> Iterator[Draft]:
    """The dose in words of a medicine that the rules have `read`: "I take meloxicam, fifteen milligrams"."""
    name = match["o"].casefold()
    for draft in read:
        if (draft.predicate, draft.op, (draft.object or "").casefold()) == ("takes_medication", "assert", name):
            amount = amount_in_words(text, match.end())
            if amount:
                phrase = f"takes {draft.object} {amount}"
                yield msgspec.structs.replace(draft, predicate="dose", object=amount, slot=name, phrase=phrase)


def _medicine(
    text: str, match: re.Match[str], op: str, span: tuple[int, int], person: tuple[str, str] | None
) -> Iterator[Draft]:
    """The drafts of a medicine that a clause says is taken or over (`op`), and of how much of it is taken."""
    subject, owner = person or (None, None)
    name = match["o"]
    yield _draft("takes_medication", name, f"takes {name}", span, subject, owner, ended=op == "retract")
    of_them = person is not None and names_speaker(text)
    amount = None if of_them or op != "assert" else amount_of(text, match.start(), match.end())
    if amount:
        told = _draft("dose", amount, f"takes {name} {amount}", span, subject, owner)
        yield msgspec.structs.replace(told, slot=name.lower())


def _asserted(text: str, match: re.Match[str], subject: str | None) -> str | None:
    """Whether the words before and after a word assert it ("assert") or end it ("retract"), None if neither."""
    before, after = text[: match.start()], text[match.end() :]
    if _NOT_MINE_AFTER.match(after) or describes_noun(after):
        return None
    others = subject is None and not DONE_TO_SPEAKER.search(before)
    if others and (is_of_another(before, match["o"]) or SOMEBODY_ELSE.search(f"{in_lower_case(before)} ")):
        return None
    if _is_not_current(before, after) or (subject is not None and _is_not_of_them(before, after)):
        return None
    if _ALLERGIES.search(before) or (_FORMERLY.search(before) and not _FOUND_OUT.search(before)):
        return None
    if _ENDED_BEFORE.search(before) and (_WISHED.search(before) or _SOME_DAY.match(after)):
        return None
    if _DROPPED.search(before) and _LOWERED.match(after):
        return "assert"
    if _ENDED_BEFORE.search(before) or _ENDED_AFTER.match(after) or (_CUT.search(before) and not _LOWERED.match(after)):
        return "retract"
    if _EXCHANGED.search(before) and _FOR_ANOTHER.match(after):
        return "retract"
    if is_about_itself(before, after):
        return None
    return None if _UNCERTAIN.search(_PART.split(before)[-1]) else "assert"


def _is_not_current(before: str, after: str) -> bool:
    """True for a drug that is proposed, is to be started, was taken once, or is taken for days."""
    if not _DOSED.match(after) and (_PROPOSED.search(before) or _ONCE_TAKEN.search(before)):
        return True
    if _SHORT_COURSE.match(after):
        return True
    return _TO_START.search(before) is not None and _LATER.search(after) is not None


_SHORT_COURSE = late(
    r" (?:(?:until|till|til) (?:mon|tues|wednes|thurs|fri|satur|sun|the \d|next|\d)|for (?:an?|one|two|three|\d+) "
    r"(?:more )?(?:days?|weeks?|nights?)\b)",
    re.IGNORECASE,
)
""" "On antibiotics until Sunday" is over before long."""
_TO_START = late(r"\b(?:start(?:ing)?|begin(?:ning)?|going on|put(?:ting)? me on)(?: on| with| the)* $", re.IGNORECASE)
_LATER = late(
    r"\b(?:next (?:week|month)|tomorrow|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|once|when|if|soon)\b",
    re.IGNORECASE,
)
""" "Starting Elvanse next week": not taken yet."""
_ONCE_TAKEN = late(
    r"\b(?:took|popped|necked)(?: (?:an?|some|two|three|\d+|a couple of|more|my|the last))* $", re.IGNORECASE
)
""" "Took paracetamol for my head" was once."""
_THEIR_OWN = compiled(r"\b(?:his|her|their|[A-ZÀ-Þ][\w-]+'s) (?:\w+ )?(?:{RELATIONS})(?:'s| is| has| takes)\b")
""" "His mam's coeliac": of another than the one whom the clause before is about."""
_DIED_OF = late(r"\b(?:died|dead|death|dying|passed|lost|late)\b", re.IGNORECASE)
""" "Dad died of cancer" says nothing of his health now."""


def _is_not_of_them(before: str, after: str) -> bool:
    """True for an illness of which somebody died, or that a relative of theirs has."""
    return bool(_DIED_OF.search(before) or _THEIR_OWN.search(before))


def in_lower_case(text: str) -> str:
    """`text` with drugs and illnesses in lower case, so that they do not look like names of people."""
    return _illness().sub(lambda match: match[0].lower(), _drug().sub(lambda match: match[0].lower(), text))


def _draft(
    predicate: str,
    value: str,
    phrase: str,
    span: tuple[int, int],
    subject: str | None,
    owner: str | None,
    *,
    ended: bool = False,
) -> Draft:
    return Draft(
        predicate=predicate,
        object=value,
        phrase=phrase,
        quote=span,
        subject=subject,
        owner=owner,
        op="retract" if ended else "assert",
        confidence=0.8,
        category="health",
    )
