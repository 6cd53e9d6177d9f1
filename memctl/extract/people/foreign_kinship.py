"""Named relatives and friends in Spanish, French, German, Portuguese and Italian: "Ma sœur Lilia"."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.filters.pasted_text import hide_pasted
from memctl.extract.grammar.segmentation import plain
from memctl.extract.patterns.wordlist import spoken_words, words

MINE = frozenset(
    words(
        "mein meine meiner meinem meinen unser unsere unserer unserem unseren mon ma notre mi nuestro nuestra meu "
        "minha "
        "nosso nossa mio mia"
    )
)
_SPOKEN = {
    "brother": "bruder frère frere hermano irmão irmao fratello",
    "sister": "schwester sœur soeur hermana irmã irma sorella",
    "mother": "mutter mama mutti mère mere maman madre mamá mãe mae",
    "father": "vater papa père pere padre papá pai",
    "husband": "mann ehemann mari esposo marido marito",
    "wife": "frau ehefrau femme esposa mujer mulher moglie",
    "son": "sohn fils hijo filho figlio",
    "daughter": "tochter fille hija filha figlia",
    "partner": "lebensgefährte lebensgefährtin partner partnerin compagne compagnon compañero compañera companheiro "
    "companheira",
    "girlfriend": "copine novia namorada fidanzata polola",
    "boyfriend": "copain novio namorado fidanzato pololo",
    "friend": "freund freundin kumpel ami amie pote amigo amiga amico amica",
    "uncle": "onkel oncle tío tio zio",
    "aunt": "tante tía tia zia",
    "cousin": "cousin cousine kusine primo prima cugino cugina",
    "grandmother": "oma großmutter grand-mère mémé abuela abuelita avó nonna",
    "grandfather": "opa großvater grand-père pépé abuelo avô nonno",
    "grandson": "enkel nieto neto nipote",
    "granddaughter": "enkelin nieta neta",
    "nephew": "neffe neveu sobrino sobrinho",
    "niece": "nichte nièce sobrina sobrinha",
    "brother-in-law": "schwager beau-frère cuñado cunhado cognato",
    "sister-in-law": "schwägerin belle-sœur cuñada cunhada cognata",
    "mother-in-law": "schwiegermutter belle-mère suegra sogra suocera",
    "father-in-law": "schwiegervater beau-père suegro sogro suocero",
    "boss": "chef chefin patron patronne jefe jefa chefe patrão capo",
    "colleague": "kollege kollegin collègue colega collega",
    "neighbor": "nachbar nachbarin voisin voisine vecino vecina vizinho vizinha vicino vicina",
}
_CANONICAL = {word: relation for relation, spoken in _SPOKEN.items() for word in words(spoken)}
_KIN = "|".join(sorted(map(re.escape, _CANONICAL), key=len, reverse=True))
_POSSESSIVE = r"(?:meine?[rmn]?|unsere?[rmn]?|mon|ma|notre|mi|nuestr[oa]|meu|minha|noss[oa]|mi[oa])"
_NAME = (
    r"(?P<name>(?-i:(?!(?:Und|Mais|Pero|Mas|Ich|Je|Yo|Eu)\b)[A-ZÀ-Þ])[\w’'À-ž-]+"
    r"(?: (?-i:(?!(?:Und|Mais|Pero|Mas)\b)[A-ZÀ-Þ])[\wÀ-ž-]+)?)"
)
_CALLED = (
    r"(?:,? (?:se llama|s'appelle|heißt|chama-se|se chama|si chiama|"
    r"c'est|es|é|ist|est|la|el|d[eiae][rnm]|die|o|a|le|il|,))?"
)
_INTRODUCED = late(
    rf"\b{_POSSESSIVE} (?:(?:[\wÀ-ž]+) )?(?P<rel>{_KIN}),?{_CALLED} {_NAME}|"
    rf"{_NAME.replace('<name>', '<name2>')}(?:,| est| es| é| ist|, c'est) (?:a |o )?{_POSSESSIVE} "
    rf"(?P<rel2>{_KIN})\b(?! "
    rf"(?-i:[A-ZÀ-Þ]))",
    re.IGNORECASE,
)


_LIVES_WITH = late(
    r"\b(?:bei uns|wohnen (?:wir )?zusammen|zusammen(?:ge)?zogen|verlobt|unsere?[rm]? (?:wohnung|bett|kind))\b",
    re.IGNORECASE,
)
""" "Meine Freundin heißt Katrin, ihre Tochter wohnt bei uns": a partner."""


def foreign_relations(text: str) -> Iterator[Draft]:
    """The relatives and friends of the speaker that a turn in one of these languages names."""
    if MINE.isdisjoint(spoken_words(text)):
        return
    shown = hide_pasted(plain(text))
    for match in _INTRODUCED.finditer(shown):
        name, spoken = match["name"] or match["name2"], (match["rel"] or match["rel2"]).lower()
        if spoken in ("mann", "frau", "femme", "mujer", "mulher") and match["name2"]:
            continue
        rel = _CANONICAL[spoken]
        if spoken in ("freund", "freundin") and _LIVES_WITH.search(shown):
            rel = "girlfriend" if spoken == "freundin" else "boyfriend"
        predicate = "has_child" if rel in ("son", "daughter") else f"has_{rel.replace('-', '_')}"
        yield Draft(
            predicate=predicate,
            object=name,
            phrase=f"has {article(rel)} called {name}",
            quote=match.span(),
            confidence=0.8,
            category="people" if rel in ("boss", "colleague", "friend", "neighbor") else "family",
        )
