"""People who work for the speaker: "my hip specialist, Dr Moss", "Petra Vane is our organist".

Two nouns may name the work together, and an adjective may stand before a relative: "my tech lead", "my widowed sister".
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.apposed import apposed
from memctl.extract.people.name_patterns import NOT_NAMES, named
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled, lexicon
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import canonical
from memctl.extract.vocabulary.verbs import FORMS

_CARE = f"(?:{lexicon('CARE')}|vet)"
_WORK = (
    r"director|principal|head ?teacher|headmaster|headmistress|foreman|forewoman|gaffer|captain|skipper|sergeant|"
    r"superintendent|professor|dean|editor|producer|agent|publisher|publicist|secretary|pupil|trainee|apprentice|intern|"
    r"leader|lead|boss|manager|supervisor|colleague|assistant|architect|gardener|cook|housekeeper|barber|hairdresser|"
    r"stylist|dressmaker|seamstress|attorney|lawyer|solicitor|barrister|accountant|bookkeeper|notary|broker|realtor|"
    r"farrier|groomer|conductor|choirmaster|organist|curate|vicar|priest|chaplain|imam|rabbi|sponsor|treasurer|"
    r"chairman|chairwoman|interpreter|teacher|tutor|coach|trainer|instructor|mentor|cleaner|handyman|repair ?man|"
    r"senior partner|(?:cabin|bunk|ship|crew|desk|seat|cell|work) ?mate|travelling companion"
)
_KIN = (
    r"sister|brother|cousin|aunt|auntie|uncle|niece|nephew|neighbou?r|friend|landlady|landlord|lodger|mother-in-law|"
    r"father-in-law|sister-in-law|brother-in-law|daughter|grandson|granddaughter"
)
_TITLE = (
    r"(?:Dra?|Doctora?|Doutora?|Prof(?:essor)?|Mrs?|Ms|Miss|Father|Fr|Pastor|Rev(?:erend)?|Rabbi|Imam|Herr|Frau|"
    r"Monsieur|Madame|Senhora?|Señora?|Signora?|Do[nñ]a|Haji)\b\.?"
)
_WORD = r"[A-ZÀ-Þ][\w'’-]*[a-zß-ÿ]"
_TITLED_NAME = rf"(?:(?-i:(?:{_TITLE} ){{1,2}}{_WORD}(?: {_WORD})?)|(?:dr|mr|mrs|ms) (?-i:[a-zß-ÿ]{{3,}}))"
_NAME = rf"(?:{_TITLED_NAME}|(?-i:{_WORD}(?: {_WORD}){{0,2}}))"
_ROLE = rf"(?P<which>(?:[a-z]+[ -]){{0,2}}?)(?P<rel>{_CARE}|{_WORK}|{_KIN})\b"
_PLACED = r"(?P<placed> (?:of|from|at|in) (?:the |my |our )?[\w'’-]+(?: [\w'’-]+){0,2}?)?"
_ENDS = r"(?=$|[,.;:!?)(–—]| -)"
_GOES_ON = r"(?=$|[,.;:!?)(–—]|['’]s?\b| (?:-|[a-z]))"
_OWN_FIRST = KeyedPattern(
    rf"\b(?:my|our) {_ROLE}{_PLACED}(?:(?:, | \()(?P<apposed>{_NAME}){_ENDS}|"
    rf"(?:,? (?:called|named|by the name of)| is called|(?:'s|s) name(?:'s| is)) (?P<called>{_NAME}){_GOES_ON}|"
    rf"(?: (?:there|here))?(?: is| is now|'s|:| =)(?: an?| one)? (?P<equal>{_NAME}){_ENDS}|"
    rf" (?P<joined>{_NAME}){_GOES_ON})",
    re.IGNORECASE,
)
""" "My hip specialist, Dr Moss, …", "my vet is called Orla", "my director is Professor Vane"."""
_OWN_LAST = KeyedPattern(
    rf"(?:^|[,.;:(–—] ?|\b(?:and|but|with|by|from) )(?P<name>{_NAME})(?:, (?:is |that's |who's |who is )?| is |'s | \()"
    rf"(?:my|our) {_ROLE}(?=\W*$|[,.;:!?)(–—]| (?:at|in|for|from|since|now|and|but|who|so|on|over|too|here|there)\b)",
    re.IGNORECASE,
)
""" "Dr Moss is my horse vet", "Petra, our organist, …"."""
_BARE = KeyedPattern(
    rf"(?:^(?:(?:and|but|so|the|a|new|saw|seeing|met|my) ){{0,3}}|^(?:i|we) (?:saw|see|met|told|asked) the )"
    rf"(?P<rel>{_CARE}|{_WORK}){_PLACED}(?:,| is| is an?| is one|:| too,|) (?P<name>{_TITLED_NAME}){_GOES_ON}",
    re.IGNORECASE,
)
""" "The curate, Father Tom, …", "new gp is dr moss"."""
_TITLED_FIRST = KeyedPattern(
    rf"^(?P<name>{_TITLED_NAME}), (?:the |a )?(?P<which>(?:[a-z]+ )?)(?P<rel>{_CARE})(?=$|[,.;])", re.IGNORECASE
)
""" "Dr Moss, neurologist, …"."""
PROFESSIONALS = KeyedGroup(_OWN_FIRST, _OWN_LAST, _BARE, _TITLED_FIRST)
_TITLED = late(rf"(?:{_TITLE} )+\S|(?:dr|mr|mrs|ms) \S")
_NO_KIND = frozenset(
    words(
        "old ex former late first last previous then earlier childhood favourite favorite ideal dream future next "
        "imaginary unborn would-be soon-to-be potential fictional fake and or of to with for from in on at the a an "
        "his her their your my our not no than as is was are were has had i he she they we you who that this so but "
        "two three four other another own dead deceased second third best"
    )
)
"""Words before a relation with which the person is not the speaker's now, or the relation is another."""
_PLAIN_TRAITS = frozenset(
    words(
        "new lovely dear good great wonderful amazing current beloved little young elderly dry nice kind trusty poor "
        "widowed married unmarried single retired pregnant"
    )
)
_RELATIVE = late(_KIN, re.IGNORECASE)
_PAUSE = late(r"$|[,.;:!?)]| (?:who|is|was|has)\b")
_STREET = late(r".* (?:Street|Road|Avenue|Lane|Square|Hospital|Clinic|Surgery|School|Centre|Center|Park|Hall|House)")


