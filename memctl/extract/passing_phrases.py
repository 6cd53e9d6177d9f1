"""What is said in passing: "As a nurse I …", "Favourite colour: teal", "I'd rather work from home on Fridays"."""

import re
from collections.abc import Iterator

from memctl.extract.clauses import ADVERBS
from memctl.extract.draft_claim import Draft, article
from memctl.extract.noun_phrases import job, listed, noun, preference
from memctl.extract.verbs import FORMS, gerund

_DIVORCE = re.compile(r"\b(?:officially|finally|now) (?P<o>divorced|married|engaged|single)\b", re.IGNORECASE)
_AS_A = re.compile(
    (
        r"(?:^|[,;] |\b(?:and|but|so) )(?:speaking )?as an? (?P<o>[\w\- ]{3,45}?),? (?=i\b|i'm|i've|my\b)|"
        r"\bbeing an? (?P<p>[\w\- ]{3,40}?), (?=i\b|i'm|i've)"
    ),
    re.IGNORECASE,
)
_NO_TRADE = re.compile(
    (
        r"\b(?:result|kid|child|teenager|rule|habit|treat|gift|joke|person|human|man|woman|fan|user|"
        r"customer|bonus|friend|matter|whole|beginner|side|family|team|group|couple|starting|last resort|"
        r"follow|test|student of life|favou?r|surprise|backup|parent|mom|mum|dad|mother|father|reward|"
        r"present|reminder|way|start)\b"
    ),
    re.IGNORECASE,
)
_RAN_ON = re.compile(
    (
        r"\b(?:everything|our (?:app|site|stack|backend|service|product|platform)|my (?:app|site|stack|"
        r"backend)|the (?:whole )?(?:app|site|stack|backend))(?: here)? (?:runs on|is built (?:with|on|"
        r"in)|is written in|uses) (?P<o>.+)"
    ),
    re.IGNORECASE,
)
_FAVOURITE = re.compile(
    (
        r"^(?:my |the )?(?:(?:new|current|latest|all-time) )*(?:favou?rite|fav|"
        r"fave) (?P<s>[\w\- ]{2,25}?)\s*(?::|=|-|–)\s*(?P<o>.+)"
    ),
    re.IGNORECASE,
)
_PASTIME = re.compile(
    r"\b(?:in my (?:spare|free) time|for fun|in my time off|when i'm not working|at weekends|"
    r"(?:on )?(?:the )?weekends),? (?:i|we) (?:(?:mostly|usually|often|also|mainly|like to|love to|"
    r"enjoy|like|love) )*"
    r"(?P<o>(?!am\b|have\b|had\b|was\b|went\b|can|will|would|do\b|don't|need|want|think|know|feel|"
    r"get\b|is\b|are\b|just\b)[a-z]+ .+)",
    re.IGNORECASE,
)
_PASTIME_AFTER = re.compile(
    (
        r"^(?:i|we) (?:(?:mostly|usually|often|also|mainly) )*(?P<o>(?!am\b|have|had|was|went|can|will|"
        r"would|do\b|don't|need|want|think|know|feel|get\b)[a-z]+ [\w\- ]{3,40}?) (?:in my (?:spare|"
        r"free) time|for fun|as a hobby)\b"
    ),
    re.IGNORECASE,
)
_RATHER = re.compile(
    (
        r"\b(?:i'd|i would) (?:much )?rather (?:have |use |get |take |drink |eat |travel by |go by |"
        r"be )?(?P<o>.+?) (?:than|over|instead of) "
    ),
    re.IGNORECASE,
)
_RATHER_DO = re.compile(
    r"\b(?:i'd|i would) (?:much |always )?rather (?!not\b|you\b|he\b|she\b|they\b|we\b|it\b|have\b|"
    r"be\b)(?P<o>\w+ (?:.+? )?"
    r"(?:on (?:\w+days|weekends)|in the (?:mornings?|evenings?|afternoons?)|at weekends|every \w+|"
    r"at night|from home|by default))\b(?!.* than )",
    re.IGNORECASE,
)
""" "I'd rather work from home on Fridays": a habit, not a wish for now."""


def asides(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of one sentence that no verb of its own carries."""
    yield from _trades(text, span)
    yield from _favourites(text, span)
    yield from _pastimes(text, span)
    yield from _rather(text, span)


def _trades(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """Occupation, status and tools said in passing."""
    trade = _AS_A.search(text)
    if trade:
        name = job(trade["o"] or trade["p"])
        if name and not _NO_TRADE.search(name):
            yield Draft(
                predicate="job_title",
                object=name,
                phrase=f"is {article(name)}",
                quote=span,
                confidence=0.8,
                category="work",
            )
    status = _DIVORCE.search(text)
    if status:
        yield Draft(
            predicate="relationship_status",
            object=status["o"].lower(),
            phrase=f"is {status['o'].lower()}",
            quote=span,
            confidence=0.8,
            category="family",
        )
    stack = _RAN_ON.search(text)
    if stack:
        for tool in listed(stack["o"]):
            if tool[:1].isupper():
                yield Draft(
                    predicate="uses", object=tool, phrase=f"uses {tool}", quote=span, confidence=0.8, category="tools"
                )


def _gerund_phrase(text: str) -> str | None:
    """ "Build model railways" gives "building model railways", None without a known present verb."""
    verb, _, rest = text.partition(" ")
    if verb.lower() in ADVERBS:
        return None
    lemma, form = FORMS.get(verb.lower(), (verb, "base"))
    value = noun(rest)
    if value is None or form not in ("base", "ing"):
        return None
    return f"{verb.lower() if form == 'ing' or verb.endswith('ing') else gerund(lemma)} {value}"


def _favourites(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """Favourites said without a verb: "New favourite colour: ochre"."""
    favourite = _FAVOURITE.match(text)
    if favourite and (value := noun(favourite["o"])):
        slot = favourite["s"].lower()
        yield Draft(
            predicate="favorite",
            object=value,
            slot=slot,
            phrase=f"has the favourite {slot} {value}",
            quote=span,
            kind="preference",
            confidence=0.9,
            category="preferences",
        )


def _pastimes(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """What is done in spare time or for fun."""
    pastime = _PASTIME.search(text) or _PASTIME_AFTER.match(text)
    if pastime and (doing := _gerund_phrase(pastime["o"])):
        yield Draft(
            predicate="hobby",
            object=doing,
            phrase=f"has the hobby {doing}",
            quote=span,
            kind="preference",
            confidence=0.85,
            category="interests",
        )


def _rather(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """ "I'd rather": a habit preferred, or one thing over another."""
    habit = _RATHER_DO.search(text)
    if habit and (value := preference(f"to {habit['o']}")):
        yield Draft(
            predicate="prefers",
            object=value,
            phrase=f"prefers {value}",
            quote=span,
            kind="preference",
            confidence=0.85,
            category="preferences",
        )
    rather = _RATHER.search(text)
    if rather and (value := noun(rather["o"])):
        yield Draft(
            predicate="prefers",
            object=value,
            phrase=f"prefers {value}",
            quote=span,
            kind="preference",
            confidence=0.85,
            category="preferences",
        )
