"""Changes of a numbered rule: "rule 1 changes: ask me first", "scrap rule 3", after a list of rules."""

import re
from collections.abc import Iterator

from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.standing_instructions.order_forms import trimmed
from memctl.extract.vocabulary.date_words import in_figures

_N = r"(?:number |no\.? ?|#)?(?P<{}>\d{{1,2}}|one|two|three|four|five|six|seven|eight|nine|ten)\b"
_CHANGED = KeyedPattern(
    rf"\b(?:(?:update|change|amend|replace|new)(?: to| for)? )?rule {_N.format('n')}(?: now| has| is| gets)*"
    r"(?: (?:changes?|changed|updated?|becomes|amended|replaced|instead|now))*(?: (?:to|by|with))?(?:\s*[:=–—-]\s*| )"
    r"(?P<o>(?:[^.!?\n;]|\.(?=\w)){8,150})",
    re.IGNORECASE,
)
_SAYS_CHANGE = KeyedPattern(
    r"\b(?:update|change[sd]?|amend(?:ed)?|replaced?|new|becomes|is now|now is)\b", re.IGNORECASE
)
_ENDED = KeyedPattern(
    rf"\b(?:scrap|drop|forget|ignore|cancel|remove|delete|bin|ditch|lose|lift|scratch|strike|"
    rf"disregard) rule {_N.format('n')}"
    rf"|\brule {_N.format('m')} (?:can go|no longer (?:applies|holds|stands)|doesn't apply any ?more|"
    r"(?:is|'s)(?: now)? (?:off|gone|out|dead|over|dropped|scrapped|cancelled|history|lifted))\b",
    re.IGNORECASE,
)


def numbered_rules(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """The retractions of the rules that `text` changes or ends, and the new rules."""
    if not earlier.numbered or "?" in text:
        return
    for ended in _ENDED.finditer(text):
        old = earlier.numbered.pop(in_figures(ended["n"] or ended["m"]), None)
        if old is not None:
            yield retraction(old, ended.span())
    for changed in _CHANGED.finditer(text):
        number, goal = in_figures(changed["n"]), trimmed(changed["o"])
        old = earlier.numbered.get(number)
        if old is None or not goal or not _SAYS_CHANGE.search(text[changed.start() : changed.start("o")]):
            continue
        yield retraction(old, changed.span())
        new = Draft(
            predicate="instruction",
            object=goal,
            phrase=f"wants the assistant to follow: {goal}",
            quote=changed.span(),
            kind="procedure",
            category="instructions",
        )
        earlier.numbered[number] = new
        yield new
