"""English verb forms: any form to its lemma and tense, and a lemma to its third person.

Lists the lemmas that rules use; regular forms are generated, irregular ones listed.
"""

from typing import Literal

from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import records

Form = Literal["base", "s", "past", "pp", "ing"]

(_IRREGULAR,) = records("irregular_verbs")

LEMMAS = tuple(
    words(
        "live reside stay relocate move shift settle supervise develop consult nurse pursue rent base "
        "work freelance intern join leave quit start begin "
        "resign retire switch migrate change transfer study major graduate attend enrol enroll finish "
        "complete teach learn speak know play own have get adopt buy sell drive ride collect raise keep "
        "use run deploy host code program write build develop ship like love enjoy adore prefer hate "
        "dislike despise detest loathe favor favour fancy avoid eat drink take suffer struggle live call "
        "go grow come marry divorce date separate need want plan hope intend aim consider think visit "
        "travel fly book schedule meet celebrate attend win lose pass fail see watch read make cook bake "
        "paint draw sing dance swim hike climb camp practice practise train volunteer coach manage lead "
        "found launch open close create design organize organise host perform record publish sign apply "
        "receive accept reject break stop give drop ditch abandon cancel replace upgrade trade swap "
        "convert return head become turn celebrate stand tolerate handle bear abstain follow observe wear "
        "support sit decamp emigrate immigrate smoke vape weigh measure believe support cheer root "
        "identify try experience check explore "
        "discover find take bring donate raise help join run finish participate compete spend relax unplug "
        "hang talk chat call send share show tell hear say realize decide expect set purchase order pick "
        "grab start feel do be go walk jog commute babysit mow pray meditate "
        "knit crochet sew embroider ski kayak snowboard"
    )
)


def _regular(lemma: str) -> tuple[str, str, str]:
    """Third person, past and -ing form of a regular verb."""
    if lemma.endswith("e"):
        return lemma + "s", lemma + "d", (lemma[:-2] + "y" if lemma.endswith("ie") else lemma[:-1]) + "ing"
    if lemma.endswith("y") and lemma[-2] not in "aeiou":
        return lemma[:-1] + "ies", lemma[:-1] + "ied", lemma + "ing"
    if lemma in DOUBLING:
        return lemma + "s", lemma + lemma[-1] + "ed", lemma + lemma[-1] + "ing"
    suffix = "es" if lemma.endswith(("s", "sh", "ch", "x", "o", "z")) else "s"
    return lemma + suffix, lemma + "ed", lemma + "ing"


DOUBLING = frozenset(
    words(
        "plan stop sit drop swim run ship get quit begin transfer prefer chat swap cut hit put set win "
        "enrol grab program knit"
    )
)
THIRD_PERSON = {"be": "is", "have": "has", "do": "does", "go": "goes"}


def _forms(lemma: str) -> dict[str, Form]:
    third, past, ing = _regular(lemma)
    third = THIRD_PERSON.get(lemma, third)
    if lemma == "be":
        return {}
    past, participle = _IRREGULAR[lemma].split() if lemma in _IRREGULAR else (past, past)
    return {lemma: "base", third: "s", ing: "ing", participle: "pp", past: "past"}


FORMS: dict[str, tuple[str, Form]] = {
    form: (lemma, kind) for lemma in dict.fromkeys(LEMMAS) for form, kind in _forms(lemma).items()
} | {
    "got": ("get", "past"),
    "quit": ("quit", "past"),
    "run": ("run", "base"),
    "come": ("come", "base"),
    "become": ("become", "base"),
    "left": ("leave", "past"),
    "put": ("put", "past"),
    "learnt": ("learn", "past"),
    "travelling": ("travel", "ing"),
    "travelled": ("travel", "past"),
    "found": ("find", "past"),
    "founded": ("found", "past"),
    "upped": ("up", "past"),
    "packed": ("pack", "past"),
    "jacked": ("pack", "past"),
    "favourite": ("favour", "base"),
    "cancelled": ("cancel", "past"),
    "programing": ("program", "ing"),
}
"""Every known form with its lemma and kind. `quit` and `read` count as past, `found` as "find"."""
del FORMS["favourite"]


def third_person(lemma: str) -> str:
    """ "live" gives "lives"."""
    return THIRD_PERSON.get(lemma) or _regular(lemma)[0]


def gerund(lemma: str) -> str:
    """ "run" gives "running"."""
    return _regular(lemma)[2]
