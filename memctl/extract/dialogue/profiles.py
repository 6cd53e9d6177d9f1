"""The lines of a profile, turned into statements: "Age: 34" is read as "I'm 34 years old".

The statements are then read by the same rules as anything else that a person says. Names, relatives, pets, allergies
and contact data have rules of their own for such lines.
"""

import re

from memctl.core.late_pattern import late
from memctl.extract.grammar.segmentation import HIDDEN

FEWEST = 2
"""Lines of a profile."""
LONGEST_VALUE = 6
"""Words of a value."""
_LINE = late(
    r"[ \t]*(?:[-*•·] ?)?\**(?P<key>[^\W\d_][\w' /-]{1,24}?)\**[ \t]*:\**[ \t]*(?P<value>\S[^\n]*?)[ \t.]*$",
    re.MULTILINE,
)
_STATEMENTS = {
    "age": "I'm {a} years old",
    "city": "I live in {a}",
    "town": "I live in {a}",
    "location": "I live in {a}",
    "home": "I live in {a}",
    "lives in": "I live in {a}",
    "living in": "I live in {a}",
    "based in": "I live in {a}",
    "hometown": "I'm from {a}",
    "born in": "I'm from {a}",
    "job": "I work as a {a}",
    "occupation": "I work as a {a}",
    "profession": "I work as a {a}",
    "job title": "I work as a {a}",
    "employer": "I work at {a}",
    "works at": "I work at {a}",
    "car": "I drive a {a}",
    "birthday": "my birthday is {a}",
    "date of birth": "my birthday is {a}",
    "dob": "my birthday is {a}",
    "born": "my birthday is {a}",
    "diet": "I'm {a}",
    "languages": "I speak {a}",
    "nationality": "I'm {a}",
    "blood type": "my blood type is {a}",
    "height": "I am {a} tall",
    "weight": "I weigh {a}",
    "shoe size": "I wear size {a} shoes",
    "hobbies": "my hobbies are {a}",
    "pronouns": "my pronouns are {a}",
    "marital status": "I'm {a}",
    "university": "I study at {a}",
    "field of study": "I study {a}",
    "studies": "I study {a}",
}
_BESIDE = frozenset(
    ("name", "full name", "first name", "phone", "mobile", "email", "e-mail", "kids", "children", "pets", "allergies",
     "partner", "wife", "husband", "boyfriend", "girlfriend", "meds", "medication", "gender", "sex", "address",
     "timezone", "time zone", "siblings", "dog", "cat", "goal", "goals", "level", "experience", "budget", "company",
     "status")
)  # fmt: skip
"""Keys of a profile that other rules read, or that say nothing lasting."""
_OF_A_PERSON = frozenset(
    ("age", "birthday", "date of birth", "dob", "born", "diet", "height", "weight", "blood type", "shoe size",
     "hobbies", "pronouns", "marital status", "kids", "children", "pets", "allergies", "partner", "wife", "husband",
     "boyfriend", "girlfriend", "siblings", "dog", "cat", "lives in", "living in", "works at")
)  # fmt: skip
"""Keys that a business card or an order does not have."""
_NAMES = frozenset({"name", "full name", "first name"})
_OWN = late(r"\b(?:me|my|myself|mine|i|i'm|i am)\b", re.IGNORECASE)
_FOR_ANOTHER = late(
    r"\b(?:character|persona|customer|client|patient|candidate|user|he|she|they|his|her|their|story|novel|example|"
    r"template|sample|fake|dummy|test|translate|rewrite|fill|write|form|friend|mum|dad|sister|brother|son|daughter)\b",
    re.IGNORECASE,
)


def profile(text: str, speaker: str, *, asked: bool) -> tuple[list[tuple[str, tuple[int, int]]], bool]:
    """The statements of a profile in the plain `text` of a turn, each with the span of its line, and whether they are
    about the `speaker` (a first name in lower case).

    They are if the profile says so ("About me:"), is the answer to a question (`asked`), or names nobody else.
    """
    if text.count(":") < FEWEST or text.count("\n") < FEWEST - 1 or HIDDEN in text:
        return [], True
    lines = list(_LINE.finditer(text))
    known = [line for line in lines if line["key"].casefold() in _STATEMENTS or line["key"].casefold() in _BESIDE]
    rest = _LINE.sub("", text)
    if len(known) < FEWEST or len(known) < len(lines) - 1:
        return [], True
    names = [line["value"].casefold().split()[0] for line in known if line["key"].casefold() in _NAMES]
    own = bool(_OWN.search(rest)) or asked or not names or speaker in names
    if _FOR_ANOTHER.search(rest) or not any(line["key"].casefold() in _OF_A_PERSON for line in known):
        own = False
    statements = []
    for line in known:
        template = _STATEMENTS.get(line["key"].casefold(), "")
        value = re.sub(r"\s*\([^()]*\)$", "", line["value"])
        fits = len(value.split()) <= LONGEST_VALUE and not re.match(r"(?:none|no|n/a|-)\b", value, re.IGNORECASE)
        statements.append((template.format(a=_fitting(template, value)) if fits else "", line.span()))
    return statements, own


def _fitting(template: str, value: str) -> str:
    if template.startswith("I'm {a} years"):
        return re.sub(r"\D.*", "", value) or "?"
    return re.sub(r"^an? ", "", value, flags=re.IGNORECASE) if " a {a}" in template else value
