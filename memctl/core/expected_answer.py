"""What the answer to a question contains: a time if it asks "when", a number if it asks "how many".

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
_NUMBER = late(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|half|once|"
    r"twice|couple|dozen)\b",
    re.IGNORECASE,
)
_ADDRESS = late(r"\d[\d .()-]{5,}\d|\S@\S")
_QUESTIONS = (
    (
        late(
            r"\b(?:when|how long|(?:what|which) (?:day|date|time|year|month)|dates?|cu[áa]ndo|fecha|quand|wann|datum|"
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
)


def expected(question: str) -> re.Pattern[str] | None:
    """The pattern of what the answer must contain, None if the question may have any answer."""
    return next((answer for asks, answer in _QUESTIONS if asks.search(question)), None)
