"""Self-introductions as a list: "Bit about me: Oksana, 33, from Lviv, UX researcher, single mum to Danylo".

Each item of the list is read as if it followed "I am".
"""

import re
from collections.abc import Collection, Iterator

import msgspec

from memctl.core.late_pattern import late
from memctl.core.subjects import is_relation
from memctl.extract.draft_claim import Draft
from memctl.extract.filters.job_titles import is_trade
from memctl.extract.filters.object_types import names_no_person, names_relative
from memctl.extract.grammar.clause_openers import AS_ONE_WHO, WE_ALL
from memctl.extract.grammar.clauses import Clause, Head, complement, head
from memctl.extract.patterns.keyed_pattern import KeyedGroup, OpeningPattern
from memctl.extract.patterns.word_masks import DIGIT
from memctl.extract.rule_tables import lexicon
from memctl.extract.statements.frame_matcher import match
from memctl.extract.statements.greeted_introductions import GREETINGS

_NAME = r"(?P<o>(?-i:[A-ZÀ-Þ])[\w'\-À-ž]+(?: (?-i:[A-ZÀ-Þ])[\w'\-À-ž]+){0,2})"
_ABOUT_ME = OpeningPattern(
    r"^(?:(?:just |here's |here is )?(?:an? )?(?:little |wee |bit |quick |brief |some |short )*"
    r"(?:about (?:me|myself)|intro(?:duction)?|background(?: on me)?|context on me)|"
    r"a bit of background|introducing myself)"
    r"[\w ,]{0,40}?\s*[:\-–—]\s+",
    re.IGNORECASE,
)
_NAMED_AND_AGED = late(
    rf"^(?:(?:hi|hello|hey|hiya)[,!. ]+)?(?:(?:my )?name(?:'s| is) )?(?!I'm|I\b|My\b|[\w\-]+'s\b)(?={_NAME}, \d\d(?: "
    rf"years old| yo)?,)",
    re.IGNORECASE,
)
_HERE = late(
    rf"^(?:(?:hi|hello|hey|hiya|alright|kia ora|g'?day|gidday|howdy|howya|evening|morning|good (?:morning|evening|day))"
    rf"(?: (?-i:[a-z])\w+)?[,!. ]+)*(?!(?:{lexicon('NOT_HERE')})\b)(?={_NAME} here, )",
    re.IGNORECASE,
)
_MEMBER = late(
    r",\s+(?:and |but |also )?|\s+but\s+(?:now )?|\s+and\s+(?=(?:an? |living|working|from|based)\b)|;\s+", re.IGNORECASE
)
_PARENT = late(
    r"^(?:an? )?(?P<status>single|married|divorced|widowed)? ?(?:mum|mom|mother|dad|father|parent) (?:to|of) (?P<o>.+)",
    re.IGNORECASE,
)
_SHORT = late(r"(?P<o>(?-i:[A-ZÀ-Þ])[\w-]+) for short", re.IGNORECASE)
_TIMES = late(r"\s+(?:these days|now|nowadays|at the moment|currently)$", re.IGNORECASE)
_CHILD_NAMES = late(r"(?-i:[A-ZÀ-Þ])[\w\-À-ž]+")
NAMED_SELF = OpeningPattern(rf"^i, {_NAME},?\s+(?=(?:am|'m|was|have|live|work|study|teach|run|had)\b)", re.IGNORECASE)
""" "I, Farhana Siddiqui, am working in …": the name is between subject and verb."""


_OF_ANOTHER = late(
    r"\b(?:my|our|an?|the|his|her|two|three|four|new)\b|[A-ZÀ-Þ][\w-]+, \d|\b(?:got|have|found|met|hired|took)\b",
    re.IGNORECASE,
)
""" "Hired my first worker! Donají, 19": her name and age."""
ABOUT_ME = KeyedGroup(_ABOUT_ME)
NAMED = KeyedGroup(words=("here", DIGIT, *GREETINGS))
"""What a self-introduction that opens with a name has."""
LONGEST_GREETING = 4
"""Words of a sentence that may come before "Maya, 34, nurse"; after others, Maya may be anybody."""


