"""Times that recur: "every Tuesday", "Mon/Wed/Fri", "on a Friday night", "two mornings a week", "weekdays"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, alternation

DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_SHORT = r"(?:mon|tues?|weds?|thurs?|thu|fri|sat|sun)"
_ANY = rf"(?:{DAY}s?|{_SHORT})"
_PARTS = r"(?:mornings|evenings|eves|nights|nites|afternoons|lunchtimes)"
_PART = r"(?: (?:mornings?|evenings?|eves?|nights?|nites?|afternoons?|lunchtimes?))?"
_AND = r"(?:(?: ?, ?| ?/ ?| ?\+ ?| ?& ?| ?- ?|, | )(?:(?:and|n|to|or|till?|through|thru) )?(?:on )?)"
ONE_DAY = rf"{_ANY}(?: (?:morning|evening|night|afternoon|lunchtime))?"
""" "Sunday", "thurs", "tues night"."""
SEVERAL = rf"{_ANY}{_PART}(?:{_AND}{_ANY}{_PART})+"
""" "Mondays and Thursdays", "mon + wed", "Tues/Thu", "Monday to Friday"."""
_DAYS = rf"(?:{DAY}s{_PART}|(?:{DAY}|{_SHORT}) {_PARTS})"
_EVERY = (
    r"(?:every|each) (?:(?:other|single|second|third|2nd|3rd|two|three) )?(?:days?|mornin[g']?|evening|night|nite|"
    rf"nyt|weeks?|weekend|weekday|fortnight|month|year|lunchtime|summer|winter|spring|autumn|easter|christmas|"
    rf"{alternation(ENGLISH_MONTHS)}|{_ANY}{_PART}(?:{_AND}{_ANY}{_PART})*)"
)
_NTH = rf"(?:on )?the (?:first|second|third|fourth|last|1st|2nd|3rd) {DAY} (?:of|in) (?:the|every|each) month"
_ON_A = rf"(?:on|of) an? {DAY}(?: (?:morning|evening|night|afternoon))?"
_PER_WEEK = (
    r"(?:once|twice|(?:two|three|four|five|six|[2-6]) (?:times|mornings|evenings|nights|afternoons|days)) an? "
    r"(?:day|week|fortnight|month|year)"
)
ONE_WEEK = late(rf"(?:{DAY}|{_SHORT})(?:{_AND}(?:{DAY}|{_SHORT}))?", re.IGNORECASE)
""" "Monday and Wednesday", which may be those of this week."""
ON_DAYS = (
    rf"(?:{SEVERAL}|{_DAYS}|(?:every|each) (?:(?:other|single|second|third) )?{_ANY}{_PART}(?:{_AND}{_ANY}{_PART})*|"
    rf"{_NTH}|{_ON_A}|{_PER_WEEK}|weekdays|weeknights)"
)
""" Recurring days of the week."""
RECURRING = KeyedPattern(
    rf"\b(?:{_EVERY}|{SEVERAL}|{_DAYS}|{_NTH}|{_ON_A}|{_PER_WEEK}|weekdays|weeknights|(?<!my )(?<!our )weekends)\b",
    re.IGNORECASE,
)
NAMES_DAY = KeyedPattern(rf"\b{ON_DAYS}\b", re.IGNORECASE)
_HOUR = (
    r"(?:(?:half(?: past)?|quarter (?:past|to)|(?:five|ten|twenty) (?:past|to)) )?(?:\d{1,2}(?:[:.h]\d\d)?|\d{3,4}|one|"
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|midday|midnight)"
    r"(?: ?(?:am|pm|a\.m\.|p\.m\.|o'clock|h|sharp)(?!\w)| in the (?:morning|afternoon|evening))*"
)
CLOCK = (
    rf"(?:,? ?(?:(?:at|from|@|about|around|by|until|till?) ?)*{_HOUR}(?: ?(?:-|–|to|until|till?) ?{_HOUR})?(?![\w:])|"
    r" (?:(?:before|after|straight after) (?:work|school|breakfast|lunch|dinner|tea|church|mass|prayers?)|"
    r"at lunch(?:time)?|in the (?:mornings?|afternoons?|evenings?)))"
)
""" The time of day after recurring days: ", half past seven", " 6-7pm", " after work"."""
AT_AN_HOUR = rf"(?:at|from|around|about|by) {_HOUR}(?![\w:])"
