"""Who the speaker is, told as a list at the start of a session: "hi. Amara Boateng. product manager, berlin".

Each item is turned into a statement ("I work as a product manager") that the rules read like any other.
"""

import re
from collections.abc import Iterator
from itertools import islice

from memctl.core.late_pattern import late
from memctl.extract.filters.job_titles import is_trade
from memctl.extract.grammar.segmentation import HIDDEN, sentences
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.verbs import FORMS

MOST_SENTENCES = 3
"""Sentences at the start that may hold the list, after "My daughter put this on my phone"."""
MOST_ITEMS = 8
"""Items of the list that are read: what comes later is another subject."""
_NAMED = "My name is "
_GREETING = late(
    r"(?:(?:ok(?:ay)?|so|right|alright|well|oh)[ ,.!]+)?"
    r"(?:(?:hi+|hello|hey+|heya|hiya|yo|oi|howya|howdy|hej|hola|bonjour|bonsoir|ciao|salut|kia ora|g'?day|gidday|"
    r"right (?:so|then)|(?:good )?(?:morning|evening|afternoon)|good day)(?: (?:there|all|again|then|claude))?"
    r"(?P<mark>[\s,.!:–—-]+))+",
    re.IGNORECASE,
)
_INSTALLED = late(
    r".*\b(?:put|set|got|installed|downloaded|told|says?|gave|made)\b.*\b(?:you|this|it|u|phone|tablet|app)\b.*",
    re.IGNORECASE | re.DOTALL,
)
""" "My daughter put you on my phone": the next sentence says who is speaking."""
_ITEM = late(
    r"\s*(?P<item>[^,.;:!?()\n–—]+(?:(?:(?<=\bSt)|(?<=\b[MD]r)|(?<=\bM[ris]s)|(?<=\bMs))\.[^,.;:!?()\n–—]+)?)"
    r"(?P<mark>[,.;:!?()\n–—\s]*)"
)
_ASIDE = late(r"\([^()]*\)")
_I_AM = late(
    r"(?:i am|i'm|im|it's|its|(?P<named>(?:my |the )?names?(?: is)?|(?:my |the )?name's|this is))\s+(?=\S)",
    re.IGNORECASE,
)
_I_OR_WE = late(r"(?:i|we|my|i'm|im|i've|we're|run|farm|work)\b", re.IGNORECASE)
_OTHER = late(
    r"[fm]|male|female|man|woman|(?:he/him|she/her|they/them)|(?:happily )?(?:married|single|divorced|widowed|engaged)|"
    r"(?:\d|one|two|three|four|five) (?:kids?|children|boys|girls|sons|daughters|dogs?|cats?)",
    re.IGNORECASE,
)
_HERE = late(r"\s+here$", re.IGNORECASE)
_AGE = late(r"(?P<age>\d\d)(?: ?(?:years? old|years|yrs?(?: old)?|yo|y/o))?", re.IGNORECASE)
_AGED = late(r"\s*,\s*\d\d\b")
_NAME = late(r"[A-ZÀ-Þ][\w'-]*[a-zß-ÿ][\w'-]*(?: (?:(?:de|van|von|da|la|al|bin|o') )?[A-ZÀ-Þ][\w'-]+){0,2}")
_LOWER_NAME = late(r"[A-Za-zß-ÿ][a-zß-ÿ'-]{2,}(?: [a-zß-ÿ][a-zß-ÿ'-]{2,})?")
_POST = late(
    r"(?P<job>(?:(?:i'm|i am|im) )?(?:currently |now )?(?:(?:an?|the) )?(?:[\w&'/-]+ ){0,3}?[\w'-]+)"
    r"(?P<rest> (?:here )?(?:at|in|for|with|from|out of|on) .+)?",
    re.IGNORECASE,
)
_NOT_OWN = late(r"\b(?:my|our|his|her|their|your|not|no|if|when|was|imagine|say|pretend)\b|'s\b", re.IGNORECASE)
_LIVES = late(r"(?:(?:living|based|live|lives|currently|now|here) )*(?:in|from|out of|near) (?P<o>.+)", re.IGNORECASE)
_IN_TOWN = late(r"\b(?:in|out of) (?P<o>[\w'-]+(?: [\w'-]+)?)$", re.IGNORECASE)
_PLACE = late(r"(?!(?:Mr|Mrs|Ms|Dr)\b)[A-ZÀ-Þ][\w'’-]+(?: (?:(?:on|upon|of|de|la) )?[A-ZÀ-Þ][\w'’-]+){0,2}")
_FIRM = late(r"[A-Z][a-z]+[A-Z]\w*|.*\b(?:Ltd|GmbH|Inc|Labs?|Group|Bank|Hospital|Hotel|School|College|Studios?|Co)")


