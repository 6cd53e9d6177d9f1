"""Changes of a numbered rule: "rule 1 changes: ask me first", "scrap rule 3", after a list of rules."""

import re
from collections.abc import Iterable, Iterator

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft, instruction
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.standing_instructions.order_forms import trimmed
from memctl.extract.vocabulary.date_words import in_figures

_N = r"(?:number |no\.? ?|#)?(?P<{}>\d{{1,2}}|one|two|three|four|five|six|seven|eight|nine|ten|[a-h])\b"
_ONE = r"(?:rules? )?(?:number |no\.? ?|#)?(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|[a-h])\b"
_SEVERAL = rf"{_ONE}(?:(?:\s*(?:,|&|,? and|,? or|[-–]|to|through|till)\s*){_ONE})*"
_CHANGED = KeyedPattern(
    rf"\b(?:(?:update|change|amend|replace|make|new)(?: to| for)? )?rule {_N.format('n')}(?: now| has| is| gets)*"
    r"(?: (?:changes?|changed|updated?|becomes|amended|replaced|instead|now|should (?:now )?be))*(?: (?:to|by|with))?"
    r"(?:\s*[:=–—-]\s*| )(?P<o>(?:[^.!?\n;]|\.(?=\w)){8,150})",
    re.IGNORECASE,
)
_SAYS_CHANGE = KeyedPattern(
    r"\b(?:update|change[sd]?|amend(?:ed)?|replaced?|new|becomes|is now|now is|should (?:now )?be|^make)\b",
    re.IGNORECASE,
)
_ENDED = KeyedPattern(
    rf"\b(?:scrap|drop|forget|ignore|cancel|remove|delete|bin|ditch|lose|lift|scratch|strike|disregard|get rid of) "
    rf"(?:about )?(?P<n>rules? {_SEVERAL}|{_ONE}(?:\s*(?:,|&|,? and)\s*{_ONE})+"
    r"(?=\W*$|[.!;\n]|,? (?:please|pls|for good|from now)))"
    rf"|\b(?P<m>rules? {_SEVERAL}|(?<![\w.])(?:[b-h]|\d)(?:(?: and |, )(?:[b-h]|\d))*) "
    r"(?:can (?:both |all )?go|no longer (?:appl(?:y|ies)|holds?|stands?)|"
    r"(?:doesn't|don't|dont|doesnt) apply any ?more|"
    r"(?:is|'s|are)(?: both| all)?(?: now)? (?:off|gone|out|dead|over|dropped|scrapped|cancelled|history|lifted))\b",
    re.IGNORECASE,
)
_NUMBER = late(
    r"(?P<n>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|\b[a-h]\b)|(?P<to>[-–]|\b(?:to|through|till)\b)",
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


def _numbers(words: str) -> list[str]:
    """The numbers and letters in "rules 1, 3 and 5 to 7"."""
    found: list[str] = []
    through = False
    for match in _NUMBER.finditer(words):
        if match["to"]:
            through = True
            continue
        number = in_figures(match["n"].lower())
        if through and found and found[-1].isdigit() and number.isdigit():
            found.extend(map(str, range(int(found[-1]) + 1, int(number))))
        found.append(number)
        through = False
    return found


def _all_listed(numbers: list[str], earlier: EarlierDrafts) -> bool:
    return all(number in earlier.numbered for number in numbers)


def _changes(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    for ended in _ENDED.finditer(text):
        numbers = _numbers(ended["n"] or ended["m"])
        named = "rule" in (ended["n"] or ended["m"]).lower()
        if not _opens(text, ended.start()) or not (named or _all_listed(numbers, earlier)):
            continue
        for number in numbers:
            if old := earlier.numbered.pop(number, None):
                yield retraction(old, ended.span())
    for changed in _CHANGED.finditer(text):
        number, goal = in_figures(changed["n"].lower()), trimmed(changed["o"])
        old = earlier.numbered.get(number)
        lead = text[changed.start() : changed.start("o")]
        said = _SAYS_CHANGE.search(lead) and _SEPARATED.fullmatch(lead) and _opens(text, changed.start())
        if old is None or not goal or not said:
            continue
        yield retraction(old, changed.span())
        new = instruction(goal, changed.span())
        earlier.numbered[number] = new
        yield new
