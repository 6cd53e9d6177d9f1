"""Changes of a numbered rule: "rule 1 changes: ask me first", "scrap rule 3", after a list of rules."""

import re
from collections.abc import Iterable, Iterator

from memctl.core.late_pattern import late
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


_OPENING = late(
    r"\W*(?:(?:please|pls|plz|ok|okay|so|and|also|oh|actually|btw|now|hey|hi|then|right|let's|lets|you can|you may|"
    r"we can|just|one change|small change|correction|from now on)\b\W*)*",
    re.IGNORECASE,
)
_SEPARATED = late(r".*(?:[:=–—-]|\b(?:to|by|with|now|becomes|instead))\s*", re.IGNORECASE | re.DOTALL)


def numbered_rules(text: str, earlier: EarlierDrafts, drafts: Iterable[Draft]) -> list[Draft]:
    """`drafts` of a turn, with the retractions of the rules that it changes or ends, and with the new rules."""
    drafts = list(drafts)
    if not earlier.numbered or "?" in text:
        return drafts
    changes = list(_changes(text, earlier))
    if any(one.op == "assert" for one in changes):
        # "Rule 2 changes: …" as an instruction of its own.
        drafts = [one for one in drafts if one.predicate != "instruction" or not _CHANGED.match(one.object or "")]
    return drafts + changes


def _opens(text: str, start: int) -> bool:
    """Whether a sentence begins at `start`, apart from words such as "please"; "do not scrap rule 3" does not."""
    sentence = re.split(r"[.!;\n]", text[:start])[-1]
    return _OPENING.fullmatch(sentence) is not None


def _changes(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    for ended in _ENDED.finditer(text):
        old = earlier.numbered.get(in_figures(ended["n"] or ended["m"]))
        if old is not None and _opens(text, ended.start()):
            del earlier.numbered[in_figures(ended["n"] or ended["m"])]
            yield retraction(old, ended.span())
    for changed in _CHANGED.finditer(text):
        number, goal = in_figures(changed["n"]), trimmed(changed["o"])
        old = earlier.numbered.get(number)
        lead = text[changed.start() : changed.start("o")]
        said = _SAYS_CHANGE.search(lead) and _SEPARATED.fullmatch(lead) and _opens(text, changed.start())
        if old is None or not goal or not said:
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
