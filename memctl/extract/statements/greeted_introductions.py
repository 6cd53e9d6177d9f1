"""Self-introductions after a greeting: "hey all, it's Petra, 29, scaffolder up in Leeds", "Petra here from Hull"."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.filters.job_titles import is_trade
from memctl.extract.filters.object_types import names_no_person, names_relative
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name

GREETINGS = words("hi hii hello hey hiya howdy heya gday alright kia morning evening afternoon day respected")
"""Words of which every greeting has one."""
_GREETING = (
    r"(?:(?:well|right|ok|okay|so|oh|now)[, ]+)*(?:hii?|hello|hey|hiya|howdy|heya|g'?day|alright|kia ora|(?:good )?"
    r"(?:morning|evening|afternoon|day)|respected sir(?:/madam| or madam)?)(?:,? (?:there|all|again|y'all|hon|love|"
    r"mate|folks|everyone))*"
)
_GREETED = late(rf"\W*{_GREETING}\W*", re.IGNORECASE)
_WORD = r"[A-ZÀ-Þ][\w'’-]*[a-zß-ÿ]"
_OPENING = late(
    rf"(?P<greeting>{_GREETING}[,.!: ]+(?:(?:so|well|right|ok|i present myself)[,: ]+)*)?(?P<said>(?:it'?s|this is|"
    r"i am(?: one)?|i'?m|(?:(?:my )?name(?:'s|s| is)|myself)) )?(?:(?:mrs?|ms|miss|mr)\b\.? )?"
    rf"(?P<name>(?-i:{_WORD}(?: {_WORD}){{0,2}})|(?-i:[a-zß-ÿ]{{3,}}))(?P<here> here\b)?"
    r"(?=\s*(?:[,;(]|$)| from\b| \d\d\b| and\b)",
    re.IGNORECASE,
)
_ITEM = late(r"[,;( ]*(?P<item>(?:(?:originally )?from )?[^,;()]+?)(?=$|[,;()]| from\b)", re.IGNORECASE)
_AGE = late(r"(?:aged? )?(?P<o>\d\d)(?: ?(?:years?(?: old| young)?|yo|y/o))?", re.IGNORECASE)
_PLACE = r"(?P<o>(?-i:[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+){0,2}(?! [A-ZÀ-Þ])|[a-zß-ÿ]+(?: [a-zß-ÿ]+)?(?=$)))"
_FROM = late(rf"(?:originally )?from {_PLACE}(?: originally)?(?= in\b|$)", re.IGNORECASE)
_LIVES = late(
    rf"(?:an? (?P<job>.+?) )?(?:(?:presently|currently|now) )?(?:residing|living|based) (?:at|in) {_PLACE}$",
    re.IGNORECASE,
)
_POST = late(
    r"(?:an? )?(?P<job>[\w'&/-]+(?: [\w'&/-]+){0,3}?)(?: (?:(?:here|up|down|out|over|based) )?(?:in|outta|out of) "
    r"(?P<o>[\w'’-]+(?: [\w'’-]+){0,2}))?",
    re.IGNORECASE,
)
_CLAUSE = late(r"(?:i|i'm|im|i've|we|my|and|but|who|the|you|can|could|need|no|not|if)\b", re.IGNORECASE)
_MOST_ITEMS = 6
_PLACES = ("hometown", "lives_in")


def greeted_introduction(text: str, span: tuple[int, int], lead: str) -> Iterator[Draft]:
    """The drafts of a sentence in which the speaker tells their name after a greeting, or "here" after the name.

    `lead` is the turn up to the sentence: nothing, or a greeting.
    """
    if lead.strip() and not _GREETED.fullmatch(lead):
        return
    opening = _OPENING.match(text)
    if opening is None:
        return
    greeted = bool(opening["greeting"] or lead.strip())
    name, items = opening["name"], list(_items(text[opening.end() :], span))
    if not (greeted and opening["said"]) and not (opening["here"] and items):
        return
    if not _is_name(name, certain=greeted and bool(opening["here"] or len(items) > 1 or " " in name)):
        return
    spoken = name if name[0].isupper() else name.capitalize()
    yield _draft("name", spoken, f"is called {spoken}", "identity", span)
    yield from items


def _is_name(name: str, *, certain: bool) -> bool:
    """Whether a word is a name: a frequent one, or one in capitals that an introduction makes `certain`."""
    first = name.split()[0]
    if is_trade(name.casefold()) or names_no_person(name) or names_relative(name) or _town(name):
        return False
    return is_given_name(first) or (certain and name[0].isupper())


def _items(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of the items after a name, up to the first that is a clause."""
    placed = False
    for number, match in enumerate(_ITEM.finditer(text)):
        item = match["item"].strip(" .!")
        if number == _MOST_ITEMS or _CLAUSE.match(item):
            return
        told = _item(item)
        if told is None:
            return
        for draft in told:
            if draft[0] in _PLACES and placed:
                continue  # "From Ely, Kentucky"
            placed = placed or draft[0] in _PLACES
            yield _draft(*draft, span)


def _item(item: str) -> list[tuple[str, str, str, str]] | None:
    """What one item tells: an age, an origin, a home or an occupation. None for an origin that is not understood."""
    if age := _AGE.fullmatch(item):
        return [("age", age["o"], f"is {age['o']} years old", "identity")]
    if item.casefold().startswith(("from ", "originally from ")):
        origin = _FROM.match(item)
        place = _place(origin["o"]) if origin else ""
        return [("hometown", place, f"is from {place}", "home")] if place else None
    told = []
    if home := _LIVES.fullmatch(item):
        place = _place(home["o"])
        told += [("lives_in", place, f"lives in {place}", "home")] if place else []
        item = home["job"] or ""
    post = _POST.fullmatch(item)
    town = _town(item)
    if post is not None and is_trade(post["job"].casefold()):
        told.append(("job_title", post["job"], f"is {article(post['job'])}", "work"))
        town = _town(post["o"] or "")
    return told + ([("lives_in", town, f"lives in {town}", "home")] if town else [])


def _town(name: str) -> str:
    """A town or a region of the lists, in capitals; "" for other words."""
    known = compiled("(?:{CITIES}|{TOWNS}|{REGION})").fullmatch(name)
    return _capitalised(name) if known else ""


def _place(name: str) -> str:
    """The name of a place: any in capitals, or a known one."""
    return name if name[0].isupper() else _town(name)


def _capitalised(name: str) -> str:
    return name.title() if name.islower() else name


def _draft(predicate: str, value: str, phrase: str, category: str, span: tuple[int, int]) -> Draft:
    return Draft(predicate=predicate, object=value, phrase=phrase, quote=span, confidence=0.85, category=category)
