"""Labelled text: a turn has the time that was written at it, or none. No part of a time may stand for the whole."""

from collections.abc import Callable
from typing import Any

import pytest

from memctl.transcripts.messages.session_builder import TIME_UNCLEAR

DATED = "2026-03-01 chat.txt"


def times(result: Any) -> list[str | None]:
    (session,) = result.sessions
    return [turn.at.strftime("%Y-%m-%d %H:%M") if turn.at else None for turn in session.turns]


@pytest.mark.parametrize(
    "stamps",
    [
        ["05/03/2026 21:14", "05/03/2026 21:15", "06/03/2026 08:16"],
        ["25.03.26 21:14", "26.03.26 21:15", "27.03.26 08:16"],
        ["[Mon 10:14]", "[Tue 10:15]", "[Wed 10:16]"],
        ["[Mar 25 10:14]", "[Mar 26 10:15]", "[Mar 27 10:16]"],
        ["[10:14 XYZT]", "[10:15 XYZT]", "[10:16 XYZT]"],
    ],
)
def test_a_stamp_that_is_not_understood_gives_no_time(read_back: Callable[..., Any], stamps: list[str]) -> None:
    """The clock time of another day would otherwise be on the day of the file's name."""
    lines = [f"{stamp} {name}: hello\n" for stamp, name in zip(stamps, ("Ann", "Ben", "Ann"), strict=True)]
    result = read_back(DATED, "".join(lines))
    assert times(result) == [None, None, None]
    assert result.sessions[0].notes == {TIME_UNCLEAR: 3}


@pytest.mark.parametrize(
    ("order", "stamp", "day"),
    [
        ("dmy", "03/04/26", "2026-04-03"),
        ("mdy", "03/04/26", "2026-03-04"),
        ("ymd", "03/04/26", "2003-04-26"),
        ("ymd", "03.04.26", "2003-04-26"),
        ("mdy", "03.04.26", "2026-04-03"),
        ("dmy", "03-04-99", "1999-04-03"),
        ("dmy", "31/04/26", None),
    ],
)
def test_a_year_of_two_digits_needs_a_given_order(
    read_back: Callable[..., Any], order: str, stamp: str, day: str | None
) -> None:
    text = f"{stamp} 21:14 Ann: one\n{stamp} 21:15 Ben: two\n"
    assert times(read_back("chat.txt", text)) == [None, None]
    assert times(read_back("chat.txt", text, date_order=order)) == [
        day and f"{day} {clock}" for clock in ("21:14", "21:15")
    ]


def test_yesterday_is_not_the_day_of_the_file(read_back: Callable[..., Any]) -> None:
    text = "Ann Lee — Yesterday at 10:14 PM\nI moved.\nBen Ode — 03/10/2026 10:15 AM\nok\nAnn Lee — 11:15 AM\nyes\n"
    result = read_back(DATED, text, date_order="mdy")
    assert times(result) == [None, "2026-03-10 10:15", "2026-03-10 11:15"]


def test_one_number_over_twelve_shows_the_order_of_all_dates(read_back: Callable[..., Any]) -> None:
    text = "25/03/2026 21:14 Ann: one\n05/04/2026 21:15 Ben: two\n06/04/2026 08:16 Ann: three\n"
    assert times(read_back("chat.txt", text)) == ["2026-03-25 21:14", "2026-04-05 21:15", "2026-04-06 08:16"]
    both = text.replace("06/04", "06/14")
    assert times(read_back("chat.txt", both)) == ["2026-03-25 21:14", None, "2026-06-14 08:16"]


def test_times_with_an_offset_are_labels_too(read_back: Callable[..., Any]) -> None:
    text = "2025-10-26 02:30:00+02:00 Ann: one\n2025-10-26 02:30:00+01:00 Ben: two\n2025-10-26 02:31:00+01:00 Ann: x\n"
    (session,) = read_back("chat.txt", text).sessions
    assert [turn.at.isoformat() for turn in session.turns] == [
        "2025-10-26T02:30:00+02:00",
        "2025-10-26T02:30:00+01:00",
        "2025-10-26T02:31:00+01:00",
    ]
    mixed = "User [10:14]: one\nAssistant [10:15]: two\n2025-10-26 02:30:00+02:00 Ben: I quit.\nUser [10:16]: three\n"
    (session,) = read_back("chat.txt", mixed).sessions
    assert ("assistant", "two") in [(turn.role, turn.text) for turn in session.turns]


