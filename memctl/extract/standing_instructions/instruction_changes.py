"""The end of standing instructions.

They end by permission ("you can use emojis again"), by name ("scrap the no tables rule"), or by a new instruction about
the same aspect of the answers ("metric" after "imperial").
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled

_OPENING = (
    r"^\W*(?:(?:no|yes|yeah|yep|ok|okay|actually|also|and|so|oh|btw|please|right|fine|hm+|well|right then|rule update|"
    r"update|i changed my mind)[,:]? )*"
)
_OVER = KeyedPattern(
    _OPENING
    + r"(?:(?:you|u) (?:can|may) (?:stop|quit|drop|skip|forget|ignore|lose|leave off|leave out)|(?:you |u )?(?:(?:"
    r"don't|dont|do not|no longer) (?:need|have) to|needn't|need not)(?: keep)?|(?:[^,]{0,40} so )?(?:there's |"
    r"there is )?no need (?:to|for)(?: keep)?|no more need (?:to|for)|(?:please )?(?:scrap|scratch|drop|forget|"
    r"ignore|cancel|ditch|bin|lift|remove|undo|lose|skip|leave off|"
    r"delete|disregard|never mind)(?: about)?(?= (?:the|that|my|what i said about|all the|those)\b)|stop(?= \w+ing\b)|"
    r"no more(?= [\w ]+ (?:please|pls|from now on|at the end|any ?more|for now)\b)|"
    r"(?:quit it|leave off|enough|stop it|knock it off) (?:with|of)(?= (?:the|that|those|all|this)\b)|"
    r"(?:that|the|this) (?:thing|rule|bit|stuff|business|request)(?: i (?:said|made|set))? (?:about|on|with)"
    r"(?=.*,? (?:forget it|forget that|scrap (?:it|that)|drop it|ignore (?:it|that)|bin it|never mind)\b))"
    r" (?P<what>[^.!?;\n,]{3,80})",
    re.IGNORECASE,
)
_ALLOWED = KeyedPattern(
    _OPENING + r"(?:(?:(?:you|u) (?:can|may)|feel free to|it's (?:ok|okay|fine) to|go ahead and) (?:use|do|have|add|"
    r"include|write|give|send|call|mention|suggest|show|talk about)? ?"
    r"(?P<what>[^.!?;\n,]{3,60}?)(?: (?:again|now|after all|whenever|if you (?:like|want|must)))+|"
    r"(?P<that>(?!.* but )[\w' -]{3,40}?) (?:is|are) "
    r"(?:totally |perfectly )?(?:fine|ok|okay|alright|all right|allowed|welcome|good|back)(?: to (?:use|mention|have|"
    r"suggest|talk about))?(?: (?:again|now|after all|with me|from (?:now|here) on|for me))*"
    r"(?: (?:now|but|because|since|as)\b.*)?)(?:,? (?:btw|tho|though|please|pls))*"
    r"(?:,.*| (?:just not|but not|except|because|cos|since) .*)?\W*$",
    re.IGNORECASE,
)
_NEEDLESS = KeyedPattern(
    _OPENING
    + r"(?:no )?(?P<what>[\w' -]{3,60}?) (?:(?:is|are) (?:not|no longer) needed|(?:isn't|isnt|aren't|arent) needed|"
    r"needed now|can go|(?:has|have) (?:run its course|had its day)|can stop|(?:is|are) retired)\b|"
    + _OPENING
    + r"(?P<that>(?:the|that|this) [\w' -]{3,60}?),? (?:can|could) (?:we|you|u) (?:please )?(?:stop|drop|skip|"
    r"lose|quit|end)\b",
    re.IGNORECASE,
)
""" "The max five thing can go"."""
_SMALL = frozenset(
    words(
        "a an the my me i you your to of in at on for and with no not never always don't dont do only please all any "
        "it that this what said about use using give add rule thing limit ban instruction request again now after "
        "more each every btw tho though question questions business stuff lol pls reminder reminders bit from on at"
    )
)
_ASPECTS: tuple[tuple[str, ...], ...] = (
    (
        r"\b(?:short(?:er)?|brief(?:er)?|concise|terse|one-line|to the point)\b",
        r"\b(?:long(?:er)?|detailed|in[- ]depth|full|thorough|verbose)\b",
    ),
    (
        r"\b(?:metric|kilomet\w+|km|kilos?|kg|celsius|cm)\b",
        r"\b(?:imperial|miles?|pounds|lbs?|fahrenheit|ounces|inches|stones?)\b",
    ),
    (r"\b(?:british|uk)\b", r"\b(?:american|us)\b"),
    (r"\b(?:formal(?:ly)?|polite)\b", r"\b(?:informal(?:ly)?|casual(?:ly)?)\b"),
    (r"\beuros?\b", r"\bdollars?\b", r"\b(?:pounds|sterling)\b"),
    (r"\b24[- ]?h", r"\b12[- ]?h|am/pm"),
)
_LOOSENED = KeyedPattern(
    _OPENING + r"(?:you (?:can|may)|feel free to|it's (?:ok|okay|fine) to) (?:be|go|write|get) "
    r"(?:a bit |a little |much )?(?P<o>longer|"
    r"shorter|more (?:detailed|formal|informal|casual|verbose)|verbose|detailed|formal|"
    r"informal|casual|as long as you like)\b",
    re.IGNORECASE,
)
ENDINGS = KeyedGroup(_LOOSENED, _OVER, _ALLOWED, _NEEDLESS)
_ANSWERING = KeyedPattern(
    r"\b(?:answer|reply|respond|write|speak|talk|answers|replies)\b.*\bin (?P<tongue>[a-z]+)\b|^in (?P<bare>[a-z]+)$|"
    r"^switch (?:back )?to (?P<next>[a-z]+)\b",
    re.IGNORECASE,
)
_LIMIT = late(
    r"\b(?:max(?:imum)?|at most|no more than|up to) (?P<number>\d+|[a-z]+) (?P<of>[a-z]{4,})\b",
    re.IGNORECASE,
)
_NARROW = KeyedPattern(r"\b(?:for|in|when|if|with|unless|except) (?!english|french|german|spanish)\w+", re.IGNORECASE)


def ended_instructions(text: str, earlier: EarlierDrafts, new: Iterable[Draft]) -> Iterator[Draft]:
    """Retractions of the instructions in `earlier` that `text` ends, or that the instructions in `new` replace.

    "Emojis are fine" also ends what an earlier session asked for.
    """
    standing = earlier.instructions
    ended: set[str] = set()
    ending = (ENDINGS if standing else _ALLOWED).possible(text)
    for sentence in re.finditer(r"[^.!?\n;]+", text) if ending else ():
        if text[sentence.end() : sentence.end() + 1] == "?":
            continue
        for draft in _ended_by(sentence[0], standing, ended) if standing else ():
            ended.add(draft.object or "")
            yield retraction(draft, sentence.span())
        allowed = None if ended else _ALLOWED.match(sentence[0])
        said = (allowed["what"] or allowed["that"]) if allowed else ""
        style = compiled(r"(?:(?:the|some|any|your) )?(?:\w+ )?(?P<o>{STYLE})").fullmatch(said)
        if style:
            name = style["o"].lower()
            yield Draft(
                predicate="instruction",
                object=name,
                phrase=f"wants the assistant to follow: no {name}",
                quote=sentence.span(),
                op="retract",
                kind="procedure",
                category="instructions",
                denial=True,
            )
    for order in new if standing else ():
        if order.predicate != "instruction" or order.op != "assert" or order.object is None:
            continue
        for draft in standing:
            if draft.object and draft.object not in ended and _replaces(order.object, draft.object):
                ended.add(draft.object)
                yield retraction(draft, order.quote)


def lifts(text: str) -> bool:
    """True for a sentence that only lifts an earlier instruction: "paragraphs are fine now". "You can call me Bo again"
    and "max 5 bullets is fine" ask for something too."""
    return " call " not in text and not _LIMIT.search(text) and bool(_ALLOWED.match(text) or _NEEDLESS.match(text))


def _ended_by(sentence: str, standing: list[Draft], ended: set[str]) -> Iterator[Draft]:
    """Retractions of the `standing` instructions that a sentence ends."""
    loosened = _LOOSENED.match(sentence)
    if loosened:
        yield from [one for one in standing if one.object not in ended and _replaces(loosened["o"], one.object or "")]
        return
    allowed = _ALLOWED.match(sentence)
    tongue = (allowed["what"] or allowed["that"] or "").lower() if allowed else ""
    if tongue and compiled("{TONGUES}").fullmatch(tongue):
        yield from [
            one for one in standing if one.object not in ended and _tongue(one.object or "") not in (None, tongue)
        ]
        return
    match = _OVER.match(sentence) or _ALLOWED.match(sentence) or _NEEDLESS.match(sentence)
    groups = match.groupdict() if match else {}
    phrase = groups.get("what") or groups.get("that") or ""
    found = named_by(phrase, standing, ended)
    # "Stop ending every message with a question" does not end "write commit messages in the past tense".
    if found is not None and 3 * len(_stems(phrase) & _stems(found.object or "")) > len(_stems(phrase)):
        yield found


def named_by(phrase: str, standing: Sequence[Draft], ended: Container[str | None] = ()) -> Draft | None:
    """The latest of the `standing` instructions that shares a word with a phrase such as "the rule about tables"."""
    spoken = _stems(phrase)
    fitting = (one for one in reversed(standing) if one.object not in ended and spoken & _stems(one.object or ""))
    return next(fitting, None)


def _replaces(new: str, old: str) -> bool:
    """True if both instructions set the same aspect differently, and the new one does not concern only a part of it."""
    if new.casefold() == old.casefold() or bool(_NARROW.search(new)) != bool(_NARROW.search(old)):
        return False
    tongue, before = _tongue(new), _tongue(old)
    if tongue and before:
        return tongue != before
    limit, former = _LIMIT.search(new), _LIMIT.search(old)
    if limit and former and limit["of"].rstrip("s") == former["of"].rstrip("s"):
        return bool(limit["number"] != former["number"])
    for values in _ASPECTS:
        chosen = [n for n, value in enumerate(values) if re.search(value, new, re.IGNORECASE)]
        earlier = [n for n, value in enumerate(values) if re.search(value, old, re.IGNORECASE)]
        if len(chosen) == 1 and len(earlier) == 1:
            return chosen != earlier
    return False


def _tongue(text: str) -> str | None:
    match = _ANSWERING.search(text)
    tongue = (match["tongue"] or match["bare"] or match["next"]).lower() if match else None
    return tongue if tongue and compiled("{TONGUES}").fullmatch(tongue) else None


def _stems(text: str) -> set[str]:
    found = (
        re.sub(r"(?:ing|ies|es|s|e|y)$", "", word)
        for word in re.findall(r"[\w'-]+", text.casefold())
        if word not in _SMALL
    )
    return {word for word in found if len(word) > 2}
