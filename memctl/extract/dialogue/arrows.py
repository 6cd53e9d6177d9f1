"""Changes written with an arrow: "rent 900 -> 950", "24th → 29th", "Room 4 => Room 9".

The value before the arrow is that of a claim of the same turn or of an earlier one. A chain of arrows is a route or a
list of steps, not a change.
"""

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.core.predicates import SINGLE_VALUED
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts, words_of
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, alternation

_MARKS = ("→", "->", "=>", "⇒")
_ARROW = late(r"\s*(?:→|-{1,2}>|=>|⇒)\s*")
_SENTENCE = late(r"[^\n;!?]+?(?:[;!?\n]|\.(?!\d)|$)")
_AFTER = late(
    r"[,;:()!?]\s|[;()!?]$|\.(?!\d)|\s+(?:from|as of|since|now|because|so|and|but|please|pls|starting|next|this|on|in|"
    r"at|today|tomorrow)\b",
    re.IGNORECASE,
)
_NUMBER = late(r"[£$€]?\d(?:[\d.,]*\d)?")
_MONTH = alternation(ENGLISH_MONTHS)
_DAY = late(
    rf"(?:the )?(?P<day>\d{{1,2}})(?:(?:st|nd|rd|th)(?: (?:of )?(?P<month>{_MONTH}))?| (?P<month_too>{_MONTH}))",
    re.IGNORECASE,
)
_SMALL = frozenset(
    words(
        "a an the my our i i'm im we is are was now so ok and but it it's update change changed new moved the it's of"
    )
)
_UNCHANGING = frozenset({"instruction", "event", "attended", "plans", "hometown", "birthday"})
LONGEST_VALUE = 4
"""Words of a value."""


