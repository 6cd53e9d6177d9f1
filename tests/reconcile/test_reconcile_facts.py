"""Facts with sources and dates, and the counts in the summary of an ingest."""

from datetime import UTC, datetime
from uuid import UUID

from memctl.core.claim import Claim
from memctl.core.fact import Fact, Source, content_hash
from memctl.reconcile import changes, fold, to_fact


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def claim(number: int, value: str, **more) -> Claim:
    fields = {
        "id": UUID(int=number),
        "user_id": "alice",
        "kind": "fact",
        "text": f"Alice lives in {value}.",
        "subject": "alice",
        "predicate": "lives_in",
        "object": value,
        "confidence": 0.8,
        "quote": f"I live in {value}",
        "observed_at": day(f"2025-01-{number:02}"),
        "session_id": "s1",
        "turn_id": f"t{number}",
        "position": number,
        "uri": "chats/alice.json",
        "agent_id": "helper",
        "app_id": "app",
        "categories": ("residence",),
        "extractor": "rules@1",
    }
    return Claim(**fields | more)


def facts(*claims: Claim) -> list[Fact]:
    return [to_fact(belief) for belief in fold(claims)]


def test_a_fact_has_its_sources():
    (fact,) = facts(
        claim(1, "Tokyo"),
        claim(2, "Tokyo", valid_at=day("2019-04-01"), precision="month"),
        claim(3, "Tokyo", turn_id="t1"),
        claim(4, "Tokyo", session_id="s2"),
    )
    assert fact.source == Source(
        system="transcript", uri="chats/alice.json", session="s1", turns=("t1", "t2"), quote="I live in Tokyo"
    )
    assert (fact.user_id, fact.agent_id, fact.session_id, fact.app_id) == ("alice", "helper", "s1", "app")
    assert (fact.subject, fact.predicate, fact.object) == ("alice", "lives_in", "Tokyo")
    assert fact.categories == ("residence",)
    assert fact.created_at == day("2025-01-01")
    assert fact.valid_at == day("2019-04-01")
    assert fact.native == {"extractor": "rules@1", "precision": "month"}


def test_a_time_missing_in_the_transcript_stays_unknown():
    (fact,) = facts(claim(1, "Tokyo", observed_at=None, recorded_at=day("2026-01-01")))
    assert fact.created_at is None
    assert fact.valid_at is None


def test_an_imported_fact_keeps_its_fields_and_gets_an_end_date():
    imported = Fact(
        id=UUID(int=77),
        user_id="alice",
        kind="fact",
        text="lives in Tokyo (near Ueno)",
        metadata={"pinned": True},
        native={"vendor": {"score": 3}},
        created_at=day("2023-01-01"),
        updated_at=day("2023-02-01"),
        expires_at=day("2030-01-01"),
        source=Source(system="elsewhere", id="m-1"),
    )
    stands = claim(1, "Tokyo", fact_id=imported.id)
    (alone,) = fold([stands])
    assert to_fact(alone, imported=imported) == imported
    tokyo, paris = fold([stands, claim(2, "Tokyo"), claim(3, "Paris")])
    closed = to_fact(tokyo, imported=imported)
    assert closed.superseded_by == paris.id
    assert closed.invalid_at == day("2025-01-03")
    assert closed.expired_at == day("2025-01-03")
    assert closed.confidence is None, "a made-up confidence"
    for field in ("text", "metadata", "native", "created_at", "updated_at", "expires_at", "source"):
        assert getattr(closed, field) == getattr(imported, field)


def test_the_summary_of_an_ingest_counts_each_kind_of_change():
    first = [claim(1, "Tokyo"), claim(2, "tea", predicate="likes"), claim(3, "chess", predicate="hobby")]
    first.append(claim(4, "jazz", predicate="likes"))
    before = facts(*first)
    second = [
        claim(11, "Paris"),
        claim(12, "tea", predicate="likes"),
        claim(13, "chess", predicate="hobby", op="retract"),
        claim(14, "Greek", predicate="speaks"),
    ]
    counts = changes(before, facts(*first, *second))
    counted = {name: [fact.object for fact in getattr(counts, name)] for name in counts.__struct_fields__}
    assert counted == {
        "added": ["Paris", "Greek"],
        "reinforced": ["tea"],
        "superseded": ["Tokyo"],
        "retracted": ["chess"],
        "revised": [],
        "removed": [],
        "unchanged": ["jazz"],
    }


def test_a_second_ingest_of_the_same_claims_changes_nothing():
    once = facts(claim(1, "Tokyo"), claim(2, "Paris"))
    again = facts(claim(2, "Paris"), claim(1, "Tokyo"))
    assert changes(once, again).unchanged == tuple(again)
    assert [content_hash(fact) for fact in once] == [content_hash(fact) for fact in again]


def test_removing_a_file_restores_the_facts_without_it():
    remaining = [claim(1, "Tokyo"), claim(2, "tea", predicate="likes")]
    with_file = facts(*remaining, claim(3, "Paris"), claim(4, "tea", predicate="likes"))
    without = facts(*remaining)
    counts = changes(with_file, without)
    assert [fact.object for fact in counts.removed] == ["Paris"]
    assert {fact.object for fact in counts.revised} == {"Tokyo", "tea"}
    assert without == facts(*remaining)


def test_a_fact_replaced_in_the_same_ingest_is_added_and_superseded():
    counts = changes([], facts(claim(1, "Tokyo"), claim(2, "Paris")))
    assert [fact.object for fact in counts.added] == ["Tokyo", "Paris"]
    assert [fact.object for fact in counts.superseded] == ["Tokyo"]
