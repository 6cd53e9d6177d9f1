"""A new dose of a medicine that is taken already: "the warfarin is down to 3 mg", "they've put me up to 50".

The medicine is named in the same sentence, or it is the only one of the speaker with a dose that was told.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.dialogue.named_again import OBJECT, Naming, is_for, namings, people_in
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.filters.assertion_filter import declarative
from memctl.extract.grammar.segmentation import HIDDEN, plain, sentences
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.last_mentioned import Person
from memctl.extract.statements.amounts import with_unit_of

_UNIT = r"(?:mgs?|milligrams?|mcg|micrograms?|µg|g|grams?|ml|iu|units?|puffs?|tablets?|drops)"
_AMOUNT = (
    rf"(?P<o>\d+(?:[.,]\d+)?(?: ?{_UNIT})?)(?![\w%:/£$€-]|[.,]\d| ?(?:x|times|days?|weeks?|months?|years?|hours?|am|pm|"
    r"o'clock|minutes?|years|per cent|percent|people|euros?|dollars?|pounds|st|nd|rd|th)\b)"
)
_RAISED = (
    r"(?:bumped|put|upped|raised|increased|doubled|cut|lowered|reduced|dropped|halved|moved|turned|changed|switched|"
    r"brought|taken|titrated|tapered|stepped|pushed|gone|went|goes|going|come|came|comes)"
)
CUES = frozenset(
    words(
        "bumped put adjusted changed upped raised increased doubled cut lowered reduced dropped halved moved brought "
        "titrated tapering tapered stepped up down now noo from since goes went dose instead again back"
    )
)
_NAMED = tuple(
    late(text.replace("OBJ", OBJECT), re.IGNORECASE)
    for text in (
        rf"OBJ(?: dose)?(?:'s|s| is| was| has| got| gets| been| now| just| finally|'ve)*(?: {_RAISED})?(?: back)?"
        rf"(?: up| down)?,?(?: from \d+(?:[.,]\d+)?(?: ?{_UNIT})?)? t(?:o|ae) {_AMOUNT}",
        rf"OBJ[^.;?]{{0,45}}\bnow (?:it'?s |at |on |only |just )?{_AMOUNT}",
        r"\b(?:up|down|back up|back down|upped|bumped|increased|reduced|cut|lowered|raised|moved|put) (?:me |us |"
        rf"him |her |my |up |down |back )*(?:to|on to) {_AMOUNT} (?:of |on )?(?:the |my |his |her )?OBJ",
        rf"\bon {_AMOUNT} of (?:the |my |his |her )?OBJ now\b",
    )
)
_UNNAMED = tuple(
    late(text, re.IGNORECASE)
    for text in (
        rf"\b(?:put|upped|bumped|moved|taken|took|brought|titrated|increased|raised|lowered|reduced|stepped|got) "
        rf"(?:me|us)(?: up| down| back)*(?: to| on)? {_AMOUNT}",
        rf"(?:^|[,;] ?|\b(?:and|so|i'm|im|i am|(?:got|has|have|had) me) )on {_AMOUNT}(?= (?:now|noo)\b)",
        rf"\b(?:doctor|gp|nurse|consultant|clinic|psych\w*|they|dr \w+)(?:'s|'ve| has| have)?(?: just)? (?:upped|"
        rf"raised|increased|lowered|reduced|cut|put) it(?: up| down)? to {_AMOUNT}",
        rf"\b(?:the |my )?dose(?:'s| is| was| has| got| been| now| went| goes| gone)*(?: {_RAISED})?(?: up| down| "
        rf"back)* (?:to|now) {_AMOUNT}",
        rf"\b(?:dose|it)(?:'s| is|s) (?:now )?{_AMOUNT} (?:now|from (?:now|today|tomorrow)|instead)",
        rf"\b(?:i'm|im|i am|we're|back) (?:now )?(?:up|down|back)(?: up| down)? to {_AMOUNT}"
        rf"(?= (?:mg|now|since|from)|[,.;!]|$)",
    )
)
_AFTERWARDS = late(
    rf"\W*(?:(?:so|it'?s|now|on|i'm|just|only) )*{_AMOUNT}(?:,? (?:now|instead|a day|"
    rf"from (?:now|today|tomorrow|monday))\b|\W*$)",
    re.IGNORECASE,
)
""" "They've halved the pred. 20 now": the new dose, in the sentence after the change."""
_SOMEHOW = late(
    r"\b(?:doubled|halved|increased|upped|reduced|lowered|raised|changed|adjusted|tapering|bumped up|"
    r"cut down)(?: down)?"
    r"(?: on)? (?:the |my |his |her |\w+'s )?§|\bcut (?:the |my )§(?=\s*$)|"
    r"§(?: dose)?(?:'s| is| was| has| got| been| just)* (?:doubled|halved|"
    r"increased|upped|reduced|lowered|raised|adjusted|bumped up)".replace("§", OBJECT),
    re.IGNORECASE,
)
""" "The GP doubled my ramipril": the old dose is over, and the new one is not said."""
_SINCE = late(
    rf"\W*(?:(?:so|now|and) )+{_AMOUNT},? (?:since|from|as of) (?:this|today|last|yesterday|now|\w+day)\b",
    re.IGNORECASE,
)
""" "50 was spiky. So 40, since this morning", of a dose of 50."""
_UNLIKELY = late(
    r"\b(?:not|n't|never|if|whether|would|could|should|might|may|want(?:s|ed)?|hope|hoping|thinking|considering|maybe|"
    r"perhaps|until|till|before|used to|was on|were on|ask(?:ed|ing)?|nearly|almost|refused|when i started|years ago|"
    r"at first|goal|target|weigh\w*|kg|kilos?|lbs|stone|steps|km|miles)\b|n't\b",
    re.IGNORECASE,
)


def new_doses(text: str, earlier: EarlierDrafts, new: list[Draft], people: Mapping[str, Person]) -> Iterator[Draft]:
    """The new doses of medicines whose dose was told before; `new` are the drafts of the turn so far."""
    if not earlier.doses:
        return
    said = {(one.subject, one.slot) for one in new if one.predicate == "dose"}
    said |= {(one.subject, (one.object or "").casefold()) for one in new if one.op == "retract"}
    found = False
    for naming in namings(text, earlier, people, CUES):
        if naming.draft.predicate != "dose":
            continue
        found = True
        amount = None if (naming.draft.subject, naming.draft.slot) in said else _amount(naming, people)
        if amount:
            said.add((naming.draft.subject, naming.draft.slot))
            yield from _changed(naming.draft, amount, naming.span)
        elif _SOMEHOW.search(naming.text) and not _UNLIKELY.search(naming.sentence):
            if told := _told_next(text, naming.span[1]):
                yield from _changed(naming.draft, told, naming.span)
                continue
            yield msgspec.structs.replace(retraction(naming.draft, naming.span), doubt=True)
    if not found:
        yield from _only_one(text, earlier, new, people)


def _told_next(text: str, end: int) -> str | None:
    """The amount at the opening of the sentence or of the clause after `end`."""
    rest = re.split(r"[.;!?\n](?!\d)|, (?!\d)", text[end:].lstrip(" .,;:!-–—"), maxsplit=1)[0]
    match = _AFTERWARDS.match(rest)
    return match["o"] if match else None


def _amount(naming: Naming, people: Mapping[str, Person]) -> str | None:
    for pattern in _NAMED:
        match = pattern.search(naming.text)
        if match and is_for(naming.draft, match[0], people) and not _UNLIKELY.search(naming.text[: match.end() + 25]):
            return match["o"]
    return None


def _only_one(text: str, earlier: EarlierDrafts, new: list[Draft], people: Mapping[str, Person]) -> Iterator[Draft]:
    """The dose of the only medicine of the speaker whose dose was told: "psych upped me to 50"."""
    doses = list(earlier.live.get((None, "dose"), {}).values())
    if len(doses) != 1 or any(one.predicate in ("takes_medication", "dose") for one in new):
        return
    patterns = _UNNAMED[:-1] if any(one.predicate == "measure" for one in new) else _UNNAMED
    for sentence in sentences(plain(text)):
        body, offset = declarative(sentence.text, sentence.mark)
        if not body or HIDDEN in body or "?" in sentence.mark or _UNLIKELY.search(body) or people_in(body, people):
            continue
        match = next((found for pattern in patterns if (found := pattern.search(body))), None)
        if match is None and _number(doses[0]) in text[: sentence.start].split():
            match = _SINCE.match(body)
        if match is not None:
            start = sentence.start + offset
            yield from _changed(doses[0], match["o"], (start, start + len(body)))
            return


def _changed(old: Draft, amount: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The draft of a new amount, with the unit of the old one if it has none."""
    amount = with_unit_of(old.object, amount)
    if amount.split()[0] != _number(old):
        phrase = f"takes {old.slot} {amount}"
        yield msgspec.structs.replace(
            old, object=amount, phrase=phrase, quote=span, valid_at=None, precision=None, confidence=0.8
        )


def _number(dose: Draft) -> str:
    return re.split(r"(?<=\d)(?=[^\d.,])| ", dose.object or "")[0]
