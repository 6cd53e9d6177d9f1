"""Languages that a sentence lists with where each is spoken: "Ewe at home, French at school"."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import spoken_words
from memctl.extract.rule_tables import filled
from memctl.extract.statements.mention_subjects import SOMEBODY_ELSE
from memctl.extract.statements.mentions import may_name, told_by

_LANGUAGE = KeyedPattern(filled(r"(?<![\w-])(?P<o>{LANGUAGES}|{MORE_LANGUAGES})(?![\w-])"))
LANGUAGES = KeyedGroup(words=lambda: told_by("{LANGUAGES}|{MORE_LANGUAGES}"))
_TELLS_OF_SPEECH = KeyedPattern(
    r"\b(?:speak|talk|mother tongue|first language|native|fluent|taught me|my languages?|languages:|tongue|learned "
    r"(?:it )?from)\b",
    re.IGNORECASE,
)
_WHERE_SPOKEN = (
    r"(?:,? (?:at (?:home|work|school|the)|with|from|first|second|third|after|in (?:the|class|school|court)|for|since|"
    r"everywhere|badly|enough|only|when|is (?:my )?(?:mother tongue|first|for|only)|at the|to my|all day|on the)\b)"
)
_ORDERED = late(
    r"\W*(?:please |pls |always |just |only )*(?:speak|talk) (?:[\w-]+ ){1,2}?(?:with|to) (?:me|my face)\b",
    re.IGNORECASE,
)
""" "Speak Welsh with me, English otherwise" is an order."""
_NOT_SPOKEN = KeyedPattern(
    r"\b(?:translat\w+|answer|reply|write|writing|written|subtitles?|lessons?|class(?! )|learn(?:ing)?|exam|"
    r"duolingo|dictionary|food|restaurants?|film|word|words for|say|in english|into|teacher|teach|studying|course|"
    r"app|forms?|letters?|explain|draft|strings?|small talk|anything|please|movie|news|radio|version|menu|not|don't|"
    r"doesn't|can't|no|never|if|would|should|speaks|talks|understand|\w+n't)\b",
    re.IGNORECASE,
)
_BEING_LEARNT = late(
    r"\b(?:do|doing|picking up|attempting|trying|started|starting|begun|an? (?:half )?(?:hour|evening|course|term|"
    r"year) of|\d+ (?:minutes|hours) of|(?:ten|twenty|thirty) minutes of)(?: some| a bit of| a little)? $",
    re.IGNORECASE,
)
""" "An hour of Turkish before each shift": not yet spoken."""
_BARELY = late(
    r"\b(?:(?:two|three|four|five|ten|twenty|a few|some|a couple of|only|of the) words? (?:of|in)|"
    r"(?:swear|curse|count|sing|pray|order|cook|apologi[sz]e|flirt|dream)\b[^,;.]{0,30} in|tourist|menu|"
    r"fake|bad film) (?:the )?$",
    re.IGNORECASE,
)
_NO_LONGER = late(
    r"(?:,? (?:which |that |but )?(?:i|we) (?:(?:have|had|\w+ly|once|only) )?(?:forgot\w*|lost|understood|used to|"
    r"dropped)\b| of (?:two|three|four|five|ten|a few|twenty) words\b|,? but (?:it|that) (?:went|is gone|has gone|"
    r"left|faded)|,? (?:mostly |all |now )?(?:forgotten|gone|rusted away)\b)",
    re.IGNORECASE,
)
_CITIZEN = late(
    r"\b(?:i'm|i am|im|we're|we are|became|being|be|am)(?: (?:only|now|also|half|part|actually|originally))* $",
    re.IGNORECASE,
)
_PAPERS = late(
    r" (?:passports?|citizen\w*|nationals?|nationality|by (?:birth|marriage)|papers|visa|blood)\b", re.IGNORECASE
)
_PIECE = late(r"[;:.]|, | and | but ")


def spoken(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The languages that a sentence says the speaker speaks, and those that they are learning."""
    if not may_name(spoken_words(text), "{LANGUAGES}|{MORE_LANGUAGES}") or HIDDEN in text:
        return
    matches = list(_LANGUAGE.finditer(text))
    if len(matches) < 2 or _NOT_SPOKEN.search(text) or SOMEBODY_ELSE.search(text[: matches[0].start()] + " "):
        return
    places = sum(bool(re.match(_WHERE_SPOKEN, text[match.end() :], re.IGNORECASE)) for match in matches)
    if not (places or _TELLS_OF_SPEECH.search(text)) or _ORDERED.match(text):
        return
    at = 0
    for match in matches:
        before, after, earlier = text[: match.start()], text[match.end() :], at
        at = match.end()
        if before.lower().endswith("than ") or _BARELY.search(before) or _NO_LONGER.match(after):
            continue
        if _PAPERS.match(after) or (_CITIZEN.search(before) and not after.lower().startswith(" speak")):
            continue
        if earlier and SOMEBODY_ELSE.search(_PIECE.split(text[earlier : match.start()])[-1]):
            continue
        predicate = "learning" if _BEING_LEARNT.search(before) else "speaks"
        verb = "is learning" if predicate == "learning" else "speaks"
        yield Draft(
            predicate=predicate,
            object=match["o"],
            phrase=f"{verb} {match['o']}",
            quote=span,
            confidence=0.8,
            category="skills",
        )


_OF_A_TEXT = late(
    r"\b(?:should|shall|would you (?:like|want|prefer)|do you (?:want|need|prefer)|are (?:they|the \w+) in|"
    r"to be in|do i (?:write|answer|reply))\b",
    re.IGNORECASE,
)


def asks_for_language_of_text(question: str) -> bool:
    """True for "Which languages should the labels be in?", which is not answered by what somebody speaks."""
    lowered = question.lower()
    return bool(_LANGUAGE.search(lowered) or "language" in lowered) and bool(_OF_A_TEXT.search(question))
