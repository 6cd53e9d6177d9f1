""" "My X is Y": properties from the tables."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract import rule_tables
from memctl.extract.draft_claim import Draft, article
from memctl.extract.grammar.clause_openers import LEAD
from memctl.extract.grammar.noun_phrases import job, listed, noun, place, proper
from memctl.extract.patterns.wordlist import lowered
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.date_words import ORDINALS, alternation

_MY = late(
    r"^(?:my|our)\s+(?P<np>[\w'\- ]{2,60}?)(?P<s>'s|\s+(?:it )?is|\s+are|\s+was|\s+will be|\s*[:=])\s+(?P<o>.+)",
    re.IGNORECASE,
)
_MY_IS_NOT = late(r"^(?:not|no longer|never|n't)\b", re.IGNORECASE)
_OPENERS = late(
    (
        r"^(?:just |still |actually |currently |now |mainly |mostly |probably |definitely |usually |"
        r"always |called |named |in |on |at |around |about |to |the |definitely |a |an |,|really |"
        r"hands down |by far |generally |kind of |set to |and always has been |obviously )+"
    ),
    re.IGNORECASE,
)
_PREDICATES_OF_PEOPLE = frozenset({"name", "goal"})


_INVERTED = late(
    r"^(?P<o>[^,;]{2,60}?),?(?: those| these| that| which)?(?:'s| is| are| was| has (?:always )?been| remains?)(?: "
    r"(?:by far|now|still|definitely|probably|officially|currently|also|basically|always|all))* (?P<np>(?:my|our) "
    r"[\w'\- ]{2,40}?)(?=$|[,.;:!)]| (?:so|but|and|because|ever|of all time|these days|now|at the moment|right now|"
    r"though|lol|tbh)\b)",
    re.IGNORECASE,
)


def inverted_properties(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """ "Gardening is my hobby", "eggs and sesame, those are my allergies": the value comes first."""
    spoken = lowered(text)
    if "my " not in spoken and "our " not in spoken:
        return
    lead = LEAD.match(spoken)
    match = _INVERTED.match(text[lead.end() :] if lead else text)
    if match is None or not noun(match["o"]):
        return
    tense = "was" if re.search(r" was ", match[0][len(match["o"]) :]) else "is"
    for draft in properties(f"{match['np']} {tense} {match['o']}", span):
        if draft.predicate not in _PREDICATES_OF_PEOPLE:
            yield draft


def properties(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """ "My X is Y" for the nouns of the tables."""
    match = _MY.match(text)
    if match is None:
        return
    noun_phrase, rest = match["np"].strip(), match["o"]
    if _MY_IS_NOT.match(rest):
        return
    past = match["s"].strip().lower() == "was"
    for row in rule_tables.properties():
        matched = compiled(row.pattern).fullmatch(noun_phrase)
        if matched is None:
            continue
        if past and row.predicate == "speaks":
            return  # "My first language was Welsh": it may still be spoken.
        slot = (matched.groupdict().get("s") or "").strip().lower() or None
        for value in _values(row.shape, row.predicate, rest):
            phrase = row.template.format(o=value, a=article(value), s=slot)
            if row.predicate == "job_title" and value.partition(" ")[0].endswith("ing"):
                phrase = f"has the job of {value}"
            yield Draft(
                predicate=row.predicate,
                object=value,
                slot=slot,
                phrase=phrase,
                quote=span,
                op="retract" if past and row.predicate != "birthday" else "assert",
                kind=row.kind,
                confidence=row.confidence,
                category=row.category,
            )
        return


_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*"
_FORMS = {
    "email": late(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+"),
    "phone": late(r"\+?\d[\d \-().]{6,}\d"),
    "pronouns": late(r"\w+(?:/\w+)+"),
    "birthday": late(
        rf"(?:(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)?|(?:{alternation(ORDINALS)}) of) {_MONTH}(?:,? \d{{4}})?|"
        rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?)",
        re.IGNORECASE,
    ),
    "age": late(r"\d{1,3}"),
    "timezone": late(
        r"(?:UTC|GMT)(?: ?[+\-]\d{1,2}(?::\d\d)?)?|[A-Z]{2,5}\b|[A-Z][a-z]+/[A-Z][\w]+|(?:Pacific|Eastern|"
        r"Central|Mountain)(?: (?:Standard |Daylight )?Time)?"
    ),
    "constraint": late(r"[$€£]? ?\d[\d,.]*k?(?: ?(?:dollars|euros|pounds|bucks|usd|eur|gbp))?", re.IGNORECASE),
    "blood_type": late(r"(?:AB|A|B|O)(?: ?[+\-]| (?:positive|negative|pos|neg)\b)?", re.IGNORECASE),
}


def _values(shape: str, predicate: str, rest: str) -> Iterator[str]:  # noqa: C901 -- one branch per shape
    form = _FORMS.get(predicate)
    if form is not None:
        matched = form.search(rest)
        if matched:
            yield matched[0].strip()
        return
    bare = (
        _OPENERS.sub("", rest)
        if shape not in ("place", "vp") and predicate != "favorite"
        else re.sub(
            r"^(?:in |just |still |now |currently |definitely |probably |actually |mostly |hands down )+", "", rest
        )
    )
    if (
        re.match(
            (
                r"(?:that|because|when|what|how|to (?:be|see)\b|so\b|not\b|getting|being|going|great|good|fine|"
                r"stressful|killing|boring|broken|hard|tough|too|very)"
            ),
            bare,
            re.IGNORECASE,
        )
        and predicate != "goal"
    ):
        return
    if shape == "list":
        yield from listed(bare)
    elif shape == "proper":
        if value := proper(bare):
            yield value
    elif shape == "place":
        if value := place(bare, casual=bare == bare.lower()):
            yield value
    elif shape == "job":
        if value := job(bare):
            yield value
    elif value := noun(bare, limit=14 if shape == "vp" else 8):
        yield value
