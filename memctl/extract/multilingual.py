"""The core predicates in Spanish, French, German and Portuguese: name, home, work, likes, allergies.

Small pattern tables, no grammar: only first-person statements at the start of a clause, never questions.
"""

import re

from memctl.extract.draft_claim import Draft
from memctl.extract.segmentation import plain, sentences

_NAME = r"(?P<o>[A-ZÀ-Þ][\w\-À-ž]+(?: [A-ZÀ-Þ][\w\-À-ž]+){0,2})"
_PLACE = (
    r"(?P<o>(?:(?:la|el|las|los|São|San|New|Nova|Nueva|Bad) )?[A-ZÀ-Þ][\w\-À-ž]+(?: (?:de |do |"
    r"del )?[A-ZÀ-Þ][\w\-À-ž]+)*)"
)
_THING = (
    r"(?P<o>[\w\-À-ž ']{2,40}?)(?=$|[,.;!]| (?:y|e|et|und|pero|mais|aber|mas|porque|parce|weil|cuando|"
    r"quand|wenn|quando|desde|depuis|seit)\b)"
)
_START = r"(?:^|[,;:.!]\s*|\b(?:y|e|et|und|pero|mais|aber|mas|que|ich)\s+)"

_TABLE: tuple[tuple[str, str, str, str, str], ...] = (
    # pattern, predicate, template, kind, category
    (
        (
            rf"{_START}(?:yo )?me llamo {_NAME}|{_START}mi nombre es (?P<o2>[A-ZÀ-Þ][\w\-À-ž]+(?: "
            r"[A-ZÀ-Þ][\w\-À-ž]+){0,2})"
        ),
        "name",
        "is called {o}",
        "fact",
        "identity",
    ),
    (
        (
            rf"{_START}(?:yo )?(?:ahora )?vivo (?:ahora )?en {_PLACE}|{_START}me (?:he mudado|"
            r"mudé) a (?P<o2>[A-ZÀ-Þ][\w\-À-ž]+(?: [A-ZÀ-Þ][\w\-À-ž]+)*)"
        ),
        "lives_in",
        "lives in {o}",
        "fact",
        "home",
    ),
    (rf"{_START}(?:yo )?trabajo (?:en|para) {_PLACE}", "works_at", "works at {o}", "fact", "work"),
    (
        rf"{_START}(?:yo )?soy alérgic[oa] (?:al?|a la|a los|a las) (?:los |las |la )?{_THING}",
        "allergic_to",
        "is allergic to {o}",
        "fact",
        "health",
    ),
    (
        rf"{_START}me (?:gustan?|encantan?) (?:mucho )?(?:el |la |los |las )?{_THING}",
        "likes",
        "likes {o}",
        "preference",
        "preferences",
    ),
    (
        rf"{_START}je m'appelle {_NAME}|{_START}mon nom est (?P<o2>[A-ZÀ-Þ][\w\-À-ž]+(?: [A-ZÀ-Þ][\w\-À-ž]+){{0,2}})",
        "name",
        "is called {o}",
        "fact",
        "identity",
    ),
    (
        rf"{_START}(?:j'habite|je vis|j'ai déménagé) (?:maintenant )?(?:à|en|au|aux) {_PLACE}",
        "lives_in",
        "lives in {o}",
        "fact",
        "home",
    ),
    (rf"{_START}je travaille (?:chez|pour|à) {_PLACE}", "works_at", "works at {o}", "fact", "work"),
    (
        rf"{_START}je suis allergique (?:aux?|à la|à l'|à) ?{_THING}",
        "allergic_to",
        "is allergic to {o}",
        "fact",
        "health",
    ),
    (
        rf"{_START}(?:j'aime|j'adore) (?:beaucoup |bien )?(?:le |la |les |l')?{_THING}",
        "likes",
        "likes {o}",
        "preference",
        "preferences",
    ),
    (
        (
            rf"{_START}(?:ich )?heiße {_NAME}|{_START}mein name ist (?P<o2>[A-ZÀ-Þ][\w\-À-ž]+(?: "
            r"[A-ZÀ-Þ][\w\-À-ž]+){0,2})"
        ),
        "name",
        "is called {o}",
        "fact",
        "identity",
    ),
    (
        (
            rf"{_START}(?:ich )?(?:wohne|lebe) (?:jetzt |derzeit |seit \w+ )?in {_PLACE}|"
            rf"{_START}ich bin nach (?P<o2>[A-ZÀ-Þ][\w\-À-ž]+) gezogen"
        ),
        "lives_in",
        "lives in {o}",
        "fact",
        "home",
    ),
    (rf"{_START}(?:ich )?arbeite (?:jetzt |derzeit )?(?:bei|für) {_PLACE}", "works_at", "works at {o}", "fact", "work"),
    (
        rf"{_START}(?:ich )?bin (?:stark )?allergisch gegen {_THING}",
        "allergic_to",
        "is allergic to {o}",
        "fact",
        "health",
    ),
    (
        rf"{_START}ich (?:mag|liebe) (?:sehr )?(?:gerne? )?(?:den |die |das )?(?!dich|es\b|nicht|euch|kein){_THING}",
        "likes",
        "likes {o}",
        "preference",
        "preferences",
    ),
    (
        (
            rf"{_START}(?:eu )?(?:me chamo|chamo-me) {_NAME}|"
            rf"{_START}(?:o )?meu nome é (?P<o2>[A-ZÀ-Þ][\w\-À-ž]+(?: [A-ZÀ-Þ][\w\-À-ž]+){{0,2}})"
        ),
        "name",
        "is called {o}",
        "fact",
        "identity",
    ),
    (rf"{_START}(?:eu )?moro (?:em|no|na) {_PLACE}", "lives_in", "lives in {o}", "fact", "home"),
    (rf"{_START}(?:eu )?trabalho (?:na|no|em|para a|para o) {_PLACE}", "works_at", "works at {o}", "fact", "work"),
    (
        rf"{_START}(?:eu )?sou alérgic[oa] (?:a|ao|à|aos|às) {_THING}",
        "allergic_to",
        "is allergic to {o}",
        "fact",
        "health",
    ),
    (
        rf"{_START}(?:eu )?(?:gosto muito de|gosto de|adoro) (?:o |a |os |as )?{_THING}",
        "likes",
        "likes {o}",
        "preference",
        "preferences",
    ),
)


