"""Corrections: "scratch that", "sorry, I mean Newport", "switched from law to philosophy"."""

import difflib
import re
from collections.abc import Iterable, Iterator

import msgspec

from memctl.core.late_pattern import late
from memctl.core.predicates import SINGLE_VALUED, kind_of
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts, words_of
from memctl.extract.grammar.noun_phrases import noun, proper
from memctl.extract.patterns.keyed_pattern import KeyedPattern, OpeningPattern

_SORRY = (
    r"sorry|no[, ]+wait|wait[, ]+no|wait|actually[, ]+no|no[, ]+actually|actually|oops|scratch that|"
    r"strike that|correction|make that|no|or rather|well|"
    r"hang on|hold on|i tell a lie|tell a lie|my mistake|my bad|i lied|let me correct that|autocorrect"
)
REPAIR = KeyedPattern(
    (
        rf"(?:^|[,;—–\-.…]\s*|\s)(?:(?:(?:{_SORRY})\b[,.:—–]*\s*)+(?:(?:i meant to say|i meant?|it's|its|it is|"
        r"make that|that should be|should be|rather|not \w+(?:[,;] (?:but )?| but )|(?<=no wait, )|(?<=no, wait, )|"
        r"(?<=no sorry, ))|(?=\d[\w/.:-]*$))|"
        r"make that(?! an? (?:letter|list|table|note|message|poem|e-?mail|summary|chart|rule|habit)\b)|"
        r"(?<=[,;—–\-.…] )i meant?(?= [\w-]+(?: [\w-]+)?$))[,:]?\s*(?P<o>.+)$"
    ),
    re.IGNORECASE,
)
IT_IS = late(
    rf"^(?:(?:(?:{_SORRY})[,. ]*)*(?:it's|it is|i meant|i mean|make that)|"
    rf"(?P<own>(?:(?:{_SORRY})[,.] *)+)(?=(?-i:[A-ZÀ-Þ])[\w-]+$))"
    r"\s*(?P<o>.+)$",
    re.IGNORECASE,
)
SCRATCH = OpeningPattern(
    (
        r"^\W*(?:(?:oops|no|wait|sorry|actually|ok|hmm),?\s+)*(?:scratch that|strike that|forget (?:that|"
        r"what i (?:just )?said)|ignore that|never ?mind(?: that)?|correction|i take that back|"
        r"that's (?:wrong|not right|no longer true|not true))\b"
    ),
    re.IGNORECASE,
)
CUE = KeyedPattern(
    r"\b(?:no wait|wait,? no|autocorrect|oops|sorry|correction|scratch that|actually)\W*\w*\W*$", re.IGNORECASE
)
""" The next sentence corrects one that ends like this."""


def restated(sentence: str, before: str, *, repaired: bool) -> re.Match[str] | None:
    """The match of a sentence that only corrects the one `before` it: "No wait, Bruges."."""
    match = IT_IS.match(sentence)
    return match if match and (match["own"] or repaired or CUE.search(before)) else None


EXCHANGE = KeyedPattern(
    (
        r"\b(?:switched|changed|transferred|moved|swapped|went|converted|switching|"
        r"changing) (?:\w+ )?from (?P<old>[\w+#.\- ]{2,40}?) to (?P<new>[\w+#.\- ]{2,40}?)(?=$|[,;.!]|"
        r"\s(?:and|because|last|this|in|at|for|as|since|after|over|yesterday|now|btw|so|but|which|though|tho|lol)\b)"
    ),
    re.IGNORECASE,
)
_CHANGEABLE = frozenset({"studies", "job_title", "diet", "takes_medication", "hobby", "likes", "prefers", "learning"})


def retraction(old: Draft, span: tuple[int, int]) -> Draft:
    """The draft that retracts `old`."""
    return msgspec.structs.replace(old, quote=span, op="retract", valid_at=None, invalid_at=None, precision=None)


_SCRAPPED = OpeningPattern(
    r"^\W*(?:(?:oops|no|nah|wait|sorry|actually|ok|okay|hmm|right|so|oh),?\s+)*"
    r"(?:(?:scrap|scratch|strike|forget|cancel) "
    r"that\b(?! (?:last|one|first|idea about|i said))|change of plans?\b|plans? (?:has |have )?changed\b)",
    re.IGNORECASE,
)