class Change(msgspec.Struct, frozen=True):
    """The words before an arrow in its sentence, the value after it, and the span of both.

    `ends` is set if the sentence ends with the value.
    """

    before: str
    new: str
    span: tuple[int, int]
    ends: bool

    def old_values(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The values that may stand before the arrow, the longest first, with the words that name what has changed."""
        spoken = self.before.split()
        for count in range(min(LONGEST_VALUE, len(spoken)), 0, -1):
            label = words_of(" ".join(spoken[:-count])) - _SMALL
            yield " ".join(spoken[-count:]).strip(" ,.:"), frozenset(label)


def changes(text: str) -> Iterator[Change]:
    """The changes in `text`, without those of chains."""
    for sentence in _SENTENCE.finditer(text) if any(map(text.__contains__, _MARKS)) else ():
        arrows = list(_ARROW.finditer(sentence[0]))
        if len(arrows) != 1:
            continue
        before, rest = sentence[0][: arrows[0].start()], sentence[0][arrows[0].end() :]
        new = _AFTER.split(rest, maxsplit=1)[0].strip(" ,.")
        if before.strip() and new and len(new.split()) <= LONGEST_VALUE:
            end = sentence.start() + arrows[0].end() + rest.index(new) + len(new)
            yield Change(
                before, new, (sentence.start() + len(before) - len(before.lstrip()), end), rest.strip(" .!;\n") == new
            )


def arrow_changes(text: str, drafts: list[Draft], earlier: EarlierDrafts) -> list[Draft]:
    """`drafts`, with the values after the arrows of `text` in place of those before them."""
    for change in changes(text):
        for value, label in change.old_values():
            route = not (label or change.ends or _NUMBER.search(value))  # "Leeds → York at 9"
            old = None if route else _of_value(value, label, drafts, earlier)
            if old is not None:
                drafts = [one for one in drafts if one.key != old.key]
                drafts += _replaced(old, value, change)
                break
        else:
            drafts = [*_with_new_day(change, drafts, earlier), *_tools(change)]
    return drafts


def _tools(change: Change) -> Iterator[Draft]:
    """ "nvim → zed": the tool before the arrow is no longer used."""
    tool = compiled("(?:{TOOL_NAMES}|{PROGRAMMING}|{PLATFORMS})")
    old = next((value for value, _ in change.old_values() if tool.fullmatch(value)), None)
    if old is None or not change.ends or not tool.fullmatch(change.new):
        return
    used = Draft(
        predicate="uses", object=old, phrase=f"uses {old}", quote=change.span, confidence=0.8, category="tools"
    )
    yield retraction(used, change.span)
    yield msgspec.structs.replace(used, object=change.new, phrase=f"uses {change.new}")


def _of_value(value: str, label: frozenset[str], drafts: list[Draft], earlier: EarlierDrafts) -> Draft | None:
    """The claim that has `value` in its object and is about what `label` names, if there is exactly one."""
    whole = re.compile(rf"(?<![\w.,]){re.escape(value)}(?![\w]|[.,]\d)", re.IGNORECASE)
    fitting: dict[tuple[str | None, str, str | None], Draft] = {}
    for draft in (*earlier.naming(words_of(value)), *drafts):
        about = words_of(" ".join(filter(None, (draft.subject, draft.owner, draft.slot))))
        if (
            draft.op == "assert"
            and draft.predicate not in _UNCHANGING
            and whole.search(draft.object or "")
            and (not label or label & (about | set(draft.predicate.split("_"))))
        ):
            fitting[draft.subject, draft.predicate, draft.slot] = draft
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def _replaced(old: Draft, value: str, change: Change) -> Iterator[Draft]:
    """The draft with the new value, after the end of the old one if it can have several."""
    new, number = change.new, _NUMBER.match(change.new)
    if number and _NUMBER.fullmatch(value):
        new = number[0]  # "900 -> 950 euros" when 900 euros are known.
    elif number and number[0] == new and (counted := _NUMBER.match(value)):
        value = counted[0]
    changed = re.sub(re.escape(value), lambda _: new, old.object or "", count=1, flags=re.IGNORECASE)
    if old.predicate not in SINGLE_VALUED and old.slot is None:
        yield retraction(old, change.span)
    phrase = old.phrase.replace(old.object or "", changed)
    yield msgspec.structs.replace(
        old, object=changed, phrase=phrase, quote=change.span, valid_at=None, precision=None, corrects=True
    )


def _with_new_day(change: Change, drafts: list[Draft], earlier: EarlierDrafts) -> list[Draft]:
    """`drafts`, with the plan of the day before the arrow on the day after it: "dentist 24th → 29th"."""
    after = _DAY.fullmatch(change.new)
    if after is None:
        return drafts
    start, end = change.span
    here = [one for one in drafts if one.predicate == "plans" and one.quote[0] < end and start < one.quote[1]]
    kept = [one for one in drafts if one not in here]
    return kept + (list(_moved(change, after, earlier.plans)) or list(_moved(change, after, here)))


def _moved(change: Change, after: re.Match[str], plans: list[Draft]) -> Iterator[Draft]:
    """The one of `plans` that the change names, on its new day in the same month."""
    for value, label in change.old_values():
        before = _DAY.fullmatch(value)
        named = [plan for plan in plans if before and _is_on(plan, before, label)]
        at = named[-1].valid_at if len({plan.object for plan in named}) == 1 else None
        day = _in_month_of(at, after)
        if at is not None and day is not None:
            phrase = named[-1].phrase.replace(f"{at.day} {at:%B %Y}", f"{day.day} {day:%B %Y}")
            yield msgspec.structs.replace(named[-1], phrase=phrase, quote=change.span, valid_at=day)
            return


def _is_on(plan: Draft, day: re.Match[str], label: frozenset[str]) -> bool:
    """True if `plan` is the speaker's, on `day`, and is what `label` names."""
    named = not label or not label.isdisjoint(words_of(plan.object or ""))
    return (
        named
        and plan.subject is None
        and plan.valid_at is not None
        and _in_month_of(plan.valid_at, day) == plan.valid_at
    )


def _in_month_of(at: datetime | None, day: re.Match[str]) -> datetime | None:
    """The `day` of the month of `at`, None if it is a day of another month."""
    month = (day["month"] or day["month_too"] or "").lower()[:3]
    if at is None or not f"{at:%B}".lower().startswith(month):
        return None
    try:
        return at.replace(day=int(day["day"]))
    except ValueError:
        return None