def professionals(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of the people in a sentence who are named with their work, or with two words for a relation."""
    for pattern in PROFESSIONALS.patterns if PROFESSIONALS.possible(text) else ():
        for match in pattern.finditer(text):
            groups = match.groupdict()
            link = next((key for key in ("apposed", "called", "equal", "joined") if groups.get(key)), "name")
            which = _kind(groups.get("which") or "")
            if which is None or not _is_name(match, link, placed=bool(groups.get("placed"))):
                continue
            yield _somebody(match[link], which, match["rel"], span)
            if link != "name":
                after = apposed(match[link], canonical(match["rel"]), text, match.end(link), span)
                yield from (draft for draft in after if draft.predicate == "age")


def _kind(which: str) -> str | None:
    """The words before the relation that say which it is: "hip" of "my new hip specialist". None if they deny it."""
    kin = compiled("{RELATIONS}")
    told = [word for word in which.replace("-", " ").casefold().split() if word not in _PLAIN_TRAITS]
    if any(word in _NO_KIND or kin.fullmatch(word) or FORMS.get(word, ("", ""))[1] in ("past", "s") for word in told):
        return None
    return " ".join(told)


def _is_name(match: re.Match[str], link: str, *, placed: bool) -> bool:
    """Whether the words after a link name a person: they have a title or are said to be a name, or look like one."""
    name = match[link]
    spoken = name.split()
    if placed and link == "joined":
        return False  # "My cardiologist at Santa Marta"
    if _TITLED.match(name):
        return True
    if not {spoken[0], spoken[-1]}.isdisjoint(NOT_NAMES) or not may_be_a_person(name) or _STREET.fullmatch(name):
        return False
    if compiled("(?:{TOWNS}|{REGION})").fullmatch(name):
        return False
    if link == "called" or is_given_name(spoken[0]):
        return True
    if link == "joined":
        return _PAUSE.match(match.string, match.end(link)) is not None
    return len(spoken) > 1 and not placed and link != "name"


def _somebody(name: str, which: str, spoken: str, span: tuple[int, int]) -> Draft:
    """The draft of a person with a title in capitals: "dr moss" is Dr Moss."""
    relation = canonical(spoken)
    name = name.title() if name.islower() else name
    draft = named(name, relation, span)
    if which and not _RELATIVE.fullmatch(spoken):
        draft.phrase = f"has {article(f'{which} {relation}')} called {name}"
    return draft
