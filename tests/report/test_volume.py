"""The counts of a memory, which users base decisions on, are the same for every backend."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from examples import FACTOR
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memctl.backends.contract import Capabilities, Features
from memctl.core.errors import Fatal, NotFound, UsageError
from memctl.core.fact import KINDS, Embedding, Fact, Source, derive_id
from memctl.report import growth, tokens, volume_counts
from memctl.report.volume import Volume, measure
from memctl.store import tally
from memctl.workspace import Workspace

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)


class Streamed:
    """A backend with only the methods of the contract: the store, read page by page."""

    name = "local"
    capabilities = Capabilities()
    features = Features()
    identity = ""

    def __init__(self, store: Workspace, **methods: Any) -> None:
        self.users, self.count, self.read, self.rejects = store.users, store.count, store.read, store.rejects
        self.__dict__ |= methods


def fact(number: int, text: str, user: str = "alice", **more: Any) -> Fact:
    more = {"kind": "fact", "created_at": datetime(2026, 3, 1, tzinfo=UTC)} | more
    quoted = Source(system="test", quote=text)
    return Fact(id=derive_id(user, str(number)), user_id=user, text=text, **({"source": quoted} | more))


@pytest.fixture
def local(home: Path) -> Workspace:
    return Workspace(home / "store.duckdb")


def without_storage(volume: Volume) -> Any:
    """A report without the parts that only the store itself can measure."""
    return msgspec.to_builtins(volume) | {"bytes": volume.bytes.text}


def test_facts_are_counted_by_user_kind_category_and_source(local: Workspace):
    local.write(
        [
            fact(1, "Alice likes tea.", kind="preference", categories=("tastes", "drinks")),
            fact(2, "Alice works at Acme.", categories=("work",)),
            fact(3, "I like tea.", kind="episode"),
            fact(4, "Bruno has a dog.", user="bruno", source=Source(system="mem0", id="7")),
        ]
    )
    volume = measure(local, now=NOW)
    assert (volume.records, volume.facts, volume.episodes, volume.users) == (4, 3, 1, 2)
    assert [(row.name, row.facts, row.episodes) for row in volume.by_user] == [("alice", 2, 1), ("bruno", 1, 0)]
    assert {row.name: row.facts for row in volume.by_category} == {"tastes": 1, "drinks": 1, "work": 1, None: 1}
    assert {row.name: row.facts for row in volume.by_source} == {"test": 2, "mem0": 1}
    assert {row.name for row in volume.by_kind} == {"fact", "preference", "episode"}
    assert volume.shares.without_source == 1
    assert volume.bytes.text == sum(
        len(t) for t in ("Alice likes tea.Alice works at Acme.I like tea.Bruno has a dog.",)
    )
    assert volume.bytes.file == (local.database.path.stat().st_size)
    assert volume.bytes.vectors == 4 * 4 * 128


def test_a_month_without_facts_is_shown_as_empty(local: Workspace):
    local.write(
        [
            fact(1, "One.", created_at=datetime(2025, 12, 31, 23, 59, tzinfo=UTC)),
            fact(2, "Two.", created_at=datetime(2026, 2, 1, tzinfo=UTC)),
            fact(3, "Three.", created_at=None),
        ]
    )
    volume = measure(local, now=NOW)
    assert volume.periods == ("2025-12", "2026-01", "2026-02")
    assert volume.by_kind[0].series == (1, 0, 1)
    assert volume.by_kind[0].undated == volume.undated == 1
    assert measure(local, now=NOW, by="week").periods[:2] == ("2026-W01", "2026-W02")
    assert len(measure(local, now=NOW, by="day").periods) == 33


def test_growth_does_not_depend_on_the_shown_period(local: Workspace):
    """A week that spans two months would count records in the wrong month."""
    days = [datetime(2026, 9, 29, tzinfo=UTC) + timedelta(days=number) for number in range(9)]
    local.write([fact(number, f"Fact {number}.", created_at=day) for number, day in enumerate(days)])
    growths = [measure(local, now=NOW, by=by).growth for by in ("month", "week", "day")]
    assert growths[0] == growths[1] == growths[2]
    assert [month.added for month in growths[0].past] == [2, 7, 0]


def test_expired_superseded_and_duplicate_facts_are_counted_separately(local: Workspace):
    old = fact(1, "Alice lives in Tokyo.", superseded_by=derive_id("alice", "2"), expired_at=NOW - timedelta(days=1))
    local.write(
        [
            old,
            fact(2, "Alice lives in Paris."),
            fact(3, "Alice lives in Paris."),
            fact(4, "alice lives in  PARIS"),
            fact(5, "Alice is not allergic to nuts."),
            fact(6, "Alice is allergic to nuts."),
            fact(7, "Alice called 35 times."),
            fact(8, "Alice called 36 times."),
            fact(9, "Alice lives in Tokyo.", invalid_at=NOW - timedelta(days=1)),
            fact(10, "A parking ticket.", expires_at=NOW),
            fact(11, "Alice lives in Paris.", user="bruno"),
            fact(12, "A visa.", expires_at=NOW + timedelta(days=1)),
        ]
    )
    shares = measure(local, now=NOW).shares
    assert (shares.superseded, shares.expired) == (1, 2)
    assert (shares.duplicates, shares.near_duplicates) == (1, 1)


def test_a_single_user_can_be_reported_and_an_unknown_one_is_an_error(local: Workspace):
    local.write([fact(1, "One."), fact(2, "Two.", user="bruno")])
    volume = measure(local, now=NOW, user="bruno")
    assert (volume.users, volume.facts, [row.name for row in volume.by_user]) == (1, 1, ["bruno"])
    assert volume.bytes.file is None
    assert volume.bytes.vectors == 4 * 128
    for backend in (local, Streamed(local)):
        with pytest.raises(NotFound, match="'carol'"):
            measure(backend, now=NOW, user="carol")


def test_a_lost_connection_does_not_end_a_report(local: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("memctl.runtime.retry.FIRST_WAIT", 0.0)
    local.write([fact(number, f"Fact {number}.") for number in range(3)])
    lost = iter([ConnectionResetError()])

    def read(*args: Any) -> Any:
        for error in lost:
            raise error
        return local.read(*args)

    assert measure(Streamed(local, read=read), now=NOW).facts == 3


def test_a_list_shorter_than_the_backends_count_is_an_error(local: Workspace):
    local.write([fact(1, "One.")])
    with pytest.raises(Fatal, match="counts 2 facts of 'alice', but returned 1"):
        measure(Streamed(local, count=lambda user: 2), now=NOW)


TEXTS = (
    "Likes tea.",
    "likes TEA",
    "Does not like tea.",
    "Tea, likes.",
    "the",
    "",
    "Приятно",
    "日本語で話す",
    "x" * 400,
)


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    times = st.none() | st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))
    sources = (Source(system="a"), Source(system="b", session=""), Source(system="b", turns=("1",)))
    return [
        fact(
            number,
            draw(st.sampled_from(TEXTS)),
            user=draw(st.sampled_from(("alice", "bruno", "ç"))),
            kind=draw(st.sampled_from(KINDS)),
            categories=tuple(draw(st.lists(st.sampled_from(("a", "b")), max_size=3))),
            predicate=draw(st.sampled_from((None, "likes"))),
            created_at=draw(times),
            invalid_at=draw(times),
            expired_at=draw(times),
            expires_at=draw(times),
            superseded_by=draw(st.sampled_from((None, derive_id("x")))),
            source=draw(st.sampled_from(sources)),
        )
        for number in range(draw(st.integers(0, 25)))
    ]


@settings(max_examples=4 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts(), st.sampled_from(("month", "week", "day")), st.sampled_from((None, "alice")))
def test_sql_and_streaming_give_the_same_report(
    tmp_path_factory: pytest.TempPathFactory, made: list[Fact], by: Any, user: str | None
):
    """After a move to another backend, the same facts must have the same numbers."""
    local = Workspace(tmp_path_factory.mktemp("volume") / "store.duckdb")
    local.write([fact(1000, "There is one.", user="ç"), *made])
    if user is not None and user not in set(local.users()):
        user = None
    asked = measure(local, now=NOW, by=by, user=user, top=2)
    read = measure(Streamed(local), now=NOW, by=by, user=user, top=2)
    assert without_storage(asked) == without_storage(read)
    json = msgspec.json.encode(asked)
    assert msgspec.json.decode(json, type=Volume) == asked


def test_sql_and_streaming_sample_the_same_facts_for_tokens(local: Workspace, monkeypatch: pytest.MonkeyPatch):
    local.write([fact(number, f"Fact number {number} " + "is long " * (number % 7)) for number in range(200)])
    whole = measure(local, now=NOW).tokens
    assert not whole.estimated
    monkeypatch.setattr(tally, "SAMPLE", 50)
    asked = measure(local, now=NOW).tokens
    assert asked.estimated
    assert "in a sample of 50" in asked.method
    assert asked.facts == pytest.approx(whole.facts, rel=0.1)
    assert asked == measure(Streamed(local), now=NOW).tokens


def test_reading_a_backend_reports_progress(local: Workspace):
    local.write([fact(1, "One."), fact(2, "Two.", user="bruno")])
    told: list[tuple[int, int, str]] = []
    measure(Streamed(local), now=NOW, progress=lambda *step: told.append(step))
    assert told == [(1, 2, "alice"), (2, 2, "bruno")]


def test_vectors_returned_by_a_backend_are_counted():
    streaming = volume_counts.Streaming("month", NOW, 10)
    streaming.take([fact(1, "One.", embedding=Embedding(model="m", vector=(1.0, 0.0, 0.0)))])
    assert streaming.done().vector_bytes == 12


def test_growth_uses_complete_months_and_the_projection_names_its_method():
    added = {date(2026, month, 1): 10 * month for month in range(1, 12)}
    projection = growth.project(added, date(2026, 11, 15), total=sum(added.values()))
    assert projection.months == 10
    assert projection.method.startswith("least-squares line through the records added in each of the last 10")
    assert [month.month for month in projection.projection][:2] == ["2026-12", "2027-01"]
    assert [month.added for month in projection.projection][:2] == [120, 130]
    assert projection.projection[-1].total == sum(added.values()) + sum(range(120, 240, 10))
    total_start, total_end = 10, sum(10 * month for month in range(1, 11))
    assert projection.rate == pytest.approx((total_end / total_start) ** (1 / 9) - 1)


def test_a_projection_is_never_negative():
    added = {date(2026, 1, 1): 1000, date(2026, 2, 1): 10}
    projection = growth.project(added, date(2026, 11, 15), total=1010)
    assert [month.added for month in projection.projection] == [0] * 12
    assert projection.projection[-1].total == 1010


def test_a_memory_that_stopped_growing_has_no_growth():
    """It grew by a tenth per month for a year, and not at all in the last three months."""
    total, added = 1000, {date(2025, 1, 1): 1000}
    for month in range(2, 13):
        added[date(2025, month, 1)] = total // 10
        total += total // 10
    growing = growth.project(added, date(2026, 1, 15), total)
    assert growing.rate == pytest.approx(0.1, abs=0.002)
    assert growing.recent == pytest.approx(0.1, abs=0.002)
    assert growing.stopped is None
    stopped = growth.project(added, date(2026, 4, 15), total)
    assert (stopped.rate, stopped.recent, stopped.stopped) == (0, 0, "2025-12")
    back = growth.project(added | {date(2026, 4, 1): 1}, date(2026, 4, 15), total + 1)
    assert (back.rate > 0, back.recent, back.stopped) == (True, 0, None)


def test_a_short_history_is_projected_by_its_mean_and_none_not_at_all():
    assert growth.project({date(2026, 10, 1): 7}, date(2026, 11, 1), 9).projection[0].added == 7
    assert growth.project({date(2026, 10, 1): 7}, date(2026, 11, 1), 9).rate is None
    for nothing in ({}, {date(2026, 11, 1): 5}):
        projection = growth.project(nothing, date(2026, 11, 15), 5)
        assert (projection.projection, projection.rate, projection.months) == ((), None, 0)


def test_tokens_are_those_of_the_named_tokenizer(tmp_path: Path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    counter = tokens.counter(tmp_path / "tokenizer.json")
    assert counter.count(["a b c", ""]) == [3, 0]
    assert counter.method == "counted with tokenizer.json"
    shipped = tokens.counter()
    assert shipped.count(["I prefer express shipping."]) == [5]
    assert "WordPiece" in shipped.method


@pytest.mark.parametrize("content", [b"{}", b"no json", b"[1"])
def test_a_file_that_is_not_a_tokenizer_is_named(tmp_path: Path, content: bytes):
    path = tmp_path / "tokenizer.json"
    with pytest.raises(NotFound, match="cannot read the tokenizer: No such file"):
        tokens.counter(path)
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not a tokenizer file") as wrong:
        tokens.counter(path)
    assert wrong.value.where == str(path)