def introduction_drafts(text: str, span: tuple[int, int], before: str = "") -> Iterator[Draft]:
    """The drafts of a self-introduction; nothing for any other sentence. `before` is the sentence before."""
    opening = len(before.split()) <= LONGEST_GREETING and not _OF_ANOTHER.search(before)
    named = _NAMED_AND_AGED.match(text)
    if named and not (named.end() or opening):
        named = None  # Not "Name's Maya, 34", and perhaps somebody else.
    lead = _ABOUT_ME.match(text) or ("," in text and (named or _HERE.match(text)))
    if not lead:
        return
    for n, member in enumerate(_MEMBER.split(text[lead.end() :])):
        member = _TIMES.sub("", member.strip(" .,")).removesuffix(" here")
        name = re.fullmatch(_NAME, member) if n == 0 and not is_trade(member.casefold()) else None
        if short := _SHORT.fullmatch(member):
            yield _draft("preferred_name", short["o"], f"goes by {short['o']}", span, "identity")
            continue
        if name and (names_no_person(member) or names_relative(member)):
            return
        if name:
            yield _draft("name", name["o"], f"is called {name['o']}", span, "identity")
        elif member:
            yield from _particular(member, span)


def without_listed_others(drafts: list[Draft], text: str, names: Collection[str], *, asked: bool) -> list[Draft]:
    """`drafts` of a later turn, without those of a list that opens with a bare name: "Tomasz, 41, baker".

    It is about the speaker if it opens with one of their first `names`, or is the answer to what was `asked`.
    """
    kept = []
    for draft in drafts:
        bond = draft.subject is not None or is_relation(draft.predicate)
        listed = None if bond or "," not in text else _NAMED_AND_AGED.match(text[slice(*draft.quote)])
        own = listed is None or bool(listed.end()) or (asked and not names)
        if own or (listed is not None and listed["o"].casefold().split()[0] in names):
            kept.append(draft)
    return kept


def _particular(member: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of one item of the list."""
    parent = _PARENT.match(member)
    if parent:
        if parent["status"]:
            status = parent["status"].lower()
            yield _draft("relationship_status", status, f"is {status}", span, "family")
        for name in _CHILD_NAMES.findall(parent["o"]):
            yield _draft("has_child", name, f"has a child called {name}", span, "family")
        return
    readings = (member, f"a {member}")
    for words in readings[::-1] if member.startswith("retired ") else readings:
        inner = complement(words)
        drafts = match(inner, span, casual=False) if inner else []
        drafts = [draft for draft in drafts if draft.predicate not in ("name", "likes", "dislikes")]
        if drafts:
            yield from drafts
            return


_SPELT_OUT = KeyedGroup(NAMED_SELF, WE_ALL, AS_ONE_WHO)


def spelt_out(clause: Clause) -> tuple[Clause, Head | None, str | None] | None:
    """The clause after a subject like "I, Ana,", "me and Bo" or "as one who", its head, and the speaker's name."""
    if not _SPELT_OUT.possible(clause.text):
        return None
    text, start = clause.text, clause.start
    if match := NAMED_SELF.match(text):
        rest = Clause(text[match.end() :], start + match.end(), clause.conj, False)
        return rest, head(rest.text, person="i"), match["o"]
    if match := WE_ALL.match(text):
        rest = Clause(f"we{text[match.end() :]}", start, clause.conj, False)
        return rest, head(rest.text), None
    if match := AS_ONE_WHO.match(text):
        rest = Clause(text[match.end() :], start + match.end(), clause.conj, False)
        return rest, head(rest.text, person="other"), None
    return None


def named(name: str, span: tuple[int, int]) -> Draft:
    """The draft of the speaker's name."""
    return msgspec.structs.replace(_draft("name", name, f"is called {name}", span, "identity"), confidence=0.9)


def _draft(predicate: str, value: str, phrase: str, span: tuple[int, int], category: str) -> Draft:
    return Draft(predicate=predicate, object=value, phrase=phrase, quote=span, confidence=0.85, category=category)
