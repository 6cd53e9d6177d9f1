"""Standing instructions to the assistant, kept as procedures."""

import re

from memctl.extract.clause_openers import LEAD
from memctl.extract.draft_claim import Draft
from memctl.extract.segmentation import HIDDEN, Sentence

_INSTRUCTION = re.compile(
    r"(?:(?:please|and|also|so|ok|okay|hey|yes|but|remember(?: to)?|make sure(?: to| you)?|be sure to|"
    r"you (?:must|should|may|can)|from now on|going forward|in (?:the )?future|for future reference|"
    r"when(?:ever)? (?:you (?:answer|reply|respond|write)[\w ]*|answering|replying|responding)|"
    r"in your (?:answers|replies|responses)),?\s+)*"
    r"(?P<o>(?:(?:always|never|only)\s+(?:please\s+)?(?:answer|reply|respond|use|give|include|call|"
    r"write|explain|format|speak|convert|assume|cite|show|put|add|start|end|keep|ask|check|mention|"
    r"suggest|recommend|translate|treat|address|summari[sz]e|provide|avoid|remind|refer|say|send|tell|"
    r"round|return|output|double-check|link|list|quote|sign|greet|talk|apologi[sz]e|be|offer|help|"
    r"make)\b(?! (?:up\b|up for|happy|glad|here|there|willing|ready|a pleasure|on my|in my|proud|"
    r"grateful|been)\b).*)"
    r"|(?:(?:don't|do not|stop|avoid|no)\s+(?:ever\s+)?(?:us(?:e|ing)|call(?:ing)?|add(?:ing)?|"
    r"includ(?:e|ing)|writ(?:e|ing)|apologi[sz](?:e|ing)|giv(?:e|ing)|ask(?:ing)?|start(?:ing)?|"
    r"repeat(?:ing)?|mention(?:ing)?|suggest(?:ing)?|recommend(?:ing)?|explain(?:ing)?|"
    r"summari[sz](?:e|ing)|end(?:ing)?|emojis?|translat(?:e|ing)|reply(?:ing)?|answer(?:ing)?|"
    r"respond(?:ing)?|speak(?:ing)?|switch(?:ing)?|format(?:ting)?|put(?:ting)?|comment(?:ing)?|"
    r"markdown|bullet points?)\b.*)"
    r"|(?:(?:answer|reply|respond|speak|write|talk|keep|use|format|give|address|refer|explain|stick|"
    r"be|include|start|end|show|put|convert|sign)\b.*))$",
    re.IGNORECASE,
)
"""A sentence that starts with an order to the assistant; `_STANDING` decides whether the order is a lasting one."""

_STANDING = re.compile(
    r"\b(?:always|never|from now on|going forward|in (?:the )?future|every time|whenever|for future|"
    r"in all (?:your )?(?:answers|replies|responses)|all your (?:answers|replies|responses)|"
    r"by default|"
    r"(?:keep|make) (?:your|all|the) (?:\w+ )?(?:answers|replies|responses|explanations)|"
    r"in your (?:answers|replies|responses)|when you (?:answer|reply|respond|write|talk) (?:to me)?|"
    r"(?:answer|reply|respond|speak|talk)(?: to me| only)* in (?:english|french|german|spanish|"
    r"italian|portuguese|dutch|japanese|chinese|korean|hindi|russian|polish|metric)(?: only)?$|"
    r"(?:reply|answer|respond) in english only|address me|refer to me as|stop (?:using|calling|adding|"
    r"apologi[sz]ing|giving|asking|starting)|you (?:may|can|should|must) (?:reply|answer|"
    r"respond) in)\b",
    re.IGNORECASE,
)
_STANDING_LEAD = re.compile(
    (
        r"^(?:(?:please|and|also|so|but|ok|okay|yes|remember(?: to| that)?|from now on|going forward|"
        r"in (?:the )?future|for future reference|every time|you (?:must|should|may|can)|make sure(?: to|"
        r" you)?|be sure to)[,:]?\s+)+"
    ),
    re.IGNORECASE,
)
_IGNORE_SAID = re.compile(r"^(?:ignore|forget) what i said (?:about|on) [\w ]+, ", re.IGNORECASE)
_POLITE = re.compile(
    r"[, ]+(?:please|pls|from now on|going forward|in (?:the )?future|thanks|thank you|ok|okay)$", re.IGNORECASE
)


def standing_instruction(sentence: Sentence, span: tuple[int, int]) -> Draft | None:
    """The standing instruction in a sentence, None if there is none or it applies only once."""
    text = sentence.text
    if "?" in sentence.mark or not _STANDING.search(text):
        return None
    order = _IGNORE_SAID.sub("", text)
    lead = LEAD.match(order)
    order = order[lead.end() :] if lead and lead.end() < len(order) else order
    if not _INSTRUCTION.match(order) or HIDDEN in order:
        return None
    goal = re.sub(r"^(?:always|please) ", "", _STANDING_LEAD.sub("", order).strip(" ,.!"), flags=re.IGNORECASE)
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
