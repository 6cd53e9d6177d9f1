"""Questions about time: which facts were valid then, what was known, what changed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memctl.core.errors import UsageError
from memctl.core.fact import Fact, Source
from memctl.core.timeline import as_of, current, diff, history, parse_when


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fact(number: int, value: str, **times) -> Fact:
    values = {name: day(at) if isinstance(at, str) and name.endswith("_at") else at for name, at in times.items()}
    fields = {"subject": "alice", "predicate": "lives_in"} | values
    return Fact(
        id=UUID(int=number),
        user_id="alice",
        kind="fact",
        text=value,
        object=value,
        source=Source(system="transcript"),
        **fields,
    )


PARIS_ID = UUID(int=2)
TOKYO = fact(
    1,
    "Tokyo",
    created_at="2025-01-10",
    invalid_at="2025-05-26",
    expired_at="2025-06-02",
    superseded_by=PARIS_ID,
)
PARIS = fact(2, "Paris", created_at="2025-06-02", valid_at="2025-05-26")
LISBON = fact(
    3,
    "Lisbon",
    created_at="2025-07-01",
    valid_at="2018-03-01",
    invalid_at="2020-01-01",
    expired_at="2025-07-01",
    superseded_by=UUID(int=1),
)
TIMELESS = fact(4, "somewhere")
FORGOTTEN = fact(5, "a hotel", created_at="2025-01-01", expires_at="2025-02-01")
DELETED = fact(6, "a hostel", created_at="2025-01-01", expired_at="2025-03-01")
ALL = [DELETED, FORGOTTEN, TIMELESS, LISBON, PARIS, TOKYO]


def values(facts) -> set[str]:
    return {fact.object for fact in facts}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2017-01-01", {"somewhere"}),
        ("2019-01-01", {"somewhere", "Lisbon"}),
        ("2020-01-01", {"somewhere"}),
        ("2025-01-15", {"somewhere", "Tokyo", "a hotel", "a hostel"}),
        ("2025-02-01", {"somewhere", "Tokyo", "a hostel"}),
        ("2025-03-01", {"somewhere", "Tokyo"}),
        ("2025-05-25", {"somewhere", "Tokyo"}),
        ("2025-05-26", {"somewhere", "Paris"}),
        ("2026-01-01", {"somewhere", "Paris"}),
    ],
)
def test_as_of_returns_facts_valid_then(at, expected):
    assert values(as_of(ALL, day(at))) == expected


def test_current_facts_exclude_ended_superseded_and_expired_ones():
    leaving = fact(7, "Oslo", created_at="2025-01-01", invalid_at="2025-12-01")
    facts = [*ALL, leaving]
    assert values(current(facts, day("2025-08-01"))) == {"Paris", "somewhere", "Oslo"}
    assert values(current(facts, day("2025-12-01"))) == {"Paris", "somewhere"}


def test_history_is_in_the_order_of_learning():
    facts = history([TIMELESS, LISBON, PARIS, TOKYO])
    assert [fact.object for fact in facts] == ["Tokyo", "Paris", "Lisbon", "somewhere"]


def test_history_can_be_limited_to_a_predicate_and_subject():
    sister = fact(8, "Osaka", subject="Sister")
    tea = fact(9, "tea", predicate="likes")
    assert values(history([TOKYO, sister, tea], predicate="likes")) == {"tea"}
    assert values(history([TOKYO, sister, tea], subject="sister")) == {"Osaka"}
    assert history([TOKYO, sister, tea], predicate="likes", subject="sister") == []


def test_diff_shows_changes_between_two_days():
    changes = diff(ALL, day("2025-05-01"), day("2025-06-30"))
    assert values(changes.began) == {"Paris"}
    assert values(changes.ended) == {"Tokyo"}
    assert values(changes.learned) == {"Paris"}
    assert values(changes.retired) == {"Tokyo"}


def test_a_fact_is_undated_if_none_of_its_times_is_known():
    nothing = fact(7, "tea")
    parts = [fact(8 + place, "tea", **{name: "2025-06-01"}) for place, name in enumerate(("valid_at", "expired_at"))]
    assert diff([nothing, *parts], day("2025-01-01"), day("2025-02-01")).undated == 1


def test_adjacent_spans_count_every_change_once():
    edge = day("2025-05-26")
    before, after = diff(ALL, day("2017-01-01"), edge), diff(ALL, edge, day("2026-01-01"))
    whole = diff(ALL, day("2017-01-01"), day("2026-01-01"))
    for name in ("began", "ended", "learned", "retired"):
        assert list(getattr(before, name)) + list(getattr(after, name)) == list(getattr(whole, name))


def test_a_span_that_ends_before_it_starts_is_refused():
    with pytest.raises(UsageError, match="after its end"):
        diff(ALL, day("2026-01-01"), day("2025-01-01"))


NOW = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)
TOKYO_TIME = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-03-31T15:30:00"),
        ("today", "2026-03-31T15:00:00"),
        ("Yesterday", "2026-03-30T15:00:00"),
        ("12h", "2026-03-31T03:30:00"),
        ("7d", "2026-03-24T15:30:00"),
        ("2w", "2026-03-17T15:30:00"),
        ("1mo", "2026-02-28T15:30:00"),
        ("1y", "2025-03-31T15:30:00"),
        ("2026", "2025-12-31T15:00:00"),
        ("2026-03", "2026-02-28T15:00:00"),
        (" 2026-03-01 ", "2026-02-28T15:00:00"),
        ("2026-03-01T09:30", "2026-03-01T00:30:00"),
        ("2026-03-01 09:30", "2026-03-01T00:30:00"),
        ("2026-03-01T09:30Z", "2026-03-01T09:30:00"),
        ("2026-03-01T09:30:15.5+02:00", "2026-03-01T07:30:15.500000"),
    ],
)
def test_times_in_common_notations_are_read(text, expected):
    assert parse_when(text, now=NOW, timezone=TOKYO_TIME) == day(expected)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13", "2026-02-30", "7", "-7d", "3m", "0000", "999999y", "999999d", "٢٠٢٦"]
)
def test_an_invalid_time_is_an_error_that_lists_valid_forms(text):
    with pytest.raises(UsageError) as refused:
        parse_when(text, now=NOW, timezone=TOKYO_TIME)
    assert repr(text) in str(refused.value)
    for form in ("yesterday", "7d", "2026-03", "+02:00"):
        assert form in (refused.value.hint or "")


@given(st.datetimes(datetime(1900, 1, 2), datetime(9998, 1, 1), timezones=st.timezones()))
def test_any_complete_time_is_read_exactly(at):
    exact = at.astimezone(UTC)
    assert parse_when(exact.isoformat(), now=NOW, timezone=TOKYO_TIME) == exact


@given(st.lists(st.sampled_from(ALL), unique_by=id), st.integers(0, 4000))
def test_a_fact_valid_now_has_not_ended_before(facts, days):
    at = day("2016-01-01") + timedelta(days=days)
    for fact in as_of(facts, at):
        assert fact.invalid_at is None or fact.invalid_at > at
        assert fact.valid_at is None or fact.valid_at <= at