def first_words(text: str) -> list[tuple[str, tuple[int, int]]]:
    """The statements that the list in the first sentences of `text` stands for, each with the span of its item.

    A list is read only if it has a trade or an age, and something else that is said of a person. A full name needs
    less: it may stand alone before "I" or "We".
    """
    greeting = _GREETING.match(text)
    opening = greeting.end() if greeting else 0
    starts = [opening, *(one.start for one in islice(sentences(text), 1, MOST_SENTENCES) if one.start > opening)]
    for start in starts:
        if HIDDEN in text[start : start + 60]:
            return []
        greeted = bool(greeting) if start == opening else bool(_INSTALLED.fullmatch(text, 0, start))
        addressed = start == opening and greeting is not None and not greeting["mark"].strip()
        items = _Items(text, start, addressed=addressed, later=start > opening)
        read = list(items.read())
        kinds = {kind for kind, _, _ in read}
        if not (greeted or items.told) or items.tells_of_another():
            continue
        full = "name" in kinds and " " in items.name
        if len(kinds) > 1 and (kinds & {"age", "job"} or full):
            return [(statement, span) for _, statement, span in read]
        if kinds == {"name"} and full and (len(read) > 1 or _I_OR_WE.match(text, items.end)):
            return [(read[-1][1], read[-1][2])]
    return []