def scrapped_plan(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """The end of the one plan of the turn before, which `text` scraps: "Scrap that, Porto in June instead"."""
    if not earlier.plans or not _SCRAPPED.match(text):
        return
    last = [one for one in earlier.last_turn() if one.predicate == "plans" and one.subject is None]
    if len({one.object for one in last}) == 1:
        yield retraction(last[0], (0, len(text.rstrip())))


def retractions(last: Iterable[Draft], drafts: list[Draft], span: tuple[int, int]) -> Iterator[Draft]:
    """Retractions of `last`, except for single-valued predicates that `drafts` replace anyway."""
    replaced_keys = {
        (draft.subject, draft.predicate, draft.slot) for draft in drafts if draft.predicate in SINGLE_VALUED
    }
    related = {draft.predicate for draft in drafts}
    for old in last:
        replaced = (old.subject, old.predicate, old.slot) in replaced_keys
        if old.op == "assert" and not replaced and (not drafts or old.predicate in related):
            yield retraction(old, span)


_FORGET = KeyedPattern(
    r"""
    (?:^|[.!?\n;]\s*|,\s*|\band\s+)
    (?:(?:please|pls|just|ok(?:ay)?,?|(?:can|could|would|will)\ you|you\ (?:can|should|may)
       |i\ (?:want|need|would\ like)\ you\ to|i'd\ like\ you\ to)\s+)*
    (?:(?:forget|disregard|ignore|unlearn|delete|remove|erase|scratch)\s+(?:about\s+)?
       (?:the\ (?:fact|thing|note|memory|bit|part)\s+)?(?:that|where)
      |(?:do\ not|don'?t|stop|no\ need\ to|never)\ (?:remember|save|sav|store|stor|keep|note|not)(?:ing)?\s+
       (?:the\ fact\s+)?that)\s+
    (?=(?:i|i'm|i've|im|my|we|we're|our)\b)[^.!?\n]*
    """,
    re.IGNORECASE | re.VERBOSE,
)


def withdrawn(text: str, drafts: Iterable[Draft]) -> Iterator[Draft]:
    """The drafts, as retractions where the text takes them back: "forget that I live in Ghent"."""
    spans: list[tuple[int, int]] | None = None
    for draft in drafts:
        spans = [match.span() for match in _FORGET.finditer(text)] if spans is None else spans
        start, end = draft.quote
        inside = any(start < last and end > first for first, last in spans)
        yield retraction(draft, draft.quote) if inside and draft.op == "assert" else draft


_A_NUMBER = late(r"\d[\d.,:/]*(?<=\d)(?:st|nd|rd|th)?")
_BARE_NUMBER = late(r"(\d+(?:[.,]\d+)?)\W*")


def repaired_by(text: str, drafts: list[Draft]) -> Draft:
    """The one of `drafts` that a correction with `text` is about: the last dose for a bare number, else the last."""
    doses = [draft for draft in drafts if draft.predicate == "dose"]
    return doses[-1] if doses and _BARE_NUMBER.fullmatch(text) else drafts[-1]


_EXCUSE = late(
    r"(?:i|my|that|it) (?:typed|wrote|said|mixed|meant|was|were|am|always|keep|got|misread|"
    r"thumb|phone|autocorrect)\b[^,.;]*[,.;] ",
    re.IGNORECASE,
)
_STATEMENT = late(r"(?:i|that|it|we|you|they)(?:'s|'m)? [a-z]+", re.IGNORECASE)


def repairs(text: str, old: Draft, span: tuple[int, int]) -> Iterator[Draft]:
    """ "I live in Newcastle, sorry, I mean Newport": the value in `text` replaces that of `old`."""
    dose = _BARE_NUMBER.fullmatch(text)
    if dose and old.predicate == "dose" and old.object and old.op != "retract":
        text = _A_NUMBER.sub(dose[1], old.object, count=1)
        yield msgspec.structs.replace(
            old, object=text, phrase=old.phrase.replace(old.object, text), quote=span, corrects=True
        )
        return
    text = _EXCUSE.sub("", text)
    if _STATEMENT.match(text):
        return  # "Sorry, I typed that on my phone"
    value = proper(text) or noun(re.sub(r"\s+with a \w\b.*$", "", text), limit=4)
    if value is None or old.object is None or old.op == "retract" or value.casefold() == old.object.casefold():
        return
    value = re.sub(r"^an? ", "", value) if old.predicate == "job_title" else value
    if value[:1].isdigit():
        if not re.search(r"\d", old.object):
            return
        value = f"in {value}" if old.object.startswith("in ") else value
    if old.predicate in ("event", "attended", "plans", "instruction") or old.object[:1].isupper() > value[:1].isupper():
        return
    if old.predicate not in SINGLE_VALUED:
        yield retraction(old, span)
    yield msgspec.structs.replace(
        old, object=value, phrase=old.phrase.replace(old.object, value), quote=span, corrects=True
    )


_NUMBER_ACTUALLY = late(
    r"\W*(?:(?:sorry|no|wait|oops|hang on|oh)\b[,. ]*)*(?:it's |its |it was |make that |that's |thats )?"
    r"(?P<o>\d[\d.,:/]*(?<=\d)(?:st|nd|rd|th)?)(?: ?[a-z%]{1,5})?,? (?:actually|sorry|i mean|i meant)\b"
    r"(?=\W*(?:$|[,.;!–—(]|lol|haha|oops|i (?:mis\w+|meant|mixed|typed|was wrong|checked|looked)))",
    re.IGNORECASE,
)


_NO_ITS_A_NUMBER = late(
    r"\W*(?:(?:ah|oh|sorry|no|wait|oops|hang on)\b[,. ]*)+(?:it's|its|it was|make that|that's|thats|should be|i meant?|"
    r"i meant to say) "
    r"(?:in )?(?P<o>\d[\d.,:/]*(?<=\d))(?: ?(?:mg|mcg|ml|g))?\W*$",
    re.IGNORECASE,
)
""" "Ah no, that's 40", and nothing else."""


def corrected_numbers(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "36:12 actually": the number replaces the one of the same form in the last turn, if there is only one."""
    last = earlier.last_turn()
    match = (_NUMBER_ACTUALLY.match(text) or _NO_ITS_A_NUMBER.match(text)) if last else None
    if match is None:
        return
    form = _form(match["o"])
    if form == "0000" and (dated := [draft for draft in last if draft.precision and draft.valid_at is not None]):
        yield from _other_year(dated, int(match["o"]), match.span("o"))
        return
    meant = [
        (draft, number)
        for draft in last
        for number in _A_NUMBER.findall(draft.object or "")
        if _form(number) == form and number != match["o"]
    ]
    if len(meant) != 1 or meant[0][0].kind == "procedure":
        return
    old, number = meant[0]
    if old.predicate not in SINGLE_VALUED:
        yield retraction(old, match.span("o"))
    value, phrase = (words.replace(number, match["o"]) for words in (old.object or "", old.phrase))
    yield msgspec.structs.replace(old, object=value, phrase=phrase, quote=match.span("o"), corrects=True)


def _other_year(dated: list[Draft], year: int, span: tuple[int, int]) -> Iterator[Draft]:
    """ "Sorry, I meant 2021" after one statement with a date."""
    for old in dated if len({draft.valid_at for draft in dated}) == 1 else ():
        if old.valid_at is None or not 0 < abs(old.valid_at.year - year) < _LIFETIME or old.valid_at.day > 28:
            continue
        phrase = old.phrase.replace(str(old.valid_at.year), str(year))
        yield retraction(old, span)
        yield msgspec.structs.replace(
            old, phrase=phrase, valid_at=old.valid_at.replace(year=year), quote=span, corrects=True
        )


_LIFETIME = 100


def _form(number: str) -> str:
    return re.sub(r"(?:st|nd|rd|th)$", "th", re.sub(r"\d", "0", number.lower()))


_ASTERISK = late(r"^\s*\*\s?(?P<o>[^\W\d_][\w'-]*(?: [^\W\d_][\w'-]*)?)(?=\s*$|\*|[,.!;:(])")
_ALIKE = 0.6
"""How alike a mistyped word and its correction are, at least."""


def asterisks(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "*Anneke, damn autocorrect": the word replaces the most similar word of the last turn."""
    last = earlier.last_turn()
    match = _ASTERISK.match(text) if last else None
    if match is None:
        return
    new = match["o"]
    for old in last:
        words = [
            word for word in re.findall(r"[^\W\d_][\w'-]*", old.object or "") if word[:1].isupper() == new[:1].isupper()
        ]
        close = difflib.get_close_matches(new, [word for word in words if word != new], 1, _ALIKE)
        if close and old.object:
            value = old.object.replace(close[0], new)
            if old.predicate not in SINGLE_VALUED:
                yield retraction(old, match.span("o"))
            phrase = old.phrase.replace(close[0], new)
            yield msgspec.structs.replace(old, object=value, phrase=phrase, quote=match.span("o"), corrects=True)


_INSTEAD = KeyedPattern(
    r"\b(?:now|nowadays|these days|instead|actually|switch(?:ed|ing)|migrated|moved|changed|went|gone|"
    r"converted|from now on)\b",
    re.IGNORECASE,
)


def replacements(text: str, drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Retractions of the things of the same kind that `drafts` replace: "I use Zed now" ends other editors."""
    for draft in drafts:
        kind = kind_of(draft.object)
        if draft.op != "assert" or kind is None or draft.predicate not in ("uses", "prefers"):
            continue
        if _INSTEAD.search(text[draft.quote[0] : draft.quote[1]]):
            phrase = f"{'uses' if draft.predicate == 'uses' else 'prefers'} another {kind}"
            yield msgspec.structs.replace(
                draft, object=None, slot=kind, phrase=phrase, op="retract", denial=True, valid_at=None, precision=None
            )


def exchanges(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "Switched from law to philosophy": read together with the earlier draft that the speaker studies law."""
    match = EXCHANGE.search(text)
    if match is None or "?" in text:
        return
    old, new = match["old"].strip().casefold(), noun(match["new"])
    if new is None:
        return
    for draft in earlier.naming(words_of(old)):
        if draft.predicate in _CHANGEABLE and draft.object and draft.object.casefold() == old:
            yield retraction(draft, match.span())
            phrase = draft.phrase.replace(draft.object, new)
            yield msgspec.structs.replace(draft, object=new, phrase=phrase, quote=match.span(), valid_at=None)
            return
