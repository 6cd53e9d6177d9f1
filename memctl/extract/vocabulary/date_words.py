"""Time words for `memctl.extract.time.dates`: months, weekdays, units, numbers, holidays.

English is complete. Spanish, French, German, Portuguese and Italian have month names, "yesterday" and "last week":
these are common in chats that mix languages.
"""

import re
from collections.abc import Iterable

from memctl.core.claim import Precision
from memctl.extract.patterns.wordlist import words

MONTH_NAMES: tuple[str, ...] = (
    "january jan jan. enero janvier januar janeiro gennaio",
    "february feb feb. febrero février fevrier februar fevereiro febbraio",
    "march mar mar. marzo mars märz março",
    "april apr apr. abril avril aprile",
    "may mayo mai maio maggio",
    "june jun jun. junio juin juni junho giugno",
    "july jul jul. julio juillet juli julho luglio",
    "august aug aug. agosto août aout",
    "september sep sep. sept sept. septiembre septembre setembro settembre",
    "october oct oct. octubre octobre oktober outubro ottobre",
    "november nov nov. noviembre novembre novembro",
    "december dec dec. diciembre décembre decembre dezember dezembro dicembre",
)
MONTHS: dict[str, int] = {name: n for n, row in enumerate(MONTH_NAMES, 1) for name in row.split()}
ENGLISH_MONTHS = frozenset(
    words(
        "january february march april may june july august september october november december jan feb apr "
        "jun jul aug sep sept oct nov dec"
    )
)

WEEKDAY_NAMES: tuple[str, ...] = (
    "monday mon",
    "tuesday tues tue",
    "wednesday weds wed",
    "thursday thurs thur thu",
    "friday fri",
    "saturday sat",
    "sunday sun",
)
WEEKDAYS: dict[str, int] = {name: n for n, row in enumerate(WEEKDAY_NAMES) for name in row.split()}
FULL_WEEKDAYS = tuple(row.split()[0] for row in WEEKDAY_NAMES)

SEASONS: dict[str, int] = {"spring": 3, "summer": 6, "fall": 9, "autumn": 9, "winter": 12}
"""Meteorological seasons of the northern hemisphere, by their first month."""

NUMBERS: dict[str, int] = {
    word: n
    for n, word in enumerate(
        words(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen twenty"
        )
    )
} | {
    "a": 1,
    "an": 1,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "a couple of": 2,
    "a couple": 2,
    "couple of": 2,
}
"""Number words. "A few" and "several" name no number: they get a coarser precision instead."""


_FIRST_NINE = words("first second third fourth fifth sixth seventh eighth ninth")
ORDINALS: dict[str, int] = {
    **{word: n for n, word in enumerate(_FIRST_NINE, 1)},
    **{
        word: n
        for n, word in enumerate(
            words(
                "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth "
                "twentieth"
            ),
            10,
        )
    },
    "thirtieth": 30,
    **{f"twenty{link}{word}": 20 + n for n, word in enumerate(_FIRST_NINE, 1) for link in "- "},
    **{f"thirty{link}first": 31 for link in "- "},
}
"""The days of a month in words."""


def in_figures(value: str) -> str:
    """A number written in words, in figures: "thirty-three" gives "33". Anything else is returned as it is."""
    match [NUMBERS.get(word, 0) for word in value.lower().replace("-", " ").split()]:
        case [number] if number:
            return str(number)
        case [tens, ones] if tens >= 20 and 0 < ones < 10:
            return str(tens + ones)
        case _:
            return value


FOREIGN_UNITS: dict[str, Precision] = {
    **dict.fromkeys(("día", "días", "dia", "dias", "jour", "jours", "tag", "tage", "tagen", "giorno", "giorni"), "day"),
    **dict.fromkeys(("semana", "semanas", "semaine", "semaines", "woche", "wochen", "settimana", "settimane"), "week"),
    **dict.fromkeys(("mes", "meses", "mois", "monat", "monate", "monaten", "mês", "mese", "mesi"), "month"),
    **dict.fromkeys(("año", "años", "an", "ans", "jahr", "jahre", "jahren", "ano", "anos", "anno", "anni"), "year"),
}

FOREIGN_DAYS: dict[str, int] = {
    **dict.fromkeys(("ayer", "hier", "gestern", "ontem", "ieri", "昨日", "きのう"), -1),
    **dict.fromkeys(("hoy", "aujourd'hui", "heute", "hoje", "oggi", "今日"), 0),
    **dict.fromkeys(("demain", "amanhã", "domani", "明日"), 1),
}
"""Offsets in days. "Mañana" and "morgen" are omitted: they also mean "morning"."""

FOREIGN_LAST: dict[str, Precision] = {
    **dict.fromkeys(
        (
            "la semana pasada",
            "la semaine dernière",
            "letzte woche",
            "semana passada",
            "la settimana scorsa",
            "先週",
        ),
        "week",
    ),
    **dict.fromkeys(
        ("el mes pasado", "le mois dernier", "letzten monat", "mês passado", "il mese scorso", "先月"),
        "month",
    ),
    **dict.fromkeys(
        (
            "el año pasado",
            "l'année dernière",
            "l'an dernier",
            "letztes jahr",
            "ano passado",
            "l'anno scorso",
            "去年",
        ),
        "year",
    ),
}

HOLIDAYS: dict[str, tuple[int, int]] = {
    "christmas eve": (12, 24),
    "christmas day": (12, 25),
    "christmas": (12, 25),
    "xmas": (12, 25),
    "boxing day": (12, 26),
    "new year's eve": (12, 31),
    "new years eve": (12, 31),
    "new year's day": (1, 1),
    "halloween": (10, 31),
    "valentine's day": (2, 14),
    "valentines day": (2, 14),
    "st patrick's day": (3, 17),
    "st. patrick's day": (3, 17),
    "fourth of july": (7, 4),
    "4th of july": (7, 4),
    "july 4th": (7, 4),
    "thanksgiving": (11, 0),
}
"""Month and day; Thanksgiving is the fourth Thursday of November, computed in `time_expressions`."""


def alternation(words: Iterable[str]) -> str:
    """A regular expression that matches any of `words`, longest first; the same one in every process."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
