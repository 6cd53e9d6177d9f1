"""Lists after "I'm": "Alice, 34, a nurse from Tokyo living in Paris with my husband and two kids"."""

import re
from collections.abc import Iterable

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.filters.job_titles import is_trade
from memctl.extract.grammar.clauses import Head, complement
from memctl.extract.grammar.noun_phrases import org
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import vocabulary
from memctl.extract.rule_tables import compiled, filled
from memctl.extract.statements.frame_matcher import match

_FIRM = late(r"(?:(?:at|for) |with (?!an? ))(?P<o>.+)", re.IGNORECASE)
_PERSONAL = ("carer", "caregiver", "nanny", "maid", "assistant", "tutor", "cook", "cleaner", "nurse")
""" "A carer for Lola Ines": a person, not an employer."""
_KIDS = late(
    (
        r"(?:with )?(?:my (?:wife|husband|partner) and )?(?P<o>(?:our |my )?(?:\d|an?|one|two|three|four|"
        r"five|six) (?:[\w\-]+ ){0,3}?(?:kids?|children|sons?|daughters?|boys|girls|lads|twins))\b"
    ),
    re.IGNORECASE,
)
_AFTER_COLON = late(r": (?-i:[A-ZÀ-Þ])[\w-]+,.*")
""" "On good terms with the man at the tip: Barrington, Jamaican": the list is about Barrington."""
_WITH_A_NAME = late(r"(?:.*\b)?(?:with|and|to|by|of) (?-i:[A-ZÀ-Þ])[\w-]+$", re.IGNORECASE)
""" "In a couple with Mathis, 22": his age."""
_PIECES = late(
    r"[,;]\s+(?:and )?|\s+(?:and )?(?=(?:living|based|residing) in\b|(?:currently |now )?(?:working|"
    r"studying) (?:at|for|as|in)\b|from (?-i:[A-Z])|(?:with my (?:wife|husband|partner) and|"
    r"with) (?:\d|an?|one|two|three|four|five) (?:\w+ )?(?:kids?|children|sons?|daughters?)|"
    r"(?:at|for) (?-i:[A-Z]))|\s+and\s+(?=(?:an? |\d|from\b|married|vegan|vegetarian|allergic|living|"
    r"working|based|single|originally|currently|have\b))|\s*[—–(]\s*",
    re.IGNORECASE,
)
_FEELING = KeyedPattern(r"\b(?:that|about|because|how|why|whether|if|when|to)\b", re.IGNORECASE)
""" "I'm worried about the cost of living in Oslo", "I'm glad that Joseph, a producer, …": the list is not about "I"."""
_OTHER_CLAUSE = late(
    r"(?:can|could|would|will|do|does|did|is|are|what|how|why|please|like|such as|you|we|they|he|she|it)\b",
    re.IGNORECASE,
)
""" "I'm not sure, can you give an example": the list has ended."""
_AGED = late(r"\d\d(?: ?(?:years?|yrs?)[ -]?olds?| ?yo)?", re.IGNORECASE)
_DATED = late(
    r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.? \d|\d(?:st|nd|rd|th)\b", re.IGNORECASE
)
""" "On May 10, 12, and 15": the numbers are days."""
_LIVING = late(r"(?:living|based)")
_FROM = late(r"from\b", re.IGNORECASE)
_PERSON = KeyedPattern(
    r"(?:^|\W)(?:an?|the|one|just)\W(?:.*\W)?(?:guy|girl|boy|man|woman|person|lad|lass|bloke|kid|mum|mom|mam|mother|"
    r"dad|father|parent|student|fan|expat|immigrant|refugee|native)$",
    re.IGNORECASE,
)
_ADVERBS = KeyedPattern(r"(?:^|\s+)(?:originally|actually|also|just|really|both)$", re.IGNORECASE)
_CIRCUMSTANCE = late(r"(?:(?:on|at|off|under|over)\b|in (?!(?-i:[A-ZÀ-Þ])))", re.IGNORECASE)
""" "I'm on iron, 200 mg, from Boots": not where the speaker is from, as in "I'm in Bonn, from Turin"."""
_DESCRIBING = frozenset({"name", "age", "job_title", "nationality", "has_child"})
_TAIL = late(r"(?:as|living|working|based|from|at|in)\b")


