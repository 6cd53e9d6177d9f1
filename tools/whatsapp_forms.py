"""Write the date and time formats of phones for the WhatsApp reader, from the CLDR data of the package babel.

    python tools/whatsapp_forms.py > memctl/transcripts/formats/whatsapp_forms.json

The result has the texts between the numbers of short dates and times of all locales, the texts between a date and a
time, and the names of parts of the day with their ranges in minutes, such as "pm": [[720, 1440]].
"""

import json
import re
import unicodedata

from babel import Locale, UnknownLocaleError, localedata

TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z]+)|([^'A-Za-z]+)")
NAMED = {"am": (0, 720), "pm": (720, 1440), "noon": (720, 780), "midnight": (0, 60)}


def plain(text: str) -> str:
    """A literal of a pattern as the reader compares it: without direction marks, and with single spaces."""
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return re.sub(r"\s+", " ", text)


def literals(pattern: str) -> list[str]:
    """The texts before, between and after the numbers of a pattern; eras, parts of the day and zones are left out."""
    found = [""]
    for quoted, field, text in TOKEN.findall(pattern):
        if field and field[0] in "yMdHhKkms":
            found.append("")
        elif not field:
            found[-1] += plain(quoted.replace("''", "'") or text)
    return found


def minutes(clock: str | int) -> int:
    """Minutes since midnight, from a text such as "06:00" or from seconds, as babel's rules have them."""
    if isinstance(clock, int):
        return clock // 60
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def main() -> None:
    """Print the table."""
    between: set[str] = set()
    after: set[str] = set()
    clock: set[str] = set()
    clock_around: set[str] = set()
    joins: set[str] = set()
    periods: dict[str, set[tuple[int, int]]] = {}
    for name in localedata.locale_identifiers():
        try:
            locale = Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
        date = locale.date_formats["short"].pattern
        if "MMM" not in date and "E" not in date:
            _, *middle, last = literals(date)
            between.update(middle)
            after.add(last.strip())
        before, *middle, last = literals(locale.time_formats["short"].pattern)
        clock.update(part.strip() for part in middle)
        clock_around.update((before.strip(), last.strip()))
        joined = str(locale.datetime_formats["short"])
        joins.add(plain(joined.replace("{1}", "\x00").replace("{0}", "\x00").replace("'", "")).strip("\x00"))
        rules = locale.day_period_rules
        ranges = {
            key: (minutes(rule["from"]), minutes(rule["before"]))
            for group in rules.values()
            for key, found in group.items()
            for rule in found
            if "from" in rule and "before" in rule
        }
        for context in locale.day_periods.values():
            for width, names in context.items():
                for key, word in names.items():
                    if width == "narrow" and key not in ("am", "pm"):
                        continue
                    span = ranges.get(key) or NAMED.get(key)
                    text = plain(word).strip().casefold().replace(".", "").replace(" ", "")
                    if span and text and not text.isdecimal():
                        periods.setdefault(text, set()).add(span)
    table = {
        "date_between": sorted(part for part in between if part and not part.isspace()),
        "date_after": sorted(part for part in after if part),
        "time_between": sorted(part for part in clock if part),
        "time_around": sorted(part for part in clock_around if part),
        "joins": sorted(joins),
        "periods": {text: sorted(spans) for text, spans in sorted(periods.items())},
    }
    rows = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    print("{" + ",\n".join(rows) + "}")


if __name__ == "__main__":
    main()
