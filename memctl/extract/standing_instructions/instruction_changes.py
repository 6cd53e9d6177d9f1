"""The end of standing instructions.

They end by permission ("you can use emojis again"), by name ("scrap the no tables rule"), or by a new instruction about
the same aspect of the answers ("metric" after "imperial"). A permission is an instruction of its own: it is kept too.
"""

import re
from collections.abc import Iterable, Iterator

from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft, instruction
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.rule_tables import compiled
from memctl.extract.standing_instructions.changed_values import NEW_VALUES, new_styles, new_values
from memctl.extract.standing_instructions.kept_changes import lasting_changes, of_a_part
from memctl.extract.standing_instructions.lifted_orders import ENDINGS, LASTING, Lift, lifted, named
from memctl.extract.standing_instructions.order_topics import (
    named_by,
    replaces,
    restrains,
    shared,
    stems,
    tongue_of,
)

_PRONOUNS = frozenset({"them", "em", "those", "it"})
_USED = r"\b(?:use|do|have|make|write) (?:the |some )?(?P<o>{STYLE})\b"


def ended_instructions(text: str, earlier: EarlierDrafts, new: Iterable[Draft]) -> Iterator[Draft]:
    """Retractions of the instructions in `earlier` that `text` ends, or that the instructions in `new` replace, and
    the permissions in `text`.

    "Emojis are fine" also ends what an earlier session asked for.
    """
    standing, new = earlier.instructions, list(new)
    ended: set[str] = set()
    for lift in _lifts(text, bool(standing)) if (ENDINGS if standing else LASTING).possible(text) else ():
        over = list(_ended_by(lift, standing, ended)) if standing else []
        for draft in over:
            ended.add(draft.object or "")
            yield retraction(draft, lift.span)
        for change in lasting_changes(lift, text, known=bool(over), new=new):
            yield change
            new.append(change)
    due = standing and NEW_VALUES.possible(text)
    changes = (*new_values(text, standing), *new_styles(text, standing)) if due else ()
    for old, goal, span in changes:
        if old.object not in ended:
            ended.add(old.object or "")
            yield retraction(old, span)
            yield instruction(goal, span)
    for order in new if standing else ():
        if order.predicate != "instruction" or order.op != "assert" or order.object is None:
            continue
        for draft in standing:
            if draft.object and draft.object not in ended and replaces(order.object, draft.object):
                ended.add(draft.object)
                yield retraction(draft, order.quote)


def _lifts(text: str, standing: bool) -> Iterator[Lift]:
    """What the sentences of a turn end, or allow."""
    yield from named(text) if standing else ()
    for sentence in re.finditer(r"[^.!?\n;]+", text):
        if text[sentence.end() : sentence.end() + 1] != "?":
            for lift in lifted(sentence[0], sentence.start(), standing=standing):
                yield lift if lift.what not in _PRONOUNS else _meant(lift, text)


def _meant(lift: Lift, text: str) -> Lift:
    """A permission for "them", with what the words before it allow: "you can use emojis today. Use them whenever"."""
    before = list(compiled(_USED).finditer(text, 0, lift.span[0]))
    return lift._replace(what=before[-1]["o"]) if before else lift


def _ended_by(lift: Lift, standing: list[Draft], ended: set[str]) -> Iterator[Draft]:
    """The `standing` instructions that are over."""
    fitting = [one for one in standing if one.object and one.object not in ended]
    if lift.how:
        yield from [one for one in fitting if not lift.part and replaces(lift.how, one.object or "")]
        return
    tongue = lift.what.lower()
    if lift.allows and compiled("{TONGUES}").fullmatch(tongue):
        yield from [one for one in fitting if tongue_of(one.object or "") not in (None, tongue)]
        return
    fitting = [one for one in fitting if lift.does is None or restrains(one.object or "") is not lift.does]
    found = named_by(lift.what, fitting, ended)
    spoken = stems(lift.what)
    # "Stop ending every message with a question" does not end "write commit messages in the past tense".
    if lift.strict:
        found = next((one for one in reversed(fitting) if _names_all(lift, spoken, stems(one.object or ""))), None)
        if found is not None and not of_a_part(lift, found.object or ""):
            yield found
        return
    if found is None or 3 * shared(spoken, stems(found.object or "")) <= len(spoken):
        return
    if not of_a_part(lift, found.object or ""):
        yield found


def _names_all(lift: Lift, spoken: set[str], order: set[str]) -> bool:
    """Whether an order has all the words `spoken`; "the quiz is off" names too little of what to stop."""
    if not spoken or shared(spoken, order) < len(spoken):
        return False
    return lift.does is not True or 2 * len(spoken) >= max(len(order), LEAST_NAMED)


LEAST_NAMED = 4
"""Twice the words with which a sentence has to name what is to stop."""
