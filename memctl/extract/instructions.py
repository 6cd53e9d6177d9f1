"""Standing instructions to the assistant, kept as procedures."""

import re

from memctl.extract.clause_openers import LEAD
from memctl.extract.draft_claim import Draft
from memctl.extract.segmentation import HIDDEN, Sentence
from memctl.extract.topics.plans import INSTRUCTION, STANDING, STANDING_LEAD

_IGNORE_SAID = re.compile(r"^(?:ignore|forget) what i said (?:about|on) [\w ]+, ", re.IGNORECASE)
_POLITE = re.compile(
    r"[, ]+(?:please|pls|from now on|going forward|in (?:the )?future|thanks|thank you|ok|okay)$", re.IGNORECASE
)


def standing(sentence: Sentence, span: tuple[int, int]) -> Draft | None:
    """The order a sentence gives for good, None when it gives none or only one for now."""
    text = sentence.text
    if "?" in sentence.mark or not STANDING.search(text):
        return None
    order = _IGNORE_SAID.sub("", text)
    lead = LEAD.match(order)
    order = order[lead.end() :] if lead and lead.end() < len(order) else order
    if not INSTRUCTION.match(order) or HIDDEN in order:
        return None
    goal = re.sub(r"^(?:always|please) ", "", STANDING_LEAD.sub("", order).strip(" ,.!"), flags=re.IGNORECASE)
    while (shorter := _POLITE.sub("", goal)) != goal:
        goal = shorter
    if not 2 <= len(goal.split()) <= 25:
        return None
    return Draft(
        predicate="instruction",
        object=goal,
        phrase=f"wants the assistant to follow: {goal}",
        quote=span,
        kind="procedure",
        confidence=0.85,
        category="instructions",
    )
