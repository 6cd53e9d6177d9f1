"""The pieces of patterns for dates: months, weekdays, numbers, years, with the names of their groups."""

from memctl.extract.vocabulary import date_words

MONTH = rf"(?P<month>{date_words.alternation(date_words.MONTHS)})"
EN_MONTHS = tuple(month for month in date_words.ENGLISH_MONTHS if len(month) > 3 or month == "may")
EN_MONTH = rf"(?P<month>{date_words.alternation(EN_MONTHS)})"
DAY_OF_WEEK = rf"(?P<weekday>{date_words.alternation(date_words.WEEKDAYS)})"
FULL_WEEKDAY = rf"(?P<weekday>{date_words.alternation(date_words.FULL_WEEKDAYS)})"
NUMBER = rf"(?P<n>(?<!\d[.,])\d{{1,3}}|{date_words.alternation(date_words.NUMBERS)})"
UNIT = r"(?P<unit>day|week|weekend|month|year|yr)s?"
YEAR = r"(?P<year>(?:19|20)\d\d)"
SHORT_YEAR = r"'(?P<yy>\d\d)\b"
A_MONTH = rf"(?:{date_words.alternation(date_words.MONTHS)})\b"
HALVES = (
    rf"(?:half an?|{NUMBER} and a half|(?P<whole>\d{{1,2}})[.,]5) (?P<unit>week|month|year|yr)s?"
    r"|an? (?P<one>week|month|year) and a half"
)
""" "half a year", "two and a half weeks", "1.5 years", "a month and a half"."""
MONTHS_TOO = rf"{NUMBER} (?:year|yr)s?,? (?:and )?{NUMBER.replace('?P<n>', '?P<months>')} months?"
""" "2 years and 3 months"."""
SEASON = rf"(?P<season>{date_words.alternation(date_words.SEASONS)})"
ON_WEEKDAY = rf"(?:(?:{date_words.alternation(date_words.WEEKDAYS)}),? (?:the )?)?"
ORDINAL = rf"{ON_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
IN_WORDS = rf"{ON_WEEKDAY}(?P<nth>{date_words.alternation(date_words.ORDINALS)}) of"
""" "The twenty-fifth of"."""
LAST_DAY = r"(?:\s?(?:-|–|to|till|until)\s?\d{1,2}(?:st|nd|rd|th)?)?"
""" "3-10 September" starts on the third."""
END = r"(?![\w'-])"