class _Items:
    """The items of the list in `text` from `start`: kind, statement and span of each.

    A name that only follows a greeting may be that of the `addressed`. A list of a `later` sentence opens with a name.
    `told` says whether the name was announced ("Ana here").
    """

    def __init__(self, text: str, start: int, *, addressed: bool, later: bool) -> None:
        self.text, self.end = _ASIDE.sub(lambda aside: " " * len(aside[0]), text), start
        self.addressed, self.later = addressed, later
        self.kinds: list[str] = []
        self.name = self.mark = ""
        self.told = False

    def read(self) -> Iterator[tuple[str, str, tuple[int, int]]]:
        """The items up to the first that says nothing of these kinds."""
        for _ in range(MOST_ITEMS):
            match = _ITEM.match(self.text, self.end)
            if match is None or "?" in match["mark"] or ":" in match["mark"]:
                return
            item = " ".join(match["item"].strip(" -*").split())
            aged = _AGED.match(self.text, match.end("item")) is not None
            kind, statement = self.understood(item, aged=aged)
            if not kind or (self.later and not self.kinds and kind != "name"):
                return
            span = match.start("item"), match.start("item") + len(match["item"].rstrip())
            if statement:
                self.kinds.append(kind)
                yield kind, statement, span
            if kind == "job" and (town := _IN_TOWN.search(item)) and _is_town(town["o"]):
                self.kinds.append("place")
                yield "place", f"I live in {_capitalised(town['o'])}", span
            self.end, self.mark = match.end(), match["mark"].strip()

    def tells_of_another(self) -> bool:
        """Whether the words after the list are what somebody else does: "Tom, 34, plumber, keeps calling me"."""
        verb = FORMS.get(self.text[self.end :].partition(" ")[0].casefold(), ("", ""))
        return self.mark in ("", ",") and verb[1] in ("s", "past")

    def understood(self, item: str, *, aged: bool) -> tuple[str, str]:
        """The kind of an item and its statement; no kind if it is none of the list. `aged`: an age follows."""
        bare = _HERE.sub("", item)
        opening = _I_AM.match(bare) if "name" not in self.kinds else None
        said = bare[opening.end() :] if opening else bare
        announced = bool(opening and opening["named"]) or (bare != item and "name" not in self.kinds)
        if age := _AGE.fullmatch(said):
            return "age", f"I'm {age['age']} years old"
        if "job" not in self.kinds and (statement := _job(item)):
            return "job", statement
        if self.named(said, told=announced, aged=aged and (said != item or " " in said)) and (
            aged or said != item or not self.addressed
        ):
            self.told = self.told or announced
            return "name", f"{_NAMED}{_capitalised(said)}"
        if lives := _LIVES.fullmatch(item):
            return ("place", f"I live in {_capitalised(lives['o'])}") if _is_town(lives["o"]) else ("", "")
        if self.kinds and _is_town(item):
            return "place", f"I live in {_capitalised(item)}"
        if "place" not in self.kinds and {"name", "age"} & set(self.kinds) and _PLACE.fullmatch(item):
            return ("job", f"I work at {item}") if _FIRM.fullmatch(item) else ("place", f"I live in {item}")
        return ("other", "") if self.kinds and _OTHER.fullmatch(item) else ("", "")

    def named(self, said: str, *, told: bool, aged: bool) -> bool:
        """Whether the item says the name of the speaker, or says it again in full."""
        first = said.split(" ")[0].casefold() if said else ""
        if "name" in self.kinds:
            again = first == self.name and bool(_NAME.fullmatch(said) or _LOWER_NAME.fullmatch(said))
            self.name = said.casefold() if again else self.name
            return again
        if self.kinds or not first or not _is_name(said, told=told, aged=aged):
            return False
        self.name = said.casefold()
        return True


_COMMON = frozenset(
    words(
        "so ok okay right well new here just not the this that what who how can could you your need help looking "
        "trying long first time user daughter son wife husband sister brother friend mum mom dad work school quick "
        "question newbie noob thanks please today tomorrow happy sad tired busy retired married single divorced "
        "pregnant"
    )
)


def _is_name(said: str, *, told: bool, aged: bool) -> bool:
    """Whether an item at the start of the list is a name; one in lower case must be told as one or be known."""
    first = said.split(" ")[0].casefold()
    if first in _COMMON or first in FORMS or _is_town(said) or is_trade(said.casefold()):
        return False
    if _NAME.fullmatch(said):
        return True
    if _LOWER_NAME.fullmatch(said) is None:
        return False
    return is_given_name(first) or told or aged


def _job(item: str) -> str:
    """The statement that an item with a trade stands for: "backend dev at a startup in Toronto"; "" if it has none."""
    post = _POST.fullmatch(item)
    if post is None:
        return ""
    if _NOT_OWN.search(post["job"]):
        return ""
    bare = re.sub(r"^(?:(?:i'm|i am|im) )?(?:(?:currently|now|an?|the) )*", "", post["job"], flags=re.IGNORECASE)
    if not is_trade(bare.casefold()):
        return ""
    bare = bare if re.match(r"[A-Z]{2}", bare) else bare[0].lower() + bare[1:]
    return f"I'm a {bare}{post['rest'] or ''}"


def _is_town(words: str) -> bool:
    return compiled(r"(?:{CITIES}|{TOWNS}|{REGION})(?:, (?:{CITIES}|{TOWNS}|{REGION}))?").fullmatch(words) is not None


def _capitalised(words: str) -> str:
    return re.sub(r"(?<![\w'])[a-zß-ÿ](?=\w{2})", lambda letter: letter[0].upper(), words)
