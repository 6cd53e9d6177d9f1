"""Expressions such as "last Friday" are resolved from the time of the message, and never made up."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from examples import some
from hypothesis import given, settings
from hypothesis import strategies as st

from memctl.extract.time.dates import _BY_HINT, RULES, Rule, ground, shift
from memctl.extract.vocabulary.date_words import in_figures

AT = datetime(2023, 5, 25, 13, 14, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("text", "start", "precision"),
    [
        ("I went yesterday", "2023-05-24", "day"),
        ("we met last night", "2023-05-24", "day"),
        ("I did it today", "2023-05-25", "day"),
        ("see you tomorrow", "2023-05-26", "day"),
        ("last Friday I ran", "2023-05-19", "day"),
        ("on the fourteenth of March I ran", "2023-03-14", "day"),
        ("on Sunday, the thirty-first of July 2022, I ran", "2022-07-31", "day"),
        ("the twenty second of May", "2023-05-22", "day"),
        ("on Monday I ran", "2023-05-22", "day"),
        ("from 1 July I am self-employed", "2023-07-01", "day"),
        ("I lived there from 1 July", "2022-07-01", "day"),
        ("I'm a manager from 1 March", "2023-03-01", "day"),
        ("I will run on Monday", "2023-05-29", "day"),
        ("next Friday we fly", "2023-06-02", "day"),
        ("last week", "2023-05-15", "week"),
        ("last weekend", "2023-05-20", "day"),
        ("this weekend", "2023-05-27", "day"),
        ("two weekends ago", "2023-05-13", "day"),
        ("in two weekends", "2023-06-03", "day"),
        ("three weekends from now", "2023-06-10", "day"),
        ("last month", "2023-04-01", "month"),
        ("next month", "2023-06-01", "month"),
        ("last year", "2022-01-01", "year"),
        ("last summer", "2022-06-01", "season"),
        ("a few days ago", "2023-05-20", "week"),
        ("two weeks ago", "2023-05-08", "week"),
        ("three years ago", "2020-01-01", "year"),
        ("about a year ago", "2022-05-01", "month"),
        ("one year back", "2022-05-01", "month"),
        ("a year and three months ago", "2022-02-01", "month"),
        ("for 2 years, 6 months", "2020-11-01", "month"),
        ("half a year ago", "2022-11-01", "month"),
        ("a year and a half ago", "2021-11-01", "month"),
        ("two and a half years ago", "2020-11-01", "month"),
        ("1.5 years ago", "2021-11-01", "month"),
        ("1,5 years ago", "2021-11-01", "month"),
        ("a month and a half ago", "2023-04-01", "month"),
        ("a week and a half ago", "2023-05-08", "week"),
        ("for a year and a half", "2021-11-01", "month"),
        ("for 2.5 years", "2020-11-01", "month"),
        ("a fortnight ago", "2023-05-08", "week"),
        ("in two fortnights", "2023-06-19", "week"),
        ("two Fridays ago", "2023-05-12", "day"),
        ("a couple of Thursdays ago", "2023-05-11", "day"),
        ("the week before last", "2023-05-08", "week"),
        ("the weekend before last", "2023-05-13", "day"),
        ("the month before last", "2023-03-01", "month"),
        ("the year after next", "2025-01-01", "year"),
        ("the night before last", "2023-05-23", "day"),
        ("in May 2025", "2025-05-01", "month"),
        ("on 3 June", "2022-06-03", "day"),
        ("I will go on 3 June", "2023-06-03", "day"),
        ("June 3rd, 2019", "2019-06-03", "day"),
        ("the 3rd of November 2020", "2020-11-03", "day"),
        ("2019-02-28", "2019-02-28", "day"),
        ("13/05/2021", "2021-05-13", "day"),
        ("back in 2016", "2016-01-01", "year"),
        ("the Sunday before 25 May 2023", "2023-05-21", "day"),
        ("the week before 9 June 2023", "2023-06-02", "week"),
        ("at Christmas 2021", "2021-12-25", "day"),
        ("last Halloween", "2022-10-31", "day"),
        ("Thanksgiving 2023", "2023-11-23", "day"),
        ("summer 2019", "2019-06-01", "season"),
        ("la semana pasada", "2023-05-15", "week"),
        ("le mois dernier", "2023-04-01", "month"),
        ("gestern", "2023-05-24", "day"),
        ("hace 3 años", "2020-01-01", "year"),
        ("in '19", "2019-01-01", "year"),
        ("since '91", "1991-01-01", "year"),
        ("in March '24", "2024-03-01", "month"),
        ("next June 14", "2023-06-14", "day"),
        ("next May 14 we will marry", "2024-05-14", "day"),
        ("we will meet on Monday the 12th", "2023-06-12", "day"),
        ("we met on Friday the 12th", "2023-05-12", "day"),
        ("vor 1 Jahr", "2022-05-01", "month"),
        ("no dia 3 de março de 2020", "2020-03-03", "day"),
        ("昨日", "2023-05-24", "day"),
        ("2021年3月", "2021-03-01", "month"),
    ],
)
def test_an_expression_gives_its_period(text: str, start: str, precision: str) -> None:
    (period, *more) = ground(text, AT)
    assert not more
    assert (period.start.date().isoformat(), period.precision) == (start, precision)
    assert period.start < period.end


@pytest.mark.parametrize(
    "text",
    [
        "03/05/2025",
        "I may go",
        "march on",
        "we sat at the second table",
        "a second opinion",
        "call 2016 people",
        "half an hour ago",
        "1.2 years ago",
    ],
)
def test_ambiguous_and_impossible_dates_are_not_resolved(text: str) -> None:
    assert ground(text, AT) == []


@pytest.mark.parametrize(
    "text", ["yesterday", "last Friday", "two weeks ago", "on 3 June", "next month", "for 4 years"]
)
def test_a_relative_date_needs_a_message_time(text: str) -> None:
    assert ground(text, None) == []


def test_an_absolute_date_needs_no_message_time() -> None:
    assert ground("on 3 June 2019", None)[0].start == datetime(2019, 6, 3, tzinfo=UTC)


def test_since_for_until_and_ranges_have_their_roles() -> None:
    assert [(one.role, one.start.year) for one in ground("since 2016", AT)] == [("since", 2016)]
    assert [(one.role, one.start.year) for one in ground("for 4 years", AT)] == [("since", 2019)]
    assert [(one.role, one.start.year) for one in ground("until 2020", AT)] == [("until", 2020)]
    assert [(one.role, one.start.year) for one in ground("from 2019 to 2021", AT)] == [("since", 2019), ("until", 2021)]


def test_a_day_is_in_the_time_zone_of_the_speaker() -> None:
    late = datetime(2023, 5, 25, 23, 30, tzinfo=timezone(timedelta(hours=9)))
    assert ground("yesterday", late)[0].start.isoformat() == "2023-05-24T00:00:00+09:00"


moments = st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@settings(max_examples=some(150), deadline=None)
@given(at=moments, count=st.integers(1, 20), unit=st.sampled_from(["day", "week", "month", "year"]))
def test_ago_is_subtracted_from_the_message_time(at: datetime, count: int, unit: str) -> None:
    text = f"{count} {unit}s ago"
    (period,) = ground(text, at)
    there = shift(at.replace(hour=0, minute=0, second=0, microsecond=0), -count, unit)
    assert period.start <= there < period.end
    assert period.precision == ("month" if text == "1 years ago" else unit)


@settings(max_examples=some(150), deadline=None)
@given(at=moments, day=st.sampled_from(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]))
def test_last_weekday_is_in_the_previous_week(at: datetime, day: str) -> None:
    (period,) = ground(f"last {day}", at)
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert timedelta(days=1) <= today - period.start <= timedelta(days=7)
    assert period.start.strftime("%A") == day


@settings(max_examples=some(300), deadline=None)
@given(text=st.text(max_size=60), at=st.none() | moments)
def test_any_text_is_read_without_error(text: str, at: datetime | None) -> None:
    for period in ground(text, at):
        assert period.start < period.end
        assert 0 <= period.span[0] < period.span[1] <= len(text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.reader.__name__)
@settings(max_examples=some(25), deadline=None)
@given(data=st.data())
def test_every_expression_contains_a_hint_of_its_rule(rule: Rule, data: st.DataObject) -> None:
    # Lookalike letters are replaced before hints are searched; see the next test.
    pattern = re.compile(rule.pattern.text, re.IGNORECASE)
    text = data.draw(st.from_regex(pattern, alphabet=st.characters(exclude_characters="ſİı")))
    assert RULES.index(rule) in _BY_HINT.due(text.lower()) or not rule.hints


def test_lookalike_letters_are_read_as_latin_letters() -> None:
    assert ground("la\u017ft \u017funday", AT) == ground("last sunday", AT) != []
    assert ground("last Fr\u0130day, w\u0131nter 2019", AT) == ground("last Friday, winter 2019", AT) != []


@pytest.mark.parametrize(
    ("written", "figures"), [("nine", "9"), ("Thirty-three", "33"), ("forty two", "42"), ("twelve", "12"), ("41", "41")]
)
def test_a_number_in_words_is_written_in_figures(written, figures):
    assert in_figures(written) == figures


@pytest.mark.parametrize("text", ["", " ", "three thirty", "thirty fifteen", "twenty forty", "thirty Ben", "zero"])
def test_other_words_are_not_added_up(text):
    assert in_figures(text) == text
