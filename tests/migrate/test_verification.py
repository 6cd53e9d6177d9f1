"""A verification proves the same, whether the source is read again or only digests of it are compared."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec import structs

from memctl.backends.field_diff import FIELDS
from memctl.core.fact import Embedding, Fact, Source, derive_id

AT = datetime(2026, 3, 1, tzinfo=UTC)
OTHER = {
    "user_id": "bruno",
    "kind": "preference",
    "text": "Ada sold a bicycle.",
    "agent_id": "a2",
    "session_id": "s2",
    "app_id": "p2",
    "subject": "bruno",
    "predicate": "sells",
    "object": "a car",
    "categories": ("travel",),
    "confidence": 0.5,
    "valid_at": AT,
    "invalid_at": AT,
    "created_at": AT,
    "expired_at": AT,
    "expires_at": AT,
    "superseded_by": UUID(int=5),
    "source": Source(system="other"),
    "metadata": {"page": 1.0},
    "native": {"slot": "other"},
    "embedding": Embedding(model="m", vector=(0.0, 1.0)),
}
WHOLE = Fact(
    id=derive_id("whole"),
    user_id="ada",
    kind="fact",
    text="Ada owns a bicycle.",
    agent_id="a",
    session_id="s",
    app_id="p",
    subject="ada",
    predicate="owns",
    object="a bicycle",
    categories=("home",),
    confidence=0.9,
    valid_at=datetime(2025, 3, 1, tzinfo=UTC),
    source=Source(system="test", quote="I own a bicycle", turns=("1",)),
    metadata={"page": 1},
    native={"slot": "bicycle"},
)


@pytest.fixture(params=["digests", "records"])
def source(request, backend):
    """A source that can tell whether it changed, and one that cannot."""

    def make(facts):
        made = backend(facts, page_size=100)
        if request.param == "digests":
            made.revision = lambda: str(hash(tuple(fact.text for fact in made.records)))
        return made

    return make


def in_ledger(route, report):
    return route.ledger.states(report.run)


def test_all_that_matches_is_verified(route, source, backend, facts_of):
    first, second = facts_of(30), facts_of(40, "bruno")
    report = route.run(source(first + second), backend(name="target", page_size=7))
    assert report.verification.same == 70
    assert not report.verification.exit
    assert in_ledger(route, report) == {"verified": 70}


def test_a_source_that_tells_that_it_is_unchanged_is_read_once(route, source, backend, facts_of):
    made = source(facts_of(30))
    reads = []
    pages = made.read
    made.read = lambda *a, **k: (reads.append(a), pages(*a, **k))[1]
    assert route.run(made, backend(name="target")).verification.same == 30
    assert len(reads) == (1 if made.revision() else 2)


@pytest.mark.parametrize("field", FIELDS)
def test_no_changed_field_is_called_the_same(route, source, backend, facts_of, field):
    if field == "embedding":
        fact, other = structs.replace(WHOLE, embedding=OTHER[field]), Embedding(model="m", vector=(1.0, 0.0))
    else:
        fact, other = WHOLE, OTHER[field]
    target = backend(name="target")
    pages = target.read

    def read(user, *rest):
        for page in pages(user, *rest):
            facts = [structs.replace(f, **{field: other}) if f.id == fact.id else f for f in page.facts]
            yield structs.replace(page, facts=tuple(facts))

    target.read = read
    found = route.run(source([fact, *facts_of(5, "ada"), *facts_of(6, "carl")]), target).verification
    assert [row.fields for row in found.rows] == [(field,)]
    assert (found.same, found.differs + found.newer) == (11, 1)


def test_only_the_native_id_of_a_source_may_differ(route, source, backend, facts_of):
    target = backend(name="target")
    pages = target.read

    def read(user, *rest):
        for page in pages(user, *rest):
            renamed = [structs.replace(f, source=structs.replace(f.source, id="x")) for f in page.facts]
            yield structs.replace(page, facts=tuple(renamed))

    target.read = read
    assert route.run(source(facts_of(5)), target).verification.same == 5


@pytest.mark.parametrize("fault", ["lost", "doubled", "replaced"])
def test_a_missing_fact_is_found_whatever_is_in_its_place(route, source, backend, facts_of, fault):
    facts, target = facts_of(20), backend(name="target", updatable=True)
    pages = target.read
    stranger = structs.replace(facts[3], id=derive_id("stranger"))
    instead = {"lost": (), "doubled": (facts[4],), "replaced": (stranger,)}[fault]

    def read(user, *rest):
        for page in pages(user, *rest):
            kept = [f for f in page.facts if f.id != facts[3].id]
            yield structs.replace(page, facts=(*kept, *instead) if len(kept) < len(page.facts) else tuple(kept))

    target.read = read
    report = route.run(source(facts), target)
    assert [row.id for row in report.verification.rows if row.symbol == "+"] == [facts[3].id]
    assert report.verification.same == 19
    assert in_ledger(route, report) == {"verified": 19, "written": 1}


def test_facts_of_the_target_alone_do_not_count(route, source, backend, facts_of):
    target = backend(facts_of(9)[5:], name="target")
    report = route.run(source(facts_of(5)), target)
    assert (report.verification.same, report.verification.exit) == (5, 0)
    assert in_ledger(route, report) == {"verified": 5}


def test_a_source_that_changed_after_it_was_read_is_read_again(route, source, backend, facts_of):
    made, target = source(facts_of(6)), backend(name="target")
    edited = structs.replace(made.records[2], text="edited")
    target.on_write = lambda: made.records.__setitem__(2, edited)
    found = route.run(made, target).verification
    assert [(row.id, row.fields) for row in found.rows] == [(edited.id, ("text",))]


def test_a_fact_that_an_earlier_run_wrote_is_not_verified_by_facts_of_a_later_one(route, source, backend, facts_of):
    made, target = source(facts_of(3)), backend(name="target")
    report = route.run(made, target, verify=False)
    gone = made.records.pop(0)
    target.delete(gone.user_id, [gone.id])
    later = route.run(made, target)
    assert later.verification.same == 2
    assert in_ledger(route, report) == {"verified": 2, "written": 1}
