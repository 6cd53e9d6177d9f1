"""What the answer to a question contains: a time if it asks "when", a number if it asks "how many", a name for "who".

English, Spanish, French, German and Portuguese are known; question and answer may be in different languages.
"""

import re

from memctl.core.late_pattern import late

_DAYS = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|lundi|mardi|"
    r"mercredi|jeudi|vendredi|samedi|dimanche|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    r"(?:segunda|ter[çc]a|quarta|quinta|sexta)-feira"
)
_MONTHS = (
    r"jan(?:uary|uar|vier|eiro)?|enero|feb(?:ruary|ruar|rero)?|f[ée]vrier|fevereiro|mar(?:ch|zo|s|[çc]o)?|m[äa]rz|"
    r"apr(?:il)?|abril|avril|mai|mayo|maio|june?|juin|juni|junio|junho|july?|juillet|juli|julio|julho|aug(?:ust)?|"
    r"ao[ûu]t|agosto|sep(?:t|tember|tembre|tiembre)?|setembro|oct(?:ober|obre|ubre)?|oktober|outubro|"
    r"nov(?:ember|embre|iembre|embro)?|dec(?:ember)?|d[ée]cembre|dezember|diciembre|dezembro"
)
_MAY = r"(?-i:May)|(?:in|of|by|last|next|since|from|until|early|mid|late|\d) may"
_TIME = late(
    rf"\b(?:{_DAYS}|{_MONTHS}|{_MAY}|yesterday|today|tonight|tomorrow|last|next|ago|since|weekends?|weeks?|months?|"
    r"years?|morning|noon|evening|ayer|hoy|ma[ñn]ana|hier|demain|gestern|heute|morgen|ontem|amanh[ãa]|"
    r"\d\d?(?:st|nd|rd|th)|\d\d?[:.h]\d\d|\d\d? ?[ap]\.?m|(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_NUMERALS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|half|couple|dozen"
)
_NUMBER = late(rf"\d|\b(?:{_NUMERALS}|once|twice)\b", re.IGNORECASE)
_DURATION = late(
    rf"\b(?:since|(?:\d+|an?|few|several|{_NUMERALS})(?: of| more| whole)? ?(?:years?|months?|weeks?|days?|nights?|"
    r"hours?|minutes?|min|h|d[ií]as?|semanas?|mes(?:es)?|a[ñn]os?|horas?|jours?|nuits?|semaines?|mois|ans?|heures?|tagen?|"
    r"wochen?|monaten?|jahren?|stunden?|noches?|noites?))\b",
    re.IGNORECASE,
)
_CAPITAL = "[A-ZÀ-ÖØ-Þ]"
# A capital that no sentence begins with.
_NAME = late(rf"(?<=[\w,;:] ){_CAPITAL}\w*[a-zß-öø-ÿ]|\b(?:called|named|name(?:'s| is)) \w")
_PLACE = late(rf"\b(?:in|at|to|from|near|on|en|de|à|em|nach|aus) (?:the )?{_CAPITAL}\w")
_ADDRESS = late(r"\d[\d .()-]{5,}\d|\S@\S")
_QUESTIONS = (
    (late(r"\b(?:how long|combien de temps|cu[áa]nto tiempo|wie lange|quanto tempo)\b", re.IGNORECASE), _DURATION),
    (
        late(
            r"\b(?:when|(?:what|which) (?:day|date|time|year|month)|dates?|cu[áa]ndo|fecha|quand|wann|datum|"
            r"quando|(?:que|qual [ée] a) data)\b",
            re.IGNORECASE,
        ),
        _TIME,
    ),
    (late(r"\b(?:phone|e-?mail|number|tel[ée]fono|t[ée]l[ée]phone|telefon|telefone)\b", re.IGNORECASE), _ADDRESS),
    (
        late(
            r"\bhow (?:many|much|old|tall|heavy|far|often)\b|\b(?:weight|age|height|budget|price|cost|dose|size|rent|"
            r"salary|time|cu[áa]nt[oa]s?|combien|wie ?viele?|wie alt|quant[oa]s?)\b",
            re.IGNORECASE,
        ),
        _NUMBER,
    ),
    (
        late(
            r"\b(?:who|whom|whose|names?|called|qui[ée]n(?:es)?|nombre|llama|qui|appelle|wer|wen|wem|hei(?:ß|ss)t|quem|nome|"
            r"chama)\b",
            re.IGNORECASE,
        ),
        _NAME,
    ),
    (
        late(
            r"\b(?:where|(?:which|what) (?:city|town|country|place|street|school|company|hotel|shop)|d[óo]nde|o[ùu]|wo|"
            r"wohin|onde)\b",
            re.IGNORECASE,
        ),
        _PLACE,
    ),
)

_WORD = late(r"\w+")
_ASKING = """
what which when where why how cuál cual cuáles cuales cuándo cuando dónde donde cómo como qué que quel quels quelle
quelles quand où ou comment pourquoi welche welchem welchen welcher welches wann warum wie wo qual quais quando onde
"""
_MORE = frozenset(_ASKING.split())


def expected(question: str) -> re.Pattern[str] | None:
    """The pattern of what the answer must contain, None if the question may have any answer."""
    return next((answer for asks, answer in _QUESTIONS if asks.search(question)), None)


def asks_more(question: str) -> bool:
    """Whether the question asks for something that it does not name: not "is he vegan?", not "who is Ida?"."""
    return not _MORE.isdisjoint(_WORD.findall(question.lower()))