def _insensitive(pattern: str) -> str:
    """First letters of the sentence may be capital; names keep their case, so no IGNORECASE over the whole."""
    return pattern


_RULES = tuple(
    (re.compile(_insensitive(pattern)), predicate, template, kind, category)
    for pattern, predicate, template, kind, category in _TABLE
)
_MAYBE = re.compile(
    (
        r"llamo|nombre|vivo|mud|trabajo|alérgic|gusta|encanta|appelle|mon nom|habite|je vis|déménag|"
        r"travaille|allergique|j'a|heiße|name ist|wohne|lebe|gezogen|arbeite|allergisch|mag|liebe|chamo|"
        r"meu nome|moro|trabalho|gosto|adoro"
    ),
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:no|ne|n'|nicht|não|ya no|plus|kein\w*|si|wenn|quando|se|cuando|quand)\s", re.IGNORECASE)
_ENGLISH = re.compile(r"\b(?:the|and|is|are|you|with|for|have|this|that|what)\b", re.IGNORECASE)


def foreign(text: str) -> list[Draft]:
    """The drafts of a turn in one of the four languages; none for an English turn."""
    if not _MAYBE.search(text) or len(_ENGLISH.findall(text)) > 1 + len(text) // 200:
        return []
    shown = plain(text)
    drafts: list[Draft] = []
    for sentence in sentences(shown):
        if "?" in sentence.mark or "¿" in sentence.text or _NEGATED.search(sentence.text + " "):
            continue
        lowered = sentence.text[:1].lower() + sentence.text[1:]
        for pattern, predicate, template, kind, category in _RULES:
            found = pattern.search(lowered)
            if found is None:
                continue
            value = (found.groupdict().get("o") or found.groupdict().get("o2") or "").strip()
            if value:
                drafts.append(
                    Draft(
                        predicate=predicate,
                        object=value,
                        phrase=template.format(o=value),
                        quote=(sentence.start, sentence.start + len(sentence.text)),
                        kind="preference" if kind == "preference" else "fact",
                        confidence=0.8,
                        category=category,
                    )
                )
    return drafts