def list_drafts(
    start: Head, span: tuple[int, int], before: list[Draft], *, casual: bool, tail: bool = False
) -> list[Draft]:
    """The drafts of every item after the first; `before` has the drafts of the first item.

    `tail` continues after a verb other than "be", and reads only place, employer and occupation.
    """
    drafts: list[Draft] = []
    start = msgspec.structs.replace(start, rest=_AFTER_COLON.sub("", start.rest))
    cuts = list(_PIECES.finditer(start.rest))
    passing = not before and "originally" not in start.rest and _CIRCUMSTANCE.match(start.rest)
    unclear = {"name", "hometown"} if passing else {"name"}
    of_a_feeling = cuts and not tail and _FEELING.search(start.rest[: cuts[0].start()])
    for n, cut in enumerate([] if of_a_feeling else cuts):
        part = start.rest[cut.end() : cuts[n + 1].start() if n + 1 < len(cuts) else None].strip(" ,")
        if _OTHER_CLAUSE.match(part):
            break
        kids = _KIDS.match(part)
        if kids and not tail and not re.search(r"\badults?\b", start.rest):
            drafts.append(_draft("has_child", kids["o"], f"has {kids['o']}", span, "family", 0.8))
            continue
        before_it = start.rest[cuts[n - 1].end() if n else 0 : cut.start()]
        if not part or (tail and not _TAIL.match(part)) or ("and" in cut[0] and before_it.startswith("with ")):
            continue  # "With a fern and a banister" does not describe the speaker.
        earlier = (*before, *drafts)
        if _FROM.match(part) and cut[0].isspace() and (tail or not _is_person(before_it, earlier)):
            continue
        trade = next((one for one in earlier if one.predicate == "job_title" and is_trade(one.object or "")), None)
        if trade is not None and (firm := _FIRM.match(part)):
            of_a_person = part.startswith("for ") and (trade.object or "").endswith(_PERSONAL)
            employer = None if of_a_person or (trade.object or "").endswith("student") else org(firm["o"])
            if employer is not None:
                firm_draft = _draft("works_at", employer, f"works at {employer}", span, "work", 0.85)
                drafts.append(msgspec.structs.replace(firm_draft, op=trade.op))
            continue
        inner = complement(part, tense=start.tense)
        if inner is None or (tail and inner.lemma == "be" and not _LIVING.match(part)):
            continue
        more = [
            draft
            for draft in match(inner, span, casual=casual)
            if draft.predicate not in unclear and (draft.predicate != "age" or _AGED.fullmatch(part))
        ]
        if (
            _DATED.search(start.rest)
            or _WITH_A_NAME.fullmatch(before_it)
            or any(draft.predicate in ("takes_medication", "has_child", "has_pet") for draft in earlier)
        ):
            more = [draft for draft in more if draft.predicate != "age"]
        introduction = not tail and any(draft.predicate in ("name", "age") for draft in earlier)
        drafts += more or (_bare_trade(part, start.tense, span, casual) if introduction else [])
    return drafts


def _is_person(description: str, earlier: Iterable[Draft]) -> bool:
    """True for "a nurse" or "Maya", after which "from Tokyo" is an origin; not for "back", "divorced" or "30 km"."""
    description = _ADVERBS.sub("", description)
    if description.lower() == "retired":
        return False  # "Retired from the railway"
    if not description or _AGED.fullmatch(description) or _PERSON.search(description):
        return True
    ends = tuple((one.object or "\n").lower() for one in earlier if one.predicate in _DESCRIBING)
    return description.lower().endswith(ends)


def _bare_trade(part: str, tense: str, span: tuple[int, int], casual: bool) -> list[Draft]:
    """ "Plumber" as an item of a self-introduction."""
    inner = complement(f"a {part}", tense=tense)
    if inner is None or not part[:1].islower() or len(part.split()) > 3:
        return []
    return [draft for draft in match(inner, span, casual=casual) if draft.predicate == "job_title"]


def _draft(predicate: str, value: str, phrase: str, span: tuple[int, int], category: str, confidence: float) -> Draft:
    return Draft(predicate=predicate, object=value, phrase=phrase, quote=span, category=category, confidence=confidence)


_TECH_SPLIT = late(r"\s*(?:,|/|\bon\b|\band\b|\bwith\b|\+)\s*(?:and )?", re.IGNORECASE)
_TECH_OPENING = late(r"(?:it's|its|it is|this is|an?|my|our|the|[\w-]+:)\b", re.IGNORECASE)


_TOOL = r"(?:{TOOL_NAMES}|{PROGRAMMING}|{PLATFORMS}|postgresql)"
TOOLS = KeyedGroup(words=lambda: vocabulary(filled(_TOOL)))


def tech_list(text: str, span: tuple[int, int]) -> list[Draft]:
    """ "A billing service, FastAPI on Python 3.12, Postgres 16": three tools in a row are a stack."""
    if "," not in text:
        return []
    pieces = [piece.strip(" .") for piece in _TECH_SPLIT.split(text)]
    tool = compiled(rf"{_TOOL}(?: v?\d[\d.]*)?")
    if not tool.fullmatch(pieces[-1]):
        return []
    tools = [piece for piece in pieces if tool.fullmatch(piece)]
    first = pieces[: len(pieces) - len(tools)]
    if len(tools) < 3 or pieces[-len(tools) :] != tools or (first and not _TECH_OPENING.match(text)):
        return []
    return [_draft("uses", piece, f"uses {piece}", span, "tools", 0.8) for piece in tools]
