"""WhatsApp chats: every message gets the right date and the right speaker."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from memctl.core.errors import BadTranscript
from memctl.transcripts import ReadOptions, Session, discover, read
from memctl.transcripts.detect import detect
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.formats.whatsapp_times import date_of, parse
from memctl.transcripts.model import DateOrder, Turn

FIXTURE = Path(__file__).parents[2] / "fixtures/transcripts/alice/WhatsApp Chat - Yuki.txt"


def document(path: Path, text: str, name: str = "WhatsApp Chat with Tom.txt") -> Document:
    file = path / name
    file.write_text(text, encoding="utf-8")
    return Document(str(file), name, file.stat().st_size, 0, path=file)


def sessions(doc: Document, options: ReadOptions | None = None) -> list[Session]:
    results = list(read(doc, options or ReadOptions(), "whatsapp"))
    assert all(isinstance(item, Session) for item in results), results
    return [item for item in results if isinstance(item, Session)]


def turns(doc: Document, options: ReadOptions | None = None) -> list[Turn]:
    return [turn for session in sessions(doc, options) for turn in session.turns]


def test_the_fixture_is_read_without_system_messages() -> None:
    document = next(iter(discover([str(FIXTURE)])))
    assert isinstance(document, Document)
    assert detect(document) == "whatsapp"
    first, second, third = sessions(document)
    assert [day.session_id for day in (first, second, third)] == [
        "Yuki/2026-04-11",
        "Yuki/2026-04-26",
        "Yuki/2026-05-02",
    ]
    assert first.notes == {"system line": 1, "media": 1, "deleted message": 1}
    assert first.turns[1].text.endswith("no lift,\nnote: bring fewer books")
    assert first.turns[3].text.endswith("on the 4th of May")
    assert second.turns[-1].text == "view from my window"
    assert {turn.speaker for day in (first, second, third) for turn in day.turns} == {"Alice", "Yuki"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("[13/03/2026, 22:14:33] ", datetime(2026, 3, 13, 22, 14, 33)),
        ("\u200e[13/03/26, 10:14:33\u202fPM] ", datetime(2026, 3, 13, 22, 14, 33)),
        ("13/03/2026, 22:14 - ", datetime(2026, 3, 13, 22, 14)),
        ("3/13/26, 12:05 AM - ", datetime(2026, 3, 13, 0, 5)),
        ("13.03.26, 22:14 - ", datetime(2026, 3, 13, 22, 14)),
        ("5.3.2026, 9:14 - ", datetime(2026, 3, 5, 9, 14)),
        ("13-03-2026 22:14 - ", datetime(2026, 3, 13, 22, 14)),
        ("2026/03/05, 22:14 - ", datetime(2026, 3, 5, 22, 14)),
        ("\u200f13\u200f/03\u200f/2026، 10:14 م - ", datetime(2026, 3, 13, 22, 14)),
        ("2026/03/05, 午後10:14 - ", datetime(2026, 3, 5, 22, 14)),
        ("13/03/2026, 10:14 p. m. - ", datetime(2026, 3, 13, 22, 14)),
    ],
)
def test_every_locale_gives_the_same_time(tmp_path: Path, head: str, expected: datetime) -> None:
    (turn,) = turns(document(tmp_path, f"{head}Tom: hello: you\n"))
    assert (turn.speaker, turn.text, turn.at) == ("Tom", "hello: you", expected.replace(tzinfo=UTC))


def test_times_are_in_the_given_time_zone(tmp_path: Path) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    (turn,) = turns(document(tmp_path, "[13/03/2026, 08:00:00] Tom: hi"), ReadOptions(timezone=zone))
    assert turn.at == datetime(2026, 3, 12, 23, tzinfo=UTC)


@pytest.mark.parametrize(("order", "month"), [("dmy", 3), ("mdy", 5)])
def test_ambiguous_dates_are_an_error_that_asks_for_the_order(tmp_path: Path, order: DateOrder, month: int) -> None:
    doc = document(tmp_path, "05/03/2026, 10:14 - Tom: a\n06/03/2026, 10:14 - Tom: b\n")
    with pytest.raises(BadTranscript) as refused:
        list(read(doc, ReadOptions()))
    assert "--date-order" in str(refused.value.hint)
    first = turns(doc, ReadOptions(date_order=order))[0]
    assert first.at is not None
    assert first.at.month == month


@pytest.mark.parametrize(
    ("dates", "month"),
    [
        (("05/03/2026", "13/03/2026"), 3),
        (("03/05/2026", "03/13/2026"), 3),
        (("05/03/2026", "06/03/2026", "02/04/2026"), 3),
        (("03/05/2026", "03/06/2026", "04/02/2026"), 3),
        (("05/05/2026",), 5),
    ],
)
def test_unambiguous_dates_in_the_file_decide_day_and_month(tmp_path: Path, dates: tuple[str, ...], month: int) -> None:
    messages = turns(document(tmp_path, "".join(f"{date}, 10:14 - Tom: a\n" for date in dates)))
    assert len(messages) == len(dates)
    assert messages[0].at is not None
    assert messages[0].at.month == month


def test_only_the_date_that_contradicts_the_order_is_rejected(tmp_path: Path) -> None:
    doc = document(tmp_path, "03/05/2026, 10:14 - Tom: a\n13/05/2026, 10:14 - Tom: b\n")
    good, bad = sorted(read(doc, ReadOptions(date_order="mdy")), key=lambda item: isinstance(item, BadTranscript))
    assert isinstance(good, Session)
    assert isinstance(bad, BadTranscript)
    assert "line 2" in str(bad)


@pytest.mark.parametrize(
    "text",
    [
        "[13/03/2026, 10:14:00] Tom: look\n13/03/2026, 09:00 - Ann: I quit\nfor good\n",
        "13/03/2026, 10:14 - Tom: look\n[13/03/2026, 09:00:00] Ann: I quit\n",
        "13/03/2026, 10:14 - Tom: look\n[09:00, 13/03/2026] Ann: I quit\n",
        "13/03/2026, 10:14 - Tom: look [13/03/2026, 09:00:00] Ann: I quit\n",
    ],
)
def test_a_pasted_message_in_another_format_is_not_the_senders(tmp_path: Path, text: str) -> None:
    (session,) = read(document(tmp_path, text), ReadOptions(), "whatsapp")
    assert isinstance(session, Session)
    assert [(turn.speaker, turn.text) for turn in session.turns] == [("Tom", "look")]
    assert session.notes == {"pasted message": 1}


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("Tom joined using this group's invite link", "system line"),
        ('Tom changed the subject from "a" to "Trip: Paris"', "system line"),
        ("Tom: Missed video call", "system line"),
        ("Tom: Waiting for this message. This may take a while.", "system line"),
        ("Tom: <Media omitted>", "media"),
        ("Tom: <Multimedia omitido>", "media"),
        ("Tom: null", "media"),
        ("Tom: IMG-20260313-WA0001.jpg (file attached)", "media"),
        ("Tom: You deleted this message", "deleted message"),
        ("Tom: Se eliminó este mensaje.", "deleted message"),
        ("Tom: Данное сообщение удалено", "deleted message"),
        ("Tom: تم حذف هذه الرسالة", "deleted message"),
        ("Tom: Bu mesaj silindi", "deleted message"),
        ("Tom hat den Betreff von „Reise: Rom“ zu „Reise: Oslo“ geändert.", "system line"),
        ("Tom изменил тему с «Поездка: Рим» на «Осло»", "system line"),
        ("Tom bytte ämne till ”Resa: Rom”", "system line"),
        ("Tom:", "no text"),
        ("Tom: \u200e", "no text"),
    ],
)
def test_system_messages_are_counted_and_are_not_turns(tmp_path: Path, line: str, note: str) -> None:
    (day,) = sessions(document(tmp_path, f"13/03/2026, 10:14 - {line}\n13/03/2026, 10:15 - Ann: ok\n"))
    assert day.notes == {note: 1}
    assert [(turn.turn_id, turn.text) for turn in day.turns] == [("1", "ok")]


def test_a_nickname_in_quotes_is_a_name(tmp_path: Path) -> None:
    text = "13/03/2026, 10:14 - Tom „Tommy“ Berg: hello\n13/03/2026, 10:15 - Ann “Annie” Roth: hi\n"
    assert [turn.speaker for turn in turns(document(tmp_path, text))] == ["Tom „Tommy“ Berg", "Ann “Annie” Roth"]


def test_me_is_the_owner_in_exports_of_signal_in_this_form(tmp_path: Path) -> None:
    """A member of a group whose own choice of name is Me is somebody else."""
    text = "[2026-03-13, 10:14] Me: I live in Oslo.\n[2026-03-13, 10:15] Ben: ok\n[2026-03-13, 10:16] ~ Me: hi\n"
    assert [turn.speaker for turn in turns(document(tmp_path, text))] == [None, "Ben", "~ Me"]


def test_the_caption_of_an_omitted_photo_is_kept(tmp_path: Path) -> None:
    (turn,) = turns(document(tmp_path, "13/03/2026, 10:14 - Tom: IMG-1.jpg (file attached)\nmy new bike\n"))
    assert turn.text == "my new bike"


def test_a_chat_without_messages_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BadTranscript, match="no WhatsApp message"):
        list(read(document(tmp_path, "hello\n"), ReadOptions(), "whatsapp"))


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2024/1/15 上午9:14", (9, 14, 0)),
        ("2024/1/15 晚上9:05", (21, 5, 0)),
        ("2024/1/15 凌晨1:30", (1, 30, 0)),
        ("2024. 1. 15. 오후 9:05", (21, 5, 0)),
        ("15.01.2024 ÖS 3:20", (15, 20, 0)),
        ("15/1/24, 9:05 μ.μ.", (21, 5, 0)),
        ("15/01/2024, 3:15 in the afternoon", (15, 15, 0)),
        ("15.01.24 г., 21:05 ч.", (21, 5, 0)),
        ("١٥/١/٢٠٢٤، ٩:٠٥ م", (21, 5, 0)),
        ("१५/१/२०२४, ०९:०५", (9, 5, 0)),
        ("15/1/2567 21:05", (21, 5, 0)),
        ("15-01-2024 21 h 05", None),
        ("15/01/2099, 21:05", None),
        ("15/01/2024, 9:05 whenever", None),
    ],
)
def test_the_time_of_a_message_is_read_in_the_phones_locale(stamp, time):
    read_stamp = parse(stamp)
    assert (read_stamp and read_stamp.time) == time


def test_a_year_of_the_buddhist_calendar_is_converted():
    assert date_of(("15", "1", "2567"), "dmy") == datetime(2024, 1, 15)
    assert date_of(("15", "1", "67"), "dmy") == datetime(2024, 1, 15)


@pytest.mark.parametrize(
    "header",
    [
        "17/01/2024 10:15 dawnish - Ben: ",
        "Jan 16, 2024, 10:20 - Ben: ",
        "16/01/2024 10:20:00: Ben: ",
        "[Jan 16 2024, 9 PM] Ben: ",
    ],
)
def test_a_message_with_an_unknown_header_is_rejected(tmp_path, header):
    doc = document(
        tmp_path,
        "15/01/2024, 10:14 - Mara: I moved to Lisbon.\n"
        f"{header}I live in Oslo.\nand I sing\n"
        "18/01/2024, 10:14 - Mara:fine\n",
    )
    items = list(read(doc, ReadOptions(), "whatsapp"))
    turns = [turn for item in items if isinstance(item, Session) for turn in item.turns]
    assert [(turn.speaker, turn.text) for turn in turns] == [("Mara", "I moved to Lisbon."), ("Mara", "fine")]
    assert any("in an unknown format" in str(item) for item in items if isinstance(item, BadTranscript))


@pytest.mark.parametrize(
    "line",
    [
        "10:30 - lunch: pizza",
        "[note] bring: cake",
        "2024 was good: yes",
        "we met 12/03/2024 and it was great: really",
        "the meeting is at 10:30 - bring: cake",
    ],
)
def test_an_ordinary_line_stays_in_the_message_it_continues(tmp_path, line):
    (said,) = sessions(document(tmp_path, f"15/01/2024, 10:14 - Mara: Hello.\n{line}\n"))
    assert said.turns[0].text == f"Hello.\n{line}"


def test_a_time_in_a_system_message_is_not_the_end_of_a_name(tmp_path):
    (said,) = sessions(document(tmp_path, "15/01/2024, 10:14 - Ada created group 10:30 club\n"))
    assert said.turns == ()


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        (
            "cp1251",
            "[05.03.2025, 10:14:33] Анна Петрова: Я живу в Казани.\n[15.03.2025, 10:14:33] Борис: Я работаю в банке.",
        ),
        ("cp1253", "[05.03.2025, 10:14:33] Νίκος: Καλημέρα, μένω στην Αθήνα."),
        ("cp1256", "[05.03.2025, 10:14:33] خالد: أنا أسكن في القاهرة"),
    ],
)
def test_a_chat_in_a_windows_code_page_keeps_its_letters(tmp_path, codec, text):
    path = tmp_path / "WhatsApp Chat with A.txt"
    path.write_bytes(text.encode(codec))
    doc = Document(str(path), path.name, path.stat().st_size, 0, path=path)
    turns = [turn for session in sessions(doc) for turn in session.turns]
    assert turns[0].text == text.splitlines()[0].split(": ", 1)[1]