@pytest.mark.parametrize(
    "day", ["## 2026-03-26", "--- 26 March 2026 ---", "Thursday, March 26, 2026", "**26.03.2026**"]
)
def test_a_date_between_messages_is_the_day_of_those_below(read_back: Callable[..., Any], day: str) -> None:
    text = f"**Ann** (10:14): one\n**Ben** (10:15): two\n\n{day}\n\n**Ann** (11:00): three\n**Ben** (11:01): four\n"
    result = read_back(DATED, text)
    assert times(result) == ["2026-03-01 10:14", "2026-03-01 10:15", "2026-03-26 11:00", "2026-03-26 11:01"]
    assert [turn.text for turn in result.sessions[0].turns] == ["one", "two", "three", "four"]


def test_dates_above_the_first_speaker_and_later_are_days(read_back: Callable[..., Any]) -> None:
    text = "25 March 2026\n\nAnn: one\nBen: two\n\n26 March 2026\n\nAnn: three\nBen: four\n"
    assert [time and time[:10] for time in times(read_back("chat.txt", text))] == [
        *["2026-03-25"] * 2,
        *["2026-03-26"] * 2,
    ]


@pytest.mark.parametrize(
    "answer",
    ["26 March 2026", "It was on\n\n26 March 2026", "on 26 March 2026 at home", "3.14", "42", "1711358040"],
)
def test_a_date_that_somebody_says_stays_in_the_message(read_back: Callable[..., Any], answer: str) -> None:
    text = f"User: when?\nAssistant: {answer}\n\nUser: thanks\nAssistant: ok\n"
    result = read_back("chat.txt", text)
    assert result.texts[1] == ("assistant", answer)
    assert times(result) == [None] * 4


def test_a_sentence_with_a_date_is_not_the_day_of_the_messages_below(read_back: Callable[..., Any]) -> None:
    result = read_back(DATED, "Ann (10:14): the trip\n\nWe fly on 5 April 2026\n\nBen (10:15): ok\nAnn (10:16): good\n")
    assert times(result) == ["2026-03-01 10:14", "2026-03-01 10:15", "2026-03-01 10:16"]
    assert result.texts[0] == ("user", "the trip\n\nWe fly on 5 April 2026")


def test_minutes_of_a_recording_are_not_hours_of_a_day(read_back: Callable[..., Any]) -> None:
    text = (
        "DATE: 2026-03-25 10:00\n\n(00:14) Ann Lee: hi\n(01:15) Ben Ode: yo\n(62:10) Ann Lee: ok\n102:10 Ben Ode: bye\n"
    )
    (session,) = read_back("call.txt", text.replace("102:10", "(102:10)")).sessions
    assert [turn.at.strftime("%H:%M:%S") for turn in session.turns] == ["10:00:14", "10:01:15", "11:02:10", "11:42:10"]
    bare = text.replace("(", "").replace(")", "")
    (session,) = read_back("call.txt", bare).sessions
    assert [(turn.speaker, turn.text) for turn in session.turns][2:] == [("Ann Lee", "ok"), ("Ben Ode", "bye")]


def test_a_clock_time_before_the_start_is_none(read_back: Callable[..., Any]) -> None:
    """It may be minutes and seconds."""
    text = "DATE: 2026-03-25 10:00\n\n(00:14) Ann Lee: hi\n(01:15) Ben Ode: yo\n(02:10) Ann Lee: ok\n"
    assert times(read_back("call.txt", text)) == [None, None, None]
    assert times(read_back("call.txt", text.replace("(0", "(1"))) == [
        "2026-03-25 10:14",
        "2026-03-25 11:15",
        "2026-03-25 12:10",
    ]
